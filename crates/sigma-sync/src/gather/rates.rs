//! Yields.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_core::model::{Dataset, RatePoint};
use sigma_providers::{Data, Provider};

use super::Gathering;
use crate::memory::OK;

const DATA: (Dataset, Data) = (Dataset::Rates, Data::Rates);

/// A series and the dates asked for.
#[derive(Debug, Clone)]
struct Question {
    series: String,
    from: NaiveDate,
    to: NaiveDate,
}

impl Gathering<'_> {
    pub(super) async fn rates(&mut self) -> anyhow::Result<()> {
        for service in self.sources.services_for(Data::Rates) {
            let id = service.id();
            let questions = self.rate_questions(&service)?;
            let ask = |service: Arc<Provider>, question: Question| -> super::Asking<Vec<RatePoint>> {
                Box::pin(async move { service.yields(&question.series, question.from, question.to).await })
            };
            self.ask_all(&service, Data::Rates, questions, ask, |this, question, result| {
                let dates = (Some(question.from), question.to);
                match result {
                    Ok(points) => {
                        this.answered(&question.series, Dataset::Rates, id, dates);
                        this.from(id).rates.entry(question.series.clone()).or_default().extend(points);
                    }
                    Err(fault) => this.refused(&question.series, DATA, id, dates, &fault),
                }
            })
            .await?;
        }
        Ok(())
    }

    /// Needed series with the sessions that they lack. On some sessions no yield is published; an answer that has none
    /// for them is an answer.
    fn rate_questions(&self, service: &Provider) -> anyhow::Result<Vec<Question>> {
        let (needs, memory) = (&self.state.needs, &self.state.memory);
        let sessions = self.calendar.sessions_between(needs.start, needs.to).map_err(calendar_error)?;
        let none = BTreeSet::new();
        let question = |series: &String| {
            let dates = self.state.covered.rates.get(series).unwrap_or(&none);
            let lacking: Vec<NaiveDate> = sessions
                .iter()
                .copied()
                .filter(|day| !dates.contains(day) || memory.is_refreshing())
                .collect();
            if memory.is_refreshing() && memory.is_answered_now(series, Dataset::Rates) {
                return None;
            }
            // What an earlier provider has answered without a value has none.
            let is_answered =
                |id| memory.get(series, Dataset::Rates, id).is_some_and(|fetch| fetch.outcome == OK);
            let mut open = lacking;
            for other in sigma_providers::order(Data::Rates) {
                if other == service.id() || is_answered(other) {
                    open = memory.open_sessions(series, Dataset::Rates, other, &open, self.calendar);
                }
            }
            let (&from, &to) = open.first().zip(open.last())?;
            Some(Question { series: series.clone(), from, to })
        };
        Ok(needs.series.iter().filter_map(question).collect())
    }
}
