//! The session calendar against published session counts and dated closures.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use proptest::prelude::*;
use sigma_core::calendar::{Calendar, CalendarError, LineProblem};

fn day(text: &str) -> NaiveDate {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
}

fn moment(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
}

fn clock(hour: u32) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(hour, 0, 0)
}

#[test]
fn years_have_their_published_number_of_sessions() {
    let nyse = Calendar::nyse();
    let years = [
        (2001, 248),
        (2012, 250),
        (2018, 251),
        (2020, 253),
        (2023, 250),
        (2024, 252),
        (2025, 250),
        (2026, 251),
    ];
    for (year, sessions) in years {
        let span = (day(&format!("{year}-01-01")), day(&format!("{year}-12-31")));
        assert_eq!(nyse.count(span.0, span.1).unwrap(), sessions, "{year}");
        assert_eq!(nyse.sessions_between(span.0, span.1).unwrap().len(), sessions, "{year}");
    }
}

#[test]
fn unscheduled_closures_are_closed() {
    let closures = [
        "2001-09-11",
        "2001-09-12",
        "2001-09-13",
        "2001-09-14",
        "2004-06-11",
        "2007-01-02",
        "2012-10-29",
        "2012-10-30",
        "2018-12-05",
        "2025-01-09",
    ];
    for date in closures {
        assert!(!Calendar::nyse().is_session(day(date)).unwrap(), "{date}");
        assert_eq!(Calendar::nyse().close_time(day(date)).unwrap(), None, "{date}");
        assert!(Calendar::nyse().name_of(day(date)).is_some(), "{date}");
    }
    for date in ["2001-09-10", "2001-09-17", "2012-10-31", "2018-12-06", "2025-01-10"] {
        assert!(Calendar::nyse().is_session(day(date)).unwrap(), "{date}");
    }
}

#[test]
fn half_days_close_at_one() {
    for date in ["1999-12-31", "2018-12-24", "2023-11-24", "2024-07-03", "2024-12-24", "2025-07-03"] {
        assert_eq!(Calendar::nyse().close_time(day(date)).unwrap(), clock(13), "{date}");
    }
    for date in ["2024-07-02", "2024-12-23", "2025-06-30"] {
        assert_eq!(Calendar::nyse().close_time(day(date)).unwrap(), clock(16), "{date}");
    }
}

#[test]
fn a_new_year_on_saturday_is_not_observed_on_friday() {
    for date in ["1999-12-31", "2004-12-31", "2010-12-31", "2021-12-31", "2027-12-31", "2032-12-31"] {
        assert_eq!(day(date).weekday(), Weekday::Fri);
        assert!(Calendar::nyse().is_session(day(date)).unwrap(), "{date}");
    }
    // On a Sunday the holiday moves to the Monday.
    assert!(!Calendar::nyse().is_session(day("2023-01-02")).unwrap());
}

#[test]
fn juneteenth_starts_in_2022() {
    assert!(Calendar::nyse().is_session(day("2020-06-19")).unwrap());
    assert!(Calendar::nyse().is_session(day("2021-06-18")).unwrap());
    assert!(!Calendar::nyse().is_session(day("2022-06-20")).unwrap());
}

#[test]
fn steps_cross_weekends_and_holidays() {
    let nyse = Calendar::nyse();
    assert_eq!(nyse.next(day("2025-04-17")).unwrap(), day("2025-04-21"));
    assert_eq!(nyse.previous(day("2024-01-16")).unwrap(), day("2024-01-12"));
    assert_eq!(nyse.session_on_or_after(day("2024-01-13")).unwrap(), day("2024-01-16"));
    assert_eq!(nyse.session_on_or_before(day("2024-01-15")).unwrap(), day("2024-01-12"));
    assert_eq!(nyse.session_on_or_before(day("2024-01-16")).unwrap(), day("2024-01-16"));
    assert_eq!(nyse.sessions_back(day("2024-01-16"), 1).unwrap(), day("2024-01-12"));
    assert_eq!(nyse.sessions_back(day("2024-01-15"), 1).unwrap(), day("2024-01-11"));
    assert_eq!(
        nyse.sessions_between(day("2025-01-08"), day("2025-01-10")).unwrap(),
        [day("2025-01-08"), day("2025-01-10")]
    );
    assert_eq!(nyse.count(day("2025-01-10"), day("2025-01-08")).unwrap(), 0);
}

#[test]
fn staleness_counts_sessions_not_days() {
    let nyse = Calendar::nyse();
    // Friday's price seen on the weekend is fresh, on Monday one session old.
    assert_eq!(nyse.age_in_sessions(day("2025-06-27"), day("2025-06-29")).unwrap(), 0);
    assert_eq!(nyse.age_in_sessions(day("2025-06-27"), day("2025-06-30")).unwrap(), 1);
    // Thursday before Good Friday, seen on Easter Monday.
    assert_eq!(nyse.age_in_sessions(day("2025-04-17"), day("2025-04-21")).unwrap(), 1);
    assert_eq!(nyse.age_in_sessions(day("2025-06-30"), day("2025-06-27")).unwrap(), 0);
}

