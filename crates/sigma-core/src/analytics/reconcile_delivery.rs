//! Shares that contracts delivered between two statements. Rules in [`super::reconcile`].

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::reconcile::{Closing, Delivery, Holding, Holdings, Opening, PriceSource, rounded};
use super::reconcile_lots::{Symbol, agree, part_of};
use super::reconcile_splits::cost_of;
use super::valuation::{expiry_session, intrinsic};
use crate::calendar::{Calendar, CalendarError};
use crate::model::{Book, Lot, Market, OptionTerms};

/// Brokers date delivered shares on the expiry or on a day soon after it.
const BOOKED_WITHIN: Days = Days::new(7);
/// Part of the strike by which the stated cost of delivered shares may miss it for fees.
const FEES: f64 = 0.01;

/// A lot of contracts that ended since the statement before, and may have delivered.
#[derive(Debug, Clone)]
pub(super) struct Ended<'a> {
    lot: &'a Lot,
    terms: &'a OptionTerms,
    /// Day that its shares count from.
    date: NaiveDate,
    /// Intrinsic value per unit at the end; absent without a stored close.
    value: Option<f64>,
}

/// Contracts that ended, by underlying, and units of them that were found to have delivered, by position.
#[derive(Debug, Default)]
pub(super) struct Deliveries<'a> {
    ended: BTreeMap<&'a str, Vec<Ended<'a>>>,
    pub(super) delivered: BTreeMap<i64, f64>,
    pub(super) opened_on: NaiveDate,
}

impl<'a> Deliveries<'a> {
    /// Contracts of the book that the statement does not name any more and that were not out of the money.
    pub(super) fn of(
        book: &'a Book,
        stated: &Holdings,
        market: &Market,
        calendar: &Calendar,
    ) -> Result<Deliveries<'a>, CalendarError> {
        let opened_on = book.portfolio.opened_on;
        let mut found = Deliveries { opened_on, ..Deliveries::default() };
        let since = stated.previous.unwrap_or(opened_on);
        let is_named = |symbol: &str| {
            stated.exit_prices.contains_key(symbol)
                || stated.rows.iter().any(|row| row.instrument.symbol == symbol)
        };
        let open =
            book.lots.iter().filter(|lot| lot.position.is_open(stated.as_of) && stated.is_whole_account);
        for lot in open {
            let Some(terms) = lot.instrument.option.as_ref().filter(|terms| terms.standard_deliverable)
            else {
                continue;
            };
            let expiry = expiry_session(terms, calendar)?;
            // What came in kind on the opening is traded from the next session on.
            let date = match expiry > opened_on {
                true => expiry,
                false => calendar.session_on_or_after(opened_on + Days::new(1))?,
            };
            let close = market.history(&terms.underlying).and_then(|history| history.on(expiry));
            let value = close.map(|bar| intrinsic(terms, bar.close));
            if expiry >= since
                && date <= stated.as_of
                && value != Some(0.0)
                && !is_named(&lot.instrument.symbol)
            {
                found.ended.entry(&terms.underlying).or_default().push(Ended { lot, terms, date, value });
            }
        }
        Ok(found)
    }
}

impl Ended<'_> {
    /// Signed shares that all contracts of the lot bring.
    fn shares(&self) -> f64 {
        self.lot.units() * self.terms.kind.sign()
    }

    /// Stated cost of one delivered share: the strike, or as brokers count the premium into it.
    fn costs(&self) -> (f64, f64) {
        let with_premium = self.terms.strike + self.terms.kind.sign() * self.lot.position.entry_price;
        (self.terms.strike.min(with_premium), self.terms.strike.max(with_premium))
    }
}

