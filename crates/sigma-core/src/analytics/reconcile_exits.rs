//! Exits that are told: by closed lots of the file, and by prices of contracts that ended. Rules in
//! [`super::reconcile`].

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::reconcile::{Holding, PriceSource, rounded};
use super::reconcile_lots::{Symbol, part_of};
use super::valuation;
use crate::calendar::{Calendar, CalendarError};
use crate::model::Lot;

/// Entry date and price, exit date and price; prices by their bits, which order like the prices themselves.
type Exit = ((NaiveDate, u64), NaiveDate, u64);

impl Symbol<'_, '_> {
    /// Closes contracts that ended at the price that was given for them, and says whether there was one. What ended on
    /// the opening has settled.
    pub(super) fn close_ended(
        &mut self,
        opened_on: NaiveDate,
        calendar: &Calendar,
    ) -> Result<bool, CalendarError> {
        let terms = self.held.first().and_then(|(lot, _)| lot.instrument.option.as_ref());
        let (Some(price), Some(terms)) = (self.exit_price, terms) else { return Ok(false) };
        let date = valuation::expiry_session(terms, calendar)?;
        if date <= opened_on {
            return Ok(false);
        }
        for i in 0..self.held.len() {
            self.close(i, self.held[i].1, price, date, PriceSource::Stated, false);
        }
        Ok(true)
    }

    /// Lots that the file says are closed: those that are stored closed stay, open ones are closed, then units that are
    /// gone without an entry of theirs; others are entered.
    pub(super) fn closed_rows(&mut self, lots: &[&Lot], rows: &[&Holding], stated: f64) {
        let mut stored = closed_units(lots);
        let mut unmatched = Vec::new();
        for row in rows {
            let Some((exit_price, exit_date)) = row.exit else { continue };
            let Some((price, source)) = self.entry_price(row, None) else {
                self.unpriced_entry(row);
                continue;
            };
            let date = row.entry_date.unwrap_or(self.as_of);
            let known = stored.entry(((date, price.to_bits()), exit_date, exit_price.to_bits())).or_default();
            let matched = part_of(*known, row.quantity);
            *known = rounded(*known - matched);
            let is_own = |lot: &Lot| (lot.position.entry_date, lot.position.entry_price) == (date, price);
            let rest = self.close_units(rounded(row.quantity - matched), (exit_price, exit_date), is_own);
            if rest != 0.0 {
                unmatched.push((row, (price, source), (exit_price, exit_date), rest));
            }
        }
        for (row, entry, exit, units) in unmatched {
            let surplus = part_of(rounded(self.units() - stated), units);
            let left = self.close_units(surplus, exit, |lot| lot.position.entry_date <= exit.1);
            let history = rounded(units - surplus + left);
            if history != 0.0 {
                self.open(row, history, entry, row.entry_date.unwrap_or(self.as_of), Some(exit), false);
            }
        }
    }

    /// Closes units of the lots that `is_meant` names, oldest first, and returns what is left.
    fn close_units(
        &mut self,
        mut units: f64,
        (price, date): (f64, NaiveDate),
        is_meant: impl Fn(&Lot) -> bool,
    ) -> f64 {
        for i in 0..self.held.len() {
            let (lot, left) = self.held[i];
            let part = part_of(left, units);
            if part != 0.0 && is_meant(lot) {
                self.close(i, part, price, date, PriceSource::Stated, true);
                units = rounded(units - part);
            }
        }
        units
    }
}

/// Units of the lots that are stored closed, by entry and exit.
fn closed_units(lots: &[&Lot]) -> BTreeMap<Exit, f64> {
    let mut stored: BTreeMap<Exit, f64> = BTreeMap::new();
    for position in lots.iter().map(|lot| &lot.position) {
        if let (Some(price), Some(date)) = (position.exit_price, position.exit_date) {
            let key = ((position.entry_date, position.entry_price.to_bits()), date, price.to_bits());
            *stored.entry(key).or_default() += position.quantity;
        }
    }
    stored
}
