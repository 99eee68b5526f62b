//! The calendar against the closures that a provider announces. An unscheduled closure becomes known after a build of
//! this program, and every window counts sessions.

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use sigma_core::calendar::Calendar;
use sigma_providers::polygon::Closure;

use super::{Health, Line};

const CHECK: &str = "calendar ahead";

/// One line for each day on which they differ, or one that they agree. Days outside the calendar are left out.
pub fn lines(calendar: &Calendar, announced: &[Closure]) -> Vec<Line> {
    let mut announced = announced.to_vec();
    announced.sort_by_key(|closure| closure.date);
    let (Some(first), Some(last)) = (announced.first(), announced.last()) else {
        return vec![Line::new(CHECK, Health::Warn, "Polygon announces no closure at all")];
    };
    let mut lines: Vec<Line> = announced.iter().filter_map(|closure| differs(calendar, closure)).collect();
    let is_announced = |date: NaiveDate| announced.iter().any(|closure| closure.date == date);
    let between = first.date.iter_days().take_while(|date| *date <= last.date);
    let unannounced = between.filter(|date| is_holiday(calendar, *date) && !is_announced(*date));
    lines.extend(unannounced.map(|date| {
        Line::new(CHECK, Health::Fail, format!("{date}: no session here, and Polygon announces no closure"))
            .fix(remedy(&format!("{date},open,,")))
    }));
    if lines.is_empty() {
        let (days, until) = (announced.len(), last.date);
        let detail = format!("agrees with the {days} days that Polygon announces, up to {until}");
        lines.push(Line::new(CHECK, Health::Ok, detail));
    }
    lines
}

fn differs(calendar: &Calendar, closure: &Closure) -> Option<Line> {
    let Closure { date, name, is_closed, closes_at } = closure;
    let close = calendar.close_time(*date).ok()?;
    let here = match close {
        None => "no session here".to_owned(),
        Some(close) => format!("a session until {} here", close.format("%H:%M")),
    };
    let name = name.as_deref().unwrap_or("closure");
    let (there, row) = match (is_closed, closes_at) {
        (true, _) => ("closed".to_owned(), format!("{date},closed,,{name}")),
        (false, Some(at)) => {
            let at = at.format("%H:%M");
            (format!("closing at {at}"), format!("{date},early_close,{at},{name}"))
        }
        (false, None) => ("closing early".to_owned(), format!("{date},early_close,13:00,{name}")),
    };
    let agrees = match (is_closed, closes_at) {
        (true, _) => close.is_none(),
        (false, Some(at)) => close == Some(*at),
        (false, None) => close.is_some_and(|close| Some(close) < NaiveTime::from_hms_opt(16, 0, 0)),
    };
    let detail = format!("{date} ({name}): {there} by Polygon, {here}");
    (!agrees).then(|| Line::new(CHECK, Health::Fail, detail).fix(remedy(&row)))
}

fn is_holiday(calendar: &Calendar, date: NaiveDate) -> bool {
    let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    !is_weekend && calendar.is_session(date) == Ok(false)
}

fn remedy(row: &str) -> String {
    format!("if it is so, add the line {row} to the file of the setting calendar (SIGMA_CALENDAR)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closure(date: &str, closes_at: Option<&str>) -> Closure {
        Closure {
            date: date.parse().unwrap(),
            name: Some("Day".to_owned()),
            is_closed: closes_at.is_none(),
            closes_at: closes_at.map(|time| time.parse().unwrap()),
        }
    }

    #[test]
    fn the_known_holidays_agree() {
        let announced = [closure("2025-11-27", None), closure("2025-11-28", Some("13:00:00"))];
        let lines = lines(Calendar::nyse(), &announced);
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].health, lines[0].fix.as_deref()), (Health::Ok, None), "{}", lines[0].detail);
    }

    #[test]
    fn each_difference_names_its_day_and_the_line_that_mends_it() {
        let announced = [
            closure("2025-11-25", None),
            closure("2025-11-28", Some("14:00:00")),
            closure("2025-12-02", Some("13:00:00")),
        ];
        let lines = lines(Calendar::nyse(), &announced);
        let rows = [
            "2025-11-25,closed,,Day",
            "2025-11-28,early_close,14:00,Day",
            "2025-12-02,early_close,13:00,Day",
            "2025-11-27,open,,",
        ];
        assert_eq!(lines.len(), rows.len());
        for (line, row) in lines.iter().zip(rows) {
            assert_eq!(line.health, Health::Fail);
            assert!(line.fix.as_deref().unwrap().contains(row), "{line:?}");
            // The line does what it says.
            let text = format!("date,status,close_et,name\n{row}\n");
            assert!(Calendar::with_overrides(&text).is_ok(), "{row}");
        }
        let mended = format!("date,status,close_et,name\n{}\n", rows.join("\n"));
        let mended = Calendar::with_overrides(&mended).unwrap();
        assert_eq!(super::lines(&mended, &announced)[0].health, Health::Ok);
    }
}
