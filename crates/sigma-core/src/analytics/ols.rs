//! Ordinary least squares with an intercept, by centring, column scaling and QR.
//!
//! # Formula
//! `y = a + X b + e`, `b = D^-1 R^-1 Q'(y - mean(y))` with `X - mean(X) = (Q R) D`, `D` the column norms;
//! `a = mean(y) - mean(X) b`; `s^2 = e'e / (n - k - 1)`; `var(b) = s^2 D^-1 (R'R)^-1 D^-1`.
//!
//! # Symbols
//! `n` rows; `k` regressors without the constant; `X` n x k and `y` n in any units; `s` in units of `y`; t and p without
//! unit, p two-sided from Student's t with `n - k - 1` degrees of freedom. The condition number and the variance
//! inflation factors are those of the centred, unit-length columns, so neither offset nor unit matters to them.
//!
//! # Assumptions
//! Rows are complete (listwise deletion is the caller's). Errors are homoscedastic and uncorrelated for the statistics.
//!
//! # Degenerate cases
//! Fewer than `k + 2` rows, a constant response, linearly dependent regressors (a constant one among them) and
//! non-finite input are errors that name themselves. A fit that leaves `s^2 <= 1e-16 var(y)` is exact: its
//! coefficients stand, its statistics would be rounding noise and do not exist.
//!
//! # References
//! Golub and Van Loan (2013), *Matrix Computations*, 4th ed., section 5.3. Belsley, Kuh and Welsch (1980), *Regression
//! Diagnostics*. Giraud, Langou and Rozloznik (2005), "The loss of orthogonality in the Gram-Schmidt process".
//!
//! # Verified by
//! 50-digit solutions and statsmodels over 18 kinds of hostile data (`tests/statistics`); residuals orthogonal to
//! the regressors (property).

use ndarray::{Array1, Array2};
use statrs::function::beta::beta_reg;

use super::accurate_sums::{Compensated, Mean, centre, is_constant, norm, sum_squares};
use super::linalg::{self, LinalgError};

/// Condition number of the centred, unit-length columns from which on the columns count as dependent: coefficients
/// would keep fewer than six digits.
pub const RANK_CONDITION_LIMIT: f64 = 1e10;

/// Residual variance relative to the response's at which a fit counts as exact.
pub const EXACT_FIT_RATIO: f64 = 1e-16;

/// Why a regression has no numbers.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OlsError {
    #[error("{rows} rows, {needed} needed")]
    TooFewRows { rows: usize, needed: usize },
    #[error("regressors are linearly dependent (condition number {condition_number:e})")]
    RankDeficient { condition_number: f64 },
    #[error("the response never moves")]
    ConstantResponse,
    #[error("column {column} has {rows} rows, {expected} expected")]
    LengthMismatch { column: usize, rows: usize, expected: usize },
    #[error("the input holds a value that is not finite, or whose square is not")]
    NonFinite,
    #[error(transparent)]
    Linalg(#[from] LinalgError),
}

/// Factorised regressors, shared by every response observed on the same rows.
#[derive(Debug, Clone)]
pub struct Design {
    /// Observations n.
    pub rows: usize,
    /// Regressors k, without the constant.
    pub regressors: usize,
    /// Largest over smallest singular value of the centred, unit-length columns.
    pub condition_number: f64,
    /// Variance inflation factor per regressor.
    pub vif: Vec<f64>,
    means: Vec<Mean>,
    /// Column norms after centring.
    norms: Vec<f64>,
    /// n x k, orthonormal columns.
    q: Array2<f64>,
    /// k x k triangular factor of the unit-length columns.
    r: Array2<f64>,
    /// Variance of the intercept and the slopes per unit of residual variance.
    variance_factors: Vec<f64>,
}

/// A response projected on a design, before any choice of estimator.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Coordinates on the orthonormal basis, length k.
    pub coordinates: Vec<f64>,
    /// Least-squares residuals, length n.
    pub residuals: Vec<f64>,
    /// Sum of squared residuals.
    pub residual_sum_squares: f64,
    /// Sum of squares of the centred response.
    pub total_sum_squares: f64,
    mean: Mean,
}

/// One coefficient with its statistics; these are `None` in an exact fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// Units of the response per unit of the regressor.
    pub value: f64,
    pub std_error: Option<f64>,
    pub t_value: Option<f64>,
    /// Two-sided, Student t.
    pub p_value: Option<f64>,
}

