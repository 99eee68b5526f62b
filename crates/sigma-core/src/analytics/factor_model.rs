//! The factor model of a date: from stored prices and yields to one fit per instrument and the factors' covariance.
//!
//! # Conventions
//! Returns are computed once for the whole grid of sessions; a date uses the window of sessions that ends with it. The
//! market and style proxies have loadings by definition. The rate factor is left out, with the reason, when the window
//! holds too few published yields or yields that do not move.
//!
//! # Verified by
//! The kernels' golden tables; `tests/factor_model.rs` recovers known loadings through this wrapper and shows that a
//! replayed date equals a single one.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use chrono::NaiveDate;
use ndarray::Array2;

use super::covariance;
use super::factor_fit::{FactorDesign, FactorError, FactorSeries, FitInput, FitSpec, fit_many, identity_fit};
use super::positions::{PositionView, loadings};
use super::returns::{daily_returns, rate_changes};
use crate::model::{
    Book, FactorDefinition, FactorExposure, FactorFit, FactorKind, FactorMatrix, Instrument, InstrumentKind,
    InstrumentResults, Issue, Market, Partial, RatePoint, Reason,
};

/// Name under which loadings of the default estimator are stored.
pub const DEFAULT_METHOD: &str = "prior";

/// Returns of every instrument and factor on one grid of sessions.
#[derive(Debug, Clone)]
pub struct ReturnPanel {
    pub sessions: Vec<NaiveDate>,
    /// By instrument id, aligned with `sessions`.
    pub instruments: HashMap<i64, Vec<Option<f64>>>,
    /// The factors' own series: proxy returns, yield changes.
    pub factors: Vec<FactorSeries>,
}

impl ReturnPanel {
    /// Computes returns of all instruments in `market`, and of the factors.
    pub fn new(
        market: &Market,
        rates: &HashMap<String, Vec<RatePoint>>,
        definitions: &[FactorDefinition],
        sessions: Vec<NaiveDate>,
    ) -> ReturnPanel {
        let instruments: HashMap<i64, Vec<Option<f64>>> =
            market.histories.iter().map(|(id, history)| (*id, daily_returns(history, &sessions))).collect();
        let absent = || vec![None; sessions.len()];
        let series = |definition: &FactorDefinition| match definition.kind {
            FactorKind::Rates => {
                rates.get(&definition.proxy).map_or_else(absent, |points| rate_changes(points, &sessions))
            }
            _ => {
                let id = market.ids.get(&definition.proxy);
                id.and_then(|id| instruments.get(id)).cloned().unwrap_or_else(absent)
            }
        };
        let factors = definitions
            .iter()
            .map(|d| FactorSeries { name: d.name.clone(), kind: d.kind, returns: series(d) })
            .collect();
        ReturnPanel { sessions, instruments, factors }
    }

    /// Indices of the last `window` sessions up to `as_of`; fewer where the grid begins later.
    pub fn window(&self, as_of: NaiveDate, window: usize) -> Range<usize> {
        let end = self.sessions.partition_point(|session| *session <= as_of);
        end.saturating_sub(window)..end
    }

    /// The factors in a window, without a rate factor that has too few values; the reason is the issue.
    fn factors_in(&self, window: Range<usize>, min_observations: usize) -> Partial<Vec<FactorSeries>> {
        let mut issues = Vec::new();
        let mut value = Vec::new();
        for factor in &self.factors {
            let returns = factor.returns[window.clone()].to_vec();
            let count = returns.iter().flatten().count();
            if count < min_observations && factor.kind == FactorKind::Rates {
                let detail = format!(
                    "{} is left out: {count} daily yield changes in the window, {min_observations} needed; run `sigma-sync rates`",
                    factor.name
                );
                issues.push(Issue::warning(&factor.name, Reason::NoRate, detail));
                continue;
            }
            // A regressor that never moves would take every regression with it.
            if factor.kind == FactorKind::Rates && never_moves(&returns) {
                let detail = format!("{} is left out: the yield does not move in the window", factor.name);
                issues.push(Issue::warning(&factor.name, Reason::ConstantSeries, detail));
                continue;
            }
            if count < min_observations {
                let detail = format!(
                    "the proxy of {} has {count} returns in the window, {min_observations} needed; run `sigma-sync prices`",
                    factor.name
                );
                issues.push(Issue::error(&factor.name, Reason::InsufficientHistory, detail));
            }
            value.push(FactorSeries { name: factor.name.clone(), kind: factor.kind, returns });
        }
        Partial { value, issues }
    }
}

