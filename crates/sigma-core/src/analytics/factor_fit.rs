//! Factor loadings of instruments: one joint regression each, on shared factor columns.
//!
//! # Formula
//! `r = alpha + beta_mkt r_mkt + sum_k gamma_k (r_k - r_mkt) + beta_rate dy + e`: the market loading is the whole market
//! sensitivity and each style a tilt against the market, so a market move is counted once. Tilts carry a prior of mean
//! zero and scale `tau` (see `factor_block` and `factor_design` for the estimator).
//!
//! # Symbols
//! `r` simple returns per session, T of them; `r_k` proxy returns; `dy` yield change in decimals; loadings without unit,
//! the rate loading per 1.00 of yield.
//!
//! # Assumptions
//! All series are aligned on the same sessions, `None` where missing, and end on the as-of date; the window is their
//! last sessions. Rows are deleted listwise.
//!
//! # Degenerate cases
//! Named by the fit's status, see `factor_block`. A session without a factor is left out for every instrument.
//!
//! # References
//! Sharpe (1992), "Asset allocation: management style and performance measurement". Vasicek (1973), "A note on using
//! cross-sectional information in Bayesian estimation of security betas".
//!
//! # Verified by
//! tests/statistics/factor_fit.rs: 50-digit solutions (raw and univariate models), augmented least squares (prior),
//! recovered betas, identity of the proxies.

use rayon::prelude::*;

use super::factor_block::{FactorBlock, HistoryLimits, Shrinkage, known_loading};
use super::factor_design::PenalisedDesign;
use super::stale_proxy::has_stale_closes;
use crate::model::{FactorDefinition, FactorFit, FactorKind, FitStatus};

/// Penalty on the tilts of the default model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Penalty {
    Prior,
    Gcv,
    None,
}

/// Which regression is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitModel {
    /// Market, tilts and rates together; tilts shrunk as the penalty says.
    Prior,
    /// The same without shrinkage.
    Ols,
    /// All factors together as raw returns, no spreads.
    OlsRaw,
    /// Each factor alone as a raw return: for display only, its loadings must never be added up.
    Univariate,
}

/// How loadings are estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitSpec {
    /// Sessions looked back on.
    pub window: usize,
    /// Observations below which there is no number.
    pub min_observations: usize,
    /// Scale of a tilt under the prior.
    pub tau: f64,
    /// Looked at by [`FitModel::Prior`] only.
    pub penalty: Penalty,
    pub model: FitModel,
}

impl Default for FitSpec {
    fn default() -> FitSpec {
        FitSpec {
            window: 252,
            min_observations: 60,
            tau: 0.5,
            penalty: Penalty::Prior,
            model: FitModel::Prior,
        }
    }
}

/// A factor's series: the proxy's own returns, or yield changes in decimals.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorSeries {
    pub name: String,
    pub kind: FactorKind,
    pub returns: Vec<Option<f64>>,
}

/// One instrument to regress.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitInput<'a> {
    /// Aligned with the factors' series.
    pub returns: &'a [Option<f64>],
    /// Stated by the security master: fixes the rate loading at minus this.
    pub duration_years: Option<f64>,
}

/// Why factors cannot be regressed on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FactorError {
    #[error("exactly one market factor is needed, {0} given")]
    MarketCount(usize),
    #[error("factor {factor} has {sessions} sessions, {expected} expected")]
    LengthMismatch { factor: String, sessions: usize, expected: usize },
    #[error("factor {0} holds a value that is not finite")]
    NonFinite(String),
    #[error("the prior scale of a tilt must be positive, {0} given")]
    Scale(f64),
}

/// Factor columns, prepared once for all instruments.
#[derive(Debug, Clone)]
pub struct FactorDesign {
    pub spec: FitSpec,
    /// Factors whose proxy shows stale closes within the window.
    pub stale_proxies: Vec<String>,
    names: Vec<String>,
    sessions: usize,
    blocks: Vec<FactorBlock>,
    known_duration: Option<FactorBlock>,
}

