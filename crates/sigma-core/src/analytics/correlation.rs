//! Correlations between return series with gaps.
//!
//! # Formula
//! Over the rows both series have: `rho = sum w (a - ma)(b - mb) / sqrt(sum w (a - ma)^2 sum w (b - mb)^2)`, `ma`, `mb` the
//! weighted means over the same rows. Pearson: `w = 1`; exponential: `w = 2^(-age / half_life)`, age in rows before the
//! last.
//!
//! # Symbols
//! series: N of T returns per session, ascending; `half_life` sessions; `rho` in [-1, 1].
//!
//! # Assumptions
//! A gap is missing at random. Sums over common rows are matrix products of standardised, masked series; a pair whose
//! common rows lie far from its series' means is computed by itself, in two passes, so that no digits cancel.
//!
//! # Degenerate cases
//! Fewer common rows than the minimum overlap (never below two), or a series constant over them: `None`.
//!
//! # References
//! Pearson (1895), "Note on regression and inheritance". J.P. Morgan and Reuters (1996), *RiskMetrics Technical
//! Document*.
//!
//! # Verified by
//! pandas pairwise correlations with injected gaps, numpy eigenvalues, weighted recomputation (tests/statistics).

use ndarray::{Array1, Array2, s};
use rayon::prelude::*;

use super::accurate_sums::is_constant;
use super::linalg;
pub use super::packed_correlation::PackedCorrelation;

/// Why correlations cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CorrelationError {
    #[error("series {series} has {rows} rows, {expected} expected")]
    LengthMismatch { series: usize, rows: usize, expected: usize },
    #[error("series {series} holds a value that is not finite")]
    NonFinite { series: usize },
    #[error("a half-life must be positive, {0} given")]
    HalfLife(f64),
}

/// Pairwise-complete Pearson correlations.
pub fn pearson(series: &[&[Option<f64>]], min_overlap: usize) -> Result<PackedCorrelation, CorrelationError> {
    let rows = series.first().map_or(0, |s| s.len());
    correlate(series, &vec![1.0; rows], min_overlap)
}

/// Pairwise-complete, exponentially weighted correlations about the weighted means.
pub fn ewma(
    series: &[&[Option<f64>]],
    half_life_sessions: f64,
    min_overlap: usize,
) -> Result<PackedCorrelation, CorrelationError> {
    if !half_life_sessions.is_finite() || half_life_sessions <= 0.0 {
        return Err(CorrelationError::HalfLife(half_life_sessions));
    }
    let rows = series.first().map_or(0, |s| s.len());
    let weights: Vec<f64> = (0..rows).rev().map(|age| (-(age as f64) / half_life_sessions).exp2()).collect();
    correlate(series, &weights, min_overlap)
}

fn correlate(
    series: &[&[Option<f64>]],
    weights: &[f64],
    min_overlap: usize,
) -> Result<PackedCorrelation, CorrelationError> {
    let expected = weights.len();
    for (at, s) in series.iter().enumerate() {
        if s.len() != expected {
            return Err(CorrelationError::LengthMismatch { series: at, rows: s.len(), expected });
        }
        if s.iter().flatten().any(|v| !v.is_finite()) {
            return Err(CorrelationError::NonFinite { series: at });
        }
    }
    let panel = Panel {
        masked: MaskedSeries::new(series, weights),
        series,
        weights,
        min_overlap: min_overlap.max(2),
    };
    let n = series.len();
    let blocks: Vec<Vec<(Option<f64>, u32)>> = (0..n.div_ceil(BLOCK))
        .into_par_iter()
        .map(|b| panel.block(b * BLOCK, n.min((b + 1) * BLOCK)))
        .collect();
    let (values, counts) = blocks.into_iter().flatten().unzip();
    Ok(PackedCorrelation { n, values, counts })
}

/// Series whose products are taken at once; bounds the memory of a large matrix.
const BLOCK: usize = 128;

/// Share of a sum of squares that may lie in the mean before the one-pass variance loses digits.
const CANCELLATION_SHARE: f64 = 0.95;

struct Panel<'a> {
    series: &'a [&'a [Option<f64>]],
    weights: &'a [f64],
    min_overlap: usize,
    masked: MaskedSeries,
}

impl Panel<'_> {
    /// Rows `from..to` of the lower triangle.
    fn block(&self, from: usize, to: usize) -> Vec<(Option<f64>, u32)> {
        let sums = self.masked.sums(from, to);
        let mut out = Vec::with_capacity((from..to).map(|i| i + 1).sum());
        for i in from..to {
            for j in 0..=i {
                let count = sums.count(i - from, j);
                let moves = self.masked.moves[i] && self.masked.moves[j];
                let rho = if !moves || (count as usize) < self.min_overlap {
                    None
                } else {
                    let quick = sums.correlation(i - from, j);
                    quick.or_else(|| pair(self.series[i], self.series[j], self.weights))
                };
                // A series correlates with itself exactly, whatever rounding says.
                out.push((if i == j { rho.map(|_| 1.0) } else { rho }, count));
            }
        }
        out
    }
}

/// Series in standard units, zero where missing, times the root of the weights; N x T each.
struct MaskedSeries {
    values: Array2<f64>,
    squares: Array2<f64>,
    mask: Array2<f64>,
    present: Array2<f64>,
    /// Whether a series moves at all.
    moves: Vec<bool>,
    /// No series has a gap: all pairs share all rows.
    complete: bool,
}

