//! Which symbols the engines need prices of.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sigma_core::model::{Book, FactorDefinition, FactorKind, InstrumentKind};

/// Symbols with what they are needed for, in alphabetical order.
pub type Needs = BTreeMap<String, BTreeSet<&'static str>>;

/// Holdings that are open on a date, the underlyings of options among them, and the proxies of factors. Contracts and
/// private assets have no return history of their own and are not in it.
pub fn needs(books: &[Book], factors: &[FactorDefinition], as_of: NaiveDate) -> Needs {
    let mut needs = Needs::new();
    for lot in books.iter().flat_map(|book| &book.lots).filter(|lot| lot.position.is_open(as_of)) {
        let instrument = &lot.instrument;
        if instrument.kind == InstrumentKind::Private {
            continue;
        }
        let purpose = if instrument.is_option() { "underlying" } else { "holding" };
        needs.entry(instrument.risk_symbol().to_owned()).or_default().insert(purpose);
    }
    for factor in factors.iter().filter(|factor| factor.kind != FactorKind::Rates) {
        needs.entry(factor.proxy.clone()).or_default().insert("factor");
    }
    needs
}
