//! Rows of a statement in the entries and units of stored lots that splits were applied to. Rules in
//! [`super::reconcile`].
//!
//! A split that is applied ends a lot at its own entry price and goes on with another of the same cost. A file knows
//! nothing of that: it goes on stating the first entry, in the units of before or of after.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::reconcile::{Holding, Units, rounded};
use super::reconcile_lots::{agree, part_of};
use super::reconcile_splits::{cost_agrees, cost_of, is_rounded};
use crate::model::{Lot, Split};

/// A held lot, what is left of it, and the lots that it goes on from, the latest first.
struct Since<'a> {
    lot: &'a Lot,
    left: f64,
    before: Vec<&'a Lot>,
}

/// The rows, those of lots that go on from others in the entries of the later ones.
pub(super) fn restated(
    rows: &[&Holding],
    lots: &[&Lot],
    held: &[(&Lot, f64)],
    splits: &[Split],
    is_known_file: bool,
) -> Vec<Holding> {
    let lot_since = |lot: &Lot, left: f64| lot_since(lots, splits, lot, left);
    let with_ancestors = |(lot, left): &(&Lot, f64)| lot_since(lot, *left);
    let mut since: Vec<Since<'_>> = held.iter().filter_map(with_ancestors).collect();
    let closed = lots.iter().filter(|lot| lot.position.exit_date.is_some());
    let closed: Vec<Since<'_>> = closed.filter_map(|lot| lot_since(lot, 0.0)).collect();
    if since.is_empty() && closed.is_empty() {
        return rows.iter().map(|row| (*row).clone()).collect();
    }
    if let Some(rows) = without_dates(rows, held, &since, is_known_file) {
        return rows;
    }
    let mut own: BTreeMap<(NaiveDate, u64), f64> = BTreeMap::new();
    for (lot, units) in held {
        *own.entry((lot.position.entry_date, lot.position.entry_price.to_bits())).or_default() += units;
    }
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match (row.entry_date.zip(row.entry_price), row.exit) {
            (Some(entry), None) => open_row(row, entry, &mut own, &mut since, &mut found),
            (Some(entry), Some((_, exit))) => {
                found.push(closed_row(row, entry, exit, since.iter().chain(&closed)))
            }
            (None, _) => found.push((*row).clone()),
        }
    }
    found
}

fn lot_since<'a>(lots: &[&'a Lot], splits: &[Split], lot: &Lot, left: f64) -> Option<Since<'a>> {
    let lot = *lots.iter().find(|known| known.position.id == lot.position.id)?;
    let mut before: Vec<&'a Lot> = Vec::new();
    while let Some(earlier) =
        lots.iter().find(|earlier| goes_on(earlier, before.last().unwrap_or(&lot), splits))
    {
        before.push(earlier);
    }
    (!before.is_empty()).then_some(Since { lot, left, before })
}

/// Whether the second lot is what a split has left of the first one. Parts of it may have been sold since, so the price
/// tells it, and not the cost.
fn goes_on(before: &Lot, after: &Lot, splits: &[Split]) -> bool {
    let (before, after) = (&before.position, &after.position);
    let mut of_day = splits.iter().filter(|split| split.date == after.entry_date);
    before.exit_date == Some(after.entry_date)
        && before.exit_price == Some(before.entry_price)
        && before.entry_date < after.entry_date
        && before.quantity * after.quantity > 0.0
        && of_day.any(|split| agree(before.entry_price / after.entry_price, split.to / split.from))
}

/// Units of the lot that one unit of the row is, when the row is of the lot or of one that it goes on from.
fn units_of(row: (NaiveDate, f64), lot: &Lot, before: &[&Lot]) -> Option<f64> {
    let (date, price) = row;
    let first = before.iter().find(|first| first.position.entry_date == date)?;
    let (now, then) = (lot.position.entry_price, first.position.entry_price);
    if is_rounded(price, now) { Some(1.0) } else { is_rounded(price, then).then_some(then / now) }
}

/// Takes what is held under the row's own entry first, then what goes on from it; the rest stays as it is stated.
fn open_row(
    row: &Holding,
    entry: (NaiveDate, f64),
    own: &mut BTreeMap<(NaiveDate, u64), f64>,
    since: &mut [Since<'_>],
    found: &mut Vec<Holding>,
) {
    let known = own.entry((entry.0, entry.1.to_bits())).or_default();
    let kept = part_of(*known, row.quantity);
    *known = rounded(*known - kept);
    let mut rest = rounded(row.quantity - kept);
    for Since { lot, left, before } in since {
        let Some(factor) = units_of(entry, lot, before) else { continue };
        let part = part_of(*left, rounded(rest * factor));
        if part == 0.0 {
            continue;
        }
        *left = rounded(*left - part);
        rest = rounded(rest - part / factor);
        found.push(Holding {
            quantity: part,
            entry_price: Some(lot.position.entry_price),
            entry_date: Some(lot.position.entry_date),
            cost_basis: row.cost_basis.map(|basis| basis * (part / factor) / row.quantity),
            units: Units::Through(lot.position.units_of()),
            ..row.clone()
        });
    }
    if rounded(kept + rest) != 0.0 {
        found.push(Holding { quantity: rounded(kept + rest), ..row.clone() });
    }
}

/// A part that was sold after the split, in its units, is a part of the later lot.
fn closed_row<'a>(
    row: &Holding,
    entry: (NaiveDate, f64),
    exit: NaiveDate,
    mut since: impl Iterator<Item = &'a Since<'a>>,
) -> Holding {
    let is_of = |since: &&Since<'_>| {
        exit > since.lot.position.entry_date && units_of(entry, since.lot, &since.before) == Some(1.0)
    };
    match since.find(is_of).map(|since| &since.lot.position) {
        Some(later) => Holding {
            entry_price: Some(later.entry_price),
            entry_date: Some(later.entry_date),
            units: Units::Through(later.units_of()),
            ..row.clone()
        },
        None => row.clone(),
    }
}

/// Holdings without entry dates in the units of before. Half of the shares may have been sold, too: only a cost that has
/// not changed tells, or that it is a file from before.
fn without_dates(
    rows: &[&Holding],
    held: &[(&Lot, f64)],
    since: &[Since<'_>],
    is_known_file: bool,
) -> Option<Vec<Holding>> {
    let open = || rows.iter().filter(|row| row.exit.is_none());
    if open().next().is_none() || open().any(|row| row.entry_date.is_some()) {
        return None;
    }
    let units = |(lot, units): &(&Lot, f64)| {
        let of_lot = since.iter().find(|since| since.lot.position.id == lot.position.id);
        let factor = of_lot.map_or(1.0, |s| lot.position.entry_price / s.before[0].position.entry_price);
        units * factor
    };
    let (now, then): (f64, f64) = (held.iter().map(|(_, units)| units).sum(), held.iter().map(units).sum());
    let stated: f64 = open().map(|row| row.quantity).sum();
    let is_then = agree(stated, then) && !agree(stated, now);
    let has_cost = || cost_of(rows).is_some_and(|cost| cost_agrees(cost, held));
    if !is_then || !(is_known_file || has_cost()) {
        return None;
    }
    let scaled = |row: &&Holding| match row.exit {
        None => Holding { quantity: rounded(row.quantity * now / then), ..(*row).clone() },
        Some(_) => (*row).clone(),
    };
    Some(rows.iter().map(scaled).collect())
}
