//! Regressions, covariances and correlations against outside oracles and identities.

mod factor_fit;
mod golden;
mod ols;
