//! Orders made of trades, before they take a form: checked, numbered, options with their terms.
//!
//! # What this module does not do
//! It sizes nothing: an order in dollars stays one, for whoever executes it knows the price.

pub mod fix;
pub mod tables;

use sigma_core::model::{OccSymbol, Trade, TradeAction, TradeProblem, parse_occ};

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
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/^".contains(c);
    if trade.symbol.is_empty() || !trade.symbol.chars().all(allowed) {
        let remedy = "write shares like BRK.B and options like SPY250919C00460000";
        problems.push(problem("symbol", trade.symbol.clone(), "not a symbol", remedy));
    }
    let option = parse_occ(&trade.symbol);
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
        (Some(units), None) => Some(Size::Units(units)),
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
            symbol: trade.symbol.clone(),
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
        ];
        let orders = orders(&trades, "X").unwrap();
        assert_eq!((orders[0].id.as_str(), orders[1].id.as_str()), ("X-0001", "X-0002"));
        assert_eq!((orders[0].dollars(), orders[0].quantity()), (Some(5_000.0), None));
        assert_eq!(orders[1].option.as_ref().map(|occ| occ.strike), Some(500.0));
    }

    #[test]
    fn everything_wrong_is_told() {
        let trades = [
            trade("A B", TradeAction::Buy, Some(1.0), None),
            trade("AAPL", TradeAction::Buy, Some(1.0), Some(2.0)),
            trade("AAPL", TradeAction::Buy, None, None),
            trade("AAPL", TradeAction::Buy, Some(-1.0), None),
            trade("SPY250919P00500000", TradeAction::Buy, None, Some(100.0)),
            trade("SPY250919P00500000", TradeAction::Buy, Some(1.5), None),
        ];
        let problems = orders(&trades, "X").unwrap_err();
        let columns: Vec<&str> = problems.iter().map(|p| p.column.as_str()).collect();
        assert_eq!(columns, ["symbol", "quantity", "quantity", "quantity", "dollars", "quantity"]);
    }
}
