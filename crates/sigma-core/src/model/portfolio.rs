//! Who holds what: portfolios, lots, cash.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Split;
use super::instrument::text_enum;

/// A portfolio. It opens on a date; positions entered on or before it arrive in kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Portfolio {
    pub id: i64,
    pub user_id: i64,
    /// Unique name in file paths and on the command line.
    pub slug: String,
    pub name: String,
    pub currency: String,
    /// The first NAV is that of the session on or after this day.
    pub opened_on: NaiveDate,
    pub is_demo: bool,
}

/// One lot of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    pub id: i64,
    pub portfolio_id: i64,
    pub instrument_id: i64,
    /// Signed units (contracts for options): negative is short.
    pub quantity: f64,
    /// Dollars per unit; times quantity and multiplier it is the cost.
    pub entry_price: f64,
    pub entry_date: NaiveDate,
    pub exit_price: Option<f64>,
    pub exit_date: Option<NaiveDate>,
    /// Last day whose splits quantity and entry price count, where it is after the entry; absent: the entry date.
    #[serde(default)]
    pub adjusted_through: Option<NaiveDate>,
}

impl Position {
    /// Whether the lot is held at the close of `date`.
    pub fn is_open(&self, date: NaiveDate) -> bool {
        self.entry_date <= date && self.exit_date.is_none_or(|exit| exit > date)
    }

    /// The day whose units quantity and entry price are in.
    pub fn units_of(&self) -> NaiveDate {
        self.adjusted_through.map_or(self.entry_date, |through| through.max(self.entry_date))
    }

    /// What one of its units was on `date`, before the splits since then that it counts already.
    pub fn units_before(&self, splits: &[Split], date: NaiveDate) -> f64 {
        let since = |split: &&Split| split.date > self.entry_date.max(date) && split.date <= self.units_of();
        splits.iter().filter(since).map(|split| split.from / split.to).product()
    }
}

text_enum! {
    /// Kind of an entry in the cash ledger.
    CashKind {
        /// Cash on the opening date: a flow.
        Opening = "opening",
        /// Money paid in: a flow.
        Contribution = "contribution",
        /// Money taken out (negative amount): a flow.
        Withdrawal = "withdrawal",
        /// Interest received or paid: profit or loss.
        Interest = "interest",
        /// Fees paid (negative amount): profit or loss.
        Fee = "fee",
    }
}

impl CashKind {
    /// Whether the entry is an external flow rather than profit or loss.
    pub fn is_flow(self) -> bool {
        matches!(self, CashKind::Opening | CashKind::Contribution | CashKind::Withdrawal)
    }
}

/// One entry in the cash ledger. Cash from trades, dividends and expiries is derived from the lots, not entered here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CashEntry {
    pub id: i64,
    pub portfolio_id: i64,
    pub date: NaiveDate,
    pub kind: CashKind,
    /// Signed: positive is money into the portfolio.
    pub amount: f64,
    pub note: Option<String>,
}

/// A label on positions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    pub id: i64,
    pub user_id: i64,
    pub name: String,
}

/// The portfolio name in lower case, with `-` for every run of other characters.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
