//! Interactive Brokers activity statement: rows of sections, each with its own header, told by the first two cells.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::ibkr_flex::{asset_is_held, bond, is_bond};
use sigma_core::model::underlying_of_root;

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Columns, Layout, Role, optional, required};
use crate::dates::{self, DateOrder};
use crate::holding::{Named, holding, named};
use crate::input::{Accounts, Input, Line};
use crate::problem::Problem;
use crate::rows::Row;
use crate::statement::{Account, AssetClass, CashBalance, CashBasis, ImportedPosition, StatedTotal};
use crate::symbols::canonical;

const STATEMENT: Layout = &[
    required(Role::Marker, &["statement"]),
    required(Role::Level, &["header"]),
    required(Role::Description, &["field name"]),
    required(Role::Quantity, &["field value"]),
];

const POSITIONS: Layout = &[
    required(Role::Level, &["datadiscriminator"]),
    required(Role::AssetType, &["asset category"]),
    required(Role::Currency, &["currency"]),
    required(Role::Symbol, &["symbol"]),
    required(Role::Quantity, &["quantity"]),
    required(Role::MarketValue, &["value"]),
    optional(Role::Multiplier, &["mult"]),
    optional(Role::AverageCost, &["cost price"]),
    optional(Role::CostBasis, &["cost basis"]),
    optional(Role::Price, &["close price"]),
    optional(Role::Account, &["account"]),
];

const CASH_REPORT: Layout = &[
    required(Role::Description, &["currency summary"]),
    required(Role::Currency, &["currency"]),
    required(Role::MarketValue, &["total"]),
    optional(Role::Account, &["account"]),
];

const FOREX: Layout = &[
    required(Role::Description, &["description"]),
    required(Role::MarketValue, &["quantity"]),
    optional(Role::Currency, &["currency"]),
    optional(Role::Account, &["account"]),
];

const NET_ASSET_VALUE: Layout =
    &[required(Role::Description, &["asset class"]), required(Role::MarketValue, &["current total"])];

