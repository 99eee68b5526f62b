//! The three files say the same: every number of the JSON, rounded, stands in the Markdown; the CSV is its positions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::book::{Engines, REPORT};
use crate::generate::with_snapshots;
use crate::tool::{files, report};

/// Engine and status in the JSON.
pub fn available(json: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let engines = json["availability"]["engines"].as_array().unwrap();
    engines.iter().map(|engine| (text(&engine["engine"]), text(&engine["status"]))).collect()
}

/// Cells of the table rows below a heading, up to the next heading.
pub fn rows_below(md: &str, heading: &str) -> Vec<Vec<String>> {
    let lines = md.lines().skip_while(|line| *line != heading).skip(1);
    let own = lines.take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with('|'));
    own.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// Two decimals with thousands separators, written anew for this test.
fn shown_money(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    let (whole, cents) = text.split_once('.').unwrap();
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value < 0.0 && text != "0.00" { "-" } else { "" };
    format!("{sign}{grouped}.{cents}")
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_and_json_agree() {
    let made = with_snapshots(Engines::All).await;
    report(made.dir.path(), "generate").ended(0);
    let [md, json, _] = files(made.dir.path(), REPORT);
    let json: Value = serde_json::from_str(&json).unwrap();
    let shown = |heading: &str, label: &str| {
        let rows = rows_below(&md, heading);
        rows.iter().find(|row| row[0] == label).unwrap_or_else(|| panic!("{heading}: {label}"))[1].clone()
    };
    let number = |section: &str, key: &str| json[section][key].as_f64().unwrap();
    for (label, key) in [
        ("NAV ($)", "nav_usd"),
        ("Day P&L ($)", "day_pnl_usd"),
        ("Gross exposure ($)", "gross_usd"),
        ("Net exposure ($)", "net_usd"),
        ("Short ($)", "short_usd"),
        ("Cash ($)", "cash_usd"),
        ("of which short proceeds ($)", "short_proceeds_usd"),
        ("Worst scenario P&L ($)", "worst_scenario_pnl_usd"),
    ] {
        assert_eq!(shown("## Executive summary", label), shown_money(number("summary", key)), "{key}");
    }
    assert_eq!(
        shown("## Executive summary", "Market beta"),
        format!("{:.4}", number("summary", "market_beta"))
    );
    assert_eq!(shown("## Greeks", "Delta dollars ($)"), shown_money(number("greeks", "delta_dollars")));
    for (heading, section, table, key, column) in [
        ("### By factor", "factors", "factors", "dollar_exposure_usd", 2),
        ("### Scenarios", "stress", "scenarios", "correlated_pnl_usd", 6),
        ("### Last 30 sessions", "performance", "history", "nav_usd", 1),
        ("### By tag", "exposures", "by_tag", "gross_usd", 2),
    ] {
        let rows = rows_below(&md, heading);
        let items = json[section][table].as_array().unwrap();
        assert_eq!(rows.len(), items.len() + 2, "{heading}");
        for (row, item) in rows[2..].iter().zip(items) {
            assert_eq!(row[column], shown_money(item[key].as_f64().unwrap()), "{heading}");
        }
    }
    let groups = json["exposures"]["by_asset_type"].as_array().unwrap();
    let private = groups.iter().find(|group| group["bucket"] == "private").unwrap();
    assert_eq!(
        (&private["beta_adjusted_usd"], &private["beta_adjusted_usd_reason"]),
        (&Value::Null, &"private_asset".into())
    );
    assert!(md.contains("| 50,000.00 | n/a (private_asset) |"));
    let engines: BTreeMap<String, String> =
        rows_below(&md, "### Engines")[2..].iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(engines, available(&json));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_csv_is_the_positions_of_the_json() {
    let made = with_snapshots(Engines::All).await;
    report(made.dir.path(), "generate").ended(0);
    let [_, json, csv] = files(made.dir.path(), REPORT);
    let json: Value = serde_json::from_str(&json).unwrap();
    let positions = json["positions"]["positions"].as_array().unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    assert_eq!(header.len(), 32 + 3, "32 columns and one a factor");
    assert!(header.iter().any(|key| key == "factor_low_volatility_usd"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), positions.len());
    for (row, position) in rows.iter().zip(positions) {
        for (key, field) in header.iter().zip(row) {
            match &position[key] {
                Value::Null => assert_eq!(field, "", "{key}"),
                Value::Number(number) => {
                    assert_eq!(field.parse::<f64>().unwrap(), number.as_f64().unwrap(), "{key}")
                }
                Value::String(text) if text.starts_with('=') => assert_eq!(field, format!("'{text}")),
                Value::String(text) => assert_eq!(field, text, "{key}"),
                other => panic!("{key}: {other}"),
            }
        }
    }
    let of = |key: &str| header.iter().position(|column| column == key).unwrap();
    let row = |symbol: &str| rows.iter().find(|row| &row[of("symbol")] == symbol).unwrap();
    assert_eq!(&row("AAPL")[of("tags")], "'=Core");
    assert_eq!(&row("TSLA")[of("sector")], "'=Consumer | Cyclical");
    for (symbol, kind) in [
        ("AAPL", "LONG"),
        ("TSLA", "SHORT"),
        ("SPY250919C00610000", "LC"),
        ("MSFT250718P00480000", "SP"),
        ("HOUSE", "LONG"),
    ] {
        assert_eq!(&row(symbol)[of("position_type")], kind, "{symbol}");
    }
    let gone = row("GONE");
    assert_eq!((&gone[of("reason")], &gone[of("market_value_usd")]), ("no_price", ""));
    assert_eq!(&row("SPY250919C00610000")[of("days_to_expiry")], "81");
}

/// Every money column of a table with a total sums to it in the cents shown.
pub fn assert_totals(md: &str) -> usize {
    let mut checked = 0;
    let mut table: Vec<Vec<String>> = Vec::new();
    for line in md.lines() {
        if !line.starts_with('|') {
            table.clear();
            continue;
        }
        let row: Vec<String> =
            line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        if row[0] == "Total" {
            for (column, total) in row.iter().enumerate().skip(1) {
                let Some(total) = cents(total) else { continue };
                let sum: i64 = table.iter().filter_map(|row| cents(&row[column])).sum();
                assert_eq!(sum, total, "column {column} above: {line}");
                checked += 1;
            }
        }
        table.push(row);
    }
    checked
}

fn cents(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    if fraction.len() != 2 {
        return None;
    }
    format!("{whole}{fraction}").replace(',', "").parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_equal_the_rows_shown() {
    let made = with_snapshots(Engines::All).await;
    report(made.dir.path(), "generate --format md").ended(0);
    let path = made.dir.path().join("reports").join(REPORT).join("portfolio_report.md");
    let md = std::fs::read_to_string(path).unwrap();
    assert!(assert_totals(&md) > 30);
    assert!(md.contains("| Exits, expiries, interest and fees |"));
}
