//! `quarantine` and the runs it records.

use sigma_core::model::{CloseBasis, PriceBar};
use sigma_store::{QuarantineStatus, QuarantinedBar};
use sigma_testkit::demo_store::DemoStore;

use crate::{code, date, json, stderr, tool};

#[tokio::test(flavor = "multi_thread")]
async fn quarantined_bars_are_decided_about() {
    let mut demo = DemoStore::books().await.unwrap();
    let bar = |symbol: &str, reason: &str| QuarantinedBar {
        symbol: symbol.into(),
        date: date("2025-06-26"),
        source: "file".into(),
        reason: reason.into(),
        detail: format!("{symbol} is doubtful"),
        payload: serde_json::json!({ "close": 1.5 }),
        status: QuarantineStatus::Open,
    };
    let bars = vec![bar("AAPL", "split_like_jump"), bar("MSFT", "not_positive")];
    demo.store.save_quarantine(bars).await.unwrap();
    assert_eq!(code(&tool(&demo, &["quarantine", "accept", "AAPL", "2025-06-26", "--dry-run"])), 0);
    let open = |demo: &DemoStore| {
        json(&tool(demo, &["quarantine", "show", "--format", "json"]))["rows"].as_array().unwrap().len()
    };
    assert_eq!(open(&demo), 2);
    let accepted = tool(&demo, &["quarantine", "accept", "AAPL", "2025-06-26"]);
    assert_eq!(code(&accepted), 0, "{}", stderr(&accepted));
    assert!(stderr(&accepted).contains("stored=1 changed=1"), "{}", stderr(&accepted));
    let refused = tool(&demo, &["quarantine", "accept", "MSFT", "2025-06-26"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("cannot be a price"), "{}", stderr(&refused));
    assert_eq!(code(&tool(&demo, &["quarantine", "drop", "MSFT", "2025-06-26"])), 0);
    assert_eq!(open(&demo), 0);
    assert_eq!(code(&tool(&demo, &["quarantine", "drop", "NONE", "2025-06-26"])), 2);
    let runs = json(&tool(&demo, &["runs", "--tool", "sigma-validate", "--format", "json"]));
    assert_eq!(runs["rows"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_about_the_bar_of_one_source() {
    let mut demo = DemoStore::books().await.unwrap();
    let bar = |source: &str, close: f64| QuarantinedBar {
        symbol: "AAPL".into(),
        date: date("2025-06-26"),
        source: source.into(),
        reason: "split_like_jump".into(),
        detail: "doubtful".into(),
        payload: serde_json::json!({ "close": close }),
        status: QuarantineStatus::Open,
    };
    demo.store.save_quarantine(vec![bar("polygon", 100.5), bar("fmp", 201.0)]).await.unwrap();
    let accept =
        |more: &[&str]| tool(&demo, &[&["quarantine", "accept", "AAPL", "2025-06-26"], more].concat());
    let unclear = accept(&[]);
    assert_eq!(code(&unclear), 2);
    let said = stderr(&unclear);
    assert!(
        said.contains("fmp (close 201), polygon (close 100.5)") && said.contains("--source fmp"),
        "{said}"
    );
    let unknown = accept(&["--source", "tiingo"]);
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("there is one from fmp and polygon"), "{}", stderr(&unknown));

    let accepted = accept(&["--source", "polygon"]);
    assert_eq!(code(&accepted), 0, "{}", stderr(&accepted));
    assert!(stderr(&accepted).contains("stored=1 changed=1"), "{}", stderr(&accepted));
    let all = json(&tool(&demo, &["quarantine", "show", "--status", "all", "--format", "json"]));
    let statuses: Vec<(&str, &str)> = all["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["source"].as_str().unwrap(), row["status"].as_str().unwrap()))
        .collect();
    assert_eq!(statuses, [("fmp", "open"), ("polygon", "accepted")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_bar_is_stored_as_it_came() {
    let mut demo = DemoStore::books().await.unwrap();
    let bar = PriceBar {
        date: date("2025-06-26"),
        open: Some(100.0),
        high: Some(101.0),
        low: Some(99.0),
        close: 100.5,
        adj_close: None,
        volume: Some(5e6),
        source: "polygon".into(),
        basis: CloseBasis::AsTraded,
    };
    let row = |reason: &str, bar: &PriceBar| QuarantinedBar {
        symbol: "AAPL".into(),
        date: bar.date,
        source: bar.source.clone(),
        reason: reason.into(),
        detail: "doubtful".into(),
        payload: serde_json::to_value(bar).unwrap(),
        status: QuarantineStatus::Open,
    };
    demo.store.save_quarantine(vec![row("split_like_jump", &bar)]).await.unwrap();
    let accepted = tool(&demo, &["quarantine", "accept", "AAPL", "2025-06-26"]);
    assert_eq!(code(&accepted), 0, "{}", stderr(&accepted));
    assert!(stderr(&accepted).contains("AAPL of 2025-06-26 from polygon is stored"), "{}", stderr(&accepted));
    assert!(stderr(&accepted).contains("stored=2 changed=2"), "{}", stderr(&accepted));
    let id = demo.store.instruments_by_symbol(&["AAPL".into()]).await.unwrap()[0].id;
    let histories = demo.store.price_histories(&[id], bar.date, bar.date).await.unwrap();
    assert_eq!(histories[&id].bars, std::slice::from_ref(&bar));

    // Two bars of one date: to accept them would not say which one.
    let other = PriceBar { date: date("2025-06-27"), ..bar };
    demo.store.save_quarantine(vec![row("duplicate_date", &other)]).await.unwrap();
    let refused = tool(&demo, &["quarantine", "accept", "AAPL", "2025-06-27"]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("is not one bar"), "{}", stderr(&refused));
}
