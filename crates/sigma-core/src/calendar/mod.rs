//! Exchange sessions: which days the New York Stock Exchange trades, and until when.
//!
//! Every window, staleness limit and return in the workspace counts sessions, so the calendar is a table of known
//! days, not a rule: unscheduled closures follow no rule. The table covers 1998 to 2035; a question outside it is an
//! error, because a guess would shift every window. A file of the user's corrects it when the exchange
//! announces a closure after this build (see [`Calendar::with_overrides`]).
//!
//! Times are exchange-local. Converting an instant to New York time is the caller's work.

mod table;

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

pub use table::LineProblem;
use table::{Exception, Status};

/// First and last year of the table.
pub const YEARS: std::ops::RangeInclusive<i32> = 1998..=2035;
/// First date of the table.
pub const FIRST_DATE: NaiveDate = NaiveDate::from_ymd_opt(*YEARS.start(), 1, 1).expect("a calendar date");
/// Last date of the table.
pub const LAST_DATE: NaiveDate = NaiveDate::from_ymd_opt(*YEARS.end(), 12, 31).expect("a calendar date");

const NYSE_TABLE: &str = include_str!("nyse.csv");
static NYSE: LazyLock<Calendar> = LazyLock::new(|| {
    let days = table::parse(NYSE_TABLE).expect("the built-in calendar is checked by tests");
    Calendar::build(days)
});

/// Why the calendar has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("{date} lies outside the exchange calendar ({} to {})", YEARS.start(), YEARS.end())]
    OutOfRange { date: NaiveDate },
    #[error("line {line} of the calendar file: {problem}")]
    Line { line: usize, problem: LineProblem },
}

/// Sessions of an exchange, ascending, with their closing times.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    sessions: Vec<NaiveDate>,
    /// Weekday closures, early closes and extra sessions, by ascending date.
    exceptions: Vec<Exception>,
}

