//! All results of a run, computed in memory; dates run in parallel.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rayon::prelude::*;
use sigma_cli::{ExitStatus, fail};
use sigma_core::analytics::factor_fit::FitSpec;
use sigma_core::analytics::factor_model::{
    self, DatedFits, correlation_method, covariance_method, factor_correlation, factor_covariance, fit_date,
};
use sigma_core::analytics::portfolio_correlation::{CorrelationSpec, correlate};
use sigma_core::analytics::positions::assess;
use sigma_core::model::{
    Exclusion, FactorExposure, FactorFit, FactorMatrix, Instrument, InstrumentResults, Issue, Partial,
    PortfolioCorrelation, Reason,
};

use crate::exclusions::exclusions;
use crate::inputs::Inputs;

/// Half-life of the stored correlation of the factors, sessions.
pub const HALF_LIFE_SESSIONS: f64 = 63.0;

/// Estimators of a run.
#[derive(Debug, Clone, Copy)]
pub struct Specs {
    pub fit: FitSpec,
    pub correlation: CorrelationSpec,
}

impl Specs {
    /// Sessions before the first date that the run needs.
    pub fn window(&self) -> usize {
        self.fit.window.max(self.correlation.window)
    }
}

/// Rows to store, over all dates; the first two parts of a row are its portfolio or instrument, and its date.
#[derive(Debug, Default)]
pub struct Results {
    pub fits: Vec<(i64, NaiveDate, FactorFit)>,
    pub covariances: Vec<FactorMatrix>,
    pub factor_correlations: Vec<FactorMatrix>,
    pub exposures: Vec<(i64, NaiveDate, Vec<FactorExposure>)>,
    pub correlations: Vec<(i64, NaiveDate, PortfolioCorrelation)>,
    pub factor_exclusions: Vec<(i64, NaiveDate, Exclusion)>,
    pub correlation_exclusions: Vec<(i64, NaiveDate, Exclusion)>,
    pub issues: Vec<Issue>,
}

/// Computes every date.
pub fn compute(inputs: &Inputs, specs: &Specs, sessions: &[NaiveDate]) -> anyhow::Result<Results> {
    let instruments = inputs.regressed();
    let dated: Vec<Results> = sessions
        .par_iter()
        .map(|date| of_date(inputs, &instruments, specs, *date))
        .collect::<Result<_, _>>()?;
    let mut all = Results::default();
    for of_date in dated {
        all.fits.extend(of_date.fits);
        all.covariances.extend(of_date.covariances);
        all.factor_correlations.extend(of_date.factor_correlations);
        all.exposures.extend(of_date.exposures);
        all.correlations.extend(of_date.correlations);
        all.factor_exclusions.extend(of_date.factor_exclusions);
        all.correlation_exclusions.extend(of_date.correlation_exclusions);
        all.issues.extend(of_date.issues);
    }
    // Replays meet the same issue on many dates, books on many lots.
    let mut seen = HashSet::new();
    all.issues.retain(|issue| seen.insert((issue.subject.clone(), issue.reason)));
    Ok(all)
}

fn of_date(
    inputs: &Inputs,
    instruments: &[&Instrument],
    specs: &Specs,
    date: NaiveDate,
) -> anyhow::Result<Results> {
    let Partial { value: fits, issues } =
        fit_date(&inputs.panel, &inputs.definitions, instruments, date, specs.fit).map_err(|error| {
            fail(
                ExitStatus::Failed,
                format!("the factors of {date}: {error}"),
                "see `sigma-factors definitions`",
            )
        })?;
    let mut results = Results { issues, ..Results::default() };
    matrices(inputs, specs, date, &mut results);
    let greeks = inputs.greeks.get(&date).cloned().unwrap_or_default();
    let of_instruments = InstrumentResults { greeks, fits: fits.iter().cloned().collect() };
    let is_factor = |issue: &&Issue| inputs.definitions.iter().any(|factor| factor.name == issue.subject);
    let about_factors: Vec<Issue> = results.issues.iter().filter(is_factor).cloned().collect();
    for at in 0..inputs.books.len() {
        of_book(inputs, at, &of_instruments, &about_factors, specs, date, &mut results)?;
    }
    results.fits = dated(fits, date);
    Ok(results)
}

fn dated(fits: DatedFits, date: NaiveDate) -> Vec<(i64, NaiveDate, FactorFit)> {
    fits.into_iter().map(|(id, fit)| (id, date, fit)).collect()
}

fn matrices(inputs: &Inputs, specs: &Specs, date: NaiveDate, results: &mut Results) {
    let covariance = factor_covariance(&inputs.panel, date, specs.fit);
    let correlation = factor_correlation(&inputs.panel, date, specs.fit, HALF_LIFE_SESSIONS);
    for (missing, method) in [
        (covariance.is_none(), covariance_method(specs.fit.window)),
        (correlation.is_none(), correlation_method(HALF_LIFE_SESSIONS)),
    ] {
        if missing {
            let detail = "too few sessions on which every factor has a moving return; run `sigma-sync run` to backfill";
            results.issues.push(Issue::error(method, Reason::InsufficientHistory, detail));
        }
    }
    results.covariances.extend(covariance);
    results.factor_correlations.extend(correlation);
}

fn of_book(
    inputs: &Inputs,
    at: usize,
    of_instruments: &InstrumentResults,
    about_factors: &[Issue],
    specs: &Specs,
    date: NaiveDate,
    results: &mut Results,
) -> anyhow::Result<()> {
    let book = &inputs.books[at];
    let Some(day) = inputs.days[at].get(&date) else { return Ok(()) };
    let id = book.portfolio.id;
    let (market, panel) = (&inputs.market, &inputs.panel);
    let views = assess(book, &day.lots, market, of_instruments);
    let exposures =
        factor_model::exposures(book, &views, market, of_instruments, &inputs.definitions, day.nav);
    results.exposures.extend(exposures.map(|exposures| (id, date, exposures)));
    let missing = exclusions(book, day, &views, market, of_instruments, about_factors);
    let correlated = correlate(book, &views, market, &inputs.instruments, panel, date, &specs.correlation);
    let (correlation, left_out) = correlated?;
    results.issues.extend(missing.iter().chain(&left_out).map(|exclusion| exclusion.issue.clone()));
    results.issues.extend(correlation.issues);
    results.correlations.push((id, date, correlation.value));
    results.factor_exclusions.extend(missing.into_iter().map(|exclusion| (id, date, exclusion)));
    results.correlation_exclusions.extend(left_out.into_iter().map(|exclusion| (id, date, exclusion)));
    Ok(())
}

/// Names of the instruments, by id.
pub fn names(instruments: &[Instrument]) -> HashMap<i64, &str> {
    instruments.iter().map(|instrument| (instrument.id, instrument.symbol.as_str())).collect()
}
