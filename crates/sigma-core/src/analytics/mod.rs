//! The engines: kernels on slices and matrices, with symbols and dates in the wrappers above them.

pub mod black76;
pub mod black_scholes;
pub mod implied_volatility;
pub mod normal;
pub mod option_filter;
