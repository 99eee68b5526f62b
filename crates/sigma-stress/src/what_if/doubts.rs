//! What should make one doubt a suggested hedge.

use std::collections::BTreeMap;

use sigma_cli::{Side, WhatIf};
use sigma_core::analytics::positions::loadings;
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

/// Positions of which an exposure is not known: the hedge is of the others.
pub(super) fn unseen(before: &Side, targets: &[Target]) -> Vec<Issue> {
    let gross: f64 = before.views.iter().filter_map(|view| view.market_value).map(f64::abs).sum();
    let mut found: BTreeMap<(&str, Reason), (Vec<&str>, f64)> = BTreeMap::new();
    for view in &before.views {
        let symbol = before.book.lots[view.lot].instrument.symbol.as_str();
        let mut counted = false;
        for target in targets {
            let Err(reason) = target.dollars(view) else { continue };
            let (names, value) = found.entry((symbol, reason)).or_default();
            if !names.contains(&target.name.as_str()) {
                names.push(&target.name);
            }
            if !std::mem::replace(&mut counted, true) {
                *value += view.market_value.map_or(0.0, f64::abs);
            }
        }
    }
    let issue = |((symbol, reason), (names, value)): ((&str, Reason), (Vec<&str>, f64))| {
        let share =
            if value > 0.0 { format!(" ({:.2} % of gross)", 100.0 * value / gross) } else { String::new() };
        let detail =
            format!("{symbol} is not in {} and not hedged{share}: {}", names.join(", "), explain(reason));
        // Nothing is missing of what no factor moves.
        let severity = if reason == Reason::FactorProxy { Severity::Warning } else { Severity::Error };
        Issue { severity, ..Issue::error(symbol, reason, detail) }
    };
    found.into_iter().map(issue).collect()
}
