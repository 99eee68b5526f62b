//! Daily bars: which sessions are missing, and who is asked for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_core::model::{Dataset, Split};
use sigma_providers::ask::{BarsAsk, Series};
use sigma_providers::{Data, Provider, ProviderId};

use super::{Gathering, adjusted, rescaled, standing};
use crate::events::{self, Whole};
use crate::needs::RATE_PROXIES;

const DATA: (Dataset, Data) = (Dataset::Prices, Data::Prices);

/// A symbol and the question that its prices are asked with.
#[derive(Debug, Clone)]
struct Question {
    symbol: String,
    ask: BarsAsk,
}

/// Which symbols are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Those without any bar.
    First,
    /// All, but for those that were asked for already, unless a split has become known since.
    All,
}

/// Stored sessions that are asked for again with those after them, since they may have been corrected.
pub(super) const CORRECTED_SESSIONS: usize = 3;

/// Where an answer tells all splits and dividends of a symbol: between its dates where they come in a list of their own,
/// else between the first and the last of its bars.
fn whole(id: ProviderId, ask: &BarsAsk, series: &Series) -> Whole {
    if !series.problems.is_empty() {
        return Whole::default();
    }
    let dates = || series.bars.iter().map(|bar| bar.date);
    let stretch = match id {
        ProviderId::Fmp => Some((ask.from, ask.to)),
        _ => dates().min().zip(dates().max()),
    };
    Whole {
        splits: stretch.filter(|_| series.splits.is_some()),
        dividends: stretch.filter(|_| series.dividends.is_some()),
    }
}

/// Sessions of either, ascending.
fn merged(one: Vec<NaiveDate>, other: Vec<NaiveDate>) -> Vec<NaiveDate> {
    one.into_iter().chain(other).collect::<BTreeSet<_>>().into_iter().collect()
}

