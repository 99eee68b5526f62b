//! A correlation matrix with gaps, packed for storage, and what is read off it.
//!
//! # Formula
//! Average: mean of the signed off-diagonal. Effective bets: `N^2 / sum_ij rho_ij^2`, diagonal included.
//!
//! # Symbols
//! `rho` N x N in [-1, 1]; effective bets between 1 and N.
//!
//! # Assumptions
//! The matrix is symmetric; only its lower triangle is kept.
//!
//! # Degenerate cases
//! Average and effective bets of a matrix with a missing pair do not exist; take its `complete_subset` and name the
//! rest.
//!
//! # References
//! Meucci (2009), "Managing diversification", on counting bets.
//!
//! # Verified by
//! Matrices worked by hand (tests/statistics/correlation.rs).

use ndarray::Array2;

/// Symmetric matrix as its lower triangle, row by row, diagonal included: element (i, j <= i) is at `i (i + 1) / 2 + j`.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedCorrelation {
    pub n: usize,
    /// `None` where two series have too little in common.
    pub values: Vec<Option<f64>>,
    /// Common observations.
    pub counts: Vec<u32>,
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
        let pairs = (0..self.n).flat_map(|i| (0..self.n).map(move |j| (i, j)));
        let values: Option<Vec<f64>> = pairs.map(|(i, j)| self.get(i, j)).collect();
        Array2::from_shape_vec((self.n, self.n), values?).ok()
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
