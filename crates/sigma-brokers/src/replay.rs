//! Transactions to positions: lots in the order of time, the oldest closed first.
//!
//! A sale of more than the file has bought closes what is known and is told: what was held before the first
//! transaction is not in the file, and a short position is opened only by a transaction that says so.

use std::collections::{HashMap, VecDeque};

use chrono::{Days, NaiveDate};

use crate::holding::{Named, Stated, finish_flags, settle};
use crate::problem::Problem;
use crate::statement::{
    Account, AssetClass, CashBalance, CashBasis, CashFlow, Flag, FlowKind, ImportedPosition,
};

/// Whether a trade opens or closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Open,
    Close,
    /// Closes what stands against it and opens the rest.
    CloseThenOpen,
}

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    /// Signed units; negative is sold.
    Trade {
        quantity: f64,
        price: f64,
        effect: Effect,
    },
    /// A contract ends at nothing, or as shares that the file books in a row of its own.
    End {
        units: f64,
    },
    /// Units added by a split, over all lots; negative for a reverse split.
    Split {
        added: f64,
    },
    Money(FlowKind),
}

/// One transaction.
#[derive(Debug, Clone)]
pub struct Event {
    pub row: u64,
    pub date: NaiveDate,
    pub named: Option<Named>,
    /// Without a market price, whatever its symbol.
    pub private: bool,
    pub description: Option<String>,
    pub act: Act,
    /// Signed cash.
    pub amount: Option<f64>,
    pub currency: String,
}

struct Lot {
    row: u64,
    quantity: f64,
    price: f64,
    date: NaiveDate,
    /// Last day whose splits the units count, after a split.
    adjusted_through: Option<NaiveDate>,
    event: usize,
}

/// Brokers book a split on its day, or up to a week before or after it.
const SPLIT_BOOKED_WITHIN: Days = Days::new(7);
/// Remainders of floating-point subtraction below this are nothing.
const DUST: f64 = 1e-9;

/// Amounts are stated in cents.
const HALF_CENT: f64 = 0.005;

/// Dollars: a commission may be as much as a small trade itself.
const SMALL_COST: f64 = 50.0;

/// Positions, money and cash of one account. `newest_first` tells the order of rows of one day.
pub fn replay(mut events: Vec<Event>, newest_first: bool, problems: &mut Vec<Problem>) -> Account {
    let mut account = Account::default();
    let Some((first, last)) = events.first().zip(events.last()) else { return account };
    let reversed = if first.date == last.date { newest_first } else { first.date > last.date };
    if reversed {
        events.reverse();
    }
    events.sort_by_key(|event| event.date);
    join_splits(&mut events);
    let since = events[0].date;
    problems.push(Problem::of_file(
        "ERR_ACT_002",
        format!("positions replayed from transactions since {since}; earlier holdings are not known"),
    ));
    let mut book = Book { lots: HashMap::new(), closed: Vec::new(), events: &events };
    for at in 0..events.len() {
        book.apply(at, problems);
    }
    account.activity_since = Some(since);
    account.flows = events.iter().filter_map(flow).collect();
    account.trade_costs = events.iter().filter_map(trade_cost).collect();
    account.cash = cash(&events);
    account.positions = book.positions(problems);
    account
}

/// Some brokers book a split in two rows, old units out and new units in: together they are the units added.
fn join_splits(events: &mut Vec<Event>) {
    let mut first: HashMap<(String, NaiveDate), usize> = HashMap::new();
    let mut joined: Vec<Event> = Vec::with_capacity(events.len());
    for event in events.drain(..) {
        if let (Act::Split { added: more }, Some(named)) = (event.act, &event.named) {
            let key = (symbol_of(named).to_owned(), event.date);
            if let Some(Act::Split { added }) = first.get(&key).map(|at| &mut joined[*at].act) {
                *added += more;
                continue;
            }
            first.insert(key, joined.len());
        }
        joined.push(event);
    }
    *events = joined;
}

