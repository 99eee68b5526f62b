//! The engines: kernels on slices and matrices, with symbols and dates in the wrappers above them.

pub mod performance;
pub mod returns;
pub mod screen;
pub mod valuation;
