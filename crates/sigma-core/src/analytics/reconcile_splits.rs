//! Splits between a statement and a book: recorded and due, counted by the file, or not stored. Rules in
//! [`super::reconcile`].

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::reconcile::{Adjustment, Holding, SplitSeen, Units, UnitsUntold, Unpriced, rounded};
use super::reconcile_lots::{Symbol, agree};
use crate::model::{Lot, Split};

/// Half a cent: prices per unit are rounded to cents.
const PRICE_ROUNDING: f64 = 0.005;
/// Costs of whole positions are rounded to cents.
const COST_ROUNDING: f64 = 0.01;
/// Largest side of a split of n for one, and of n for m.
const LARGEST: f64 = 1000.0;
const LARGEST_OF_TWO: f64 = 100.0;
/// Smallest ratio at which a price of a day can tell units: prices of one day differ, too.
const TELLING: f64 = 1.2;
/// A price tells units within this part of the distance between two of them, on the scale of logarithms.
const NEAR: f64 = 0.25;

/// The same price, one of them rounded to cents.
pub(super) fn is_rounded(a: f64, b: f64) -> bool {
    agree(a, b) || (a - b).abs() <= PRICE_ROUNDING.min(PRICE_ROUNDING * b.abs()) + 1e-9
}

/// Whether units can have become so many times as many by a split: n for one, one for n, n for m.
pub(super) fn is_split_ratio(ratio: f64) -> bool {
    let larger = ratio.max(1.0 / ratio);
    let is_whole = |value: f64| (value - value.round()).abs() <= 1e-6 * value;
    let is_of = |m: u32| {
        let n = larger * f64::from(m);
        is_whole(n) && (m == 1 || n < LARGEST_OF_TWO + 0.5)
    };
    ratio > 0.0 && (larger - 1.0) > 1e-6 && larger <= LARGEST && (1..=100).any(is_of)
}

/// Signed cost of all open rows, and how far rounding may have moved it. Absent where a row tells none.
pub(super) fn cost_of(rows: &[&Holding]) -> Option<(f64, f64)> {
    let mut sum = (0.0, 0.0);
    for row in rows.iter().filter(|row| row.exit.is_none()) {
        let by_price = || Some(row.entry_price? * row.quantity * row.instrument.multiplier);
        let cost = row.cost_basis.or_else(by_price)?;
        let by_unit = (row.quantity * PRICE_ROUNDING).abs().min(0.001 * cost.abs());
        sum = (sum.0 + cost, sum.1 + by_unit.max(COST_ROUNDING));
    }
    Some(sum)
}

/// Whether the stated cost is that of the lots.
pub(super) fn cost_agrees((cost, rounding): (f64, f64), held: &[(&Lot, f64)]) -> bool {
    let known = cost_held(held);
    known != 0.0 && (cost - known).abs() <= rounding + 1e-9 * known.abs()
}

fn cost_held(held: &[(&Lot, f64)]) -> f64 {
    held.iter().map(|(lot, units)| units * lot.position.entry_price * lot.instrument.multiplier).sum()
}

impl Symbol<'_, '_> {
    /// What the splits that a lot's units do not count make of one of them, for shares.
    fn split_ratio(&self, lot: &Lot) -> f64 {
        let units_of = self.counted.get(&lot.position.id).copied().unwrap_or(lot.position.units_of());
        self.splits(lot.instrument.id, units_of, self.as_of).map(|split| split.to / split.from).product()
    }

    /// Recorded splits of shares after the one day, up to the other.
    fn splits(&self, id: i64, after: NaiveDate, to: NaiveDate) -> impl Iterator<Item = &Split> {
        let history = self.market.histories.get(&id).filter(|_| !self.is_option);
        let splits = history.into_iter().flat_map(|history| &history.splits);
        splits.filter(move |split| split.date > after && split.date <= to)
    }

    /// Whether there are lots that recorded splits have not been applied to.
    fn has_due_splits(&self) -> bool {
        self.held.iter().any(|(lot, _)| self.split_ratio(lot) != 1.0)
    }

