//! `quality`.

use sigma_core::model::PriceBar;
use sigma_store::{QuarantineStatus, QuarantinedBar};
use sigma_testkit::demo_store::DemoStore;

use crate::{code, date, json, tool};

#[tokio::test(flavor = "multi_thread")]
async fn quality_finds_a_misplaced_decimal_point() {
    let mut demo = DemoStore::with_market().await.unwrap();
    assert_eq!(code(&tool(&demo, &["quality"])), 0);
    let apple = demo.store.instruments_by_symbol(&["AAPL".into()]).await.unwrap().remove(0);
    let day = date("2025-06-26");
    let history = demo.store.price_histories(&[apple.id], day, day).await.unwrap().remove(&apple.id).unwrap();
    let bar = history.bars.into_iter().next().unwrap();
    let saturday = PriceBar { date: date("2025-06-28"), source: "polygon".into(), ..bar.clone() };
    let wrong = PriceBar { close: bar.close * 10.0, ..bar };
    demo.store.save_prices(apple.id, &[wrong, saturday]).await.unwrap();
    let refused = QuarantinedBar {
        symbol: "AAPL".into(),
        date: day,
        source: "fmp".into(),
        reason: "split_like_jump".into(),
        detail: String::new(),
        payload: serde_json::json!({}),
        status: QuarantineStatus::Open,
    };
    // A refused bar of a session that has one is nothing to count.
    let of_sunday = QuarantinedBar { date: date("2025-06-29"), ..refused.clone() };
    demo.store.save_quarantine(vec![refused, of_sunday]).await.unwrap();
    let output = tool(&demo, &["quality", "--symbol", "AAPL", "--format", "json"]);
    assert_eq!(code(&output), 3);
    let row = &json(&output)["rows"][0];
    assert_eq!(row["jumps"], 2);
    assert_eq!((&row["weekend_bars"], &row["unexpected_dates"]), (&1.into(), &0.into()), "{row}");
    assert_eq!((&row["quarantined"], &row["missing_sessions"]), (&1.into(), &0.into()), "{row}");
    assert_eq!(
        (&row["sources"], &row["basis"]),
        (&"file 253, polygon 1".into(), &"as_traded".into()),
        "{row}"
    );
    let each = json(&tool(&demo, &["quality", "--symbol", "AAPL", "--defects", "--format", "json"]));
    let jumps = each["rows"].as_array().unwrap().iter().filter(|row| row["defect"] == "jump");
    let days: Vec<&str> = jumps.map(|row| row["date"].as_str().unwrap()).collect();
    assert_eq!(days, ["2025-06-26", "2025-06-27"]);
    assert_eq!(code(&tool(&demo, &["quality", "--symbol", "NONE"])), 2);
}
