//! The changes of one symbol. Rules in [`super::reconcile`].

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::reconcile::{
    Closing, Holding, Holdings, Opening, PriceSource, Reconciliation, Unchanged, Unpriced, rounded,
};
use super::reconcile_applied::restated;
use super::reconcile_delivery::Deliveries;
use super::valuation;
use crate::calendar::{Calendar, CalendarError};
use crate::model::{InstrumentKind, Lot, Market};

/// Equal to nine digits.
pub(super) fn agree(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Entry date and price of a lot; prices by their bits, which order like the prices themselves.
type Entry = (NaiveDate, u64);

/// One symbol on its way.
pub(super) struct Symbol<'a, 'f> {
    pub(super) symbol: &'a str,
    pub(super) is_option: bool,
    pub(super) as_of: NaiveDate,
    /// Held at the close of the as-of date, oldest first, with what is left of them.
    pub(super) held: Vec<(&'a Lot, f64)>,
    /// Lots whose units the file shows to count splits, and through which day.
    pub(super) counted: BTreeMap<i64, NaiveDate>,
    /// Given by the user.
    pub(super) exit_price: Option<f64>,
    pub(super) market: &'a Market,
    pub(super) found: &'f mut Reconciliation,
}

/// Adds the changes of one symbol to `found`; contracts come after the shares that they deliver.
pub(super) fn reconcile_symbol<'a>(
    (symbol, lots, rows): (&'a str, &[&'a Lot], &[&Holding]),
    stated: &Holdings,
    market: &'a Market,
    calendar: &Calendar,
    deliveries: &mut Deliveries<'a>,
    found: &mut Reconciliation,
) -> Result<(), CalendarError> {
    let (as_of, exit_price) = (stated.as_of, stated.exit_prices.get(symbol).copied());
    let held = held(lots, as_of, &deliveries.delivered);
    let has_expired = has_expired(&held, as_of, calendar)?;
    let splits = market.history(symbol).map_or(&[][..], |history| &history.splits);
    let rows = restated(rows, lots, &held, splits, stated.is_known_file);
    let instruments = lots.iter().map(|lot| &lot.instrument).chain(rows.iter().map(|row| &row.instrument));
    let is_option = instruments.take(1).any(|instrument| instrument.is_option());
    let counted = BTreeMap::new();
    let mut work = Symbol { symbol, is_option, as_of, held, counted, exit_price, market, found };
    let seen: Vec<&Holding> = rows.iter().collect();
    let units = units_stated(&rows);
    work.count_splits(&seen);
    if work.is_unknown_split(&seen) || work.is_split(&seen, work.units(), units) {
        return Ok(());
    }
    work.closed_rows(lots, &seen, units);
    let rows = work.deliver(rows, deliveries);
    let open: Vec<&Holding> = rows.iter().filter(|row| row.exit.is_none()).collect();
    let (units, stated) = (work.units(), units_stated(&rows));
    if open.is_empty() && has_expired {
        if units != 0.0 && !work.close_ended(deliveries.opened_on, calendar)? {
            work.found.expired.push(symbol.to_owned());
        }
        return Ok(());
    }
    if !open.is_empty() && open.iter().all(|row| row.entry_date.is_some()) && work.lots(&open, stated) {
        return Ok(());
    }
    work.holding(&open, units, stated);
    Ok(())
}

/// Lots held at the close of a day, oldest first, without the contracts that have delivered.
fn held<'a>(lots: &[&'a Lot], as_of: NaiveDate, delivered: &BTreeMap<i64, f64>) -> Vec<(&'a Lot, f64)> {
    let left = |lot: &&'a Lot| {
        let gone = delivered.get(&lot.position.id).copied().unwrap_or(0.0);
        (*lot, rounded(lot.position.quantity - gone))
    };
    let mut held: Vec<_> = lots.iter().filter(|lot| lot.position.is_open(as_of)).map(left).collect();
    held.sort_by_key(|(lot, _)| (lot.position.entry_date, lot.position.id));
    held
}

fn units_stated(rows: &[Holding]) -> f64 {
    rounded(rows.iter().filter(|row| row.exit.is_none()).map(|row| row.quantity).sum())
}

fn has_expired(held: &[(&Lot, f64)], as_of: NaiveDate, calendar: &Calendar) -> Result<bool, CalendarError> {
    match held.first().and_then(|(lot, _)| lot.instrument.option.as_ref()) {
        Some(terms) => Ok(valuation::expiry_session(terms, calendar)? <= as_of),
        None => Ok(false),
    }
}

impl Symbol<'_, '_> {
    pub(super) fn units(&self) -> f64 {
        rounded(self.held.iter().map(|(_, units)| units).sum())
    }

