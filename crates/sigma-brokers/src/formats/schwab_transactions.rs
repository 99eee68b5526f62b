//! Schwab transaction history, replayed to positions. A date `11/03/2025 as of 11/01/2025` counts on the first.

use crate::activity::{Meaning, event, instrument, unknown_action};
use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, required};
use crate::input::{Input, name_and_number, tail_of};
use crate::problem::Problem;
use crate::replay::{Effect, replay};
use crate::rows::Row;
use crate::statement::{FlowKind, StatedTotal};

const COLUMNS: Layout = &[
    required(Role::Date, &["date"]),
    required(Role::Action, &["action"]),
    required(Role::Symbol, &["symbol"]),
    required(Role::Description, &["description"]),
    required(Role::Quantity, &["quantity"]),
    required(Role::Price, &["price"]),
    required(Role::Fees, &["fees & comm"]),
    required(Role::Amount, &["amount"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::SchwabTransactions,
    label: "Charles Schwab transactions",
    about: "Accounts > History > Export; transactions, replayed to positions",
    layouts: &[COLUMNS],
    dates: Dates::MonthFirst,
    parse,
};

const ACTIONS: [(&str, Meaning); 45] = [
    ("Buy", Meaning::Trade(1.0, Effect::CloseThenOpen)),
    ("Sell", Meaning::Trade(-1.0, Effect::Close)),
    ("Sell Short", Meaning::Trade(-1.0, Effect::Open)),
    ("Buy to Cover", Meaning::Trade(1.0, Effect::Close)),
    ("Buy to Open", Meaning::Trade(1.0, Effect::Open)),
    ("Sell to Open", Meaning::Trade(-1.0, Effect::Open)),
    ("Buy to Close", Meaning::Trade(1.0, Effect::Close)),
    ("Sell to Close", Meaning::Trade(-1.0, Effect::Close)),
    ("Reinvest Shares", Meaning::Trade(1.0, Effect::CloseThenOpen)),
    ("Expired", Meaning::End),
    ("Assigned", Meaning::End),
    ("Exchange or Exercise", Meaning::End),
    ("Stock Split", Meaning::Split),
    ("Reverse Split", Meaning::Split),
    ("Cash Dividend", Meaning::Money(FlowKind::Dividend)),
    ("Qualified Dividend", Meaning::Money(FlowKind::Dividend)),
    ("Non-Qualified Div", Meaning::Money(FlowKind::Dividend)),
    ("Special Dividend", Meaning::Money(FlowKind::Dividend)),
    ("Special Qual Div", Meaning::Money(FlowKind::Dividend)),
    ("Pr Yr Cash Div", Meaning::Money(FlowKind::Dividend)),
    ("Reinvest Dividend", Meaning::Money(FlowKind::Dividend)),
    ("Qual Div Reinvest", Meaning::Money(FlowKind::Dividend)),
    ("Long Term Cap Gain", Meaning::Money(FlowKind::Dividend)),
    ("Short Term Cap Gain", Meaning::Money(FlowKind::Dividend)),
    ("Long Term Cap Gain Reinvest", Meaning::Money(FlowKind::Dividend)),
    ("Short Term Cap Gain Reinvest", Meaning::Money(FlowKind::Dividend)),
    ("Cash In Lieu", Meaning::Money(FlowKind::Dividend)),
    ("Bank Interest", Meaning::Money(FlowKind::Interest)),
    ("Credit Interest", Meaning::Money(FlowKind::Interest)),
    ("Bond Interest", Meaning::Money(FlowKind::Interest)),
    ("Margin Interest", Meaning::Money(FlowKind::Interest)),
    ("Service Fee", Meaning::Money(FlowKind::Fee)),
    ("ADR Mgmt Fee", Meaning::Money(FlowKind::Fee)),
    ("Foreign Tax Paid", Meaning::Money(FlowKind::Tax)),
    ("NRA Tax Adj", Meaning::Money(FlowKind::Tax)),
    ("NRA Withholding", Meaning::Money(FlowKind::Tax)),
    ("MoneyLink Transfer", Meaning::Transfer),
    ("MoneyLink Deposit", Meaning::Transfer),
    ("Funds Received", Meaning::Transfer),
    ("Wire Received", Meaning::Transfer),
    ("Wire Sent", Meaning::Transfer),
    ("Journal", Meaning::Transfer),
    ("Journaled Shares", Meaning::Units),
    ("Security Transfer", Meaning::Units),
    ("Stock Plan Activity", Meaning::Units),
];

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let (mut events, mut totals) = (Vec::new(), Vec::new());
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        let line = input.line(row);
        if let Some(what) =
            line.text(Role::Date).filter(|text| text.eq_ignore_ascii_case("Transactions Total"))
        {
            let value = line.value(Role::Amount, problems);
            totals.extend(value.map(|value| StatedTotal { what: what.to_owned(), value, row: row.line }));
            continue;
        }
        let action = line.text(Role::Action).unwrap_or_default();
        let Some((_, meaning)) = ACTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(action)) else {
            unknown_action(&line, problems);
            continue;
        };
        let before = problems.len();
        let named = instrument(&line, problems);
        if problems[before..].iter().all(|problem| !problem.is_error()) {
            events.extend(event(&line, *meaning, named, problems));
        }
    }
    let mut account = replay(events, true, problems);
    account.totals = totals;
    if let Some(title) = input.preamble().iter().find_map(Row::single) {
        let subject = title.split(" as of ").next().unwrap_or(title);
        let (name, number) = name_and_number(
            subject
                .trim_start_matches("Transactions for account ")
                .trim_start_matches("Transactions  for account "),
        );
        account.name = Some(name.to_owned());
        account.number_tail = tail_of(number);
    }
    Parsed { as_of: None, accounts: vec![account] }
}
