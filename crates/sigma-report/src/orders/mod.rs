//! Orders made of trades, before they take a form: checked, numbered, options with their terms.
//!
//! # What this module does not do
//! It sizes nothing: an order in dollars stays one, for whoever executes it knows the price.

pub mod fix;
pub mod tables;

use std::collections::HashMap;

use sigma_core::model::{OccSymbol, Trade, TradeAction, TradeProblem, is_malformed_option, parse_occ};
use sigma_core::notation;

/// One order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Unique among the orders of an export.
    pub id: String,
    /// Canonical.
    pub symbol: String,
    pub action: TradeAction,
    pub size: Size,
    /// Dollars per unit; a market order without it.
    pub limit_price: Option<f64>,
    pub tag: Option<String>,
    /// Terms of an option, read from its symbol.
    pub option: Option<OccSymbol>,
}

/// How much is ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// Positive; contracts for options.
    Units(f64),
    /// Positive.
    Dollars(f64),
}

impl Order {
    pub fn quantity(&self) -> Option<f64> {
        match self.size {
            Size::Units(units) => Some(units),
            Size::Dollars(_) => None,
        }
    }

    pub fn dollars(&self) -> Option<f64> {
        match self.size {
            Size::Dollars(dollars) => Some(dollars),
            Size::Units(_) => None,
        }
    }
}

/// Trades as a broker takes them, given the signed holdings by symbol: what goes through a holding to its other side
/// closes it under its own name first. A trade in dollars stays as it is, for its units are not known.
pub fn against_holdings(trades: Vec<Trade>, mut held: HashMap<String, f64>) -> Vec<Trade> {
    let mut split = Vec::with_capacity(trades.len());
    for trade in trades {
        let own = held.entry(trade.symbol.clone()).or_default();
        let Some(units) = trade.quantity else {
            split.push(trade);
            continue;
        };
        let sign = trade.action.sign();
        // What stands on the other side of the trade.
        let closed = (-sign * *own).clamp(0.0, units);
        *own += sign * units;
        if trade.action.only_closes() || closed <= 0.0 {
            split.push(trade);
            continue;
        }
        let action = if sign > 0.0 { TradeAction::Cover } else { TradeAction::Sell };
        split.push(Trade { action, quantity: Some(closed), ..trade.clone() });
        if units - closed > DUST {
            split.push(Trade { quantity: Some(units - closed), ..trade });
        }
    }
    split
}

/// Units below which nothing is left of a trade.
const DUST: f64 = 1e-9;

/// The shortest decimal that says the units: quotients carry digits that mean nothing.
fn shortest(units: f64) -> f64 {
    let rounded = (units / DUST).round() * DUST;
    format!("{rounded:.9}").parse().unwrap_or(units)
}

