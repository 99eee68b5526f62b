//! What is still missing after a run: symbols without a price at the end of it or without the window behind it,
//! yields, and refused bars.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_core::analytics::screen::{Refused, ScreenReason};
use sigma_core::calendar::Calendar;
use sigma_core::model::{InstrumentKind, Issue, Reason};

use crate::decisions::Decisions;
use crate::needs::{Need, Needs};
use crate::state::State;

/// Dates that have data after the run, by symbol, contract or series.
#[derive(Debug, Clone, Default)]
pub struct Covered {
    pub bars: HashMap<String, BTreeSet<NaiveDate>>,
    pub quotes: HashMap<String, BTreeSet<NaiveDate>>,
    pub rates: HashMap<String, BTreeSet<NaiveDate>>,
}

/// Sessions that a mutual fund may lag: its value is published late. Warned from the first, missing from the second.
const FUND_AGE_SESSIONS: (usize, usize) = (2, 4);

/// The same for yields.
const RATE_AGE_SESSIONS: (usize, usize) = (3, 6);

/// Needed symbols without a price on the last day they are needed, without any daily bar, or with gaps in the window.
pub fn missing_prices(
    needs: &Needs,
    covered: &Covered,
    kind_of: impl Fn(&str) -> Option<InstrumentKind>,
    is_provisional: impl Fn(&str, NaiveDate) -> bool,
    calendar: &Calendar,
) -> anyhow::Result<Vec<Issue>> {
    let mut issues = Vec::new();
    let none = BTreeSet::new();
    for (symbol, need) in &needs.needed {
        let dates = covered.bars.get(symbol).unwrap_or(&none);
        let is_fund = kind_of(symbol) == Some(InstrumentKind::MutualFund);
        let limits = if is_fund { FUND_AGE_SESSIONS } else { (1, 1) };
        let (last, age) = match last_and_age(dates, need.until, calendar)? {
            Some(known) => known,
            None => {
                issues.push(Issue::error(symbol, Reason::NoPrice, format!("no bar at all ({})", need.role)));
                continue;
            }
        };
        // A last price values a position for a day; it is no history.
        if dates.iter().all(|day| is_provisional(symbol, *day)) {
            let detail = format!("no daily bar at all ({}), only the last price of {last}", need.role);
            issues.push(Issue::error(symbol, Reason::NoPrice, detail));
            continue;
        }
        if age >= limits.1 {
            let detail = format!("no bar for {}; the last one is of {last}", need.until);
            issues.push(Issue::error(symbol, Reason::NoPrice, detail));
        } else if age >= limits.0 {
            issues.push(Issue::warning(symbol, Reason::StalePrice, format!("{age} sessions old")));
        }
        issues.extend(short_window(symbol, need, dates, needs, calendar)?);
    }
    Ok(issues)
}

/// Sessions of the window without a bar: a late beginning is a short history, the rest are gaps.
fn short_window(
    symbol: &str,
    need: &Need,
    dates: &BTreeSet<NaiveDate>,
    needs: &Needs,
    calendar: &Calendar,
) -> anyhow::Result<Option<Issue>> {
    let sessions = calendar.sessions_between(needs.window_start, need.until).map_err(calendar_error)?;
    let (Some(&first), Some(&last)) = (dates.first(), dates.range(..=need.until).next_back()) else {
        return Ok(None);
    };
    let found = sessions.iter().filter(|session| dates.contains(*session)).count();
    if sessions.first().is_some_and(|&wanted| first > wanted) {
        let detail = format!("{found} of {} sessions, the first of {first}", sessions.len());
        return Ok(Some(Issue::warning(symbol, Reason::InsufficientHistory, detail)));
    }
    let gaps: Vec<_> = sessions.iter().filter(|day| **day < last && !dates.contains(*day)).collect();
    Ok(gaps.first().map(|gap| {
        let detail =
            format!("no bar on {} of {} sessions, the first of them {gap}", gaps.len(), sessions.len());
        Issue::warning(symbol, Reason::NoPrice, detail)
    }))
}

/// Held contracts without a quote on the last day they are needed.
pub fn missing_quotes(needs: &Needs, covered: &Covered, calendar: &Calendar) -> anyhow::Result<Vec<Issue>> {
    let mut issues = Vec::new();
    let none = BTreeSet::new();
    for (symbol, need) in &needs.needed_contracts {
        let dates = covered.quotes.get(symbol).unwrap_or(&none);
        let detail = match last_and_age(dates, need.until, calendar)? {
            Some((_, 0)) => continue,
            Some((last, _)) => format!("no quote for {}; the last one is of {last}", need.until),
            None => "no quote at all".to_owned(),
        };
        issues.push(Issue::error(symbol, Reason::NoPrice, detail));
    }
    Ok(issues)
}

