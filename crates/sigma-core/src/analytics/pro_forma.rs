//! A book as it would be after some trades at one close.
//!
//! # Formula
//! A trade of `q` signed units (contracts for options) at the price `p` and multiplier `m` moves `-q p m` of cash and
//! changes the holding by `q`. At the mark `P` of the close the position is worth `q P m`, so
//! `NAV after = NAV before - sum q (p - P) m`: a trade at the market price leaves the NAV as it is, and the difference
//! to it is the cost of the trade. Dollars `d` become units `d / (p m)`, rounded down to whole units.
//!
//! # Conventions
//! - The result is a book that opens at the close: what is held arrives in kind with its own entry price and date, and
//!   the cash is one opening entry. Every engine that values books values it, and it can be stored as a portfolio.
//! - `SELL` and `COVER` close at most what is held, oldest lots first. `BUY` and `SHORT` net against the other side
//!   first, so no instrument is held long and short by them. Trades apply in their order, each on the result of those
//!   before.
//! - Contracts are whole. Shares and funds on an exchange are whole unless `fractional`; a sale of a whole holding and
//!   mutual funds and private assets may be fractional.
//! - A lot without a usable price cannot be traded: its value would enter the NAV from nowhere. A caller that knows a
//!   price for it puts it into the market of both states.
//! - A contract that has expired but not been settled yet becomes cash at its settlement.
//!
//! # Degenerate cases
//! All problems of all trades are told together, and nothing is applied when there is one. A symbol with a problem is
//! not checked against holdings any further, as these are unknown from there on.
//!
//! # References
//! CFA Institute, *Global Investment Performance Standards* (2020): trade-date accounting.
//!
//! # Verified by
//! Properties over random books and trades (`tests/portfolio/pro_forma.rs`): NAV, cash and value are unchanged without
//! trades, NAV is unchanged by trades at the market price, signed exposures are those of the book plus those of the trades.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::performance::Day;
use super::snapshot::explain;
use super::trade_problems::{problem, sizes, unknown, unpriced, untradable};
use super::valuation::{self, expiry_session};
use crate::calendar::{Calendar, CalendarError};
use crate::model::{
    Book, CashEntry, CashKind, Instrument, InstrumentKind, Lot, Market, Position, Reason, Trade, TradeProblem,
};

/// Units by which a sum of fractional lots may miss the quantity traded.
const DUST: f64 = 1e-9;

/// The close at which trades are thought of.
#[derive(Debug, Clone, Copy)]
pub struct TradingClose<'a> {
    pub as_of: NaiveDate,
    pub calendar: &'a Calendar,
    pub market: &'a Market,
    /// The security master, by symbol.
    pub instruments: &'a HashMap<String, Instrument>,
    /// Whether shares and funds on an exchange may be traded in parts.
    pub fractional: bool,
    /// Whether whoever trades could state a price: problems advise it.
    pub can_state_prices: bool,
}

impl TradingClose<'_> {
    /// The price of the close, or why the instrument cannot be traded at it.
    pub fn mark(&self, instrument: &Instrument) -> Result<Result<f64, Reason>, CalendarError> {
        if let Some(terms) = &instrument.option {
            if !terms.standard_deliverable {
                return Ok(Err(Reason::NonstandardDeliverable));
            }
            if expiry_session(terms, self.calendar)? < self.as_of {
                return Ok(Err(Reason::Expired));
            }
        }
        Ok(valuation::mark(instrument, self.market, self.calendar, self.as_of)?.map(|mark| mark.price))
    }
}

/// A trade as it is filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Fill {
    pub trade: Trade,
    /// Signed change of the holding.
    pub quantity: f64,
    /// Dollars per unit that is paid.
    pub price: f64,
    /// Dollars per unit at the close.
    pub mark: f64,
    /// Dollars paid: negative when they come in.
    pub amount: f64,
    /// Value of the change at the close.
    pub market_value: f64,
    /// Dollars asked for that rounding to whole units leaves.
    pub left_over: Option<f64>,
}

impl Fill {
    /// What the trade costs against the price of the close.
    pub fn cost(&self) -> f64 {
        self.amount - self.market_value
    }
}

/// The book after the trades.
#[derive(Debug, Clone, PartialEq)]
pub struct ProForma {
    /// Opens at the close, with the cash as its opening entry. New lots have the id zero.
    pub book: Book,
    pub fills: Vec<Fill>,
}

