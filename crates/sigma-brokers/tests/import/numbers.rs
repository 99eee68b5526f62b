//! The grammar of numbers and dates.

use proptest::prelude::*;
use sigma_brokers::dates::{self, DateOrder, OrderFound};
use sigma_brokers::money::{DecimalMark, parse};

use crate::day;

fn point(text: &str) -> Option<f64> {
    parse(text, DecimalMark::Point).unwrap().map(|number| number.value)
}

#[test]
fn numbers_of_all_brokers() {
    for (text, value) in [
        ("1,200", 1200.0),
        ("-$3,075.00", -3075.0),
        ("$-12.00", -12.0),
        ("+$1.00", 1.0),
        ("($1,016.50)", -1016.5),
        ("\u{2212}4.5", -4.5),
        (".40", 0.4),
        ("-.35", -0.35),
        ("5.", 5.0),
        ("12.5%", 12.5),
        ("1.23E+05", 123_000.0),
        ("120.0000", 120.0),
        ("(5)", -5.0),
        ("+1,200", 1200.0),
        ("-0.00", 0.0),
    ] {
        assert_eq!(point(text), Some(value), "{text}");
    }
    assert!(point("-0").unwrap().is_sign_positive());
    for text in ["", " ", "--", "-", "n/a", "N/A", "Incomplete"] {
        assert_eq!(point(text), None, "{text}");
    }
}

#[test]
fn what_is_no_number() {
    for text in [
        "1,20",
        "1,2000",
        "12,34,567",
        "1.2.3",
        "ten",
        "1 0",
        "$",
        "()",
        "--5",
        "(-5)",
        "nan",
        "inf",
        "1e999",
        "1e15",
        "0x10",
        "1,200,",
        ",200",
        "1e",
        "e5",
    ] {
        assert!(parse(text, DecimalMark::Point).is_err(), "{text}");
    }
    assert!(parse("1.234,56", DecimalMark::Point).is_err());
    assert!(parse("1,234.56", DecimalMark::Comma).is_err());
    assert!(parse("9.5", DecimalMark::Comma).is_err());
}

#[test]
fn numbers_with_a_decimal_comma() {
    let comma = |text: &str| parse(text, DecimalMark::Comma).unwrap().unwrap().value;
    for (text, value) in
        [("12.198,00", 12_198.0), ("0,25", 0.25), ("1'234,5", 1234.5), ("-1.200", -1200.0), ("5,1 EUR", 5.1)]
    {
        assert_eq!(comma(text), value, "{text}");
    }
}

#[test]
fn the_decimal_mark_is_that_of_the_file() {
    let decide = |cells: &[&str], delimiter: u8| {
        let decision = DecimalMark::decide(cells.iter().copied(), delimiter);
        (decision.mark, decision.guessed)
    };
    assert_eq!(decide(&["1,200", "80.00"], b','), (DecimalMark::Point, false));
    assert_eq!(decide(&["1.200", "80,00"], b','), (DecimalMark::Comma, false));
    assert_eq!(decide(&["12.198,00"], b';'), (DecimalMark::Comma, false));
    assert_eq!(decide(&["1,234,567"], b';'), (DecimalMark::Point, false));
    assert_eq!(decide(&["1,200"], b','), (DecimalMark::Point, false));
    assert_eq!(decide(&["1.200"], b';'), (DecimalMark::Comma, true));
    // Dates and words are no evidence.
    assert_eq!(decide(&["01.02.2025", "A,B", "0.5"], b';'), (DecimalMark::Point, false));
}

proptest! {
    #[test]
    fn every_day_is_read_in_every_form(days in 0_u64..20_000) {
        let date = day(2000, 1, 1) + chrono::Days::new(days);
        for form in ["%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%B %d, %Y", "%B %-d, %Y", "%b %-d, %Y", "%d %B %Y", "%d-%b-%y"]
        {
            let text = date.format(form).to_string();
            prop_assert_eq!(dates::parse(&text, DateOrder::MonthFirst), Some(date), "{}", text);
            let sentence = format!("January 1, 2025 - {text}");
            prop_assert_eq!(dates::last_in(&sentence, DateOrder::MonthFirst), Some(date), "{}", sentence);
        }
    }
}

