//! Files in, positions, cash, totals and problems out.

mod errors;
mod notations;
mod numbers;
mod oddities;
mod replays;
mod robustness;
mod samples;
mod variants;

use chrono::NaiveDate;
use sigma_brokers::statement::{Account, ImportedPosition, Statement};
use sigma_brokers::{Options, Reading, read};

/// The bytes of a sample file.
pub fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The sample as text, without byte order mark.
pub fn sample_text(name: &str) -> String {
    String::from_utf8(sample(name)).unwrap().trim_start_matches('\u{feff}').to_owned()
}

pub fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// Nothing known about the file but the day it is read on.
pub fn plain() -> Options<'static> {
    Options { broker: None, mapping: None, as_of: None, today: day(2025, 12, 31) }
}

pub fn import(bytes: &[u8]) -> Reading {
    read(bytes, "file.csv", &plain())
}

/// The statement of a file without errors.
pub fn statement(bytes: &[u8]) -> Statement {
    let reading = import(bytes);
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
    reading.statement.unwrap()
}

/// One line a position: row, symbol, type, quantity, entry, stated price and value.
pub fn brief(position: &ImportedPosition) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{}", rounded(value)));
    let entry_date = position.entry_date.map_or("-".to_owned(), |date| date.to_string());
    let exit = match (position.exit_price, position.exit_date) {
        (Some(price), Some(date)) => format!(" exit {price} on {date}"),
        _ => String::new(),
    };
    format!(
        "{} {} {} {} @ {} on {entry_date} now {} = {}{exit}",
        position.row,
        position.symbol,
        position.position_type(),
        rounded(position.quantity),
        number(position.entry_price),
        number(position.price),
        number(position.market_value),
    )
}

/// To ten digits behind the point: what is left of binary fractions goes, every digit of a file stays.
pub fn rounded(value: f64) -> f64 {
    (value * 1e10).round() / 1e10
}

pub fn briefs(account: &Account) -> Vec<String> {
    account.positions.iter().map(brief).collect()
}

/// `row code` of every problem.
pub fn codes(reading: &Reading) -> Vec<String> {
    let told = |row: Option<u64>| row.map_or("file".to_owned(), |row| row.to_string());
    reading.problems.iter().map(|problem| format!("{} {}", told(problem.row), problem.code)).collect()
}
