//! Vanguard download: holdings, then transactions, and for 529 and employer plans holdings without ticker. There is no
//! cost basis and no date. Rows of the same money market fund are added up.

use crate::broker::{Broker, BrokerId, Dates, Parsed};
use crate::columns::{Columns, Layout, Role, optional, required};
use crate::holding::{holding, named, untickered};
use crate::input::{Accounts, Input, Line};
use crate::problem::Problem;
use crate::statement::{AssetClass, ImportedPosition};

const HOLDINGS: Layout = &[
    required(Role::Account, &["account number"]),
    required(Role::Description, &["investment name"]),
    required(Role::Symbol, &["symbol"]),
    required(Role::Quantity, &["shares"]),
    required(Role::Price, &["share price"]),
    required(Role::MarketValue, &["total value"]),
];

const PLAN: Layout = &[
    required(Role::Account, &["fund account number", "plan number"]),
    required(Role::Description, &["fund name", "plan name"]),
    required(Role::Price, &["price", "share price"]),
    required(Role::Quantity, &["shares"]),
    required(Role::MarketValue, &["total value"]),
    optional(Role::AccountName, &["plan name"]),
];

const TRANSACTIONS: Layout = &[
    required(Role::Account, &["account number", "fund account number", "plan number"]),
    required(Role::Date, &["trade date"]),
    required(Role::Action, &["transaction type", "transaction description", "transaction activity"]),
];

pub const BROKER: Broker = Broker {
    id: BrokerId::Vanguard,
    label: "Vanguard",
    about: "the download of holdings for spreadsheets (OfxDownload.csv), also of 529 plans",
    layouts: &[HOLDINGS, PLAN],
    dates: Dates::YearFirst,
    parse,
};

enum Section {
    Holdings(Columns),
    Transactions,
}

fn parse(input: &Input<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut section = Section::Holdings(input.columns.clone());
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        // A header of transactions holds some of the holdings' columns too, so it is asked for first.
        if Columns::again(row, TRANSACTIONS).is_some() {
            section = Section::Transactions;
            continue;
        }
        if let Some(columns) = [HOLDINGS, PLAN].iter().find_map(|layout| Columns::again(row, layout)) {
            section = Section::Holdings(columns);
            continue;
        }
        if let Section::Holdings(columns) = &section {
            let line = Line { row, columns, input };
            let account = accounts.of("", line.text(Role::Account).unwrap_or_default());
            if let Some(position) = position(&line, problems) {
                add(&mut account.positions, position);
            }
        }
    }
    Parsed { as_of: None, accounts: accounts.into_vec() }
}

fn position(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<ImportedPosition> {
    match line.text(Role::Symbol) {
        Some(symbol) => {
            let named = named(symbol, line.row.line, line.columns.name(Role::Symbol), problems)?;
            holding(line, named, problems)
        }
        None => untickered(line, problems),
    }
}

fn add(positions: &mut Vec<ImportedPosition>, position: ImportedPosition) {
    let same = |known: &&mut ImportedPosition| {
        position.class == AssetClass::CashLike && known.symbol == position.symbol
    };
    match positions.iter_mut().find(same) {
        Some(known) => {
            known.quantity += position.quantity;
            known.market_value = known.market_value.zip(position.market_value).map(|(a, b)| a + b);
        }
        None => positions.push(position),
    }
}