    /// Stored lots that the file states as they are, in units that count a recorded split: the stored ones count it too.
    pub(super) fn count_splits(&mut self, rows: &[&Holding]) {
        for (lot, units) in self.held.clone() {
            let position = &lot.position;
            if self.split_ratio(lot) == 1.0 {
                continue;
            }
            let is_same = |row: &&&Holding| {
                (row.exit, row.entry_date, row.entry_price)
                    == (None, Some(position.entry_date), Some(position.entry_price))
                    && agree(row.quantity, units)
            };
            let through = match rows.iter().find(is_same).map(|row| (row.units, row)) {
                Some((Units::Through(day), _)) => Some(day),
                Some((Units::Untold, row)) => self.told_by_price(row, self.as_of).flatten(),
                _ => None,
            };
            if let Some(through) = through.filter(|day| *day > position.units_of()) {
                self.counted.insert(position.id, through);
                let (position_id, symbol) = (position.id, self.symbol.to_owned());
                self.found.adjusted.push(Adjustment { position_id, symbol, quantity: units, through });
            }
        }
    }

    /// Whether recorded splits that have not been applied stand between the stated units and the held ones.
    pub(super) fn is_split(&mut self, rows: &[&Holding], held: f64, stated: f64) -> bool {
        let due = self.held.iter().filter(|(lot, _)| self.split_ratio(lot) != 1.0);
        let position_ids: Vec<i64> = due.map(|(lot, _)| lot.position.id).collect();
        if stated == 0.0 || position_ids.is_empty() {
            return false;
        }
        let after = rounded(self.held.iter().map(|(lot, units)| units * self.split_ratio(lot)).sum());
        let symbol = self.symbol.to_owned();
        let untold =
            |row: &&&Holding| row.units == Units::Untold && self.told_by_price(row, self.as_of).is_none();
        let is_untold = agree(held, stated) && rows.iter().any(|row| untold(&row));
        match agree(after, stated) || agree(held, stated) {
            true => {
                self.found.splits.push(SplitSeen { symbol, held, stated, after, position_ids, is_untold })
            }
            false => self.found.unpriced.push(Unpriced::SplitDue { symbol, held, after, stated }),
        }
        true
    }

    /// Whether the file counts a split that is not stored: the same cost in other units.
    pub(super) fn is_unknown_split(&mut self, rows: &[&Holding]) -> bool {
        if self.is_option || self.held.is_empty() || self.has_due_splits() {
            return false;
        }
        let held = self.units();
        let Some(stated) = self.split_of_lots(rows).or_else(|| self.split_of_cost(rows)) else {
            return false;
        };
        let symbol = self.symbol.to_owned();
        self.found.unpriced.push(Unpriced::SplitUnknown { symbol, held, stated });
        true
    }

    /// Every stored lot is in the file under its entry date, in other units at the same cost, all by one ratio.
    fn split_of_lots(&self, rows: &[&Holding]) -> Option<f64> {
        let mut stated: BTreeMap<(NaiveDate, u64), f64> = BTreeMap::new();
        for row in rows {
            let (date, price) = row.entry_date.zip(row.entry_price).filter(|(_, price)| *price > 0.0)?;
            *stated.entry((date, price.to_bits())).or_default() += row.quantity;
        }
        let mut held: BTreeMap<(NaiveDate, u64), f64> = BTreeMap::new();
        for (lot, units) in &self.held {
            *held.entry((lot.position.entry_date, lot.position.entry_price.to_bits())).or_default() += units;
        }
        let ratio_of = |(&(date, price), units): (&(NaiveDate, u64), &f64)| {
            let cost = units * f64::from_bits(price);
            let is_it = |((on, price), quantity): &(&(NaiveDate, u64), &f64)| {
                let rounding = (*quantity * PRICE_ROUNDING).abs().min(0.001 * cost.abs());
                let (ratio, new_cost) = (*quantity / units, *quantity * f64::from_bits(*price));
                *on == date
                    && is_split_ratio(ratio)
                    && (new_cost - cost).abs() <= rounding + 1e-9 * cost.abs()
            };
            stated.iter().find(is_it).map(|(_, quantity)| quantity / units)
        };
        let first = ratio_of(held.first_key_value()?)?;
        let is_first = |ratio: Option<f64>| ratio.is_some_and(|ratio| agree(ratio, first));
        held.iter().all(|lot| is_first(ratio_of(lot))).then(|| rounded(self.units() * first))
    }

