//! From what a portfolio holds to what a statement says it holds: the list of changes between the two.
//!
//! # Formula
//! Per symbol, with `h` the units held at the close of the as-of date and `s` the units stated: nothing when `h = s`; a
//! new lot of `s - h` when the holding grew; lots closed oldest first for `h - s` when it shrank; all lots closed and a
//! new one opened when the sign changed. Realised P&L of a close: (exit price - entry price) x units.
//! Cash: stated balance minus the cash that follows from the ledger and the lots after these changes.
//!
//! # Conventions
//! - Where every stated row of a symbol has an entry date, rows are lots: groups of equal entry date and price are
//!   compared, so a file of lots brings them as they are. Lots that add up to what is held and differ only in their
//!   entries leave the book alone ([`Unchanged::entries_differ`]).
//! - Rows without entry date are holdings: what is new is entered on the as-of date.
//! - Price of a new lot: stated entry price; else the change of the total cost basis over the change of units, where both
//!   are known and it is positive; else the stated price; else the stored close of the as-of date; else an error.
//! - Price of an exit: the one that was given for the symbol, else that of the statement while it still lists it, else the
//!   stored close of the as-of date
//!   (the last stated value of a private asset), else an error.
//! - A lot that the file says is closed closes the stored lot of its entry; without one, units that are gone, oldest first,
//!   so that a sale is booked once whatever the entries are; the rest is history.
//! - A difference that equals recorded splits since the entries is a split and no trade; any other difference waits until
//!   the splits are applied, since it would be read in the wrong units. Lots at the same cost in other units are a split
//!   that is not stored. An expired contract that is no
//!   longer stated has settled by itself.
//! - The balance of cash is stated as of the close: the difference is one ledger entry of that day, which a second
//!   statement of the same day corrects instead of adding another.
//!
//! # Degenerate cases
//! Units that agree to nine digits are equal. A statement without cash leaves the ledger alone.
//!
//! # Verified by
//! Identities in `tests/portfolio/reconcile.rs`: the changes applied give exactly the stated units, and a second
//! reconciliation is empty.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::performance;
use super::reconcile_lots::{agree, reconcile_symbol};
use super::valuation::expiry_session;
use crate::calendar::{Calendar, CalendarError};
use crate::model::{Book, CashKind, Instrument, Lot, Market, Position};

/// Note on the ledger entries that make cash agree with a statement.
pub const IMPORT_NOTE: &str = "import";

/// One row of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Holding {
    /// Line of the file.
    pub row: u64,
    /// With the stored id where it is known.
    pub instrument: Instrument,
    /// Signed units.
    pub quantity: f64,
    pub entry_price: Option<f64>,
    pub entry_date: Option<NaiveDate>,
    /// Price and date, of a lot that the statement says is closed.
    pub exit: Option<(f64, NaiveDate)>,
    /// Signed dollars.
    pub cost_basis: Option<f64>,
    /// Dollars per unit on the as-of date.
    pub price: Option<f64>,
    pub tags: Vec<String>,
}

/// A statement of one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Holdings {
    /// A session.
    pub as_of: NaiveDate,
    pub rows: Vec<Holding>,
    /// Balance in dollars; absent when the file tells none.
    pub cash: Option<f64>,
    /// Dollars per unit at which what is no longer stated was sold, by symbol, where it is known.
    pub exit_prices: BTreeMap<String, f64>,
    /// Whether what is not stated is not held. Otherwise symbols that the file does not name stay as they are.
    pub is_whole_account: bool,
}

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
}

impl PriceSource {
    /// The printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            PriceSource::Stated => "stated",
            PriceSource::CostBasis => "cost_basis",
            PriceSource::StatedPrice => "stated_price",
            PriceSource::StoredClose => "stored_close",
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
    /// Expired contracts that the statement does not list any more.
    pub expired: Vec<String>,
    pub unchanged: Vec<Unchanged>,
    pub cash: Option<CashChange>,
    pub unpriced: Vec<Unpriced>,
}

impl Reconciliation {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.openings.is_empty() && self.closings.is_empty() && self.cash.is_none()
    }
}

/// Compares a book with a statement. `market` holds the splits, dividends and closes of what is held or stated.
pub fn reconcile(
    book: &Book,
    stated: &Holdings,
    market: &Market,
    calendar: &Calendar,
) -> Result<Reconciliation, CalendarError> {
    let mut by_symbol: BTreeMap<&str, (Vec<&Lot>, Vec<&Holding>)> = BTreeMap::new();
    for lot in &book.lots {
        by_symbol.entry(&lot.instrument.symbol).or_default().0.push(lot);
    }
    for row in &stated.rows {
        by_symbol.entry(&row.instrument.symbol).or_default().1.push(row);
    }
    let mut found = Reconciliation::default();
    for (symbol, (lots, rows)) in by_symbol {
        if rows.is_empty() && !stated.is_whole_account {
            continue;
        }
        reconcile_symbol(symbol, &lots, &rows, stated, market, calendar, &mut found)?;
    }
    deliver(book, &mut found, stated.as_of, market, calendar)?;
    if let Some(cash) = stated.cash.filter(|_| found.unpriced.is_empty()) {
        found.cash = cash_change(book, &found, cash, stated.as_of, market, calendar)?;
    }
    Ok(found)
}

