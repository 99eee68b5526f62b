//! What a partial import leaves alone: a row that could not be used says nothing about what is held.

use std::collections::{BTreeSet, HashMap};

use sigma_core::model::{Book, Instrument};

use super::findings::Finding;
use super::holdings::Prepared;

/// Rows and symbols that take no part in a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spared {
    rows: BTreeSet<u64>,
    /// Without points: some formats leave them out.
    symbols: BTreeSet<String>,
    /// An error is not known to be about a symbol, so it may be about any.
    pub is_any: bool,
}

impl Spared {
    /// From the errors of a file; `symbols` by row.
    pub fn of(found: &[Finding], symbols: &HashMap<u64, &str>) -> Spared {
        let mut spared = Spared::default();
        for finding in found.iter().filter(|finding| finding.is_error()) {
            spared.rows.extend(finding.row);
            let by_row = || symbols.get(&finding.row?).copied();
            match finding.symbol.as_deref().or_else(by_row) {
                Some(symbol) => spared.add(symbol),
                None => spared.is_any = true,
            }
        }
        spared
    }

    /// One symbol more.
    pub fn add(&mut self, symbol: &str) {
        self.symbols.insert(plain(symbol));
    }

    /// `by_underlying`: a row of activity tells the underlying where it is about a contract.
    fn holds(&self, instrument: &Instrument, by_underlying: bool) -> bool {
        let underlying = instrument.option.as_ref().filter(|_| by_underlying).map(|terms| &terms.underlying);
        self.symbols.contains(&plain(&instrument.symbol))
            || underlying.is_some_and(|symbol| self.symbols.contains(&plain(symbol)))
    }

    /// Takes out of an account what its book is to keep as it is.
    pub fn take_from(&self, prepared: &mut Prepared, book: &Book, by_underlying: bool) {
        let held = book.lots.iter().map(|lot| &lot.instrument);
        let kept: BTreeSet<String> = held
            .filter(|instrument| self.holds(instrument, by_underlying))
            .map(|instrument| instrument.symbol.clone())
            .collect();
        let holdings = &mut prepared.holdings;
        holdings.rows.retain(|row| !self.rows.contains(&row.row) && !kept.contains(&row.instrument.symbol));
        holdings.is_whole_account = false;
        prepared.values.retain(|value| !kept.contains(&value.symbol));
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for instrument in holdings.rows.iter().map(|row| &row.instrument) {
            named.insert(&instrument.symbol);
            named.extend(instrument.option.as_ref().map(|terms| terms.underlying.as_str()));
        }
        prepared.values.retain(|value| named.contains(value.symbol.as_str()));
        prepared.instruments.retain(|new| named.contains(new.symbol.as_str()));
    }
}

fn plain(symbol: &str) -> String {
    symbol.replace('.', "")
}
