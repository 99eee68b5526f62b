//! One row of a holdings table, as every broker writes it in some order of columns.

use sigma_core::model::InstrumentKind;

use crate::columns::Role;
use crate::input::Line;
use crate::money;
use crate::notation;
use crate::occ::{Contract, code, flags};
use crate::problem::Problem;
use crate::statement::{AssetClass, CashBalance, CashBasis, Flag, ImportedPosition};
use crate::symbols::{self, SymbolError, is_cusip, is_money_market};

/// What a symbol cell names.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    Contract(Contract),
    Symbol(String),
    /// Without a market price: held at its stated value.
    Private(String),
}

impl Named {
    /// The canonical symbol.
    pub fn symbol(&self) -> &str {
        match self {
            Named::Contract(contract) => &contract.symbol,
            Named::Symbol(symbol) | Named::Private(symbol) => symbol,
        }
    }
}

/// Reads a symbol or a contract in any notation; `row` and `column` are for the finding.
pub fn named(text: &str, row: u64, column: &str, problems: &mut Vec<Problem>) -> Option<Named> {
    if symbols::is_cash_name(text) {
        let symbol = symbols::canonical(text).unwrap_or_else(|_| "US_DOLLAR".to_owned());
        return Some(Named::Symbol(symbol));
    }
    match notation::contract(text) {
        Some(Ok(contract)) => return Some(Named::Contract(contract)),
        Some(Err(error)) => {
            problems.push(Problem::of_row(code(&error), row, error.to_string()).at(column, text));
            return None;
        }
        None => {}
    }
    symbol(symbols::canonical(text), text, row, column, problems).map(Named::Symbol)
}

fn symbol(
    read: Result<String, SymbolError>,
    text: &str,
    row: u64,
    column: &str,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    match read {
        Ok(symbol) => Some(symbol),
        Err(error) => {
            let code = match error {
                SymbolError::Missing => "ERR_POS_001",
                SymbolError::TooLong => "ERR_POS_002",
                SymbolError::Malformed(_) => "ERR_POS_003",
            };
            problems.push(Problem::of_row(code, row, error.to_string()).at(column, text));
            None
        }
    }
}

/// Reads the symbol of something that is not listed, which may look like a contract and is none.
pub fn unlisted(text: &str, row: u64, column: &str, problems: &mut Vec<Problem>) -> Option<Named> {
    symbol(symbols::canonical(text), text, row, column, problems).map(Named::Private)
}

/// Reads the symbol of an export of our own.
pub fn literal(text: &str, row: u64, column: &str, problems: &mut Vec<Problem>) -> Option<Named> {
    symbol(symbols::literal(text), text, row, column, problems).map(Named::Symbol)
}

/// The symbol of a format that leaves out the point of share classes.
pub fn with_points(named: Named) -> Named {
    match named {
        Named::Symbol(symbol) => Named::Symbol(symbols::canonical_without_points(&symbol).unwrap_or(symbol)),
        other => other,
    }
}

/// What a row states, before signs and units are settled.
pub struct Stated {
    pub row: u64,
    pub named: Named,
    pub description: Option<String>,
    pub quantity: f64,
    pub entry_price: Option<f64>,
    pub average_cost: Option<f64>,
    pub cost_basis: Option<f64>,
    pub price: Option<f64>,
    pub market_value: Option<f64>,
    pub currency: String,
}

/// Reads the usual columns. `None` when the row has an error, which is then among the problems.
pub fn holding(line: &Line<'_>, named: Named, problems: &mut Vec<Problem>) -> Option<ImportedPosition> {
    let (before, symbol) = (problems.len(), named.symbol().to_owned());
    let position = row(line, named, problems);
    Problem::about(&mut problems[before..], &symbol);
    position
}

fn row(line: &Line<'_>, named: Named, problems: &mut Vec<Problem>) -> Option<ImportedPosition> {
    let before = problems.len();
    if line
        .text(Role::Quantity)
        .and_then(|text| money::parse(text, line.input.mark).ok().flatten())
        .is_some_and(|n| n.value == 0.0)
    {
        // Brokers keep listing sweep funds and positions of the day after the last unit is gone.
        problems.push(line.problem("ERR_POS_030", Role::Quantity, "a row of 0 units was passed over"));
        return None;
    }
    let quantity = quantity(line, problems);
    let stated = Stated {
        row: line.row.line,
        named,
        description: line.text(Role::Description).map(str::to_owned),
        quantity: quantity.unwrap_or(0.0),
        entry_price: line.value(Role::EntryPrice, problems),
        average_cost: line.value(Role::AverageCost, problems),
        cost_basis: line.value(Role::CostBasis, problems),
        price: line.value(Role::Price, problems),
        market_value: line.value(Role::MarketValue, problems),
        currency: currency(line),
    };
    for (role, price) in [(Role::EntryPrice, stated.entry_price), (Role::Price, stated.price)] {
        if let Some(price) = price.filter(|price| *price < 0.0) {
            problems.push(line.problem("ERR_POS_010", role, format!("a price of {price} is below 0")));
        }
    }
    let multiplier = line.value(Role::Multiplier, problems);
    quantity?;
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let mut position = settle(stated, multiplier, problems);
    position.entry_date = line.past_date(Role::EntryDate, problems);
    finish_flags(&mut position);
    Some(position)
}

