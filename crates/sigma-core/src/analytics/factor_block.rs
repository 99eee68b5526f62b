//! One regression of an instrument on a set of factor columns, with its statuses and statistics.
//!
//! # Formula
//! `s^2 = RSS_ols / (n - k - 1)`; prior: `lambda = s^2 / tau^2`; standard errors
//! `sqrt(s^2 diag[(X'X + lambda P)^-1])`; `R2 = 1 - RSS / TSS`, adjusted by `n - p` with `p` the effective parameters.
//! Known duration D: the response is `r + D dy`, the loading on `dy` is `-D`, and R2 still refers to `r`.
//!
//! # Symbols
//! `r` n returns per session; `dy` decimal yield changes; D in years; `tau` scale of a tilt, per unit of market.
//!
//! # Assumptions
//! Rows where every factor is present, less those where the instrument is not (listwise). Instruments that share the
//! rows share one factorisation; one with gaps pays for its own.
//!
//! # Degenerate cases
//! Too few rows, a constant series, dependent factors and values that are not finite give a status and no numbers. With
//! `s^2 <= 1e-16 var(r)` the prior has nothing to weigh: `lambda = 0`, status exact, no statistics.
//!
//! # References
//! Lindley and Smith (1972), "Bayes estimates for the linear model". Hastie, Tibshirani and Friedman (2009), section 3.4.
//!
//! # Verified by
//! tests/statistics/factor_fit.rs: augmented least squares, recovered betas, exact fits.

use super::factor_design::{PenalisedDesign, PenalisedSolution};
use super::ols::{Coefficient, EXACT_FIT_RATIO, OlsError};
use crate::model::{FactorFit, FactorLoading, FitStatus};

/// Share of the window from which on a history counts as full.
pub const FULL_HISTORY_SHARE: f64 = 0.8;

/// How tilts are shrunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shrinkage {
    None,
    /// Prior of mean zero and this scale.
    Prior {
        tau: f64,
    },
    /// Generalised cross-validation.
    Gcv,
}

/// Limits on the number of observations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryLimits {
    pub window: usize,
    pub min_observations: usize,
}

/// Regressors on the rows where all of them exist.
#[derive(Debug, Clone)]
pub(super) struct FactorBlock {
    /// Names by regressor; unpenalised ones first.
    pub names: Vec<String>,
    pub unpenalised: usize,
    /// Positions of the rows in the full series.
    pub rows: Vec<usize>,
    /// By regressor, over `rows`.
    pub columns: Vec<Vec<f64>>,
    /// Yield changes over `rows`, when the block is for instruments of known duration.
    pub yield_changes: Option<(String, Vec<f64>)>,
    pub factorised: Result<PenalisedDesign, OlsError>,
    pub shrinkage: Shrinkage,
    pub limits: HistoryLimits,
}

/// The observations of one instrument on a block's rows.
struct Observed {
    /// Positions within the block's rows.
    picked: Vec<usize>,
    returns: Vec<f64>,
}

