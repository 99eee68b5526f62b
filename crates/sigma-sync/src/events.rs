//! Splits and dividends as events: told by several providers, and by one provider on several days.
//!
//! Two providers may date one event differently; stored twice, it would split or pay twice. So an event that one provider
//! has told is not taken from another. A provider corrects itself: its full answer about a stretch of time takes the place
//! of what it told of that stretch before, and an event that is not in it any more is withdrawn.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sigma_core::model::{Dividend, Split};
use sigma_providers::{Data, ProviderId, order};

/// Calendar days that two providers' dates of one event lie apart at most: a few sessions, and less than the week between
/// two dividends of a fund that pays weekly.
const APART: i64 = 5;

/// Relative difference of sizes that is rounding.
const ROUNDING: f64 = 0.01;

/// US dollars a share, or new shares for an old one, that are rounding: half of the second decimal.
const ROUNDED: f64 = 0.005;

/// A split or a dividend.
pub trait Event: Clone + PartialEq {
    fn date(&self) -> NaiveDate;
    /// New shares for an old one, or US dollars a share.
    fn size(&self) -> f64;
}

impl Event for Split {
    fn date(&self) -> NaiveDate {
        self.date
    }

    fn size(&self) -> f64 {
        self.to / self.from
    }
}

impl Event for Dividend {
    fn date(&self) -> NaiveDate {
        self.ex_date
    }

    fn size(&self) -> f64 {
        self.amount
    }
}

/// Whether two accounts are of one event.
pub fn is_same<E: Event>(one: &E, other: &E) -> bool {
    (one.date() - other.date()).num_days().abs() <= APART && is_of_same_size(one, other)
}

fn is_of_same_size<E: Event>(one: &E, other: &E) -> bool {
    let (one, other) = (one.size(), other.size());
    (one - other).abs() <= (ROUNDING * one.max(other)).max(ROUNDED.min(0.5 * one.min(other)))
}

/// An event with the provider that told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<E> {
    pub event: E,
    pub source: String,
}

/// What is stored, by symbol.
#[derive(Debug, Clone, Default)]
pub struct Events {
    pub splits: HashMap<String, Vec<Told<Split>>>,
    pub dividends: HashMap<String, Vec<Told<Dividend>>>,
}

/// Dates between which an answer tells every event of a symbol, both included.
pub type Stretch = (NaiveDate, NaiveDate);

/// Stretches of full answers of one provider about a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whole {
    pub splits: Option<Stretch>,
    pub dividends: Option<Stretch>,
}

/// Events that are stored and that their provider does not tell any more, by symbol.
#[derive(Debug, Clone, Default)]
pub struct Withdrawn {
    pub splits: BTreeMap<String, Vec<Split>>,
    pub dividends: BTreeMap<String, Vec<Dividend>>,
}

/// What an answer means for the stored events of a symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciled<E> {
    pub withdrawn: Vec<E>,
    /// Not told any more, and kept since something was done on their account.
    pub kept: Vec<E>,
    /// Not told any more by an answer that lacks more than it confirms: it is taken for incomplete.
    pub doubted: usize,
}

/// Leaves in `offered` what is to be stored, and finds the stored events that the answer takes back.
pub fn reconcile<E: Event>(
    source: ProviderId,
    offered: &mut Vec<E>,
    stored: &[Told<E>],
    stretch: Option<Stretch>,
    must_stay: impl Fn(&E) -> bool,
) -> Reconciled<E> {
    let is_own = |told: &&Told<E>| told.source == source.name();
    let is_covered =
        |told: &&Told<E>| stretch.is_some_and(|(from, to)| (from..=to).contains(&told.event.date()));
    let is_told_again = |told: &&Told<E>| offered.iter().any(|event| event.date() == told.event.date());
    let (confirmed, mut gone): (Vec<&Told<E>>, Vec<&Told<E>>) =
        stored.iter().filter(is_own).filter(is_covered).partition(is_told_again);
    let mut doubted = 0;
    if gone.len() > confirmed.len().max(1) {
        doubted = gone.len();
        gone.clear();
    }
    let (kept, withdrawn): (Vec<E>, Vec<E>) =
        gone.into_iter().map(|told| told.event.clone()).partition(must_stay);
    offered.retain(|event| {
        !stored.iter().any(|told| match is_own(&told) {
            true => kept.contains(&told.event) && is_same(&told.event, event),
            false => is_taken(told, event, source),
        })
    });
    Reconciled { withdrawn, kept, doubted }
}

