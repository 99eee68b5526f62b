//! `books`.

use sigma_testkit::demo_store::DemoStore;

use crate::{code, json, rows, stderr, stdout, tool};

#[tokio::test(flavor = "multi_thread")]
async fn books_count_score_and_find() {
    let demo = DemoStore::with_market().await.unwrap();
    let output = tool(&demo, &["books", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document = json(&output);
    let readiness = &rows(&document, "readiness")[0];
    assert_eq!((&readiness["positions"], &readiness["verdict"]), (&63.into(), &"MOSTLY READY".into()));
    // Market data is one engine of eight: 0.3 + 0.2 + 0.3 / 8 + 0.1 + 0.1.
    assert!((readiness["score"].as_f64().unwrap() - 0.7375).abs() < 1e-12);
    let positions: Vec<i64> =
        rows(&document, "portfolios").iter().map(|row| row["positions"].as_i64().unwrap()).collect();
    assert_eq!(positions, [16, 17, 30]);

    let finding = |subject: &str, code: &str| {
        let all = rows(&document, "findings").iter();
        all.filter(|row| row["subject"] == subject && row["finding"] == code).count()
    };
    assert_eq!(finding("SPY250919C00460000", "entry_below_intrinsic"), 1);
    assert_eq!(finding("META", "entries_disagree"), 1);
    assert_eq!(finding("ZM", "entry_not_a_session"), 1);
    let commands: Vec<&str> =
        rows(&document, "recommendations").iter().map(|row| row["command"].as_str().unwrap()).collect();
    let expected = [
        "sigma-report snapshot --as-of 2025-06-30",
        "sigma-greeks run --as-of 2025-06-30",
        "sigma-factors run --as-of 2025-06-30",
        "sigma-stress run --as-of 2025-06-30",
    ];
    assert_eq!(commands, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn books_without_prices_are_not_ready() {
    let demo = DemoStore::books().await.unwrap();
    let output = tool(&demo, &["books"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stdout(&output).contains("NOT READY") && stdout(&output).contains("sigma-sync run"));
    let empty = DemoStore::empty().await.unwrap();
    let refused = tool(&empty, &["books"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("sigma-seed demo"), "{}", stderr(&refused));
}
