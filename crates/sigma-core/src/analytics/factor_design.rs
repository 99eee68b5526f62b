//! The regressors of the factor model, factorised once for all instruments with a complete history.
//!
//! # Formula
//! Minimise `|y - a - X1 b - X2 c|^2 + lambda |c|^2` with unpenalised `X1` (market, rates) and style tilts `X2`.
//! With centred `[X1 X2] = Q R` and `R22 = U S V'`: `c = V diag(s / (s^2 + lambda)) U' q2`,
//! `b = R11^-1 (q1 - R12 c)`, where `q = Q'y`. Unit variances are the diagonal of `(X'X + lambda P)^-1`.
//!
//! # Symbols
//! `y` n simple returns per session; `X1` n x k1, `X2` n x k2 returns per session (rates: decimal change of a yield);
//! `lambda` in squared returns; effective degrees of freedom `1 + k1 + sum s^2 / (s^2 + lambda)`.
//!
//! # Assumptions
//! The decomposition is that of the augmented least-squares problem `[X; sqrt(lambda) P]`: it never forms `X'X`. One
//! factorisation serves every `y` and every `lambda`: a response costs O(n k), a change of `lambda` O(k^2).
//!
//! # Degenerate cases
//! `lambda = 0` is ordinary least squares. Dependent columns are refused by the least-squares design underneath.
//!
//! # References
//! Hoerl and Kennard (1970), "Ridge regression". Golub, Heath and Wahba (1979), "Generalized cross-validation as a
//! method for choosing a good ridge parameter". Hastie, Tibshirani and Friedman (2009), section 3.4.
//!
//! # Verified by
//! Augmented least squares solved independently; `lambda = 0` against plain least squares; slopes minimise the
//! objective (tests/statistics/factor_fit.rs).

use ndarray::{Array1, Array2, Axis, concatenate, s};

use super::linalg::{self, Svd};
use super::ols::{Design, OlsError, Projection};

/// A design whose trailing columns can be shrunk.
#[derive(Debug, Clone)]
pub struct PenalisedDesign {
    pub design: Design,
    /// Number of leading, unpenalised columns.
    unpenalised: usize,
    ridge: Option<Ridge>,
}

/// Decomposition of the penalised block.
#[derive(Debug, Clone)]
struct Ridge {
    /// U, S, V' of R22.
    svd: Svd,
    /// R11.
    leading: Array2<f64>,
    /// R12.
    coupling: Array2<f64>,
    /// Variance of constant and slopes that no penalty reduces, length 1 + k.
    fixed_variance: Vec<f64>,
    /// Squared loads of constant and slopes on the tilts' principal directions, (1 + k) x k2: a direction of singular
    /// value s adds `load / (s^2 + lambda)`.
    loads: Array2<f64>,
}

/// Slopes for one penalty.
#[derive(Debug, Clone, PartialEq)]
pub struct PenalisedSolution {
    pub lambda: f64,
    pub intercept: f64,
    /// In column order.
    pub slopes: Vec<f64>,
    pub residual_sum_squares: f64,
    /// Parameters in effect, the constant counted.
    pub effective_parameters: f64,
    /// Variance per unit of residual variance: the constant, then the slopes.
    pub variance_factors: Vec<f64>,
}

impl PenalisedDesign {
    /// Factorises columns of which the first `unpenalised` are never shrunk.
    pub fn new(columns: &[&[f64]], unpenalised: usize) -> Result<PenalisedDesign, OlsError> {
        let design = Design::new(columns)?;
        let ridge = match unpenalised < columns.len() {
            true => Some(Ridge::new(&design, unpenalised)?),
            false => None,
        };
        Ok(PenalisedDesign { design, unpenalised, ridge })
    }

    /// Ordinary least squares.
    pub fn least_squares(&self, projection: &Projection) -> PenalisedSolution {
        let slopes = self.design.slopes(projection);
        PenalisedSolution {
            lambda: 0.0,
            intercept: self.design.intercept(projection, &slopes),
            slopes,
            residual_sum_squares: projection.residual_sum_squares,
            effective_parameters: (self.design.regressors + 1) as f64,
            variance_factors: self.design.variance_factors().to_vec(),
        }
    }