#[test]
fn dates_of_all_brokers() {
    let date = day(2025, 11, 4);
    for text in [
        "2025-11-04",
        "2025/11/04",
        "20251104",
        "20251104;103000",
        "2025-11-04T00:00",
        "2025-11-04, 09:47:33 EST",
        "11/04/2025",
        "11/4/25",
        "11/04/2025 as of 11/01/2025",
        "Nov-04-2025",
        "Nov 4 2025",
        "November 4, 2025",
        "4 Nov 2025",
        "4-NOV-25",
    ] {
        assert_eq!(dates::parse(text, DateOrder::MonthFirst), Some(date), "{text}");
    }
    assert_eq!(dates::parse("OCT 16 2025", DateOrder::MonthFirst), Some(day(2025, 10, 16)));
    assert_eq!(dates::parse("04.11.2025", DateOrder::DayFirst), Some(date));
    assert_eq!(dates::parse("11/04/2025", DateOrder::YearFirst), None);
    for text in ["", "2025-02-30", "2025", "soon", "13/13/2025", "1/2/345", "November"] {
        assert_eq!(dates::parse(text, DateOrder::MonthFirst), None, "{text}");
    }
    assert_eq!(dates::last_in("Generated at Nov 04 2025 04:33 PM ET", DateOrder::MonthFirst), Some(date));
    assert_eq!(dates::last_in("November 1, 2025 - November 4, 2025", DateOrder::MonthFirst), Some(date));
    let june = "January 1, 2025 - June 30, 2025";
    assert_eq!(dates::last_in(june, DateOrder::MonthFirst), Some(day(2025, 6, 30)));
    assert_eq!(dates::last_in("04:05 PM ET, 2025/11/04", DateOrder::MonthFirst), Some(date));
}

#[test]
fn the_order_of_day_and_month_is_that_of_the_file() {
    let order = |cells: &[&str]| dates::order_of(cells.iter().copied());
    assert_eq!(order(&["2025-01-02", ""]), OrderFound::NotNeeded);
    assert_eq!(order(&["01/02/2025", "13/02/2025"]), OrderFound::Unique(DateOrder::DayFirst));
    assert_eq!(order(&["01/02/2025", "02/13/2025"]), OrderFound::Unique(DateOrder::MonthFirst));
    assert_eq!(order(&["01/02/2025"]), OrderFound::Either);
    assert_eq!(order(&["13/02/2025", "02/13/2025"]), OrderFound::Neither);
}

/// A number with cents, grouped in thousands.
fn grouped(cents: i64, thousands: &str, mark: &str) -> String {
    let digits = (cents.abs() / 100).to_string();
    let mut whole = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            whole.push_str(thousands);
        }
        whole.push(digit);
    }
    format!("{whole}{mark}{:02}", cents.abs() % 100)
}

proptest! {
    #[test]
    fn every_spelling_of_an_amount_is_the_amount(cents in -10_000_000_000_i64..10_000_000_000) {
        let value = cents as f64 / 100.0;
        let body = grouped(cents, ",", ".");
        let sign = if cents < 0 { "-" } else { "" };
        let mut spellings = vec![format!("{sign}{body}"), format!("{sign}${body}"), format!("${sign}{body}"), format!("{value}")];
        if cents < 0 {
            spellings.extend([format!("(${body})"), format!("({body})"), format!("\u{2212}${body}")]);
        } else {
            spellings.extend([format!("+${body}"), format!(" {body} ")]);
        }
        for text in spellings {
            prop_assert_eq!(point(&text), Some(value), "{}", text);
        }
        let comma = format!("{sign}{}", grouped(cents, ".", ","));
        prop_assert_eq!(parse(&comma, DecimalMark::Comma).unwrap().unwrap().value, value);
    }

    #[test]
    fn every_number_comes_back(mantissa in -9.99..9.99_f64, power in -300_i32..15) {
        let text = format!("{mantissa}e{power}");
        let value: f64 = text.parse().unwrap();
        prop_assert_eq!(point(&text), Some(value));
    }
}