fn flow(event: &Event) -> Option<CashFlow> {
    let Act::Money(kind) = event.act else { return None };
    Some(cash_flow(event, kind, event.amount?))
}

fn cash_flow(event: &Event, kind: FlowKind, amount: f64) -> CashFlow {
    CashFlow {
        row: event.row,
        date: event.date,
        kind,
        amount,
        currency: event.currency.clone(),
        symbol: event.named.as_ref().map(|named| symbol_of(named).to_owned()),
        description: event.description.clone(),
    }
}

/// What a trade moved in cash beyond its units times its price: commission, accrued interest, a rounded price. Units
/// that came or went without cash were delivered, which is a flow of their worth.
fn trade_cost(event: &Event) -> Option<CashFlow> {
    let Act::Trade { quantity, price, .. } = event.act else { return None };
    let multiplier = match event.named.as_ref()? {
        Named::Contract(contract) => contract.multiplier,
        Named::Symbol(_) | Named::Private(_) => 1.0,
    };
    let worth = quantity * price * multiplier;
    let amount = event.amount?;
    let cost = amount + worth;
    if cost.abs() < HALF_CENT {
        return None;
    }
    let kind = match amount == 0.0 {
        true if worth > 0.0 => FlowKind::Contribution,
        true => FlowKind::Withdrawal,
        // An amount that has little to do with the price is a finding of its row, and no cost.
        false if !is_near(amount, worth) => return None,
        false => FlowKind::Fee,
    };
    Some(cash_flow(event, kind, cost))
}

/// Whether a stated amount is that of units times price, but for costs.
pub fn is_near(amount: f64, worth: f64) -> bool {
    let (amount, worth) = (amount.abs(), worth.abs());
    (worth > 0.5 * amount && worth < 2.0 * amount) || (worth - amount).abs() <= SMALL_COST
}

/// The change of cash in each currency, in the order of appearance.
fn cash(events: &[Event]) -> Vec<CashBalance> {
    let mut balances: Vec<CashBalance> = Vec::new();
    for event in events {
        let Some(amount) = event.amount else { continue };
        match balances.iter_mut().find(|balance| balance.currency == event.currency) {
            Some(balance) => balance.amount += amount,
            None => balances.push(CashBalance {
                row: None,
                currency: event.currency.clone(),
                amount,
                basis: CashBasis::ChangeOverFile,
                held_in: None,
            }),
        }
    }
    balances
}

fn symbol_of(named: &Named) -> &str {
    match named {
        Named::Contract(contract) => &contract.symbol,
        Named::Symbol(symbol) | Named::Private(symbol) => symbol,
    }
}

struct Book<'a> {
    lots: HashMap<&'a str, VecDeque<Lot>>,
    /// Closed parts with price and date of the exit.
    closed: Vec<(Lot, f64, NaiveDate)>,
    events: &'a [Event],
}

impl<'a> Book<'a> {
    fn apply(&mut self, at: usize, problems: &mut Vec<Problem>) {
        let event = &self.events[at];
        let Some(symbol) = event.named.as_ref().map(symbol_of) else { return };
        match event.act {
            Act::Trade { quantity, price, effect } => {
                self.trade(at, symbol, (quantity, price), effect, problems)
            }
            Act::End { units } => {
                let short =
                    self.lots.get(symbol).and_then(VecDeque::front).is_some_and(|lot| lot.quantity < 0.0);
                let against = if short { units.abs() } else { -units.abs() };
                let left = self.close(symbol, against, 0.0, event.date);
                self.tell_unknown(at, symbol, left, problems);
            }
            Act::Split { added } => self.split(at, symbol, added, problems),
            Act::Money(_) => {}
        }
    }

    fn trade(
        &mut self,
        at: usize,
        symbol: &'a str,
        (quantity, price): (f64, f64),
        effect: Effect,
        problems: &mut Vec<Problem>,
    ) {
        let event = &self.events[at];
        let left = match effect {
            Effect::Open => quantity,
            Effect::Close | Effect::CloseThenOpen => self.close(symbol, quantity, price, event.date),
        };
        if left.abs() <= DUST {
            return;
        }
        if effect == Effect::Close {
            return self.tell_unknown(at, symbol, left, problems);
        }
        let lot = Lot {
            row: event.row,
            quantity: left,
            price,
            date: event.date,
            adjusted_through: None,
            event: at,
        };
        self.lots.entry(symbol).or_default().push_back(lot);
    }

