//! Net asset value, profit and loss, and returns of a portfolio, session by session from its opening.
//!
//! # Formula
//! `NAV = cash + sum of market values`. Per session and lot: held over the session, value change; entered, value minus
//! cost; exited, proceeds minus the previous value; dividends on the ex-date (shorts pay). The identity
//! `NAV change = P&L + flows` holds every session.
//!
//! # Conventions
//! - A trade or ledger entry dated on a day without a session counts from the next one.
//! - Lots entered on or before the opening arrive in kind at market, as a flow.
//! - A lot without a usable price leaves the NAV at its last value as a flow, and returns the same way when it is priced
//!   again, so a missing price is never profit or loss. Such lots are excluded by name.
//! - Dividends come from lots that are, or were last, in the NAV; a lot that has never had a price earns none.
//! - At expiry the intrinsic value at the underlying's close moves to cash in the next session. A contract that expired
//!   before the book could hold it is `expired`.
//! - A split that has not been applied to a lot takes the lot out until it is; its dividends, counted in shares that no
//!   longer exist, are left out with it.
//! - A lot whose units count splits since its entry already (`adjusted_through`) is held in the units of each day before
//!   them: 20 units that were 10 before a split of two for one are 10 at the price of before.
//! - Return: P&L over (NAV before + flows); absent when that is not positive, and on the opening session. The index
//!   starts at the first session with money in the book, compounds returns and ends at the first absent return.
//!
//! # References
//! D. Spaulding, *Measuring Investment Performance* (1997): time-weighted returns with flows at the open.
//!
//! # Verified by
//! Hand-worked books and the NAV identity as a property over random books, prices, gaps and trades
//! (`tests/portfolio`).

use chrono::NaiveDate;

use super::valuation::{self, expiry_session};
use crate::calendar::{Calendar, CalendarError};
use crate::model::{Book, CashKind, Dividend, Lot, Market, Reason, Split};

/// One lot at the close of one session.
#[derive(Debug, Clone, PartialEq)]
pub struct LotDay {
    /// Index into the book's lots.
    pub lot: usize,
    pub mark: Result<valuation::Mark, Reason>,
    /// Signed dollars.
    pub market_value: Option<f64>,
    /// P&L of the session, dividends included; absent when the lot could not be valued and paid nothing.
    pub day_pnl: Option<f64>,
}

/// The portfolio at the close of one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    pub date: NaiveDate,
    /// Cash plus market values, dollars; so are all values below.
    pub nav: f64,
    pub cash: f64,
    /// Part of the cash that came from short sales still open.
    pub short_proceeds: f64,
    pub long_value: f64,
    /// Not positive.
    pub short_value: f64,
    pub unrealized_pnl: f64,
    /// Since the opening: exits and settlements against entry prices.
    pub realized_pnl: f64,
    pub day_pnl: f64,
    /// Money and positions that came in (positive) or left, at their value.
    pub flows: f64,
    /// P&L over NAV before plus flows, decimal fraction; absent where that is not positive, and on the opening.
    pub day_return: Option<f64>,
    /// Since the opening.
    pub cumulative_pnl: f64,
    /// Product of (1 + return) since the first session with money in the book.
    pub index: Option<f64>,
    /// Highest index so far, 1 at least; stays when the index has ended.
    pub index_peak: Option<f64>,
    /// Lots held at the close, priced or not.
    pub lots: Vec<LotDay>,
    /// Options whose settlement in cash at intrinsic value was assumed this session (indices of lots).
    pub settled: Vec<usize>,
}

/// Rolls a book over every session from its opening to `to`; empty for a book that opens later.
pub fn roll_from_opening(
    book: &Book,
    market: &Market,
    calendar: &Calendar,
    to: NaiveDate,
) -> Result<Vec<Day>, CalendarError> {
    let sessions = calendar.sessions_between(book.portfolio.opened_on, to)?;
    roll(book, market, calendar, &sessions)
}

/// Rolls a book over `sessions`, which ascend without gaps from the opening session.
pub fn roll(
    book: &Book,
    market: &Market,
    calendar: &Calendar,
    sessions: &[NaiveDate],
) -> Result<Vec<Day>, CalendarError> {
    let mut states = lot_states(book, market, calendar, sessions)?;
    let mut days: Vec<Day> = Vec::with_capacity(sessions.len());
    let mut cash = 0.0;
    let mut realized = 0.0;
    for (i, &date) in sessions.iter().enumerate() {
        let mut today = Tally { flows: 0.0, pnl: 0.0, cash, realized };
        ledger(book, sessions, i, &mut today);
        let mut lots = Vec::new();
        let mut settled = Vec::new();
        for (index, state) in states.iter_mut().enumerate() {
            let step = state.advance(&book.lots[index], market, calendar, sessions, i, &mut today)?;
            match step {
                Step::Absent => {}
                Step::Settled => settled.push(index),
                Step::Held { mark, day_pnl } => {
                    let market_value = state.carried;
                    lots.push(LotDay { lot: index, mark, market_value, day_pnl });
                }
            }
        }
        cash = today.cash;
        realized = today.realized;
        days.push(close_day(book, date, lots, settled, &today, days.last()));
    }
    Ok(days)
}

