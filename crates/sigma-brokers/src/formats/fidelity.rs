//! Fidelity positions, in title case (until 2025) and sentence case (from 2026). Rows end with a comma more than the
//! header, money market funds carry stars and no quantity, disclaimers and the download date follow the rows.

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, optional, required};
use crate::dates::{self, DateOrder};
use crate::holding::{cash, holding, named, untickered, with_points};
use crate::input::{Accounts, Input, Line};
use crate::problem::Problem;
use crate::statement::{Account, CashBasis};

const COLUMNS: Layout = &[
    required(Role::Account, &["account number"]),
    required(Role::AccountName, &["account name"]),
    required(Role::Symbol, &["symbol"]),
    required(Role::Description, &["description"]),
    required(Role::Quantity, &["quantity"]),
    required(Role::Price, &["last price"]),
    required(Role::MarketValue, &["current value"]),
    optional(Role::CostBasis, &["cost basis total", "cost basis"]),
    optional(Role::AverageCost, &["average cost basis", "cost basis per share"]),
    optional(Role::AssetType, &["type"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Fidelity,
    label: "Fidelity positions",
    about: "Positions > Download, all accounts in one file",
    layouts: &[COLUMNS],
    dates: Dates::MonthFirst,
    parse,
};

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut as_of = None;
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        if let Some(moment) = row.cell(0).strip_prefix("Date downloaded") {
            as_of = [moment, row.cell(1)].iter().find_map(|text| dates::last_in(text, DateOrder::MonthFirst));
            continue;
        }
        if row.single().is_some() {
            continue;
        }
        let line = input.line(row);
        let (name, number) = (line.text(Role::AccountName), line.text(Role::Account));
        let account = accounts.of(name.unwrap_or_default(), number.unwrap_or_default());
        position(&line, account, problems);
    }
    Parsed { as_of, accounts: accounts.into_vec() }
}

fn position(line: &Line<'_>, account: &mut Account, problems: &mut Vec<Problem>) {
    let Some(symbol) = line.text(Role::Symbol) else {
        if line.text(Role::Quantity).is_some() && line.text(Role::Description).is_some() {
            account.positions.extend(untickered(line, problems));
            return;
        }
        problems.push(line.problem("ERR_CSV_012", Role::Symbol, "a row without symbol was passed over"));
        return;
    };
    if symbol.eq_ignore_ascii_case("Pending Activity") {
        account.cash.extend(cash(line, CashBasis::Pending, symbol, problems));
    } else if (symbol.ends_with("**") || line.text(Role::Quantity).is_none())
        && line.text(Role::MarketValue).is_some()
    {
        account.cash.extend(cash(line, CashBasis::Balance, symbol.trim_end_matches('*'), problems));
    } else if let Some(named) = named(symbol, line.row.line, line.columns.name(Role::Symbol), problems) {
        account.positions.extend(holding(line, with_points(named), problems));
    }
}
