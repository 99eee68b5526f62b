//! Portfolio Performance, transactions of a securities account, in English and German; replayed to positions. The value
//! of a purchase holds its fees and taxes, that of a sale is after them; prices are without.

use crate::activity::unknown_action;
use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, optional, required};
use crate::holding::{Named, currency, named};
use crate::input::{Input, Line};
use crate::problem::Problem;
use crate::replay::{Act, Effect, Event, replay};
use crate::symbols;

const COLUMNS: Layout = &[
    required(Role::Date, &["date", "datum"]),
    required(Role::Action, &["type", "typ"]),
    required(Role::Amount, &["value", "wert"]),
    required(Role::Quantity, &["shares", "st\u{fc}ck"]),
    required(Role::Source, &["isin"]),
    required(Role::Description, &["security name", "wertpapiername"]),
    optional(Role::Symbol, &["ticker symbol", "ticker-symbol"]),
    optional(Role::Currency, &["transaction currency", "buchungsw\u{e4}hrung"]),
    optional(Role::Fees, &["fees", "geb\u{fc}hren"]),
    optional(Role::Taxes, &["taxes", "steuern"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::PortfolioPerformance,
    label: "Portfolio Performance",
    about: "All transactions of a securities account as CSV, English or German; replayed to positions",
    layouts: &[COLUMNS],
    dates: Dates::YearFirst,
    parse,
};

/// Sign of the units, whether cash moves, and what it does to lots.
const ACTIONS: [(&str, f64, bool, Effect); 12] = [
    ("Buy", 1.0, true, Effect::CloseThenOpen),
    ("Kauf", 1.0, true, Effect::CloseThenOpen),
    ("Sell", -1.0, true, Effect::Close),
    ("Verkauf", -1.0, true, Effect::Close),
    ("Delivery (Inbound)", 1.0, false, Effect::CloseThenOpen),
    ("Einlieferung", 1.0, false, Effect::CloseThenOpen),
    ("Delivery (Outbound)", -1.0, false, Effect::Close),
    ("Auslieferung", -1.0, false, Effect::Close),
    ("Transfer (Inbound)", 1.0, false, Effect::CloseThenOpen),
    ("Umbuchung (Eingang)", 1.0, false, Effect::CloseThenOpen),
    ("Transfer (Outbound)", -1.0, false, Effect::Close),
    ("Umbuchung (Ausgang)", -1.0, false, Effect::Close),
];

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut events = Vec::new();
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        let line = input.line(row);
        let action = line.text(Role::Action).unwrap_or_default();
        match ACTIONS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(action)) {
            Some((_, sign, cash, effect)) => events.extend(trade(&line, *sign, *cash, *effect, problems)),
            None => unknown_action(&line, problems),
        }
    }
    Parsed { as_of: None, accounts: vec![replay(events, false, problems)] }
}

fn trade(
    line: &Line<'_>,
    sign: f64,
    cash: bool,
    effect: Effect,
    problems: &mut Vec<Problem>,
) -> Option<Event> {
    let before = problems.len();
    let ticker = line.text(Role::Symbol);
    let text = ticker.or(line.text(Role::Source)).or(line.text(Role::Description)).unwrap_or_default();
    let column = line.columns.name(Role::Symbol);
    let named: Option<Named> = match (ticker, line.text(Role::Source), symbols::from_name(text)) {
        (None, None, Some(symbol)) => Some(Named::Private(symbol)),
        _ => named(text, line.row.line, column, problems),
    };
    let date = line.past_date(Role::Date, problems);
    let shares = crate::holding::quantity(line, problems);
    let value = line.value(Role::Amount, problems);
    let fees = line.value(Role::Fees, problems).unwrap_or(0.0);
    let taxes = line.value(Role::Taxes, problems).unwrap_or(0.0);
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let Some(value) = value.map(f64::abs) else {
        problems.push(line.problem("ERR_POS_008", Role::Amount, "the transaction has no value"));
        return None;
    };
    let Some(date) = date else {
        problems.push(line.problem("ERR_POS_012", Role::Date, "the transaction has no date"));
        return None;
    };
    let shares = shares?.abs();
    let price = (value - sign * (fees + taxes)) / shares;
    Some(Event {
        row: line.row.line,
        date,
        named,
        private: ticker.is_none(),
        description: line.text(Role::Description).map(str::to_owned),
        act: Act::Trade { quantity: shares * sign, price, effect },
        amount: Some(if cash { -sign * value } else { 0.0 }),
        currency: currency(line),
    })
}