const INSTRUMENTS: Layout = &[
    required(Role::Symbol, &["symbol"]),
    optional(Role::Underlying, &["underlying"]),
    optional(Role::Description, &["description"]),
    optional(Role::Cusip, &["security id"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::IbkrActivity,
    label: "Interactive Brokers activity statement",
    about: "Performance & Reports > Statements > Activity, as CSV in English",
    layouts: &[STATEMENT],
    dates: Dates::YearFirst,
    parse,
};

/// Headers of the sections that are read.
const SECTIONS: [(&str, Layout); 7] = [
    ("Open Positions", POSITIONS),
    ("Long Open Positions", POSITIONS),
    ("Short Open Positions", POSITIONS),
    ("Cash Report", CASH_REPORT),
    ("Forex Balances", FOREX),
    ("Net Asset Value", NET_ASSET_VALUE),
    ("Financial Instrument Information", INSTRUMENTS),
];

/// What the instrument section says of a symbol.
struct Described {
    underlying: Option<String>,
    description: Option<String>,
    security_id: Option<String>,
}

/// A row of an account: empty where the statement is of one account and has no column for it.
struct Of<T> {
    account: String,
    row: T,
}

#[derive(Default)]
struct Found {
    name: Option<String>,
    number: String,
    as_of: Option<NaiveDate>,
    /// With the symbol as the statement spells it.
    positions: Vec<Of<(String, ImportedPosition)>>,
    cash_report: Vec<Of<CashBalance>>,
    forex: Vec<Of<CashBalance>>,
    net_asset_cash: Vec<Of<CashBalance>>,
    totals: Vec<StatedTotal>,
    base_currency: String,
    /// By the statement's symbol.
    instruments: HashMap<String, Described>,
}

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut found = Found { base_currency: "USD".to_owned(), ..Found::default() };
    let mut headers: HashMap<&str, Columns> = HashMap::new();
    for row in input.rows {
        let (section, kind) = (row.cell(0).trim_start_matches('\u{feff}'), row.cell(1));
        match SECTIONS.iter().find(|(name, _)| *name == section) {
            Some((name, layout)) if kind == "Header" => {
                match Columns::of(row, layout) {
                    Some(columns) => headers.insert(name, columns),
                    None => headers.remove(name),
                };
            }
            Some((name, _)) => {
                if let Some(columns) = headers.get(name) {
                    section_row(name, kind, &Line { row, columns, input }, &mut found, problems);
                }
            }
            None if kind == "Data" => about(row, section, &mut found),
            None => {}
        }
    }
    Parsed { as_of: found.as_of, accounts: accounts(found, problems) }
}

/// One account, or one for each that the column of accounts names in a consolidated statement.
fn accounts(found: Found, problems: &mut Vec<Problem>) -> Vec<Account> {
    let name = found.name.unwrap_or_default();
    let own = |account: &str| if account.is_empty() { found.number.clone() } else { account.to_owned() };
    let mut accounts = Accounts::default();
    for Of { account, row: (spelled, mut position) } in found.positions {
        if let Some(described) = found.instruments.get(&spelled) {
            complete(&mut position, described);
        }
        accounts.of(&name, &own(&account)).positions.push(position);
    }
    let cash = [found.cash_report, found.forex, found.net_asset_cash];
    for Of { account, row } in cash.into_iter().find(|cash| !cash.is_empty()).unwrap_or_default() {
        if account.is_empty() && accounts.len() > 1 {
            let message = "cash of all accounts together was passed over";
            problems.push(Problem::of_row("ERR_CSV_012", row.row, message));
        } else {
            accounts.of(&name, &own(&account)).cash.push(row);
        }
    }
    if accounts.len() == 0 {
        accounts.of(&name, &found.number);
    }
    let mut accounts = accounts.into_vec();
    // The total of several accounts is that of none.
    if let [account] = &mut accounts[..] {
        account.totals = found.totals;
    }
    accounts
}

/// What the instrument section adds.
fn complete(position: &mut ImportedPosition, described: &Described) {
    position.description = position.description.take().or(described.description.clone());
    if let (Some(contract), Some(underlying)) = (&mut position.contract, &described.underlying) {
        contract.terms.underlying.clone_from(underlying);
    }
    if position.class == AssetClass::Private
        && let Some(Named::Private(symbol)) = bond(None, described.security_id.as_deref(), "")
            .or_else(|| bond(described.security_id.as_deref(), None, ""))
    {
        position.symbol = symbol;
    }
}

/// Rows of names and values.
fn about(row: &Row, section: &str, found: &mut Found) {
    match (section, row.cell(2)) {
        ("Statement", "Period") => found.as_of = dates::last_in(row.cell(3), DateOrder::MonthFirst),
        ("Account Information", "Account") => row.cell(3).clone_into(&mut found.number),
        ("Account Information", "Account Alias" | "Name") => {
            found.name = Some(row.cell(3).to_owned()).filter(|name| !name.is_empty());
        }
        ("Account Information", "Base Currency") => found.base_currency = row.cell(3).to_owned(),
        _ => {}
    }
}

fn section_row(section: &str, kind: &str, line: &Line<'_>, found: &mut Found, problems: &mut Vec<Problem>) {
    let value = |problems: &mut Vec<Problem>| line.value(Role::MarketValue, problems);
    let account = line.text(Role::Account).unwrap_or_default().to_owned();
    let cash = |currency: &str, amount: f64| Of {
        account: account.clone(),
        row: CashBalance {
            row: Some(line.row.line),
            currency: currency.to_owned(),
            amount,
            basis: CashBasis::Balance,
            held_in: None,
        },
    };
    let name = line.text(Role::Description).unwrap_or_default();
    match (section, kind) {
        ("Cash Report", "Data") if name == "Ending Cash" => {
            let currency = line.text(Role::Currency).unwrap_or_default();
            if currency.len() == 3 {
                found.cash_report.extend(value(problems).map(|amount| cash(currency, amount)));
            }
        }
        ("Forex Balances", "Data") => {
            found.forex.extend(value(problems).map(|amount| cash(name, amount)));
        }
        ("Net Asset Value", "Data") if name == "Cash" => {
            let currency = found.base_currency.clone();
            found.net_asset_cash.extend(value(problems).map(|amount| cash(&currency, amount)));
        }
        ("Net Asset Value", "Data" | "Total") if name == "Total" => {
            let total = |value| StatedTotal { what: "Net Asset Value".to_owned(), value, row: line.row.line };
            found.totals.extend(value(problems).map(total));
        }
        ("Financial Instrument Information", "Data") => {
            if let Some(symbol) = line.text(Role::Symbol) {
                let underlying = line.text(Role::Underlying).and_then(|text| canonical(text).ok());
                let underlying = underlying.map(|symbol| underlying_of_root(&symbol));
                let text = |role| line.text(role).map(str::to_owned);
                let (description, security_id) = (text(Role::Description), text(Role::Cusip));
                let described = Described { underlying, description, security_id };
                found.instruments.insert(symbol.to_owned(), described);
            }
        }
        (_, "Data") if section.ends_with("Open Positions") => position(line, found, problems),
        (_, "Total") if section.ends_with("Open Positions") => {
            let what = format!("{section} {}", line.text(Role::AssetType).unwrap_or_default());
            let total = |value| StatedTotal { what: what.trim_end().to_owned(), value, row: line.row.line };
            found.totals.extend(value(problems).map(total));
        }
        _ => {}
    }
}

fn position(line: &Line<'_>, found: &mut Found, problems: &mut Vec<Problem>) {
    let Some(symbol) = line.text(Role::Symbol).filter(|_| line.text(Role::Level) == Some("Summary")) else {
        return;
    };
    let asset = line.text(Role::AssetType).unwrap_or_default();
    if !asset_is_held(asset) {
        let message = format!("{asset} are not supported; passed over");
        problems.push(line.problem("ERR_CSV_012", Role::AssetType, message));
        return;
    }
    let read = match is_bond(asset) {
        true => bond(None, None, symbol),
        false => named(symbol, line.row.line, line.columns.name(Role::Symbol), problems),
    };
    let Some(position) = read.and_then(|named| holding(line, named, problems)) else { return };
    let account = line.text(Role::Account).unwrap_or_default().to_owned();
    found.positions.push(Of { account, row: (symbol.to_owned(), position) });
}
