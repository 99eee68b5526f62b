//! Whether the stored numbers of a portfolio agree with each other and with its positions, to the cent.
//!
//! # Identities
//! NAV = cash + sum of position values; unrealised P&L and Greeks are sums over positions; stored exposures equal those
//! of the positions; factor dollars are sums over positions; parts of a scenario sum to its total, and its fraction is of
//! the stored NAV. A difference means that prices, books or results changed after a step of the chain had run.
//!
//! # Verified by
//! `tests/cli/agreement.rs`: each identity is broken in turn and named.

use sigma_core::analytics::exposures::exposures;
use sigma_core::analytics::positions::{PositionView, total};
use sigma_core::model::{ExposureRow, Reason, ScenarioPnl};

use crate::inputs::Inputs;

/// Two numbers that should be equal, and what computes the stored one.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    pub what: String,
    pub stored: Option<f64>,
    pub from_positions: Option<f64>,
    /// The command to run again.
    pub tool: &'static str,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |value: Option<f64>| value.map_or("none".to_owned(), |value| format!("{value:.2}"));
        write!(f, "{}: stored {}, {} expected", self.what, number(self.stored), number(self.from_positions))
    }
}

const SNAPSHOT: &str = "sigma-report snapshot";
const FACTORS: &str = "sigma-factors run";
const STRESS: &str = "sigma-stress run";

/// Every disagreement; those that `sigma-report snapshot` heals come first.
pub fn reconcile(inputs: &Inputs) -> Vec<Mismatch> {
    let mut found = snapshot_sums(inputs);
    found.extend(exposure_rows(inputs));
    found.extend(factor_dollars(inputs));
    found.extend(scenario_parts(inputs));
    found
}

fn compare(
    what: impl Into<String>,
    stored: Option<f64>,
    expected: Option<f64>,
    tool: &'static str,
) -> Option<Mismatch> {
    let is_equal = match (stored, expected) {
        (Some(a), Some(b)) => (a - b).abs() <= (0.005f64).max(1e-9 * a.abs().max(b.abs())),
        (a, b) => a.is_none() && b.is_none(),
    };
    (!is_equal).then(|| Mismatch { what: what.into(), stored, from_positions: expected, tool })
}

fn snapshot_sums(inputs: &Inputs) -> Vec<Mismatch> {
    let snapshot = &inputs.snapshot;
    let sum = |pick: fn(&PositionView) -> Option<f64>| inputs.views.iter().filter_map(pick).sum::<f64>();
    let nav = snapshot.cash + sum(|view| view.market_value);
    let delta = total(inputs.views.iter().map(|view| view.delta_adjusted()));
    let vega = total(inputs.views.iter().map(|view| view.greeks.map(|greeks| greeks.vega_per_point)));
    let pairs = [
        ("NAV against cash and position values", Some(snapshot.nav), Some(nav)),
        ("unrealised P&L", Some(snapshot.unrealized_pnl), Some(sum(|view| view.unrealized_pnl))),
        ("number of positions", Some(snapshot.position_count as f64), Some(inputs.views.len() as f64)),
        ("delta dollars", snapshot.delta_dollars, delta),
        ("vega", snapshot.vega_per_point, vega),
    ];
    pairs
        .into_iter()
        .filter_map(|(what, stored, expected)| compare(what, stored, expected, SNAPSHOT))
        .collect()
}

fn exposure_rows(inputs: &Inputs) -> Vec<Mismatch> {
    let expected = exposures(&inputs.book, &inputs.views);
    let same_bucket = |a: &ExposureRow, b: &ExposureRow| (a.dimension, &a.bucket) == (b.dimension, &b.bucket);
    if expected.len() != inputs.exposures.len() {
        let (stored, expected) = (inputs.exposures.len() as f64, expected.len() as f64);
        return compare("number of exposure rows", Some(stored), Some(expected), SNAPSHOT)
            .into_iter()
            .collect();
    }
    let mut found = Vec::new();
    for row in &expected {
        let Some(stored) = inputs.exposures.iter().find(|stored| same_bucket(stored, row)) else {
            let what = format!("exposure of {} {}", row.dimension, row.bucket);
            found.extend(compare(what, None, Some(row.net), SNAPSHOT));
            continue;
        };
        let numbers = [
            ("long", Some(stored.long_value), Some(row.long_value)),
            ("short", Some(stored.short_value), Some(row.short_value)),
            ("notional", stored.notional, row.notional),
            ("delta-adjusted", stored.delta_adjusted, row.delta_adjusted),
            ("beta-adjusted", stored.beta_adjusted, row.beta_adjusted),
        ];
        found.extend(numbers.into_iter().filter_map(|(name, stored, expected)| {
            compare(
                format!("{name} exposure of {} {}", row.dimension, row.bucket),
                stored,
                expected,
                SNAPSHOT,
            )
        }));
    }
    found
}

fn factor_dollars(inputs: &Inputs) -> Vec<Mismatch> {
    let nav = inputs.snapshot.nav;
    let mut found = Vec::new();
    for factor in &inputs.factors {
        let dollars = |view: &PositionView| {
            let all = view.factor_dollars.as_ref().map_err(|reason| *reason)?;
            let own = all.iter().find(|(name, _)| *name == factor.factor);
            // A loading that a fit does not have is no exposure.
            Ok::<f64, Reason>(own.map_or(0.0, |(_, dollars)| *dollars))
        };
        let sum: f64 = inputs.views.iter().filter_map(|view| dollars(view).ok()).sum();
        let what = format!("dollar exposure to {}", factor.factor);
        found.extend(compare(what, Some(factor.dollar_exposure), Some(sum), FACTORS));
        if let Some(beta) = factor.beta {
            let what = format!("beta to {} times NAV", factor.factor);
            found.extend(compare(what, Some(beta * nav), Some(factor.dollar_exposure), FACTORS));
        }
    }
    found
}

fn scenario_parts(inputs: &Inputs) -> Vec<Mismatch> {
    let nav = inputs.snapshot.nav;
    let parts = |name: &str, pnl: &ScenarioPnl| -> Vec<Mismatch> {
        let sum: f64 = pnl.by_factor.iter().map(|part| part.pnl).sum();
        let of_parts = compare(format!("{name}, sum of its parts"), Some(pnl.pnl), Some(sum), STRESS);
        let of_nav = pnl.fraction.and_then(|fraction| {
            compare(format!("{name}, its share of NAV"), Some(fraction * nav), Some(pnl.pnl), STRESS)
        });
        of_parts.into_iter().chain(of_nav).collect()
    };
    let mut found = Vec::new();
    for result in &inputs.stress {
        for (mode, pnl) in [("direct", &result.direct), ("correlated", &result.correlated)] {
            let name = format!("scenario {} ({mode})", result.scenario_id);
            found.extend(pnl.iter().flat_map(|pnl| parts(&name, pnl)));
        }
    }
    for result in &inputs.market_risk {
        let name = format!("market-risk move {}", result.scenario_id);
        found.extend(result.outcome.iter().flat_map(|pnl| parts(&name, pnl)));
    }
    found
}