impl FactorDesign {
    /// Checks and factorises the factors; their order is the order of the loadings.
    pub fn new(factors: &[FactorSeries], spec: FitSpec) -> Result<FactorDesign, FactorError> {
        let market = check(factors, &spec)?;
        let sessions = market.returns.len();
        let start = sessions - sessions.min(spec.window);
        let regressors: Vec<Vec<Option<f64>>> =
            factors.iter().map(|f| regressor(f, market, spec.model == FitModel::OlsRaw)).collect();
        let every: Vec<usize> = (0..factors.len()).collect();
        let build = |members: &[usize], rates: Option<usize>| {
            block(factors, &regressors, members, rates, start, &spec)
        };
        let rates = factors.iter().position(|f| f.kind == FactorKind::Rates);
        let (blocks, known_duration) = match spec.model {
            FitModel::Univariate => (univariate_blocks(factors, start, &spec), None),
            _ => {
                let without = |at: usize| every.iter().copied().filter(|i| *i != at).collect::<Vec<_>>();
                (vec![build(&every, None)], rates.map(|at| build(&without(at), Some(at))))
            }
        };
        let stale =
            |i: &&usize| factors[**i].kind != FactorKind::Rates && is_stale(&regressors[**i][start..]);
        let stale_proxies = every.iter().filter(stale).map(|i| factors[*i].name.clone()).collect();
        let names = factors.iter().map(|f| f.name.clone()).collect();
        Ok(FactorDesign { spec, stale_proxies, names, sessions, blocks, known_duration })
    }

    /// Sessions of the window on which every factor has a value.
    pub fn common_sessions(&self) -> usize {
        self.blocks.iter().map(|b| b.rows.len()).min().unwrap_or(0)
    }
}

/// Regresses one instrument.
pub fn fit(design: &FactorDesign, input: &FitInput<'_>) -> FactorFit {
    if input.returns.len() != design.sessions {
        return FactorFit::without_numbers(FitStatus::InvalidInput, 0);
    }
    let mut fit = match (design.spec.model, &design.known_duration, input.duration_years) {
        (FitModel::Univariate, ..) => merge(fit_univariate(design, input)),
        (_, Some(block), Some(_)) => block.fit(input.returns, input.duration_years),
        _ => design.blocks[0].fit(input.returns, None),
    };
    let place = |name: &str| design.names.iter().position(|n| n == name);
    fit.loadings.sort_by_key(|loading| place(&loading.factor));
    fit.flags.extend(design.stale_proxies.iter().map(|name| format!("stale_proxy:{name}")));
    fit
}

/// Regresses many instruments in parallel, in their order.
pub fn fit_many(design: &FactorDesign, inputs: &[FitInput<'_>]) -> Vec<FactorFit> {
    inputs.par_iter().map(|input| fit(design, input)).collect()
}

/// Each factor's own regression of a design with [`FitModel::Univariate`]: one fit with one loading per factor.
pub fn fit_univariate(design: &FactorDesign, input: &FitInput<'_>) -> Vec<FactorFit> {
    design.blocks.iter().map(|block| block.fit(input.returns, None)).collect()
}

/// Loadings that hold by definition: the market proxy moves with the market, a style proxy with market and style.
pub fn identity_fit(factors: &[FactorDefinition], symbol: &str) -> Option<FactorFit> {
    let own = factors.iter().find(|f| f.proxy == symbol && f.kind != FactorKind::Rates)?;
    let value = |f: &FactorDefinition| match f.kind == FactorKind::Market || f.name == own.name {
        true => 1.0,
        false => 0.0,
    };
    Some(FactorFit {
        alpha_per_day: Some(0.0),
        r_squared: Some(1.0),
        residual_vol_per_day: Some(0.0),
        loadings: factors.iter().map(|f| known_loading(&f.name, value(f))).collect(),
        ..FactorFit::without_numbers(FitStatus::Identity, 0)
    })
}

fn check<'a>(factors: &'a [FactorSeries], spec: &FitSpec) -> Result<&'a FactorSeries, FactorError> {
    let mut markets = factors.iter().filter(|f| f.kind == FactorKind::Market);
    let (Some(market), None) = (markets.next(), markets.next()) else {
        let count = factors.iter().filter(|f| f.kind == FactorKind::Market).count();
        return Err(FactorError::MarketCount(count));
    };
    // Written so that a NaN is refused too.
    if !spec.tau.is_finite() || spec.tau <= 0.0 {
        return Err(FactorError::Scale(spec.tau));
    }
    for f in factors {
        let (sessions, expected) = (f.returns.len(), market.returns.len());
        if sessions != expected {
            return Err(FactorError::LengthMismatch { factor: f.name.clone(), sessions, expected });
        }
        if f.returns.iter().flatten().any(|r| !r.is_finite()) {
            return Err(FactorError::NonFinite(f.name.clone()));
        }
    }
    Ok(market)
}

