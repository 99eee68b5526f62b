//! The engines: kernels on slices and matrices, with symbols and dates in the wrappers above them.

pub mod exposures;
pub mod performance;
pub mod positions;
pub mod returns;
pub mod screen;
pub mod snapshot;
pub mod valuation;
