//! Which positions each engine has the data for now, and what brings the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use sigma_cli::{Cell, Column, Table};
use sigma_core::analytics::history::verdict;
use sigma_core::analytics::valuation;
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{Book, Instrument, InstrumentKind, Market};

/// Returns that the regression wants in its window, and the fewest it takes.
const WINDOW: usize = 252;
const FEWEST: usize = 60;

/// What is stored beside prices.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// Bars by instrument id.
    pub bars: HashMap<i64, u64>,
    /// Instruments with loadings on the latest date of the factor engine.
    pub with_loadings: HashSet<i64>,
}

/// One line: what is needed, who has it.
struct Need {
    what: &'static str,
    engine: &'static str,
    command: &'static str,
    ready: usize,
    missing: BTreeSet<String>,
}

impl Need {
    fn new(what: &'static str, engine: &'static str, command: &'static str) -> Need {
        Need { what, engine, command, ready: 0, missing: BTreeSet::new() }
    }

    fn note(&mut self, symbol: &str, is_ready: bool) {
        match is_ready {
            true => self.ready += 1,
            false => {
                self.missing.insert(symbol.to_owned());
            }
        }
    }
}

/// Symbols named in a line.
const NAMED: usize = 8;

/// One row for each kind of data.
pub fn table(
    book: &Book,
    market: &Market,
    stored: &Stored,
    calendar: &Calendar,
    as_of: NaiveDate,
) -> Result<Table, CalendarError> {
    let open = book.lots.iter().filter(|lot| lot.position.is_open(as_of));
    let held: BTreeMap<&str, &Instrument> =
        open.map(|lot| (lot.instrument.symbol.as_str(), &lot.instrument)).collect();
    let mut prices = Need::new("price", "valuation", "sigma-sync prices");
    let mut history = Need::new("history", "factors, correlations, stress", "sigma-sync run");
    let mut volatility = Need::new("volatility", "greeks", "sigma-sync options");
    let mut loadings = Need::new("loadings", "factor exposures, stress", "sigma-factors run");
    let mut private = Need::new("stated value", "none: private_asset", "");
    for (symbol, instrument) in held {
        if instrument.kind == InstrumentKind::Private {
            private.note(symbol, true);
            continue;
        }
        let risk_id = market.ids.get(instrument.risk_symbol()).copied();
        let bars = risk_id.and_then(|id| stored.bars.get(&id)).copied().unwrap_or(0);
        let is_long = verdict(bars.saturating_sub(1) as usize, WINDOW, FEWEST).is_usable();
        prices.note(symbol, valuation::mark(instrument, market, calendar, as_of)?.is_ok());
        history.note(symbol, is_long);
        loadings.note(symbol, risk_id.is_some_and(|id| stored.with_loadings.contains(&id)));
        if instrument.is_option() {
            volatility.note(symbol, market.quote_at_or_before(instrument.id, as_of).is_some() || is_long);
        }
    }
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("data", "Data"),
        Column::text("engine", "Engine"),
        Column::number("ready", "Ready"),
        Column::number("missing", "Missing"),
        Column::text("symbols", "Missing for"),
        Column::text("command", "Brought by"),
    ]);
    for need in [prices, history, volatility, loadings, private] {
        let count = need.missing.len();
        if count == 0 && need.ready == 0 {
            continue;
        }
        let mut symbols = need.missing.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if count > NAMED {
            symbols.push_str(&format!(" and {} more", count - NAMED));
        }
        table.push(vec![
            Cell::text(&book.portfolio.slug),
            Cell::text(need.what),
            Cell::text(need.engine),
            Cell::Int(need.ready as i64),
            Cell::Int(count as i64),
            Cell::text(symbols),
            Cell::text(if count > 0 { need.command } else { "" }),
        ]);
    }
    Ok(table)
}