/// What stands in the regression for a factor: a style's spread over the market unless `raw`.
fn regressor(factor: &FactorSeries, market: &FactorSeries, raw: bool) -> Vec<Option<f64>> {
    match factor.kind {
        FactorKind::Style if !raw => {
            factor.returns.iter().zip(&market.returns).map(|(r, m)| Some((*r)? - (*m)?)).collect()
        }
        _ => factor.returns.clone(),
    }
}

fn is_stale(returns: &[Option<f64>]) -> bool {
    has_stale_closes(returns) == Some(true)
}

/// Collects the members' columns on common rows, those without penalty first; `rates` marks the yield changes of a
/// block for instruments of known duration.
fn block(
    factors: &[FactorSeries],
    regressors: &[Vec<Option<f64>>],
    members: &[usize],
    rates: Option<usize>,
    start: usize,
    spec: &FitSpec,
) -> FactorBlock {
    let shrinkage = match (spec.model, spec.penalty) {
        (FitModel::Prior, Penalty::Prior) => Shrinkage::Prior { tau: spec.tau },
        (FitModel::Prior, Penalty::Gcv) => Shrinkage::Gcv,
        _ => Shrinkage::None,
    };
    let is_tilt = |i: &usize| shrinkage != Shrinkage::None && factors[*i].kind == FactorKind::Style;
    let (tilts, mut order): (Vec<usize>, Vec<usize>) = members.iter().copied().partition(is_tilt);
    let unpenalised = order.len();
    order.extend(tilts);
    let present = |row: &usize| order.iter().chain(rates.iter()).all(|i| regressors[*i][*row].is_some());
    let sessions = regressors.first().map_or(0, Vec::len);
    let rows: Vec<usize> = (start..sessions).filter(present).collect();
    let column = |i: usize| rows.iter().filter_map(|row| regressors[i][*row]).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = order.iter().map(|i| column(*i)).collect();
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    FactorBlock {
        names: order.iter().map(|i| factors[*i].name.clone()).collect(),
        unpenalised,
        yield_changes: rates.map(|i| (factors[i].name.clone(), column(i))),
        factorised: PenalisedDesign::new(&slices, unpenalised),
        columns,
        rows,
        shrinkage,
        limits: HistoryLimits { window: spec.window, min_observations: spec.min_observations },
    }
}

/// One block per factor, on the rows of that factor.
fn univariate_blocks(factors: &[FactorSeries], start: usize, spec: &FitSpec) -> Vec<FactorBlock> {
    let raw: Vec<Vec<Option<f64>>> = factors.iter().map(|f| f.returns.clone()).collect();
    (0..factors.len()).map(|i| block(factors, &raw, &[i], None, start, spec)).collect()
}

/// One row of loadings from separate regressions; what belongs to a single regression only is left out.
fn merge(fits: Vec<FactorFit>) -> FactorFit {
    let status = fits.iter().map(|f| f.status).find(|s| s.has_numbers());
    let status = status.or(fits.first().map(|f| f.status)).unwrap_or(FitStatus::InvalidInput);
    let observations = fits.iter().map(|f| f.observations).min().unwrap_or(0);
    let loadings = fits.into_iter().flat_map(|f| f.loadings).collect();
    FactorFit { loadings, ..FactorFit::without_numbers(status, observations) }
}
