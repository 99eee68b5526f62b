//! The smallest trades that bring exposures to targets: arithmetic on a linear system, no advice.
//!
//! # Formula
//! `A x = b` with `x` the dollars traded of each of `n` instruments, `A` (m x n) the exposure of each kind that a dollar
//! of an instrument brings, `b` the gaps `target - current` of the `m` exposures. The solution is `x = A+ b`, `A+` the
//! pseudo-inverse from the singular values above `1e-10` of the largest: of all `x` with the least sum of squared
//! remaining gaps the one with the least sum of squared dollars. Units are `x / (price x multiplier)`, rounded to the
//! nearest whole one, halves away from zero.
//!
//! # Assumptions
//! Exposures are linear in holdings, which they are at one close: loadings and Greeks per unit are fixed. Trades are
//! at the price of the close, so the NAV stays as it is. Dollars of an option are its premium.
//!
//! # Degenerate cases
//! More instruments than targets: least norm. Targets that the instruments cannot reach together (too few of them, or
//! none that moves an exposure): the nearest point in dollars, with what remains. No instrument or no target is an
//! error, and so is a number that is not finite.
//!
//! # References
//! R. Penrose, *On best approximate solutions of linear matrix equations*, Proceedings of the Cambridge Philosophical
//! Society 52 (1956).
//!
//! # Verified by
//! `numpy.linalg.lstsq` on systems of every shape and, as properties, reached targets and the least norm
//! (`tests/portfolio/hedge.rs`).

use ndarray::Array2;

use super::linalg::{LinalgError, svd};

/// Singular values below this share of the largest are none.
const RELATIVE_CUTOFF: f64 = 1e-10;

/// Share of the larger of gap and exposure by which a target may be missed and still count as reached.
const REACHED: f64 = 1e-8;

/// Trades, and where they lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Hedge {
    /// Of each instrument: positive buys.
    pub dollars: Vec<f64>,
    /// Of each target: the part of its gap that the trades close.
    pub moved: Vec<f64>,
    /// Of each target: whether the trades close its gap.
    pub is_reached: Vec<bool>,
}

/// Why there is no solution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HedgeError {
    #[error("a hedge needs an instrument and a target: {instruments} instruments, {targets} targets given")]
    Empty { instruments: usize, targets: usize },
    #[error("{targets} targets of {instruments} instruments and {gaps} gaps do not match")]
    Shape { targets: usize, instruments: usize, gaps: usize },
    #[error("an exposure is {0}, not a finite number")]
    NotFinite(f64),
    #[error(transparent)]
    Linalg(#[from] LinalgError),
}

/// Least-norm trades in dollars; `exposures` has a row for each target and a column for each instrument.
pub fn solve(exposures: &[Vec<f64>], gaps: &[f64]) -> Result<Hedge, HedgeError> {
    let (targets, instruments) = (exposures.len(), exposures.first().map_or(0, Vec::len));
    if targets == 0 || instruments == 0 {
        return Err(HedgeError::Empty { instruments, targets });
    }
    if gaps.len() != targets || exposures.iter().any(|row| row.len() != instruments) {
        return Err(HedgeError::Shape { targets, instruments, gaps: gaps.len() });
    }
    if let Some(bad) = exposures.iter().flatten().chain(gaps).find(|value| !value.is_finite()) {
        return Err(HedgeError::NotFinite(*bad));
    }
    let exposures = Array2::from_shape_fn((targets, instruments), |(i, j)| exposures[i][j]);
    let parts = svd(&exposures)?;
    let largest = parts.values.iter().copied().fold(0.0, f64::max);
    let mut dollars = vec![0.0; instruments];
    for (k, &size) in parts.values.iter().enumerate() {
        if size <= RELATIVE_CUTOFF * largest {
            continue;
        }
        let along: f64 = (0..targets).map(|i| parts.u[[i, k]] * gaps[i]).sum();
        for (j, x) in dollars.iter_mut().enumerate() {
            *x += parts.v_transposed[[k, j]] * along / size;
        }
    }
    let moved: Vec<f64> = (0..targets)
        .map(|i| dollars.iter().enumerate().map(|(j, x)| exposures[[i, j]] * x).sum::<f64>() + 0.0)
        .collect();
    let scale = gaps.iter().fold(0.0, |scale: f64, gap| scale.max(gap.abs()));
    let is_reached =
        moved.iter().zip(gaps).map(|(moved, gap)| (moved - gap).abs() <= REACHED * scale).collect();
    Ok(Hedge { dollars, moved, is_reached })
}

/// Units that are worth `dollars`: whole ones unless they may be traded `in_parts`.
pub fn units(dollars: f64, unit_value: f64, in_parts: bool) -> f64 {
    let exact = dollars / unit_value;
    if in_parts { exact } else { exact.round() }
}
