//! How a run ended: its closing line for cron, and what is missing from its results.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use sigma_core::model::{Issue, Severity};

use crate::exit::ExitStatus;

/// What the closing line of a run tells.
#[derive(Debug, Clone)]
pub struct RunSummary {
    pub tool: String,
    /// Told only when it is not `run`.
    pub verb: &'static str,
    pub as_of: Option<NaiveDate>,
    /// Counts and other facts, in the order they were recorded.
    pub pairs: Vec<(&'static str, String)>,
    pub started: Instant,
}

impl RunSummary {
    pub fn new(tool: impl Into<String>, verb: &'static str) -> RunSummary {
        RunSummary { tool: tool.into(), verb, as_of: None, pairs: Vec::new(), started: Instant::now() }
    }

    /// Records a fact; a second value for the same name replaces the first.
    pub fn record(&mut self, name: &'static str, value: impl Display) {
        let value = value.to_string();
        match self.pairs.iter_mut().find(|(known, _)| *known == name) {
            Some(pair) => pair.1 = value,
            None => self.pairs.push((name, value)),
        }
    }

    /// `sigma-greeks ok as_of=2025-06-30 options=8 stored=8 changed=8 skipped=0 0.1s`
    pub fn line(&self, status: ExitStatus, elapsed: Duration) -> String {
        let mut words = vec![self.tool.clone(), status.word().to_string()];
        if self.verb != "run" {
            words.push(format!("verb={}", self.verb));
        }
        words.extend(self.as_of.map(|as_of| format!("as_of={as_of}")));
        words.extend(self.pairs.iter().map(|(name, value)| format!("{name}={}", quoted(value))));
        words.push(format!("{:.1}s", elapsed.as_secs_f64()));
        words.join(" ")
    }
}

/// One word stays as it is; anything else is quoted, so that the line splits at its spaces.
fn quoted(value: &str) -> String {
    let plain = !value.is_empty()
        && !value.contains(|c: char| c.is_whitespace() || c.is_control() || "\"=".contains(c));
    if plain { value.to_string() } else { format!("{value:?}") }
}

/// `Partial` when an issue takes a number away; warnings alone never change the code.
pub fn status_of_issues(issues: &[Issue]) -> ExitStatus {
    ExitStatus::partial_if(issues.iter().any(|issue| issue.severity == Severity::Error))
}

/// One line for each kind of issue: `error: no_price: AAPL, MSFT and 39 more: no close on or before the date`.
///
/// Issues of one severity, reason and detail share a line; errors come first. At most `names` subjects are named.
pub fn issue_lines(issues: &[Issue], names: usize) -> Vec<String> {
    let mut groups: BTreeMap<(bool, &str, &str), Vec<&str>> = BTreeMap::new();
    for issue in issues {
        let key = (issue.severity == Severity::Warning, issue.reason.as_str(), issue.detail.as_str());
        groups.entry(key).or_default().push(&issue.subject);
    }
    let line = |((is_warning, reason, detail), subjects): ((bool, &str, &str), Vec<&str>)| {
        let severity = if is_warning { "warning" } else { "error" };
        let shown = subjects.len().min(names.max(1));
        let mut text = format!("{severity}: {reason}: {}", subjects[..shown].join(", "));
        if subjects.len() > shown {
            text += &format!(" and {} more", subjects.len() - shown);
        }
        if detail.is_empty() { text } else { format!("{text}: {detail}") }
    };
    groups.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use sigma_core::model::Reason;

    use super::*;

    #[test]
    fn the_closing_line() {
        let mut summary = RunSummary::new("sigma-greeks", "run");
        summary.as_of = NaiveDate::from_ymd_opt(2025, 6, 30);
        for (name, value) in [("options", 7), ("stored", 8), ("changed", 8), ("skipped", 0), ("options", 8)] {
            summary.record(name, value);
        }
        let line = "sigma-greeks ok as_of=2025-06-30 options=8 stored=8 changed=8 skipped=0 0.1s";
        assert_eq!(summary.line(ExitStatus::Done, Duration::from_millis(96)), line);
        let line = "sigma-greeks partial as_of=2025-06-30 options=8 stored=8 changed=8 skipped=0 61.0s";
        assert_eq!(summary.line(ExitStatus::Partial, Duration::from_secs(61)), line);
        let mut prices = RunSummary::new("sigma-sync", "prices");
        prices.record("path", "my data");
        let line = "sigma-sync failed verb=prices path=\"my data\" 0.0s";
        assert_eq!(prices.line(ExitStatus::RateLimit, Duration::ZERO), line);
    }

    #[test]
    fn issues_are_grouped_errors_first() {
        let mut issues = vec![Issue::warning("SPY", Reason::StalePrice, "one session old")];
        for symbol in ["A", "B", "C"] {
            issues.push(Issue::error(symbol, Reason::NoPrice, "no close on or before the date"));
        }
        assert_eq!(
            issue_lines(&issues, 2),
            [
                "error: no_price: A, B and 1 more: no close on or before the date",
                "warning: stale_price: SPY: one session old",
            ]
        );
        assert_eq!(status_of_issues(&issues), ExitStatus::Partial);
        assert_eq!(status_of_issues(&issues[..1]), ExitStatus::Done);
        assert_eq!(status_of_issues(&[]), ExitStatus::Done);
    }
}
