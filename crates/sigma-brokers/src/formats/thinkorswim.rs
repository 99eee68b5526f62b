//! thinkorswim position statement: below the row of an underlying stand the row of its shares, told by its name, and the
//! rows of its options, without the underlying. Columns are the user's choice.

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Columns, Layout, Role, optional, required};
use crate::dates::{self, DateOrder};
use crate::holding::{Named, holding, named};
use crate::input::{Input, Line, tail_of};
use crate::notation;
use crate::occ;
use crate::problem::Problem;
use crate::rows::Row;
use crate::statement::{Account, CashBalance, CashBasis};
use crate::{money, symbols};

const COLUMNS: Layout = &[
    required(Role::Symbol, &["instrument"]),
    required(Role::Quantity, &["qty"]),
    required(Role::EntryPrice, &["trade price"]),
    optional(Role::Price, &["mark"]),
    optional(Role::MarketValue, &["net liq"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Thinkorswim,
    label: "thinkorswim",
    about: "Monitor > Activity and Positions > Position Statement > Export",
    layouts: &[COLUMNS],
    dates: Dates::MonthFirst,
    parse,
};

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let (mut account, as_of) = title(input.preamble());
    let mut columns = input.columns.clone();
    let mut underlying: Option<String> = None;
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        if let Some(again) = Columns::again(row, COLUMNS) {
            (columns, underlying) = (again, None);
            continue;
        }
        let line = Line { row, columns: &columns, input };
        let Some(instrument) = line.text(Role::Symbol) else { continue };
        if row.single().is_some() {
            // An underlying of which only options are held may show nothing but its symbol; titles have blanks.
            if !instrument.contains(char::is_whitespace) {
                underlying = Some(instrument.to_owned());
            }
        } else if instrument.starts_with("Cash & Sweep") {
            account.cash.extend(sweep(row, &line, instrument, problems));
        } else if line.text(Role::Quantity).is_none() {
            underlying = Some(instrument.to_owned());
        } else if line.text(Role::EntryPrice).is_none() {
            // Sums below the table have an amount where the quantity stands.
        } else if let Some(named) = leg(&line, instrument, underlying.as_deref(), problems) {
            account.positions.extend(holding(&line, named, problems).map(|mut position| {
                if position.contract.is_none() {
                    position.description = Some(instrument.to_owned());
                }
                position
            }));
        }
    }
    Parsed { as_of, accounts: vec![account] }
}

/// `Position Statement for 12345678SCHW (Individual) on 11/4/25 16:14:27`.
fn title(preamble: &[Row]) -> (Account, Option<chrono::NaiveDate>) {
    let titles = preamble.iter().filter_map(Row::single);
    let Some(rest) = titles.filter_map(|text| text.strip_prefix("Position Statement for ")).next() else {
        return (Account::default(), None);
    };
    let (subject, moment) = rest.rsplit_once(" on ").unwrap_or((rest, ""));
    let (number, name) = subject.split_once('(').unwrap_or((subject, ""));
    let name = name.trim_end_matches(')').trim();
    let number = number.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    let account = Account { name, number_tail: tail_of(number), ..Account::default() };
    (account, dates::last_in(moment, DateOrder::MonthFirst))
}

/// What a row with a quantity holds.
fn leg(line: &Line<'_>, text: &str, underlying: Option<&str>, problems: &mut Vec<Problem>) -> Option<Named> {
    let Some(underlying) = underlying else {
        problems.push(line.problem("ERR_CSV_012", Role::Symbol, "a row without underlying was passed over"));
        return None;
    };
    if underlying.starts_with('/') {
        let message = format!("{underlying} is a future, which is not supported; passed over");
        problems.push(line.problem("ERR_CSV_012", Role::Symbol, message));
        return None;
    }
    match notation::under(&symbols::canonical(underlying).ok()?, text) {
        Some(Ok(contract)) => Some(Named::Contract(contract)),
        Some(Err(error)) => {
            problems.push(line.problem(occ::code(&error), Role::Symbol, error.to_string()));
            None
        }
        None if notation::names_a_right(text) => {
            let message = format!("\"{text}\" looks like an option and cannot be read");
            problems.push(line.problem("ERR_OPT_001", Role::Symbol, message));
            None
        }
        None => named(underlying, line.row.line, line.columns.name(Role::Symbol), problems),
    }
}

/// The amount beside `Cash & Sweep Vehicle`.
fn sweep(row: &Row, line: &Line<'_>, name: &str, problems: &mut Vec<Problem>) -> Option<CashBalance> {
    let mut others =
        (0..row.cells.len()).map(|at| row.cell(at)).filter(|cell| !cell.is_empty() && *cell != name);
    let amount = others.next()?;
    match money::parse(amount, line.input.mark) {
        Ok(number) => Some(CashBalance {
            row: Some(row.line),
            currency: "USD".to_owned(),
            amount: number?.value,
            basis: CashBasis::Balance,
            held_in: Some(name.to_owned()),
        }),
        Err(error) => {
            problems.push(Problem::of_row("ERR_POS_026", row.line, error.to_string()).at(name, amount));
            None
        }
    }
}
