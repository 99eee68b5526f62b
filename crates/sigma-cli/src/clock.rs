//! The wall clock: the one place in the workspace that reads it.
//!
//! `SIGMA_NOW` (RFC 3339) stops the clock for a reproducible run. `SOURCE_DATE_EPOCH` (seconds since 1970) fixes
//! the time that generated files carry, as build tools do; it does not move the as-of date.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use chrono_tz::America::New_York;

use crate::environment::variable;
use crate::exit::ToolError;

/// The time, read from the system or fixed by the environment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    stopped_at: Option<DateTime<Utc>>,
    generation_time: Option<DateTime<Utc>>,
}

impl Clock {
    /// A clock that honours `SIGMA_NOW` and `SOURCE_DATE_EPOCH`.
    pub fn from_environment() -> Result<Clock, ToolError> {
        Clock::from_values(variable("SIGMA_NOW").as_deref(), variable("SOURCE_DATE_EPOCH").as_deref())
    }

    /// The same from given values.
    pub fn from_values(sigma_now: Option<&str>, source_date_epoch: Option<&str>) -> Result<Clock, ToolError> {
        let stopped_at = sigma_now.map(parse_instant).transpose()?;
        let generation_time = source_date_epoch.map(parse_epoch).transpose()?;
        Ok(Clock { stopped_at, generation_time })
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.stopped_at.unwrap_or_else(system_now)
    }

    /// Now, as stored and printed: `2025-06-30T21:15:00Z`.
    pub fn timestamp(&self) -> String {
        rfc3339(self.now())
    }

    /// What a clock on the wall of the exchange shows; input of the session calendar.
    pub fn new_york_local(&self) -> NaiveDateTime {
        self.now().with_timezone(&New_York).naive_local()
    }

    /// The time that generated files carry.
    pub fn generation_timestamp(&self) -> String {
        rfc3339(self.generation_time.unwrap_or_else(|| self.now()))
    }
}

/// RFC 3339 in UTC with `Z`, in whole seconds.
pub fn rfc3339(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The real time, which `SIGMA_NOW` does not stop: for request budgets only. A provider counts requests by its own
/// clock; counted by a stopped one, a used-up budget would never refill, or every run would find it full.
#[expect(clippy::disallowed_methods, reason = "the single place that reads the clock")]
pub fn system_now() -> DateTime<Utc> {
    Utc::now()
}

fn parse_instant(text: &str) -> Result<DateTime<Utc>, ToolError> {
    DateTime::parse_from_rfc3339(text).map(|instant| instant.with_timezone(&Utc)).map_err(|_| {
        ToolError::usage(format!("SIGMA_NOW is not an RFC 3339 time: \"{text}\""))
            .hint("write it like 2025-06-30T21:15:00Z, or unset it")
    })
}

fn parse_epoch(text: &str) -> Result<DateTime<Utc>, ToolError> {
    text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or_else(|| {
        ToolError::usage(format!("SOURCE_DATE_EPOCH is not a number of seconds: \"{text}\""))
            .hint("set it to the output of: date +%s")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_york_follows_daylight_saving() {
        let local = |now: &str| Clock::from_values(Some(now), None).unwrap().new_york_local().to_string();
        assert_eq!(local("2025-06-30T20:00:00Z"), "2025-06-30 16:00:00");
        assert_eq!(local("2025-01-02T21:00:00Z"), "2025-01-02 16:00:00");
        assert_eq!(local("2025-07-01T02:30:00Z"), "2025-06-30 22:30:00");
        // The hour that is skipped and the hour that is repeated in 2025.
        assert_eq!(local("2025-03-09T07:00:00Z"), "2025-03-09 03:00:00");
        assert_eq!(local("2025-11-02T06:00:00Z"), "2025-11-02 01:00:00");
    }

    #[test]
    fn offsets_become_utc() {
        let clock = Clock::from_values(Some("2025-06-30T17:15:00.250-04:00"), None).unwrap();
        assert_eq!(clock.timestamp(), "2025-06-30T21:15:00Z");
        assert_eq!(clock.generation_timestamp(), "2025-06-30T21:15:00Z");
    }

    #[test]
    fn generation_time_is_fixed_on_its_own() {
        let clock = Clock::from_values(Some("2025-06-30T21:15:00Z"), Some("0")).unwrap();
        assert_eq!(clock.generation_timestamp(), "1970-01-01T00:00:00Z");
        assert_eq!(clock.timestamp(), "2025-06-30T21:15:00Z");
    }

    #[test]
    fn nonsense_is_a_usage_error() {
        let err = Clock::from_values(Some("yesterday"), None).unwrap_err();
        assert_eq!(err.status, crate::exit::ExitStatus::Usage);
        assert!(err.message.contains("yesterday"));
        assert!(Clock::from_values(None, Some("1.5")).is_err());
    }
}
