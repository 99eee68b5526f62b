//! Yields.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::store_error;
use sigma_core::model::{Dataset, RatePoint};
use sigma_providers::{Data, Provider, ProviderId, order};

use super::{Gathering, standing};
use crate::memory::OK;

const DATA: (Dataset, Data) = (Dataset::Rates, Data::Rates);

/// A series and the dates asked for.
#[derive(Debug, Clone)]
struct Question {
    series: String,
    from: NaiveDate,
    to: NaiveDate,
}

/// Who has told each stored yield, by series.
type Owners = HashMap<String, BTreeMap<NaiveDate, String>>;

impl Gathering<'_> {
    pub(super) async fn rates(&mut self) -> anyhow::Result<()> {
        let series: Vec<String> = self.state.needs.series.iter().cloned().collect();
        let (start, to) = (self.state.needs.start, self.state.needs.to);
        let mut owners = self.store.rate_sources(&series, start, to).await.map_err(store_error)?;
        for service in self.sources.services_for(Data::Rates) {
            let id = service.id();
            let questions = self.rate_questions(&service, &owners)?;
            let ask = |service: Arc<Provider>, question: Question| -> super::Asking<Vec<RatePoint>> {
                Box::pin(async move { service.yields(&question.series, question.from, question.to).await })
            };
            self.ask_all(&service, Data::Rates, questions, ask, |this, question, result| {
                let dates = (Some(question.from), question.to);
                match result {
                    Ok(points) => {
                        this.answered(&question.series, Dataset::Rates, id, dates);
                        this.take_yields(&question.series, id, points, &mut owners);
                    }
                    Err(fault) => this.refused(&question.series, DATA, id, dates, &fault),
                }
            })
            .await?;
        }
        Ok(())
    }

    /// Takes what may stand: a question reaches over sessions that another provider has answered.
    fn take_yields(&mut self, series: &str, id: ProviderId, mut points: Vec<RatePoint>, owners: &mut Owners) {
        let owners = owners.entry(series.to_owned()).or_default();
        points.retain(|point| match owners.get(&point.date) {
            Some(owner) if self.state.memory.is_refreshing() => {
                standing::may_refresh(Data::Rates, id, owner, self.sources)
            }
            Some(owner) => standing::may_replace(Data::Rates, id, owner),
            None => true,
        });
        owners.extend(points.iter().map(|point| (point.date, id.name().to_owned())));
        self.from(id).rates.entry(series.to_owned()).or_default().extend(points);
    }

    /// Needed series with the sessions that they lack. On some sessions no yield is published; an answer that has none
    /// for them is an answer.
    fn rate_questions(&self, service: &Provider, owners: &Owners) -> anyhow::Result<Vec<Question>> {
        let (needs, memory) = (&self.state.needs, &self.state.memory);
        let sessions = self.calendar.sessions_between(needs.start, needs.to).map_err(calendar_error)?;
        let none = BTreeMap::new();
        let question = |series: &String| {
            let owners = owners.get(series).unwrap_or(&none);
            let is_lacking = |day: &NaiveDate| match owners.get(day) {
                Some(owner) => self.is_yield_asked_again(service.id(), owner),
                None => true,
            };
            let lacking: Vec<NaiveDate> = sessions.iter().copied().filter(is_lacking).collect();
            if memory.is_refreshing() && memory.is_answered_now(series, Dataset::Rates) {
                return None;
            }
            // What an earlier provider has answered without a value has none.
            let is_answered =
                |id: &ProviderId| memory.get(series, Dataset::Rates, *id).is_some_and(|f| f.outcome == OK);
            let earlier = order(Data::Rates).into_iter().take_while(|id| *id != service.id());
            let mut open = lacking;
            for id in earlier.filter(is_answered).chain([service.id()]) {
                open = memory.open_sessions(series, Dataset::Rates, id, &open, self.calendar);
            }
            let (&from, &to) = open.first().zip(open.last())?;
            Some(Question { series: series.clone(), from, to })
        };
        Ok(needs.series.iter().filter_map(question).collect())
    }

    /// Whether a provider is asked for a yield that is stored: another service stood in for it. The rows of a folder are
    /// the user's own.
    fn is_yield_asked_again(&self, id: ProviderId, owner: &str) -> bool {
        let is_own = owner == ProviderId::File.name();
        let is_refreshing = self.state.memory.is_refreshing();
        (!is_own && standing::is_before(Data::Rates, id, owner))
            || (is_refreshing && standing::may_refresh(Data::Rates, id, owner, self.sources))
    }
}
