//! Ghostfolio activities, replayed to positions. Dates put the day or the year first; amounts are price times quantity.

use std::collections::HashMap;

use crate::activity::{Meaning, event, instrument, unknown_action};
use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, optional, required};
use crate::holding::Named;
use crate::input::{Accounts, Input, Line};
use crate::problem::Problem;
use crate::replay::{Act, Effect, Event, replay};
use crate::statement::FlowKind;
use crate::symbols;

const COLUMNS: Layout = &[
    required(Role::Date, &["date"]),
    required(Role::Symbol, &["code", "symbol", "ticker"]),
    optional(Role::Source, &["datasource", "data source"]),
    required(Role::Currency, &["currency", "ccy"]),
    required(Role::Price, &["price", "unitprice", "unit price"]),
    required(Role::Quantity, &["quantity", "qty", "shares", "units"]),
    required(Role::Action, &["action", "type"]),
    required(Role::Fees, &["fee", "fees"]),
    optional(Role::Description, &["note", "comment"]),
    optional(Role::AccountName, &["account"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Ghostfolio,
    label: "Ghostfolio activities",
    about: "activities as Ghostfolio imports them from CSV; replayed to positions",
    layouts: &[COLUMNS],
    dates: Dates::DayFirst,
    parse,
};

const ACTIONS: [(&str, Meaning); 7] = [
    ("buy", Meaning::Trade(1.0, Effect::CloseThenOpen)),
    ("sell", Meaning::Trade(-1.0, Effect::Close)),
    ("dividend", Meaning::Money(FlowKind::Dividend)),
    ("interest", Meaning::Money(FlowKind::Interest)),
    ("fee", Meaning::Money(FlowKind::Fee)),
    ("item", Meaning::Trade(1.0, Effect::CloseThenOpen)),
    ("liability", Meaning::Nothing),
];

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut names = Accounts::default();
    let mut events: HashMap<String, Vec<Event>> = HashMap::new();
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        let line = input.line(row);
        let action = line.text(Role::Action).unwrap_or_default();
        let Some((_, meaning)) = ACTIONS.iter().find(|(name, _)| action.eq_ignore_ascii_case(name)) else {
            unknown_action(&line, problems);
            continue;
        };
        if let Some(event) = activity(&line, *meaning, problems) {
            let name = line.text(Role::AccountName).unwrap_or_default();
            names.of(name, "");
            events.entry(name.to_owned()).or_default().push(event);
        }
    }
    let mut accounts = names.into_vec();
    for account in &mut accounts {
        let name = account.name.clone();
        let own = events.remove(name.as_deref().unwrap_or_default()).unwrap_or_default();
        let replayed = replay(own, false, problems);
        *account = crate::statement::Account { name, ..replayed };
    }
    Parsed { as_of: None, accounts }
}

fn activity(line: &Line<'_>, meaning: Meaning, problems: &mut Vec<Problem>) -> Option<Event> {
    let before = problems.len();
    let is_manual = line.text(Role::Source).is_some_and(|source| source.eq_ignore_ascii_case("MANUAL"));
    // Assets entered by hand have a name, or a made-up code, where others have a symbol.
    let named = match line.text(Role::Symbol).filter(|_| is_manual).and_then(symbols::from_name) {
        Some(symbol) => Some(Named::Private(symbol)),
        None => instrument(line, problems),
    };
    let fee = line.value(Role::Fees, problems).unwrap_or(0.0);
    let value = line.value(Role::Quantity, problems).zip(line.value(Role::Price, problems));
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let mut event = event(line, meaning, named, problems)?;
    event.private = is_manual;
    let value = value.map_or(0.0, |(quantity, price)| quantity * price);
    event.amount = Some(match event.act {
        Act::Trade { quantity, .. } if quantity > 0.0 => -value - fee,
        Act::Money(FlowKind::Fee) => -value - fee,
        _ => value - fee,
    });
    Some(event)
}
