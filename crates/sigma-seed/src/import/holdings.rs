//! From an account of a file to rows that can be compared with a book, and what the security master needs for them.
//!
//! - Private assets and what has no ticker are instruments of kind private, held at their stated value: a price of the
//!   as-of date, or the entry price of the entry date where the file states none.
//! - Money market funds are cash: their units are dollars, and a share in them is in no factor.
//! - Only US dollars are read: positions in other currencies are errors, cash in them is left out and told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_brokers::statement::{Account, AssetClass, CashBasis, Flag, ImportedPosition};
use sigma_core::analytics::reconcile::{Holding, Holdings, Units};
use sigma_core::model::{CashEntry, Instrument, InstrumentKind, TAGS_PER_POSITION, tag_named};
use sigma_store::NewInstrument;

use super::findings::Finding;
use super::flows::{Paid, flows};
use super::values::Value;
use crate::symbols::outright;

/// What an account is compared under.
#[derive(Debug, Clone)]
pub struct Terms<'a> {
    pub as_of: NaiveDate,
    /// Balance that was given instead of what the file says.
    pub cash: Option<f64>,
    /// Prices that the user gives for what is gone.
    pub exit_prices: &'a BTreeMap<String, f64>,
    /// Whether what the file does not name is not held.
    pub is_whole_account: bool,
    /// Whether people write the format by hand, in units of whatever day.
    pub is_by_hand: bool,
    /// Whether this very file was imported before.
    pub is_known_file: bool,
    /// As-of date of the file before.
    pub previous: Option<NaiveDate>,
    /// Ledger entries of the file count from after this day.
    pub flows_after: NaiveDate,
    pub stored: &'a HashMap<String, Instrument>,
    /// Tags of the owner.
    pub tags: &'a [String],
}

/// An account made ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    pub holdings: Holdings,
    /// What the book holds already goes up to this day.
    pub since: NaiveDate,
    /// New ones, and stored ones whose name was not known.
    pub instruments: Vec<NewInstrument>,
    /// Values of private assets.
    pub values: Vec<Value>,
    /// Interest, fees, contributions and withdrawals that the file lists one by one.
    pub flows: Vec<CashEntry>,
    /// Dividends that it lists.
    pub dividends: Vec<Paid>,
    /// Funds that hold the cash.
    pub cash_held_in: Vec<String>,
}

/// Prepares an account; rows that cannot be used are findings.
pub fn prepare(account: &Account, terms: &Terms<'_>, findings: &mut Vec<Finding>) -> Prepared {
    let mut work = Work {
        terms,
        seen: BTreeSet::new(),
        instruments: Vec::new(),
        values: BTreeMap::new(),
        tags: HashMap::new(),
    };
    let (mut rows, mut fund_cash, mut funds) =
        (Vec::with_capacity(account.positions.len()), None, BTreeSet::new());
    for position in &account.positions {
        let is_foreign_cash = position.class == AssetClass::CashLike && position.currency != "USD";
        if is_foreign_cash && !position.is_closed() {
            let row = Some(position.row);
            findings.push(foreign_cash(row, position.quantity, &position.currency));
        } else if let Some(finding) = fault(position, terms.as_of) {
            findings.push(finding);
        } else if let Some(expiry) = expired(position, terms.as_of) {
            let (symbol, as_of) = (&position.symbol, terms.as_of);
            let message =
                format!("{symbol} expired on {expiry}, before the date of the file, {as_of}; left out");
            findings.push(Finding::new("ERR_IMP_014", Some(position.row), message));
        } else if position.class == AssetClass::CashLike {
            // Units bought by transactions are cash that has changed its form, not a balance.
            if !position.is_closed() && !position.flags.contains(&Flag::Replayed) {
                let price = position.price.or(position.entry_price).unwrap_or(1.0);
                let amount = position.market_value.unwrap_or(position.quantity * price);
                fund_cash = Some(fund_cash.unwrap_or(0.0) + amount);
                funds.insert(position.symbol.clone());
            }
        } else {
            rows.push(work.holding(position, findings));
        }
    }
    let cash = terms.cash.or_else(|| balance(account, fund_cash, findings));
    funds.extend(account.cash.iter().filter_map(|cash| cash.held_in.clone()));
    // A balance says what all flows together came to.
    let (flows, dividends) = if cash.is_some() { Default::default() } else { flows(account, terms) };
    Prepared {
        holdings: Holdings {
            as_of: terms.as_of,
            rows,
            cash,
            exit_prices: terms.exit_prices.clone(),
            is_whole_account: terms.is_whole_account,
            previous: terms.previous,
            is_known_file: terms.is_known_file,
        },
        since: terms.flows_after,
        instruments: work.instruments,
        values: work.values.into_values().collect(),
        flows,
        dividends,
        cash_held_in: funds.into_iter().collect(),
    }
}

