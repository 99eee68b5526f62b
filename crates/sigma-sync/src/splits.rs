//! What a split means for what is held: told until it is applied, never done silently.

use sigma_core::model::{Book, Issue, Lot, Reason, Split};

use crate::state::State;

/// Warnings for positions entered before a split, and for contracts on it: of a split that was not known until this run
/// for all that it caught open, of any other for what is open still.
pub fn warnings(state: &State) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (symbol, history) in &state.histories {
        let none = Vec::new();
        let new = state.new_splits.get(symbol).unwrap_or(&none);
        for split in history.splits.iter().filter(|split| split.date <= state.needs.to) {
            let what = format!("{}-for-{} split on {}", split.to, split.from, split.date);
            let is_told =
                |lot: &&Lot| is_affected(lot, split) && (new.contains(split) || is_held(lot, state));
            for book in &state.stored.books {
                issues.extend(book.lots.iter().filter(is_told).filter_map(|lot| {
                    let detail = affected(book, lot, symbol, &what)?;
                    Some(Issue::warning(&lot.instrument.symbol, Reason::SplitUnapplied, detail))
                }));
            }
        }
        let outdated = state.outdated.get(symbol).map_or(0, |dates| dates.len());
        if !new.is_empty() && outdated > 0 {
            let detail = format!("{outdated} bars before its new split could not be downloaded again");
            issues.push(Issue::warning(symbol, Reason::ProviderError, detail));
        }
    }
    issues.sort_by(|one, other| (&one.subject, &one.detail).cmp(&(&other.subject, &other.detail)));
    issues
}

fn is_affected(lot: &Lot, split: &Split) -> bool {
    lot.position.entry_date < split.date && lot.position.is_open(split.date)
}

fn is_held(lot: &Lot, state: &State) -> bool {
    let is_alive = lot.instrument.option.as_ref().is_none_or(|terms| state.needs.to <= terms.expiry);
    is_alive && lot.position.is_open(state.needs.to)
}

fn affected(book: &Book, lot: &Lot, symbol: &str, what: &str) -> Option<String> {
    let (slug, quantity, id) = (&book.portfolio.slug, lot.position.quantity, lot.position.id);
    match &lot.instrument.option {
        None if lot.instrument.symbol == symbol => Some(format!(
            "{what}: {slug} holds {quantity} from before it; apply it with `sigma-seed position apply-split {id}`"
        )),
        Some(terms) if terms.underlying == symbol => Some(format!(
            "{what} of {symbol}: the strike {} and the number of contracts ({quantity} in {slug}) are adjusted by the \
             clearing house; close the position and add the new contract",
            terms.strike
        )),
        _ => None,
    }
}
