//! What a new split means for what is held: told, never done silently.

use sigma_core::model::{Book, Issue, Lot, Reason, Split};

use crate::state::State;

/// Warnings for open positions entered before a split that was not known until this run, and for contracts on it.
pub fn warnings(state: &State) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (symbol, splits) in &state.new_splits {
        for split in splits {
            let what = format!("{}-for-{} split on {}", split.to, split.from, split.date);
            for book in &state.stored.books {
                issues.extend(book.lots.iter().filter(|lot| is_affected(lot, split)).filter_map(|lot| {
                    let detail = affected(book, lot, symbol, &what)?;
                    Some(Issue::warning(&lot.instrument.symbol, Reason::SplitUnapplied, detail))
                }));
            }
        }
        let outdated = state.outdated.get(symbol).map_or(0, |dates| dates.len());
        if outdated > 0 {
            let detail = format!("{outdated} bars before its new split could not be downloaded again");
            issues.push(Issue::warning(symbol, Reason::ProviderError, detail));
        }
    }
    issues
}

fn is_affected(lot: &Lot, split: &Split) -> bool {
    lot.position.entry_date < split.date && lot.position.is_open(split.date)
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
