//! E*TRADE portfolio download: a block on the account, the table, `CASH` and `TOTAL`, a line with the date.

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Columns, Layout, Role, required};
use crate::dates::{self, DateOrder};
use crate::holding::{cash, holding_or_untickered};
use crate::input::{Accounts, Input, Line, name_and_number};
use crate::problem::Problem;
use crate::statement::{Account, CashBasis, StatedTotal};

const COLUMNS: Layout = &[
    required(Role::Symbol, &["symbol"]),
    required(Role::Price, &["last price $"]),
    required(Role::Quantity, &["quantity", "qty #"]),
    required(Role::EntryPrice, &["price paid $"]),
    required(Role::MarketValue, &["value $"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Etrade,
    label: "E*TRADE portfolio",
    about: "Portfolios > Download (PortfolioDownload.csv)",
    layouts: &[COLUMNS],
    dates: Dates::MonthFirst,
    parse,
};

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut as_of = None;
    let mut columns = None;
    let mut rows = input.rows.iter().filter(|row| !row.is_blank());
    while let Some(row) = rows.next() {
        // Each account has a block of its own above its table.
        if row.cell(0) == "Account" && row.cell(1) == "Net Account Value" {
            let (name, number) = rows.next().map_or(("", ""), |below| name_and_number(below.cell(0)));
            accounts.of(name, number);
            columns = None;
        } else if let Some(again) = Columns::again(row, COLUMNS) {
            columns = Some(again);
        } else if let Some(columns) = &columns {
            let line = Line { row, columns, input };
            match line.text(Role::Symbol).and_then(|text| text.strip_prefix("Generated at ")) {
                Some(moment) => as_of = as_of.max(dates::last_in(moment, DateOrder::MonthFirst)),
                None => table_row(&line, accounts.latest(), problems),
            }
        }
    }
    Parsed { as_of, accounts: accounts.into_vec() }
}

fn table_row(line: &Line<'_>, account: &mut Account, problems: &mut Vec<Problem>) {
    let Some(text) = line.text(Role::Symbol) else {
        problems.push(line.problem("ERR_CSV_012", Role::Symbol, "a row without symbol was passed over"));
        return;
    };
    if text.eq_ignore_ascii_case("CASH") || text.eq_ignore_ascii_case("Money Market") {
        account.cash.extend(cash(line, CashBasis::Balance, text, problems));
    } else if text.eq_ignore_ascii_case("TOTAL") {
        let value = line.value(Role::MarketValue, problems);
        let total = |value| StatedTotal { what: "TOTAL".to_owned(), value, row: line.row.line };
        account.totals.extend(value.map(total));
    } else if line.row.single().is_some() {
        // Titles of the next block, and disclaimers.
        if text.contains(' ') && text != "Account Summary" {
            problems.push(line.problem("ERR_CSV_012", Role::Symbol, "a line of text was passed over"));
        }
    } else if dates::parse(text, DateOrder::MonthFirst).is_none() {
        // A date is a lot of the position above, which has its units and its average cost already.
        account.positions.extend(holding_or_untickered(line, problems));
    }
}
