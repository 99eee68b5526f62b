//! What services were asked before, and how it ended. What was answered is not asked again, and that there is nothing
//! holds for its day. What failed is asked again by the next run, and by a run once.
//!
//! # Access
//! What was refused, or answered with nothing, holds for the key and the address that it was asked with: with others a
//! plan may reach further. One row for each provider (subject `*`) keeps the mark of both and since when they
//! are in use; what is older says nothing.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use sigma_core::calendar::Calendar;
use sigma_core::model::Dataset;
use sigma_providers::{Fault, FaultKind, ProviderId};
use sigma_store::Fetch;

/// Outcome of a request that brought what it asked for.
pub const OK: &str = "ok";

/// Sessions at the end of an answer that are asked for again: fund values come late.
const LATE_SESSIONS: usize = 3;

/// Days after which the sessions that an answer had nothing for are asked for again: a plan may reach further now, and a
/// bar that was refused may be corrected.
const GAP_DAYS: i64 = 7;

/// Subject of the row that tells with which key and address a provider is asked.
const ACCESS: &str = "*";

/// Subject of the row that tells on which day a plan has refused the bars of that day.
const TODAY: &str = "*today";

/// Subject of the row that tells on which day stored sessions were asked for again, for all symbols at once.
const CORRECTIONS: &str = "*corrections";

/// Source of the row of a symbol whose bars are to be downloaded again since a split became known, of dataset `gaps`: it
/// outlives a run that could not do it. Its dates are those of the first and the last such split.
const REDOWNLOAD: &str = "redownload";

/// Outcome of such a row until it is done.
const PENDING: &str = "pending";

