//! A portfolio with everything needed to value it: lots with their instruments, cash entries, market data.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{
    CashEntry, FactorFit, GreeksRow, Instrument, OptionKind, OptionQuote, Portfolio, Position, PriceHistory,
};

/// One lot together with what it is a lot of.
#[derive(Debug, Clone, PartialEq)]
pub struct Lot {
    pub position: Position,
    pub instrument: Instrument,
    /// Tag names in alphabetical order.
    pub tags: Vec<String>,
}

impl Lot {
    /// Quantity times multiplier: units of the underlying the lot stands for.
    pub fn units(&self) -> f64 {
        self.position.quantity * self.instrument.multiplier
    }

    /// LONG or SHORT; for options the side and the right: LC, LP, SC, SP.
    pub fn position_type(&self) -> &'static str {
        let right = self.instrument.option.as_ref().map(|terms| terms.kind);
        match (right, self.position.quantity < 0.0) {
            (None, false) => "LONG",
            (None, true) => "SHORT",
            (Some(OptionKind::Call), false) => "LC",
            (Some(OptionKind::Call), true) => "SC",
            (Some(OptionKind::Put), false) => "LP",
            (Some(OptionKind::Put), true) => "SP",
        }
    }
}

/// A portfolio, all its lots (open and closed) and its cash ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    pub portfolio: Portfolio,
    /// Open and closed.
    pub lots: Vec<Lot>,
    pub cash: Vec<CashEntry>,
}

/// Stored market data by instrument id, plus the ids of underlyings by symbol.
#[derive(Debug, Clone, Default)]
pub struct Market {
    /// By instrument id.
    pub histories: HashMap<i64, PriceHistory>,
    /// By instrument id of the contract, by ascending date.
    pub quotes: HashMap<i64, Vec<OptionQuote>>,
    /// Instrument ids by symbol.
    pub ids: HashMap<String, i64>,
}

impl Market {
    /// The price history of a symbol.
    pub fn history(&self, symbol: &str) -> Option<&PriceHistory> {
        self.histories.get(self.ids.get(symbol)?)
    }

    /// The latest quote of a contract on or before `date`.
    pub fn quote_at_or_before(&self, instrument_id: i64, date: NaiveDate) -> Option<&OptionQuote> {
        let quotes = self.quotes.get(&instrument_id)?;
        quotes[..quotes.partition_point(|quote| quote.date <= date)].last()
    }

    /// The latest price of a contract on or before `date`; quotes that hold no price (a volatility alone) are passed over.
    pub fn option_mark_at_or_before(&self, instrument_id: i64, date: NaiveDate) -> Option<(f64, NaiveDate)> {
        let quotes = self.quotes.get(&instrument_id)?;
        let known = &quotes[..quotes.partition_point(|quote| quote.date <= date)];
        known.iter().rev().find_map(|quote| Some((quote.mark()?, quote.date)))
    }
}

/// Per-instrument results of one date.
#[derive(Debug, Clone, Default)]
pub struct InstrumentResults {
    /// By instrument id of the contract.
    pub greeks: HashMap<i64, GreeksRow>,
    /// By instrument id.
    pub fits: HashMap<i64, FactorFit>,
}