/// Why a row cannot be used.
fn fault(position: &ImportedPosition, as_of: NaiveDate) -> Option<Finding> {
    let row = Some(position.row);
    if position.tags.len() > TAGS_PER_POSITION {
        let message = format!("{} has {} tags", position.symbol, position.tags.len());
        return Some(Finding::new("ERR_IMP_015", row, message));
    }
    if position.currency != "USD" {
        let message = format!("{} is in {}", position.symbol, position.currency);
        return Some(Finding::new("ERR_IMP_001", row, message).of("currency", &position.currency));
    }
    let date = [position.entry_date, position.exit_date].into_iter().flatten().find(|date| *date > as_of)?;
    let message = format!("{} is traded on {date}, after the date of the file, {as_of}", position.symbol);
    Some(Finding::new("ERR_IMP_005", row, message).of("date", date.to_string()))
}

/// The expiry of an open contract that had ended before the day of the file.
fn expired(position: &ImportedPosition, as_of: NaiveDate) -> Option<NaiveDate> {
    // An export of ours lists a contract that nothing has settled, and leaves out what has settled.
    let is_told = !position.is_closed() && !position.flags.contains(&Flag::Exact);
    let contract = position.contract.as_ref().filter(|_| is_told)?;
    Some(contract.terms.expiry).filter(|expiry| *expiry < as_of)
}

/// What the account holds in cash; `None` when the file does not say.
fn balance(account: &Account, fund_cash: Option<f64>, findings: &mut Vec<Finding>) -> Option<f64> {
    let mut sum = fund_cash;
    for cash in account.cash.iter().filter(|cash| cash.basis != CashBasis::ChangeOverFile) {
        if cash.currency == "USD" {
            sum = Some(sum.unwrap_or(0.0) + cash.amount);
        } else if cash.amount != 0.0 {
            findings.push(foreign_cash(cash.row, cash.amount, &cash.currency));
        }
    }
    sum
}

fn foreign_cash(row: Option<u64>, amount: f64, currency: &str) -> Finding {
    let message = format!("cash of {amount} {currency} is left out");
    Finding::new("ERR_IMP_017", row, message).of("currency", currency)
}

/// What accumulates over the rows of an account.
struct Work<'a> {
    terms: &'a Terms<'a>,
    seen: BTreeSet<String>,
    instruments: Vec<NewInstrument>,
    values: BTreeMap<(String, NaiveDate), Value>,
    /// Names of tags by their spelling in the file.
    tags: HashMap<String, String>,
}