/// Applies trades to a book at the close of `day`, which the book was rolled to; or tells everything that is wrong.
pub fn apply(
    book: &Book,
    day: &Day,
    trades: &[Trade],
    close: &TradingClose<'_>,
) -> Result<Result<ProForma, Vec<TradeProblem>>, CalendarError> {
    let mut desk = Desk::new(book, day, close)?;
    let mut problems = Vec::new();
    let mut doubtful: HashSet<&str> = HashSet::new();
    for trade in trades {
        let found = match desk.check(trade, doubtful.contains(trade.symbol.as_str()))? {
            Ok(fill) => {
                desk.settle(&fill);
                continue;
            }
            Err(found) => found,
        };
        doubtful.insert(&trade.symbol);
        problems.extend(found);
    }
    Ok(if problems.is_empty() { Ok(desk.finish()) } else { Err(problems) })
}

/// What is held between two trades.
struct Desk<'a> {
    close: &'a TradingClose<'a>,
    book: &'a Book,
    /// Oldest first within an instrument, with the reason of a lot without a price.
    holdings: Vec<(Lot, Option<Reason>)>,
    cash: f64,
    fills: Vec<Fill>,
}

impl<'a> Desk<'a> {
    fn new(book: &'a Book, day: &Day, close: &'a TradingClose<'a>) -> Result<Desk<'a>, CalendarError> {
        let mut holdings = Vec::new();
        let mut cash = day.cash;
        for held in &day.lots {
            let mut lot = book.lots[held.lot].clone();
            let expiry = lot
                .instrument
                .option
                .as_ref()
                .map(|terms| expiry_session(terms, close.calendar))
                .transpose()?;
            match held.market_value {
                Some(settlement) if expiry.is_some_and(|expiry| expiry < day.date) => cash += settlement,
                _ => {
                    (lot.position.exit_price, lot.position.exit_date) = (None, None);
                    holdings.push((lot, held.mark.err()));
                }
            }
        }
        holdings.sort_by_key(|(lot, _)| (lot.position.entry_date, lot.position.id));
        Ok(Desk { close, book, holdings, cash, fills: Vec::new() })
    }

    /// The fill of a trade, or everything that is wrong with it.
    fn check(
        &self,
        trade: &Trade,
        is_doubtful: bool,
    ) -> Result<Result<Fill, Vec<TradeProblem>>, CalendarError> {
        let mut problems = sizes(trade);
        let Some(instrument) = self.close.instruments.get(&trade.symbol) else {
            problems.insert(0, unknown(trade, self.close.can_state_prices));
            return Ok(Err(problems));
        };
        if let Some(problem) = untradable(trade, instrument) {
            problems.insert(0, problem);
            return Ok(Err(problems));
        }
        let mark = match self.close.mark(instrument)? {
            Ok(mark) => mark,
            Err(reason) => {
                problems.insert(0, unpriced(trade, reason, self.close.can_state_prices));
                return Ok(Err(problems));
            }
        };
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        let price = trade.price.unwrap_or(mark);
        let fill = match self.sized(trade, instrument, price) {
            Ok((units, left_over)) => {
                let quantity = units * trade.action.sign();
                let worth = |price| valuation::value(quantity, price, instrument.multiplier);
                let (amount, market_value) = (worth(price), worth(mark));
                Fill { trade: trade.clone(), quantity, price, mark, amount, market_value, left_over }
            }
            Err(problem) => return Ok(Err(vec![problem])),
        };
        Ok(match if is_doubtful { None } else { self.held_problem(trade, instrument, &fill) } {
            Some(problem) => Err(vec![problem]),
            None => Ok(fill),
        })
    }

    /// Units to trade, and the dollars that rounding leaves.
    fn sized(
        &self,
        trade: &Trade,
        instrument: &Instrument,
        price: f64,
    ) -> Result<(f64, Option<f64>), TradeProblem> {
        let in_parts = match instrument.kind {
            InstrumentKind::Option => false,
            InstrumentKind::MutualFund | InstrumentKind::Private => true,
            _ => self.close.fractional,
        };
        let remedy = match instrument.is_option() {
            true => "contracts are whole: change the size",
            false => "change the size, or allow parts of shares with --fractional",
        };
        if let Some(dollars) = trade.dollars {
            let unit = price * instrument.multiplier;
            if unit <= 0.0 {
                return Err(problem(
                    trade,
                    "dollars",
                    dollars,
                    "a price of zero turns no dollars into units",
                    "give a quantity",
                ));
            }
            let exact = dollars / unit;
            // What misses a whole number by less than the dust was one before the division.
            let units = if in_parts { exact } else { (exact + DUST).floor() };
            return match units > 0.0 {
                true => Ok((units, (!in_parts).then_some(dollars - units * unit))),
                false => {
                    let told = format!("less than one unit at {price}");
                    Err(problem(trade, "dollars", dollars, &told, remedy))
                }
            };
        }
        let units = trade.quantity.unwrap_or_default();
        let closes_all = trade.action.only_closes()
            && (self.held(instrument, trade.action.sign()) - units).abs() <= DUST
            && !instrument.is_option();
        match in_parts || units.fract() == 0.0 || closes_all {
            true => Ok((units, None)),
            false => Err(problem(trade, "quantity", units, "not a whole number of units", remedy)),
        }
    }

    /// Units held on the side that a trade of this sign closes.
    fn held(&self, instrument: &Instrument, sign: f64) -> f64 {
        // Adding zero turns the negative zero of an empty sum into zero.
        self.opposite(instrument, sign).map(|(lot, _)| lot.position.quantity.abs()).sum::<f64>() + 0.0
    }

    fn opposite(&self, instrument: &Instrument, sign: f64) -> impl Iterator<Item = &(Lot, Option<Reason>)> {
        let id = instrument.id;
        self.holdings
            .iter()
            .filter(move |(lot, _)| lot.instrument.id == id && lot.position.quantity * sign < 0.0)
    }

    fn held_problem(&self, trade: &Trade, instrument: &Instrument, fill: &Fill) -> Option<TradeProblem> {
        let sign = trade.action.sign();
        if let Some(reason) = self.opposite(instrument, sign).find_map(|(_, reason)| *reason) {
            let told = "a lot of it is left out of the NAV, so it cannot be traded";
            return Some(problem(trade, "symbol", &trade.symbol, told, explain(reason)));
        }
        let (held, asked) = (self.held(instrument, sign), fill.quantity.abs());
        if !trade.action.only_closes() || asked <= held + DUST {
            return None;
        }
        let column = if trade.dollars.is_some() { "dollars" } else { "quantity" };
        let value = trade.dollars.or(trade.quantity).unwrap_or(asked);
        let (side, other) = if sign < 0.0 { ("long", "SHORT") } else { ("short", "BUY") };
        let told = format!("{asked} units are more than the {held} held {side}");
        let remedy = format!("trade at most {held}, or use {other} to go beyond");
        Some(problem(trade, column, value, &told, &remedy))
    }

    /// Books a fill that was checked.
    fn settle(&mut self, fill: &Fill) {
        self.cash -= fill.amount;
        let Some(instrument) = self.close.instruments.get(&fill.trade.symbol) else { return };
        let mut left = fill.quantity;
        for (lot, _) in &mut self.holdings {
            let quantity = &mut lot.position.quantity;
            if lot.instrument.id != instrument.id || *quantity * left >= 0.0 {
                continue;
            }
            let part = quantity.abs().min(left.abs()).copysign(left);
            *quantity += part;
            left -= part;
        }
        self.holdings.retain(|(lot, _)| lot.position.quantity.abs() > DUST);
        if left.abs() > DUST && !fill.trade.action.only_closes() {
            self.holdings.push((self.opened(instrument, left, fill), None));
        }
        self.fills.push(fill.clone());
    }

    fn opened(&self, instrument: &Instrument, quantity: f64, fill: &Fill) -> Lot {
        let position = Position {
            id: 0,
            portfolio_id: self.book.portfolio.id,
            instrument_id: instrument.id,
            quantity,
            entry_price: fill.price,
            entry_date: self.close.as_of,
            exit_price: None,
            exit_date: None,
            adjusted_through: None,
        };
        Lot { position, instrument: instrument.clone(), tags: fill.trade.tag.iter().cloned().collect() }
    }

    fn finish(self) -> ProForma {
        let mut portfolio = self.book.portfolio.clone();
        portfolio.opened_on = self.close.as_of;
        let cash = CashEntry {
            id: 0,
            portfolio_id: portfolio.id,
            date: self.close.as_of,
            kind: CashKind::Opening,
            amount: self.cash,
            note: None,
        };
        let lots = self.holdings.into_iter().map(|(lot, _)| lot).collect();
        ProForma { book: Book { portfolio, lots, cash: vec![cash] }, fills: self.fills }
    }
}
