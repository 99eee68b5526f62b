//! Bars of all symbols on one session: where many symbols lack the last few, that takes fewer requests than asking for
//! each alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_core::model::{Dataset, InstrumentKind};
use sigma_providers::ask::SessionBars;
use sigma_providers::{Data, Fault, FaultKind, Provider, ProviderId};

use super::prices::CORRECTED_SESSIONS;
use super::{Gathering, standing};

/// Missing sessions by symbol, ascending.
type Missing = BTreeMap<String, Vec<NaiveDate>>;

/// Symbols with what they are missing, the sessions of these, and the stored ones that are asked for again.
struct Plan {
    tail: Missing,
    sessions: Vec<NaiveDate>,
    stored: Vec<NaiveDate>,
}

impl Plan {
    /// Requests fewer than one a symbol.
    fn saved(&self) -> usize {
        self.tail.len().saturating_sub(self.sessions.len() + self.stored.len())
    }
}

/// A symbol that is missing only the last few sessions is better asked for with all others.
const TAIL_SESSIONS: usize = 5;

const ID: ProviderId = ProviderId::Polygon;

impl Gathering<'_> {
    /// Asks for the last few sessions of all symbols that miss nothing else, where that is fewer requests, and takes what
    /// it finds out of `missing`. The stored sessions before them come again, once a day.
    pub(super) async fn session_by_session(
        &mut self,
        service: &Arc<Provider>,
        missing: &mut Missing,
    ) -> anyhow::Result<()> {
        let Some(Plan { tail, sessions, stored }) = self.plan(missing)? else { return Ok(()) };
        let (found, _) = self.ask_sessions(service, &tail, &sessions).await?;
        for (symbol, open) in &tail {
            self.take_found(symbol, open, &found, missing);
        }
        if found.is_empty() || stored.is_empty() {
            return Ok(());
        }
        let (_, answered) = self.ask_sessions(service, &tail, &stored).await?;
        if answered == stored.len() {
            let row = self.state.memory.corrected_today(ID, self.today);
            self.from(ID).fetches.push(row);
        }
        Ok(())
    }

    /// What takes the fewest requests, of those ways that take fewer than asking for each symbol alone: one symbol that
    /// lacks more than the others is better asked for alone than the sessions for it.
    fn plan(&self, missing: &Missing) -> anyhow::Result<Option<Plan>> {
        let tail = self.tail(missing)?;
        let firsts: BTreeSet<NaiveDate> = tail.values().filter_map(|open| open.first().copied()).collect();
        let mut best: Option<Plan> = None;
        for first in firsts {
            let part = tail.iter().filter(|(_, open)| open.first() >= Some(&first));
            let tail: Missing = part.map(|(symbol, open)| (symbol.clone(), open.clone())).collect();
            let sessions: BTreeSet<NaiveDate> = tail.values().flatten().copied().collect();
            let sessions: Vec<NaiveDate> = sessions.into_iter().collect();
            let plan = Plan { stored: self.corrected_sessions(first)?, tail, sessions };
            if plan.saved() > best.as_ref().map_or(0, Plan::saved) {
                best = Some(plan);
            }
        }
        Ok(best)
    }

    /// The symbols that are missing the last few sessions and no earlier one.
    fn tail(&self, missing: &Missing) -> anyhow::Result<Missing> {
        let to = self.state.needs.to;
        let first = self.calendar.sessions_back(to, TAIL_SESSIONS - 1).map_err(calendar_error)?;
        let is_tail = |(symbol, open): &(&String, &Vec<NaiveDate>)| {
            open.first() >= Some(&first)
                && self.is_share(symbol)
                && !self.state.outdated.contains_key(*symbol)
        };
        let tail = missing.iter().filter(is_tail);
        Ok(tail.map(|(symbol, open)| (symbol.clone(), open.clone())).collect())
    }

    /// A session holds no indices.
    fn is_share(&self, symbol: &str) -> bool {
        self.state.kind(symbol) != Some(InstrumentKind::Index)
    }

    /// The stored sessions before the first missing one, whose bars may have been corrected; none when they were asked
    /// for today.
    fn corrected_sessions(&self, first: NaiveDate) -> anyhow::Result<Vec<NaiveDate>> {
        if self.state.memory.is_corrected_today(ID, self.today) {
            return Ok(Vec::new());
        }
        let from = self.calendar.sessions_back(first, CORRECTED_SESSIONS).unwrap_or(first);
        let from = from.max(self.state.needs.start);
        let mut sessions = self.calendar.sessions_between(from, first).map_err(calendar_error)?;
        sessions.retain(|day| *day < first);
        Ok(sessions)
    }

    /// Asks for sessions, and gives the symbols of the tail that each one has, with the number of those answered.
    async fn ask_sessions(
        &mut self,
        service: &Arc<Provider>,
        tail: &Missing,
        sessions: &[NaiveDate],
    ) -> anyhow::Result<(BTreeSet<(String, NaiveDate)>, usize)> {
        let ask = |service: Arc<Provider>, date: NaiveDate| -> super::Asking<SessionBars> {
            Box::pin(async move {
                match &*service {
                    Provider::Polygon(polygon) => polygon.session_bars(date).await,
                    _ => Ok(SessionBars::default()),
                }
            })
        };
        let (mut found, mut answered) = (BTreeSet::new(), 0);
        self.ask_all(service, Data::Prices, sessions.to_vec(), ask, |this, &date, result| match result {
            Ok(session) => {
                answered += 1;
                found.extend(this.take_session(date, tail, &session));
            }
            Err(fault) => this.take_refusal(date, &fault),
        })
        .await?;
        Ok((found, answered))
    }

    /// The symbols of the tail that a session has.
    fn take_session(
        &mut self,
        date: NaiveDate,
        tail: &Missing,
        session: &SessionBars,
    ) -> Vec<(String, NaiveDate)> {
        let mut found = Vec::new();
        for symbol in tail.keys() {
            let Some(bar) = session.bars.get(&self.known_as(symbol)).cloned() else { continue };
            if standing::may_store(self.state, self.sources, symbol, &bar, ID) {
                self.from(ID).bars.entry(symbol.clone()).or_default().push(bar);
            }
            found.push((symbol.clone(), date));
        }
        found
    }

    /// Every symbol is asked for alone then, and what stands in the way is told there; but the plan that leaves out the
    /// current day leaves it out for each of them.
    fn take_refusal(&mut self, date: NaiveDate, fault: &Fault) {
        self.app.detail(&format!("all bars of {date}: {fault}"));
        match fault.kind {
            FaultKind::PlanTimeframe if date == self.today => {
                let row = self.state.memory.refused_today(ID, self.today, fault);
                self.from(ID).fetches.push(row);
            }
            // A plan that leaves whole sessions out may have the bars of a symbol.
            FaultKind::PlanEndpoint => drop(self.down.remove(&(ID, Data::Prices))),
            _ => {}
        }
    }

    /// Leaves what a symbol is still missing, from the first session on that it was not found in: it is asked for alone,
    /// with those after it, since an answer continues only one that it touches.
    fn take_found(
        &mut self,
        symbol: &str,
        open: &[NaiveDate],
        found: &BTreeSet<(String, NaiveDate)>,
        missing: &mut Missing,
    ) {
        let is_found = |day: &&NaiveDate| found.contains(&(symbol.to_owned(), **day));
        let (whole, left) = open.split_at(open.iter().take_while(is_found).count());
        if let (Some(&first), Some(&last)) = (whole.first(), whole.last()) {
            self.answered(symbol, Dataset::Prices, ID, (Some(first), last));
        }
        match left.is_empty() {
            true => drop(missing.remove(symbol)),
            false => drop(missing.insert(symbol.to_owned(), left.to_vec())),
        }
    }

    /// Takes the current day out of what is missing, when the plan is known to leave it out until it is over.
    pub(super) fn leave_out_today(&mut self, missing: &mut Missing) {
        if !self.state.memory.is_today_refused(ID, self.today) {
            return;
        }
        for (symbol, open) in &mut *missing {
            if open.last() >= Some(&self.today) && self.is_share(symbol) {
                open.retain(|day| *day < self.today);
                self.without_today.insert(symbol.clone());
            }
        }
        missing.retain(|_, open| !open.is_empty());
    }

    /// Names the symbols that still lack the current day because of the plan.
    pub(super) fn tell_left_out_today(&self) {
        let has_bar = |symbol: &str| {
            self.state.covered.bars.get(symbol).is_some_and(|dates| dates.contains(&self.today))
        };
        let lacking: Vec<&str> =
            self.without_today.iter().map(String::as_str).filter(|symbol| !has_bar(symbol)).collect();
        let what = match lacking[..] {
            [] => return,
            [only] => only.to_owned(),
            _ => format!("{} symbols", lacking.len()),
        };
        let label = ID.entry().label;
        self.app.note(&format!(
            "{what}: {label}: bars of {} are not in the plan until the day is over",
            self.today
        ));
    }
}
