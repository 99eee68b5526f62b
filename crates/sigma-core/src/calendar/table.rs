//! The text form of a calendar: days on which the exchange does not keep its weekly hours.

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::{CalendarError, YEARS};

/// Header of a calendar file.
const HEADER: &str = "date,status,close_et,name";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Closed,
    EarlyClose,
    Open,
}

/// One day that differs from the weekly pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Exception {
    pub date: NaiveDate,
    pub status: Status,
    /// Exchange-local close of an early close, or of an extra session that names one.
    pub close: Option<NaiveTime>,
    pub name: String,
}

/// What is wrong with a line of a calendar file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    #[error("expected the header `{HEADER}`, found `{0}`")]
    Header(String),
    #[error("expected four fields `{HEADER}`, found {0}")]
    Fields(usize),
    #[error("`{0}` is not a date of the form YYYY-MM-DD")]
    Date(String),
    #[error("{0} lies outside {first} to {last}", first = YEARS.start(), last = YEARS.end())]
    OutsideYears(NaiveDate),
    #[error("{0} appears twice")]
    Duplicate(NaiveDate),
    #[error("`{0}` is not a status: use closed, early_close or open")]
    Status(String),
    #[error("`{0}` is not a closing time of the form HH:MM")]
    Close(String),
    #[error("an early close needs its time in the third field, e.g. 13:00")]
    CloseMissing,
    #[error("a closed day has no closing time, found `{0}`")]
    CloseOfClosed(String),
}

/// Reads a calendar file; the days come out ascending.
pub(super) fn parse(text: &str) -> Result<Vec<Exception>, CalendarError> {
    let at = |line: usize| move |problem| CalendarError::Line { line, problem };
    let mut rows = text
        .trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    match rows.next() {
        Some((_, HEADER)) | None => {}
        Some((line, other)) => return Err(at(line)(LineProblem::Header(other.to_owned()))),
    }
    let mut days: Vec<Exception> = Vec::new();
    for (line, row) in rows {
        let day = parse_row(row).map_err(at(line))?;
        match days.binary_search_by_key(&day.date, |d| d.date) {
            Ok(_) => return Err(at(line)(LineProblem::Duplicate(day.date))),
            Err(place) => days.insert(place, day),
        }
    }
    Ok(days)
}

fn parse_row(row: &str) -> Result<Exception, LineProblem> {
    let fields: Vec<&str> = row.splitn(4, ',').map(str::trim).collect();
    let &[date, status, close, name] = fields.as_slice() else {
        return Err(LineProblem::Fields(fields.len()));
    };
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").map_err(|_| LineProblem::Date(date.to_owned()))?;
    if !YEARS.contains(&date.year()) {
        return Err(LineProblem::OutsideYears(date));
    }
    let status = match status {
        "closed" => Status::Closed,
        "early_close" => Status::EarlyClose,
        "open" => Status::Open,
        other => return Err(LineProblem::Status(other.to_owned())),
    };
    let close = match (status, close) {
        (Status::EarlyClose, "") => return Err(LineProblem::CloseMissing),
        (Status::Closed, time) if !time.is_empty() => {
            return Err(LineProblem::CloseOfClosed(time.to_owned()));
        }
        (_, "") => None,
        (_, time) => {
            Some(NaiveTime::parse_from_str(time, "%H:%M").map_err(|_| LineProblem::Close(time.to_owned()))?)
        }
    };
    Ok(Exception { date, status, close, name: name.to_owned() })
}