impl Calendar {
    /// The New York Stock Exchange as known to this build.
    pub fn nyse() -> &'static Calendar {
        &NYSE
    }

    /// The New York Stock Exchange corrected by a file with columns `date,status,close_et,name`, status
    /// `closed`, `early_close` or `open`. Blank lines and lines that start with `#` are skipped.
    pub fn with_overrides(text: &str) -> Result<Calendar, CalendarError> {
        let mut exceptions = Calendar::nyse().exceptions.clone();
        for day in table::parse(text)? {
            match exceptions.binary_search_by_key(&day.date, |e| e.date) {
                Ok(at) => exceptions[at] = day,
                Err(at) => exceptions.insert(at, day),
            }
        }
        Ok(Calendar::build(exceptions))
    }

    /// `exceptions` ascending by date, each inside the table's years.
    fn build(exceptions: Vec<Exception>) -> Calendar {
        let is_session = |date: &NaiveDate| match find(&exceptions, *date) {
            Some(day) => day.status != Status::Closed,
            None => !matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
        };
        let days = FIRST_DATE.iter_days().take_while(|date| *date <= LAST_DATE);
        let sessions = days.filter(is_session).collect();
        Calendar { sessions, exceptions }
    }

    /// Whether the exchange trades on `date`.
    pub fn is_session(&self, date: NaiveDate) -> Result<bool, CalendarError> {
        in_range(date)?;
        Ok(self.sessions.binary_search(&date).is_ok())
    }

    /// The exchange-local close of `date`, `None` when there is no session.
    pub fn close_time(&self, date: NaiveDate) -> Result<Option<NaiveTime>, CalendarError> {
        let early = find(&self.exceptions, date).and_then(|day| day.close);
        Ok(self.is_session(date)?.then(|| early.unwrap_or(REGULAR_CLOSE)))
    }

    /// What makes `date` special: the name of a holiday, an early close or a correction.
    pub fn name_of(&self, date: NaiveDate) -> Option<&str> {
        find(&self.exceptions, date).map(|day| day.name.as_str()).filter(|name| !name.is_empty())
    }

    /// The sessions from `from` to `to`, both included; none when `to` lies before `from`.
    pub fn sessions_between(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>, CalendarError> {
        Ok(self.span(from, to)?.to_vec())
    }

    /// The number of sessions from `from` to `to`, both included.
    pub fn count(&self, from: NaiveDate, to: NaiveDate) -> Result<usize, CalendarError> {
        Ok(self.span(from, to)?.len())
    }

    /// The session `n` sessions before the session on or before `date`. A window of `n` returns that ends on
    /// `date` starts with the close of this day.
    pub fn sessions_back(&self, date: NaiveDate, n: usize) -> Result<NaiveDate, CalendarError> {
        let reached = self.up_to(date)?;
        reached.checked_sub(n + 1).map(|at| self.sessions[at]).ok_or(CalendarError::OutOfRange { date })
    }

    /// The last session that is not after `date`.
    pub fn session_on_or_before(&self, date: NaiveDate) -> Result<NaiveDate, CalendarError> {
        self.sessions_back(date, 0)
    }

    /// The first session that is not before `date`.
    pub fn session_on_or_after(&self, date: NaiveDate) -> Result<NaiveDate, CalendarError> {
        let before = self.before(date)?;
        self.sessions.get(before).copied().ok_or(CalendarError::OutOfRange { date })
    }

    /// The first session after `date`.
    pub fn next(&self, date: NaiveDate) -> Result<NaiveDate, CalendarError> {
        let reached = self.up_to(date)?;
        self.sessions.get(reached).copied().ok_or(CalendarError::OutOfRange { date })
    }

    /// The last session before `date`.
    pub fn previous(&self, date: NaiveDate) -> Result<NaiveDate, CalendarError> {
        let before = self.before(date)?;
        before.checked_sub(1).map(|at| self.sessions[at]).ok_or(CalendarError::OutOfRange { date })
    }

    /// How many sessions have passed since `last` at the close of `as_of`: 0 when `last` is the session of
    /// `as_of` (or later), 1 when one session is missing.
    pub fn age_in_sessions(&self, last: NaiveDate, as_of: NaiveDate) -> Result<usize, CalendarError> {
        Ok(self.up_to(as_of)?.saturating_sub(self.up_to(last)?))
    }

    /// The latest session whose close lies at or before a moment in exchange-local time.
    pub fn last_completed_session(&self, new_york_local: NaiveDateTime) -> Result<NaiveDate, CalendarError> {
        let date = new_york_local.date();
        match self.close_time(date)? {
            Some(close) if new_york_local.time() >= close => Ok(date),
            _ => self.previous(date),
        }
    }

    fn span(&self, from: NaiveDate, to: NaiveDate) -> Result<&[NaiveDate], CalendarError> {
        let (start, end) = (self.before(from)?, self.up_to(to)?);
        Ok(self.sessions.get(start..end).unwrap_or_default())
    }

    /// Number of sessions before `date`.
    fn before(&self, date: NaiveDate) -> Result<usize, CalendarError> {
        in_range(date)?;
        Ok(self.sessions.partition_point(|session| *session < date))
    }

    /// Number of sessions on or before `date`.
    fn up_to(&self, date: NaiveDate) -> Result<usize, CalendarError> {
        in_range(date)?;
        Ok(self.sessions.partition_point(|session| *session <= date))
    }
}

/// The close of a full session.
const REGULAR_CLOSE: NaiveTime = match NaiveTime::from_hms_opt(16, 0, 0) {
    Some(time) => time,
    None => unreachable!(),
};

fn find(exceptions: &[Exception], date: NaiveDate) -> Option<&Exception> {
    exceptions.binary_search_by_key(&date, |e| e.date).ok().map(|at| &exceptions[at])
}

fn in_range(date: NaiveDate) -> Result<(), CalendarError> {
    if YEARS.contains(&date.year()) { Ok(()) } else { Err(CalendarError::OutOfRange { date }) }
}
