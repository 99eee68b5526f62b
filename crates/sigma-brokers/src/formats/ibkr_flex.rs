//! Interactive Brokers Flex query, open positions and cash. The XML form is turned into the same rows. Only summaries
//! count: lots repeat them, and `BASE_SUMMARY` repeats the cash of every currency.

use chrono::NaiveDate;

use sigma_core::model::underlying_of_root;

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Columns, Layout, Role, normalised, optional, required};
use crate::holding::{Named, cash, holding, named};
use crate::input::{Accounts, Input, Line};
use crate::problem::Problem;
use crate::rows::{Row, bare};
use crate::statement::{Account, CashBalance, CashBasis};
use crate::symbols::{canonical, from_name, is_cusip};

const POSITIONS: Layout = &[
    required(Role::Account, &["clientaccountid", "accountid"]),
    required(Role::Currency, &["currencyprimary", "currency"]),
    required(Role::AssetType, &["assetclass", "assetcategory"]),
    required(Role::Symbol, &["symbol"]),
    required(Role::Quantity, &["quantity", "position"]),
    required(Role::Price, &["markprice"]),
    optional(Role::AccountName, &["accountalias", "acctalias"]),
    optional(Role::MarketValue, &["positionvalue"]),
    optional(Role::CostBasis, &["costbasismoney"]),
    optional(Role::AverageCost, &["costbasisprice"]),
    optional(Role::Description, &["description"]),
    optional(Role::Underlying, &["underlyingsymbol"]),
    optional(Role::Multiplier, &["multiplier"]),
    optional(Role::Level, &["levelofdetail"]),
    optional(Role::AsOf, &["reportdate"]),
    optional(Role::Cusip, &["cusip"]),
    optional(Role::Source, &["isin"]),
];

