//! What providers are asked for, and what they answer with.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_core::model::{Dividend, ExerciseStyle, InstrumentKind, OptionKind, OptionQuote, PriceBar, Split};

use crate::Fault;

/// Daily bars of one symbol between two dates, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarsAsk {
    /// Canonical symbol.
    pub symbol: String,
    /// What is known of the instrument; some providers spell indices and funds apart.
    pub kind: Option<InstrumentKind>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The current date in New York. Splits up to it are needed to turn split-adjusted prices back into raw ones.
    pub today: NaiveDate,
}

/// Bars of one symbol, with the corporate actions that came with them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Raw prices between the dates asked for, as they came: neither sorted nor screened.
    pub bars: Vec<PriceBar>,
    /// `None`: this provider tells splits apart from bars, if at all.
    pub splits: Option<Vec<Split>>,
    /// `None`: this provider tells dividends apart from bars, if at all.
    pub dividends: Option<Vec<Dividend>>,
    /// Rows that could not be used, one sentence each.
    pub problems: Vec<String>,
    /// Sessions of such rows: that there is no bar of them is not known.
    pub unusable: Vec<NaiveDate>,
}

/// Splits and dividends of one symbol.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Actions {
    pub splits: Vec<Split>,
    pub dividends: Vec<Dividend>,
    pub problems: Vec<String>,
}

/// Bars of many symbols on one session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionBars {
    /// By canonical symbol; a symbol that is not in it did not trade or is not covered.
    pub bars: BTreeMap<String, PriceBar>,
    pub problems: Vec<String>,
}

/// The quotes of one contract between two dates, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotesAsk {
    /// Canonical OCC symbol.
    pub contract: String,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// Quotes of option contracts. A contract that is in neither list was not quoted between the dates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quotes {
    /// By canonical OCC symbol.
    pub quotes: BTreeMap<String, Vec<OptionQuote>>,
    /// Contracts that could not be asked about, or not about all dates: some of these have quotes as well. Each one is
    /// in here once.
    pub faults: Vec<(String, Fault)>,
    pub problems: Vec<String>,
}

/// A listed contract as a provider describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Canonical OCC symbol.
    pub symbol: String,
    /// Canonical symbol of the underlying.
    pub underlying: String,
    pub kind: OptionKind,
    pub strike: f64,
    pub expiry: NaiveDate,
    pub style: ExerciseStyle,
    /// Shares of one contract.
    pub multiplier: f64,
    /// False when it delivers anything but that many shares of the underlying.
    pub is_standard: bool,
}

/// Whether one kind of data can be had from a provider with this key.
#[derive(Debug, Clone, PartialEq)]
pub struct Ability {
    /// What was tried: `daily prices`, `option snapshots`.
    pub name: &'static str,
    /// What it found, or why it is refused.
    pub outcome: Result<String, Fault>,
}
