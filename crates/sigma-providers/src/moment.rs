//! Trading dates from a provider's time stamps. A date in Greenwich is not one in New York.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::America::New_York;

/// The moment's date on the wall of the exchange; `None` for a stamp beyond the calendar of the computer.
pub fn new_york_date(milliseconds: i64) -> Option<NaiveDate> {
    Some(new_york(DateTime::from_timestamp_millis(milliseconds)?).date())
}

/// The same from nanoseconds.
pub fn new_york_date_of_nanos(nanoseconds: i64) -> Option<NaiveDate> {
    Some(new_york(DateTime::from_timestamp_nanos(nanoseconds)).date())
}

/// What a clock on the wall of the exchange shows.
pub fn new_york(instant: DateTime<Utc>) -> NaiveDateTime {
    instant.with_timezone(&New_York).naive_local()
}

/// Seconds since 1970 at the beginning of a day in New York.
pub fn seconds_at_midnight(date: NaiveDate) -> Option<i64> {
    let midnight = New_York.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest()?;
    Some(midnight.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn winter_and_summer_midnights_belong_to_their_day() {
        // 2025-10-31 is summer time (04:00Z), 2025-11-03 winter time (05:00Z).
        assert_eq!(new_york_date(1_761_883_200_000), Some(day("2025-10-31")));
        assert_eq!(new_york_date(1_762_146_000_000), Some(day("2025-11-03")));
        // The close of 2025-11-03, 16:00 in New York, and the evening after it, when it is Tuesday in Greenwich.
        assert_eq!(new_york_date(1_762_203_600_000), Some(day("2025-11-03")));
        assert_eq!(new_york_date(1_762_218_000_000), Some(day("2025-11-03")));
        // Around the change of March: 2025-03-07 and 2025-03-10.
        assert_eq!(new_york_date(1_741_323_600_000), Some(day("2025-03-07")));
        assert_eq!(new_york_date(1_741_579_200_000), Some(day("2025-03-10")));
    }

    #[test]
    fn midnights_of_both_seasons() {
        assert_eq!(seconds_at_midnight(day("2025-11-03")), Some(1_762_146_000));
        assert_eq!(seconds_at_midnight(day("2025-10-31")), Some(1_761_883_200));
    }
}
