//! Robinhood account activity. There is no export of positions, so they are replayed. Options stand in the description;
//! the row of an assignment ends the contract and its shares have a row of their own.

use crate::activity::{Meaning, event, instrument, instrument_by_description, unknown_action};
use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, required};
use crate::input::Input;
use crate::problem::Problem;
use crate::replay::{Effect, replay};
use crate::statement::FlowKind;

const COLUMNS: Layout = &[
    required(Role::Date, &["activity date"]),
    required(Role::Marker, &["process date"]),
    required(Role::Symbol, &["instrument"]),
    required(Role::Description, &["description"]),
    required(Role::Action, &["trans code"]),
    required(Role::Quantity, &["quantity"]),
    required(Role::Price, &["price"]),
    required(Role::Amount, &["amount"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Robinhood,
    label: "Robinhood",
    about: "Account > Reports and statements > Activity; transactions, replayed to positions",
    layouts: &[COLUMNS],
    dates: Dates::MonthFirst,
    parse,
};

const ACTIONS: [(&str, Meaning); 27] = [
    ("Buy", Meaning::Trade(1.0, Effect::CloseThenOpen)),
    ("Sell", Meaning::Trade(-1.0, Effect::Close)),
    ("BTO", Meaning::Trade(1.0, Effect::Open)),
    ("STO", Meaning::Trade(-1.0, Effect::Open)),
    ("BTC", Meaning::Trade(1.0, Effect::Close)),
    ("STC", Meaning::Trade(-1.0, Effect::Close)),
    ("OEXP", Meaning::End),
    ("OASGN", Meaning::End),
    ("OEXCS", Meaning::End),
    ("SPL", Meaning::Split),
    ("SPR", Meaning::Split),
    ("CDIV", Meaning::Money(FlowKind::Dividend)),
    ("MDIV", Meaning::Money(FlowKind::Dividend)),
    ("SLIP", Meaning::Money(FlowKind::Interest)),
    ("INT", Meaning::Money(FlowKind::Interest)),
    ("MINT", Meaning::Money(FlowKind::Interest)),
    ("GOLD", Meaning::Money(FlowKind::Fee)),
    ("AFEE", Meaning::Money(FlowKind::Fee)),
    ("DFEE", Meaning::Money(FlowKind::Fee)),
    ("DTAX", Meaning::Money(FlowKind::Tax)),
    ("ACH", Meaning::Transfer),
    ("RTP", Meaning::Transfer),
    ("WIRE", Meaning::Transfer),
    ("XENT_CC", Meaning::Transfer),
    ("CONV", Meaning::Units),
    ("ACATI", Meaning::Units),
    ("REC", Meaning::Units),
];

/// Actions on contracts, which stand in the description.
const OPTION_ACTIONS: [&str; 7] = ["BTO", "STO", "BTC", "STC", "OEXP", "OASGN", "OEXCS"];

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut events = Vec::new();
    for row in input.body().iter().filter(|row| row.single().is_none() && !row.is_blank()) {
        let line = input.line(row);
        let action = line.text(Role::Action).unwrap_or_default();
        let Some((_, meaning)) = ACTIONS.iter().find(|(code, _)| code.eq_ignore_ascii_case(action)) else {
            unknown_action(&line, problems);
            continue;
        };
        let is_option = OPTION_ACTIONS.iter().any(|code| code.eq_ignore_ascii_case(action));
        let before = problems.len();
        let named = match is_option {
            true => instrument_by_description(&line, problems),
            false => instrument(&line, problems),
        };
        if problems[before..].iter().all(|problem| !problem.is_error()) {
            events.extend(event(&line, *meaning, named, problems));
        }
    }
    Parsed { as_of: None, accounts: vec![replay(events, true, problems)] }
}
