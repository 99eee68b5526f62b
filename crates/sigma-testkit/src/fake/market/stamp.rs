//! Epoch stamps of New York wall times, by the rule in force since 2007.
//!
//! Written from the rule (daylight time from the second Sunday of March to the first Sunday of November, both
//! at 02:00), so that it checks clients that use a time-zone table.

use chrono::{DateTime, Datelike, Days, NaiveDate};

/// Seconds since 1970 of a New York wall time; 02:00 to 03:00 of a March change does not exist.
pub fn new_york(date: NaiveDate, hour: u32, minute: u32) -> i64 {
    let wall = date.and_hms_opt(hour, minute, 0).expect("a time of day").and_utc().timestamp();
    wall + offset_hours(date, hour) * 3600
}

/// Start of the day in New York, in milliseconds.
pub fn midnight_ms(date: NaiveDate) -> i64 {
    new_york(date, 0, 0) * 1000
}

/// The New York date of an instant; before 2007 the UTC date, which only bounds of windows need.
pub fn date_of(seconds: i64) -> NaiveDate {
    let utc = DateTime::from_timestamp(seconds, 0).expect("a stamp in range").date_naive();
    if utc.year() < 2007 {
        return utc;
    }
    if new_york(utc, 0, 0) > seconds { utc - Days::new(1) } else { utc }
}

/// Hours that New York is behind UTC: 4 in daylight time, else 5.
pub fn offset_hours(date: NaiveDate, hour: u32) -> i64 {
    assert!(date.year() >= 2007, "the rule holds from 2007 on, not on {date}");
    let starts = sunday(date.year(), 3, 2);
    let ends = sunday(date.year(), 11, 1);
    let daylight =
        (date > starts || (date == starts && hour >= 2)) && (date < ends || (date == ends && hour < 2));
    if daylight { 4 } else { 5 }
}

fn sunday(year: i32, month: u32, nth: u8) -> NaiveDate {
    NaiveDate::from_weekday_of_month_opt(year, month, chrono::Weekday::Sun, nth).expect("a second Sunday")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_of_known_instants() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        // 2025-10-30T04:00Z and 2025-11-03T05:00Z, either side of the end of daylight time.
        assert_eq!(midnight_ms(day(2025, 10, 30)), 1_761_796_800_000);
        assert_eq!(midnight_ms(day(2025, 11, 3)), 1_762_146_000_000);
        assert_eq!(new_york(day(2025, 11, 4), 9, 30), 1_762_266_600);
        for date in day(2024, 1, 1).iter_days().take(800) {
            assert_eq!(date_of(new_york(date, 0, 0)), date);
            assert_eq!(date_of(new_york(date, 0, 0) - 1), date - Days::new(1));
        }
    }
}
