//! One row of the formats made for import: lots with entry and exit, options by symbol or by columns. All errors of a
//! row are told together.
//!
//! Rows with a lot number come from an export of our own: they are exact, so a price may be zero or have any number of
//! digits, two lots of one symbol and day are two lots, and symbols, classes and tags are as they are stored.

use std::collections::HashSet;

use chrono::NaiveDate;
use sigma_core::model::InstrumentKind;

use crate::columns::Role;
use crate::dates;
use crate::holding::{
    Named, contract_findings, currency, finish_flags, is_at_one, literal, named, unlisted, with_multiplier,
};
use crate::input::Line;
use crate::money;
use crate::notation;
use crate::occ::{self, Contract};
use crate::problem::Problem;
use crate::statement::{AssetClass, Flag, ImportedPosition};
use crate::symbols::{self, is_cusip, is_money_market, unguarded};

/// What a format demands of a row.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Entry price and entry date must be there.
    pub entry_required: bool,
}

/// Subtypes by class.
const SUBTYPES: [(AssetClass, &[&str]); 3] = [
    (AssetClass::Public, &["STOCK", "ETF", "MUTUAL_FUND", "BOND", "CASH"]),
    (AssetClass::Option, &["CALL", "PUT"]),
    (
        AssetClass::Private,
        &[
            "PRIVATE_EQUITY",
            "VENTURE_CAPITAL",
            "HEDGE_FUND",
            "PRIVATE_REIT",
            "REAL_ESTATE",
            "CRYPTOCURRENCY",
            "CRYPTO",
            "ART",
            "MONEY_MARKET",
            "TREASURY_BILLS",
            "CASH",
            "COMMODITY",
            "OTHER",
        ],
    ),
];

const OPTION_ROLES: [Role; 4] = [Role::Underlying, Role::Strike, Role::Expiry, Role::Right];
/// Most decimals of a quantity and of a price before something is said.
const QUANTITY_DECIMALS: usize = 6;
const PRICE_DECIMALS: usize = 2;

/// Lots that have been seen: symbol, entry date, exit date, lot number.
pub type Seen = HashSet<(String, Option<NaiveDate>, Option<NaiveDate>, Option<String>)>;

/// Reads a row; `None` when it has an error.
pub fn lot(
    line: &Line<'_>,
    rules: Rules,
    seen: &mut Seen,
    problems: &mut Vec<Problem>,
) -> Option<ImportedPosition> {
    let before = problems.len();
    let instrument = instrument(line, problems);
    let symbol = instrument.as_ref().map(|instrument| instrument.symbol.clone());
    let position = row(line, rules, instrument, before, seen, problems);
    if let Some(symbol) = symbol {
        Problem::about(&mut problems[before..], &symbol);
    }
    position
}

