//! What the other factors are expected to do, given those that are shocked.
//!
//! # Formula
//! `E[u | s] = S_us S_ss^-1 s`; `var(u | s) = S_uu - S_us S_ss^-1 S_su`, its square root times `sqrt(252)` the conditional
//! deviation; distance `d = sqrt(s' S_ss^-1 s / 252)`.
//!
//! # Symbols
//! `S` k x k covariance of factor moves per session; `s` the shocks, total moves in the factors' units (returns, decimal
//! yield changes); `u` the moves implied. A shock is not the move of one day: distance and deviations are counted in
//! annual standard deviations, which is what dividing by 252 sessions means.
//!
//! # Assumptions
//! Jointly elliptical moves of mean zero. A shock of zero is a condition like any other: whoever wants the market left
//! out of what styles imply gives it the shock zero, as `implied_moves` does.
//!
//! # Degenerate cases
//! No shock, a covariance that is not positive definite on the shocked factors, an unknown factor: errors. Nothing left
//! unshocked: an empty answer. `d > 5` is flagged extrapolated: nothing like it is in the data.
//!
//! # References
//! Kupiec (1998), "Stress testing in a value at risk framework". Mahalanobis (1936), "On the generalised distance in
//! statistics". Anderson (2003), *An Introduction to Multivariate Statistical Analysis*, section 2.5.
//!
//! # Verified by
//! The two-factor closed form, and the regression coefficients that the conditional mean must equal (tests/statistics).

use ndarray::{Array1, Array2, ArrayView2};

use super::linalg;
use super::returns::SESSIONS_PER_YEAR;

/// Distance in annual standard deviations beyond which a scenario is outside the data.
pub const EXTRAPOLATION_DISTANCE: f64 = 5.0;

/// Why no expectation exists.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConditionalError {
    #[error("no factor is shocked")]
    NoShock,
    #[error("the covariance of the shocked factors is not positive definite")]
    NotPositiveDefinite,
    #[error("{got} shocks for {expected} factors")]
    Shape { got: usize, expected: usize },
    #[error("factor {0} is not among those of the covariance matrix")]
    UnknownFactor(String),
    #[error("the shock of factor {0} is not finite")]
    NonFinite(usize),
}

/// Move of a factor that was not shocked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImpliedMove {
    /// Position in the covariance matrix.
    pub factor: usize,
    /// Conditional expectation, in the factor's unit.
    pub expected: f64,
    /// Standard deviation left once the shocks are known, per year.
    pub deviation_per_year: f64,
}

/// Moves implied by a set of shocks.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionalMoves {
    /// Ascending by factor.
    pub implied: Vec<ImpliedMove>,
    /// In annual standard deviations.
    pub distance: f64,
    pub extrapolated: bool,
}

/// Conditional moves; `shocks[k]` is `None` for a factor that is free to move.
pub fn conditional_moves(
    covariance: ArrayView2<'_, f64>,
    shocks: &[Option<f64>],
) -> Result<ConditionalMoves, ConditionalError> {
    let (got, expected) = (shocks.len(), covariance.nrows());
    if got != expected || covariance.ncols() != expected {
        return Err(ConditionalError::Shape { got, expected });
    }
    let shocked: Vec<(usize, f64)> =
        shocks.iter().enumerate().filter_map(|(k, s)| Some((k, (*s)?))).collect();
    if shocked.is_empty() {
        return Err(ConditionalError::NoShock);
    }
    if let Some((factor, _)) = shocked.iter().find(|(_, s)| !s.is_finite()) {
        return Err(ConditionalError::NonFinite(*factor));
    }
    // In units of standard deviations the factorisation does not care that yields move by thousandths.
    let scale = covariance.diag().mapv(f64::sqrt);
    if scale.iter().any(|deviation| !deviation.is_finite() || *deviation <= 0.0) {
        return Err(ConditionalError::NotPositiveDefinite);
    }
    let at = |i: usize, j: usize| covariance[[i, j]] / (scale[i] * scale[j]);
    let m = shocked.len();
    let inner = Array2::from_shape_fn((m, m), |(a, b)| at(shocked[a].0, shocked[b].0));
    let lower = linalg::cholesky(&inner).ok_or(ConditionalError::NotPositiveDefinite)?;
    let right: Vec<f64> = shocked.iter().map(|(k, s)| s / scale[*k]).collect();
    let whitened = Array1::from(linalg::solve_lower(&lower, &right));
    let implied = (0..expected)
        .filter(|k| shocks[*k].is_none())
        .map(|factor| {
            let cross: Vec<f64> = shocked.iter().map(|(k, _)| at(factor, *k)).collect();
            let part = Array1::from(linalg::solve_lower(&lower, &cross));
            // Rounding may leave less than nothing where the shocked factors explain all of it.
            let left = (1.0 - part.dot(&part)).max(0.0);
            let deviation_per_year = scale[factor] * (left * SESSIONS_PER_YEAR).sqrt();
            ImpliedMove { factor, expected: scale[factor] * part.dot(&whitened), deviation_per_year }
        })
        .collect();
    let distance = (whitened.dot(&whitened) / SESSIONS_PER_YEAR).sqrt();
    Ok(ConditionalMoves { implied, distance, extrapolated: distance > EXTRAPOLATION_DISTANCE })
}

/// Moves implied by named shocks. The market is always a condition, at zero when it is not named: styles or rates
/// never imply a market move.
pub fn implied_moves(
    factors: &[&str],
    market: &str,
    covariance: ArrayView2<'_, f64>,
    shocks: &[(&str, f64)],
) -> Result<ConditionalMoves, ConditionalError> {
    if shocks.is_empty() {
        return Err(ConditionalError::NoShock);
    }
    let mut vector = vec![None; factors.len()];
    for (name, shock) in std::iter::once(&(market, 0.0)).chain(shocks) {
        let at = factors.iter().position(|f| f == name);
        vector[at.ok_or_else(|| ConditionalError::UnknownFactor((*name).to_owned()))?] = Some(*shock);
    }
    conditional_moves(covariance, &vector)
}