    /// Compares lot by lot. Gives up when the stated lots cannot be brought about by entries and exits of theirs.
    fn lots(&mut self, rows: &[&Holding], stated: f64) -> bool {
        let mut groups: BTreeMap<Entry, f64> = BTreeMap::new();
        for (lot, units) in &self.held {
            let key = (lot.position.entry_date, lot.position.entry_price.to_bits());
            *groups.entry(key).or_default() += units;
        }
        let mut wanted: Vec<(&Holding, f64, PriceSource, f64)> = Vec::new();
        for row in rows {
            let Some((price, source)) = self.entry_price(row, None) else {
                self.unpriced_entry(row);
                return true;
            };
            let key = (row.entry_date.unwrap_or(self.as_of), price.to_bits());
            let known = groups.entry(key).or_default();
            let matched = part_of(*known, row.quantity);
            *known = rounded(*known - matched);
            let rest = rounded(row.quantity - matched);
            if rest != 0.0 {
                wanted.push((row, price, source, rest));
            }
        }
        let units = self.units();
        let surplus = groups.values().any(|left| *left != 0.0);
        let latest = self.held.iter().map(|(lot, _)| lot.position.entry_date).max();
        let is_trade = !wanted.is_empty() && wanted.iter().all(|(row, ..)| row.entry_date > latest);
        if !self.held.is_empty() && agree(units, stated) && !(surplus && is_trade) {
            self.unchanged(units, surplus || !wanted.is_empty());
            return true;
        }
        // Lots that go while older ones come are other entries of the same holding: only the sum can be trusted.
        if surplus && !wanted.is_empty() && !is_trade {
            return false;
        }
        let is_increase = !self.held.is_empty();
        for (row, price, source, rest) in wanted {
            let date = row.entry_date.unwrap_or(self.as_of);
            self.open(row, rest, (price, source), date, None, is_increase);
        }
        if surplus {
            self.reduce_groups(rows, groups);
        }
        true
    }

    fn reduce_groups(&mut self, rows: &[&Holding], mut groups: BTreeMap<Entry, f64>) {
        let Some((price, source)) = self.exit_price(rows) else { return self.unpriced_exit() };
        for i in 0..self.held.len() {
            let (lot, left) = self.held[i];
            let key = (lot.position.entry_date, lot.position.entry_price.to_bits());
            if let Some(surplus) = groups.get_mut(&key) {
                let part = part_of(left, *surplus);
                *surplus = rounded(*surplus - part);
                if part != 0.0 {
                    self.close(i, part, price, self.as_of, source, true);
                }
            }
        }
    }

    /// Compares the sums.
    fn holding(&mut self, rows: &[&Holding], units: f64, stated: f64) {
        // Rows that add up to nothing, long and short, are rows all the same.
        if agree(units, stated) && (!self.held.is_empty() || rows.is_empty()) {
            if units != 0.0 {
                self.unchanged(units, false);
            }
            return;
        }
        if units != 0.0 && units * stated <= 0.0 {
            self.reduce(rows, units, false);
        } else if stated.abs() < units.abs() {
            return self.reduce(rows, rounded(units - stated), true);
        }
        let held = if units * stated > 0.0 { units } else { 0.0 };
        match rows {
            [] => {}
            [row] => self.grow(row, rows, held, rounded(stated - held)),
            _ if held == 0.0 => rows.iter().for_each(|row| self.grow(row, &[row], 0.0, row.quantity)),
            [row, ..] => self.grow(row, rows, held, rounded(stated - held)),
        }
    }

    /// Enters `more` units on top of those held.
    fn grow(&mut self, row: &Holding, rows: &[&Holding], held: f64, more: f64) {
        let known = match held == 0.0 {
            true => None,
            false => Some(self.held.iter().map(|(lot, units)| units * lot.position.entry_price).sum::<f64>()),
        };
        let basis: Option<f64> = rows.iter().map(|row| row.cost_basis).sum();
        let change = known.zip(basis).map(|(known, basis)| {
            let multiplier = row.instrument.multiplier;
            (basis / multiplier - known) / more
        });
        match self.entry_price(row, Some(change).filter(|_| held != 0.0)) {
            Some(price) => {
                // The entry date of a holding that has grown is that of its first lot.
                let date = row.entry_date.filter(|_| held == 0.0).unwrap_or(self.as_of);
                self.open(row, more, price, date, None, held != 0.0);
            }
            None => self.unpriced_entry(row),
        }
    }

    /// Closes `less` units, oldest lots first.
    fn reduce(&mut self, rows: &[&Holding], mut less: f64, is_reduction: bool) {
        let Some((price, source)) = self.exit_price(rows) else { return self.unpriced_exit() };
        for i in 0..self.held.len() {
            // Closing everything closes lots of the other side too.
            let left = self.held[i].1;
            let part = if is_reduction { part_of(left, less) } else { left };
            if part != 0.0 {
                less = rounded(less - part);
                self.close(i, part, price, self.as_of, source, is_reduction);
            }
        }
    }

