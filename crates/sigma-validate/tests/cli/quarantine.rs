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

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_bar_of_a_session_that_has_one_is_superseded() {
    let mut demo = DemoStore::books().await.unwrap();
    let good = PriceBar {
        date: date("2025-06-26"),
        open: Some(170.0),
        high: Some(171.0),
        low: Some(169.0),
        close: 170.05,
        adj_close: None,
        volume: Some(5e6),
        source: "polygon".into(),
        basis: CloseBasis::AsTraded,
    };
    let bad = PriceBar { close: 17.01, ..good.clone() };
    let row = QuarantinedBar {
        symbol: "AAPL".into(),
        date: bad.date,
        source: "polygon".into(),
        reason: "low_above_range".into(),
        detail: "low 169 is above 17.01".into(),
        payload: serde_json::to_value(&bad).unwrap(),
        status: QuarantineStatus::Open,
    };
    demo.store.save_quarantine(vec![row]).await.unwrap();
    let shown = |demo: &DemoStore, status: &str| {
        let table = json(&tool(demo, &["quarantine", "show", "--status", status, "--format", "json"]));
        let rows = table["rows"].as_array().unwrap().clone();
        rows.into_iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((shown(&demo, "open"), shown(&demo, "superseded")), (vec!["open".to_owned()], vec![]));
    let id = demo.store.instruments_by_symbol(&["AAPL".into()]).await.unwrap()[0].id;
    // A last price only stands in until there is a bar.
    let quote = PriceBar { source: "fmp-quote".into(), ..good.clone() };
    demo.store.save_prices(id, &[quote]).await.unwrap();
    assert_eq!(shown(&demo, "superseded"), Vec::<String>::new());
    demo.store.save_prices(id, std::slice::from_ref(&good)).await.unwrap();
    let superseded = vec!["superseded".to_owned()];
    assert_eq!(
        (shown(&demo, "open"), shown(&demo, "superseded"), shown(&demo, "all")),
        (vec![], superseded.clone(), superseded)
    );

    let refused = tool(&demo, &["quarantine", "accept", "AAPL", "2025-06-26"]);
    assert_eq!(code(&refused), 2);
    let said = stderr(&refused);
    assert!(
        said.contains("a bar of polygon on 2025-06-26 (close 170.05)") && said.contains("(close 17.01)"),
        "{said}"
    );
    let close = async |store: &mut sigma_store::Store| {
        store.price_histories(&[id], good.date, good.date).await.unwrap()[&id].bars[0].close
    };
    assert_eq!(close(&mut demo.store).await, 170.05);
    let replaced = tool(&demo, &["quarantine", "accept", "AAPL", "2025-06-26", "--replace"]);
    assert_eq!(code(&replaced), 0, "{}", stderr(&replaced));
    assert_eq!(close(&mut demo.store).await, 17.01);
}
