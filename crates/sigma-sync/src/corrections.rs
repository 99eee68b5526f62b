//! What an answer means for the stored splits and dividends of its symbols, and what is said about it.

use std::collections::BTreeSet;

use sigma_core::model::{Book, Dividend, Issue, Position, Reason, Split};
use sigma_providers::ProviderId;

use crate::events::{self, Event, Reconciled, Told, Whole};
use crate::offer::Offered;
use crate::state::State;

/// Relative difference that the quantity of a split lot may have: it is rounded.
const ROUNDING: f64 = 1e-6;

/// Leaves in an offer the splits and dividends that are to be stored, and finds those that its provider takes back.
pub fn settle(offered: &mut Offered, state: &State) {
    let named = offered.splits.keys().chain(offered.dividends.keys()).chain(offered.whole.keys());
    let symbols: BTreeSet<String> = named.cloned().collect();
    for symbol in symbols {
        let Whole { splits, dividends } = offered.whole.get(&symbol).copied().unwrap_or_default();
        let source = offered.source;
        // A run for some portfolios does not see to which positions of the others a split was applied.
        let splits = splits.filter(|_| !state.stored.some_portfolios);

        let mut new = offered.splits.remove(&symbol).unwrap_or_default();
        let applied = |split: &Split| applied_to(&state.stored.books, &symbol, split);
        let found =
            events::reconcile(source, &mut new, stored(state.events.splits.get(&symbol)), splits, |split| {
                applied(split).is_some()
            });
        let kept = found.kept.iter().filter_map(|split| Some((split, applied(split)?)));
        let kept: Vec<Issue> = kept.map(|(split, lot)| kept_split(source, &symbol, split, lot)).collect();
        offered.issues.extend(kept);
        offered.notes.extend(told(source, &symbol, &found, "splits", name_of_split));
        if !new.is_empty() {
            offered.splits.insert(symbol.clone(), new);
        }
        if !found.withdrawn.is_empty() {
            offered.withdrawn.splits.insert(symbol.clone(), found.withdrawn);
        }

        let mut new = offered.dividends.remove(&symbol).unwrap_or_default();
        let known = stored(state.events.dividends.get(&symbol));
        let found = events::reconcile(source, &mut new, known, dividends, |_| false);
        offered.notes.extend(told(source, &symbol, &found, "dividends", name_of_dividend));
        if !new.is_empty() {
            offered.dividends.insert(symbol.clone(), new);
        }
        if !found.withdrawn.is_empty() {
            offered.withdrawn.dividends.insert(symbol.clone(), found.withdrawn);
        }
    }
}

fn stored<E>(known: Option<&Vec<Told<E>>>) -> &[Told<E>] {
    known.map_or(&[], Vec::as_slice)
}

/// The position that a split was applied to: the lot ended on its day at its own price, and went on in another number.
fn applied_to(books: &[Book], symbol: &str, split: &Split) -> Option<i64> {
    let goes_on = |before: &Position, after: &Position| {
        let quantity = before.quantity * split.to / split.from;
        after.entry_date == split.date && (after.quantity - quantity).abs() <= ROUNDING * quantity.abs()
    };
    books.iter().find_map(|book| {
        let lots = book.lots.iter().filter(|lot| lot.instrument.symbol == symbol).map(|lot| &lot.position);
        let ended = lots
            .clone()
            .filter(|lot| lot.exit_date == Some(split.date) && lot.exit_price == Some(lot.entry_price));
        ended.clone().find(|before| lots.clone().any(|after| goes_on(before, after))).map(|lot| lot.id)
    })
}

fn name_of_split(split: &Split) -> String {
    format!("{}-for-{} split of {}", split.to, split.from, split.date)
}

fn name_of_dividend(dividend: &Dividend) -> String {
    format!("dividend of {} on {}", dividend.amount, dividend.ex_date)
}

/// One sentence for each event that is taken out, or for an answer that is not believed.
fn told<E: Event>(
    source: ProviderId,
    symbol: &str,
    found: &Reconciled<E>,
    events: &str,
    name: impl Fn(&E) -> String,
) -> Vec<String> {
    let label = source.entry().label;
    let taken_out =
        |event: &E| format!("{symbol}: {label} does not tell the {} any more: it is taken out", name(event));
    let mut told: Vec<String> = found.withdrawn.iter().map(taken_out).collect();
    if found.doubted > 0 {
        let lacking = found.doubted;
        told.push(format!(
            "{symbol}: an answer of {label} lacks {lacking} {events} that it has told before: they are kept"
        ));
    }
    told
}

fn kept_split(source: ProviderId, symbol: &str, split: &Split, position: i64) -> Issue {
    let detail = format!(
        "{} does not tell the {} any more, which was applied to position {position}: it is kept; if it did not take \
         place, take it back with `sigma-seed position apply-split {position} --undo` and run `sigma-sync prices \
         --refresh`",
        source.entry().label,
        name_of_split(split)
    );
    Issue::warning(symbol, Reason::SplitUnapplied, detail)
}