    /// The minimiser for a penalty; without tilts or penalty, least squares.
    pub fn solve(&self, projection: &Projection, lambda: f64) -> PenalisedSolution {
        let Some(ridge) = self.ridge.as_ref().filter(|_| lambda > 0.0) else {
            return self.least_squares(projection);
        };
        let k1 = self.unpenalised;
        let turned = ridge.turned(projection, k1);
        let shrunk: Array1<f64> =
            ridge.svd.values.iter().zip(&turned).map(|(s, u)| u * s / (s * s + lambda)).collect();
        let tilts = ridge.svd.v_transposed.t().dot(&shrunk);
        let explained = ridge.coupling.dot(&tilts);
        let rest: Vec<f64> = projection.coordinates[..k1].iter().zip(explained).map(|(q, e)| q - e).collect();
        let mut slopes = linalg::solve_upper(&ridge.leading, &rest);
        slopes.extend(tilts);
        PenalisedSolution {
            lambda,
            intercept: self.design.intercept(projection, &slopes),
            slopes,
            residual_sum_squares: projection.residual_sum_squares + ridge.misfit(&turned, lambda),
            effective_parameters: 1.0 + k1 as f64 + ridge.kept(lambda),
            variance_factors: ridge.variance_factors(lambda),
        }
    }

    /// The penalty that minimises the generalised cross-validation score `RSS / (n - p)^2`. Where tilts do not pay at
    /// all it runs to the end of the grid, a million times the largest squared singular value: tilts of nearly zero.
    pub fn gcv_lambda(&self, projection: &Projection) -> f64 {
        let Some(ridge) = &self.ridge else { return 0.0 };
        let turned = ridge.turned(projection, self.unpenalised);
        let score = |lambda: f64| {
            let free = self.design.rows as f64 - 1.0 - self.unpenalised as f64 - ridge.kept(lambda);
            (projection.residual_sum_squares + ridge.misfit(&turned, lambda)) / (free * free)
        };
        let scale = ridge.svd.values[0] * ridge.svd.values[0];
        let at = |step: f64| scale * 10.0_f64.powf(step / 10.0);
        let (low, high) = (-100.0, 60.0);
        let best = (0..=160)
            .map(|i| low + i as f64)
            .min_by(|a, b| score(at(*a)).total_cmp(&score(at(*b))))
            .unwrap_or(high);
        let refined = at(golden_section(|step| score(at(step)), best - 1.0, best + 1.0));
        if score(0.0) <= score(refined) { 0.0 } else { refined }
    }
}

impl Ridge {
    fn new(design: &Design, k1: usize) -> Result<Ridge, OlsError> {
        let r = design.triangular_factor();
        let svd = linalg::svd(&r.slice(s![k1.., k1..]).to_owned())?;
        let leading = r.slice(s![..k1, ..k1]).to_owned();
        let coupling = r.slice(s![..k1, k1..]).to_owned();
        let inverse = linalg::invert_upper(&leading);
        // Slopes move by -W per unit of tilt; constant by -(means).
        let w = inverse.dot(&coupling);
        let means = Array1::from(design.column_means());
        let (m1, m2) = (means.slice(s![..k1]), means.slice(s![k1..]));
        let v = svd.v_transposed.t();
        let constant = (&m2 - &w.t().dot(&m1)).dot(&v).insert_axis(Axis(0));
        let loads = concatenate![Axis(0), constant, w.dot(&v), v].mapv(|x| x * x);
        let leverage = inverse.t().dot(&m1);
        let mut fixed_variance = vec![1.0 / design.rows as f64 + leverage.dot(&leverage)];
        fixed_variance.extend(inverse.rows().into_iter().map(|row| row.dot(&row)));
        fixed_variance.resize(1 + design.regressors, 0.0);
        Ok(Ridge { svd, leading, coupling, fixed_variance, loads })
    }

    /// The response's coordinates on the tilts' left singular vectors.
    fn turned(&self, projection: &Projection, k1: usize) -> Array1<f64> {
        self.svd.u.t().dot(&Array1::from(projection.coordinates[k1..].to_vec()))
    }

    /// Sum of squares that the penalty gives up.
    fn misfit(&self, turned: &Array1<f64>, lambda: f64) -> f64 {
        self.svd.values.iter().zip(turned).map(|(s, u)| (u * lambda / (s * s + lambda)).powi(2)).sum()
    }

    /// Tilts that remain in effect.
    fn kept(&self, lambda: f64) -> f64 {
        self.svd.values.iter().map(|s| s * s / (s * s + lambda)).sum()
    }

    fn variance_factors(&self, lambda: f64) -> Vec<f64> {
        let weights: Array1<f64> = self.svd.values.iter().map(|s| 1.0 / (s * s + lambda)).collect();
        self.fixed_variance.iter().zip(self.loads.dot(&weights)).map(|(fixed, load)| fixed + load).collect()
    }
}

/// Minimum of a function with one valley in `[low, high]`.
fn golden_section(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..40 {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if f(left) < f(right) { high = right } else { low = left }
    }
    (low + high) / 2.0
}
