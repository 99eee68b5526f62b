//! Covariance matrices of returns.
//!
//! # Formula
//! Sample: `X'X / (T - 1)`, `X` centred. EWMA: `sum w_t d_t d_t' / (1 - sum w_t^2)`, `w_t` proportional to
//! `2^(-age / half_life)` and summing to one, `d_t` deviations from the weighted mean; equal weights give the sample
//! covariance. Ledoit-Wolf: `(1 - s) S + s m I`, `S = X'X / T`, `m` its mean variance and
//! `s = min(b, d) / d`, `d = |S - m I|^2 / N`, `b = (sum_t |x_t|^4 / T - |S|^2) / (T N)`. Standardised: the shrinkage of
//! the correlations, rescaled by the sample standard deviations, so that variances stay as they are.
//!
//! # Symbols
//! `X` T x N returns per session, sessions ascending; results N x N, squared return per session; `half_life` sessions;
//! `s` in [0, 1].
//!
//! # Assumptions
//! Rows are complete. Annualisation is the caller's.
//!
//! # Degenerate cases
//! Fewer than two rows, a value that is not finite, a half-life that is not positive and, when standardising, a column
//! that never moves are errors. One column is its own target: no shrinkage.
//!
//! # References
//! Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices". J.P. Morgan and
//! Reuters (1996), *RiskMetrics Technical Document*.
//!
//! # Verified by
//! scikit-learn's LedoitWolf and numpy covariances; half-life without end against the sample covariance.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::accurate_sums::is_constant;
use super::linalg;

/// Why there is no covariance matrix.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CovarianceError {
    #[error("{rows} rows, two needed")]
    TooFewRows { rows: usize },
    #[error("column {column} holds a value that is not finite")]
    NonFinite { column: usize },
    #[error("column {column} never moves")]
    ConstantColumn { column: usize },
    #[error("a half-life must be positive, {0} given")]
    HalfLife(f64),
}

/// A shrunk covariance matrix and how far it was shrunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    pub covariance: Array2<f64>,
    /// Weight of the target, in [0, 1].
    pub shrinkage: f64,
}

/// Sample covariance, ddof = 1.
pub fn sample_covariance(returns: ArrayView2<'_, f64>) -> Result<Array2<f64>, CovarianceError> {
    check(&returns)?;
    let centred = centre(&returns, &equal_weights(returns.nrows()));
    Ok(linalg::product(centred.t(), centred.view()) / (returns.nrows() as f64 - 1.0))
}

/// Exponentially weighted covariance; the last row weighs most.
pub fn ewma_covariance(
    returns: ArrayView2<'_, f64>,
    half_life_sessions: f64,
) -> Result<Array2<f64>, CovarianceError> {
    check(&returns)?;
    if !half_life_sessions.is_finite() || half_life_sessions <= 0.0 {
        return Err(CovarianceError::HalfLife(half_life_sessions));
    }
    let weights = half_life_weights(returns.nrows(), half_life_sessions);
    let mut scaled = centre(&returns, &weights);
    for (mut row, w) in scaled.rows_mut().into_iter().zip(&weights) {
        row *= w.sqrt();
    }
    let free = 1.0 - weights.dot(&weights);
    Ok(linalg::product(scaled.t(), scaled.view()) / free)
}

/// Weights that halve every `half_life_sessions`, ascending in time, summing to one.
pub fn half_life_weights(rows: usize, half_life_sessions: f64) -> Array1<f64> {
    let raw: Array1<f64> = (0..rows).rev().map(|age| (-(age as f64) / half_life_sessions).exp2()).collect();
    let total = raw.sum();
    raw / total
}

/// Ledoit-Wolf shrinkage towards the identity at the mean variance.
pub fn ledoit_wolf(returns: ArrayView2<'_, f64>) -> Result<Shrunk, CovarianceError> {
    check(&returns)?;
    Ok(shrink(&centre(&returns, &equal_weights(returns.nrows()))))
}

/// Ledoit-Wolf on standardised returns, rescaled to the sample variances.
pub fn ledoit_wolf_standardised(returns: ArrayView2<'_, f64>) -> Result<Shrunk, CovarianceError> {
    check(&returns)?;
    let constant = |(_, column): &(usize, ndarray::ArrayView1<'_, f64>)| is_constant(&column.to_vec());
    if let Some((column, _)) = returns.columns().into_iter().enumerate().find(constant) {
        return Err(CovarianceError::ConstantColumn { column });
    }
    let rows = returns.nrows() as f64;
    let mut centred = centre(&returns, &equal_weights(returns.nrows()));
    let population: Array1<f64> = centred.columns().into_iter().map(|c| (c.dot(&c) / rows).sqrt()).collect();
    centred /= &population;
    let Shrunk { mut covariance, shrinkage } = shrink(&centred);
    let sample = population * (rows / (rows - 1.0)).sqrt();
    for ((i, j), value) in covariance.indexed_iter_mut() {
        *value *= sample[i] * sample[j];
    }
    Ok(Shrunk { covariance, shrinkage })
}

/// The correlation matrix of a covariance matrix with positive variances.
pub fn correlation_of(covariance: &Array2<f64>) -> Array2<f64> {
    let deviations = covariance.diag().mapv(f64::sqrt);
    Array2::from_shape_fn(covariance.raw_dim(), |(i, j)| match i == j {
        true => 1.0,
        false => covariance[[i, j]] / (deviations[i] * deviations[j]),
    })
}

fn shrink(centred: &Array2<f64>) -> Shrunk {
    let (rows, columns) = (centred.nrows() as f64, centred.ncols() as f64);
    let empirical = linalg::product(centred.t(), centred.view()) / rows;
    let target = empirical.diag().sum() / columns;
    let squared_norm: f64 = empirical.iter().map(|v| v * v).sum();
    let fourth: f64 = centred.rows().into_iter().map(|row| row.dot(&row).powi(2)).sum::<f64>() / rows;
    let noise = (fourth - squared_norm) / (rows * columns);
    let distance: f64 = empirical
        .indexed_iter()
        .map(|((i, j), v)| if i == j { (v - target).powi(2) } else { v * v })
        .sum::<f64>()
        / columns;
    let shrinkage = if distance > 0.0 { (noise / distance).clamp(0.0, 1.0) } else { 0.0 };
    let mut covariance = empirical * (1.0 - shrinkage);
    covariance.diag_mut().mapv_inplace(|v| v + shrinkage * target);
    Shrunk { covariance, shrinkage }
}

fn check(returns: &ArrayView2<'_, f64>) -> Result<(), CovarianceError> {
    if returns.nrows() < 2 {
        return Err(CovarianceError::TooFewRows { rows: returns.nrows() });
    }
    let broken = returns.columns().into_iter().position(|c| c.iter().any(|v| !v.is_finite()));
    broken.map_or(Ok(()), |column| Err(CovarianceError::NonFinite { column }))
}

fn equal_weights(rows: usize) -> Array1<f64> {
    Array1::from_elem(rows, 1.0 / rows as f64)
}

/// Deviations from the weighted mean, in two passes.
fn centre(returns: &ArrayView2<'_, f64>, weights: &Array1<f64>) -> Array2<f64> {
    linalg::pin_blas_threads();
    let mut centred = returns.to_owned();
    for _ in 0..2 {
        let mean = weights.dot(&centred).insert_axis(Axis(0));
        centred -= &mean;
    }
    centred
}
