//! Correlations between return series with gaps, and the packed matrix that holds them.
//!
//! # Formula
//! Over the rows both series have: `rho = sum w (a - ma)(b - mb) / sqrt(sum w (a - ma)^2 sum w (b - mb)^2)`, `ma`, `mb` the
//! weighted means over the same rows. Pearson: `w = 1`; exponential: `w = 2^(-age / half_life)`, age in rows before the
//! last. Average: mean of the signed off-diagonal. Effective bets: `N^2 / sum_ij rho_ij^2`, diagonal included.
//!
//! # Symbols
//! series: N of T returns per session, ascending; `half_life` sessions; `rho` in [-1, 1].
//!
//! # Assumptions
//! A gap is missing at random. Series without gaps share one matrix product; a pair with a gap is computed by itself.
//!
//! # Degenerate cases
//! Fewer common rows than the minimum overlap (never below two), or a series constant over them: `None`. Average and
//! effective bets of a matrix with a missing pair do not exist; take its `complete_subset` and name the rest.
//!
//! # References
//! Pearson (1895), "Note on regression and inheritance". J.P. Morgan and Reuters (1996), *RiskMetrics Technical
//! Document*. Meucci (2009), "Managing diversification", on counting bets.
//!
//! # Verified by
//! pandas pairwise correlations with injected gaps, numpy eigenvalues, weighted recomputation (tests/statistics).

use ndarray::Array2;
use rayon::prelude::*;

use super::linalg;

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

/// Symmetric matrix as its lower triangle, row by row, diagonal included: element (i, j <= i) is at `i (i + 1) / 2 + j`.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedCorrelation {
    pub n: usize,
    /// `None` where two series have too little in common.
    pub values: Vec<Option<f64>>,
    /// Common observations.
    pub counts: Vec<u32>,
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

impl PackedCorrelation {
    /// Packs a full matrix that rests on `count` observations everywhere.
    pub fn from_matrix(matrix: &Array2<f64>, count: u32) -> PackedCorrelation {
        let n = matrix.nrows();
        let values: Vec<Option<f64>> =
            (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|at| Some(matrix[at])).collect();
        PackedCorrelation { n, counts: vec![count; values.len()], values }
    }

    /// Correlation of two series, in any order.
    pub fn get(&self, i: usize, j: usize) -> Option<f64> {
        self.values[packed_index(i, j)]
    }

    /// Observations two series have in common.
    pub fn count(&self, i: usize, j: usize) -> u32 {
        self.counts[packed_index(i, j)]
    }

    /// The full matrix, when no pair is missing.
    pub fn to_matrix(&self) -> Option<Array2<f64>> {
        let complete = self.values.iter().all(Option::is_some);
        complete.then(|| Array2::from_shape_fn((self.n, self.n), |(i, j)| self.get(i, j).unwrap_or(f64::NAN)))
    }

    /// The matrix of some of the series, in the order given.
    pub fn subset(&self, members: &[usize]) -> PackedCorrelation {
        let pairs =
            || members.iter().enumerate().flat_map(|(a, i)| members[..=a].iter().map(move |j| (*i, *j)));
        PackedCorrelation {
            n: members.len(),
            values: pairs().map(|(i, j)| self.get(i, j)).collect(),
            counts: pairs().map(|(i, j)| self.count(i, j)).collect(),
        }
    }

    /// Series among which no pair is missing: the one with the most missing pairs leaves first; of equals the one with
    /// the fewest observations, then the last.
    pub fn complete_subset(&self) -> Vec<usize> {
        let mut members: Vec<usize> = (0..self.n).collect();
        let mut missing: Vec<usize> =
            (0..self.n).map(|i| members.iter().filter(|j| self.get(i, **j).is_none()).count()).collect();
        let order = |i: usize, missing: usize| (missing, u32::MAX - self.count(i, i), i);
        while let Some(worst) = members.iter().copied().max_by_key(|i| order(*i, missing[*i])) {
            if missing[worst] == 0 {
                break;
            }
            members.retain(|i| *i != worst);
            for i in &members {
                missing[*i] -= usize::from(self.get(*i, worst).is_none());
            }
        }
        members
    }

