//! The history gate: which needed symbols carry the window of returns, before and after a run.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_core::analytics::history::{Verdict, observations, verdict};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Dataset, Issue, Reason};

use crate::faults::Faults;
use crate::state::State;

/// Fewest returns that give a loading at all.
const MIN_OBSERVATIONS: usize = 60;

/// Verdicts by symbol.
pub type Verdicts = BTreeMap<String, (Verdict, usize)>;

/// Judges every needed symbol over the window that ends on the last session of the run.
pub fn judge(state: &State, window: usize, calendar: &Calendar) -> anyhow::Result<Verdicts> {
    let needs = &state.needs;
    let first = calendar.sessions_back(needs.to, window).map_err(calendar_error)?;
    let sessions: Vec<NaiveDate> = calendar.sessions_between(first, needs.to).map_err(calendar_error)?;
    let judged = |symbol: &String| {
        let found = state.histories.get(symbol).map_or(0, |history| observations(history, &sessions));
        (symbol.clone(), (verdict(found, window, MIN_OBSERVATIONS.min(window)), found))
    };
    Ok(needs.needed.keys().map(judged).collect())
}

/// What the gate counts: `total`, `sufficient`, `backfilled` by this run, and still short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    pub total: usize,
    pub sufficient: usize,
    pub backfilled: usize,
    pub short: usize,
}

/// Compares the verdicts before and after a run.
pub fn compare(before: &Verdicts, after: &Verdicts) -> Gate {
    let is_sufficient = |verdicts: &Verdicts, symbol: &str| {
        verdicts.get(symbol).is_some_and(|(verdict, _)| *verdict == Verdict::Sufficient)
    };
    let sufficient = after.keys().filter(|symbol| is_sufficient(after, symbol));
    let backfilled = sufficient.clone().filter(|symbol| !is_sufficient(before, symbol)).count();
    let sufficient = sufficient.count();
    Gate { total: after.len(), sufficient, backfilled, short: after.len() - sufficient }
}

/// One warning for each symbol that is still short, with what each provider answered.
pub fn still_short(state: &State, verdicts: &Verdicts, window: usize) -> Vec<Issue> {
    let short = verdicts.iter().filter(|(_, (verdict, _))| *verdict != Verdict::Sufficient);
    let issue = |(symbol, (verdict, found)): (&String, &(Verdict, usize))| {
        let account = state.memory.account(symbol, Dataset::Prices);
        let why = if account.is_empty() { String::new() } else { format!(" ({account})") };
        let first = state.histories.get(symbol).and_then(|history| history.bars.first());
        let first = first.map(|bar| format!(", the first bar of {}", bar.date)).unwrap_or_default();
        let detail = format!("{found} of {window} returns, {}{first}{why}", verdict.as_str());
        Issue::warning(symbol, Reason::InsufficientHistory, detail)
    };
    short.map(issue).collect()
}

/// One error for each symbol whose window a limit keeps short: a later run will bring the rest.
pub fn kept_away(verdicts: &Verdicts, faults: &Faults) -> Vec<Issue> {
    let is_short = |(symbol, (verdict, _)): &(&String, &(Verdict, usize))| {
        *verdict != Verdict::Sufficient && faults.is_limited(symbol)
    };
    let issue = |(symbol, _): (&String, &(Verdict, usize))| {
        let detail = "a limit keeps the rest of its history away; run again when it is over";
        Issue::error(symbol, Reason::ProviderError, detail)
    };
    verdicts.iter().filter(is_short).map(issue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_sufficient_was_backfilled() {
        let verdicts = |of: &[(&str, Verdict)]| -> Verdicts {
            of.iter().map(|(symbol, verdict)| ((*symbol).to_owned(), (*verdict, 0))).collect()
        };
        let before = verdicts(&[("A", Verdict::Sufficient), ("B", Verdict::Missing), ("C", Verdict::Short)]);
        let after =
            verdicts(&[("A", Verdict::Sufficient), ("B", Verdict::Sufficient), ("C", Verdict::Limited)]);
        assert_eq!(compare(&before, &after), Gate { total: 3, sufficient: 2, backfilled: 1, short: 1 });
    }
}
