//! The engines: kernels on slices and matrices, with symbols and dates in the wrappers above them.

pub mod factor_block;
pub mod factor_design;
pub mod factor_fit;
pub mod linalg;
pub mod ols;
pub mod stale_proxy;
