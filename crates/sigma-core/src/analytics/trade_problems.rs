//! What can be wrong with a trade, in words: the row, the column, the value, and what to do about it.

use super::snapshot::explain;
use crate::model::{Reason, Trade, TradeProblem};

/// What is wrong with the numbers of a trade by themselves.
pub(super) fn sizes(trade: &Trade) -> Vec<TradeProblem> {
    let mut problems = Vec::new();
    match (trade.quantity, trade.dollars) {
        (None, None) => {
            problems.push(problem(trade, "quantity", "", "neither quantity nor dollars", "give one of them"));
        }
        (Some(_), Some(dollars)) => {
            problems.push(problem(
                trade,
                "dollars",
                dollars,
                "both quantity and dollars",
                "give one of them",
            ));
        }
        _ => {}
    }
    let remedy = "give a positive number: the action says the direction";
    for (column, value) in [("quantity", trade.quantity), ("dollars", trade.dollars)] {
        if let Some(value) = value.filter(|value| !value.is_finite() || *value <= 0.0) {
            let told = if value == 0.0 { "zero trades nothing" } else { "not a positive number" };
            problems.push(problem(trade, column, value, told, remedy));
        }
    }
    if let Some(price) = trade.price.filter(|price| !price.is_finite() || *price < 0.0) {
        problems.push(problem(
            trade,
            "price",
            price,
            "not a price",
            "give dollars per unit, or leave it empty",
        ));
    }
    problems
}

pub(super) fn unknown(trade: &Trade) -> TradeProblem {
    let remedy = "correct it, or add the instrument with `sigma-seed import`";
    problem(trade, "symbol", &trade.symbol, "not in the security master", remedy)
}

pub(super) fn unpriced(trade: &Trade, reason: Reason) -> TradeProblem {
    let told = format!("no price of the close to value it at ({reason})");
    problem(trade, "symbol", &trade.symbol, &told, explain(reason))
}

pub(super) fn problem(
    trade: &Trade,
    column: &str,
    value: impl ToString,
    problem: &str,
    remedy: &str,
) -> TradeProblem {
    TradeProblem {
        row: trade.row,
        column: column.to_owned(),
        value: value.to_string(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}