/// Whether another provider's event stands in the place of an offered one. On one date, the account of whoever is asked
/// first stands, and the word of the user, who wrote the folder.
fn is_taken<E: Event>(told: &Told<E>, event: &E, source: ProviderId) -> bool {
    if told.event.date() != event.date() {
        return is_same(&told.event, event);
    }
    let rank = |id| order(Data::Actions).into_iter().position(|known| known == id).unwrap_or(usize::MAX);
    let owner = ProviderId::parse(&told.source);
    let is_before = source == ProviderId::File || owner.is_some_and(|owner| rank(source) < rank(owner));
    !(is_before && owner != Some(ProviderId::File)) || is_of_same_size(&told.event, event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(day: u32, amount: f64) -> Dividend {
        Dividend { ex_date: NaiveDate::from_ymd_opt(2025, 6, day).unwrap(), amount }
    }

    fn told(source: &str, events: &[Dividend]) -> Vec<Told<Dividend>> {
        events.iter().map(|event| Told { event: event.clone(), source: source.into() }).collect()
    }

    fn june() -> Option<Stretch> {
        Some((paid(1, 1.0).ex_date, paid(30, 1.0).ex_date))
    }

    /// What is stored of an offer, and what is withdrawn.
    fn reconciled(
        source: ProviderId,
        mut offered: Vec<Dividend>,
        stored: &[Told<Dividend>],
        stretch: Option<Stretch>,
    ) -> (Vec<Dividend>, Reconciled<Dividend>) {
        let reconciled =
            reconcile(source, &mut offered, stored, stretch, |event| event.ex_date == paid(9, 1.0).ex_date);
        (offered, reconciled)
    }

    #[test]
    fn an_event_that_one_provider_has_told_is_not_taken_from_another() {
        let stored = told("polygon", &[paid(10, 0.24)]);
        let taken = |offer: Dividend| !reconciled(ProviderId::Fmp, vec![offer], &stored, june()).0.is_empty();
        assert_eq!(
            (taken(paid(11, 0.24)), taken(paid(13, 0.2385)), taken(paid(10, 0.31))),
            (false, false, false)
        );
        // A week later, or of another size, it is another one.
        assert_eq!((taken(paid(17, 0.24)), taken(paid(12, 0.5))), (true, true));
        // On its date, whoever is asked before and the user's own folder correct it.
        let stored = told("fmp", &[paid(10, 0.24)]);
        let taken = |source, offer| !reconciled(source, vec![offer], &stored, None).0.is_empty();
        assert!(taken(ProviderId::Polygon, paid(10, 0.31)) && taken(ProviderId::File, paid(10, 0.31)));
        assert!(!taken(ProviderId::Polygon, paid(11, 0.24)) && !taken(ProviderId::Tiingo, paid(10, 0.31)));
        let stored = told("file", &[paid(10, 0.24)]);
        let taken = |source| !reconciled(source, vec![paid(10, 0.31)], &stored, None).0.is_empty();
        assert!(!taken(ProviderId::Polygon) && !taken(ProviderId::Fmp));
    }

    #[test]
    fn a_full_answer_takes_the_place_of_what_was_told_before() {
        let stored =
            [told("polygon", &[paid(10, 0.5), paid(24, 0.5)]), told("fmp", &[paid(3, 0.1)])].concat();
        let (left, moved) =
            reconciled(ProviderId::Polygon, vec![paid(12, 0.5), paid(24, 0.5)], &stored, june());
        assert_eq!((left.len(), moved.withdrawn), (2, vec![paid(10, 0.5)]));
        // Of a part of the time it says nothing of the rest, and without dates nothing at all.
        let tail = Some((paid(20, 1.0).ex_date, paid(30, 1.0).ex_date));
        assert_eq!(reconciled(ProviderId::Polygon, vec![paid(24, 0.5)], &stored, tail).1.withdrawn, []);
        assert_eq!(reconciled(ProviderId::Polygon, vec![], &stored, None).1.withdrawn, []);
        // An answer that lacks more than it confirms is none.
        let (_, empty) = reconciled(ProviderId::Polygon, vec![], &stored, june());
        assert_eq!((empty.withdrawn, empty.doubted), (vec![], 2));
    }

    #[test]
    fn what_was_acted_on_stays_and_its_moved_self_is_not_stored_beside_it() {
        let stored = told("polygon", &[paid(9, 0.5)]);
        let (left, reconciled) = reconciled(ProviderId::Polygon, vec![paid(11, 0.5)], &stored, june());
        assert_eq!((left, reconciled.withdrawn, reconciled.kept), (vec![], vec![], vec![paid(9, 0.5)]));
    }
}