/// The rest of a row; its problems begin at `before`.
fn row(
    line: &Line<'_>,
    rules: Rules,
    instrument: Option<Instrument>,
    before: usize,
    seen: &mut Seen,
    problems: &mut Vec<Problem>,
) -> Option<ImportedPosition> {
    // Cash has neither price nor date.
    let is_cash = instrument.as_ref().is_some_and(|instrument| instrument.class == AssetClass::CashLike);
    let rules = Rules { entry_required: rules.entry_required && !is_cash };
    let quantity = quantity(line, problems);
    let before_price = problems.len();
    let entry_price = price(line, Role::EntryPrice, problems);
    if rules.entry_required && entry_price.is_none() && problems.len() == before_price {
        problems.push(line.problem("ERR_POS_008", Role::EntryPrice, "there is no entry price"));
    }
    let before_date = problems.len();
    let entry_date = line.past_date(Role::EntryDate, problems);
    if rules.entry_required && entry_date.is_none() && problems.len() == before_date {
        problems.push(line.problem("ERR_POS_012", Role::EntryDate, "there is no entry date"));
    }
    let (exit_date, exit_price) = exit(line, entry_date, problems);
    let number = line.text(Role::Lot).map(str::to_owned);
    let multiplier = line.value(Role::Multiplier, problems);
    let adjusted_through = number.as_ref().and_then(|_| adjusted_through(line, problems));
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    if number.is_some() {
        let told = |problem: &Problem| !["ERR_POS_011", "ERR_POS_027"].contains(&problem.code);
        let exact: Vec<Problem> = problems.drain(before..).filter(told).collect();
        problems.extend(exact);
    }
    let (mut instrument, quantity) = (instrument?, quantity?);
    if let (Some(contract), Some(multiplier)) = (&mut instrument.contract, multiplier) {
        with_multiplier(contract, multiplier);
    }
    if !seen.insert((instrument.symbol.clone(), entry_date, exit_date, number)) {
        let message = format!("{} with this entry date is in the file already", instrument.symbol);
        problems.push(line.problem("ERR_POS_023", Role::Symbol, message));
        return None;
    }
    let multiplier = instrument.contract.as_ref().map_or(1.0, |contract| contract.multiplier);
    let before_values = problems.len();
    let stated = [Role::CostBasis, Role::AverageCost, Role::Price, Role::MarketValue]
        .map(|role| line.value(role, problems));
    if problems[before_values..].iter().any(Problem::is_error) {
        return None;
    }
    let [cost_basis, average_cost, price, market_value] = stated;
    let of_basis = cost_basis.map(|cost| (cost / (quantity * multiplier)).abs());
    let entry_price = entry_price.or(of_basis).or(average_cost.map(f64::abs));
    let mut position = ImportedPosition {
        row: line.row.line,
        description: line.text(Role::Description).map(|text| unguarded(text).to_owned()),
        symbol: instrument.symbol,
        class: instrument.class,
        kind: instrument.kind,
        contract: instrument.contract,
        quantity,
        entry_price,
        entry_date,
        exit_price,
        exit_date,
        adjusted_through,
        cost_basis: entry_price.map(|price| price * quantity * multiplier),
        price,
        market_value,
        currency: currency(line),
        tags: tags(line),
        flags: Vec::new(),
    };
    finish_flags(&mut position);
    if line.text(Role::Lot).is_some() {
        position.flags.push(Flag::Exact);
    }
    Some(position)
}

struct Instrument {
    symbol: String,
    class: AssetClass,
    kind: Option<InstrumentKind>,
    contract: Option<Contract>,
}

