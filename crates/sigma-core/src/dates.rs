//! Dates as files write them. Whether 4/11 is a day in April or in November is told by the format, or by the whole
//! file when only one reading makes all its dates dates; it is never guessed.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What `a/b/year` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    MonthFirst,
    DayFirst,
    /// Only forms that start with the year are dates.
    YearFirst,
}

/// Longest text taken for a date, in bytes.
const LONGEST: usize = 48;
/// Two-digit years are in this century.
const CENTURY: i32 = 2000;

/// Reads one date: `2025-11-04` (`/` and `.` too), `20251104`, either with a time behind it, `11/04/2025`, `4.11.25`,
/// `Nov-04-2025`, `Nov 4 2025`, `November 4, 2025`, `4 Nov 2025`, and `11/03/2025 as of 11/01/2025` (the first).
pub fn parse(text: &str, order: DateOrder) -> Option<NaiveDate> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST || !text.is_ascii() {
        return None;
    }
    if let [_, _, _, _, b'-', _, _, b'-', _, _] = text.as_bytes() {
        return date(text.get(..4)?, text.get(5..7)?, text.get(8..)?);
    }
    let text = text.split(" as of ").next().unwrap_or(text).trim();
    // A T behind a digit starts a time; elsewhere it belongs to a month.
    let text = match text.find('T') {
        Some(at) if at > 0 && text.as_bytes()[at - 1].is_ascii_digit() => &text[..at],
        _ => text,
    };
    let parts: Vec<&str> =
        text.split(['-', '/', '.', ' ', ',', ';']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [packed, ..] if packed.len() == 8 && is_digits(packed) => packed_date(packed),
        [year, month, day, ..] if year.len() == 4 && is_digits(year) => date(year, month, day),
        [first, second, third, ..] => {
            if let Some(month) = month_of(first) {
                return NaiveDate::from_ymd_opt(year_of(third)?, month, number(second)?);
            }
            if let Some(month) = month_of(second) {
                return NaiveDate::from_ymd_opt(year_of(third)?, month, number(first)?);
            }
            match order {
                DateOrder::MonthFirst => {
                    NaiveDate::from_ymd_opt(year_of(third)?, number(first)?, number(second)?)
                }
                DateOrder::DayFirst => {
                    NaiveDate::from_ymd_opt(year_of(third)?, number(second)?, number(first)?)
                }
                DateOrder::YearFirst => None,
            }
        }
        _ => None,
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn packed_date(text: &str) -> Option<NaiveDate> {
    date(text.get(..4)?, text.get(4..6)?, text.get(6..)?)
}

fn date(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(number(year)?).ok()?, number(month)?, number(day)?)
}

fn number(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) && is_digits(text);
    digits.then(|| text.parse().ok()).flatten()
}

/// A year of four digits, or of two in this century, with or without an apostrophe.
fn year_of(text: &str) -> Option<i32> {
    let text = text.trim_start_matches('\'');
    let year = i32::try_from(number(text)?).ok()?;
    match text.len() {
        2 => Some(CENTURY + year),
        4 => Some(year),
        _ => None,
    }
}

/// 1 to 12 from the first three letters of an English month.
pub fn month_of(text: &str) -> Option<u32> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const REST: [&str; 12] =
        ["uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"];
    let lower = text.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| lower.starts_with(month))?;
    let rest = &lower[3..];
    (rest.is_empty() || rest == REST[at] || lower == "sept").then_some(at as u32 + 1)
}

/// What a file says about the order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderFound {
    /// No date needs the order.
    NotNeeded,
    Unique(DateOrder),
    /// Every date can be read both ways.
    Either,
    /// Neither order reads all of them.
    Neither,
}

/// The one order in which all cells are dates.
pub fn order_of<'a>(cells: impl Iterator<Item = &'a str>) -> OrderFound {
    let (mut month_first, mut day_first, mut needed) = (true, true, false);
    for cell in cells.map(str::trim).filter(|cell| !cell.is_empty()) {
        if parse(cell, DateOrder::YearFirst).is_some() {
            continue;
        }
        let as_month = parse(cell, DateOrder::MonthFirst).is_some();
        let as_day = parse(cell, DateOrder::DayFirst).is_some();
        if as_month || as_day {
            needed = true;
            month_first &= as_month;
            day_first &= as_day;
        }
    }
    match (needed, month_first, day_first) {
        (false, ..) => OrderFound::NotNeeded,
        (true, true, true) => OrderFound::Either,
        (true, true, false) => OrderFound::Unique(DateOrder::MonthFirst),
        (true, false, true) => OrderFound::Unique(DateOrder::DayFirst),
        (true, false, false) => OrderFound::Neither,
    }
}

/// The last date in a sentence: `Generated at Nov 04 2025 04:33 PM ET`.
pub fn last_in(text: &str, order: DateOrder) -> Option<NaiveDate> {
    let text: String = text.chars().take(200).collect();
    let words: Vec<&str> = text.split([' ', ',', '"', '(', ')']).filter(|word| !word.is_empty()).collect();
    let one = |at: usize| parse(words[at], order);
    let three = |at: usize| {
        let date = words.get(at..at + 3)?;
        date.iter().any(|word| month_of(word).is_some()).then(|| parse(&date.join(" "), order)).flatten()
    };
    (0..words.len()).rev().find_map(|at| one(at).or_else(|| three(at)))
}