fn never_moves(changes: &[Option<f64>]) -> bool {
    let mut present = changes.iter().flatten();
    let first = present.next();
    present.all(|change| Some(change) == first)
}

/// Fits of one date, by instrument id, ascending.
pub type DatedFits = Vec<(i64, FactorFit)>;

/// Regresses every instrument on the factors, with the window that ends at `as_of`.
pub fn fit_date(
    panel: &ReturnPanel,
    definitions: &[FactorDefinition],
    instruments: &[&Instrument],
    as_of: NaiveDate,
    spec: FitSpec,
) -> Result<Partial<DatedFits>, FactorError> {
    let window = panel.window(as_of, spec.window);
    let Partial { value: factors, mut issues } = panel.factors_in(window.clone(), spec.min_observations);
    let design = FactorDesign::new(&factors, spec)?;
    let has_rates = factors.iter().any(|factor| factor.kind == FactorKind::Rates);
    // A factor that is left out has no loadings by definition either.
    let is_used = |definition: &&FactorDefinition| factors.iter().any(|f| f.name == definition.name);
    let used: Vec<FactorDefinition> = definitions.iter().filter(is_used).cloned().collect();
    let absent = vec![None; window.len()];
    let (by_definition, regressed): (Vec<_>, Vec<_>) = instruments
        .iter()
        .filter(|instrument| !instrument.is_option() && instrument.kind != InstrumentKind::Private)
        .map(|instrument| (*instrument, identity_fit(&used, &instrument.symbol)))
        .partition(|(_, identity)| identity.is_some());
    let inputs: Vec<FitInput<'_>> = regressed
        .iter()
        .map(|(instrument, _)| FitInput {
            returns: panel.instruments.get(&instrument.id).map_or(&absent[..], |all| &all[window.clone()]),
            duration_years: instrument.duration.filter(|_| has_rates),
        })
        .collect();
    let mut fits: DatedFits = fit_many(&design, &inputs)
        .into_iter()
        .zip(&regressed)
        .map(|(fit, (instrument, _))| (instrument.id, fit))
        .collect();
    for ((instrument, _), (_, fit)) in regressed.iter().zip(&fits) {
        if let Some(reason) = fit.status.reason() {
            let detail = format!(
                "no loadings: {} common returns in {} sessions, {} needed",
                fit.observations, spec.window, spec.min_observations
            );
            issues.push(Issue::error(&instrument.symbol, reason, detail));
        }
    }
    fits.extend(by_definition.into_iter().filter_map(|(instrument, fit)| Some((instrument.id, fit?))));
    fits.sort_by_key(|(id, _)| *id);
    Ok(Partial { value: fits, issues })
}

/// Rows of the window on which every factor has a value, as spreads: the market, styles against it, yield changes.
fn common_rows(factors: &[FactorSeries]) -> Array2<f64> {
    let market = factors.iter().position(|factor| factor.kind == FactorKind::Market);
    let sessions = factors.first().map_or(0, |factor| factor.returns.len());
    let row = |t: usize| -> Option<Vec<f64>> {
        let of_market = factors[market?].returns[t]?;
        let value = |factor: &FactorSeries| {
            let own = factor.returns[t]?;
            Some(if factor.kind == FactorKind::Style { own - of_market } else { own })
        };
        factors.iter().map(value).collect()
    };
    let rows: Vec<Vec<f64>> = (0..sessions).filter_map(row).collect();
    Array2::from_shape_fn((rows.len(), factors.len()), |(t, k)| rows[t][k])
}