/// Result of a regression.
#[derive(Debug, Clone, PartialEq)]
pub struct OlsFit {
    /// The constant first, then the regressors in order.
    pub coefficients: Vec<Coefficient>,
    pub r_squared: f64,
    pub adj_r_squared: f64,
    pub observations: usize,
    /// Square root of the residual variance, in units of the response.
    pub residual_sd: f64,
    /// That of the design.
    pub condition_number: f64,
    /// Variance inflation factor per regressor.
    pub vif: Vec<f64>,
    /// Length n.
    pub residuals: Vec<f64>,
    /// No residual is left: statistics are `None`.
    pub exact: bool,
}

/// Least squares of `y` on `columns` and a constant.
pub fn ols(y: &[f64], columns: &[&[f64]]) -> Result<OlsFit, OlsError> {
    check_response(y, y.len())?;
    if let Some((column, c)) = columns.iter().enumerate().find(|(_, c)| c.len() != y.len()) {
        return Err(OlsError::LengthMismatch { column, rows: c.len(), expected: y.len() });
    }
    Design::new(columns)?.fit(y)
}

impl Design {
    /// Centres, scales and factorises the regressors.
    pub fn new(columns: &[&[f64]]) -> Result<Design, OlsError> {
        let (k, n) = (columns.len(), columns.first().map_or(0, |c| c.len()));
        check_columns(columns, n)?;
        let mut scaled = Array2::zeros((n, k));
        let (mut means, mut norms) = (Vec::with_capacity(k), Vec::with_capacity(k));
        for (j, column) in columns.iter().enumerate() {
            let (mean, centred) = centre(column);
            let norm = norm(&centred);
            for (t, d) in centred.iter().enumerate() {
                scaled[[t, j]] = d / norm;
            }
            means.push(mean);
            norms.push(norm);
        }
        let (q, r) = linalg::qr(&scaled)?;
        let singular = linalg::singular_values(&r)?;
        let condition_number = singular[0] / singular[k - 1];
        // Written so that a NaN counts as deficient too.
        if !condition_number.is_finite() || condition_number > RANK_CONDITION_LIMIT {
            return Err(OlsError::RankDeficient { condition_number });
        }
        let inverse = linalg::invert_upper(&r);
        let vif: Vec<f64> = inverse.rows().into_iter().map(|row| row.dot(&row)).collect();
        let variance_factors = variance_factors(n, &inverse, &vif, &means, &norms);
        Ok(Design { rows: n, regressors: k, condition_number, vif, means, norms, q, r, variance_factors })
    }

    /// Degrees of freedom of the residual.
    pub fn residual_dof(&self) -> f64 {
        (self.rows - self.regressors - 1) as f64
    }

    /// Triangular factor of the centred columns in their own units: `X - mean(X) = Q R`.
    pub fn triangular_factor(&self) -> Array2<f64> {
        &self.r * &Array1::from(self.norms.clone())
    }

    /// Means of the regressors.
    pub fn column_means(&self) -> Vec<f64> {
        self.means.iter().map(|m| m.value + m.correction).collect()
    }

    /// Projects a response; the second pass restores the orthogonality that rounding took.
    pub fn project(&self, y: &[f64]) -> Result<Projection, OlsError> {
        check_response(y, self.rows)?;
        let projection = self.project_remainder(y)?;
        match projection.total_sum_squares.is_normal() {
            true => Ok(projection),
            false => Err(OlsError::NonFinite),
        }
    }

    /// Projects what a known term leaves of a response. That may be constant, zero even: then the term was all there is.
    pub fn project_remainder(&self, y: &[f64]) -> Result<Projection, OlsError> {
        check_values(y, self.rows)?;
        linalg::pin_blas_threads();
        let (mean, centred) = centre(y);
        let total_sum_squares = sum_squares(&centred);
        if !total_sum_squares.is_finite() {
            return Err(OlsError::NonFinite);
        }
        let mut residual = Array1::from(centred);
        let mut coordinates = Array1::zeros(self.regressors);
        for _ in 0..2 {
            let step = self.q.t().dot(&residual);
            residual -= &self.q.dot(&step);
            coordinates += &step;
        }
        let residuals = residual.to_vec();
        let residual_sum_squares = sum_squares(&residuals);
        Ok(Projection {
            coordinates: coordinates.to_vec(),
            residuals,
            residual_sum_squares,
            total_sum_squares,
            mean,
        })
    }

    /// Least-squares slopes of a projection.
    pub fn slopes(&self, projection: &Projection) -> Vec<f64> {
        let scaled = linalg::solve_upper(&self.r, &projection.coordinates);
        scaled.iter().zip(&self.norms).map(|(z, norm)| z / norm).collect()
    }

    /// The constant that goes with slopes.
    pub fn intercept(&self, projection: &Projection, slopes: &[f64]) -> f64 {
        let mut sum = Compensated::new(projection.mean.value);
        for (slope, mean) in slopes.iter().zip(&self.means) {
            sum.add_product(-slope, mean.value);
            sum.add(-slope * mean.correction);
        }
        sum.add(projection.mean.correction);
        sum.total()
    }

