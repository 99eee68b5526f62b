//! Asking services: what is missing, in the stated order, until it is there or nobody has it.
//!
//! Requests to one service run side by side; what they bring is stored every second, so a run that is stopped keeps
//! what it has and the next one goes on from there. A fault that every request would meet (a refused key, a plan, a
//! used-up limit, an outage) ends the asking of that service for that kind of data, and the next one is asked.

mod actions;
mod adjusted;
mod contracts;
mod options;
mod prices;
mod profiles;
mod quotes;
mod rates;
mod rescaled;
mod sessions;
mod standing;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::NaiveDate;
use sigma_cli::{App, Progress};
use sigma_core::calendar::Calendar;
use sigma_core::model::Dataset;
use sigma_providers::symbols::{Rename, renamed_on};
use sigma_providers::{Data, Fault, FaultKind, Provider, ProviderId};
use sigma_store::Store;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::args::Datasets;
use crate::faults::Faults;
use crate::intake::Intake;
use crate::offer::Offered;
use crate::source::Sources;
use crate::state::State;

/// What came in is stored this often.
const STORE_EVERY: Duration = Duration::from_secs(1);

/// Or as soon as so many answers have come.
const STORE_AFTER: usize = 50;

/// Outages in a row after which a service counts as down.
const OUTAGES: usize = 3;

/// Which splits and dividends are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// All that are not as of today.
    All,
    /// Those of symbols that were never answered for, or not for a while.
    Overdue,
}

/// Which profiles are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Those of symbols that no provider has described.
    New,
    /// Those that are due again.
    Known,
}

/// A question on its way.
type Asking<T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send>>;

/// Everything that gathering works with.
pub struct Gathering<'a> {
    pub app: &'a App,
    pub calendar: &'a Calendar,
    pub sources: &'a Sources,
    pub state: &'a mut State,
    pub intake: &'a mut Intake,
    pub store: &'a mut Store,
    pub faults: Faults,
    /// The current date in New York.
    pub today: NaiveDate,
    /// Needed symbols of companies that trade under another one now.
    renames: BTreeMap<String, Rename>,
    down: HashMap<(ProviderId, Data), Fault>,
    outages: HashMap<(ProviderId, Data), usize>,
    /// Services that have answered anything that makes sense.
    heard: HashSet<ProviderId>,
    /// Symbols that were not asked for the current day, which the plan leaves out until it is over.
    without_today: BTreeSet<String>,
    waiting: HashMap<ProviderId, Offered>,
    answers: usize,
    stored_at: Instant,
}

