//! The changes between a book and a statement, as [`super::reconcile`] lists them.

use chrono::NaiveDate;

use crate::model::{CashKind, Instrument};

/// Where a price was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// The file's entry or exit price.
    Stated,
    /// The file's cost basis, or the change of it.
    CostBasis,
    /// The file's price of the as-of date.
    StatedPrice,
    /// The stored close of the as-of date.
    StoredClose,
    /// The strike of the contract that delivered.
    Strike,
}

/// What a contract did that delivered shares, and what became of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A short contract ended as shares.
    Assigned,
    /// A long contract ended as shares.
    Exercised,
    /// Shares went to the holder of a call.
    CalledAway,
    /// Shares came, or went otherwise.
    Delivered,
}

impl Delivery {
    /// The printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            Delivery::Assigned => "assigned",
            Delivery::Exercised => "exercised",
            Delivery::CalledAway => "called away",
            Delivery::Delivered => "delivered",
        }
    }
}

impl PriceSource {
    /// The printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            PriceSource::Stated => "stated",
            PriceSource::CostBasis => "cost_basis",
            PriceSource::StatedPrice => "stated_price",
            PriceSource::StoredClose => "stored_close",
            PriceSource::Strike => "strike",
        }
    }
}

/// A lot to enter.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    pub row: u64,
    pub instrument: Instrument,
    pub quantity: f64,
    pub price: f64,
    pub date: NaiveDate,
    pub exit: Option<(f64, NaiveDate)>,
    pub tags: Vec<String>,
    pub source: PriceSource,
    /// Whether the symbol is held already.
    pub is_increase: bool,
    /// Last day whose splits quantity and price count, where it is after the entry.
    pub adjusted_through: Option<NaiveDate>,
    pub delivery: Option<Delivery>,
}

/// A lot, or a part of one, to close.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    pub position_id: i64,
    pub symbol: String,
    /// Signed units closed.
    pub quantity: f64,
    /// Signed units that stay open in the lot.
    pub remaining: f64,
    pub price: f64,
    pub date: NaiveDate,
    pub source: PriceSource,
    pub realized_usd: f64,
    /// Whether the symbol is still held afterwards.
    pub is_reduction: bool,
    pub delivery: Option<Delivery>,
}

/// A stored lot whose units turn out to count splits already.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjustment {
    pub position_id: i64,
    pub symbol: String,
    pub quantity: f64,
    /// Last day whose splits they count.
    pub through: NaiveDate,
}

/// A new lot entered before a recorded split, of which neither file nor price tell whether its units count it.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitsUntold {
    pub row: u64,
    pub symbol: String,
    pub quantity: f64,
    pub date: NaiveDate,
}

/// A difference that recorded splits explain.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitSeen {
    pub symbol: String,
    pub held: f64,
    pub stated: f64,
    /// What the splits make of the units held.
    pub after: f64,
    /// Lots that the splits have not been applied to.
    pub position_ids: Vec<i64>,
    /// The units agree as they are, and nothing tells whether both count the splits.
    pub is_untold: bool,
}

/// A symbol whose units agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Unchanged {
    pub symbol: String,
    pub quantity: f64,
    /// The stated lots have other entries than the stored ones; the stored ones stay.
    pub entries_differ: bool,
}

/// A ledger entry that makes cash agree.
#[derive(Debug, Clone, PartialEq)]
pub struct CashChange {
    pub kind: CashKind,
    pub amount: f64,
    pub date: NaiveDate,
    /// Earlier entries of this kind and day that it takes the place of.
    pub replaces: Vec<i64>,
    pub stated: f64,
    /// Without the entry.
    pub derived: f64,
}

/// What cannot be entered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unpriced {
    #[error("{symbol} has neither cost nor price, and there is no stored close of {date}")]
    Entry { row: u64, symbol: String, date: NaiveDate },
    #[error("{symbol} is no longer in the file, and there is no stored close of {date} to close it at")]
    Exit { symbol: String, date: NaiveDate },
    #[error("position {position_id} in {symbol} was closed on {exit}, after the date of the file")]
    ClosedLater { symbol: String, position_id: i64, exit: NaiveDate },
    #[error("recorded splits make {held} of {symbol} {after}, and the file states {stated}")]
    SplitDue { symbol: String, held: f64, after: f64, stated: f64 },
    #[error(
        "the file counts {stated} of {symbol} for the {held} held at the same cost: a split that is not stored"
    )]
    SplitUnknown { symbol: String, held: f64, stated: f64 },
}

/// All differences between a book and a statement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reconciliation {
    pub openings: Vec<Opening>,
    pub closings: Vec<Closing>,
    pub splits: Vec<SplitSeen>,
    pub adjusted: Vec<Adjustment>,
    pub untold: Vec<UnitsUntold>,
    /// Expired contracts that the statement does not list any more.
    pub expired: Vec<String>,
    pub unchanged: Vec<Unchanged>,
    pub cash: Option<CashChange>,
    pub unpriced: Vec<Unpriced>,
}

impl Reconciliation {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.openings.is_empty()
            && self.closings.is_empty()
            && self.adjusted.is_empty()
            && self.cash.is_none()
    }
}
