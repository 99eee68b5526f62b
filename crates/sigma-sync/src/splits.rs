//! What a split means for what is held: told until it is applied, never done silently.

use sigma_core::model::{Book, Issue, Lot, Reason, Split};

use crate::state::State;

/// Warnings for positions entered before a split, and for contracts on it: of a split that was not known until this run
/// for all that it caught open, of any other for what is open still.
pub fn warnings(state: &State) -> Vec<Issue> {
    let lots = state.stored.books.iter().flat_map(|book| book.lots.iter().map(move |lot| (book, lot)));
    let mut issues: Vec<Issue> = lots.flat_map(|(book, lot)| of_lot(state, book, lot)).collect();
    issues.sort_by(|one, other| (&one.subject, &one.detail).cmp(&(&other.subject, &other.detail)));
    for symbol in state.new_splits.keys() {
        let outdated = state.outdated.get(symbol).map_or(0, |dates| dates.len());
        if outdated > 0 {
            let detail = format!("{outdated} bars before its new split could not be downloaded again");
            issues.push(Issue::warning(symbol, Reason::ProviderError, detail));
        }
    }
    issues
}

fn of_lot(state: &State, book: &Book, lot: &Lot) -> Vec<Issue> {
    let symbol = lot.instrument.option.as_ref().map_or(&lot.instrument.symbol, |terms| &terms.underlying);
    let Some(history) = state.histories.get(symbol) else { return Vec::new() };
    let is_new = |split: &Split| state.new_splits.get(symbol).is_some_and(|new| new.contains(split));
    let is_told = |split: &&Split| {
        split.date <= state.needs.to && is_affected(lot, split) && (is_new(split) || is_held(lot, state))
    };
    let warning = |split: &Split| {
        let what = format!("{}-for-{} split on {}", split.to, split.from, split.date);
        Issue::warning(&lot.instrument.symbol, Reason::SplitUnapplied, affected(book, lot, symbol, &what))
    };
    history.splits.iter().filter(is_told).map(warning).collect()
}

fn is_affected(lot: &Lot, split: &Split) -> bool {
    lot.position.units_of() < split.date && lot.position.is_open(split.date)
}

fn is_held(lot: &Lot, state: &State) -> bool {
    let is_alive = lot.instrument.option.as_ref().is_none_or(|terms| state.needs.to <= terms.expiry);
    is_alive && lot.position.is_open(state.needs.to)
}

fn affected(book: &Book, lot: &Lot, symbol: &str, what: &str) -> String {
    let (slug, quantity, id) = (&book.portfolio.slug, lot.position.quantity, lot.position.id);
    match &lot.instrument.option {
        None => format!(
            "{what}: {slug} holds {quantity} from before it; apply it with `sigma-seed position apply-split {id}`, with \
             --counted if they count it already"
        ),
        Some(terms) => format!(
            "{what} of {symbol}: the strike {} and the number of contracts ({quantity} in {slug}) are adjusted by the \
             clearing house; close the position and add the new contract",
            terms.strike
        ),
    }
}
