//! Regressions, covariances and correlations against outside oracles and identities.

mod clusters;
mod correlation;
mod covariance;
mod factor_fit;
mod golden;
mod ols;
mod risk;
