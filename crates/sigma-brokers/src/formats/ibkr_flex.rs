//! Interactive Brokers Flex query, open positions and cash. The XML form is turned into the same rows. Only summaries
//! count: lots repeat them, and `BASE_SUMMARY` repeats the cash of every currency.

use chrono::NaiveDate;

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Columns, Layout, Role, optional, required};
use crate::holding::{Named, cash, holding, named};
use crate::input::{Accounts, Input, Line};
use crate::problem::Problem;
use crate::statement::{Account, AssetClass, CashBasis};
use crate::symbols::{canonical, underlying_of_root};

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

enum Section {
    Positions(Columns),
    Cash(Columns),
}

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut as_of: Option<NaiveDate> = None;
    let mut section = Section::Positions(input.columns.clone());
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        if let Some(columns) = Columns::again(row, POSITIONS) {
            section = Section::Positions(columns);
            continue;
        }
        if let Some(columns) = Columns::again(row, CASH) {
            section = Section::Cash(columns);
            continue;
        }
        let columns = match &section {
            Section::Positions(columns) | Section::Cash(columns) => columns,
        };
        let line = Line { row, columns, input };
        let (name, number) = (line.text(Role::AccountName), line.text(Role::Account));
        let account = accounts.of(name.unwrap_or_default(), number.unwrap_or_default());
        match &section {
            Section::Positions(_) => {
                as_of = as_of.max(line.past_date(Role::AsOf, problems));
                position(&line, account, problems);
            }
            Section::Cash(_) if line.text(Role::Currency) == Some("BASE_SUMMARY") => {}
            Section::Cash(_) => account.cash.extend(cash(&line, CashBasis::Balance, "", problems)),
        }
    }
    Parsed { as_of, accounts: accounts.into_vec() }
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
    let Some(mut named) = named(symbol, line.row.line, column, problems) else { return };
    if let (Named::Contract(contract), Some(underlying)) = (&mut named, line.text(Role::Underlying)) {
        contract.terms.underlying = canonical(underlying)
            .map_or_else(|_| underlying.to_owned(), |symbol| underlying_of_root(&symbol));
    }
    let position = holding(line, named, problems).map(|mut position| {
        if is_bond(asset) {
            position.class = AssetClass::Private;
        }
        position
    });
    account.positions.extend(position);
}

/// Whether a class of assets, short (`STK`) or written out, can be held here.
pub fn asset_is_held(asset: &str) -> bool {
    const HELD: [&str; 9] =
        ["STK", "OPT", "FUND", "BOND", "BILL", "STOCKS", "EQUITY AND INDEX OPTIONS", "MUTUAL FUNDS", "BONDS"];
    HELD.iter().any(|held| asset.eq_ignore_ascii_case(held))
}

/// Whether a class of assets is bonds.
pub fn is_bond(asset: &str) -> bool {
    ["BOND", "BILL", "BONDS"].iter().any(|bond| asset.eq_ignore_ascii_case(bond))
}