#[test]
fn a_session_counts_from_its_close() {
    let cases = [
        ("2025-06-30 15:59:59", "2025-06-27"),
        ("2025-06-30 16:00:00", "2025-06-30"),
        ("2025-07-03 12:59:59", "2025-07-02"),
        ("2025-07-03 13:00:00", "2025-07-03"),
        ("2025-07-04 18:00:00", "2025-07-03"),
        ("2025-07-07 09:00:00", "2025-07-03"),
    ];
    for (now, session) in cases {
        assert_eq!(Calendar::nyse().last_completed_session(moment(now)).unwrap(), day(session), "{now}");
    }
}

#[test]
fn questions_outside_the_table_are_errors() {
    let nyse = Calendar::nyse();
    for date in [day("1997-12-31"), day("2036-01-01"), NaiveDate::MIN, NaiveDate::MAX] {
        let error = CalendarError::OutOfRange { date };
        assert_eq!(nyse.is_session(date), Err(error.clone()));
        assert_eq!(nyse.close_time(date), Err(error.clone()));
        assert_eq!(nyse.count(day("2020-01-01"), date), Err(error.clone()));
        assert_eq!(nyse.next(date), Err(error.clone()));
        assert_eq!(nyse.previous(date), Err(error.clone()));
        assert_eq!(nyse.age_in_sessions(date, day("2020-01-01")), Err(error));
    }
    assert_eq!(nyse.previous(day("1998-01-02")), Err(CalendarError::OutOfRange { date: day("1998-01-02") }));
    assert_eq!(nyse.next(day("2035-12-31")), Err(CalendarError::OutOfRange { date: day("2035-12-31") }));
    assert_eq!(
        nyse.sessions_back(day("1998-01-05"), 2),
        Err(CalendarError::OutOfRange { date: day("1998-01-05") })
    );
    assert!(nyse.is_session(day("2035-12-31")).unwrap());
}

#[test]
fn overrides_correct_the_table() {
    let text = "# announced late\ndate,status,close_et,name\n\n2025-07-08,closed,,Day of mourning, national\n\
                2025-07-09,early_close,14:30,Storm\n2025-07-04,open,,\n2025-07-05,open,12:00,Saturday session\n";
    let own = Calendar::with_overrides(text).unwrap();
    assert!(!own.is_session(day("2025-07-08")).unwrap());
    assert_eq!(own.name_of(day("2025-07-08")), Some("Day of mourning, national"));
    assert_eq!(own.close_time(day("2025-07-09")).unwrap(), NaiveTime::from_hms_opt(14, 30, 0));
    assert_eq!(own.close_time(day("2025-07-04")).unwrap(), clock(16));
    assert_eq!(own.close_time(day("2025-07-05")).unwrap(), clock(12));
    assert_eq!(own.next(day("2025-07-07")).unwrap(), day("2025-07-09"));
    assert_eq!(&Calendar::with_overrides("").unwrap(), Calendar::nyse());
}

#[test]
fn a_bad_override_names_its_line() {
    let cases = [
        ("when,what\n", 1, LineProblem::Header("when,what".into())),
        ("date,status,close_et,name\n2025-07-08,closed\n", 2, LineProblem::Fields(2)),
        ("date,status,close_et,name\n\n2025-13-08,closed,,x\n", 3, LineProblem::Date("2025-13-08".into())),
        ("date,status,close_et,name\n2025-07-08,shut,,x\n", 2, LineProblem::Status("shut".into())),
        ("date,status,close_et,name\n2025-07-08,early_close,,x\n", 2, LineProblem::CloseMissing),
        ("date,status,close_et,name\n2025-07-08,early_close,1pm,x\n", 2, LineProblem::Close("1pm".into())),
        (
            "date,status,close_et,name\n2025-07-08,closed,13:00,x\n",
            2,
            LineProblem::CloseOfClosed("13:00".into()),
        ),
        (
            "date,status,close_et,name\n2036-07-08,closed,,x\n",
            2,
            LineProblem::OutsideYears(day("2036-07-08")),
        ),
        (
            "date,status,close_et,name\n2025-07-08,closed,,x\n2025-07-08,open,,x\n",
            3,
            LineProblem::Duplicate(day("2025-07-08")),
        ),
    ];
    for (text, line, problem) in cases {
        assert_eq!(Calendar::with_overrides(text), Err(CalendarError::Line { line, problem }), "{text}");
    }
}

proptest! {
    /// Steps invert each other, and counting agrees with stepping.
    #[test]
    fn steps_and_counts_agree(offset in 30i64..13_800, n in 0usize..15) {
        let nyse = Calendar::nyse();
        let date = day("1998-01-01") + chrono::Duration::days(offset);
        let session = nyse.session_on_or_before(date).unwrap();
        prop_assert!(nyse.is_session(session).unwrap() && session <= date);
        prop_assert_eq!(nyse.previous(nyse.next(session).unwrap()).unwrap(), session);
        let start = nyse.sessions_back(date, n).unwrap();
        prop_assert_eq!(nyse.count(start, date).unwrap(), n + 1);
        prop_assert_eq!(nyse.age_in_sessions(start, date).unwrap(), n);
        prop_assert!(!matches!(session.weekday(), Weekday::Sat | Weekday::Sun));
    }
}
