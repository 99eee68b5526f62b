//! One row of an activity file as an event: what its action means, which instrument it is about.

use sigma_core::model::underlying_of_root;

use crate::columns::Role;
use crate::holding::{Named, currency, named};
use crate::input::Line;
use crate::problem::Problem;
use crate::replay::{Act, Effect, Event, is_near};
use crate::statement::FlowKind;
use crate::{money, notation, occ, symbols};

/// What a format makes of the word in the action column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// +1 bought, -1 sold.
    Trade(f64, Effect),
    End,
    Split,
    Money(FlowKind),
    /// Money in or out by the sign of the amount.
    Transfer,
    /// Units without a price: told, not booked.
    Units,
    /// No effect on holdings or cash.
    Nothing,
}

/// An event from the usual columns (date, symbol, quantity, price, amount) and the meaning of its action. `named` is
/// what the format found out about the instrument.
pub fn event(
    line: &Line<'_>,
    meaning: Meaning,
    named: Option<Named>,
    problems: &mut Vec<Problem>,
) -> Option<Event> {
    let before = problems.len();
    let row = line.row.line;
    let date = line.past_date(Role::Date, problems);
    let amount = line.value(Role::Amount, problems);
    let units = units(line, problems);
    let price = line.value(Role::Price, problems);
    if date.is_none() && problems.len() == before {
        problems.push(line.problem("ERR_POS_012", Role::Date, "the transaction has no date"));
    }
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let act = match meaning {
        Meaning::Nothing => return None,
        Meaning::Money(kind) => Act::Money(kind),
        Meaning::Transfer if amount.unwrap_or(0.0) < 0.0 => Act::Money(FlowKind::Withdrawal),
        Meaning::Transfer => Act::Money(FlowKind::Contribution),
        Meaning::Units => {
            problems.push(line.problem(
                "ERR_ACT_004",
                Role::Action,
                "units move without a price; not booked",
            ));
            return None;
        }
        Meaning::Trade(..) | Meaning::End | Meaning::Split => {
            let Some(units) = units.filter(|units| *units != 0.0) else {
                problems.push(line.problem("ERR_POS_004", Role::Quantity, "the transaction has no quantity"));
                return None;
            };
            if named.is_none() {
                problems.push(line.problem("ERR_POS_001", Role::Symbol, "the transaction has no symbol"));
                return None;
            }
            match meaning {
                Meaning::End => Act::End { units },
                Meaning::Split => Act::Split { added: units },
                Meaning::Trade(sign, effect) => {
                    let Some(price) = price else {
                        problems.push(line.problem("ERR_POS_008", Role::Price, "the trade has no price"));
                        return None;
                    };
                    let price = per_unit(line, units, price, amount, named.as_ref(), problems);
                    Act::Trade { quantity: units.abs() * sign, price, effect }
                }
                _ => return None,
            }
        }
    };
    let description = line.text(Role::Description).map(first_line);
    Some(Event {
        row,
        date: date?,
        named,
        private: false,
        description,
        act,
        amount,
        currency: currency(line),
    })
}

/// The price of one unit: bonds are quoted per 100 of face value, which the amount tells. An amount far from units times
/// price is a finding.
fn per_unit(
    line: &Line<'_>,
    units: f64,
    price: f64,
    amount: Option<f64>,
    named: Option<&Named>,
    problems: &mut Vec<Problem>,
) -> f64 {
    let Some(amount) = amount.filter(|amount| *amount != 0.0) else { return price };
    let (multiplier, may_be_bond) = match named {
        Some(Named::Contract(contract)) => (contract.multiplier, false),
        Some(Named::Symbol(symbol) | Named::Private(symbol)) => (1.0, symbols::is_cusip(symbol)),
        None => (1.0, false),
    };
    let whole = (units * price * multiplier).abs();
    if may_be_bond && is_near(amount, whole / 100.0) && !is_near(amount, whole) {
        problems.push(line.problem("ERR_POS_024", Role::Price, "the bond is priced per 100"));
        return price / 100.0;
    }
    if whole > 0.0 && !is_near(amount, whole) {
        let message = format!("{units} x {price} is {whole:.2}, the file states {amount}");
        problems.push(line.problem("ERR_POS_025", Role::Amount, message));
    }
    price
}

/// A quantity, with or without the letter that marks shares of a split or a short side (`30S`).
fn units(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<f64> {
    let text = line.text(Role::Quantity)?;
    match text.strip_suffix('S') {
        Some(digits) if digits.ends_with(|c: char| c.is_ascii_digit()) => {
            let number = money::parse(digits, line.input.mark).ok().flatten();
            if number.is_none() {
                problems.push(line.problem("ERR_POS_005", Role::Quantity, "not a number of shares"));
            }
            number.map(|number| number.value)
        }
        _ => line.number(Role::Quantity, "ERR_POS_005", problems).map(|number| number.value),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// The instrument of a transaction by its symbol cell, if it names one at all.
pub fn instrument(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<Named> {
    let text = line.text(Role::Symbol)?;
    named(text, line.row.line, line.columns.name(Role::Symbol), problems)
}

/// The contract that a description names, else the symbol.
pub fn instrument_by_description(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<Named> {
    let described = line.text(Role::Description).map(first_line).unwrap_or_default();
    let words = described.rsplit_once(" for ").map_or(described.as_str(), |(_, contract)| contract);
    match notation::contract(words) {
        Some(Ok(mut contract)) => {
            if let Some(symbol) = line.text(Role::Symbol).and_then(|text| symbols::canonical(text).ok()) {
                contract.terms.underlying = underlying_of_root(&symbol);
            }
            Some(Named::Contract(contract))
        }
        Some(Err(error)) if words.contains('$') => {
            problems.push(line.problem(occ::code(&error), Role::Description, error.to_string()));
            None
        }
        _ => instrument(line, problems),
    }
}

/// The finding of an action that is not in a format's table.
pub fn unknown_action(line: &Line<'_>, problems: &mut Vec<Problem>) {
    let action = line.text(Role::Action).unwrap_or_default();
    let message = format!("\"{action}\" is no known kind of transaction; passed over");
    problems.push(line.problem("ERR_ACT_001", Role::Action, message));
}