/// A quantity that is there, a number and not zero.
pub fn quantity(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<f64> {
    let before = problems.len();
    let number = line.number(Role::Quantity, "ERR_POS_005", problems);
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    match number {
        None => problems.push(line.problem("ERR_POS_004", Role::Quantity, "there is no quantity")),
        Some(number) if number.value == 0.0 => {
            problems.push(line.problem("ERR_POS_006", Role::Quantity, "a quantity of 0 is no position"));
        }
        Some(number) => return Some(number.value),
    }
    None
}

/// The currency column, dollars where there is none.
pub fn currency(line: &Line<'_>) -> String {
    line.text(Role::Currency).map_or_else(|| "USD".to_owned(), str::to_ascii_uppercase)
}

/// A stated multiplier other than that of the root makes the contract a non-standard one.
pub fn with_multiplier(contract: &mut Contract, stated: f64) {
    if stated > 0.0 && stated != contract.multiplier {
        contract.multiplier = stated;
        contract.terms.standard_deliverable = false;
    }
}

/// Settles class, units and signs.
pub fn settle(stated: Stated, multiplier: Option<f64>, problems: &mut Vec<Problem>) -> ImportedPosition {
    let Stated { row, named, quantity, .. } = stated;
    let per_unit = [
        stated.price,
        stated.entry_price,
        stated.average_cost,
        stated.cost_basis.map(|cost| cost / quantity),
        stated.market_value.map(|value| value / quantity),
    ];
    let (symbol, class, contract) = match named {
        Named::Contract(mut contract) => {
            problems.extend(contract_findings(&contract, row));
            if let Some(multiplier) = multiplier {
                with_multiplier(&mut contract, multiplier);
            }
            (contract.symbol.clone(), AssetClass::Option, Some(contract))
        }
        Named::Private(symbol) => (symbol, AssetClass::Private, None),
        Named::Symbol(symbol) if is_cusip(&symbol) => (symbol, AssetClass::Private, None),
        Named::Symbol(symbol) if is_money_market(&symbol) => (symbol, AssetClass::CashLike, None),
        Named::Symbol(symbol) if symbols::is_cash_name(&symbol) && is_at_one(&per_unit) => {
            (symbol, AssetClass::CashLike, None)
        }
        Named::Symbol(symbol) => (symbol, AssetClass::Public, None),
    };
    let units = quantity * contract.as_ref().map_or(1.0, |contract| contract.multiplier);
    let mut position = ImportedPosition {
        row,
        symbol,
        description: stated.description,
        class,
        kind: contract.as_ref().map(|_| InstrumentKind::Option),
        contract,
        quantity,
        entry_price: None,
        entry_date: None,
        exit_price: None,
        exit_date: None,
        adjusted_through: None,
        cost_basis: None,
        price: stated.price,
        market_value: stated.market_value,
        currency: stated.currency,
        tags: Vec::new(),
        flags: Vec::new(),
    };
    let per_hundred = class == AssetClass::Private && is_per_hundred(&position);
    if per_hundred {
        position.price = position.price.map(|price| price / 100.0);
        position.flags.push(Flag::BondPricedPer100);
        problems.push(Problem::of_row("ERR_POS_024", row, format!("{} is priced per 100", position.symbol)));
    }
    let unit = if per_hundred { 100.0 } else { 1.0 };
    // Some files state the cost of a short with a sign and some without.
    let from_basis = stated.cost_basis.map(|cost| (cost / units).abs());
    let from_average = stated.average_cost.map(|average| average.abs() / unit);
    position.entry_price = stated.entry_price.map(|price| price / unit).or(from_basis).or(from_average);
    let signed_basis = stated.cost_basis.map(|cost| cost.abs().copysign(quantity));
    position.cost_basis = signed_basis.or(position.entry_price.map(|price| price * units));
    check_value(&position, units, problems);
    position
}

/// Whether what is stated of one unit is 1, as of a dollar; nothing may be stated.
pub fn is_at_one(per_unit: &[Option<f64>]) -> bool {
    per_unit.iter().flatten().all(|value| (value.abs() - 1.0).abs() < 1e-4)
}

/// Whether the stated value is quantity times price over a hundred.
fn is_per_hundred(position: &ImportedPosition) -> bool {
    let (Some(price), Some(value)) = (position.price, position.market_value) else { return false };
    let whole = position.quantity * price;
    (whole / 100.0 - value).abs() < (whole - value).abs()
}

/// Warns when quantity, price and value do not belong together.
fn check_value(position: &ImportedPosition, units: f64, problems: &mut Vec<Problem>) {
    let (Some(price), Some(value)) = (position.price, position.market_value) else { return };
    // Half a cent of rounding in the price, a thousandth for conversions, a cent for the value itself.
    let tolerance = 0.006 * units.abs() + 0.001 * value.abs() + 0.01;
    if (units * price - value).abs() > tolerance {
        let message = format!("{units} x {price} is {:.2}, the file states {value}", units * price);
        problems.push(Problem::of_row("ERR_POS_025", position.row, message));
    }
}

/// Flags for what is missing and for what the contract tells.
pub fn finish_flags(position: &mut ImportedPosition) {
    if let Some(contract) = &position.contract {
        position.flags.extend(flags(contract));
    }
    if position.entry_price.is_none() {
        position.flags.push(Flag::NoCostBasis);
    }
    if position.entry_date.is_none() {
        position.flags.push(Flag::NoEntryDate);
    }
}

/// One warning for each unusual thing about a contract.
pub fn contract_findings(contract: &Contract, row: u64) -> Vec<Problem> {
    let symbol = &contract.symbol;
    let finding = |flag: Flag| match flag {
        Flag::AdjustedContract => Some(("ERR_OPT_005", format!("{symbol} is an adjusted contract"))),
        Flag::MiniContract => Some(("ERR_OPT_006", format!("{symbol} is a mini contract"))),
        Flag::FlexContract => Some(("ERR_OPT_007", format!("{symbol} is a FLEX contract"))),
        Flag::SaturdayExpiry { proposed } => {
            let day = contract.terms.expiry;
            Some(("ERR_OPT_003", format!("{symbol} expires on {day}, a Saturday; {proposed} is meant")))
        }
        Flag::ExpiryWithoutSession => {
            let day = contract.terms.expiry;
            Some(("ERR_OPT_004", format!("{symbol} expires on {day}, which is no session")))
        }
        _ => None,
    };
    let found = flags(contract).into_iter().filter_map(finding);
    found.map(|(code, message)| Problem::of_row(code, row, message)).collect()
}

/// Cash in the value column of a row.
pub fn cash(
    line: &Line<'_>,
    basis: CashBasis,
    held_in: &str,
    problems: &mut Vec<Problem>,
) -> Option<CashBalance> {
    let amount = line.value(Role::MarketValue, problems)?;
    let held_in = Some(held_in.to_owned()).filter(|name| !name.is_empty());
    Some(CashBalance { row: Some(line.row.line), currency: currency(line), amount, basis, held_in })
}

/// A holding that the file names without a ticker, under a symbol made from its name.
pub fn untickered(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<ImportedPosition> {
    let name = line.text(Role::Description).unwrap_or_default();
    untickered_under(name, line, problems)
}

fn untickered_under(name: &str, line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<ImportedPosition> {
    let Some(symbol) = symbols::from_name(name) else {
        problems.push(line.problem("ERR_POS_001", Role::Symbol, "neither symbol nor name"));
        return None;
    };
    let mut position = holding(line, Named::Private(symbol), problems)?;
    position.flags.push(Flag::NoTicker);
    let message = format!("{name} has no ticker; held as {}", position.symbol);
    problems.push(Problem::of_row("ERR_POS_028", position.row, message));
    Some(position)
}

/// A holding of a format whose symbol cells may hold words instead of a ticker, which are no reason to refuse the file:
/// the row goes by its name then. Without a quantity it is one unit of its value.
pub fn holding_or_untickered(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<ImportedPosition> {
    let text = line.text(Role::Symbol).unwrap_or_default();
    // One word that is no symbol is a mistake, and its letters may be those of another symbol.
    let is_word = !text.is_empty() && !text.contains(char::is_whitespace);
    let is_ticker = symbols::is_cash_name(text) || symbols::canonical(text).is_ok();
    if is_word || is_ticker || notation::contract(text).is_some() {
        let named = named(text, line.row.line, line.columns.name(Role::Symbol), problems)?;
        return holding(line, named, problems);
    }
    let name = line.text(Role::Description).filter(|name| symbols::from_name(name).is_some()).unwrap_or(text);
    if !line.text(Role::Quantity).is_none_or(money::is_nothing) {
        return untickered_under(name, line, problems);
    }
    let before = problems.len();
    let value = line.value(Role::MarketValue, problems);
    match (value.filter(|value| *value != 0.0), symbols::from_name(name)) {
        (Some(value), Some(symbol)) => Some(one_unit(line, name, symbol, value, problems)),
        _ if problems.len() > before => None,
        _ => {
            let message = "a row without ticker, quantity and value was passed over";
            problems.push(line.problem("ERR_CSV_012", Role::Symbol, message));
            None
        }
    }
}

fn one_unit(
    line: &Line<'_>,
    name: &str,
    symbol: String,
    value: f64,
    problems: &mut Vec<Problem>,
) -> ImportedPosition {
    let row = line.row.line;
    let message = format!("{name} has no ticker and no quantity; held as one unit of {symbol} at its value");
    problems.push(Problem::of_row("ERR_POS_028", row, message));
    let stated = Stated {
        row,
        named: Named::Private(symbol),
        description: Some(name.to_owned()),
        quantity: value.signum(),
        entry_price: None,
        average_cost: None,
        cost_basis: line.value(Role::CostBasis, problems),
        price: Some(value.abs()),
        market_value: Some(value),
        currency: currency(line),
    };
    let mut position = settle(stated, None, problems);
    position.flags.push(Flag::NoTicker);
    finish_flags(&mut position);
    position
}
