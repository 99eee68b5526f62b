//! Facts about securities, and the terms of held contracts.

use std::collections::BTreeSet;
use std::sync::Arc;

use sigma_core::model::{Dataset, InstrumentKind};
use sigma_providers::{Data, Provider, Security};

use super::{Gathering, Standing};

const DATA: (Dataset, Data) = (Dataset::Profile, Data::Profiles);

/// Days for which a profile is good.
const GOOD_DAYS: i64 = 7;

impl Gathering<'_> {
    /// Asks the first provider for every needed symbol, and the next one for those that it does not know.
    pub(super) async fn profiles(&mut self, standing: Standing) -> anyhow::Result<()> {
        let services = self.sources.services_for(Data::Profiles);
        let is_known = |symbol: &str| {
            let answered = |service: &Arc<Provider>| {
                let fetch = self.state.memory.get(symbol, Dataset::Profile, service.id());
                fetch.is_some_and(|fetch| fetch.outcome == crate::memory::OK)
            };
            services.iter().any(answered)
        };
        let needed = self.state.needs.needed.keys();
        let mut open: BTreeSet<String> =
            needed.filter(|symbol| is_known(symbol) == (standing == Standing::Known)).cloned().collect();
        // What one provider has answered lately needs no second opinion.
        for service in &services {
            let is_answered = |symbol: &String| {
                let fetch = self.state.memory.get(symbol, Dataset::Profile, service.id());
                fetch.is_some_and(|fetch| fetch.outcome == crate::memory::OK)
                    && !self.state.memory.is_due(symbol, Dataset::Profile, service.id(), GOOD_DAYS)
            };
            open.retain(|symbol| !is_answered(symbol));
        }
        for service in &services {
            let id = service.id();
            let to = self.state.needs.to;
            let is_asked = |symbol: &&String| {
                let kind = self.state.kind(symbol);
                kind != Some(InstrumentKind::Index)
                    && service.covers(symbol, kind)
                    && self.state.memory.is_due(symbol, Dataset::Profile, id, GOOD_DAYS)
            };
            let questions: Vec<(String, String)> =
                open.iter().filter(is_asked).map(|symbol| (symbol.clone(), self.known_as(symbol))).collect();
            let ask = |service: Arc<Provider>, (_, asked): (String, String)| -> super::Asking<Security> {
                Box::pin(async move { service.profile(&asked).await })
            };
            let mut found = BTreeSet::new();
            self.ask_all(service, Data::Profiles, questions, ask, |this, (symbol, _), result| match result {
                Ok(facts) => {
                    this.answered(symbol, Dataset::Profile, id, (None, to));
                    this.from(id).securities.push(Security { symbol: symbol.clone(), ..facts });
                    found.insert(symbol.clone());
                }
                Err(fault) => this.refused(symbol, DATA, id, (None, to), &fault),
            })
            .await?;
            open.retain(|symbol| !found.contains(symbol));
        }
        Ok(())
    }
}