const CASH: Layout = &[
    required(Role::Account, &["clientaccountid", "accountid"]),
    required(Role::Currency, &["currencyprimary", "currency"]),
    required(Role::MarketValue, &["endingcash"]),
    optional(Role::AccountName, &["accountalias", "acctalias"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::IbkrFlex,
    label: "Interactive Brokers Flex query",
    about: "Performance & Reports > Flex Queries: Open Positions (summary) and Cash Report, as CSV or XML",
    layouts: &[POSITIONS],
    dates: Dates::YearFirst,
    parse,
};

/// First cells of the lines that frame the sections of one of the two layouts of the CSV.
const FRAME: [&str; 6] = ["BOF", "BOA", "BOS", "EOS", "EOA", "EOF"];

enum Section {
    Positions(Columns),
    Cash(Columns),
    /// Trades, transfers and whatever else a query may hold.
    Other,
}

/// The section that a row is the header of.
fn section_of(row: &Row) -> Option<Section> {
    let account = ["clientaccountid", "accountid"];
    let is_header = || row.cells.iter().any(|cell| account.contains(&normalised(bare(cell)).as_str()));
    Columns::again(row, POSITIONS)
        .map(Section::Positions)
        .or_else(|| Columns::again(row, CASH).map(Section::Cash))
        .or_else(|| is_header().then_some(Section::Other))
}

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut in_base: Vec<(String, String, CashBalance)> = Vec::new();
    let mut as_of: Option<NaiveDate> = None;
    let mut section = Section::Other;
    // Cash may stand before the positions, whose header tells the format.
    for row in input.rows.iter().filter(|row| !row.is_blank() && !FRAME.contains(&row.cell(0))) {
        if let Some(next) = section_of(row) {
            section = next;
            continue;
        }
        let (Section::Positions(columns) | Section::Cash(columns)) = &section else { continue };
        let line = Line { row, columns, input };
        let name = line.text(Role::AccountName).unwrap_or_default();
        let number = line.text(Role::Account).unwrap_or_default();
        let account = accounts.of(name, number);
        if matches!(section, Section::Positions(_)) {
            as_of = as_of.max(line.past_date(Role::AsOf, problems));
            position(&line, account, problems);
        } else if line.text(Role::Currency) == Some(BASE) {
            let balance = cash(&line, CashBasis::Balance, "", problems);
            in_base.extend(balance.map(|balance| (name.to_owned(), number.to_owned(), balance)));
        } else {
            account.cash.extend(cash(&line, CashBasis::Balance, "", problems));
        }
    }
    for (name, number, balance) in in_base {
        only_in_base(accounts.of(&name, &number), balance, problems);
    }
    Parsed { as_of, accounts: accounts.into_vec() }
}

/// The cash of all currencies together.
const BASE: &str = "BASE_SUMMARY";

/// Takes the sum of all currencies where the file has nothing else, in the currency that all positions are in.
fn only_in_base(account: &mut Account, balance: CashBalance, problems: &mut Vec<Problem>) {
    if !account.cash.is_empty() {
        return;
    }
    let mut currencies = account.positions.iter().map(|position| position.currency.as_str());
    match currencies.next().filter(|first| currencies.all(|other| other == *first)) {
        Some(currency) => {
            let currency = currency.to_owned();
            account.cash.push(CashBalance { currency, ..balance });
        }
        None => {
            let message =
                "cash is stated in the base currency only, which the file does not name; passed over";
            problems.push(Problem::of_row("ERR_CSV_012", balance.row, message));
        }
    }
}

fn position(line: &Line<'_>, account: &mut Account, problems: &mut Vec<Problem>) {
    if line.text(Role::Level).is_some_and(|level| !level.eq_ignore_ascii_case("SUMMARY")) {
        return;
    }
    let Some(symbol) = line.text(Role::Symbol) else {
        problems.push(line.problem("ERR_POS_001", Role::Symbol, "the row has no symbol"));
        return;
    };
    let asset = line.text(Role::AssetType).unwrap_or_default();
    if !asset_is_held(asset) {
        let message = format!("assets of the class {asset} are not supported; passed over");
        problems.push(line.problem("ERR_CSV_012", Role::AssetType, message));
        return;
    }
    let column = line.columns.name(Role::Symbol);
    let read = match is_bond(asset).then(|| bond(line.text(Role::Cusip), line.text(Role::Source), symbol)) {
        Some(bond) => bond,
        None => named(symbol, line.row.line, column, problems),
    };
    let Some(mut named) = read else { return };
    if let (Named::Contract(contract), Some(underlying)) = (&mut named, line.text(Role::Underlying)) {
        contract.terms.underlying = canonical(underlying)
            .map_or_else(|_| underlying.to_owned(), |symbol| underlying_of_root(&symbol));
    }
    account.positions.extend(holding(line, named, problems));
}

/// A bond, by its CUSIP, by the one in a US ISIN, or by its name: its symbol (`T 4 11/15/52`) is a description.
pub fn bond(cusip: Option<&str>, isin: Option<&str>, symbol: &str) -> Option<Named> {
    let in_isin =
        isin.filter(|isin| isin.len() == 12 && isin.starts_with("US")).and_then(|isin| isin.get(2..11));
    let known = [cusip, in_isin].into_iter().flatten().find(|id| is_cusip(id)).map(str::to_ascii_uppercase);
    known.or_else(|| from_name(symbol)).map(Named::Private)
}

/// Whether a class of assets, short (`STK`) or written out, can be held here.
pub fn asset_is_held(asset: &str) -> bool {
    const HELD: [&str; 6] = ["STK", "OPT", "FUND", "STOCKS", "EQUITY AND INDEX OPTIONS", "MUTUAL FUNDS"];
    is_bond(asset) || HELD.iter().any(|held| asset.eq_ignore_ascii_case(held))
}

/// Whether a class of assets is bonds.
pub fn is_bond(asset: &str) -> bool {
    ["BOND", "BILL", "BONDS", "TREASURY BILLS"].iter().any(|bond| asset.eq_ignore_ascii_case(bond))
}
