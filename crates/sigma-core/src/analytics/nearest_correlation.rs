//! The nearest correlation matrix to one that is not positive semidefinite.
//!
//! # Formula
//! `min |A - X|_F` over symmetric positive semidefinite `X` with unit diagonal, by alternating projections with Dykstra's
//! correction: `R = Y - D`, `X = P_psd(R)`, `D = X - R`, `Y = P_unit(X)`.
//!
//! # Symbols
//! `A`, `X`, `Y` N x N without unit; `P_psd` sets negative eigenvalues to zero, `P_unit` sets the diagonal to one.
//!
//! # Assumptions
//! `A` is symmetric with unit diagonal, as pairwise correlations are. Convergence is linear; each step costs one
//! symmetric eigendecomposition.
//!
//! # Degenerate cases
//! A matrix whose smallest eigenvalue is at least `-1e-10 N` is left alone: that is rounding. A matrix with a missing pair
//! has to be cut to its complete subset first. No convergence within the allowed steps is an error, not an answer.
//!
//! # References
//! Higham (2002), "Computing the nearest correlation matrix: a problem from finance". Dykstra (1983), "An algorithm for
//! restricted least squares regression".
//!
//! # Verified by
//! An independent run to 3e-15 on indefinite 26 x 26 matrices; positive semidefiniteness, unit diagonal and optimality
//! against random correlation matrices (properties).

use ndarray::{Array1, Array2, Axis, s};

use super::correlation::PackedCorrelation;
use super::linalg::{self, LinalgError};

/// Eigenvalue below which a matrix needs repair, per row.
pub const EIGENVALUE_TOLERANCE: f64 = 1e-10;

/// Relative change of the iterates at which they count as converged.
pub const CONVERGENCE_TOLERANCE: f64 = 1e-12;

/// Steps after which the search gives up.
pub const MAX_STEPS: usize = 5000;

/// Why there is no nearest matrix.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NearestError {
    #[error("a pair is missing")]
    MissingPair,
    #[error("no convergence in {steps} steps (last change {change:e})")]
    NotConverged { steps: usize, change: f64 },
    #[error(transparent)]
    Linalg(#[from] LinalgError),
}

/// A correlation matrix made positive semidefinite where it was not.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    pub correlation: PackedCorrelation,
    /// Smallest eigenvalue before the repair; `None` when no repair was needed.
    pub smallest_eigenvalue: Option<f64>,
    /// Frobenius distance the repair moved the matrix.
    pub distance: f64,
}

/// Repairs a matrix when its smallest eigenvalue is below `-1e-10 N`; counts are kept.
pub fn repair(correlation: &PackedCorrelation) -> Result<Repaired, NearestError> {
    let matrix = correlation.to_matrix().ok_or(NearestError::MissingPair)?;
    if is_semidefinite(&matrix) {
        return Ok(Repaired { correlation: correlation.clone(), smallest_eigenvalue: None, distance: 0.0 });
    }
    let smallest_eigenvalue = linalg::symmetric_eigenvalues(&matrix)?.first().copied();
    let nearest = nearest_correlation(&matrix)?;
    let distance = frobenius(&(&nearest - &matrix));
    let packed = PackedCorrelation::from_matrix(&nearest, 0);
    let correlation = PackedCorrelation { counts: correlation.counts.clone(), ..packed };
    Ok(Repaired { correlation, smallest_eigenvalue, distance })
}

/// Whether no eigenvalue is below `-1e-10 N`: a Cholesky factor of the matrix shifted by that much tells at a tenth of
/// the price of the eigenvalues.
pub fn is_semidefinite(matrix: &Array2<f64>) -> bool {
    let mut shifted = matrix.clone();
    let shift = EIGENVALUE_TOLERANCE * matrix.nrows() as f64;
    shifted.diag_mut().mapv_inplace(|v| v + shift);
    matrix.is_empty() || linalg::cholesky(&shifted).is_some()
}

/// The nearest correlation matrix in the Frobenius norm.
pub fn nearest_correlation(matrix: &Array2<f64>) -> Result<Array2<f64>, NearestError> {
    let mut unit = matrix.clone();
    let mut semidefinite = matrix.clone();
    let mut correction = Array2::zeros(matrix.raw_dim());
    let mut change = f64::INFINITY;
    for _ in 0..MAX_STEPS {
        let shifted = &unit - &correction;
        let projected = project_semidefinite(&shifted)?;
        correction = &projected - &shifted;
        let mut next = projected.clone();
        next.diag_mut().fill(1.0);
        let norm = frobenius(&next);
        change = (frobenius(&(&projected - &semidefinite)))
            .max(frobenius(&(&next - &unit)))
            .max(frobenius(&(&next - &projected)))
            / norm;
        (semidefinite, unit) = (projected, next);
        if change <= CONVERGENCE_TOLERANCE {
            return Ok(unit_diagonal(&semidefinite));
        }
    }
    Err(NearestError::NotConverged { steps: MAX_STEPS, change })
}

/// The nearest positive semidefinite matrix.
fn project_semidefinite(matrix: &Array2<f64>) -> Result<Array2<f64>, LinalgError> {
    let (values, vectors) = linalg::symmetric_eigen(matrix)?;
    let negative = values.iter().take_while(|v| **v < 0.0).count();
    let kept = vectors.slice(s![.., negative..]);
    let roots: Array1<f64> = values.slice(s![negative..]).mapv(f64::sqrt);
    let scaled = &kept * &roots.insert_axis(Axis(0));
    Ok(linalg::product(scaled.view(), scaled.t()))
}

/// Congruence to an exact unit diagonal: unlike overwriting the diagonal it cannot create a negative eigenvalue.
fn unit_diagonal(matrix: &Array2<f64>) -> Array2<f64> {
    let scale = matrix.diag().mapv(f64::sqrt);
    Array2::from_shape_fn(matrix.raw_dim(), |(i, j)| match i == j {
        true => 1.0,
        false => (matrix[[i, j]] / (scale[i] * scale[j])).clamp(-1.0, 1.0),
    })
}

fn frobenius(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|v| v * v).sum::<f64>().sqrt()
}
