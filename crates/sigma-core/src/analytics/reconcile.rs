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
//! - Units count splits through a day: those of a broker's statement through its as-of date, replayed ones through the
//!   last split that the replay has come across, and those that somebody wrote by hand as the entry price tells beside
//!   the stored close of the entry. Where it cannot tell, that is said ([`UnitsUntold`]) and nothing is assumed.
//! - A difference that equals recorded splits since the units of the lots is a split and no trade; any other difference
//!   waits until the splits are applied, since it would be read in the wrong units. The same cost in n for m units is a
//!   split that is not stored, whether lots or a whole holding show it; a fraction of a unit may have been paid out.
//! - Rows that state the first entry of a lot that splits were applied to are of the lot that goes on from it, in the units
//!   of before or of after.
//! - An expired contract that is no longer stated has settled by itself, unless it ended in the money since the statement
//!   before and the units of its underlying changed by its shares. Then it ends at nothing and the shares come or go at
//!   the strike on the last session: cash, profit and premium are what they were, whatever the file counts into the cost.
//!   Without a close of the underlying only the units tell it, and only if all of them agree. A stated cost that is
//!   neither the strike nor the strike and premium speaks against it.
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
pub use super::reconcile_changes::*;
use super::reconcile_delivery::Deliveries;
use super::reconcile_lots::reconcile_symbol;
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
    /// Whose units quantity and entry price are in.
    pub units: Units,
    pub tags: Vec<String>,
}

/// Which splits quantity and entry price of a row count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// All up to the as-of date: brokers state positions as they are on their day.
    OfStatement,
    /// Those up to this day, as a replay has come across them; the entry date where it has come across none.
    Through(NaiveDate),
    /// Written by hand: units of the entry date or of today.
    Untold,
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
    /// As-of date of the statement before.
    pub previous: Option<NaiveDate>,
    /// Whether this very file was compared before.
    pub is_known_file: bool,
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
    let mut deliveries = Deliveries::of(book, stated, market, calendar)?;
    let is_option = |lots: &[&Lot], rows: &[&Holding]| {
        let instruments =
            lots.iter().map(|lot| &lot.instrument).chain(rows.iter().map(|row| &row.instrument));
        instruments.take(1).any(Instrument::is_option)
    };
    let (contracts, shares): (Vec<_>, Vec<_>) =
        by_symbol.iter().partition(|(_, (lots, rows))| is_option(lots, rows));
    for (symbol, (lots, rows)) in shares.into_iter().chain(contracts) {
        if !rows.is_empty() || stated.is_whole_account {
            let of_symbol = (*symbol, &lots[..], &rows[..]);
            reconcile_symbol(of_symbol, stated, market, calendar, &mut deliveries, &mut found)?;
        }
    }
    if let Some(cash) = stated.cash.filter(|_| found.unpriced.is_empty()) {
        found.cash = cash_change(book, &found, cash, stated.as_of, market, calendar)?;
    }
    Ok(found)
}

/// The book with the changes made. New lots have no id.
pub fn applied(book: &Book, changes: &Reconciliation) -> Book {
    let mut closings: HashMap<i64, Vec<&Closing>> = HashMap::new();
    for closing in &changes.closings {
        closings.entry(closing.position_id).or_default().push(closing);
    }
    let adjusted: HashMap<i64, NaiveDate> =
        changes.adjusted.iter().map(|lot| (lot.position_id, lot.through)).collect();
    let mut lots = Vec::with_capacity(book.lots.len() + changes.openings.len());
    for lot in &book.lots {
        let mut rest = lot.clone();
        let through = adjusted.get(&lot.position.id).copied();
        rest.position.adjusted_through = through.or(lot.position.adjusted_through);
        for closing in closings.get(&lot.position.id).into_iter().flatten() {
            let mut closed = rest.clone();
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
        adjusted_through: opening.adjusted_through,
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
