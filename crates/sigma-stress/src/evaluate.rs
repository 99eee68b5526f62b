//! Every scenario for every portfolio and date: the pure part of a run.

use chrono::NaiveDate;
use rayon::prelude::*;
use sigma_core::analytics::performance::{Day, roll_from_opening};
use sigma_core::analytics::positions::{PositionView, assess};
use sigma_core::analytics::stress::{self, StressInputs};
use sigma_core::calendar::CalendarError;
use sigma_core::model::{Book, Exclusion, InstrumentResults, Issue, MarketRiskResult, Reason, StressResult};

use crate::gaps::Gaps;
use crate::inputs::Inputs;

/// Results of one portfolio at one close.
pub struct Evaluation {
    pub portfolio_id: i64,
    pub as_of: NaiveDate,
    pub stress: Vec<StressResult>,
    pub market_risk: Vec<MarketRiskResult>,
    pub exclusions: Vec<Exclusion>,
    pub gaps: Gaps,
}

/// A book rolled to the close of a date, ready for scenarios.
pub struct Close<'a> {
    pub book: &'a Book,
    pub day: &'a Day,
    pub views: Vec<PositionView>,
    pub results: &'a InstrumentResults,
}

impl<'a> Close<'a> {
    pub fn new(inputs: &'a Inputs, book: &'a Book, day: &'a Day, empty: &'a InstrumentResults) -> Close<'a> {
        let results = inputs.results.get(&day.date).unwrap_or(empty);
        Close { book, day, views: assess(book, &day.lots, &inputs.market, results), results }
    }

    pub fn stress_inputs<'b>(&'b self, inputs: &'b Inputs) -> StressInputs<'b> {
        StressInputs {
            book: self.book,
            views: &self.views,
            nav: self.day.nav,
            market: &inputs.market,
            instruments: &inputs.instruments,
            results: self.results,
            covariance: inputs.covariances.get(&self.day.date),
        }
    }
}

/// Evaluates all books on all `sessions` on which they are open, by book and date.
pub fn evaluate(inputs: &Inputs, sessions: &[NaiveDate]) -> Result<Vec<Evaluation>, CalendarError> {
    let Some((&first, &last)) = sessions.first().zip(sessions.last()) else { return Ok(Vec::new()) };
    let empty = InstrumentResults::default();
    let of_book = |book: &Book| -> Result<Vec<Evaluation>, CalendarError> {
        let days = roll_from_opening(book, &inputs.market, &inputs.calendar, last)?;
        let wanted: Vec<&Day> = days.iter().filter(|day| day.date >= first).collect();
        Ok(wanted.par_iter().map(|day| at_close(inputs, &Close::new(inputs, book, day, &empty))).collect())
    };
    let books: Vec<Vec<Evaluation>> = inputs.books.par_iter().map(of_book).collect::<Result<_, _>>()?;
    Ok(books.into_iter().flatten().collect())
}

fn at_close(inputs: &Inputs, close: &Close<'_>) -> Evaluation {
    let on = close.stress_inputs(inputs);
    let scenarios = &inputs.scenarios.active;
    Evaluation {
        portfolio_id: close.book.portfolio.id,
        as_of: close.day.date,
        stress: scenarios.iter().map(|(id, shocks)| stress::run_scenario(&on, id, shocks)).collect(),
        market_risk: stress::market_risk(&on),
        exclusions: stress::left_out(&on, scenarios),
        gaps: gaps(&on, close.day.date),
    }
}

/// Engines without results of the date.
pub fn gaps(on: &StressInputs<'_>, date: NaiveDate) -> Gaps {
    let mut gaps = Gaps::default();
    if on.results.fits.is_empty() && !on.views.is_empty() {
        gaps.loadings.insert(date);
    }
    if on.views.iter().any(|view| view.mark.is_ok() && view.greeks == Err(Reason::NotComputed)) {
        gaps.greeks.insert(date);
    }
    if on.covariance.is_none() {
        gaps.covariance.insert(date);
    }
    gaps
}

/// What the run tells: missing engines once, then positions left out, then scenarios without a result for another
/// reason.
pub fn issues(evaluations: &[Evaluation]) -> Vec<Issue> {
    let mut gaps = Gaps::default();
    evaluations.iter().for_each(|evaluation| gaps.extend(evaluation.gaps.clone()));
    let mut issues = gaps.issues();
    let told = |issue: &Issue| issue.reason == Reason::NotComputed && gaps.explain_positions();
    let left_out = evaluations.iter().flat_map(|e| &e.exclusions).map(|e| &e.issue);
    issues.extend(left_out.filter(|issue| !told(issue)).cloned());
    for evaluation in evaluations.iter().filter(|e| e.gaps == Gaps::default()) {
        for result in &evaluation.stress {
            let modes =
                [("direct", result.direct.as_ref().err()), ("correlated", result.correlated.as_ref().err())];
            let missing = modes.into_iter().filter_map(|(mode, reason)| Some((mode, *reason?)));
            issues.extend(missing.map(|(mode, reason)| {
                let detail = format!("no {mode} result on {}", evaluation.as_of);
                Issue::error(format!("scenario {}", result.scenario_id), reason, detail)
            }));
        }
    }
    issues
}