/// Needed symbols whose last price is only the last one that was quoted.
pub fn provisional_prices(state: &State) -> Vec<Issue> {
    let is_provisional = |need: &Need, symbol: &str| state.is_provisional_on(symbol, need.until);
    let provisional = state.needs.needed.iter().filter(|(symbol, need)| is_provisional(need, symbol));
    let issue = |(symbol, need): (&String, &Need)| {
        let detail = format!("the price of {} is provisional until its daily bar is published", need.until);
        Issue::warning(symbol, Reason::StalePrice, detail)
    };
    provisional.map(issue).collect()
}

/// Needed symbols of which no provider has given a bar that stands when all were asked again. A session that was not
/// stored before is none that was asked for again.
pub fn not_refreshed(state: &State) -> Vec<Issue> {
    let is_fresh = |symbol: &String| {
        let first = state.fresh.bars.get(symbol).and_then(|dates| dates.first());
        first.is_some_and(|first| state.last_bars.get(symbol).is_none_or(|last| first <= last))
    };
    let stale = state.needs.needed.keys().filter(|symbol| !is_fresh(symbol));
    stale
        .map(|symbol| {
            Issue::error(
                symbol,
                Reason::ProviderError,
                "not refreshed: nobody gave better bars than the stored ones",
            )
        })
        .collect()
}

/// Needed yields that are not there or old. That nobody offers any is a warning, since engines can do without; that
/// somebody was asked in vain is as bad as old ones.
pub fn missing_rates(
    needs: &Needs,
    covered: &Covered,
    was_refused: impl Fn(&str) -> bool,
    calendar: &Calendar,
) -> anyhow::Result<Vec<Issue>> {
    let mut issues = Vec::new();
    let none = BTreeSet::new();
    for series in &needs.series {
        let dates = covered.rates.get(series).unwrap_or(&none);
        match last_and_age(dates, needs.to, calendar)? {
            None if was_refused(series) => {
                issues.push(Issue::error(series, Reason::NoRate, "no yield at all"));
            }
            None => issues.push(Issue::warning(series, Reason::NoRate, "no yield at all")),
            Some((_, age)) if age < RATE_AGE_SESSIONS.0 => {}
            Some((last, age)) if age < RATE_AGE_SESSIONS.1 => {
                issues.push(Issue::warning(series, Reason::NoRate, format!("the last yield is of {last}")));
            }
            Some((last, _)) => {
                issues.push(Issue::error(series, Reason::NoRate, format!("the last yield is of {last}")));
            }
        }
    }
    Ok(issues)
}

/// The latest date not after `until`, and how many sessions have passed since.
fn last_and_age(
    dates: &BTreeSet<NaiveDate>,
    until: NaiveDate,
    calendar: &Calendar,
) -> anyhow::Result<Option<(NaiveDate, usize)>> {
    let Some(&last) = dates.range(..=until).next_back() else { return Ok(None) };
    Ok(Some((last, calendar.age_in_sessions(last, until).map_err(calendar_error)?)))
}

/// Refused bars by symbol. They take a number away unless the day has a bar anyway or is no session; what the user
/// has dropped is settled.
pub fn refused_bars(refused: &[(String, Refused)], decisions: &Decisions, covered: &Covered) -> Vec<Issue> {
    let mut by_symbol: BTreeMap<&str, (bool, BTreeSet<&str>)> = BTreeMap::new();
    for (symbol, Refused { bar, reason, .. }) in refused {
        if decisions.is_dropped(symbol, bar, reason.as_str()) {
            continue;
        }
        let replaced = covered.bars.get(symbol).is_some_and(|dates| dates.contains(&bar.date));
        let entry = by_symbol.entry(symbol).or_default();
        entry.0 |= !replaced && *reason != ScreenReason::NotASession;
        entry.1.insert(reason.as_str());
    }
    let issue = |(symbol, (takes_away, reasons)): (&str, (bool, BTreeSet<&str>))| {
        let reasons = reasons.into_iter().collect::<Vec<_>>().join(", ");
        let detail = format!("bars in quarantine ({reasons}); see `sigma-validate quarantine show`");
        match takes_away {
            true => Issue::error(symbol, Reason::ProviderError, detail),
            false => Issue::warning(symbol, Reason::ProviderError, detail),
        }
    };
    by_symbol.into_iter().map(issue).collect()
}