/// Ledoit-Wolf covariance of the factors per session, on standardised returns and rescaled; `None` below
/// `min_observations` common sessions.
pub fn factor_covariance(panel: &ReturnPanel, as_of: NaiveDate, spec: FitSpec) -> Option<FactorMatrix> {
    let factors = panel.factors_in(panel.window(as_of, spec.window), spec.min_observations).value;
    let rows = common_rows(&factors);
    if rows.nrows() < spec.min_observations {
        return None;
    }
    let shrunk = covariance::ledoit_wolf_standardised(rows.view()).ok()?;
    Some(FactorMatrix {
        as_of,
        method: covariance_method(spec.window),
        factors: factors.into_iter().map(|factor| factor.name).collect(),
        packed: FactorMatrix::pack(&shrunk.covariance),
        observations: rows.nrows(),
        shrinkage: Some(shrunk.shrinkage),
    })
}

/// Name under which the covariance of a window is stored.
pub fn covariance_method(window: usize) -> String {
    format!("ledoit_wolf_{window}")
}

/// Exponentially weighted correlation of the factors.
pub fn factor_correlation(
    panel: &ReturnPanel,
    as_of: NaiveDate,
    spec: FitSpec,
    half_life_sessions: f64,
) -> Option<FactorMatrix> {
    let factors = panel.factors_in(panel.window(as_of, spec.window), spec.min_observations).value;
    let rows = common_rows(&factors);
    if rows.nrows() < spec.min_observations {
        return None;
    }
    let weighted = covariance::ewma_covariance(rows.view(), half_life_sessions).ok()?;
    Some(FactorMatrix {
        as_of,
        method: correlation_method(half_life_sessions),
        factors: factors.into_iter().map(|factor| factor.name).collect(),
        packed: FactorMatrix::pack(&covariance::correlation_of(&weighted)),
        observations: rows.nrows(),
        shrinkage: None,
    })
}

/// Name under which the weighted correlation is stored.
pub fn correlation_method(half_life_sessions: f64) -> String {
    format!("ewma_correlation_{half_life_sessions}")
}

/// Exposures of a portfolio to each factor, in the order of the definitions. `None` when no position has loadings. What
/// has no delta counts in the coverage with its value, without a price with its cost.
pub fn exposures(
    book: &Book,
    views: &[PositionView],
    market: &Market,
    results: &InstrumentResults,
    definitions: &[FactorDefinition],
    nav: f64,
) -> Option<Vec<FactorExposure>> {
    // Lots on one underlying share its estimation error, so they are added before errors are.
    let mut dollars_by_source: BTreeMap<&str, (f64, &FactorFit)> = BTreeMap::new();
    let (mut covered, mut gross) = (0.0, 0.0);
    for view in views {
        let Ok(dollars) = view.delta_adjusted() else {
            gross += view.weight().abs();
            continue;
        };
        gross += dollars.abs();
        let instrument = &book.lots[view.lot].instrument;
        if let Ok(fit) = loadings(instrument, market, results) {
            covered += dollars.abs();
            dollars_by_source.entry(instrument.risk_symbol()).or_insert((0.0, fit)).0 += dollars;
        }
    }
    if dollars_by_source.is_empty() || gross <= 0.0 {
        return None;
    }
    let exposure = |definition: &FactorDefinition| {
        let mut dollar_exposure = 0.0;
        let mut variance = 0.0;
        let mut present = false;
        for (dollars, fit) in dollars_by_source.values() {
            let Some(loading) = fit.loadings.iter().find(|l| l.factor == definition.name) else { continue };
            present = true;
            dollar_exposure += dollars * loading.coefficient;
            // A loading that holds by definition or exactly has no estimation error to add.
            variance += loading.std_error.map_or(0.0, |error| (dollars * error).powi(2));
        }
        let std_error_usd = (variance > 0.0).then(|| variance.sqrt());
        present.then(|| FactorExposure {
            factor: definition.name.clone(),
            dollar_exposure,
            std_error_usd,
            t_value: std_error_usd.map(|error| dollar_exposure / error),
            beta: (nav > 0.0).then(|| dollar_exposure / nav),
            coverage_fraction: covered / gross,
        })
    };
    Some(definitions.iter().filter_map(exposure).collect())
}
