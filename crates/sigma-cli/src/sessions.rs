//! The exchange calendar with the user's overrides, and the sessions that a run covers.

use chrono::NaiveDate;
use sigma_core::calendar::{Calendar, CalendarError};

use crate::app::App;
use crate::args::RangeArgs;
use crate::config::Key;
use crate::exit::{ExitStatus, ToolError, fail};

/// Sessions of a run, ascending, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRange {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub sessions: Vec<NaiveDate>,
}

impl App {
    /// NYSE sessions, with the file of the setting `calendar` laid over them.
    pub fn calendar(&self) -> anyhow::Result<Calendar> {
        let Some(path) = self.settings.text(Key::Calendar) else { return Ok(Calendar::nyse().clone()) };
        let text = std::fs::read_to_string(path).map_err(|error| {
            fail(
                ExitStatus::Usage,
                format!("cannot read the calendar file {path}: {error}"),
                "check SIGMA_CALENDAR",
            )
        })?;
        Calendar::with_overrides(&text).map_err(|error| {
            let message = format!("calendar file {path}: {error}");
            fail(ExitStatus::Usage, message, "one line a day: date,status,close_et,name")
        })
    }

    /// The last session whose close has passed in New York.
    pub fn last_completed_session(&self, calendar: &Calendar) -> anyhow::Result<NaiveDate> {
        calendar.last_completed_session(self.clock.new_york_local()).map_err(calendar_error)
    }

    /// The sessions of a run. A date without a session stands for the last session before it.
    pub fn sessions(&self, range: &RangeArgs, calendar: &Calendar) -> anyhow::Result<SessionRange> {
        let last_completed = self.last_completed_session(calendar)?;
        let dates = range.resolve(last_completed)?;
        if dates.to > last_completed {
            let message =
                format!("{} has not closed yet; the last completed session is {last_completed}", dates.to);
            return Err(fail(ExitStatus::Usage, message, format!("use --as-of {last_completed}")));
        }
        if range.from.is_none() {
            let session = calendar.session_on_or_before(dates.to).map_err(calendar_error)?;
            if session != dates.to {
                self.note(&format!("{} is not a session; running for {session}", dates.to));
            }
            return Ok(SessionRange { from: session, to: session, sessions: vec![session] });
        }
        let sessions = calendar.sessions_between(dates.from, dates.to).map_err(calendar_error)?;
        match (sessions.first(), sessions.last()) {
            (Some(&from), Some(&to)) => Ok(SessionRange { from, to, sessions }),
            _ => Err(ToolError::usage(format!("no session between {} and {}", dates.from, dates.to))
                .hint("name a range that holds an exchange session")
                .into()),
        }
    }
}

/// Gives an error of the calendar its exit code.
pub fn calendar_error(error: CalendarError) -> anyhow::Error {
    ToolError::from_cause(ExitStatus::Usage, error).into()
}
