//! Quotes of held contracts, by underlying.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_core::model::Dataset;
use sigma_providers::ask::{Quotes, QuotesAsk};
use sigma_providers::{Data, Fault, FaultKind, Provider, ProviderId};

use super::Gathering;

const DATA: (Dataset, Data) = (Dataset::Quotes, Data::Options);

/// Contracts on one underlying, each with the dates that it lacks.
#[derive(Debug, Clone)]
struct Question {
    underlying: String,
    asks: Vec<QuotesAsk>,
}

impl Gathering<'_> {
    pub(super) async fn options(&mut self) -> anyhow::Result<()> {
        for service in self.sources.services_for(Data::Options) {
            let id = service.id();
            let questions = self.option_questions(&service)?;
            let ask = |service: Arc<Provider>, q: Question| -> super::Asking<Quotes> {
                Box::pin(async move { service.quotes(&q.underlying, &q.asks).await })
            };
            self.ask_all(&service, Data::Options, questions, ask, |this, question, result| match result {
                Ok(quotes) => {
                    question.asks.iter().for_each(|ask| this.note_quotes(ask, id, &quotes));
                    this.from(id).add_quotes(&question.underlying, quotes);
                }
                Err(fault) => {
                    for QuotesAsk { contract, from, to } in &question.asks {
                        this.refused(contract, DATA, id, (Some(*from), *to), &fault);
                    }
                }
            })
            .await?;
        }
        Ok(())
    }

    /// Notes how the asking about one contract ended.
    fn note_quotes(&mut self, ask: &QuotesAsk, id: ProviderId, quotes: &Quotes) {
        let (contract, dates) = (&ask.contract, (Some(ask.from), ask.to));
        let fault =
            quotes.faults.iter().find(|(subject, _)| subject == contract).map(|(_, fault)| fault.clone());
        let none = || Fault::new(id.entry().label, FaultKind::NoData, "no quote of the contract");
        match fault.or_else(|| (!quotes.quotes.contains_key(contract)).then(none)) {
            Some(fault) => self.refused(contract, DATA, id, dates, &fault),
            None => self.answered(contract, Dataset::Quotes, id, dates),
        }
    }

    fn option_questions(&self, service: &Provider) -> anyhow::Result<Vec<Question>> {
        let needs = &self.state.needs;
        let none = BTreeSet::new();
        let mut by_underlying: BTreeMap<String, Vec<QuotesAsk>> = BTreeMap::new();
        for (contract, need) in &needs.needed_contracts {
            let Some(terms) = self.state.instrument(contract).and_then(|known| known.option.as_ref()) else {
                continue;
            };
            let since = need.since.max(needs.start);
            let sessions = self.calendar.sessions_between(since, need.until).map_err(calendar_error)?;
            let dates = self.state.covered.quotes.get(contract).unwrap_or(&none);
            let lacking: Vec<NaiveDate> = sessions
                .into_iter()
                .filter(|day| !dates.contains(day) || self.state.memory.is_refreshing())
                .collect();
            let memory = &self.state.memory;
            if memory.is_refreshing() && memory.is_answered_now(contract, Dataset::Quotes) {
                continue;
            }
            let open = memory.open_sessions(contract, Dataset::Quotes, service.id(), &lacking, self.calendar);
            let Some((&from, &to)) = open.first().zip(open.last()) else { continue };
            let asks = by_underlying.entry(terms.underlying.clone()).or_default();
            asks.push(QuotesAsk { contract: contract.clone(), from, to });
        }
        let question = |(underlying, asks)| Question { underlying, asks };
        Ok(by_underlying.into_iter().map(question).collect())
    }
}