/// Shares that came at the strike of a contract that has ended were delivered by it. The contract has settled at its
/// intrinsic value in cash, so the shares are entered at the close that it settled at: the two together are the strike.
fn deliver(
    book: &Book,
    found: &mut Reconciliation,
    as_of: NaiveDate,
    market: &Market,
    calendar: &Calendar,
) -> Result<(), CalendarError> {
    for symbol in &found.expired {
        let lots =
            book.lots.iter().filter(|lot| lot.instrument.symbol == *symbol && lot.position.is_open(as_of));
        let lots: Vec<&Lot> = lots.collect();
        let Some(terms) = lots.first().and_then(|lot| lot.instrument.option.as_ref()) else { continue };
        let contracts = lots.iter().map(|lot| lot.position.quantity * lot.instrument.multiplier).sum::<f64>();
        let delivered = contracts * terms.kind.sign();
        let date = expiry_session(terms, calendar)?;
        let history = market.ids.get(&terms.underlying).and_then(|id| market.histories.get(id));
        let close = history.and_then(|history| history.at_or_before(date)).filter(|bar| bar.date == date);
        let is_delivery = |opening: &&mut Opening| {
            opening.instrument.symbol == terms.underlying
                && opening.exit.is_none()
                && agree(opening.quantity, delivered)
                && agree(opening.price, terms.strike)
        };
        if let (Some(opening), Some(bar)) = (found.openings.iter_mut().find(is_delivery), close) {
            (opening.price, opening.date, opening.source) = (bar.close, date, PriceSource::StoredClose);
        }
    }
    Ok(())
}

/// The book with the changes made. New lots have no id.
pub fn applied(book: &Book, changes: &Reconciliation) -> Book {
    let mut closings: HashMap<i64, Vec<&Closing>> = HashMap::new();
    for closing in &changes.closings {
        closings.entry(closing.position_id).or_default().push(closing);
    }
    let mut lots = Vec::with_capacity(book.lots.len() + changes.openings.len());
    for lot in &book.lots {
        let mut rest = lot.clone();
        for closing in closings.get(&lot.position.id).into_iter().flatten() {
            let mut closed = lot.clone();
            closed.position.quantity = closing.quantity;
            closed.position.exit_price = Some(closing.price);
            closed.position.exit_date = Some(closing.date);
            lots.push(closed);
            rest.position.quantity = closing.remaining;
        }
        if rest.position.quantity != 0.0 {
            lots.push(rest);
        }
    }
    lots.extend(changes.openings.iter().map(|opening| opened(opening, book.portfolio.id)));
    let mut cash = book.cash.clone();
    if let Some(change) = &changes.cash {
        cash.retain(|entry| !change.replaces.contains(&entry.id));
        if change.amount != 0.0 {
            let note = Some(IMPORT_NOTE.to_owned());
            let CashChange { kind, amount, date, .. } = *change;
            cash.push(crate::model::CashEntry {
                id: 0,
                portfolio_id: book.portfolio.id,
                date,
                kind,
                amount,
                note,
            });
        }
    }
    Book { portfolio: book.portfolio.clone(), lots, cash }
}

fn opened(opening: &Opening, portfolio_id: i64) -> Lot {
    let position = Position {
        id: 0,
        portfolio_id,
        instrument_id: opening.instrument.id,
        quantity: opening.quantity,
        entry_price: opening.price,
        entry_date: opening.date,
        exit_price: opening.exit.map(|(price, _)| price),
        exit_date: opening.exit.map(|(_, date)| date),
        adjusted_through: None,
    };
    Lot { position, instrument: opening.instrument.clone(), tags: opening.tags.clone() }
}

/// Half a cent: smaller differences are rounding.
const CASH_TOLERANCE_USD: f64 = 0.005;

fn cash_change(
    book: &Book,
    found: &Reconciliation,
    stated: f64,
    as_of: NaiveDate,
    market: &Market,
    calendar: &Calendar,
) -> Result<Option<CashChange>, CalendarError> {
    let (earlier, others): (Vec<_>, Vec<_>) = book.cash.iter().cloned().partition(|entry| {
        entry.date == as_of && entry.note.as_deref().is_some_and(|n| n.starts_with(IMPORT_NOTE))
    });
    let mut after = applied(book, found);
    after.cash = others;
    let days = performance::roll_from_opening(&after, market, calendar, as_of)?;
    let derived = days.last().map_or(0.0, |day| day.cash);
    let (amount, before) = (rounded(stated - derived), earlier.iter().map(|entry| entry.amount).sum::<f64>());
    if (amount - before).abs() < CASH_TOLERANCE_USD {
        return Ok(None);
    }
    let is_opening =
        as_of == book.portfolio.opened_on && after.cash.iter().all(|entry| entry.kind != CashKind::Opening);
    let kind = match amount < 0.0 {
        _ if is_opening => CashKind::Opening,
        true => CashKind::Withdrawal,
        false => CashKind::Contribution,
    };
    let replaces = earlier.iter().map(|entry| entry.id).collect();
    let amount = if amount.abs() < CASH_TOLERANCE_USD { 0.0 } else { amount };
    Ok(Some(CashChange { kind, amount, date: as_of, replaces, stated, derived }))
}

/// Differences of decimal numbers, without the digits that subtraction in binary adds.
pub(super) fn rounded(value: f64) -> f64 {
    let scaled = (value * 1e9).round() / 1e9;
    if scaled.is_finite() { scaled + 0.0 } else { value }
}
