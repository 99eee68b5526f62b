//! Splits and dividends.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use sigma_core::model::{Dataset, InstrumentKind};
use sigma_providers::ask::Actions;
use sigma_providers::{Data, Provider, ProviderId, continuous_yield};

use super::{Due, Gathering};
use crate::events::Whole;
use crate::memory::OK;
use crate::offer::Offered;

const DATA: (Dataset, Data) = (Dataset::Actions, Data::Actions);

/// Symbols of one question with those that they are known by now, and its dates.
#[derive(Debug, Clone)]
struct Question {
    symbols: Vec<(String, String)>,
    from: NaiveDate,
    to: NaiveDate,
}

/// Days before the end of the last answer that are asked for again: actions are announced, and corrected, late.
const OVERLAP: Days = Days::new(7);

/// Days after which splits and dividends are asked for before the prices of symbols that have some.
const OVERDUE: Days = Days::new(7);

/// A year, for yields.
const YEAR: Days = Days::new(365);

impl Gathering<'_> {
    /// Whether splits and dividends come from a service that tells those of one symbol at a time, while its prices bring
    /// the splits that explain them.
    pub(super) fn asks_actions_one_by_one(&self) -> bool {
        let first = self.sources.services_for(Data::Actions).into_iter().next();
        first.is_some_and(|service| service.id() == ProviderId::Fmp)
    }

    /// Asks each provider for the symbols that the ones before it could not answer for.
    pub(super) async fn actions(&mut self, due: Due) -> anyhow::Result<()> {
        for service in self.sources.services_for(Data::Actions) {
            let id = service.id();
            let questions = self.action_questions(&service, due);
            let ask = |service: Arc<Provider>,
                       question: Question|
             -> super::Asking<BTreeMap<String, Actions>> {
                Box::pin(async move {
                    let asked: Vec<String> = question.symbols.into_iter().map(|(_, asked)| asked).collect();
                    service.actions(&asked, question.from, question.to).await
                })
            };
            self.ask_all(&service, Data::Actions, questions, ask, |this, question, result| {
                let dates = (Some(question.from), question.to);
                match result {
                    Ok(answer) => {
                        for (symbol, asked) in &question.symbols {
                            this.answered(symbol, Dataset::Actions, id, dates);
                            let actions = answer.get(asked).cloned().unwrap_or_default();
                            if actions.problems.is_empty() {
                                let stretch = Some((question.from, question.to));
                                let whole = Whole { splits: stretch, dividends: stretch };
                                this.from(id).whole.insert(symbol.clone(), whole);
                            }
                            this.from(id).add_actions(symbol, actions);
                        }
                    }
                    Err(fault) => {
                        question
                            .symbols
                            .iter()
                            .for_each(|(symbol, _)| this.refused(symbol, DATA, id, dates, &fault));
                    }
                }
            })
            .await?;
        }
        Ok(())
    }

    /// One question a symbol, but for Polygon, which answers for many at once; the longest unanswered first.
    fn action_questions(&self, service: &Provider, due: Due) -> Vec<Question> {
        let mut by_dates: BTreeMap<(NaiveDate, NaiveDate), Vec<(String, String)>> = BTreeMap::new();
        for (symbol, need) in &self.state.needs.needed {
            let kind = self.state.kind(symbol);
            if kind == Some(InstrumentKind::Index) || !service.covers(symbol, kind) {
                continue;
            }
            let from = self.state.needs.start.min(need.since);
            let is_asked = self.state.memory.is_asked(symbol, Dataset::Actions, service.id());
            if is_asked || (due == Due::Overdue && !self.is_overdue(symbol, from)) {
                continue;
            }
            if let Some(dates) = self.open_dates(symbol, service.id(), from) {
                by_dates.entry(dates).or_default().push((symbol.clone(), self.known_as(symbol)));
            }
        }
        let question = |(dates, symbols): ((NaiveDate, NaiveDate), Vec<(String, String)>)| {
            let size = if service.id() == ProviderId::Polygon { symbols.len() } else { 1 };
            let part =
                |part: &[(String, String)]| Question { symbols: part.to_vec(), from: dates.0, to: dates.1 };
            symbols.chunks(size.max(1)).map(part).collect::<Vec<_>>()
        };
        by_dates.into_iter().flat_map(question).collect()
    }

    /// The dates that nobody has answered for yet; what another provider has answered is not asked twice.
    fn open_dates(&self, symbol: &str, id: ProviderId, from: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let (memory, to) = (&self.state.memory, self.state.needs.to);
        if memory.is_refreshing() && memory.is_answered_now(symbol, Dataset::Actions) {
            return None;
        }
        match self.answered_until(symbol, from).filter(|_| !memory.is_refreshing()) {
            Some(answered) if answered >= to => None,
            Some(answered) => Some((answered.checked_sub_days(OVERLAP)?.max(from), to)),
            None if memory.is_due(symbol, Dataset::Actions, id, 0) => Some((from, to)),
            None => None,
        }
    }

    /// The end of the longest answer that anybody has given about the time since `from`.
    fn answered_until(&self, symbol: &str, from: NaiveDate) -> Option<NaiveDate> {
        let answers = sigma_providers::PROVIDERS.iter().filter_map(|entry| {
            let fetch = self.state.memory.get(symbol, Dataset::Actions, entry.id)?;
            (fetch.outcome == OK && fetch.from.is_none_or(|start| start <= from)).then_some(fetch.to)
        });
        answers.max()
    }

    /// Whether splits and dividends of a symbol are too old to wait for what the day's requests leave over.
    fn is_overdue(&self, symbol: &str, from: NaiveDate) -> bool {
        let earliest = self.state.needs.to.checked_sub_days(OVERDUE);
        self.answered_until(symbol, from) < earliest
    }

    /// Yields from the dividends of the last year, where a provider has answered for all of it: what was paid is known,
    /// a quoted yield only claimed. That nothing was paid is a yield of zero; but whoever has no dividend of a symbol at
    /// all, of which a profile quotes a yield, does not know.
    pub(super) async fn dividend_yields(&mut self) -> anyhow::Result<()> {
        let Some(start) = self.state.needs.to.checked_sub_days(YEAR) else { return Ok(()) };
        let mut offered: BTreeMap<ProviderId, Offered> = BTreeMap::new();
        for symbol in self.state.needs.needed.keys() {
            let Some((id, dividend_yield)) = self.dividend_yield(symbol, start) else { continue };
            let known = self.state.instrument(symbol).and_then(|known| known.dividend_yield);
            let has_paid = self.state.histories.get(symbol).is_some_and(|h| !h.dividends.is_empty());
            let is_unfounded = !has_paid && known.is_some_and(|known| known > 0.0);
            if known != Some(dividend_yield) && !is_unfounded {
                let facts = sigma_providers::Security {
                    dividend_yield: Some(dividend_yield),
                    ..sigma_providers::Security::of_symbol(symbol)
                };
                offered.entry(id).or_insert_with(|| Offered::of(id)).securities.push(facts);
            }
        }
        for (_, offered) in offered {
            let count = offered.securities.len();
            self.intake.take(self.store, self.state, offered, self.calendar).await?;
            // They were computed, not offered.
            self.intake.profiles -= count;
        }
        Ok(())
    }

    fn dividend_yield(&self, symbol: &str, start: NaiveDate) -> Option<(ProviderId, f64)> {
        let to = self.state.needs.to;
        let answered = |id: ProviderId| {
            let fetch = self.state.memory.get(symbol, Dataset::Actions, id)?;
            let is_whole =
                fetch.outcome == OK && fetch.from.is_none_or(|from| from <= start) && fetch.to >= to;
            is_whole.then_some(id)
        };
        let id = sigma_providers::PROVIDERS.iter().find_map(|entry| answered(entry.id))?;
        let history = self.state.histories.get(symbol)?;
        let last = history.at_or_before(to)?;
        let paid = history.dividends.iter().filter(|d| start < d.ex_date && d.ex_date <= last.date).map(
            |dividend| {
                // Per share as traded on its day; a split since then divides it.
                let since = |split: &&sigma_core::model::Split| {
                    dividend.ex_date < split.date && split.date <= last.date
                };
                let factor: f64 = history.splits.iter().filter(since).map(|s| s.to / s.from).product();
                dividend.amount / factor
            },
        );
        Some((id, continuous_yield(paid.sum(), last.close)?))
    }
}
