//! Terms of held contracts: exercise style, shares of one contract, and whether it delivers anything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use sigma_core::model::Dataset;
use sigma_providers::ask::Contract;
use sigma_providers::polygon::ContractList;
use sigma_providers::{Data, Fault, FaultKind, Provider, ProviderId};

use super::Gathering;

const DATA: (Dataset, Data) = (Dataset::Profile, Data::Profiles);

/// Days for which terms are good: a corporate action may adjust them.
const GOOD_DAYS: i64 = 7;

/// Contracts on one underlying.
#[derive(Debug, Clone)]
struct Question {
    underlying: String,
    contracts: Vec<String>,
}

impl Gathering<'_> {
    pub(super) async fn contracts(&mut self) -> anyhow::Result<()> {
        let (id, to) = (ProviderId::Polygon, self.state.needs.to);
        let services = self.sources.services_for(Data::Options);
        let Some(service) = services.into_iter().find(|service| service.id() == id) else { return Ok(()) };
        let ask = move |service: Arc<Provider>, q: Question| -> super::Asking<ContractList> {
            Box::pin(async move {
                match &*service {
                    Provider::Polygon(polygon) => polygon.terms(&q.underlying, &q.contracts, to).await,
                    _ => Ok(ContractList::default()),
                }
            })
        };
        let questions = self.contract_questions();
        self.ask_all(&service, Data::Profiles, questions, ask, |this, question, result| match result {
            Ok(list) => this.take_terms(question, list),
            Err(fault) => {
                question
                    .contracts
                    .iter()
                    .for_each(|contract| this.refused(contract, DATA, id, (None, to), &fault));
            }
        })
        .await
    }

    fn contract_questions(&self) -> Vec<Question> {
        let mut by_underlying: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for contract in self.state.needs.needed_contracts.keys() {
            let terms = self.state.instrument(contract).and_then(|known| known.option.as_ref());
            let is_due = self.state.memory.is_due(contract, Dataset::Profile, ProviderId::Polygon, GOOD_DAYS);
            if let Some(terms) = terms.filter(|_| is_due) {
                by_underlying.entry(terms.underlying.clone()).or_default().push(contract.clone());
            }
        }
        let question = |(underlying, contracts)| Question { underlying, contracts };
        by_underlying.into_iter().map(question).collect()
    }

    fn take_terms(&mut self, question: &Question, list: ContractList) {
        let (id, to) = (ProviderId::Polygon, self.state.needs.to);
        let mut known: BTreeMap<String, Contract> =
            list.contracts.into_iter().map(|contract| (contract.symbol.clone(), contract)).collect();
        for contract in &question.contracts {
            match known.remove(contract) {
                Some(terms) => {
                    self.answered(contract, Dataset::Profile, id, (None, to));
                    self.from(id).contracts.push(terms);
                }
                None => {
                    let detail = format!("no contract of that symbol was listed on {to}");
                    let fault = Fault::new(id.entry().label, FaultKind::NotFound, detail);
                    self.refused(contract, DATA, id, (None, to), &fault);
                }
            }
        }
        self.from(id).add_problems(&question.underlying, list.problems);
    }
}
