//! Merrill holdings: every cell quoted, no cost basis, the date in a column. Cash stands without a symbol at a price of 1.

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Layout, Role, optional, required};
use crate::holding::{Named, cash, holding, named, untickered, with_points};
use crate::input::{Accounts, Input, Line};
use crate::money;
use crate::problem::Problem;
use crate::rows::Row;
use crate::statement::{Account, CashBalance, CashBasis, StatedTotal};
use crate::symbols::is_cusip;

const COLUMNS: Layout = &[
    required(Role::AsOf, &["cob date"]),
    required(Role::Marker, &["security #"]),
    required(Role::Symbol, &["symbol"]),
    required(Role::Description, &["security description"]),
    required(Role::Quantity, &["quantity"]),
    required(Role::Price, &["price ($)"]),
    required(Role::MarketValue, &["value ($)"]),
    optional(Role::Cusip, &["cusip #"]),
    optional(Role::AccountName, &["account nickname", "account registration"]),
    optional(Role::Account, &["account #"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Merrill,
    label: "Merrill",
    about: "Portfolio > Holdings > Export",
    layouts: &[COLUMNS],
    dates: Dates::MonthFirst,
    parse,
};

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut as_of = None;
    for row in input.body().iter().filter(|row| !row.is_blank() && row.single().is_none()) {
        let line = input.line(row);
        if line.text(Role::AsOf).is_none() && line.text(Role::Quantity).is_none() {
            footer(row, &mut accounts, input, problems);
            continue;
        }
        as_of = as_of.max(line.past_date(Role::AsOf, problems));
        let (name, number) = (line.text(Role::AccountName), line.text(Role::Account));
        position(&line, accounts.of(name.unwrap_or_default(), number.unwrap_or_default()), problems);
    }
    Parsed { as_of, accounts: accounts.into_vec() }
}

/// A row of the balances below the table: a name and an amount, without a date. They are of the last account.
fn footer(row: &Row, accounts: &mut Accounts, input: &Input<'_>, problems: &mut Vec<Problem>) {
    let cells: Vec<&str> =
        (0..row.cells.len()).map(|at| row.cell(at)).filter(|cell| !cell.is_empty()).collect();
    let [name, amount] = cells[..] else { return };
    let value = match money::parse(amount, input.mark) {
        Ok(Some(number)) => number.value,
        Ok(None) => return,
        Err(error) => {
            problems.push(Problem::of_row("ERR_POS_026", row.line, error.to_string()).at(name, amount));
            return;
        }
    };
    let account = accounts.latest();
    let basis = match name.to_ascii_lowercase().as_str() {
        "money accounts" | "cash balance" => CashBasis::Balance,
        "pending activity" => CashBasis::Pending,
        "total" => {
            account.totals.push(StatedTotal { what: name.to_owned(), value, row: row.line });
            return;
        }
        _ => {
            let message = format!("\"{name}\" is no balance that is known; passed over");
            problems.push(Problem::of_row("ERR_CSV_012", row.line, message).at("", name));
            return;
        }
    };
    let (row, currency, held_in) = (Some(row.line), "USD".to_owned(), Some(name.to_owned()));
    account.cash.push(CashBalance { row, currency, amount: value, basis, held_in });
}

fn position(line: &Line<'_>, account: &mut Account, problems: &mut Vec<Problem>) {
    if line.text(Role::Quantity).is_none()
        && line.text(Role::Description).is_some_and(|name| name.eq_ignore_ascii_case("total"))
    {
        let value = line.value(Role::MarketValue, problems);
        let total = |value| StatedTotal { what: "Total".to_owned(), value, row: line.row.line };
        account.totals.extend(value.map(total));
        return;
    }
    let symbol = line.text(Role::Symbol).filter(|symbol| !symbol.starts_with('-'));
    let cusip = line.text(Role::Cusip).filter(|cusip| is_cusip(cusip));
    if let Some(symbol) = symbol {
        let named = named(symbol, line.row.line, line.columns.name(Role::Symbol), problems).map(with_points);
        account.positions.extend(named.and_then(|named| holding(line, named, problems)));
    } else if line.text(Role::Quantity).is_none() || line.value(Role::Price, problems) == Some(1.0) {
        let name = line.text(Role::Description).unwrap_or_default();
        account.cash.extend(cash(line, CashBasis::Balance, name, problems));
    } else if let Some(cusip) = cusip {
        account.positions.extend(holding(line, Named::Symbol(cusip.to_ascii_uppercase()), problems));
    } else {
        account.positions.extend(untickered(line, problems));
    }
}