impl<'a> Gathering<'a> {
    pub fn new(
        app: &'a App,
        calendar: &'a Calendar,
        sources: &'a Sources,
        state: &'a mut State,
        intake: &'a mut Intake,
        store: &'a mut Store,
    ) -> Gathering<'a> {
        let today = app.clock.new_york_local().date();
        let renames = state.needs.needed.iter().filter_map(|(symbol, need)| {
            // Whoever bought it after the change bought what trades under it today.
            Some((symbol.clone(), renamed_on(symbol, need.since, today)?))
        });
        let renames = renames.collect();
        Gathering {
            app,
            calendar,
            sources,
            state,
            intake,
            store,
            faults: Faults::default(),
            today,
            renames,
            down: HashMap::new(),
            outages: HashMap::new(),
            heard: HashSet::new(),
            without_today: BTreeSet::new(),
            waiting: HashMap::new(),
            answers: 0,
            stored_at: Instant::now(),
        }
    }

    /// Asks for everything that a verb brings in. Profiles come first, because they tell funds from shares; splits
    /// before the prices that they explain.
    ///
    /// A service that tells splits and dividends of one symbol at a time costs as many requests for them as for prices,
    /// and a plan that counts the requests of a day may have nothing left for these. It tells the splits that explain its
    /// prices with them, so there the prices of symbols that have none come first, then overdue splits and dividends, and
    /// those that are only a day old last. What was known once is renewed after what never was.
    pub async fn run(&mut self, datasets: Datasets) -> anyhow::Result<()> {
        for Rename { old, new, date } in self.renames.values() {
            self.app.note(&format!("{old} trades as {new} since {date}: asked for by that symbol"));
        }
        self.note_access();
        if datasets.profiles {
            self.profiles(Standing::New).await?;
            self.contracts().await?;
        }
        let is_one_by_one = self.asks_actions_one_by_one();
        if datasets.prices && is_one_by_one {
            self.first_prices().await?;
        }
        if datasets.actions {
            self.actions(if is_one_by_one { Due::Overdue } else { Due::All }).await?;
        }
        if datasets.prices {
            self.prices().await?;
        }
        if datasets.actions && is_one_by_one {
            self.actions(Due::All).await?;
        }
        if datasets.options {
            self.options().await?;
        }
        if datasets.rates {
            self.rates().await?;
        }
        if datasets.profiles {
            self.profiles(Standing::Known).await?;
        }
        if datasets.profiles && datasets.actions {
            self.dividend_yields().await?;
        }
        Ok(())
    }

    /// What another key or address was refused says nothing about these.
    fn note_access(&mut self) {
        let marks: Vec<(ProviderId, String)> =
            self.sources.services.iter().map(|service| (service.id(), service.access_mark())).collect();
        for row in self.state.memory.use_access(&marks, self.state.needs.to) {
            if let Some(id) = ProviderId::parse(&row.source) {
                self.from(id).fetches.push(row);
            }
        }
    }

    /// Puts questions to one service, several at a time, and hands each answer to `take`. Returns when all are
    /// answered, or the service is down for this kind of data; then `take` gets that fault for the rest.
    async fn ask_all<A: Clone + Send + 'static, T: Send + 'static>(
        &mut self,
        service: &Arc<Provider>,
        data: Data,
        questions: Vec<A>,
        ask: impl Fn(Arc<Provider>, A) -> Asking<T>,
        mut take: impl FnMut(&mut Self, &A, Result<T, Fault>),
    ) -> anyhow::Result<()> {
        let progress = self.progress(service.id(), data, questions.len());
        let mut questions = questions.into_iter();
        let mut asked = JoinSet::new();
        loop {
            while asked.len() < self.room(service.id(), data) {
                let Some(question) = questions.next() else { break };
                let asking = ask(service.clone(), question.clone());
                asked.spawn(async move { (question, asking.await) });
            }
            let answer = tokio::select! {
                answer = asked.join_next() => answer,
                line = self.sources.waits.line(), if !asked.is_empty() => {
                    line.iter().for_each(|line| self.app.note(line));
                    continue;
                }
                // The next answer may be a minute away, behind a limit: what has come is not kept waiting for it.
                () = tokio::time::sleep_until(self.stored_at + STORE_EVERY), if self.answers > 0 => {
                    self.store_waiting().await?;
                    continue;
                }
            };
            let Some(answer) = answer else { break };
            let (question, result) = answer.context("a request was lost")?;
            progress.step();
            progress.remark("");
            self.weigh(service.id(), data, result.as_ref().err());
            take(self, &question, result);
            self.answers += 1;
            if self.answers >= STORE_AFTER || self.stored_at.elapsed() >= STORE_EVERY {
                self.store_waiting().await?;
            }
        }
        if let Some(fault) = self.down_with(service.id(), data).cloned() {
            questions.for_each(|question| take(self, &question, Err(fault.clone())));
        }
        self.sources.waits.show_on(None);
        self.store_waiting().await
    }

    /// The symbol that providers know a company by now.
    fn known_as(&self, symbol: &str) -> String {
        self.renames.get(symbol).map_or_else(|| symbol.to_owned(), |rename| rename.new.clone())
    }

    fn progress(&self, id: ProviderId, data: Data, total: usize) -> Progress {
        let what = match data {
            Data::Prices => "prices",
            Data::Actions => "splits and dividends",
            Data::Options => "option quotes",
            Data::Rates => "yields",
            Data::Profiles => "profiles",
        };
        self.app.detail(&format!("{}: {what}, {total} requests", id.entry().label));
        let progress = self.app.progress(total, &format!("{what} from {}", id.entry().label));
        self.sources.waits.show_on(Some(progress.clone()));
        progress
    }

    fn down_with(&self, id: ProviderId, data: Data) -> Option<&Fault> {
        self.down.get(&(id, data))
    }

    /// How many requests to a service may be on their way: none when it is down, and while it looks as if it were, no
    /// more than it takes to know. So an outage costs little more than the patience of one request.
    fn room(&self, id: ProviderId, data: Data) -> usize {
        match self.outages.get(&(id, data)) {
            _ if self.down_with(id, data).is_some() => 0,
            // A key that is refused is found out with one request.
            _ if !self.heard.contains(&id) => 1,
            Some(&outages) if outages > 0 => width(id).min(OUTAGES.saturating_sub(outages)),
            _ => width(id),
        }
    }

    /// Decides whether a service is down after this answer.
    fn weigh(&mut self, id: ProviderId, data: Data, fault: Option<&Fault>) {
        if !fault.is_some_and(|fault| is_outage(fault.kind)) {
            self.heard.insert(id);
        }
        let outages = self.outages.entry((id, data)).or_default();
        let Some(fault) = fault else {
            *outages = 0;
            return;
        };
        // Whoever says anything else is up.
        *outages = if is_outage(fault.kind) { *outages + 1 } else { 0 };
        if fault.kind.is_provider_wide() || *outages >= OUTAGES {
            self.down.entry((id, data)).or_insert_with(|| fault.clone());
            // A key that is refused once, a limit, or a host that is silent, is the same for every kind of data.
            let is_silent = fault.kind == FaultKind::Transient && fault.status.is_none();
            let is_key =
                matches!(fault.kind, FaultKind::Auth | FaultKind::RateLimited | FaultKind::QuotaExhausted);
            if is_key || is_silent {
                for other in [Data::Prices, Data::Actions, Data::Options, Data::Rates, Data::Profiles] {
                    self.down.entry((id, other)).or_insert_with(|| fault.clone());
                }
            }
        }
    }

    /// What a service has brought and is not stored yet.
    fn from(&mut self, id: ProviderId) -> &mut Offered {
        self.waiting.entry(id).or_insert_with(|| Offered::of(id))
    }

    async fn store_waiting(&mut self) -> anyhow::Result<()> {
        for (_, offered) in std::mem::take(&mut self.waiting) {
            self.intake.take(self.store, self.state, offered, self.calendar).await?;
        }
        self.answers = 0;
        self.stored_at = Instant::now();
        Ok(())
    }

    /// Notes that a question was answered.
    fn answered(
        &mut self,
        subject: &str,
        dataset: Dataset,
        id: ProviderId,
        dates: (Option<NaiveDate>, NaiveDate),
    ) {
        self.faults.answered();
        let row = self.state.memory.answered(subject, dataset, id, dates, self.calendar);
        self.from(id).fetches.push(row);
    }

    /// Notes that a question brought nothing.
    fn refused(
        &mut self,
        subject: &str,
        (dataset, data): (Dataset, Data),
        id: ProviderId,
        dates: (Option<NaiveDate>, NaiveDate),
        fault: &Fault,
    ) {
        self.faults.add(subject, fault, self.down.contains_key(&(id, data)));
        let row = self.state.memory.refused(subject, dataset, id, dates, fault);
        self.from(id).fetches.push(row);
    }
}

/// No answer, or none that can be read.
fn is_outage(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Transient | FaultKind::Malformed)
}

/// Requests to one service at a time. Yahoo turns away whoever asks twice at once.
fn width(id: ProviderId) -> usize {
    match id {
        ProviderId::Yahoo => 1,
        ProviderId::Fred => 2,
        _ => 8,
    }
}