impl FactorBlock {
    /// Regresses one instrument; `duration_years` only counts in a block with yield changes.
    pub fn fit(&self, returns: &[Option<f64>], duration_years: Option<f64>) -> FactorFit {
        let observed = self.observe(returns);
        let n = observed.returns.len();
        if n < self.limits.min_observations.max(self.names.len() + 2) {
            return FactorFit::without_numbers(FitStatus::InsufficientHistory, n);
        }
        if observed.returns.iter().any(|r| !r.is_finite()) || duration_years.is_some_and(|d| !d.is_finite()) {
            return FactorFit::without_numbers(FitStatus::InvalidInput, n);
        }
        if never_moves(&observed.returns) {
            return FactorFit::without_numbers(FitStatus::ConstantSeries, n);
        }
        let result = if n == self.rows.len() {
            self.factorised
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|d| self.estimate(d, &observed, duration_years))
        } else {
            self.refactorise(&observed.picked).and_then(|d| self.estimate(&d, &observed, duration_years))
        };
        result.unwrap_or_else(|error| FactorFit::without_numbers(status_of(&error), n))
    }

    fn observe(&self, returns: &[Option<f64>]) -> Observed {
        let (picked, returns) = (self.rows.iter().enumerate())
            .filter_map(|(at, row)| returns.get(*row).copied().flatten().map(|r| (at, r)))
            .unzip();
        Observed { picked, returns }
    }

    /// The design on the rows that an instrument with gaps has.
    fn refactorise(&self, picked: &[usize]) -> Result<PenalisedDesign, OlsError> {
        let columns: Vec<Vec<f64>> =
            self.columns.iter().map(|c| picked.iter().map(|at| c[*at]).collect()).collect();
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        PenalisedDesign::new(&slices, self.unpenalised)
    }

    fn estimate(
        &self,
        design: &PenalisedDesign,
        observed: &Observed,
        duration_years: Option<f64>,
    ) -> Result<FactorFit, OlsError> {
        let known = duration_years.zip(self.yield_changes.as_ref());
        let adjusted = known.map(|(duration, (_, changes))| {
            let terms = observed.returns.iter().zip(&observed.picked);
            terms.map(|(r, at)| r + duration * changes[*at]).collect::<Vec<f64>>()
        });
        // Without its rate term a bond fund may be left with nothing that moves.
        let projection = match &adjusted {
            Some(remainder) => design.design.project_remainder(remainder),
            None => design.design.project(&observed.returns),
        }?;
        let n = observed.returns.len() as f64;
        let total_sum_squares = match adjusted {
            Some(_) => sum_squared_deviations(&observed.returns),
            None => projection.total_sum_squares,
        };
        let s2 = projection.residual_sum_squares / design.design.residual_dof();
        let exact = s2 <= EXACT_FIT_RATIO * total_sum_squares / (n - 1.0);
        let solution = match self.shrinkage {
            Shrinkage::Prior { tau } if !exact => design.solve(&projection, s2 / (tau * tau)),
            Shrinkage::Gcv if !exact => design.solve(&projection, design.gcv_lambda(&projection)),
            _ => design.least_squares(&projection),
        };
        let dof = design.design.residual_dof();
        let coefficients = coefficients(&solution, (!exact).then_some((s2, dof)));
        let mut fit = self.summary(design, &solution, &coefficients, total_sum_squares, exact);
        if let Some((duration, (name, _))) = known {
            fit.loadings.push(known_loading(name, -duration));
            fit.flags.push(DURATION_FLAG.to_owned());
        }
        Ok(fit)
    }

    fn summary(
        &self,
        design: &PenalisedDesign,
        solution: &PenalisedSolution,
        coefficients: &[Coefficient],
        total_sum_squares: f64,
        exact: bool,
    ) -> FactorFit {
        let n = design.design.rows as f64;
        let residual_variance = solution.residual_sum_squares / (n - solution.effective_parameters);
        let full = n >= FULL_HISTORY_SHARE * self.limits.window as f64;
        let alpha = coefficients[0];
        FactorFit {
            status: match (exact, full) {
                (true, _) => FitStatus::Exact,
                (false, true) => FitStatus::Ok,
                (false, false) => FitStatus::LimitedHistory,
            },
            alpha_per_day: Some(alpha.value),
            alpha_std_error: alpha.std_error,
            alpha_t_value: alpha.t_value,
            alpha_p_value: alpha.p_value,
            r_squared: Some(1.0 - solution.residual_sum_squares / total_sum_squares),
            adj_r_squared: Some(1.0 - residual_variance / (total_sum_squares / (n - 1.0))),
            observations: design.design.rows,
            residual_vol_per_day: Some(residual_variance.sqrt()),
            condition_number: Some(design.design.condition_number),
            effective_parameters: Some(solution.effective_parameters),
            flags: Vec::new(),
            loadings: (self.names.iter().zip(&coefficients[1..]).zip(&design.design.vif))
                .map(|((name, c), vif)| loading(name, c, Some(*vif)))
                .collect(),
        }
    }
}

/// Flag of a fit whose rate loading is a stated duration.
pub const DURATION_FLAG: &str = "duration_from_security_master";

/// The constant and the slopes with their statistics from the residual variance and its degrees of freedom.
fn coefficients(solution: &PenalisedSolution, residual: Option<(f64, f64)>) -> Vec<Coefficient> {
    let values = std::iter::once(solution.intercept).chain(solution.slopes.iter().copied());
    values
        .zip(&solution.variance_factors)
        .map(|(value, factor)| match residual {
            Some((s2, dof)) => Coefficient::estimated(value, (s2 * factor).sqrt(), dof),
            None => Coefficient::exact(value),
        })
        .collect()
}

fn loading(name: &str, c: &Coefficient, vif: Option<f64>) -> FactorLoading {
    FactorLoading {
        factor: name.to_owned(),
        coefficient: c.value,
        std_error: c.std_error,
        t_value: c.t_value,
        p_value: c.p_value,
        vif,
    }
}

/// A loading that was not estimated.
pub(super) fn known_loading(name: &str, value: f64) -> FactorLoading {
    loading(name, &Coefficient::exact(value), None)
}

/// A return is a price ratio less one, so its rounding is that of one, however small it is.
fn never_moves(returns: &[f64]) -> bool {
    let low = returns.iter().copied().fold(f64::INFINITY, f64::min);
    let high = returns.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low <= 8.0 * f64::EPSILON * (1.0 + high.abs().max(low.abs()))
}

fn sum_squared_deviations(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|v| (v - mean) * (v - mean)).sum()
}

fn status_of(error: &OlsError) -> FitStatus {
    match error {
        OlsError::TooFewRows { .. } => FitStatus::InsufficientHistory,
        OlsError::RankDeficient { .. } => FitStatus::RankDeficient,
        OlsError::ConstantResponse => FitStatus::ConstantSeries,
        OlsError::LengthMismatch { .. } | OlsError::NonFinite | OlsError::Linalg(_) => {
            FitStatus::InvalidInput
        }
    }
}