impl Gathering<'_> {
    /// Asks every provider in turn for what is missing; once more for symbols whose history a new split has outdated.
    pub(super) async fn prices(&mut self) -> anyhow::Result<()> {
        let services = self.sources.services_for(Data::Prices);
        let known: BTreeSet<String> = self.state.outdated.keys().cloned().collect();
        for service in &services {
            self.prices_from(service, Pass::All).await?;
        }
        // Some providers tell a split only with the bars: those before it are asked for again.
        let is_new =
            |(symbol, dates): (&String, &BTreeSet<NaiveDate>)| !known.contains(symbol) && !dates.is_empty();
        if self.state.outdated.iter().any(is_new) {
            for service in &services {
                self.prices_from(service, Pass::All).await?;
            }
        }
        for service in &services {
            self.last_quotes(service).await?;
        }
        self.tell_left_out_today();
        Ok(())
    }

    /// Asks for the symbols that have no bar at all.
    pub(super) async fn first_prices(&mut self) -> anyhow::Result<()> {
        for service in &self.sources.services_for(Data::Prices) {
            self.prices_from(service, Pass::First).await?;
        }
        Ok(())
    }

    /// Asks one provider for what is missing, the symbols that have waited longest first: of what a limit allows, each
    /// gets its turn.
    async fn prices_from(&mut self, service: &Arc<Provider>, pass: Pass) -> anyhow::Result<()> {
        let id = service.id();
        let mut missing = self.missing(service)?;
        missing.retain(|symbol, _| match pass {
            Pass::First => self.last_stored(symbol).is_none(),
            Pass::All => {
                let is_outdated = self.state.outdated.get(symbol).is_some_and(|dates| !dates.is_empty());
                is_outdated || !self.state.memory.is_asked(symbol, Dataset::Prices, id)
            }
        });
        if let Provider::Polygon(_) = &**service {
            self.leave_out_today(&mut missing);
            self.session_by_session(service, &mut missing).await?;
            self.leave_out_today(&mut missing);
        }
        let mut questions: Vec<Question> =
            missing.into_iter().filter_map(|(symbol, open)| self.question(symbol, &open)).collect();
        questions.sort_by_key(|question| self.last_stored(&question.symbol));
        let ask = |service: Arc<Provider>, question: Question| -> super::Asking<Series> {
            Box::pin(async move { service.bars(&question.ask).await })
        };
        self.ask_all(service, Data::Prices, questions, ask, |this, question, result| {
            let dates = (Some(question.ask.from), question.ask.to);
            match result {
                Ok(series) => this.take_series(&question.symbol, id, &question.ask, series),
                Err(fault) => this.refused(&question.symbol, DATA, id, dates, &fault),
            }
        })
        .await
    }

    /// The last session with a bar.
    fn last_stored(&self, symbol: &str) -> Option<NaiveDate> {
        self.state.covered.bars.get(symbol)?.last().copied()
    }

    /// Takes what is better than what is stored. Splits and dividends are left to a provider that has told those of all
    /// the dates.
    fn take_series(&mut self, symbol: &str, id: ProviderId, ask: &BarsAsk, mut series: Series) {
        let dates = (Some(ask.from), ask.to);
        let is_told = self.state.memory.is_told_by_another(symbol, id, (ask.from, ask.to));
        if is_told {
            (series.splits, series.dividends) = (None, None);
        } else {
            self.from(id).whole.insert(symbol.to_owned(), whole(id, ask, &series));
        }
        if series.splits.is_some() && series.dividends.is_some() {
            self.answered(symbol, Dataset::Actions, id, dates);
        }
        self.answered(symbol, Dataset::Prices, id, dates);
        let unusable = series.unusable.iter().min().copied();
        let gaps = self.state.memory.gaps(symbol, id, (ask.from, ask.to), unusable, self.calendar);
        self.from(id).fetches.push(gaps);
        if self.state.outdated.get(symbol).and_then(|dates| dates.first()) >= Some(&ask.from) {
            self.from(id).redownloaded.insert(symbol.to_owned());
        }
        self.leave_out_rescaled(symbol, id, &mut series);
        let (state, sources) = (&*self.state, self.sources);
        series.bars.retain(|bar| standing::may_store(state, sources, symbol, bar, id));
        if let Some(history) = state.histories.get(symbol) {
            series.problems.extend(adjusted::keep(&mut series.bars, history));
        }
        self.from(id).add_series(symbol, series);
    }

    /// Takes bars out of an answer whose closes are not on the scale of what is stored. Who asks for everything again
    /// gets them, unless the answer does not even agree with its own split.
    fn leave_out_rescaled(&mut self, symbol: &str, id: ProviderId, series: &mut Series) {
        let Some(history) = self.state.histories.get(symbol) else { return };
        let mut splits = history.splits.clone();
        let is_new = |split: &&Split| !history.splits.iter().any(|known| events::is_same(known, *split));
        splits.extend(series.splits.iter().flatten().filter(is_new).cloned());
        let Some(scale) = rescaled::scale(&series.bars, history, &splits) else { return };
        let told = format!("{} has {}", id.entry().label, scale.what());
        let is_asked_for =
            self.state.memory.is_refreshing() && !scale.contradicts_a_split(&series.bars, &splits);
        if is_asked_for || scale.is_explained(&series.bars, &splits) {
            series.problems.push(format!("{told}: they are taken"));
            return;
        }
        let refused = scale.take_out(&mut series.bars, history, &splits);
        series.problems.push(format!("{told}: a close as traded does not change, so what is stored stays"));
        let refused = refused.into_iter().map(|refused| (symbol.to_owned(), refused));
        self.from(id).refused.extend(refused);
    }

    /// Sessions without a bar that this provider may have, by symbol.
    fn missing(&self, service: &Provider) -> anyhow::Result<BTreeMap<String, Vec<NaiveDate>>> {
        let needs = &self.state.needs;
        let sessions = self.calendar.sessions_between(needs.start, needs.to).map_err(calendar_error)?;
        let none = BTreeSet::new();
        let mut missing = BTreeMap::new();
        for (symbol, until) in self.wanted() {
            if !service.covers(&symbol, self.state.kind(&symbol)) {
                continue;
            }
            let dates = self.state.covered.bars.get(&symbol).unwrap_or(&none);
            let outdated = self.state.outdated.get(&symbol).unwrap_or(&none);
            let is_missing = |day: &NaiveDate| {
                !dates.contains(day)
                    || standing::is_asked_again(self.state, self.sources, &symbol, *day, service.id())
            };
            let lacking: Vec<NaiveDate> =
                sessions.iter().copied().filter(|day| *day <= until && is_missing(day)).collect();
            let memory = &self.state.memory;
            let mut open = match outdated.is_empty() {
                true => {
                    let refused = self.refused_sessions(&symbol, service.id(), &lacking);
                    let open =
                        memory.open_sessions(&symbol, Dataset::Prices, service.id(), &lacking, self.calendar);
                    merged(open, refused)
                }
                false => lacking,
            };
            if !open.is_empty() && (!outdated.is_empty() || self.is_adjusted_by(&symbol, service)) {
                let first =
                    self.state.first_bars.get(&symbol).map_or(needs.start, |day| needs.start.min(*day));
                open = self.calendar.sessions_between(first, until).map_err(calendar_error)?;
            }
            if !open.is_empty() {
                missing.insert(symbol, open);
            }
        }
        Ok(missing)
    }

    /// Missing sessions whose bar of this provider is in quarantine: it may have been corrected since, or accepted.
    fn refused_sessions(&self, symbol: &str, id: ProviderId, lacking: &[NaiveDate]) -> Vec<NaiveDate> {
        match self.state.memory.is_asked(symbol, Dataset::Prices, id) {
            true => Vec::new(),
            false => self.state.decisions.waiting(symbol, id.name(), lacking),
        }
    }

    /// Whether stored bars carry adjusted closes of this provider. It restates all of them at each action, so they are
    /// only comparable when they were fetched together: such a series is always fetched whole, from its first stored bar
    /// on, which takes no more requests.
    fn is_adjusted_by(&self, symbol: &str, service: &Provider) -> bool {
        let name = service.id().name();
        let history = self.state.histories.get(symbol);
        history.is_some_and(|h| h.bars.iter().any(|bar| bar.adj_close.is_some() && bar.source == name))
    }

    /// Symbols that engines need, and the Treasury funds, with the last day that each is needed for.
    pub(super) fn wanted(&self) -> BTreeMap<String, NaiveDate> {
        let needs = &self.state.needs;
        let proxies = RATE_PROXIES.map(|symbol| (symbol.to_owned(), needs.to));
        let needed = needs.needed.iter().map(|(symbol, need)| (symbol.clone(), need.until));
        proxies.into_iter().chain(needed).collect()
    }

    /// From a few sessions before the first open one, whose bars may have been corrected, to the last; beyond a split
    /// since, which an answer must show that it has been restated for.
    fn question(&self, symbol: String, open: &[NaiveDate]) -> Option<Question> {
        let (&first, &to) = open.first().zip(open.last())?;
        let earlier = self.calendar.sessions_back(first, CORRECTED_SESSIONS).unwrap_or(first);
        let from = earlier.max(self.state.needs.start).min(first);
        let splits = self.state.histories.get(&symbol).map_or(&[][..], |history| &history.splits);
        let is_split_since = splits.iter().any(|split| to < split.date && split.date <= self.state.needs.to);
        let to = if is_split_since { self.state.needs.to } else { to };
        let asked = self.known_as(&symbol);
        let ask = BarsAsk { kind: self.state.kind(&symbol), symbol: asked, from, to, today: self.today };
        Some(Question { symbol, ask })
    }
}
