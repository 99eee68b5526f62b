//! What services were asked before, and how it ended: what was answered is not asked again, and what was refused, or
//! answered with nothing at all, not before the next day.

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

/// Subject, dataset and provider.
type FetchKey = (String, Dataset, &'static str);

/// Answers by what was asked of whom.
#[derive(Debug, Clone)]
pub struct Memory {
    fetches: HashMap<FetchKey, Fetch>,
    /// What this run has asked itself.
    asked: HashSet<FetchKey>,
    now: DateTime<Utc>,
    /// Nothing counts as answered.
    is_refreshing: bool,
}

impl Memory {
    pub fn new(fetches: Vec<Fetch>, now: DateTime<Utc>, is_refreshing: bool) -> Memory {
        let entry = |fetch: Fetch| {
            let source = ProviderId::parse(&fetch.source)?.name();
            Some(((fetch.subject.clone(), fetch.dataset, source), fetch))
        };
        let fetches = fetches.into_iter().filter_map(entry).collect();
        Memory { fetches, asked: HashSet::new(), now, is_refreshing }
    }

    /// Whether everything is asked for again.
    pub fn is_refreshing(&self) -> bool {
        self.is_refreshing
    }

    pub fn get(&self, subject: &str, dataset: Dataset, source: ProviderId) -> Option<&Fetch> {
        self.fetches.get(&(subject.to_owned(), dataset, source.name()))
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
            return if self.is_settled_today(fetch) { Vec::new() } else { missing.to_vec() };
        }
        // Some services say nothing where others say that they do not know the symbol, or are not done with the day.
        if fetch.outcome == FaultKind::NoData.as_str() && self.age_days(fetch) != Some(0) {
            return missing.to_vec();
        }
        let late = calendar.sessions_back(fetch.to, LATE_SESSIONS - 1).unwrap_or(fetch.to);
        let gaps = self.get(subject, Dataset::Gaps, source);
        let is_gap = |day: NaiveDate| {
            gaps.is_some_and(|gaps| {
                let is_young = self.age_days(gaps).is_some_and(|age| age < GAP_DAYS);
                is_young && gaps.from.is_none_or(|from| from <= day) && day <= gaps.to
            })
        };
        let is_answered = |day: NaiveDate| {
            let is_asked = fetch.from.is_none_or(|from| from <= day) && day < late;
            is_asked && (dataset != Dataset::Prices || fetch.outcome != OK || is_gap(day))
        };
        missing.iter().copied().filter(|&day| !is_answered(day)).collect()
    }

    /// Whether something without dates, such as a profile, is worth asking for: never asked, or asked `days` ago.
    pub fn is_due(&self, subject: &str, dataset: Dataset, source: ProviderId, days: i64) -> bool {
        let Some(fetch) = self.get(subject, dataset, source).filter(|_| !self.is_refreshing) else {
            return true;
        };
        match is_answer(&fetch.outcome) {
            true => self.age_days(fetch).is_none_or(|age| age >= days),
            false => !self.is_settled_today(fetch),
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
    /// none. Asked for from its beginning, a range is as of now; continued, it is as old as its beginning.
    pub fn gaps(
        &mut self,
        subject: &str,
        source: ProviderId,
        (from, to): (NaiveDate, NaiveDate),
        calendar: &Calendar,
    ) -> Fetch {
        let mut fetch = self.row(subject, Dataset::Gaps, source, (Some(from), to), OK, "");
        if let Some(known) = self.get(subject, Dataset::Gaps, source) {
            let next = calendar.next(known.to).unwrap_or(known.to);
            if known.from.is_some_and(|start| start < from) && from <= next {
                fetch.from = known.from;
                fetch.to = known.to.max(to);
                fetch.fetched_at = known.fetched_at.clone();
            }
        }
        self.keep(fetch)
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

    /// Whether this run has got an answer about it already, from anybody.
    pub fn is_answered_now(&self, subject: &str, dataset: Dataset) -> bool {
        let answered = |entry: &sigma_providers::ProviderEntry| {
            let key = (subject.to_owned(), dataset, entry.name);
            self.asked.contains(&key) && self.fetches.get(&key).is_some_and(|fetch| fetch.outcome == OK)
        };
        sigma_providers::PROVIDERS.iter().any(answered)
    }

    /// Remembers a fault and gives the row to store. That there is nothing between the dates is an answer too. What was
    /// answered before stays known when the service is only down, or a limit reached.
    pub fn refused(
        &mut self,
        subject: &str,
        dataset: Dataset,
        source: ProviderId,
        dates: (Option<NaiveDate>, NaiveDate),
        fault: &Fault,
    ) -> Fetch {
        let mut fetch = self.row(subject, dataset, source, dates, fault.kind.as_str(), &fault.detail);
        if let Some(known) = self.get(subject, dataset, source)
            && known.outcome == OK
            && !is_settled(fault.kind)
            && fault.kind != FaultKind::NoData
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

    /// Refusals of data that an earlier run of the day met and this one did not ask for again, by subject.
    pub fn held(&self) -> Vec<(String, Fault)> {
        let is_data = |dataset| matches!(dataset, Dataset::Prices | Dataset::Quotes | Dataset::Rates);
        let held = self.fetches.iter().filter(|(key, fetch)| {
            is_data(key.1) && !self.is_refreshing && !self.asked.contains(key) && self.is_settled_today(fetch)
        });
        let fault = |((subject, _, source), fetch): (&FetchKey, &Fetch)| {
            let (id, kind) = (ProviderId::parse(source)?, FaultKind::parse(&fetch.outcome)?);
            let detail = format!("{} (earlier today; --refresh asks again)", fetch.detail);
            Some((subject.clone(), Fault::new(id.entry().label, kind, detail)))
        };
        let mut held: Vec<(String, Fault)> = held.filter_map(fault).collect();
        held.sort_by(|(one, _), (other, _)| one.cmp(other));
        held
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

    /// Refused for a reason that a second request on the same day would meet again.
    fn is_settled_today(&self, fetch: &Fetch) -> bool {
        let settled = FaultKind::parse(&fetch.outcome).is_some_and(is_settled);
        settled && self.age_days(fetch) == Some(0)
    }

    fn age_days(&self, fetch: &Fetch) -> Option<i64> {
        let then = DateTime::parse_from_rfc3339(&fetch.fetched_at).ok()?;
        Some((self.now.date_naive() - then.with_timezone(&Utc).date_naive()).num_days())
    }
}

/// What a second request on the same day would meet again.
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
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn memory(now: &str) -> Memory {
        Memory::new(Vec::new(), now.parse().unwrap(), false)
    }

    const PRICES: Dataset = Dataset::Prices;
    const POLYGON: ProviderId = ProviderId::Polygon;

    fn open(memory: &Memory, from: &str, to: &str) -> Vec<NaiveDate> {
        let missing = Calendar::nyse().sessions_between(day(from), day(to)).unwrap();
        memory.open_sessions("AAA", PRICES, POLYGON, &missing, Calendar::nyse())
    }

    #[test]
    fn what_was_answered_is_not_asked_again_but_for_its_end() {
        let mut memory = memory("2025-06-30T22:00:00Z");
        assert_eq!(open(&memory, "2025-06-02", "2025-06-30").len(), 20);
        let dates = (Some(day("2025-06-02")), day("2025-06-27"));
        memory.answered("AAA", PRICES, POLYGON, dates, Calendar::nyse());
        memory.gaps("AAA", POLYGON, (day("2025-06-02"), day("2025-06-27")), Calendar::nyse());
        // The last three sessions of the answer, and the one after it.
        let late = ["2025-06-25", "2025-06-26", "2025-06-27", "2025-06-30"].map(day);
        assert_eq!(open(&memory, "2025-06-02", "2025-06-30"), late);
        let before = open(&memory, "2025-05-30", "2025-06-04");
        assert_eq!(before, [day("2025-05-30")]);
        // What it had nothing for is asked for again after a week.
        let fetches: Vec<Fetch> = memory.fetches.values().cloned().collect();
        let later = |now: &str| Memory::new(fetches.clone(), now.parse().unwrap(), false);
        assert_eq!(open(&later("2025-07-06T22:00:00Z"), "2025-06-02", "2025-06-30"), late);
        assert_eq!(open(&later("2025-07-07T22:00:00Z"), "2025-06-02", "2025-06-30").len(), 20);
        // An outage takes nothing from it.
        let mut down = later("2025-06-30T22:00:00Z");
        let dates = (Some(day("2025-06-26")), day("2025-06-30"));
        down.refused("AAA", PRICES, POLYGON, dates, &Fault::new("Polygon", FaultKind::RateLimited, "wait"));
        assert_eq!(open(&down, "2025-06-02", "2025-06-30"), late);
        assert_eq!(down.account("AAA", PRICES), "Polygon: ok from 2025-06-02 then RateLimited");
        // The next session continues the answer.
        let row = memory.answered(
            "AAA",
            PRICES,
            POLYGON,
            (Some(day("2025-06-30")), day("2025-06-30")),
            Calendar::nyse(),
        );
        assert_eq!((row.from, row.to), (Some(day("2025-06-02")), day("2025-06-30")));
        // One that does not touch it replaces it.
        let row = memory.answered(
            "AAA",
            PRICES,
            POLYGON,
            (Some(day("2025-08-01")), day("2025-08-01")),
            Calendar::nyse(),
        );
        assert_eq!(row.from, Some(day("2025-08-01")));
    }

    #[test]
    fn a_refusal_holds_for_its_day_and_an_outage_for_nothing() {
        let fault = |kind| Fault::new("Polygon", kind, "");
        let dates = (Some(day("2025-06-02")), day("2025-06-30"));
        let mut today = memory("2025-06-30T22:00:00Z");
        today.refused("AAA", PRICES, POLYGON, dates, &fault(FaultKind::PlanSymbol));
        assert_eq!(open(&today, "2025-06-02", "2025-06-30"), []);
        let fetches: Vec<Fetch> = today.fetches.values().cloned().collect();
        let tomorrow = Memory::new(fetches.clone(), "2025-07-01T01:00:00Z".parse().unwrap(), false);
        assert_eq!(open(&tomorrow, "2025-06-02", "2025-06-30").len(), 20);
        let refreshing = Memory::new(fetches, today.now, true);
        assert_eq!(open(&refreshing, "2025-06-02", "2025-06-30").len(), 20);
        today.refused("AAA", PRICES, POLYGON, dates, &fault(FaultKind::NoData));
        // The last sessions may come late.
        assert_eq!(
            open(&today, "2025-06-02", "2025-06-30"),
            ["2025-06-26", "2025-06-27", "2025-06-30"].map(day)
        );
        let fetches: Vec<Fetch> = today.fetches.values().cloned().collect();
        let tomorrow = Memory::new(fetches, "2025-07-01T01:00:00Z".parse().unwrap(), false);
        assert_eq!(open(&tomorrow, "2025-06-02", "2025-06-30").len(), 20);
        today.refused("AAA", PRICES, POLYGON, dates, &fault(FaultKind::Transient));
        assert_eq!(open(&today, "2025-06-02", "2025-06-30").len(), 20);
        assert_eq!(today.account("AAA", PRICES), "Polygon: Transient");
    }

    #[test]
    fn profiles_are_due_after_their_days() {
        let mut memory = memory("2025-06-30T22:00:00Z");
        let due = |memory: &Memory, days| memory.is_due("AAA", Dataset::Profile, ProviderId::Fmp, days);
        assert!(due(&memory, 7));
        memory.answered(
            "AAA",
            Dataset::Profile,
            ProviderId::Fmp,
            (None, day("2025-06-30")),
            Calendar::nyse(),
        );
        assert!(!due(&memory, 7) && due(&memory, 0));
    }
}
