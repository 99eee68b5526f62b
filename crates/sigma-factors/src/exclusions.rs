//! Which positions have no factor exposure, or a doubtful one, named with their share of value.

use chrono::NaiveDate;
use sigma_core::analytics::performance::Day;
use sigma_core::analytics::positions::{PositionView, loadings};
use sigma_core::analytics::snapshot::{exclusion, exclusion_of, explain, gross_with_cost, merge};
use sigma_core::model::{Book, Exclusion, FitStatus, InstrumentResults, Issue, Lot, Market, Reason};

/// Exclusions of one portfolio at one close; `about_factors` are issues that concern every portfolio.
pub fn exclusions(
    book: &Book,
    day: &Day,
    views: &[PositionView],
    market: &Market,
    results: &InstrumentResults,
    about_factors: &[Issue],
) -> Vec<Exclusion> {
    let gross = gross_with_cost(book, day);
    let of_view = |view: &PositionView| {
        let issue = issue(&book.lots[view.lot], view, market, results, day.date)?;
        Some(exclusion_of(issue, view, gross))
    };
    let mut found: Vec<Exclusion> = views.iter().filter_map(of_view).collect();
    found.extend(about_factors.iter().map(|issue| exclusion(issue.clone(), None, gross)));
    merge(found)
}

fn issue(
    lot: &Lot,
    view: &PositionView,
    market: &Market,
    results: &InstrumentResults,
    date: NaiveDate,
) -> Option<Issue> {
    let symbol = &lot.instrument.symbol;
    if let Err(reason) = view.greeks {
        let detail = match reason {
            Reason::NotComputed => {
                format!("no Greeks of the date are stored; run `sigma-greeks run --as-of {date}`")
            }
            reason => format!("no factor exposure: {}", explain(reason)),
        };
        return Some(Issue::error(symbol, reason, detail));
    }
    match loadings(&lot.instrument, market, results) {
        // Nothing is missing that could be had: no factor moves it.
        Err(Reason::FactorProxy) => {
            let detail = format!("no factor exposure: {}", explain(Reason::FactorProxy));
            Some(Issue::warning(symbol, Reason::FactorProxy, detail))
        }
        Err(reason) => {
            let detail = format!("no factor exposure, no loadings: {}", explain(reason));
            Some(Issue::error(symbol, reason, detail))
        }
        Ok(fit) if fit.status == FitStatus::LimitedHistory => {
            let detail = format!("the loadings rest on {} returns only", fit.observations);
            Some(Issue::warning(symbol, Reason::InsufficientHistory, detail))
        }
        Ok(_) => None,
    }
}