    fn tell_unknown(&self, at: usize, symbol: &str, left: f64, problems: &mut Vec<Problem>) {
        if left.abs() > DUST {
            let message = format!("{} units of {symbol} are closed that the file has not opened", left.abs());
            problems.push(Problem::of_row("ERR_ACT_003", self.events[at].row, message));
        }
    }

    /// Closes lots of the other sign, the oldest first, and returns what is left of the quantity.
    fn close(&mut self, symbol: &str, quantity: f64, price: f64, date: NaiveDate) -> f64 {
        let Some(lots) = self.lots.get_mut(symbol) else { return quantity };
        let mut left = quantity;
        while left.abs() > DUST {
            let Some(lot) = lots.front_mut().filter(|lot| lot.quantity * left < 0.0) else { break };
            let closed = lot.quantity.abs().min(left.abs()).copysign(lot.quantity);
            self.closed.push((Lot { quantity: closed, ..*lot }, price, date));
            lot.quantity -= closed;
            left += closed;
            if lot.quantity.abs() <= DUST {
                lots.pop_front();
            }
        }
        left
    }

    fn split(&mut self, at: usize, symbol: &str, added: f64, problems: &mut Vec<Problem>) {
        let lots = self.lots.get_mut(symbol).into_iter().flatten();
        let held = lots.map(|lot| lot.quantity).sum::<f64>() + 0.0;
        let factor = (held + added) / held;
        if held == 0.0 || !factor.is_finite() || factor <= 0.0 {
            let message = format!("a split of {symbol}, of which the file has opened {held} units");
            problems.push(Problem::of_row("ERR_ACT_003", self.events[at].row, message));
            return;
        }
        for lot in self.lots.get_mut(symbol).into_iter().flatten() {
            lot.quantity *= factor;
            lot.price /= factor;
            // Else the split would be due when it is stored, and would multiply the units a second time.
            lot.adjusted_through = self.events[at].date.checked_add_days(SPLIT_BOOKED_WITHIN);
        }
    }

    /// Lots, closed and open, by entry date and row.
    fn positions(self, problems: &mut Vec<Problem>) -> Vec<ImportedPosition> {
        let open = self.lots.into_values().flatten().map(|lot| (lot, None));
        let closed = self.closed.into_iter().map(|(lot, price, date)| (lot, Some((price, date))));
        let mut lots: Vec<_> = closed.chain(open).collect();
        lots.sort_by_key(|(lot, exit)| {
            (lot.date, lot.row, exit.map(|(_, date)| date).unwrap_or(NaiveDate::MAX))
        });
        lots.into_iter()
            .filter_map(|(lot, exit)| position(&self.events[lot.event], lot, exit, problems))
            .collect()
    }
}

fn position(
    event: &Event,
    lot: Lot,
    exit: Option<(f64, NaiveDate)>,
    problems: &mut Vec<Problem>,
) -> Option<ImportedPosition> {
    let stated = Stated {
        row: lot.row,
        named: event.named.clone()?,
        description: event.description.clone(),
        quantity: lot.quantity,
        entry_price: Some(lot.price),
        average_cost: None,
        cost_basis: None,
        price: None,
        market_value: None,
        currency: event.currency.clone(),
    };
    let mut position = settle(stated, None, problems);
    if event.private {
        position.class = AssetClass::Private;
    }
    position.entry_date = Some(lot.date);
    position.adjusted_through = lot.adjusted_through;
    position.exit_price = exit.map(|(price, _)| price);
    position.exit_date = exit.map(|(_, date)| date);
    position.flags.push(Flag::Replayed);
    finish_flags(&mut position);
    Some(position)
}
