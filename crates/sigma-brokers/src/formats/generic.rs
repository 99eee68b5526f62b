//! The short form: ticker, quantity, entry price, entry date, tags. Other columns are passed over.

use super::lot::{Rules, Seen, lot};
use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, optional, required};
use crate::input::Input;
use crate::problem::Problem;
use crate::statement::Account;

const COLUMNS: Layout = &[
    required(Role::Symbol, &["ticker", "symbol"]),
    required(Role::Quantity, &["quantity", "qty"]),
    required(Role::EntryPrice, &["entry_price", "entry price", "price"]),
    required(Role::EntryDate, &["entry_date", "entry date", "trade date", "trade_date"]),
    optional(Role::Tags, &["tags", "strategy"]),
    optional(Role::Currency, &["currency"]),
    optional(Role::Description, &["name", "description"]),
    optional(Role::ExitDate, &["exit_date", "exit date"]),
    optional(Role::ExitPrice, &["exit_price", "exit price"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Generic,
    label: "Generic CSV",
    about: "ticker, quantity, entry_price, entry_date and tags, written by hand or by another tool",
    layouts: &[COLUMNS],
    dates: Dates::ByFile,
    parse,
};

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut seen = Seen::new();
    let rows = input.body().iter().filter(|row| !row.is_blank());
    let rules = Rules { entry_required: true };
    let positions = rows.filter_map(|row| lot(&input.line(row), rules, &mut seen, problems)).collect();
    Parsed { as_of: None, accounts: vec![Account { positions, ..Account::default() }] }
}
