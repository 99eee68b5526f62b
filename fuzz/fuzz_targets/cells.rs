//! Any text as a number, a date and a symbol.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sigma_brokers::dates::{self, DateOrder};
use sigma_brokers::money::{self, DecimalMark};
use sigma_brokers::symbols;

fuzz_target!(|text: &str| {
    for mark in [DecimalMark::Point, DecimalMark::Comma] {
        if let Ok(Some(number)) = money::parse(text, mark) {
            assert!(number.value.is_finite());
        }
    }
    for order in [DateOrder::MonthFirst, DateOrder::DayFirst, DateOrder::YearFirst] {
        if let Some(date) = dates::parse(text, order) {
            assert_eq!(dates::parse(&date.to_string(), DateOrder::YearFirst), Some(date));
        }
        let _ = dates::last_in(text, order);
    }
    if let Ok(symbol) = symbols::canonical(text) {
        assert_eq!(symbols::canonical(&symbol), Ok(symbol), "canonical symbols stay as they are");
    }
    if let Some(symbol) = symbols::from_name(text) {
        assert!(symbols::canonical(&symbol).is_ok());
    }
});
