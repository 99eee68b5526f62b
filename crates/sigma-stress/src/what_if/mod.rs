//! A portfolio before and after trades, through every engine.
//!
//! [`sections`] is the list of engines that are compared; [`compare`] lays two states side by side; [`target`] names the
//! exposures that a hedge can be asked for, [`suggestion`] finds its trades.

pub mod compare;
mod doubts;
pub mod sections;
pub mod suggestion;
pub mod target;

use sigma_cli::{App, OutputArgs, ProFormaRequest, Side, WhatIf, load_what_if, store_error};
use sigma_core::analytics::factor_model::covariance_method;
use sigma_core::analytics::stress::{COVARIANCE_WINDOW, StressInputs, left_out};
use sigma_core::calendar::Calendar;
use sigma_core::model::{FactorMatrix, Issue};
use sigma_store::Store;

use crate::evaluate::gaps;
use crate::inputs::Scenarios;

/// The two states with what scenarios need.
pub struct Thought {
    pub what_if: WhatIf,
    pub covariance: Option<FactorMatrix>,
    pub scenarios: Scenarios,
}

/// One of the two states, as engines read it.
#[derive(Clone, Copy)]
pub struct State<'a> {
    pub side: &'a Side,
    pub thought: &'a Thought,
}

impl Thought {
    /// Loads everything; trades that cannot be made are the answer and an error.
    pub async fn load(
        app: &App,
        store: &mut Store,
        calendar: &Calendar,
        request: ProFormaRequest,
        scenarios: Scenarios,
        output: &OutputArgs,
    ) -> anyhow::Result<Thought> {
        let as_of = request.as_of;
        let what_if = load_what_if(app, store, calendar, request, output).await?;
        let method = covariance_method(COVARIANCE_WINDOW);
        let mut stored = store.factor_matrices(as_of, as_of, &method).await.map_err(store_error)?;
        Ok(Thought { what_if, covariance: stored.pop(), scenarios })
    }

    pub fn before(&self) -> State<'_> {
        State { side: &self.what_if.before, thought: self }
    }

    pub fn after(&self) -> State<'_> {
        State { side: &self.what_if.after, thought: self }
    }

    /// What was computed in memory, what is missing, and what is left out of either state.
    pub fn issues(&self) -> Vec<Issue> {
        let mut issues = self.what_if.issues.clone();
        for state in [self.before(), self.after()] {
            let missing = gaps(&state.inputs(), self.what_if.as_of);
            let explained = missing.explain_positions();
            issues.extend(missing.issues());
            let left_out = left_out(&state.inputs(), &self.scenarios.active);
            let told = |issue: &Issue| explained && issue.reason == sigma_core::model::Reason::NotComputed;
            issues.extend(left_out.into_iter().map(|exclusion| exclusion.issue).filter(|issue| !told(issue)));
        }
        let mut seen = std::collections::HashSet::new();
        issues.retain(|issue| seen.insert((issue.subject.clone(), issue.reason, issue.detail.clone())));
        issues
    }
}

impl<'a> State<'a> {
    pub fn inputs(&self) -> StressInputs<'a> {
        let what_if = &self.thought.what_if;
        StressInputs {
            book: &self.side.book,
            views: &self.side.views,
            nav: self.side.day.nav,
            market: &what_if.market,
            instruments: &what_if.instruments,
            results: &what_if.results,
            covariance: self.thought.covariance.as_ref(),
        }
    }
}
