//! Which engines have results for a portfolio and date, and the command that makes them.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sigma_core::analytics::positions::PositionView;
use sigma_core::model::{GreeksRow, InstrumentKind, Reason};

use crate::inputs::Inputs;

/// How complete the results of an engine are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Available,
    /// Some results are stored, and some that belong to the date are not.
    Partial,
    NotAvailable,
    /// The portfolio holds nothing that the engine works on.
    NotNeeded,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Available => "available",
            Status::Partial => "partial",
            Status::NotAvailable => "not_available",
            Status::NotNeeded => "not_needed",
        }
    }
}

/// Results of one engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    pub engine: &'static str,
    pub status: Status,
    /// Rows that belong to the portfolio and date.
    pub rows: usize,
    pub detail: String,
    /// What to type for them.
    pub command: String,
}

impl Availability {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        matches!(self.status, Status::Available | Status::NotNeeded)
    }

    /// `not available: run sigma-greeks run --as-of 2025-06-30`, when something is missing.
    pub fn sentence(&self) -> Option<String> {
        match self.status {
            Status::Available | Status::NotNeeded => None,
            Status::NotAvailable => Some(format!("not available: run {}", self.command)),
            Status::Partial => Some(format!("not complete ({}): run {}", self.detail, self.command)),
        }
    }
}

/// Every engine that a report reads, in the order of the daily chain.
pub fn availabilities(inputs: &Inputs) -> Vec<Availability> {
    vec![
        greeks(inputs),
        factors(inputs),
        correlations(inputs),
        stress(inputs),
        market_risk(inputs),
        snapshot(inputs),
    ]
}

/// One of them by name.
pub fn of<'a>(all: &'a [Availability], engine: &str) -> Option<&'a Availability> {
    all.iter().find(|availability| availability.engine == engine)
}

fn entry(engine: &'static str, tool: &str, as_of: NaiveDate, rows: usize, needed: usize) -> Availability {
    let status = match (rows, needed) {
        (_, 0) => Status::NotNeeded,
        (0, _) => Status::NotAvailable,
        (rows, needed) if rows < needed => Status::Partial,
        _ => Status::Available,
    };
    let detail = format!("{rows} of {needed}");
    Availability { engine, status, rows, detail, command: format!("{tool} --as-of {as_of}") }
}

fn greeks(inputs: &Inputs) -> Availability {
    let priced = inputs.views.iter().filter(|view| view.mark.is_ok());
    let lots = priced.map(|view| &inputs.book.lots[view.lot].instrument);
    let standard = lots.filter(|i| i.option.as_ref().is_some_and(|terms| terms.standard_deliverable));
    let contracts: BTreeSet<i64> = standard.map(|instrument| instrument.id).collect();
    let row = |id: &i64| inputs.shared.results.greeks.get(id);
    let rows: Vec<&GreeksRow> = contracts.iter().filter_map(row).collect();
    let with_numbers = rows.iter().filter(|row| row.greeks.is_ok()).count();
    let mut found = entry("greeks", "sigma-greeks run", inputs.as_of, rows.len(), contracts.len());
    found.detail = match found.status {
        Status::NotNeeded => "no standard option is held".to_owned(),
        _ => format!("{} of {} contracts, {with_numbers} with numbers", rows.len(), contracts.len()),
    };
    found
}

fn factors(inputs: &Inputs) -> Availability {
    // Positions whose Greeks are there and whose loadings the engine has never looked at.
    let is_waiting = |view: &&PositionView| {
        view.greeks.is_ok() && view.factor_dollars.as_ref().err() == Some(&Reason::NotComputed)
    };
    let waiting = inputs.views.iter().filter(is_waiting).count();
    let has_loadings = inputs.views.iter().any(|view| view.factor_dollars.is_ok());
    let rows = inputs.factors.len();
    // Without any position that has or awaits loadings, an engine that ran stores nothing.
    let needed = if waiting > 0 { rows + 1 } else { usize::from(has_loadings).max(rows) };
    let mut found = entry("factors", "sigma-factors run", inputs.as_of, rows, needed);
    found.detail = match found.status {
        Status::NotNeeded => "no position has loadings".to_owned(),
        Status::Partial => format!("{rows} factors, {waiting} positions without a fit"),
        _ => format!("{rows} factors"),
    };
    found
}

fn correlations(inputs: &Inputs) -> Availability {
    let priced = inputs.views.iter().filter(|view| view.mark.is_ok());
    let lots = priced.map(|view| &inputs.book.lots[view.lot].instrument);
    let traded = lots.filter(|instrument| instrument.kind != InstrumentKind::Private);
    let nodes: BTreeSet<&str> = traded.map(|instrument| instrument.risk_symbol()).collect();
    let rows = usize::from(inputs.correlation.is_some());
    let needed = usize::from(nodes.len() > 1);
    let mut found = entry("correlations", "sigma-factors run", inputs.as_of, rows, needed);
    found.detail = match (&inputs.correlation, found.status) {
        (Some(correlation), _) => format!("{} holdings", correlation.symbols.len()),
        (None, Status::NotNeeded) => "fewer than two holdings with prices".to_owned(),
        (None, _) => "none stored".to_owned(),
    };
    found
}

fn stress(inputs: &Inputs) -> Availability {
    let stored = |id: &str| inputs.stress.iter().any(|result| result.scenario_id == id);
    let rows = inputs.shared.scenarios.iter().filter(|scenario| stored(&scenario.id)).count();
    let needed = if inputs.views.is_empty() { 0 } else { inputs.shared.scenarios.len() };
    let mut found = entry("stress", "sigma-stress run", inputs.as_of, rows, needed);
    found.detail = match found.status {
        Status::NotNeeded => "no position or no active scenario".to_owned(),
        _ => format!("{rows} of {needed} active scenarios"),
    };
    found
}

fn market_risk(inputs: &Inputs) -> Availability {
    use sigma_core::analytics::stress::{MARKET_MOVES, RATE_MOVES_BP};
    let needed = if inputs.views.is_empty() { 0 } else { MARKET_MOVES.len() + RATE_MOVES_BP.len() };
    let rows = inputs.market_risk.len();
    let mut found = entry("market_risk", "sigma-stress run", inputs.as_of, rows, needed);
    found.detail = match found.status {
        Status::NotNeeded => "no position".to_owned(),
        _ => format!("{rows} of {needed} moves"),
    };
    found
}

fn snapshot(inputs: &Inputs) -> Availability {
    let mut found = entry("snapshot", "sigma-report snapshot", inputs.as_of, 1, 1);
    found.detail = format!("{} positions", inputs.snapshot.position_count);
    found
}
