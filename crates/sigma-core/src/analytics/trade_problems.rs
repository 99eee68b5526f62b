//! What can be wrong with a trade, in words: the row, the column, the value, and what to do about it.

use std::collections::BTreeSet;

use super::snapshot::explain;
use crate::model::{
    Instrument, InstrumentKind, Reason, TAGS_PER_USER, TagError, Trade, TradeAction, TradeProblem,
    is_malformed_option, is_symbol, parse_occ, tag_named,
};

/// Units, dollars and prices above this are mistakes: a double has no cents there any more.
const LARGEST: f64 = 1e15;

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
            problems.push(problem(trade, column, value + 0.0, told, remedy));
        }
    }
    if let Some(price) = trade.price.filter(|price| !price.is_finite() || *price <= 0.0) {
        let remedy = "give dollars per unit above zero, or leave it empty for the price of the close";
        problems.push(problem(trade, "price", price + 0.0, "not a price", remedy));
    }
    let numbers = [("quantity", trade.quantity), ("dollars", trade.dollars), ("price", trade.price)];
    for (column, value) in numbers {
        if let Some(value) = value.filter(|value| value.is_finite() && *value > LARGEST) {
            let remedy = "correct it: numbers go up to 1,000,000,000,000,000";
            problems.push(problem(trade, column, value, "too large for a trade", remedy));
        }
    }
    problems
}

/// Gives every tag its name as `sigma-seed tag add` would, given the tags of the user; what is no tag is told.
pub fn name_tags(trades: &mut [Trade], stored: &[String]) -> Vec<TradeProblem> {
    let mut names = stored.to_vec();
    let mut problems = Vec::new();
    for trade in trades {
        let Some(text) = trade.tag.clone() else { continue };
        match tag_named(&text, names.iter().map(String::as_str)) {
            Ok(name) => {
                if !names.contains(&name) {
                    names.push(name.clone());
                }
                trade.tag = Some(name);
            }
            Err(error) => {
                let remedy =
                    "use at most 50 letters, digits and underscores, `strategy:` in front for a strategy";
                problems.push(problem(trade, "tag", &text, &error.to_string(), remedy));
            }
        }
    }
    problems
}

/// The tags that would be more than a user may have, each where it is first used; names are those of [`name_tags`].
pub fn too_many_tags(trades: &[Trade], stored: &[String]) -> Vec<TradeProblem> {
    let mut names: BTreeSet<&str> = stored.iter().map(String::as_str).collect();
    let mut problems = Vec::new();
    for trade in trades {
        let Some(tag) = trade.tag.as_deref() else { continue };
        if names.insert(tag) && names.len() > TAGS_PER_USER {
            let told = TagError::TooManyOfUser { count: names.len() }.to_string();
            let remedy = "use a tag that is there already (`sigma-seed tag list`), or remove one";
            problems.push(problem(trade, "tag", tag, &told, remedy));
        }
    }
    problems
}

/// A symbol that the security master does not have. `can_state_price` is whether a stated price would make it a share.
pub(super) fn unknown(trade: &Trade, can_state_price: bool) -> TradeProblem {
    let (told, remedy) = match parse_occ(&trade.symbol) {
        None if is_malformed_option(&trade.symbol) => (
            "looks like an option symbol and is none",
            "write root, YYMMDD of a date that there is, C or P, and the strike in eight digits",
        ),
        None if !is_symbol(&trade.symbol) => {
            ("not a symbol", "use letters, digits and . - _ ^ = only, a letter or digit first, at most 32")
        }
        Some(_) => (
            "neither it nor what it is written on is in the security master",
            "correct it, or add its underlying with `sigma-sync run` or `sigma-seed import`",
        ),
        None if can_state_price => (
            "not in the security master",
            "correct it, state a price to count it without history, or add it with `sigma-seed import`",
        ),
        None => ("not in the security master", "correct it, or add it with `sigma-seed import`"),
    };
    problem(trade, "symbol", &trade.symbol, told, remedy)
}

/// Why nobody makes such a trade, whatever its size: what is held can always be closed.
pub(super) fn untradable(trade: &Trade, instrument: &Instrument) -> Option<TradeProblem> {
    let (told, remedy) = match (instrument.kind, trade.action) {
        (_, TradeAction::Sell | TradeAction::Cover) => return None,
        (InstrumentKind::Index, _) => {
            ("an index cannot be traded", "use a fund that follows it, or an option on it")
        }
        (InstrumentKind::MutualFund, TradeAction::Short) => {
            ("a mutual fund cannot be sold short", "use SELL to close what is held, or a fund on an exchange")
        }
        (InstrumentKind::Private, TradeAction::Short) => {
            ("a private asset cannot be sold short", "use SELL to close what is held")
        }
        _ => return None,
    };
    let column = if instrument.kind == InstrumentKind::Index { "symbol" } else { "action" };
    let value = if column == "symbol" { trade.symbol.as_str() } else { trade.action.as_str() };
    Some(problem(trade, column, value, told, remedy))
}

pub(super) fn unpriced(trade: &Trade, reason: Reason, can_state_price: bool) -> TradeProblem {
    let (told, remedy) = match reason {
        Reason::Expired => ("the contract has expired".to_owned(), "name one that is still alive".to_owned()),
        Reason::NonstandardDeliverable => (
            "an adjusted contract cannot be valued".to_owned(),
            "name one that delivers the standard hundred shares".to_owned(),
        ),
        reason => (
            format!("no price of the close to value it at ({reason})"),
            match can_state_price {
                true => format!("state a price; {}", explain(reason)),
                false => explain(reason).to_owned(),
            },
        ),
    };
    problem(trade, "symbol", &trade.symbol, &told, &remedy)
}

/// A stated price at which no volatility values the contract; with the bounds of its price, where they are known.
pub fn impossible_price(trade: &Trade, reason: Reason, bounds: Option<(f64, f64)>) -> TradeProblem {
    let price = trade.price.unwrap_or_default();
    let (told, remedy) = match (bounds, reason) {
        (Some((low, high)), _) => {
            let told = match price <= low {
                true => format!("not above {low:.4}, the least that the contract is worth at any volatility"),
                false => {
                    format!("not below {high:.4}, the most that the contract is worth at any volatility")
                }
            };
            (told, format!("state a price between {low:.4} and {high:.4}, or leave it empty"))
        }
        (None, Reason::BelowIntrinsic) => (
            "below the least that the contract is worth at any volatility".to_owned(),
            "state a higher price, or leave it empty".to_owned(),
        ),
        (None, _) => (
            "a price that no volatility gives".to_owned(),
            "state a price between the bounds of the contract, or leave it empty".to_owned(),
        ),
    };
    problem(trade, "price", price, &told, &remedy)
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