    /// `change`: price by the change of cost basis, for units on top of others; an average cost is then no price.
    pub(super) fn entry_price(
        &self,
        row: &Holding,
        change: Option<Option<f64>>,
    ) -> Option<(f64, PriceSource)> {
        let of_basis = || Some(row.cost_basis? / (row.quantity * row.instrument.multiplier));
        let stated = match (change, row.entry_price) {
            (Some(change), _) => {
                change.map(|price| (price, PriceSource::CostBasis)).filter(|(p, _)| *p > 0.0)
            }
            (None, Some(price)) => Some((price, PriceSource::Stated)),
            (None, None) => of_basis().map(|price| (price, PriceSource::CostBasis)),
        };
        let stated = stated.map(|(price, source)| (significant(price, source), source));
        stated
            .or(row.price.map(|price| (price, PriceSource::StatedPrice)))
            .or(self.stored_close().map(|price| (price, PriceSource::StoredClose)))
    }

    fn exit_price(&self, rows: &[&Holding]) -> Option<(f64, PriceSource)> {
        let given = self.exit_price.map(|price| (price, PriceSource::Stated));
        let of_rows = || rows.iter().find_map(|row| row.price).map(|price| (price, PriceSource::StatedPrice));
        given.or_else(of_rows).or_else(|| self.stored_close().map(|price| (price, PriceSource::StoredClose)))
    }

    pub(super) fn stored_close(&self) -> Option<f64> {
        let id = *self.market.ids.get(self.symbol)?;
        let private =
            self.held.first().is_some_and(|(lot, _)| lot.instrument.kind == InstrumentKind::Private);
        let bar = self.market.histories.get(&id).and_then(|history| history.at_or_before(self.as_of));
        let close = bar.filter(|bar| private || bar.date == self.as_of).map(|bar| bar.close);
        let mark = || self.market.option_mark_at_or_before(id, self.as_of);
        close.or_else(|| mark().filter(|(_, date)| *date == self.as_of).map(|(price, _)| price))
    }

    pub(super) fn open(
        &mut self,
        row: &Holding,
        quantity: f64,
        (price, source): (f64, PriceSource),
        date: NaiveDate,
        exit: Option<(f64, NaiveDate)>,
        is_increase: bool,
    ) {
        let through = self.adjusted_through(row, (price, date), exit.map(|(_, day)| day), quantity);
        self.found.openings.push(Opening {
            row: row.row,
            instrument: row.instrument.clone(),
            quantity,
            price,
            date,
            exit,
            tags: row.tags.clone(),
            source,
            is_increase,
            adjusted_through: through,
            delivery: None,
        });
    }

    pub(super) fn close(
        &mut self,
        i: usize,
        part: f64,
        price: f64,
        date: NaiveDate,
        source: PriceSource,
        keeps: bool,
    ) {
        let (lot, left) = self.held[i];
        let position = &lot.position;
        let symbol = self.symbol.to_owned();
        if let Some(exit) = position.exit_date {
            let position_id = position.id;
            return self.found.unpriced.push(Unpriced::ClosedLater { symbol, position_id, exit });
        }
        let remaining = rounded(left - part);
        self.held[i].1 = remaining;
        self.found.closings.push(Closing {
            position_id: position.id,
            symbol,
            quantity: part,
            remaining,
            price,
            date,
            source,
            realized_usd: (price - position.entry_price) * part * lot.instrument.multiplier,
            is_reduction: keeps,
            delivery: None,
        });
    }

    fn unchanged(&mut self, quantity: f64, entries_differ: bool) {
        self.found.unchanged.push(Unchanged { symbol: self.symbol.to_owned(), quantity, entries_differ });
    }

    pub(super) fn unpriced_entry(&mut self, row: &Holding) {
        let (row, symbol) = (row.row, self.symbol.to_owned());
        self.found.unpriced.push(Unpriced::Entry { row, symbol, date: self.as_of });
    }

    fn unpriced_exit(&mut self) {
        self.found.unpriced.push(Unpriced::Exit { symbol: self.symbol.to_owned(), date: self.as_of });
    }
}

/// As much of `wanted` units as a lot with `left` units of the same side has.
pub(super) fn part_of(left: f64, wanted: f64) -> f64 {
    match left * wanted > 0.0 {
        true if left.abs() <= wanted.abs() => left,
        true => wanted,
        false => 0.0,
    }
}

/// A price that was divided out keeps twelve digits: the rest is noise of the division.
fn significant(price: f64, source: PriceSource) -> f64 {
    match source {
        PriceSource::CostBasis if price > 0.0 => {
            let scale = 10f64.powi(11 - price.log10().floor() as i32);
            (price * scale).round() / scale
        }
        _ => price,
    }
}
