//! What activity files cannot tell: holdings of before their first row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sigma_brokers::statement::Account as Stated;
use sigma_core::model::Book;

use super::findings::Finding;

/// Whether the positions were replayed from transactions, which never tell all that is held.
pub fn is_activity(stated: &Stated) -> bool {
    stated.activity_since.is_some()
}

/// Activity that begins after a symbol was entered would put its own lots in the place of the earlier ones, and sales of
/// what was held before it are not in the lots it brings.
pub fn late_activity(book: &Book, stated: &Stated, found: &[Finding]) -> Vec<Finding> {
    let Some(since) = stated.activity_since else { return Vec::new() };
    let earlier: BTreeMap<&str, NaiveDate> = book
        .lots
        .iter()
        .filter(|lot| lot.position.entry_date < since)
        .map(|lot| (lot.instrument.symbol.as_str(), lot.position.entry_date))
        .collect();
    let finding = |row, message| Finding::new("ERR_IMP_013", row, message);
    if let Some(unknown) = found.iter().find(|finding| finding.code == "ERR_ACT_003" && !earlier.is_empty()) {
        let message = format!("the activity begins on {since} and closes units that were opened before it");
        return vec![finding(unknown.row, message)];
    }
    let mut told = BTreeSet::new();
    let named = stated.positions.iter().filter(|position| told.insert(&position.symbol));
    named
        .filter_map(|position| {
            let entered = earlier.get(position.symbol.as_str())?;
            let message =
                format!("the activity begins on {since}, and {} was entered on {entered}", position.symbol);
            Some(finding(Some(position.row), message))
        })
        .collect()
}
