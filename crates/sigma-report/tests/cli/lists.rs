//! `show`, `exposures`, `performance`, `positions`: shapes of the answers and their errors.

use serde_json::Value;

use crate::book::{Engines, hand_made};
use crate::generate::with_snapshots;
use crate::tool::report;

fn rows(text: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(text).unwrap();
    document["rows"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_is_stored() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    let shown = rows(&report(folder, "show --format json").ended(0).out);
    assert_eq!(shown.len(), 1);
    assert_eq!((&shown[0]["portfolio"], &shown[0]["as_of"]), (&"hand-made".into(), &"2025-06-30".into()));
    assert_eq!(
        (shown[0]["position_count"].as_i64(), shown[0]["excluded_count"].as_i64()),
        (Some(6), Some(1))
    );

    let series = rows(&report(folder, "performance --format json --from 2025-06-27").ended(0).out);
    assert_eq!(series.len(), 2);
    assert!((series[1]["nav_usd"].as_f64().unwrap() - shown[0]["nav_usd"].as_f64().unwrap()).abs() < 1e-9);

    let sectors = rows(&report(folder, "exposures --by sector --format json --sort -gross_usd").ended(0).out);
    let buckets: Vec<&str> = sectors.iter().map(|row| row["bucket"].as_str().unwrap()).collect();
    assert_eq!(buckets, ["Unclassified", "Technology", "=Consumer | Cyclical"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_filtered_and_sorted() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    let symbols = |line: &str| -> Vec<String> {
        let rows = rows(&report(folder, line).ended(0).out);
        rows.iter().map(|row| row["symbol"].as_str().unwrap().to_owned()).collect()
    };
    let largest = symbols("positions --format json --sort -market_value_usd --limit 2");
    assert_eq!(largest, ["HOUSE", "AAPL"]);
    assert_eq!(symbols("positions --format json --symbol SPY"), ["SPY250919C00610000"]);
    assert_eq!(symbols("positions --format json --tag hedge"), ["TSLA"]);
    let table = report(folder, "positions").ended(0).out;
    assert!(table.contains("n/a (no_price)"), "{table}");
    let ran = report(folder, "positions --sort value").ended(2);
    assert!(ran.err.contains("use one of: portfolio"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_without_snapshots_name_the_command() {
    let made = hand_made(Engines::None).await;
    for verb in ["show", "exposures", "performance", "positions"] {
        let ran = report(made.dir.path(), verb).ended(1);
        assert!(ran.err.contains("hint: run `sigma-report snapshot`"), "{verb}: {}", ran.err);
    }
}
