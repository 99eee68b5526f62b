//! The record of a run in the database: begun before the work, ended with its counts, failed with its message.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;
use sigma_core::model::{Issue, Reason, Severity};
use sigma_store::{NewRun, RunOutcome, RunStatus, Saved, Store};

use crate::app::App;
use crate::database::store_error;
use crate::environment::user_name;
use crate::exit::{ExitStatus, fail};
use crate::redact::{redact_json, redact_text};
use crate::sessions::SessionRange;

/// A run that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineRun {
    /// Written on every row that the run changes.
    pub id: i64,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunTotals {
    /// Rows that the work should have produced.
    pub expected: u64,
    pub saved: Saved,
    /// Things left out, each named in `issues`.
    pub skipped: u64,
    pub issues: Vec<Issue>,
}

impl App {
    /// Records the beginning of a run.
    pub async fn begin_run(
        &self,
        store: &mut Store,
        verb: &str,
        dates: Option<&SessionRange>,
        parameters: Value,
    ) -> anyhow::Result<EngineRun> {
        let run = NewRun {
            tool: self.name.clone(),
            verb: verb.to_owned(),
            as_of: dates.map(|dates| dates.to),
            from: dates.map(|dates| dates.from),
            parameters: redact_json(parameters),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            username: user_name(),
            started_at: self.clock.timestamp(),
        };
        Ok(EngineRun { id: store.begin_run(run).await.map_err(store_error)? })
    }

    /// Records the end of a run, tells what is missing and decides the exit status. A run that stored fewer rows than it
    /// should have is a failure.
    pub async fn end_run(
        &self,
        store: &mut Store,
        run: EngineRun,
        outcome: anyhow::Result<RunTotals>,
    ) -> anyhow::Result<ExitStatus> {
        let outcome = outcome.and_then(complete);
        let (status, totals, message) = match &outcome {
            Ok(totals) if totals.issues.iter().any(|issue| issue.severity == Severity::Error) => {
                (RunStatus::Partial, Some(totals), None)
            }
            Ok(totals) => (RunStatus::Ok, Some(totals), None),
            Err(error) => (RunStatus::Failed, None, Some(redact_text(&format!("{error:#}")).into_owned())),
        };
        let record = RunOutcome {
            finished_at: self.clock.timestamp(),
            status,
            expected: totals.map(|t| t.expected),
            stored: totals.map(|t| t.saved.stored),
            changed: totals.map(|t| t.saved.changed),
            skipped: totals.map(|t| t.skipped),
            message,
        };
        let recorded = store.finish_run(run.id, record).await;
        let totals = outcome?;
        recorded.map_err(store_error)?;
        self.record("stored", totals.saved.stored);
        self.record("changed", totals.saved.changed);
        self.record("skipped", totals.skipped);
        Ok(self.tell_issues(&totals.issues))
    }
}

fn complete(mut totals: RunTotals) -> anyhow::Result<RunTotals> {
    if totals.saved.stored < totals.expected {
        let message = format!("{} rows were expected and {} stored", totals.expected, totals.saved.stored);
        return Err(fail(
            ExitStatus::Failed,
            message,
            "run `sigma-validate check`, then run the command again",
        ));
    }
    totals.issues = distinct(totals.issues);
    Ok(totals)
}

/// A replay meets the same issue on many dates: one of each subject and reason is told, in the place of the first. The
/// most severe of them is told, since it decides the exit status: a remark must not hide that a number is missing.
fn distinct(issues: Vec<Issue>) -> Vec<Issue> {
    let mut told: Vec<Issue> = Vec::new();
    let mut places: HashMap<(String, Reason), usize> = HashMap::new();
    for issue in issues {
        match places.entry((issue.subject.clone(), issue.reason)) {
            Entry::Vacant(place) => {
                place.insert(told.len());
                told.push(issue);
            }
            Entry::Occupied(place) if told[*place.get()].severity < issue.severity => {
                told[*place.get()] = issue;
            }
            Entry::Occupied(_) => {}
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_subject_and_reason_the_most_severe_is_told_and_the_first_of_these() {
        let issues = vec![
            Issue::warning("AAA", Reason::ProviderError, "a row was left out"),
            Issue::warning("AAA", Reason::StalePrice, "old"),
            Issue::error("AAA", Reason::ProviderError, "bars in quarantine"),
            Issue::error("AAA", Reason::ProviderError, "the same on another date"),
            Issue::warning("AAA", Reason::ProviderError, "another remark"),
            Issue::warning("BBB", Reason::ProviderError, "a row was left out"),
        ];
        let told: Vec<String> = distinct(issues).into_iter().map(|issue| issue.detail).collect();
        assert_eq!(told, ["bars in quarantine", "old", "a row was left out"]);
    }
}
