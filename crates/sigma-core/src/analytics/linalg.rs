//! Dense linear algebra over LAPACK, pinned to one thread.
//!
//! # Formula
//! QR `A = Q R`, singular values `A = U S V'`, symmetric eigenvalues `A = V diag(w) V'`, Cholesky `A = L L'`.
//!
//! # Assumptions
//! Matrices are dense, finite and fit in memory. OpenBLAS threads make eight-column problems hundreds of times slower, so
//! the library is pinned to one thread before the first call; parallelism belongs to the callers, over symbols.
//!
//! # Degenerate cases
//! A matrix that is not positive definite has no Cholesky factor: `None`, an answer rather than a failure.
//!
//! # References
//! Anderson et al. (1999), *LAPACK Users' Guide*, 3rd ed.
//!
//! # Verified by
//! Reconstruction of the input from its factors, below, and every golden table of the modules built on this one.

use std::ffi::c_int;
use std::sync::Once;

use ndarray::{Array1, Array2, ArrayView2};
use ndarray_linalg::{Cholesky, EigValsh, Eigh, QR, SVD, UPLO};

unsafe extern "C" {
    fn openblas_set_num_threads(threads: c_int);
}

static PIN: Once = Once::new();

/// LAPACK reported a failure (an iteration that did not converge, or an illegal argument).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{operation} failed: {message}")]
pub struct LinalgError {
    pub operation: &'static str,
    pub message: String,
}

/// Thin singular value decomposition, values descending.
#[derive(Debug, Clone)]
pub struct Svd {
    pub u: Array2<f64>,
    pub values: Array1<f64>,
    pub v_transposed: Array2<f64>,
}

/// Pins OpenBLAS to one thread, once per process.
pub fn pin_blas_threads() {
    // SAFETY: the function takes an int by value, touches only OpenBLAS's own state, and `Once` keeps callers apart.
    PIN.call_once(|| unsafe { openblas_set_num_threads(1) });
}

/// Thin QR of a matrix with at least as many rows as columns.
pub fn qr(a: &Array2<f64>) -> Result<(Array2<f64>, Array2<f64>), LinalgError> {
    pin_blas_threads();
    a.qr().map_err(|e| failure("QR factorisation", e))
}

/// Singular value decomposition of a square matrix.
pub fn svd(a: &Array2<f64>) -> Result<Svd, LinalgError> {
    pin_blas_threads();
    let fail =
        |message: &str| LinalgError { operation: "singular value decomposition", message: message.into() };
    let (u, values, v_transposed) =
        a.svd(true, true).map_err(|e| failure("singular value decomposition", e))?;
    let u = u.ok_or_else(|| fail("no left vectors"))?;
    let v_transposed = v_transposed.ok_or_else(|| fail("no right vectors"))?;
    Ok(Svd { u, values, v_transposed })
}

/// Singular values, descending.
pub fn singular_values(a: &Array2<f64>) -> Result<Array1<f64>, LinalgError> {
    pin_blas_threads();
    a.svd(false, false).map(|(_, s, _)| s).map_err(|e| failure("singular values", e))
}

/// Eigenvalues, ascending, and eigenvectors in columns, of a symmetric matrix.
pub fn symmetric_eigen(a: &Array2<f64>) -> Result<(Array1<f64>, Array2<f64>), LinalgError> {
    pin_blas_threads();
    a.eigh(UPLO::Lower).map_err(|e| failure("symmetric eigenvalues", e))
}

/// Eigenvalues of a symmetric matrix, ascending.
pub fn symmetric_eigenvalues(a: &Array2<f64>) -> Result<Array1<f64>, LinalgError> {
    pin_blas_threads();
    a.eigvalsh(UPLO::Lower).map_err(|e| failure("symmetric eigenvalues", e))
}

/// Lower Cholesky factor, or `None` when the matrix is not positive definite.
pub fn cholesky(a: &Array2<f64>) -> Option<Array2<f64>> {
    pin_blas_threads();
    a.cholesky(UPLO::Lower).ok()
}

/// Matrix product.
pub fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    pin_blas_threads();
    a.dot(&b)
}

/// Solves `R x = b` for upper-triangular `R`.
pub fn solve_upper(r: &Array2<f64>, b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    for i in (0..x.len()).rev() {
        let known: f64 = (i + 1..x.len()).map(|j| r[[i, j]] * x[j]).sum();
        x[i] = (x[i] - known) / r[[i, i]];
    }
    x
}

/// Solves `L x = b` for lower-triangular `L`.
pub fn solve_lower(l: &Array2<f64>, b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    for i in 0..x.len() {
        let known: f64 = (0..i).map(|j| l[[i, j]] * x[j]).sum();
        x[i] = (x[i] - known) / l[[i, i]];
    }
    x
}

/// Inverse of an upper-triangular matrix.
pub fn invert_upper(r: &Array2<f64>) -> Array2<f64> {
    let k = r.nrows();
    let mut inverse = Array2::zeros((k, k));
    for j in 0..k {
        let mut unit = vec![0.0; k];
        unit[j] = 1.0;
        inverse.column_mut(j).assign(&Array1::from(solve_upper(r, &unit)));
    }
    inverse
}

fn failure(operation: &'static str, error: ndarray_linalg::error::LinalgError) -> LinalgError {
    LinalgError { operation, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn close(a: &Array2<f64>, b: &Array2<f64>) -> bool {
        a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-13)
    }

    #[test]
    fn factors_rebuild_their_matrix() {
        let a = array![[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]];
        let (q, r) = qr(&a).unwrap();
        assert!(close(&q.dot(&r), &a));
        let (w, v) = symmetric_eigen(&a).unwrap();
        assert!(close(&v.dot(&Array2::from_diag(&w)).dot(&v.t()), &a));
        assert!(w[0] <= w[1] && w[1] <= w[2]);
        let l = cholesky(&a).unwrap();
        assert!(close(&l.dot(&l.t()), &a));
        let s = svd(&a).unwrap();
        assert!(close(&s.u.dot(&Array2::from_diag(&s.values)).dot(&s.v_transposed), &a));
        assert!(close(&invert_upper(&r).dot(&r), &Array2::eye(3)));
    }

    #[test]
    fn an_indefinite_matrix_has_no_cholesky_factor() {
        assert!(cholesky(&array![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }
}