    /// Holdings without entry dates whose cost is the same in n for m units, or lacks no more than a fraction of a unit
    /// that was paid out. No trade leaves the cost as it is.
    fn split_of_cost(&self, rows: &[&Holding]) -> Option<f64> {
        let open: Vec<&Holding> = rows.iter().copied().filter(|row| row.exit.is_none()).collect();
        let is_one_side = open.iter().all(|row| row.quantity * self.units() > 0.0);
        if open.is_empty() || !is_one_side || open.iter().all(|row| row.entry_date.is_some()) {
            return None;
        }
        let (stated, held) = (rounded(open.iter().map(|row| row.quantity).sum()), self.units());
        let (cost, rounding) = cost_of(&open)?;
        let known = cost_held(&self.held);
        if known == 0.0 || cost / known <= 0.0 || agree(stated, held) {
            return None;
        }
        if cost_agrees((cost, rounding), &self.held) {
            return is_split_ratio(stated / held).then_some(stated);
        }
        // What a unit cost then and costs now gives the ratio, whatever was paid out.
        let ratio = nearest_ratio((known / held) / (cost / stated))?;
        let paid_out = rounded((held * ratio).abs() - stated.abs());
        let is_fraction = paid_out > 0.0 && paid_out < 1.0 && stated.fract() == 0.0;
        let is_cost = (cost - known * stated / (held * ratio)).abs() <= rounding;
        (is_fraction && is_cost && cost.abs() > self.dearest(stated.abs()) + rounding).then_some(stated)
    }

    /// The most that so many of the units held can have cost: a sale may leave that.
    fn dearest(&self, mut units: f64) -> f64 {
        let mut lots: Vec<(f64, f64)> =
            self.held.iter().map(|(lot, units)| (lot.position.entry_price, units.abs())).collect();
        lots.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut cost = 0.0;
        for (price, left) in lots {
            let part = left.min(units);
            cost += price * part;
            units -= part;
        }
        if units > 0.0 { 0.0 } else { cost }
    }

    /// Through which day the units of a new lot count splits, where that is after its entry.
    pub(super) fn adjusted_through(
        &mut self,
        row: &Holding,
        (price, date): (f64, NaiveDate),
        exit: Option<NaiveDate>,
        quantity: f64,
    ) -> Option<NaiveDate> {
        let to = exit.unwrap_or(self.as_of);
        let through = match row.units {
            Units::OfStatement => Some(to),
            Units::Through(day) => Some(day),
            Units::Untold => {
                let row = Holding { entry_price: Some(price), entry_date: Some(date), ..row.clone() };
                match self.told_by_price(&row, to) {
                    Some(told) => told,
                    None if exit.is_some() => None,
                    None => {
                        let symbol = self.symbol.to_owned();
                        self.found.untold.push(UnitsUntold { row: row.row, symbol, quantity, date });
                        None
                    }
                }
            }
        };
        through.filter(|day| *day > date)
    }

    /// The units of a lot by its price beside the stored close of its entry: `Some(None)` in units of the entry date,
    /// `Some(Some(day))` when they count the splits up to a day, `None` when that cannot be told.
    fn told_by_price(&self, row: &Holding, to: NaiveDate) -> Option<Option<NaiveDate>> {
        let (Some(date), Some(price)) = (row.entry_date, row.entry_price) else { return Some(None) };
        let mut splits: Vec<&Split> = self.splits(row.instrument.id, date, to).collect();
        splits.sort_by_key(|split| split.date);
        if splits.is_empty() || self.is_option {
            return Some(None);
        }
        let history = self.market.histories.get(&row.instrument.id)?;
        let close = history.on(date).filter(|_| price > 0.0)?.close;
        let mut counted = vec![(close, None)];
        for split in &splits {
            let (close, _) = counted[counted.len() - 1];
            counted.push((close * split.from / split.to, Some(split.date)));
        }
        let distance = |close: f64| (price / close).ln().abs();
        let (near, day) = *counted.iter().min_by(|a, b| distance(a.0).total_cmp(&distance(b.0)))?;
        let others = counted.iter().filter(|(_, other)| *other != day);
        let apart = others.map(|(close, _)| (close / near).ln().abs()).fold(f64::INFINITY, f64::min);
        (apart >= TELLING.ln() && distance(near) <= NEAR * apart).then_some(day)
    }
}

/// The split nearest to a ratio that rounding has moved.
fn nearest_ratio(ratio: f64) -> Option<f64> {
    let small = (1..=10u32).flat_map(|m| (1..=10u32).map(move |n| f64::from(n) / f64::from(m)));
    let of_one = [ratio.round(), 1.0 / (1.0 / ratio).round()];
    let known = small.chain(of_one).filter(|known| known.is_finite() && is_split_ratio(*known));
    let near = known.min_by(|a, b| (a - ratio).abs().total_cmp(&(b - ratio).abs()))?;
    ((near / ratio - 1.0).abs() <= 1e-3).then_some(near)
}