impl MaskedSeries {
    fn new(series: &[&[Option<f64>]], weights: &[f64]) -> MaskedSeries {
        let shape = (series.len(), weights.len());
        let mut values = Array2::zeros(shape);
        let mut moves = vec![false; series.len()];
        for (i, s) in series.iter().enumerate() {
            let rows: Vec<usize> = (0..s.len()).filter(|t| s[*t].is_some()).collect();
            let own: Vec<f64> = s.iter().flatten().copied().collect();
            let own_weights: Vec<f64> = rows.iter().map(|t| weights[*t]).collect();
            if let Some(z) = standardise(&own, &own_weights) {
                rows.iter().zip(z).for_each(|(t, z)| values[[i, *t]] = z);
                moves[i] = true;
            }
        }
        let present = Array2::from_shape_fn(shape, |(i, t)| f64::from(u8::from(series[i][t].is_some())));
        let roots: Array1<f64> = weights.iter().map(|w| w.sqrt()).collect();
        let complete = present.iter().all(|p| *p == 1.0);
        MaskedSeries {
            squares: weighted_squares(&values, &roots),
            mask: &present * &roots,
            values,
            present,
            moves,
            complete,
        }
    }

    /// Sums over common rows of series `from..to` with all series before `to`.
    fn sums(&self, from: usize, to: usize) -> PairSums {
        let product = |a: &Array2<f64>, b: &Array2<f64>| {
            linalg::product(a.slice(s![from..to, ..]), b.slice(s![..to, ..]).t())
        };
        let cross = product(&self.values, &self.values);
        let gaps = (!self.complete).then(|| GapSums {
            count: product(&self.present, &self.present),
            weight: product(&self.mask, &self.mask),
            left: product(&self.values, &self.mask),
            right: product(&self.mask, &self.values),
            left_squares: product(&self.squares, &self.mask),
            right_squares: product(&self.mask, &self.squares),
        });
        PairSums { cross, gaps, rows: self.mask.ncols() }
    }
}

struct PairSums {
    cross: Array2<f64>,
    gaps: Option<GapSums>,
    rows: usize,
}

/// What the sums of standardised series lack once rows are missing.
struct GapSums {
    count: Array2<f64>,
    weight: Array2<f64>,
    left: Array2<f64>,
    right: Array2<f64>,
    left_squares: Array2<f64>,
    right_squares: Array2<f64>,
}

impl PairSums {
    fn count(&self, i: usize, j: usize) -> u32 {
        self.gaps.as_ref().map_or(self.rows as u32, |gaps| gaps.count[[i, j]] as u32)
    }

    /// `None` where cancellation would cost digits.
    fn correlation(&self, i: usize, j: usize) -> Option<f64> {
        let at = [i, j];
        let Some(gaps) = &self.gaps else { return Some(self.cross[at].clamp(-1.0, 1.0)) };
        let (weight, left, right) = (gaps.weight[at], gaps.left[at], gaps.right[at]);
        let (left_mean, right_mean) = (left * left / weight, right * right / weight);
        let (a, b) = (gaps.left_squares[at], gaps.right_squares[at]);
        let sound = left_mean < CANCELLATION_SHARE * a && right_mean < CANCELLATION_SHARE * b;
        let cross = self.cross[at] - left * right / weight;
        sound.then(|| (cross / ((a - left_mean) * (b - right_mean)).sqrt()).clamp(-1.0, 1.0))
    }
}

/// `z^2 sqrt(w)` from `z sqrt(w)`; a weight that has underflown to zero takes no part.
fn weighted_squares(values: &Array2<f64>, roots: &Array1<f64>) -> Array2<f64> {
    Array2::from_shape_fn(values.raw_dim(), |(i, t)| match roots[t] > 0.0 {
        true => values[[i, t]] * values[[i, t]] / roots[t],
        false => 0.0,
    })
}

/// Weighted deviations of unit length; `None` for a series that never moves.
fn standardise(values: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
    if values.is_empty() || is_constant(values) {
        return None;
    }
    let total: f64 = weights.iter().sum();
    let mut z = values.to_vec();
    for _ in 0..2 {
        let mean = z.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
        z.iter_mut().for_each(|v| *v -= mean);
    }
    z.iter_mut().zip(weights).for_each(|(v, w)| *v *= w.sqrt());
    let norm = z.iter().map(|v| v * v).sum::<f64>().sqrt();
    z.iter_mut().for_each(|v| *v /= norm);
    norm.is_normal().then_some(z)
}

/// Correlation over the rows that both have, in two passes.
fn pair(a: &[Option<f64>], b: &[Option<f64>], weights: &[f64]) -> Option<f64> {
    let (mut left, mut right, mut common) = (Vec::new(), Vec::new(), Vec::new());
    for ((x, y), w) in a.iter().zip(b).zip(weights) {
        if let (Some(x), Some(y)) = (x, y) {
            left.push(*x);
            right.push(*y);
            common.push(*w);
        }
    }
    let (x, y) = standardise(&left, &common).zip(standardise(&right, &common))?;
    let product: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
    Some(product.clamp(-1.0, 1.0))
}