impl Work<'_> {
    fn holding(&mut self, position: &ImportedPosition, findings: &mut Vec<Finding>) -> Holding {
        let stored = self.terms.stored.get(&position.symbol);
        let instrument = stored.cloned().unwrap_or_else(|| instrument_of(position));
        if self.seen.insert(position.symbol.clone()) {
            self.learn(position, stored);
        }
        let price = position
            .price
            .or_else(|| Some(position.market_value? / (position.quantity * instrument.multiplier)));
        if instrument.kind == InstrumentKind::Private && !position.is_closed() {
            self.value(position, price, findings);
        }
        Holding {
            row: position.row,
            quantity: position.quantity,
            entry_price: position.entry_price,
            entry_date: position.entry_date,
            exit: position.exit_price.zip(position.exit_date),
            cost_basis: position.cost_basis,
            price,
            units: self.units_of(position),
            tags: self.tags_of(position, findings),
            instrument,
        }
    }

    fn units_of(&self, position: &ImportedPosition) -> Units {
        let is_replayed = position.flags.contains(&Flag::Replayed) || position.flags.contains(&Flag::Exact);
        match position.entry_date.filter(|_| is_replayed) {
            Some(entry) => Units::Through(position.adjusted_through.unwrap_or(entry)),
            None if self.terms.is_by_hand => Units::Untold,
            None => Units::OfStatement,
        }
    }

    /// What is stored is better known than what a broker's file says: only gaps are filled.
    fn learn(&mut self, position: &ImportedPosition, stored: Option<&Instrument>) {
        let name = position.description.clone().filter(|name| !name.trim().is_empty());
        match stored {
            Some(stored) if stored.name.is_none() && name.is_some() => {
                self.instruments.push(NewInstrument { name, ..NewInstrument::of_symbol(&position.symbol) });
            }
            Some(_) => {}
            None => {
                let underlying = position.contract.as_ref().map(|contract| &contract.terms.underlying);
                if let Some(symbol) = underlying.filter(|symbol| !self.terms.stored.contains_key(*symbol))
                    && self.seen.insert(symbol.clone())
                {
                    self.instruments.push(outright(symbol));
                }
                self.instruments.push(NewInstrument { name, ..new_instrument(position) });
            }
        }
    }

    fn value(&mut self, position: &ImportedPosition, price: Option<f64>, findings: &mut Vec<Finding>) {
        match Value::of(position, price, self.terms.as_of) {
            Some(value) => {
                self.values.insert((position.symbol.clone(), value.bar.date), value);
            }
            None => {
                let message = format!("{} has no market price and the file states no value", position.symbol);
                findings.push(Finding::new("ERR_IMP_010", Some(position.row), message));
            }
        }
    }

    fn tags_of(&mut self, position: &ImportedPosition, findings: &mut Vec<Finding>) -> Vec<String> {
        if position.flags.contains(&Flag::Exact) {
            return position.tags.clone();
        }
        position.tags.iter().map(|tag| self.tag(tag, position.row, findings)).collect()
    }

    fn tag(&mut self, text: &str, row: u64, findings: &mut Vec<Finding>) -> String {
        if let Some(name) = self.tags.get(text) {
            return name.clone();
        }
        let known = || self.terms.tags.iter().map(String::as_str);
        let name = tag_named(text, known()).unwrap_or_else(|error| {
            let plain: String =
                text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(50).collect();
            let name = tag_named(&plain, known()).unwrap_or(plain);
            findings.push(
                Finding::new("ERR_IMP_011", Some(row), format!("{error}; read as {name}")).of("tags", text),
            );
            name
        });
        self.tags.insert(text.to_owned(), name.clone());
        name
    }
}

/// The instrument of a row whose symbol is not stored.
fn new_instrument(position: &ImportedPosition) -> NewInstrument {
    let symbol = &position.symbol;
    match (&position.contract, position.class) {
        (Some(contract), _) => NewInstrument {
            kind: Some(InstrumentKind::Option),
            multiplier: Some(contract.multiplier),
            option: Some(contract.terms.clone()),
            ..NewInstrument::of_symbol(symbol)
        },
        (None, AssetClass::Private) => {
            NewInstrument { kind: Some(InstrumentKind::Private), ..NewInstrument::of_symbol(symbol) }
        }
        _ => NewInstrument { kind: position.kind.or(outright(symbol).kind), ..outright(symbol) },
    }
}

/// The same as the comparison sees it, before it has an id.
fn instrument_of(position: &ImportedPosition) -> Instrument {
    let new = new_instrument(position);
    let bare = Instrument::unstored(&new.symbol, new.kind.unwrap_or(InstrumentKind::Stock));
    Instrument { multiplier: new.multiplier.unwrap_or(1.0), option: new.option, ..bare }
}
