use chrono::NaiveDate;

use super::*;
use crate::table::{Column, Table};

fn positions() -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::number("quantity", "Quantity"),
        Column::number("market_value_usd", "Value").unit("USD"),
        Column::number("weight_fraction", "Weight"),
        Column::number("delta", "Delta"),
        Column::text("exit_date", "Exit"),
    ]);
    table.push(vec![
        Cell::text("AAPL"),
        Cell::Int(-1200),
        Cell::Money(-246_204.0),
        Cell::Percent(-0.1 / 3.0),
        Cell::number(1.0, 4),
        Cell::Blank,
    ]);
    table.push(vec![
        Cell::text("=cmd|' /C calc'!A0"),
        Cell::Int(5),
        Cell::missing("no_price"),
        Cell::missing("no_price"),
        Cell::number(0.1 + 0.2, 4),
        Cell::Date(NaiveDate::from_ymd_opt(2025, 6, 30).unwrap()),
    ]);
    table
}

fn document() -> Document {
    let as_of = NaiveDate::from_ymd_opt(2025, 6, 30).unwrap();
    Document::single(positions()).title("Positions").as_of(as_of).note("one symbol has no price")
}

#[test]
fn terminal() {
    let expected = "\
Positions, as of 2025-06-30

Symbol              Quantity     Value (USD)          Weight   Delta  Exit
--------------------------------------------------------------------------------
AAPL                  -1,200     -246,204.00          -3.33%  1.0000
=cmd|' /C calc'!A0         5  n/a (no_price)  n/a (no_price)  0.3000  2025-06-30

note: one symbol has no price
";
    assert_eq!(render(&document(), Format::Table, None).unwrap(), expected);
}

#[test]
fn a_narrow_terminal_wraps_text_and_keeps_numbers_whole() {
    let mut table = Table::new(vec![Column::text("name", "Name"), Column::number("value", "Value")]);
    table.push(vec![Cell::text("a rather long name of a fund"), Cell::Money(1_234_567.0)]);
    let text = render(&Document::single(table), Format::Table, Some(30)).unwrap();
    assert!(text.contains("1,234,567.00"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 30), "{text}");
    assert!(text.lines().count() > 3, "{text}");
}

#[test]
fn an_empty_table_says_so() {
    let table = Table::new(vec![Column::text("symbol", "Symbol")]);
    let document = Document::single(table);
    assert_eq!(render(&document, Format::Table, None).unwrap(), "Symbol\n------\n(no rows)\n");
    assert_eq!(render(&document, Format::Csv, None).unwrap(), "symbol\n");
    let json: serde_json::Value =
        serde_json::from_str(&render(&document, Format::Json, None).unwrap()).unwrap();
    assert_eq!(json, serde_json::json!({"schema_version": 1, "rows": []}));
}

#[test]
fn markdown() {
    let expected = "\
# Positions, as of 2025-06-30

| Symbol | Quantity | Value (USD) | Weight | Delta | Exit |
| :--- | ---: | ---: | ---: | ---: | :--- |
| AAPL | -1,200 | -246,204.00 | -3.33% | 1.0000 |  |
| =cmd\\|' /C calc'!A0 | 5 | n/a (no_price) | n/a (no_price) | 0.3000 | 2025-06-30 |

- one symbol has no price
";
    assert_eq!(render(&document(), Format::Md, None).unwrap(), expected);
}

#[test]
fn csv() {
    let expected = "\
symbol,quantity,market_value_usd,weight_fraction,delta,exit_date
AAPL,-1200,-246204,-0.03333333333333333,1,
'=cmd|' /C calc'!A0,5,,,0.30000000000000004,2025-06-30
";
    assert_eq!(render(&document(), Format::Csv, None).unwrap(), expected);
}

#[test]
fn json() {
    let text = render(&document(), Format::Json, None).unwrap();
    let expected = serde_json::json!({
        "schema_version": 1,
        "title": "Positions",
        "as_of": "2025-06-30",
        "rows": [
            {"symbol": "AAPL", "quantity": -1200, "market_value_usd": -246_204.0,
             "weight_fraction": -0.1 / 3.0, "delta": 1.0, "exit_date": null},
            {"symbol": "=cmd|' /C calc'!A0", "quantity": 5,
             "market_value_usd": null, "market_value_usd_reason": "no_price",
             "weight_fraction": null, "weight_fraction_reason": "no_price",
             "delta": 0.30000000000000004, "exit_date": "2025-06-30"},
        ],
        "notes": ["one symbol has no price"],
    });
    assert_eq!(text, serde_json::to_string_pretty(&expected).unwrap() + "\n");
}

