//! The engines: kernels on slices and matrices, with symbols and dates in the wrappers above them.
