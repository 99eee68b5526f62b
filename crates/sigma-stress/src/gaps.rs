//! What other engines have not computed for the dates of a run, told once with the command that computes it.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sigma_core::model::{Issue, Reason};

/// Dates without the results that scenarios need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gaps {
    pub loadings: BTreeSet<NaiveDate>,
    pub greeks: BTreeSet<NaiveDate>,
    pub covariance: BTreeSet<NaiveDate>,
}

impl Gaps {
    pub fn extend(&mut self, other: Gaps) {
        self.loadings.extend(other.loadings);
        self.greeks.extend(other.greeks);
        self.covariance.extend(other.covariance);
    }

    /// Whether positions are left out because an engine has not run.
    pub fn explain_positions(&self) -> bool {
        !self.loadings.is_empty() || !self.greeks.is_empty()
    }

    /// One issue for each engine.
    pub fn issues(&self) -> Vec<Issue> {
        let engines = [
            ("factor loadings", &self.loadings, "sigma-factors run"),
            ("Greeks", &self.greeks, "sigma-greeks run"),
            ("factor covariance", &self.covariance, "sigma-factors run"),
        ];
        engines.into_iter().filter_map(|(what, dates, command)| issue(what, dates, command)).collect()
    }
}

fn issue(what: &str, dates: &BTreeSet<NaiveDate>, command: &str) -> Option<Issue> {
    let (first, last) = (dates.first()?, dates.last()?);
    let detail = match dates.len() {
        1 => format!("not stored for {first}; run `{command} --as-of {first}`"),
        n => format!(
            "not stored for {n} sessions from {first} to {last}; run `{command} --from {first} --to {last}`"
        ),
    };
    Some(Issue::error(what, Reason::NotComputed, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_dates() {
        let date = |d| NaiveDate::from_ymd_opt(2025, 6, d).unwrap();
        let mut gaps = Gaps { greeks: [date(30)].into(), ..Gaps::default() };
        gaps.extend(Gaps { loadings: [date(2), date(3)].into(), ..Gaps::default() });
        let issues = gaps.issues();
        assert_eq!(
            issues[0].detail,
            "not stored for 2 sessions from 2025-06-02 to 2025-06-03; run `sigma-factors run --from 2025-06-02 --to 2025-06-03`"
        );
        assert_eq!(issues[1].detail, "not stored for 2025-06-30; run `sigma-greeks run --as-of 2025-06-30`");
        assert_eq!(Gaps::default().issues(), []);
    }
}