/// The orders of trades, numbered behind a prefix; or everything that is wrong with them.
pub fn orders(trades: &[Trade], prefix: &str) -> Result<Vec<Order>, Vec<TradeProblem>> {
    let mut orders = Vec::with_capacity(trades.len());
    let mut problems = Vec::new();
    for (at, trade) in trades.iter().enumerate() {
        match order(trade, format!("{prefix}-{:04}", at + 1)) {
            Ok(order) => orders.push(order),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(orders) } else { Err(problems) }
}

fn order(trade: &Trade, id: String) -> Result<Order, Vec<TradeProblem>> {
    let problem = |column: &str, value: String, problem: &str, remedy: &str| TradeProblem {
        row: trade.row,
        column: column.to_owned(),
        value,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    };
    let mut problems = Vec::new();
    // An order for shares in place of one for an option is the worst that can come of a spelling.
    let symbol = notation::symbol(&trade.symbol).unwrap_or_else(|error| {
        problems.push(problem("symbol", trade.symbol.clone(), &error.to_string(), error.remedy()));
        trade.symbol.clone()
    });
    let option = parse_occ(&symbol);
    if problems.is_empty() && is_malformed_option(&symbol) {
        let told = "looks like an option whose terms its symbol does not tell";
        problems.push(problem("symbol", trade.symbol.clone(), told, "order it from the broker directly"));
    }
    for (column, value) in [("quantity", trade.quantity), ("dollars", trade.dollars), ("price", trade.price)]
    {
        if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
            let remedy = "give a positive number: the action says the direction";
            problems.push(problem(column, value.to_string(), "not a positive number", remedy));
        }
    }
    let size = match (trade.quantity, trade.dollars) {
        (Some(units), None) if option.is_some() && units.fract() != 0.0 => {
            problems.push(problem("quantity", units.to_string(), "contracts are whole", "round it"));
            None
        }
        (Some(units), None) => Some(Size::Units(shortest(units))),
        (None, Some(dollars)) if option.is_some() => {
            let remedy = "give the number of contracts as quantity";
            problems.push(problem("dollars", dollars.to_string(), "options are ordered by contract", remedy));
            None
        }
        (None, Some(dollars)) => Some(Size::Dollars(dollars)),
        (found, _) => {
            let told =
                if found.is_some() { "quantity and dollars both" } else { "no quantity and no dollars" };
            problems.push(problem("quantity", String::new(), told, "give one of the two"));
            None
        }
    };
    match size {
        Some(size) if problems.is_empty() => Ok(Order {
            id,
            symbol,
            action: trade.action,
            size,
            limit_price: trade.price,
            tag: trade.tag.clone(),
            option,
        }),
        _ => Err(problems),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn trade(symbol: &str, action: TradeAction, quantity: Option<f64>, dollars: Option<f64>) -> Trade {
        Trade { row: 2, symbol: symbol.into(), action, quantity, dollars, price: None, tag: None }
    }

    #[test]
    fn orders_are_numbered_and_know_their_options() {
        let trades = [
            trade("BRK.B", TradeAction::Buy, None, Some(5_000.0)),
            trade("SPY250919P00500000", TradeAction::Sell, Some(2.0), None),
            trade("-AAPL250815P200", TradeAction::Buy, Some(2.0), None),
        ];
        let orders = orders(&trades, "X").unwrap();
        assert_eq!(orders[2].symbol, "AAPL250815P00200000");
        assert_eq!(orders[2].option.as_ref().map(|occ| occ.strike), Some(200.0));
        assert_eq!((orders[0].id.as_str(), orders[1].id.as_str()), ("X-0001", "X-0002"));
        assert_eq!((orders[0].dollars(), orders[0].quantity()), (Some(5_000.0), None));
        assert_eq!(orders[1].option.as_ref().map(|occ| occ.strike), Some(500.0));
    }

    #[test]
    fn what_goes_through_a_holding_closes_it_first() {
        use TradeAction::{Buy, Cover, Sell, Short};
        let trades = vec![
            trade("AAPL", Short, Some(150.0), None),
            trade("AAPL", Buy, Some(20.0), None),
            trade("SPY", Short, Some(5.0), None),
            trade("SPY", Sell, Some(5.0), None),
            trade("TSLA", Buy, Some(10.0), None),
            trade("TSLA", Buy, None, Some(500.0)),
            trade("NEW", Buy, Some(1.0), None),
        ];
        let held = [("AAPL", 100.0), ("SPY", 10.0), ("TSLA", -4.0)].map(|(s, q)| (s.to_owned(), q));
        let split = against_holdings(trades, HashMap::from(held));
        let told: Vec<_> = split.iter().map(|t| (t.symbol.as_str(), t.action, t.quantity)).collect();
        let expected = [
            ("AAPL", Sell, Some(100.0)),
            ("AAPL", Short, Some(50.0)),
            ("AAPL", Cover, Some(20.0)),
            ("SPY", Sell, Some(5.0)),
            ("SPY", Sell, Some(5.0)),
            ("TSLA", Cover, Some(4.0)),
            ("TSLA", Buy, Some(6.0)),
            ("TSLA", Buy, None),
            ("NEW", Buy, Some(1.0)),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn units_have_no_digits_that_mean_nothing() {
        for (units, written) in [
            (26.474999999999998, "26.475"),
            (0.1 + 0.2, "0.3"),
            (10.123456789, "10.123456789"),
            (100.0, "100"),
            (1e15, "1000000000000000"),
        ] {
            let orders = orders(&[trade("AAPL", TradeAction::Buy, Some(units), None)], "X").unwrap();
            assert_eq!(orders[0].quantity().unwrap().to_string(), written);
        }
    }

    #[test]
    fn everything_wrong_is_told() {
        let trades = [
            trade("A B", TradeAction::Buy, Some(1.0), None),
            trade("AAPL260116", TradeAction::Buy, Some(1.0), None),
            trade("1AAPL250815P00200000", TradeAction::Buy, Some(1.0), None),
            trade("-AAPL", TradeAction::Buy, Some(1.0), None),
            trade("AAPL", TradeAction::Buy, Some(1.0), Some(2.0)),
            trade("AAPL", TradeAction::Buy, None, None),
            trade("AAPL", TradeAction::Buy, Some(-1.0), None),
            trade("SPY250919P00500000", TradeAction::Buy, None, Some(100.0)),
            trade("SPY250919P00500000", TradeAction::Buy, Some(1.5), None),
        ];
        let problems = orders(&trades, "X").unwrap_err();
        let columns: Vec<&str> = problems.iter().map(|p| p.column.as_str()).collect();
        assert_eq!(
            columns,
            [
                "symbol", "symbol", "symbol", "symbol", "quantity", "quantity", "quantity", "dollars",
                "quantity"
            ]
        );
    }
}
