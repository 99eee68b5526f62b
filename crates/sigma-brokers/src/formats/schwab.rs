//! Schwab positions, of one account or of all, in both generations of headers. Cost basis is that of the whole
//! position; the value of options already counts the multiplier.

use chrono::NaiveDate;

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Columns, Layout, Role, optional, required};
use crate::dates::{self, DateOrder};
use crate::holding::{cash, holding_or_untickered};
use crate::input::{Accounts, Input, Line, name_and_number};
use crate::money;
use crate::problem::Problem;
use crate::rows::Row;
use crate::statement::{Account, CashBasis, StatedTotal};

const COLUMNS: Layout = &[
    required(Role::Symbol, &["symbol"]),
    required(Role::Description, &["description"]),
    required(Role::Quantity, &["qty (quantity)", "quantity", "qty"]),
    required(Role::Price, &["price"]),
    required(Role::MarketValue, &["mkt val (market value)", "market value", "mkt val"]),
    required(Role::CostBasis, &["cost basis"]),
    required(Role::AssetType, &["asset type", "security type"]),
    optional(Role::Marker, &["ratings"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Schwab,
    label: "Charles Schwab positions",
    about: "Accounts > Positions > Export, one account or all accounts",
    layouts: &[COLUMNS],
    dates: Dates::MonthFirst,
    parse,
};

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut as_of = None;
    let mut account = (String::new(), String::new());
    for row in input.preamble() {
        title(row, &mut account, &mut as_of);
    }
    let mut columns = input.columns.clone();
    let mut rows = input.body().iter().filter(|row| !row.is_blank()).peekable();
    while let Some(row) = rows.next() {
        if let Some(again) = Columns::again(row, COLUMNS) {
            columns = again;
        } else if rows.peek().is_some_and(|next| Columns::again(next, COLUMNS).is_some())
            && row.single().is_some()
        {
            title(row, &mut account, &mut as_of);
        } else if row.single().is_some_and(|text| text.contains(' ')) {
            let message = "a line of text was passed over";
            problems
                .push(Problem::of_row("ERR_CSV_012", row.line, message).at("", row.single().unwrap_or("")));
        } else {
            let line = Line { row, columns: &columns, input };
            position(&line, accounts.of(&account.0, &account.1), problems);
        }
    }
    Parsed { as_of, accounts: accounts.into_vec() }
}

/// `Positions for account Individual ...123 as of 04:05 PM ET, 2025/11/04`, or the name of an account alone.
fn title(row: &Row, account: &mut (String, String), as_of: &mut Option<NaiveDate>) {
    let Some(text) = row.single() else { return };
    let (subject, moment) = text.split_once(" as of ").unwrap_or((text, ""));
    if subject.starts_with("Positions for") {
        *as_of = dates::last_in(moment, DateOrder::MonthFirst).or(*as_of);
    }
    let name = subject.strip_prefix("Positions for account ").unwrap_or(subject);
    // The title of a file of all accounts names none of them.
    if !name.starts_with("Positions for") {
        let (name, number) = name_and_number(name);
        *account = (name.to_owned(), number.to_owned());
    }
}

fn position(line: &Line<'_>, account: &mut Account, problems: &mut Vec<Problem>) {
    let symbol = line.text(Role::Symbol).unwrap_or_default();
    let is_cash = |asset: &str| asset.eq_ignore_ascii_case("cash and money market");
    match symbol.to_ascii_lowercase().as_str() {
        "cash & cash investments" | "cash and cash investments" => {
            account.cash.extend(cash(line, CashBasis::Balance, symbol, problems));
        }
        _ if line.text(Role::AssetType).is_some_and(is_cash)
            && line.text(Role::Quantity).is_none_or(money::is_nothing) =>
        {
            account.cash.extend(cash(line, CashBasis::Balance, symbol, problems));
        }
        "total all accounts" => {}
        "account total" | "positions total" => {
            let value = line.value(Role::MarketValue, problems);
            let total = |value| StatedTotal { what: symbol.to_owned(), value, row: line.row.line };
            account.totals.extend(value.map(total));
        }
        _ => {
            account.positions.extend(holding_or_untickered(line, problems));
        }
    }
}
