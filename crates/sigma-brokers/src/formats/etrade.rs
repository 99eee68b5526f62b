//! E*TRADE portfolio download: a block on the account, the table, `CASH` and `TOTAL`, a line with the date.

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, required};
use crate::dates::{self, DateOrder};
use crate::holding::{cash, holding, named};
use crate::input::{Input, name_and_number, tail_of};
use crate::problem::Problem;
use crate::rows::Row;
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
    let mut account = account(input.preamble());
    let mut as_of = None;
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        let line = input.line(row);
        match line.text(Role::Symbol) {
            None => problems.push(line.problem(
                "ERR_CSV_012",
                Role::Symbol,
                "a row without symbol was passed over",
            )),
            Some(text) if text.starts_with("Generated at") => {
                as_of = dates::last_in(text, DateOrder::MonthFirst);
            }
            Some(text) if text.eq_ignore_ascii_case("CASH") => {
                account.cash.extend(cash(&line, CashBasis::Balance, "CASH", problems))
            }
            Some(text) if text.eq_ignore_ascii_case("TOTAL") => {
                let value = line.value(Role::MarketValue, problems);
                let total = |value| StatedTotal { what: "TOTAL".to_owned(), value, row: row.line };
                account.totals.extend(value.map(total));
            }
            Some(text) if row.single().is_some() && text.contains(' ') => {
                let message = "a line of text was passed over";
                problems.push(line.problem("ERR_CSV_012", Role::Symbol, message));
            }
            Some(symbol) => {
                let named = named(symbol, row.line, line.columns.name(Role::Symbol), problems);
                account.positions.extend(named.and_then(|named| holding(&line, named, problems)));
            }
        }
    }
    Parsed { as_of, accounts: vec![account] }
}

/// The row below `Account, Net Account Value, ...`.
fn account(preamble: &[Row]) -> Account {
    let is_header = |row: &Row| row.cell(0) == "Account" && row.cell(1) == "Net Account Value";
    let below = preamble.iter().skip_while(|row| !is_header(row)).nth(1);
    let (name, number) = below.map_or(("", ""), |row| name_and_number(row.cell(0)));
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    Account { name, number_tail: tail_of(number), ..Account::default() }
}