/// What accumulates over the lots of one session.
struct Tally {
    flows: f64,
    pnl: f64,
    cash: f64,
    realized: f64,
}

impl Tally {
    fn trade(&mut self, cash: f64) {
        self.cash += cash;
    }
}

fn ledger(book: &Book, sessions: &[NaiveDate], i: usize, today: &mut Tally) {
    for entry in &book.cash {
        if session_index(sessions, entry.date) != Some(i) {
            continue;
        }
        today.cash += entry.amount;
        match entry.kind {
            CashKind::Opening | CashKind::Contribution | CashKind::Withdrawal => today.flows += entry.amount,
            CashKind::Interest | CashKind::Fee => today.pnl += entry.amount,
        }
    }
}

fn close_day(
    book: &Book,
    date: NaiveDate,
    lots: Vec<LotDay>,
    settled: Vec<usize>,
    today: &Tally,
    before: Option<&Day>,
) -> Day {
    let values = || lots.iter().filter_map(|lot| lot.market_value);
    // Adding zero turns the negative zero of an empty sum into zero.
    let long_value = values().filter(|v| *v > 0.0).sum::<f64>() + 0.0;
    let short_value = values().filter(|v| *v < 0.0).sum::<f64>() + 0.0;
    let nav = today.cash + long_value + short_value;
    let cost = |day: &LotDay| {
        let lot = &book.lots[day.lot];
        valuation::value(lot.position.quantity, lot.position.entry_price, lot.instrument.multiplier)
    };
    let unrealized_pnl =
        lots.iter().filter_map(|lot| lot.market_value.map(|v| v - cost(lot))).sum::<f64>() + 0.0;
    let opened_by_trade =
        |lot: &LotDay| book.lots[lot.lot].position.entry_date > book.portfolio.opened_on && cost(lot) < 0.0;
    let short_proceeds = -lots.iter().filter(|lot| opened_by_trade(lot)).map(cost).sum::<f64>();
    let invested = before.map(|day| day.nav + today.flows).filter(|base| *base > 0.0);
    let day_return = invested.map(|base| today.pnl / base);
    let peak_before = before.and_then(|day| day.index_peak);
    let index = match (before.and_then(|day| day.index), peak_before) {
        (Some(index), _) => day_return.map(|r| index * (1.0 + r)),
        (None, Some(_)) => None,
        (None, None) => (today.flows > 0.0).then(|| 1.0 + today.pnl / today.flows),
    };
    Day {
        date,
        nav,
        cash: today.cash,
        short_proceeds: short_proceeds + 0.0,
        long_value,
        short_value,
        unrealized_pnl,
        realized_pnl: today.realized,
        day_pnl: today.pnl,
        flows: today.flows,
        day_return,
        cumulative_pnl: before.map_or(0.0, |day| day.cumulative_pnl) + today.pnl,
        index,
        index_peak: index.map_or(peak_before, |index| Some(peak_before.unwrap_or(1.0).max(index))),
        lots,
        settled,
    }
}

/// Index of the first session on or after `date`.
fn session_index(sessions: &[NaiveDate], date: NaiveDate) -> Option<usize> {
    let index = sessions.partition_point(|session| *session < date);
    (index < sessions.len()).then_some(index)
}

/// Where a lot stands between two sessions.
struct LotState<'a> {
    entry: Option<usize>,
    exit: Option<usize>,
    /// Last session of an option contract.
    expiry: Option<NaiveDate>,
    in_kind: bool,
    /// Value in the NAV at the previous close.
    carried: Option<f64>,
    /// Value at which the lot left the NAV for want of a price.
    left_at: Option<f64>,
    closed: bool,
    dividends: &'a [Dividend],
    splits: &'a [Split],
}

enum Step {
    Absent,
    Settled,
    Held { mark: Result<valuation::Mark, Reason>, day_pnl: Option<f64> },
}

fn lot_states<'a>(
    book: &Book,
    market: &'a Market,
    calendar: &Calendar,
    sessions: &[NaiveDate],
) -> Result<Vec<LotState<'a>>, CalendarError> {
    let state = |lot: &Lot| {
        let own = market.histories.get(&lot.instrument.id);
        let splits_of = market.history(lot.instrument.risk_symbol()).or(own);
        Ok(LotState {
            entry: session_index(sessions, lot.position.entry_date),
            exit: lot.position.exit_date.and_then(|date| session_index(sessions, date)),
            expiry: lot.instrument.option.as_ref().map(|t| expiry_session(t, calendar)).transpose()?,
            in_kind: lot.position.entry_date <= book.portfolio.opened_on,
            carried: None,
            left_at: None,
            closed: lot.position.exit_date.is_some_and(|exit| exit <= book.portfolio.opened_on),
            dividends: own.filter(|_| !lot.instrument.is_option()).map_or(&[], |h| &h.dividends),
            splits: splits_of.map_or(&[], |h| &h.splits),
        })
    };
    book.lots.iter().map(state).collect()
}