#[test]
fn sections_are_named_in_every_form() {
    let one = |key: &str, value: i64| {
        let mut table = Table::new(vec![Column::number(key, key)]);
        table.push(vec![Cell::Int(value)]);
        table
    };
    let document = Document::sections().section("by_sector", one("a", 1)).section("totals", one("b", 2));
    assert_eq!(render(&document, Format::Csv, None).unwrap(), "# by_sector\na\n1\n\n# totals\nb\n2\n");
    assert_eq!(render(&document, Format::Table, None).unwrap(), "By sector\na\n-\n1\n\nTotals\nb\n-\n2\n");
    let json: serde_json::Value =
        serde_json::from_str(&render(&document, Format::Json, None).unwrap()).unwrap();
    assert_eq!(json["tables"], serde_json::json!({"by_sector": [{"a": 1}], "totals": [{"b": 2}]}));
    let markdown = render(&document, Format::Md, None).unwrap();
    assert!(markdown.starts_with("## By sector\n\n| a |\n| ---: |\n| 1 |\n\n## Totals\n"), "{markdown}");
}

#[test]
fn broken_rows_and_numbers_are_errors() {
    for format in [Format::Table, Format::Json, Format::Csv, Format::Md] {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut table = Table::new(vec![Column::text("s", "S"), Column::number("value", "Value")]);
            table.push(vec![Cell::text("a"), Cell::Money(1.0)]);
            table.push(vec![Cell::text("b"), Cell::Percent(value)]);
            let err = render(&Document::single(table), format, None).unwrap_err();
            assert_eq!(err, RenderError::NotFinite { key: "value".into(), row: 2 });
        }
        let mut table = Table::new(vec![Column::text("s", "S")]);
        table.push(vec![]);
        let err = render(&Document::single(table), format, None).unwrap_err();
        assert_eq!(err, RenderError::RowLength { row: 1, found: 0, expected: 1 });
    }
}

#[test]
fn numbers_read_back_as_themselves() {
    for value in [0.1, 1.0 / 3.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 123_456_789.123, -2.5e-7, 1e16, 9e15] {
        let text = number_text(value);
        assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{text}");
        assert!(text.len() <= 24, "{text}");
    }
    assert_eq!(number_text(-0.0), "0");
}

#[test]
fn formulas_are_guarded_and_other_text_is_not() {
    for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
        assert_eq!(guarded(text), format!("'{text}"));
    }
    for text in ["BRK.B", "a=b", "", "'x", "1-2"] {
        assert_eq!(guarded(text), text);
    }
}

#[test]
fn repeated_fields_keep_their_numbers() {
    for text in ["-0.25", "+1e-3", " 7", "call", "", "-inf"] {
        assert_eq!(&*guarded_field(text.as_bytes()), text.as_bytes());
    }
    for text in ["-1+2", "=1", "+cmd", "@x", "-"] {
        assert_eq!(&*guarded_field(text.as_bytes()), format!("'{text}").as_bytes());
    }
    assert_eq!(&*guarded_field(b"=\xff"), b"'=\xff");
}

#[test]
fn every_text_of_a_table_is_guarded_and_no_number_is() {
    let mut table = Table::new(vec![Column::text("+key", "Key"), Column::number("value", "Value")]);
    for text in ["=1", "+1", "-1", "@a", "\tx", "\rx"] {
        table.push(vec![Cell::text(text), Cell::Money(-1.5)]);
    }
    table.push(vec![Cell::text("a,=1"), Cell::Int(-2)]);
    let text = render(&Document::single(table), Format::Csv, None).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    assert_eq!(&reader.headers().unwrap()[0], "'+key");
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert!(rows[..6].iter().all(|row| row[0].starts_with('\'') && &row[1] == "-1.5"), "{rows:?}");
    assert_eq!((&rows[6][0], &rows[6][1]), ("a,=1", "-2"));
}

#[test]
fn control_characters_cannot_drive_the_terminal() {
    let mut table = Table::new(vec![Column::text("name", "Name")]);
    table.push(vec![Cell::text("a\u{1b}[2J\nb")]);
    let text = render(&Document::single(table), Format::Table, None).unwrap();
    assert_eq!(text, "Name\n-------\na [2J b\n");
}
