//! What should make one doubt a suggested hedge.

use std::collections::BTreeMap;

use sigma_cli::{Side, WhatIf};
use sigma_core::analytics::positions::{gross_weight, loadings};
use sigma_core::analytics::snapshot::explain;
use sigma_core::model::{Issue, Reason, Severity};

use super::suggestion::Units;
use super::target::Target;

/// Times the gross exposure from which a trade is remarked on.
const LARGE: f64 = 3.0;
/// Size of a t value below which a loading is not told from zero.
const TOLD_FROM_ZERO: f64 = 2.0;

/// Trades far larger than the portfolio, and loadings that may be noise.
pub(super) fn remarks(what_if: &WhatIf, units: &Units, counts: &[f64], targets: &[Target]) -> Vec<String> {
    let gross: f64 = what_if.before.views.iter().filter_map(|view| view.market_value).map(f64::abs).sum();
    let mut remarks = Vec::new();
    for (instrument, (count, value)) in units.instruments.iter().zip(counts.iter().zip(&units.values)) {
        let (symbol, size) = (&instrument.symbol, (count * value).abs());
        if size > LARGE * gross && gross > 0.0 {
            remarks.push(format!(
                "{symbol}: the trade is {:.1} times the gross exposure of the portfolio; it moves the target too little.",
                size / gross
            ));
        }
        if *count == 0.0 {
            continue;
        }
        let Ok(fit) = loadings(instrument, &what_if.market, &what_if.results) else { continue };
        for factor in targets.iter().filter_map(Target::loads_on) {
            let found = fit.loadings.iter().find(|loading| loading.factor == factor);
            let doubtful = found.and_then(|l| l.t_value).filter(|t| t.abs() < TOLD_FROM_ZERO);
            if let (Some(loading), Some(t)) = (found, doubtful) {
                remarks.push(format!(
                    "{symbol}: its loading on {factor} of {:.4} has |t| = {:.1} and is not told from zero.",
                    loading.coefficient,
                    t.abs()
                ));
            }
        }
    }
    remarks
}

/// What is not seen of one symbol.
#[derive(Default)]
struct Unseen<'a> {
    targets: Vec<&'a str>,
    weight: f64,
    is_at_cost: bool,
}

/// Positions of which an exposure is not known: the hedge is of the others.
pub(super) fn unseen(before: &Side, targets: &[Target]) -> Vec<Issue> {
    let gross = gross_weight(&before.views);
    let mut found: BTreeMap<(&str, Reason), Unseen<'_>> = BTreeMap::new();
    for view in &before.views {
        let symbol = before.book.lots[view.lot].instrument.symbol.as_str();
        let mut counted = false;
        for target in targets {
            let Err(reason) = target.dollars(view) else { continue };
            let unseen = found.entry((symbol, reason)).or_default();
            if !unseen.targets.contains(&target.name.as_str()) {
                unseen.targets.push(&target.name);
            }
            if !std::mem::replace(&mut counted, true) {
                unseen.weight += view.weight().abs();
                unseen.is_at_cost |= view.market_value.is_none();
            }
        }
    }
    let issue = |((symbol, reason), unseen): ((&str, Reason), Unseen<'_>)| {
        let at_cost = if unseen.is_at_cost { " at its cost" } else { "" };
        let share = match unseen.weight > 0.0 {
            true => format!(" ({:.2} % of gross{at_cost})", 100.0 * unseen.weight / gross),
            false => String::new(),
        };
        let names = unseen.targets.join(", ");
        let detail = format!("{symbol} is not in {names} and not hedged{share}: {}", explain(reason));
        // Nothing is missing of what no factor moves.
        let severity = if reason == Reason::FactorProxy { Severity::Warning } else { Severity::Error };
        Issue { severity, ..Issue::error(symbol, reason, detail) }
    };
    found.into_iter().map(issue).collect()
}