impl<'a> Symbol<'a, '_> {
    /// Takes shares that contracts brought or took away at their strikes, and returns the rows without them. Contracts
    /// deliver as a whole, those of the larger value first.
    pub(super) fn deliver(&mut self, rows: Vec<Holding>, deliveries: &mut Deliveries<'a>) -> Vec<Holding> {
        let Some(ended) = deliveries.ended.get(self.symbol) else { return rows };
        let stated: f64 = rows.iter().filter(|row| row.exit.is_none()).map(|row| row.quantity).sum();
        let change = rounded(stated - self.units());
        let mut ended: Vec<&Ended<'a>> = ended.iter().filter(|ended| ended.shares() * change > 0.0).collect();
        // Without a close only the units can say that a contract delivered, and only all of them together.
        if !agree(ended.iter().map(|ended| ended.shares()).sum(), change) {
            ended.retain(|ended| ended.value.is_some());
        }
        ended.sort_by(|a, b| {
            a.date.cmp(&b.date).then(b.value.unwrap_or(0.0).total_cmp(&a.value.unwrap_or(0.0)))
        });
        let mut left = change;
        let mut parts: Vec<(&Ended<'a>, f64)> = Vec::new();
        for ended in ended {
            let multiplier = ended.lot.instrument.multiplier;
            let contracts = (left.abs() / multiplier + 1e-9).floor().min(ended.lot.position.quantity.abs());
            if contracts > 0.0 {
                parts.push((ended, contracts));
                left = rounded(left - (contracts * multiplier).copysign(change));
            }
        }
        if left == 0.0 && !self.cost_fits(&rows, &parts) {
            return rows;
        }
        let mut rows = rows;
        for (ended, contracts) in parts {
            let shares = (contracts * ended.lot.instrument.multiplier).copysign(change);
            if self.take(shares, ended, &mut rows) {
                deliveries
                    .delivered
                    .insert(ended.lot.position.id, contracts.copysign(ended.lot.position.quantity));
                self.end(ended, contracts);
            }
        }
        rows.retain(|row| row.quantity != 0.0);
        rows
    }

    /// Whether the change of the cost can be that of delivered shares, where it is known and all that came is delivered.
    fn cost_fits(&self, rows: &[Holding], parts: &[(&Ended<'a>, f64)]) -> bool {
        let open: Vec<&Holding> = rows.iter().filter(|row| row.exit.is_none()).collect();
        let shares: f64 = parts.iter().map(|(ended, n)| n * ended.lot.instrument.multiplier).sum();
        let change = open.iter().map(|row| row.quantity).sum::<f64>() - self.units();
        if self.units() * change < 0.0 || shares == 0.0 || open.iter().any(|row| row.entry_date.is_some()) {
            return true;
        }
        let Some((cost, rounding)) = cost_of(&open) else { return true };
        let known: f64 = self.held.iter().map(|(lot, units)| units * lot.position.entry_price).sum();
        let unit = ((cost - known) / change).abs();
        let of_all = |cost: fn((f64, f64)) -> f64| {
            let each =
                parts.iter().map(|(ended, n)| n * ended.lot.instrument.multiplier * cost(ended.costs()));
            each.sum::<f64>() / shares
        };
        let (least, most) = (of_all(|costs| costs.0), of_all(|costs| costs.1));
        let slack = FEES * most + rounding / shares;
        (least - slack..=most + slack).contains(&unit)
    }

    /// Closes lots of the other side at the strike and opens the rest. Does nothing when no row can be the rest.
    fn take(&mut self, shares: f64, ended: &Ended<'a>, rows: &mut [Holding]) -> bool {
        let strike = ended.terms.strike;
        let mut order: Vec<usize> = (0..self.held.len()).collect();
        order.retain(|&i| self.held[i].0.position.entry_date <= ended.date);
        // A file of lots tells which ones are gone.
        order.sort_by_key(|&i| is_stated(self.held[i].0, rows));
        let against: f64 = order.iter().map(|&i| -part_of(-self.held[i].1, shares)).sum();
        let closed = part_of(-against, shares);
        let rest = rounded(shares - closed);
        let fits: Vec<usize> =
            (0..rows.len()).filter(|&i| self.can_be_delivered(&rows[i], rest, ended.date)).collect();
        if rounded(fits.iter().map(|&i| rows[i].quantity).sum::<f64>()).abs() < rest.abs() {
            return false;
        }
        let mut left = closed;
        for i in order {
            let part = -part_of(-self.held[i].1, left);
            if part != 0.0 {
                left = rounded(left + part);
                self.close(i, part, strike, ended.date, PriceSource::Strike, true);
                let is_called = part > 0.0 && ended.lot.position.quantity < 0.0;
                self.name_last(i, if is_called { Delivery::CalledAway } else { Delivery::Delivered });
            }
        }
        let mut left = rest;
        for i in fits {
            let part = part_of(rows[i].quantity, left);
            if part != 0.0 {
                left = rounded(left - part);
                self.receive(&mut rows[i], part, ended);
            }
        }
        true
    }

    /// A row of the side of the shares; one with an entry date that is not held yet and begins about the day.
    fn can_be_delivered(&self, row: &Holding, shares: f64, date: NaiveDate) -> bool {
        let is_about = |entry: NaiveDate| {
            let is_held = |(lot, _): &(&Lot, f64)| {
                (Some(lot.position.entry_date), Some(lot.position.entry_price))
                    == (row.entry_date, row.entry_price)
            };
            (date..=date + BOOKED_WITHIN).contains(&entry) && !self.held.iter().any(is_held)
        };
        row.exit.is_none() && row.quantity * shares > 0.0 && row.entry_date.is_none_or(is_about)
    }

    /// Enters a part of a row at the strike.
    fn receive(&mut self, row: &mut Holding, part: f64, ended: &Ended<'_>) {
        self.found.openings.push(Opening {
            row: row.row,
            instrument: row.instrument.clone(),
            quantity: part,
            price: ended.terms.strike,
            date: row.entry_date.unwrap_or(ended.date),
            exit: None,
            tags: row.tags.clone(),
            source: PriceSource::Strike,
            is_increase: !self.held.is_empty(),
            adjusted_through: None,
            delivery: Some(Delivery::Delivered),
        });
        let rest = rounded(row.quantity - part);
        (row.cost_basis, row.entry_price) = match row.entry_date {
            Some(_) => (None, row.entry_price),
            None => (self.cost_of_rest(row, part, rest, ended), None),
        };
        row.quantity = rest;
    }

    /// What the rest of a row cost, without the delivered part. Brokers count that at the strike or with the premium in
    /// it: of the two the one is taken whose rest was bought nearer to the price of the day.
    fn cost_of_rest(&self, row: &Holding, part: f64, rest: f64, ended: &Ended<'_>) -> Option<f64> {
        let cost = row.cost_basis?;
        let day = row.price.or(self.stored_close())?;
        let bought = rounded(rest - self.units());
        let known: f64 = self.held.iter().map(|(lot, units)| units * lot.position.entry_price).sum();
        let (least, most) = ended.costs();
        let costs = [least, most].map(|each| cost - part * each);
        let priced = costs.into_iter().map(|cost| ((cost - known) / bought, cost));
        let sound = priced.filter(|(price, _)| price.is_finite() && *price > 0.0);
        let nearest = sound.min_by(|a, b| (a.0 / day).ln().abs().total_cmp(&(b.0 / day).ln().abs()));
        nearest.map(|(_, cost)| cost)
    }

    /// The contracts end at nothing: what they were worth is in the strike of the shares.
    fn end(&mut self, ended: &Ended<'_>, contracts: f64) {
        let position = &ended.lot.position;
        let quantity = contracts.copysign(position.quantity);
        let remaining = rounded(position.quantity - quantity);
        self.found.closings.push(Closing {
            position_id: position.id,
            symbol: ended.lot.instrument.symbol.clone(),
            quantity,
            remaining,
            price: 0.0,
            date: ended.date,
            source: PriceSource::Strike,
            realized_usd: -position.entry_price * quantity * ended.lot.instrument.multiplier,
            is_reduction: remaining != 0.0,
            delivery: Some(if quantity < 0.0 { Delivery::Assigned } else { Delivery::Exercised }),
        });
    }

    fn name_last(&mut self, i: usize, delivery: Delivery) {
        let id = self.held[i].0.position.id;
        if let Some(closing) = self.found.closings.last_mut().filter(|closing| closing.position_id == id) {
            closing.delivery = Some(delivery);
        }
    }
}

fn is_stated(lot: &Lot, rows: &[Holding]) -> bool {
    let entry = (Some(lot.position.entry_date), Some(lot.position.entry_price));
    rows.iter().any(|row| row.exit.is_none() && (row.entry_date, row.entry_price) == entry)
}
