//! Stored snapshots against the books as they stand.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sigma_core::analytics::performance::{Day, roll_from_opening};
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{Book, Market, Snapshot};

use crate::identities::{Broken, differs};

/// What a change of positions, cash or prices shows in first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    nav: f64,
    cash: f64,
    long_value: f64,
    short_value: f64,
    position_count: usize,
}

impl From<&Snapshot> for Totals {
    fn from(snapshot: &Snapshot) -> Totals {
        let Snapshot { nav, cash, long_value, short_value, position_count, .. } = *snapshot;
        Totals { nav, cash, long_value, short_value, position_count }
    }
}

impl From<&Day> for Totals {
    fn from(day: &Day) -> Totals {
        let Day { nav, cash, long_value, short_value, .. } = *day;
        Totals { nav, cash, long_value, short_value, position_count: day.lots.len() }
    }
}

/// The first total in which a stored snapshot is not that of the book.
pub fn difference(stored: &Snapshot, now: &Totals) -> Option<String> {
    let scale = stored.gross.abs() + stored.nav.abs();
    let old = Totals::from(stored);
    let numbers = [
        ("NAV", old.nav, now.nav),
        ("cash", old.cash, now.cash),
        ("long value", old.long_value, now.long_value),
        ("short value", old.short_value, now.short_value),
    ];
    let found = numbers.into_iter().find(|(_, old, now)| differs(*old, *now, scale));
    match found {
        Some((name, old, now)) => Some(format!("{name} {old:.2} stored, {now:.2} now")),
        None if old.position_count != now.position_count => {
            Some(format!("{} positions stored, {} now", old.position_count, now.position_count))
        }
        None => None,
    }
}

/// One finding for each book with snapshots that are not of it any more, at the first of them. Days on which nothing is
/// priced are passed over: whether the book or the prices have gone, no number tells.
pub fn stale_snapshots(
    books: &[Book],
    snapshots: &[(i64, Snapshot)],
    market: &Market,
    calendar: &Calendar,
) -> Result<Vec<Broken>, CalendarError> {
    let mut by_book: HashMap<i64, BTreeMap<NaiveDate, &Snapshot>> = HashMap::new();
    for (id, snapshot) in snapshots {
        by_book.entry(*id).or_default().insert(snapshot.as_of, snapshot);
    }
    let mut broken = Vec::new();
    for book in books {
        let Some(stored) = by_book.get(&book.portfolio.id) else { continue };
        let Some((last, _)) = stored.last_key_value() else { continue };
        let days = roll_from_opening(book, market, calendar, *last)?;
        let is_told = |day: &&Day| day.lots.is_empty() || day.lots.iter().any(|lot| lot.mark.is_ok());
        let differing = |day: &Day| Some((day.date, difference(stored.get(&day.date)?, &day.into())?));
        let found: Vec<(NaiveDate, String)> = days.iter().filter(is_told).filter_map(differing).collect();
        broken.extend(finding(book, &found));
    }
    Ok(broken)
}

fn finding(book: &Book, found: &[(NaiveDate, String)]) -> Option<Broken> {
    let ((first, told), (last, _)) = (found.first()?, found.last()?);
    let slug = &book.portfolio.slug;
    Some(Broken {
        rule: "snapshots are of the book as it stands",
        portfolio_id: book.portfolio.id,
        as_of: *first,
        rows: found.len(),
        detail: format!("{told}; run `sigma-report snapshot --from {first} --to {last} --portfolio {slug}`"),
    })
}
