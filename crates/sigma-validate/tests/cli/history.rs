//! `history`.

use sigma_store::{Dataset, Fetch};
use sigma_testkit::demo_store::DemoStore;

use crate::{code, date, json, row, rows, stderr, tool};

#[tokio::test(flavor = "multi_thread")]
async fn history_counts_returns_of_sessions() {
    let demo = DemoStore::with_market().await.unwrap();
    let full = tool(&demo, &["history", "--format", "json"]);
    assert_eq!(code(&full), 0, "{}", stderr(&full));
    let document = json(&full);
    let all = rows(&document, "symbols");
    assert!(all.iter().all(|row| row["verdict"] == "sufficient" && row["window_sessions"] == 252));
    assert!(!all.iter().any(|row| row["symbol"] == "SPY250919C00460000"), "contracts are not counted");
    assert!(all.iter().any(|row| row["symbol"] == "VIX"), "underlyings are");
    assert!(all.iter().all(|row| row["why"].is_null()));
    assert_eq!(row(all, "symbol", "SPY")["sources"], "file 253");
    let summary = &rows(&document, "summary")[0];
    assert_eq!((&summary["total"], &summary["still_short"]), (&all.len().into(), &0.into()));
    assert_eq!(summary["sufficient"], all.len());

    // The market begins on 2023-06-26: 60 returns on 2023-09-20, one fewer the session before.
    for (as_of, expected, verdict) in [("2023-09-20", 0, "limited"), ("2023-09-19", 3, "short")] {
        let output = tool(&demo, &["history", "--as-of", as_of, "--format", "json"]);
        let document = json(&output);
        let market = row(rows(&document, "symbols"), "symbol", "SPY");
        let short = &rows(&document, "summary")[0]["still_short"];
        assert_eq!(short, rows(&document, "symbols").len(), "limited is short of sufficient");
        assert_eq!((code(&output), market["verdict"].as_str().unwrap()), (expected, verdict), "{market}");
    }
}

fn fetch(subject: &str, source: &str, outcome: &str) -> Fetch {
    Fetch {
        subject: subject.into(),
        dataset: Dataset::Prices,
        source: source.into(),
        from: Some(date("2023-06-26")),
        to: date("2023-09-19"),
        outcome: outcome.into(),
        detail: String::new(),
        fetched_at: "2023-09-19T22:00:00Z".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_why_a_symbol_is_short() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let asked = [
        fetch("SPY", "fmp", "PlanSymbol"),
        fetch("SPY", "polygon", "ok"),
        fetch("VTV", "polygon", "ok"),
        fetch("MTUM", "fmp", "PlanSymbol"),
    ];
    demo.store.save_fetches(asked.to_vec()).await.unwrap();
    let output = tool(&demo, &["history", "--as-of", "2023-09-19", "--format", "json"]);
    assert_eq!(code(&output), 3);
    let document = json(&output);
    let why = |symbol: &str| row(rows(&document, "symbols"), "symbol", symbol)["why"].as_str().unwrap();
    assert_eq!(why("SPY"), "Polygon: ok from 2023-06-26; FMP: PlanSymbol");
    assert_eq!(why("QUAL"), "no request on record");

    let causes = rows(&document, "still_short");
    let names = |cause: &str| row(causes, "cause", cause)["symbols"].as_str().unwrap();
    assert_eq!(names("PlanSymbol (FMP)"), "MTUM, SPY");
    assert_eq!(names("no more data (Polygon)"), "VTV");
    let short: i64 = causes.iter().map(|row| row["symbol_count"].as_i64().unwrap()).sum();
    assert_eq!(rows(&document, "summary")[0]["still_short"], short);
    let sentence = document["notes"][0].as_str().unwrap();
    assert!(sentence.contains("2 symbols: PlanSymbol (FMP)"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_a_limit_and_a_delisting() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let limited =
        Fetch { detail: "then RateLimited (Polygon 429): too many".into(), ..fetch("SPY", "polygon", "ok") };
    let delisted = Fetch {
        dataset: Dataset::Profile,
        detail: "VTV was delisted on 2023-09-15".into(),
        ..fetch("VTV", "polygon", "NotFound")
    };
    demo.store.save_fetches(vec![limited, fetch("VTV", "polygon", "NoData"), delisted]).await.unwrap();
    let document = json(&tool(&demo, &["history", "--as-of", "2023-09-19", "--format", "json"]));
    let why = |symbol: &str| row(rows(&document, "symbols"), "symbol", symbol)["why"].as_str().unwrap();
    assert_eq!(why("SPY"), "Polygon: ok from 2023-06-26, then RateLimited");
    assert_eq!(why("VTV"), "Polygon: NoData; VTV was delisted on 2023-09-15");
    let names =
        |cause: &str| row(rows(&document, "still_short"), "cause", cause)["symbols"].as_str().unwrap();
    assert_eq!(names("RateLimited (Polygon)"), "SPY");
    assert_eq!(names("NoData (Polygon), not traded any more"), "VTV");
}
