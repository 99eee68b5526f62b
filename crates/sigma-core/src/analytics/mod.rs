//! The engines: kernels on slices and matrices, with symbols and dates in the wrappers above them.

pub mod black76;
pub mod black_scholes;
pub mod conditional;
pub mod exposures;
pub mod greeks;
pub mod implied_volatility;
pub mod linalg;
pub mod normal;
pub mod option_filter;
pub mod performance;
pub mod positions;
pub mod rates;
pub mod readiness;
pub mod repricing;
pub mod returns;
pub mod screen;
pub mod shocks;
pub mod snapshot;
pub mod stress;
pub mod valuation;
