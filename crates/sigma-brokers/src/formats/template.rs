//! The template of twelve columns: stocks, funds, options by symbol or by columns, private assets, closed lots.

use std::borrow::Cow;

use super::lot::{Rules, Seen, lot};
use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, optional, required};
use crate::dates;
use crate::input::Input;
use crate::money;
use crate::problem::Problem;
use crate::rows::Row;
use crate::statement::Account;

const COLUMNS: Layout = &[
    required(Role::Symbol, &["symbol"]),
    required(Role::Quantity, &["quantity"]),
    required(Role::EntryPrice, &["entry price per share"]),
    required(Role::EntryDate, &["entry date"]),
    optional(Role::Class, &["investment class"]),
    optional(Role::Subtype, &["investment subtype"]),
    optional(Role::Underlying, &["underlying symbol"]),
    optional(Role::Strike, &["strike price"]),
    optional(Role::Expiry, &["expiration date"]),
    optional(Role::Right, &["option type"]),
    optional(Role::ExitDate, &["exit date"]),
    optional(Role::ExitPrice, &["exit price per share"]),
    optional(Role::Tags, &["tags"]),
    optional(Role::Currency, &["currency"]),
    optional(Role::Lot, &["lot"]),
    optional(Role::Multiplier, &["multiplier"]),
    optional(Role::Price, &["stated value per share"]),
    optional(Role::Description, &["name"]),
    optional(Role::AdjustedThrough, &["adjusted through"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Template,
    label: "SigmaSight template",
    about: "the template of twelve columns with options, private assets and closed lots",
    layouts: &[COLUMNS],
    dates: Dates::YearFirst,
    parse,
};

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut seen = Seen::new();
    let mut account = Account::default();
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        let row = with_comma(input, row, problems);
        let rules = Rules { entry_required: true };
        account.positions.extend(lot(&input.line(&row), rules, &mut seen, problems));
    }
    Parsed { as_of: None, accounts: vec![account] }
}

/// A row of a closed share that is one comma short has its exit date under the option type and its exit price under the
/// exit date. No other reading makes sense of a date and a number there, so it is read and told.
fn with_comma<'a>(input: &Input<'_>, row: &'a Row, problems: &mut Vec<Problem>) -> Cow<'a, Row> {
    let at = [Role::Right, Role::ExitDate, Role::ExitPrice].map(|role| input.columns.index(role));
    let [Some(right), Some(date), Some(price)] = at else { return Cow::Borrowed(row) };
    let short = (date, price) == (right + 1, right + 2)
        && dates::parse(row.cell(right), input.order).is_some()
        && dates::parse(row.cell(date), input.order).is_none()
        && matches!(money::parse(row.cell(date), input.mark), Ok(Some(_)))
        && row.cell(price).is_empty();
    if !short {
        return Cow::Borrowed(row);
    }
    let message = format!("{} was read as exit date, {} as exit price", row.cell(right), row.cell(date));
    problems.push(Problem::of_row("ERR_CSV_013", row.line, message));
    let mut cells: Vec<&str> = row.cells.iter().collect();
    cells.insert(right, "");
    Cow::Owned(Row { line: row.line, cells: cells.into() })
}