    /// Variances of the least-squares constant and slopes per unit of residual variance.
    pub fn variance_factors(&self) -> &[f64] {
        &self.variance_factors
    }

    /// Least squares of `y` on the factorised regressors.
    pub fn fit(&self, y: &[f64]) -> Result<OlsFit, OlsError> {
        let projection = self.project(y)?;
        let slopes = self.slopes(&projection);
        let constant = self.intercept(&projection, &slopes);
        let dof = self.residual_dof();
        let s2 = projection.residual_sum_squares / dof;
        let tss = projection.total_sum_squares;
        let exact = projection.is_exact(dof);
        let coefficients = std::iter::once(constant)
            .chain(slopes)
            .zip(&self.variance_factors)
            .map(|(value, factor)| match exact {
                true => Coefficient::exact(value),
                false => Coefficient::estimated(value, (s2 * factor).sqrt(), dof),
            })
            .collect();
        Ok(OlsFit {
            coefficients,
            r_squared: 1.0 - projection.residual_sum_squares / tss,
            adj_r_squared: 1.0 - s2 / (tss / (self.rows as f64 - 1.0)),
            observations: self.rows,
            residual_sd: s2.sqrt(),
            condition_number: self.condition_number,
            vif: self.vif.clone(),
            residuals: projection.residuals,
            exact,
        })
    }
}

impl Projection {
    /// Whether nothing but rounding is left of the response.
    pub fn is_exact(&self, residual_dof: f64) -> bool {
        let variance = self.total_sum_squares / (self.residuals.len() as f64 - 1.0);
        self.residual_sum_squares / residual_dof <= EXACT_FIT_RATIO * variance
    }
}

impl Coefficient {
    /// A coefficient without sampling error.
    pub fn exact(value: f64) -> Coefficient {
        Coefficient { value, std_error: None, t_value: None, p_value: None }
    }

    /// A coefficient with its standard error and the test of zero.
    pub fn estimated(value: f64, std_error: f64, dof: f64) -> Coefficient {
        let t = value / std_error;
        Coefficient {
            value,
            std_error: Some(std_error),
            t_value: Some(t),
            p_value: Some(two_sided_p_value(t, dof)),
        }
    }
}

/// Probability that Student's t with `dof` degrees of freedom exceeds `|t|` in absolute value. The incomplete beta
/// function gives the tail itself, so small values keep their relative digits.
pub fn two_sided_p_value(t: f64, dof: f64) -> f64 {
    let t2 = t * t;
    if t2.is_infinite() { 0.0 } else { beta_reg(dof / 2.0, 0.5, dof / (dof + t2)) }
}

fn check_columns(columns: &[&[f64]], n: usize) -> Result<(), OlsError> {
    let needed = columns.len() + 2;
    if columns.is_empty() || n < needed {
        return Err(OlsError::TooFewRows { rows: n, needed });
    }
    for (column, values) in columns.iter().enumerate() {
        if values.len() != n {
            return Err(OlsError::LengthMismatch { column, rows: values.len(), expected: n });
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(OlsError::NonFinite);
        }
        if is_constant(values) {
            return Err(OlsError::RankDeficient { condition_number: f64::INFINITY });
        }
    }
    Ok(())
}

fn check_values(y: &[f64], rows: usize) -> Result<(), OlsError> {
    if y.len() != rows {
        return Err(OlsError::LengthMismatch { column: 0, rows: y.len(), expected: rows });
    }
    match y.iter().all(|v| v.is_finite()) {
        true => Ok(()),
        false => Err(OlsError::NonFinite),
    }
}

fn check_response(y: &[f64], rows: usize) -> Result<(), OlsError> {
    check_values(y, rows)?;
    // With a row or two "constant" would hide the true reason.
    if y.len() > 2 && is_constant(y) {
        return Err(OlsError::ConstantResponse);
    }
    Ok(())
}

/// `1/n + m' (X'X)^-1 m` for the constant, `diag (X'X)^-1` for the slopes, in the columns' own units.
fn variance_factors(n: usize, inverse: &Array2<f64>, vif: &[f64], means: &[Mean], norms: &[f64]) -> Vec<f64> {
    let scaled_means: Array1<f64> =
        means.iter().zip(norms).map(|(m, norm)| (m.value + m.correction) / norm).collect();
    let leverage = inverse.t().dot(&scaled_means);
    std::iter::once(1.0 / n as f64 + leverage.dot(&leverage))
        .chain(vif.iter().zip(norms).map(|(v, norm)| v / (norm * norm)))
        .collect()
}
