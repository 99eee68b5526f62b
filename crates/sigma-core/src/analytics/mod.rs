//! The engines: kernels on slices and matrices, with symbols and dates in the wrappers above them.

mod accurate_sums;
pub mod clusters;
pub mod conditional;
pub mod correlation;
pub mod covariance;
pub mod factor_block;
pub mod factor_design;
pub mod factor_fit;
pub mod factor_risk;
pub mod linalg;
pub mod nearest_correlation;
pub mod ols;
pub mod packed_correlation;
pub mod stale_proxy;