impl LotState<'_> {
    fn advance(
        &mut self,
        lot: &Lot,
        market: &Market,
        calendar: &Calendar,
        sessions: &[NaiveDate],
        i: usize,
        today: &mut Tally,
    ) -> Result<Step, CalendarError> {
        if self.closed || self.entry.is_none_or(|entry| i < entry) {
            return Ok(Step::Absent);
        }
        let units = lot.units();
        let cost = units * lot.position.entry_price;
        let entered_today = self.entry == Some(i);
        let dividends = if entered_today { 0.0 } else { self.dividends_of(lot, sessions, i) };
        today.cash += dividends;
        today.pnl += dividends;
        if entered_today && !self.in_kind {
            today.trade(-cost);
            self.carried = Some(cost);
        }
        if let (true, Some(exit_price)) = (self.exit == Some(i), lot.position.exit_price) {
            let proceeds = units * exit_price;
            self.revalue(proceeds, today);
            today.trade(proceeds);
            today.realized += proceeds - cost;
            self.closed = true;
            return Ok(Step::Absent);
        }
        if self.expiry.is_some_and(|expiry| expiry < sessions[i])
            && !self.expired_on_arrival(sessions)
            && let Some(settled) = self.carried
        {
            today.trade(settled);
            today.realized += settled - cost;
            self.closed = true;
            return Ok(Step::Settled);
        }
        let mark = self.mark(lot, market, calendar, sessions, i)?;
        let day_pnl = match &mark {
            Ok(mark) => {
                let held = self.held_on(lot, sessions[i]);
                let market_value = valuation::value(held, mark.price, lot.instrument.multiplier);
                Some(self.revalue(market_value, today) + dividends)
            }
            Err(_) => {
                self.leave(today);
                (dividends != 0.0).then_some(dividends)
            }
        };
        Ok(Step::Held { mark, day_pnl })
    }

    /// The price to use, unless an unapplied split makes quantity and price disagree.
    fn mark(
        &self,
        lot: &Lot,
        market: &Market,
        calendar: &Calendar,
        sessions: &[NaiveDate],
        i: usize,
    ) -> Result<Result<valuation::Mark, Reason>, CalendarError> {
        if self.split_unapplied(lot, sessions[i]) {
            return Ok(Err(Reason::SplitUnapplied));
        }
        if self.expired_on_arrival(sessions) {
            return Ok(Err(Reason::Expired));
        }
        valuation::mark(&lot.instrument, market, calendar, sessions[i])
    }

    fn split_unapplied(&self, lot: &Lot, date: NaiveDate) -> bool {
        self.splits.iter().any(|split| split.date > lot.position.units_of() && split.date <= date)
    }

    /// Units as they were on a day: prices and dividends are of the shares of their day. Contracts stay as they are,
    /// since a split makes other contracts of them.
    fn held_on(&self, lot: &Lot, date: NaiveDate) -> f64 {
        match lot.instrument.is_option() {
            true => lot.position.quantity,
            false => lot.position.quantity * lot.position.units_before(self.splits, date),
        }
    }

    /// A contract that had expired when the book opened or when it was entered: its settlement is not the book's.
    fn expired_on_arrival(&self, sessions: &[NaiveDate]) -> bool {
        self.entry.zip(self.expiry).is_some_and(|(entry, expiry)| expiry < sessions[entry])
    }

    fn dividends_of(&self, lot: &Lot, sessions: &[NaiveDate], i: usize) -> f64 {
        let never_priced = self.carried.is_none() && self.left_at.is_none();
        if never_priced || self.split_unapplied(lot, sessions[i]) {
            return 0.0;
        }
        let since = sessions[i - 1];
        let paid = |d: &&Dividend| since < d.ex_date && d.ex_date <= sessions[i];
        let amount = |d: &Dividend| self.held_on(lot, d.ex_date) * lot.instrument.multiplier * d.amount;
        self.dividends.iter().filter(paid).map(amount).sum::<f64>() + 0.0
    }

    /// Carries the lot at a new value; what it was worth before decides between P&L and flow. Returns the P&L.
    fn revalue(&mut self, value: f64, today: &mut Tally) -> f64 {
        let before = match (self.carried.take(), self.left_at.take()) {
            (Some(carried), _) => carried,
            (None, Some(left_at)) => {
                today.flows += left_at;
                left_at
            }
            (None, None) => {
                today.flows += value;
                value
            }
        };
        self.carried = Some(value);
        today.pnl += value - before;
        value - before
    }

    /// Takes the lot out of the NAV at its last value.
    fn leave(&mut self, today: &mut Tally) {
        if let Some(carried) = self.carried.take() {
            today.flows -= carried;
            self.left_at = Some(carried);
        }
    }
}