    /// Mean of the signed off-diagonal; `None` below two series or with a missing pair.
    pub fn average(&self) -> Option<f64> {
        let pairs = self.n.checked_sub(1).filter(|rest| *rest > 0)? * self.n / 2;
        let sum: f64 = (0..self.n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| self.get(i, j))
            .sum::<Option<f64>>()?;
        Some(sum / pairs as f64)
    }

    /// `N^2 / sum rho^2`: N when nothing moves together, 1 when everything does; `None` with a missing pair.
    pub fn effective_bets(&self) -> Option<f64> {
        let squares: f64 = (0..self.n)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|(i, j)| self.get(i, j).map(|rho| if i == j { rho * rho } else { 2.0 * rho * rho }))
            .sum::<Option<f64>>()?;
        (self.n > 0).then(|| (self.n * self.n) as f64 / squares)
    }
}

/// Position of a pair in the packed triangle.
pub fn packed_index(i: usize, j: usize) -> usize {
    let (high, low) = if i >= j { (i, j) } else { (j, i) };
    high * (high + 1) / 2 + low
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
    let min_overlap = min_overlap.max(2);
    let (places, product) = complete_product(series, weights, min_overlap);
    let rows: Vec<Vec<(Option<f64>, u32)>> = (0..series.len())
        .into_par_iter()
        .map(|i| {
            let one = |j: usize| match (places[i], places[j]) {
                (Some(a), Some(b)) => (Some(product[[a, b]].clamp(-1.0, 1.0)), expected as u32),
                _ => pair(series[i], series[j], weights, min_overlap),
            };
            let mut row: Vec<(Option<f64>, u32)> = (0..=i).map(one).collect();
            // A series correlates with itself exactly, whatever rounding says.
            row[i].0 = row[i].0.map(|_| 1.0);
            row
        })
        .collect();
    let (values, counts) = rows.into_iter().flatten().unzip();
    Ok(PackedCorrelation { n: series.len(), values, counts })
}

/// All correlations among the series that have every row and move, and where to find each series in the product.
fn complete_product(
    series: &[&[Option<f64>]],
    weights: &[f64],
    min_overlap: usize,
) -> (Vec<Option<usize>>, Array2<f64>) {
    let standard: Vec<Option<Vec<f64>>> = series
        .iter()
        .map(|s| {
            let values =
                s.iter().copied().collect::<Option<Vec<f64>>>().filter(|v| v.len() >= min_overlap)?;
            standardise(&values, weights)
        })
        .collect();
    let mut next = 0..;
    let places = standard.iter().map(|s| s.as_ref().and_then(|_| next.next())).collect();
    let columns: Vec<Vec<f64>> = standard.into_iter().flatten().collect();
    let z = Array2::from_shape_fn((columns.len(), weights.len()), |(i, t)| columns[i][t]);
    (places, linalg::product(z.view(), z.t()))
}

/// Weighted deviations of unit length; `None` for a series that never moves.
fn standardise(values: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
    if super::ols::is_constant(values) {
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

/// Correlation over the rows that both have, and how many these are.
fn pair(a: &[Option<f64>], b: &[Option<f64>], weights: &[f64], min_overlap: usize) -> (Option<f64>, u32) {
    let (mut left, mut right, mut common) = (Vec::new(), Vec::new(), Vec::new());
    for ((x, y), w) in a.iter().zip(b).zip(weights) {
        if let (Some(x), Some(y)) = (x, y) {
            left.push(*x);
            right.push(*y);
            common.push(*w);
        }
    }
    let count = left.len() as u32;
    if left.len() < min_overlap {
        return (None, count);
    }
    let rho = standardise(&left, &common).zip(standardise(&right, &common)).map(|(x, y)| {
        let product: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        product.clamp(-1.0, 1.0)
    });
    (rho, count)
}