/// Subject, dataset and provider.
type FetchKey = (String, Dataset, &'static str);

/// Answers by what was asked of whom.
#[derive(Debug, Clone)]
pub struct Memory {
    fetches: HashMap<FetchKey, Fetch>,
    /// By symbol.
    redownloads: HashMap<String, Fetch>,
    /// What this run has asked itself.
    asked: HashSet<FetchKey>,
    /// What was found out before this moment was found out with another key or address.
    since: HashMap<&'static str, DateTime<Utc>>,
    now: DateTime<Utc>,
    /// Nothing counts as answered.
    is_refreshing: bool,
}

impl Memory {
    pub fn new(fetches: Vec<Fetch>, now: DateTime<Utc>, is_refreshing: bool) -> Memory {
        let (redownloads, fetches): (Vec<Fetch>, Vec<Fetch>) =
            fetches.into_iter().partition(|fetch| fetch.source == REDOWNLOAD);
        let redownloads = redownloads.into_iter().map(|fetch| (fetch.subject.clone(), fetch)).collect();
        let entry = |fetch: Fetch| {
            let source = ProviderId::parse(&fetch.source)?.name();
            Some(((fetch.subject.clone(), fetch.dataset, source), fetch))
        };
        let fetches = fetches.into_iter().filter_map(entry).collect();
        Memory { fetches, redownloads, asked: HashSet::new(), since: HashMap::new(), now, is_refreshing }
    }

    /// Learns with which keys and addresses this run asks, by their marks, and gives the rows to store.
    pub fn use_access(&mut self, marks: &[(ProviderId, String)], to: NaiveDate) -> Vec<Fetch> {
        let mut rows = Vec::new();
        for (id, mark) in marks {
            let known = self.get(ACCESS, Dataset::Gaps, *id).cloned();
            let is_same = known.as_ref().is_some_and(|known| known.detail == *mark);
            if let Some(known) = known {
                let since = if is_same { moment(&known.fetched_at) } else { Some(self.now) };
                self.since.extend(since.map(|since| (id.name(), since)));
            }
            if !is_same {
                let row = self.row(ACCESS, Dataset::Gaps, *id, (None, to), OK, mark);
                // Nothing is known to have been asked with another key: the first one is as old as the database.
                let is_first = !self.since.contains_key(id.name());
                let fetched_at = if is_first {
                    sigma_cli::clock::rfc3339(DateTime::UNIX_EPOCH)
                } else {
                    row.fetched_at.clone()
                };
                rows.push(self.keep(Fetch { fetched_at, ..row }));
            }
        }
        rows
    }

    /// Whether everything is asked for again.
    pub fn is_refreshing(&self) -> bool {
        self.is_refreshing
    }

    pub fn get(&self, subject: &str, dataset: Dataset, source: ProviderId) -> Option<&Fetch> {
        self.fetches.get(&(subject.to_owned(), dataset, source.name()))
    }

    /// Whether this run has asked for it.
    pub fn is_asked(&self, subject: &str, dataset: Dataset, source: ProviderId) -> bool {
        self.asked.contains(&(subject.to_owned(), dataset, source.name()))
    }

    /// The sessions of `missing` that are worth asking a provider for.
    pub fn open_sessions(
        &self,
        subject: &str,
        dataset: Dataset,
        source: ProviderId,
        missing: &[NaiveDate],
        calendar: &Calendar,
    ) -> Vec<NaiveDate> {
        let Some(fetch) = self.get(subject, dataset, source).filter(|_| !self.is_refreshing) else {
            return missing.to_vec();
        };
        if !is_answer(&fetch.outcome) {
            return if self.is_refused_now(fetch) { Vec::new() } else { missing.to_vec() };
        }
        let late = calendar.sessions_back(fetch.to, LATE_SESSIONS - 1).unwrap_or(fetch.to);
        // Some services say nothing where others say that they do not know the symbol, or are not done with the day. A
        // request for the last sessions may as well ask for all.
        if fetch.outcome == FaultKind::NoData.as_str() {
            let is_late = missing.last().is_some_and(|&last| last >= late);
            let is_open = (self.age_days(fetch) != Some(0) || is_late || self.is_outdated(fetch))
                && !self.is_asked_now(fetch);
            return if is_open { missing.to_vec() } else { Vec::new() };
        }
        let gaps = self.get(subject, Dataset::Gaps, source).filter(|gaps| !self.is_outdated(gaps));
        let is_gap = |day: NaiveDate| {
            gaps.is_some_and(|gaps| {
                let is_young = self.age_days(gaps).is_some_and(|age| age < GAP_DAYS);
                is_young && gaps.from.is_none_or(|from| from <= day) && day <= gaps.to
            })
        };
        let is_answered = |day: NaiveDate| {
            let is_asked = fetch.from.is_none_or(|from| from <= day) && day < late;
            let is_none = if dataset == Dataset::Prices { is_gap(day) } else { !self.is_outdated(fetch) };
            is_asked && is_none
        };
        missing.iter().copied().filter(|&day| !is_answered(day)).collect()
    }

    /// Whether something without dates, such as a profile, is worth asking for: never asked, or asked `days` ago.
    pub fn is_due(&self, subject: &str, dataset: Dataset, source: ProviderId, days: i64) -> bool {
        let Some(fetch) = self.get(subject, dataset, source).filter(|_| !self.is_refreshing) else {
            return true;
        };
        match is_answer(&fetch.outcome) {
            true if fetch.outcome != OK && self.is_outdated(fetch) => true,
            true => self.age_days(fetch).is_none_or(|age| age >= days),
            false => !self.is_refused_now(fetch),
        }
    }

    /// Remembers an answer and gives the row to store. An answer that continues an earlier one extends it.
    pub fn answered(
        &mut self,
        subject: &str,
        dataset: Dataset,
        source: ProviderId,
        (from, to): (Option<NaiveDate>, NaiveDate),
        calendar: &Calendar,
    ) -> Fetch {
        let mut fetch = self.row(subject, dataset, source, (from, to), OK, "");
        if let Some(known) = self.get(subject, dataset, source).filter(|known| known.outcome == OK) {
            let next = calendar.next(known.to).unwrap_or(known.to);
            let touches = from.is_none_or(|from| from <= next) && known.from.is_none_or(|start| start <= to);
            if touches {
                fetch.from = known.from.zip(fetch.from).map(|(one, other)| one.min(other));
                fetch.to = fetch.to.max(known.to);
            }
        }
        self.keep(fetch)
    }

    /// Remembers that every session between the dates was asked for, so that those without a bar are known to have
    /// none. Asked for from its beginning, a range is as of now; continued, it is as old as its beginning. It ends before
    /// the first row that could not be used: of that session nothing is known yet.
    pub fn gaps(
        &mut self,
        subject: &str,
        source: ProviderId,
        (from, to): (NaiveDate, NaiveDate),
        unusable: Option<NaiveDate>,
        calendar: &Calendar,
    ) -> Fetch {
        let known = self.get(subject, Dataset::Gaps, source).filter(|gaps| !self.is_outdated(gaps)).cloned();
        let mut fetch = self.row(subject, Dataset::Gaps, source, (Some(from), to), OK, "");
        if let Some(known) = known {
            let next = calendar.next(known.to).unwrap_or(known.to);
            if known.from.is_some_and(|start| start < from) && from <= next {
                fetch.from = known.from;
                fetch.to = known.to.max(to);
                fetch.fetched_at = known.fetched_at;
            }
        }
        if let Some(before) = unusable.and_then(|unusable| unusable.pred_opt()) {
            fetch.to = fetch.to.min(before);
        }
        if fetch.from > Some(fetch.to) {
            // Nothing is known, which takes the place of what was: it counts as old.
            fetch.from = Some(fetch.to);
            fetch.fetched_at = sigma_cli::clock::rfc3339(DateTime::UNIX_EPOCH);
        }
        self.keep(fetch)
    }

    /// Whether the bars before a split are still to be downloaded again: `None` when that was never asked for.
    pub fn is_to_redownload(&self, symbol: &str, split: NaiveDate) -> Option<bool> {
        let row = self.redownloads.get(symbol)?;
        let is_of_it = row.from.is_none_or(|first| first <= split) && split <= row.to;
        is_of_it.then(|| row.outcome == PENDING)
    }

    /// Remembers that the bars before these splits are to be downloaded again, and gives the row to store.
    pub fn await_redownload(&mut self, symbol: &str, splits: (NaiveDate, NaiveDate)) -> Fetch {
        let (first, last) = match self.redownloads.get(symbol).filter(|row| row.outcome == PENDING) {
            Some(row) => (row.from.map_or(splits.0, |first| first.min(splits.0)), row.to.max(splits.1)),
            None => splits,
        };
        self.keep_redownload(symbol, (first, last), PENDING)
    }

    /// Remembers that they were, and gives the row to store: none when nobody waits for it.
    pub fn redownloaded(&mut self, symbol: &str) -> Option<Fetch> {
        let row = self.redownloads.get(symbol).filter(|row| row.outcome == PENDING)?;
        let splits = (row.from.unwrap_or(row.to), row.to);
        Some(self.keep_redownload(symbol, splits, OK))
    }

    fn keep_redownload(
        &mut self,
        symbol: &str,
        (first, last): (NaiveDate, NaiveDate),
        outcome: &str,
    ) -> Fetch {
        let fetch = Fetch {
            subject: symbol.to_owned(),
            dataset: Dataset::Gaps,
            source: REDOWNLOAD.to_owned(),
            from: Some(first),
            to: last,
            outcome: outcome.to_owned(),
            detail: String::new(),
            fetched_at: sigma_cli::clock::rfc3339(self.now),
        };
        self.redownloads.insert(symbol.to_owned(), fetch.clone());
        fetch
    }

    /// Whether another provider has told the splits and dividends of these dates.
    pub fn is_told_by_another(
        &self,
        symbol: &str,
        id: ProviderId,
        (from, to): (NaiveDate, NaiveDate),
    ) -> bool {
        let others = sigma_providers::PROVIDERS.iter().filter(|entry| entry.id != id);
        others.filter_map(|entry| self.get(symbol, Dataset::Actions, entry.id)).any(|fetch| {
            fetch.outcome == OK && fetch.from.is_none_or(|start| start <= from) && fetch.to >= to
        })
    }

    /// Whether this run has got an answer about it already, from anybody. An earlier answer that a fault has left known
    /// is none.
    pub fn is_answered_now(&self, subject: &str, dataset: Dataset) -> bool {
        let is_whole = |fetch: &Fetch| fetch.outcome == OK && fetch.detail.is_empty();
        let answered = |entry: &sigma_providers::ProviderEntry| {
            let key = (subject.to_owned(), dataset, entry.name);
            self.asked.contains(&key) && self.fetches.get(&key).is_some_and(is_whole)
        };
        sigma_providers::PROVIDERS.iter().any(answered)
    }

    /// Remembers that a plan leaves out the current day until it is over, and gives the row to store.
    pub fn refused_today(&mut self, source: ProviderId, today: NaiveDate, fault: &Fault) -> Fetch {
        let dates = (Some(today), today);
        let row = self.row(TODAY, Dataset::Prices, source, dates, fault.kind.as_str(), &fault.detail);
        self.keep(row)
    }

    /// Whether a plan is known to leave out the current day. It holds for that day, and for the key that was told so.
    pub fn is_today_refused(&self, source: ProviderId, today: NaiveDate) -> bool {
        self.is_of_day(TODAY, source, today)
    }

    /// Remembers that corrections were asked for today, and gives the row to store.
    pub fn corrected_today(&mut self, source: ProviderId, today: NaiveDate) -> Fetch {
        let row = self.row(CORRECTIONS, Dataset::Prices, source, (Some(today), today), OK, "");
        self.keep(row)
    }

    /// Whether corrections were asked for today.
    pub fn is_corrected_today(&self, source: ProviderId, today: NaiveDate) -> bool {
        self.is_of_day(CORRECTIONS, source, today)
    }

    fn is_of_day(&self, subject: &str, source: ProviderId, today: NaiveDate) -> bool {
        let holds =
            |fetch: &&Fetch| !self.is_outdated(fetch) && (!self.is_refreshing || self.is_asked_now(fetch));
        self.get(subject, Dataset::Prices, source).filter(holds).is_some_and(|fetch| fetch.to == today)
    }

    /// Remembers a fault and gives the row to store. That there is nothing between the dates is an answer too. What was
    /// answered before stays known when the service is only down, or a limit reached, and when there is nothing yet of
    /// later dates.
    pub fn refused(
        &mut self,
        subject: &str,
        dataset: Dataset,
        source: ProviderId,
        dates: (Option<NaiveDate>, NaiveDate),
        fault: &Fault,
    ) -> Fetch {
        let mut fetch = self.row(subject, dataset, source, dates, fault.kind.as_str(), &fault.detail);
        let is_later =
            |known: &Fetch| dates.0.is_some_and(|from| known.from.is_none_or(|start| start <= from));
        if let Some(known) = self.get(subject, dataset, source)
            && known.outcome == OK
            && !is_settled(fault.kind)
            && (fault.kind != FaultKind::NoData || is_later(known))
        {
            let detail = format!("then {fault}");
            fetch = Fetch { detail: sigma_cli::redact_text(&detail).into_owned(), ..known.clone() };
        }
        self.keep(fetch)
    }

    /// Why a symbol is still short, provider by provider: `Polygon: PlanSymbol; FMP: ok from 2024-03-01`.
    pub fn account(&self, subject: &str, dataset: Dataset) -> String {
        let told = sigma_providers::PROVIDERS.iter().filter_map(|entry| {
            let fetch = self.get(subject, dataset, entry.id)?;
            let from = fetch.from.filter(|_| fetch.outcome == OK).map(|from| format!(" from {from}"));
            let later = if fetch.outcome == OK { &*fetch.detail } else { "" };
            let later = later.split(" (").next().map(|kind| format!(" {kind}")).filter(|kind| kind.len() > 1);
            let (from, later) = (from.unwrap_or_default(), later.unwrap_or_default());
            Some(format!("{}: {}{from}{later}", entry.label, fetch.outcome))
        });
        told.collect::<Vec<_>>().join("; ")
    }

    fn row(
        &self,
        subject: &str,
        dataset: Dataset,
        source: ProviderId,
        (from, to): (Option<NaiveDate>, NaiveDate),
        outcome: &str,
        detail: &str,
    ) -> Fetch {
        Fetch {
            subject: subject.to_owned(),
            dataset,
            source: source.name().to_owned(),
            from,
            to,
            outcome: outcome.to_owned(),
            detail: sigma_cli::redact_text(detail).into_owned(),
            fetched_at: sigma_cli::clock::rfc3339(self.now),
        }
    }

    fn keep(&mut self, fetch: Fetch) -> Fetch {
        if let Some(source) = ProviderId::parse(&fetch.source) {
            let key = (fetch.subject.clone(), fetch.dataset, source.name());
            self.asked.insert(key.clone());
            self.fetches.insert(key, fetch.clone());
        }
        fetch
    }

    /// Refused in this run for a reason that a second request would meet again.
    fn is_refused_now(&self, fetch: &Fetch) -> bool {
        FaultKind::parse(&fetch.outcome).is_some_and(is_settled) && self.is_asked_now(fetch)
    }

    /// Whether this run has asked for it itself.
    fn is_asked_now(&self, fetch: &Fetch) -> bool {
        let source = ProviderId::parse(&fetch.source);
        source.is_some_and(|source| self.is_asked(&fetch.subject, fetch.dataset, source))
    }

    /// Found out with another key or address.
    fn is_outdated(&self, fetch: &Fetch) -> bool {
        let since = ProviderId::parse(&fetch.source).and_then(|id| self.since.get(id.name()));
        let is_older = |since: &DateTime<Utc>| moment(&fetch.fetched_at).is_none_or(|then| then <= *since);
        since.is_some_and(is_older) && !self.is_asked_now(fetch)
    }

    fn age_days(&self, fetch: &Fetch) -> Option<i64> {
        let then = moment(&fetch.fetched_at)?;
        Some((self.now.date_naive() - then.date_naive()).num_days())
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

/// What a second request in the same run would meet again.
fn is_settled(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::PlanSymbol
            | FaultKind::PlanTimeframe
            | FaultKind::PlanEndpoint
            | FaultKind::NotFound
            | FaultKind::BadRequest
    )
}

fn is_answer(outcome: &str) -> bool {
    outcome == OK || outcome == FaultKind::NoData.as_str()
}

#[cfg(test)]
mod tests;