fn instrument(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<Instrument> {
    let text = line.text(Role::Symbol).unwrap_or_default();
    let option_columns = OPTION_ROLES.iter().any(|role| line.text(*role).is_some());
    let private_name = line.text(Role::Class).is_some_and(|class| class.eq_ignore_ascii_case("PRIVATE"));
    // What an export of ours calls a share is one, whatever its symbol looks like.
    let is_exact = line.text(Role::Lot).is_some();
    let public_name = line.text(Role::Class).is_some_and(|class| class.eq_ignore_ascii_case("PUBLIC"));
    let is_outright = private_name || (public_name && is_exact);
    let by_symbol = if is_outright { None } else { notation::contract(text) };
    let looks_like_option = by_symbol.is_some() || option_columns;
    let class = class(line, text, looks_like_option, problems);
    let subtype = class.and_then(|class| subtype(line, class, problems));
    if class == Some(AssetClass::Option) || (class.is_none() && looks_like_option) {
        let contract = contract(line, by_symbol, option_columns, problems)?;
        problems.extend(contract_findings(&contract, line.row.line));
        let (symbol, kind) = (contract.symbol.clone(), Some(InstrumentKind::Option));
        return Some(Instrument { symbol, class: class?, kind, contract: Some(contract) });
    }
    let column = line.columns.name(Role::Symbol);
    let named = if is_exact {
        literal(text, line.row.line, column, problems)
    } else if let Some(symbol) = name_of_unlisted(line, text, private_name) {
        let message = format!("a private asset without a symbol, held as {symbol}");
        problems.push(Problem::of_row("ERR_POS_028", line.row.line, message));
        Some(Named::Private(symbol))
    } else if private_name {
        unlisted(text, line.row.line, column, problems)
    } else {
        named(text, line.row.line, column, problems)
    };
    let symbol = match named? {
        Named::Symbol(symbol) | Named::Private(symbol) => symbol,
        Named::Contract(contract) => contract.symbol,
    };
    let class = match class? {
        class if is_exact => class,
        AssetClass::Public if is_cusip(&symbol) => AssetClass::Private,
        AssetClass::Public if subtype == Some("CASH") || is_money_market(&symbol) => AssetClass::CashLike,
        AssetClass::Public if symbols::is_cash_name(&symbol) && subtype.is_none() && is_dollar(line) => {
            AssetClass::CashLike
        }
        class => class,
    };
    let kind = match (class, subtype) {
        (AssetClass::Private, _) => Some(InstrumentKind::Private),
        (_, Some("STOCK")) => Some(InstrumentKind::Stock),
        (_, Some("ETF")) => Some(InstrumentKind::Etf),
        (_, Some("MUTUAL_FUND")) => Some(InstrumentKind::MutualFund),
        _ => None,
    };
    Some(Instrument { symbol, class, kind, contract: None })
}

/// A symbol made of the name of a private asset that has none.
fn name_of_unlisted(line: &Line<'_>, symbol: &str, is_private: bool) -> Option<String> {
    let name = line.text(Role::Description).filter(|_| is_private && symbol.is_empty())?;
    symbols::from_name(name)
}

/// Whether each price of the row is 1, or there is none.
fn is_dollar(line: &Line<'_>) -> bool {
    let prices = [Role::EntryPrice, Role::AverageCost, Role::Price];
    let prices = prices.map(|role| money::parse(line.text(role)?, line.input.mark).ok().flatten());
    is_at_one(&prices.map(|price| price.map(|price| price.value)))
}

fn class(line: &Line<'_>, symbol: &str, option: bool, problems: &mut Vec<Problem>) -> Option<AssetClass> {
    match line.text(Role::Class).map(str::to_ascii_uppercase).as_deref() {
        Some("PUBLIC") => Some(AssetClass::Public),
        Some("OPTIONS") => Some(AssetClass::Option),
        Some("PRIVATE") => Some(AssetClass::Private),
        Some(other) => {
            let message = format!("\"{other}\" is none of PUBLIC, OPTIONS, PRIVATE");
            problems.push(line.problem("ERR_POS_016", Role::Class, message));
            None
        }
        None if option => Some(AssetClass::Option),
        None if symbol.to_ascii_uppercase().starts_with("CASH_") => Some(AssetClass::Private),
        None => Some(AssetClass::Public),
    }
}

fn subtype(line: &Line<'_>, class: AssetClass, problems: &mut Vec<Problem>) -> Option<&'static str> {
    let text = line.text(Role::Subtype)?.to_ascii_uppercase().replace([' ', '-'], "_");
    let known = SUBTYPES.iter().find(|(of, _)| *of == class).map_or(&[][..], |(_, subtypes)| *subtypes);
    let found = known.iter().find(|subtype| **subtype == text).copied();
    if found.is_none() {
        let message = format!("\"{text}\" is none of {}", known.join(", "));
        problems.push(line.problem("ERR_POS_017", Role::Subtype, message));
    }
    found
}

/// The contract that symbol and columns name; they must not name two.
fn contract(
    line: &Line<'_>,
    by_symbol: Option<Result<Contract, occ::ContractError>>,
    columns_given: bool,
    problems: &mut Vec<Problem>,
) -> Option<Contract> {
    let from_symbol = match by_symbol {
        Some(Ok(contract)) => Some(contract),
        Some(Err(error)) if !columns_given => {
            problems.push(line.problem(occ::code(&error), Role::Symbol, error.to_string()));
            return None;
        }
        Some(Err(_)) | None => None,
    };
    if let (Some(contract), false) = (&from_symbol, columns_given) {
        return Some(contract.clone());
    }
    let from_columns = contract_of_columns(line, problems)?;
    if let Some(contract) = &from_symbol
        && contract.symbol != from_columns.symbol
        && contract.terms != from_columns.terms
    {
        let message = format!("the symbol means {}, the columns {}", contract.symbol, from_columns.symbol);
        problems.push(line.problem("ERR_OPT_008", Role::Symbol, message));
        return None;
    }
    // An adjusted root stands in the symbol only.
    Some(from_symbol.unwrap_or(from_columns))
}

fn contract_of_columns(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<Contract> {
    let before = problems.len();
    let underlying = line.text(Role::Underlying);
    if underlying.is_none() {
        problems.push(line.problem("ERR_POS_019", Role::Underlying, "the option has no underlying"));
    }
    let strike = line.number(Role::Strike, "ERR_POS_020", problems).map(|number| number.value);
    if strike.is_none() && line.text(Role::Strike).is_none() {
        problems.push(line.problem("ERR_POS_020", Role::Strike, "the option has no strike"));
    }
    let expiry = line.text(Role::Expiry).and_then(|text| dates::parse(text, line.input.order));
    if expiry.is_none() {
        problems.push(line.problem("ERR_POS_021", Role::Expiry, "the option has no usable expiration date"));
    }
    let right = line.text(Role::Right).or(line.text(Role::Subtype)).and_then(notation::right_of);
    if right.is_none() {
        problems.push(line.problem("ERR_POS_022", Role::Right, "the option is neither CALL nor PUT"));
    }
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    match Contract::new(underlying?, expiry?, right?, strike?) {
        Ok(contract) => Some(contract),
        Err(error) => {
            problems.push(line.problem(occ::code(&error), Role::Strike, error.to_string()));
            None
        }
    }
}

fn quantity(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<f64> {
    let before = problems.len();
    let number = line.number(Role::Quantity, "ERR_POS_005", problems);
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let (code, message) = match number {
        None => ("ERR_POS_004", "there is no quantity".to_owned()),
        Some(number) if number.value == 0.0 => ("ERR_POS_006", "a quantity of 0 is no position".to_owned()),
        Some(number) if number.decimals > QUANTITY_DECIMALS && line.text(Role::Lot).is_none() => {
            ("ERR_POS_007", format!("{} decimals in a quantity", number.decimals))
        }
        Some(number) => return Some(number.value),
    };
    problems.push(line.problem(code, Role::Quantity, message));
    None
}

fn price(line: &Line<'_>, role: Role, problems: &mut Vec<Problem>) -> Option<f64> {
    let number = line.number(role, "ERR_POS_009", problems)?;
    let is_free = number.value == 0.0 && line.text(Role::Lot).is_some();
    if number.value <= 0.0 && !is_free {
        problems.push(line.problem(
            "ERR_POS_010",
            role,
            format!("a price of {} is not above 0", number.value),
        ));
        return None;
    }
    if number.decimals > PRICE_DECIMALS {
        problems.push(line.problem("ERR_POS_011", role, format!("{} decimals in a price", number.decimals)));
    }
    Some(number.value)
}

/// Options may be worth nothing when they are closed, so an exit price can be zero.
fn exit(
    line: &Line<'_>,
    entry: Option<NaiveDate>,
    problems: &mut Vec<Problem>,
) -> (Option<NaiveDate>, Option<f64>) {
    let date = line.past_date(Role::ExitDate, problems);
    let price = line.number(Role::ExitPrice, "ERR_POS_009", problems).map(|number| number.value);
    if let Some(price) = price.filter(|price| *price < 0.0) {
        problems.push(line.problem("ERR_POS_010", Role::ExitPrice, format!("a price of {price} is below 0")));
    }
    if let (Some(entry), Some(exit)) = (entry, date)
        && exit < entry
    {
        problems.push(line.problem(
            "ERR_POS_018",
            Role::ExitDate,
            format!("exit {exit} before entry {entry}"),
        ));
    }
    if line.text(Role::ExitDate).is_some() != line.text(Role::ExitPrice).is_some() {
        let role = if line.text(Role::ExitDate).is_some() { Role::ExitDate } else { Role::ExitPrice };
        problems.push(line.problem("ERR_POS_029", role, "exit date and exit price belong together"));
    }
    (date, price)
}

/// May lie a few days ahead: brokers book a split before its day, too.
fn adjusted_through(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<NaiveDate> {
    let text = line.text(Role::AdjustedThrough)?;
    let date = dates::parse(text, line.input.order);
    if date.is_none() {
        let message = format!("\"{text}\" is not a date of this format");
        problems.push(line.problem("ERR_POS_013", Role::AdjustedThrough, message));
    }
    date
}

fn tags(line: &Line<'_>) -> Vec<String> {
    let text = line.text(Role::Tags).unwrap_or_default();
    let mut tags: Vec<String> = Vec::new();
    if line.text(Role::Lot).is_some() {
        let each = unguarded(text).split(',').filter(|tag| !tag.is_empty());
        return each.map(str::to_owned).collect();
    }
    for tag in text.split([',', ';']).map(str::trim).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|known| known.eq_ignore_ascii_case(tag)) {
            tags.push(tag.to_owned());
        }
    }
    tags
}
