//! Risk of a portfolio under a factor model, and who it comes from.
//!
//! # Formula
//! `v = x' F x + sum_i (d_i^2 u_i)`, `x = B' d`; volatility `sqrt(v)`. By factor: marginal `(F x)_k / sqrt(v)`, component
//! `x_k (F x)_k / sqrt(v)`; the specific component is `sum d_i^2 u_i / sqrt(v)`. By instrument: marginal
//! `((B F x)_i + d_i u_i) / sqrt(v)`, component `d_i` times that. Components sum to the volatility (Euler).
//!
//! # Symbols
//! `d` n dollar values (delta-adjusted), `B` n x k loadings, `x` k dollar exposures, `F` k x k covariance of factor
//! returns, `u` n specific variances, both per session (or per year: the volatility is then that of the same period).
//!
//! # Assumptions
//! Specific returns are uncorrelated between instruments and with the factors. Lots of one instrument are merged.
//!
//! # Degenerate cases
//! A book without risk has volatility zero and no contributions to speak of: marginals and components are zero, the
//! limit along any direction of no risk. Unequal lengths are an error.
//!
//! # References
//! Litterman (1996), "Hot spots and hedges". Grinold and Kahn (1999), *Active Portfolio Management*, chapter 3.
//!
//! # Verified by
//! Sum of components and finite differences of the volatility (properties in tests/statistics/risk.rs).

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::linalg;

/// Lengths that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {got} given, {expected} expected")]
pub struct ShapeError {
    pub what: &'static str,
    pub got: usize,
    pub expected: usize,
}

/// One instrument's own risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpecificRisk {
    /// Delta-adjusted dollar value, signed.
    pub dollars: f64,
    /// Variance of the specific return.
    pub variance: f64,
}

/// Share of one factor or instrument in the volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    pub exposure_dollars: f64,
    /// Change of volatility per dollar of exposure.
    pub marginal: f64,
    /// Exposure times marginal, dollars.
    pub component_dollars: f64,
}

/// Variance of a portfolio in dollars and its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorRisk {
    /// Dollars squared per session, when the covariance is per session.
    pub systematic_variance: f64,
    /// In the same unit.
    pub specific_variance: f64,
    /// Root of the sum of both.
    pub volatility_dollars: f64,
    /// In the order of the exposures.
    pub factors: Vec<Contribution>,
    /// What the specific variances contribute, dollars.
    pub specific_component_dollars: f64,
}

/// Risk and contributions by factor.
pub fn factor_risk(
    exposures_dollars: &[f64],
    factor_covariance: ArrayView2<'_, f64>,
    specific: &[SpecificRisk],
) -> Result<FactorRisk, ShapeError> {
    check("factor covariance rows", factor_covariance.nrows(), exposures_dollars.len())?;
    check("factor covariance columns", factor_covariance.ncols(), exposures_dollars.len())?;
    linalg::pin_blas_threads();
    let pull = factor_covariance.dot(&ArrayView1::from(exposures_dollars));
    // A covariance matrix that is singular to rounding may give minus nothing.
    let systematic_variance = exposures_dollars.iter().zip(&pull).map(|(x, p)| x * p).sum::<f64>().max(0.0);
    let specific_variance: f64 = specific.iter().map(|s| s.dollars * s.dollars * s.variance).sum();
    let volatility_dollars = (systematic_variance + specific_variance).sqrt();
    Ok(FactorRisk {
        systematic_variance,
        specific_variance,
        volatility_dollars,
        factors: contributions(exposures_dollars, &pull, volatility_dollars),
        specific_component_dollars: per(specific_variance, volatility_dollars),
    })
}

/// Contributions by instrument, systematic and specific together; they sum to the same volatility.
pub fn instrument_contributions(
    loadings: ArrayView2<'_, f64>,
    factor_covariance: ArrayView2<'_, f64>,
    specific: &[SpecificRisk],
) -> Result<Vec<Contribution>, ShapeError> {
    check("loadings rows", loadings.nrows(), specific.len())?;
    let dollars: Vec<f64> = specific.iter().map(|s| s.dollars).collect();
    let exposures = exposures_dollars(loadings, &dollars)?;
    let total = factor_risk(&exposures, factor_covariance, specific)?;
    let pull = factor_covariance.dot(&ArrayView1::from(&exposures[..]));
    let own: Array1<f64> = specific.iter().map(|s| s.dollars * s.variance).collect();
    let marginals = loadings.dot(&pull) + own;
    Ok(contributions(&dollars, &marginals, total.volatility_dollars))
}

/// Dollar exposures per factor: `B' d`.
pub fn exposures_dollars(loadings: ArrayView2<'_, f64>, dollars: &[f64]) -> Result<Vec<f64>, ShapeError> {
    check("loadings rows", loadings.nrows(), dollars.len())?;
    linalg::pin_blas_threads();
    Ok(loadings.t().dot(&ArrayView1::from(dollars)).to_vec())
}

fn contributions(exposures: &[f64], pull: &Array1<f64>, volatility: f64) -> Vec<Contribution> {
    let one = |(exposure, pull): (&f64, &f64)| {
        let marginal = per(*pull, volatility);
        Contribution { exposure_dollars: *exposure, marginal, component_dollars: exposure * marginal }
    };
    exposures.iter().zip(pull).map(one).collect()
}

fn per(amount: f64, volatility: f64) -> f64 {
    if volatility > 0.0 { amount / volatility } else { 0.0 }
}

fn check(what: &'static str, got: usize, expected: usize) -> Result<(), ShapeError> {
    if got == expected { Ok(()) } else { Err(ShapeError { what, got, expected }) }
}
