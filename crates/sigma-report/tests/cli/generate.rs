//! `generate`: golden files, reruns, missing engines, disagreeing numbers, dry runs.

use std::path::Path;

use serde_json::Value;
use sigma_core::model::{CloseBasis, PriceBar};
use sigma_store::{NewPortfolio, Scope};

use crate::agreement::available;
use crate::book::{AS_OF, Engines, HandMade, REPORT, date, hand_made};
use crate::tool::{files, report, report_at};

/// A book with snapshots of its three sessions.
pub async fn with_snapshots(engines: Engines) -> HandMade {
    let made = hand_made(engines).await;
    report(made.dir.path(), "snapshot --from 2025-06-26 --to 2025-06-30").ended(3);
    made
}

/// Set `SIGMA_BLESS=1` to write the files anew, then read the difference.
fn is_blessed() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch for the author of a change, not for the product")]
    std::env::var("SIGMA_BLESS").is_ok_and(|value| value == "1")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_are_the_golden_ones() {
    let made = with_snapshots(Engines::All).await;
    let ran = report(made.dir.path(), "generate").ended(0);
    let paths: Vec<&str> = ran.out.lines().collect();
    assert_eq!(paths.len(), 3, "{}", ran.out);
    assert!(paths[0].ends_with("reports/hand-made_2025-06-30/portfolio_report.md"));
    let line = ran.err.lines().last().unwrap();
    assert!(
        line.starts_with("sigma-report ok verb=generate as_of=2025-06-30 portfolios=1 files=3"),
        "{line}"
    );
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden");
    for (form, text) in ["md", "json", "csv"].iter().zip(files(made.dir.path(), REPORT)) {
        let path = golden.join(format!("portfolio_report.{form}"));
        if is_blessed() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().zip(expected.lines()).find(|(a, b)| a != b);
        assert_eq!(first, None, "first difference in {form}: (now, golden)");
        assert_eq!(text.lines().count(), expected.lines().count(), "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_time_differs_between_runs() {
    let made = with_snapshots(Engines::All).await;
    report(made.dir.path(), "generate").ended(0);
    let first = files(made.dir.path(), REPORT);
    report(made.dir.path(), "generate --as-of 2025-06-30").ended(0);
    assert_eq!(files(made.dir.path(), REPORT), first);
    report_at(made.dir.path(), "generate", "2025-07-02T08:30:00Z").ended(0);
    let later = files(made.dir.path(), REPORT);
    let moved = first.map(|text| text.replace("2025-07-01T12:00:00Z", "2025-07-02T08:30:00Z"));
    assert_eq!(later, moved);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_engines_are_named_and_fail_nothing() {
    let made = with_snapshots(Engines::None).await;
    let ran = report(made.dir.path(), "generate").ended(3);
    assert!(ran.err.contains("sigma-greeks run --as-of 2025-06-30"), "{}", ran.err);
    let [md, json, csv] = files(made.dir.path(), REPORT);
    let json: Value = serde_json::from_str(&json).unwrap();
    for (section, command) in [
        ("greeks", "sigma-greeks run"),
        ("factors", "sigma-factors run"),
        ("correlations", "sigma-factors run"),
        ("stress", "sigma-stress run"),
        ("market_risk", "sigma-stress run"),
    ] {
        let sentence = format!("not available: run {command} --as-of {AS_OF}");
        assert_eq!(json[section]["available"], false, "{section}");
        assert_eq!(json[section]["available_reason"], sentence);
        assert!(md.contains(&format!("**{sentence}**")), "{section}");
    }
    assert_eq!(json["summary"]["market_beta"], Value::Null);
    assert_eq!(json["summary"]["market_beta_reason"], "not_computed");
    assert!(md.contains("| Market beta | n/a (not_computed) |"));
    assert!(md.contains("| Worst scenario | n/a (not_computed) |"));
    assert_eq!(csv.lines().count(), 7);
    assert_eq!(
        available(&json).iter().filter(|(_, status)| *status == "available").count(),
        1,
        "the snapshot"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_changed_after_the_snapshot_is_refused() {
    let mut made = with_snapshots(Engines::All).await;
    let id = made.store.instruments_by_symbol(&["AAPL".into()]).await.unwrap()[0].id;
    let bar = PriceBar {
        date: date(AS_OF),
        open: None,
        high: None,
        low: None,
        close: 205.18,
        adj_close: None,
        volume: None,
        source: "file".into(),
        basis: CloseBasis::AsTraded,
    };
    made.store.save_prices(id, &[bar]).await.unwrap();
    let ran = report(made.dir.path(), "generate").ended(1);
    assert!(ran.err.contains("do not agree: NAV against cash and position values"), "{}", ran.err);
    assert!(ran.err.contains("run `sigma-report snapshot --as-of 2025-06-30`"), "{}", ran.err);
    assert!(!made.dir.path().join("reports").exists(), "nothing is written");
    // The snapshot heals the NAV; factors and scenarios still rest on the old price.
    report(made.dir.path(), "snapshot --as-of 2025-06-30").ended(3);
    let ran = report(made.dir.path(), "generate").ended(1);
    assert!(ran.err.contains("run `sigma-factors run --as-of 2025-06-30`"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_do_not_sum_are_refused() {
    let mut made = with_snapshots(Engines::All).await;
    let day = date(AS_OF);
    let scope = Scope::all(day, day);
    let mut results = made.store.stress_results(&scope, "loadings").await.unwrap();
    if let Ok(pnl) = &mut results[0].2.direct {
        pnl.by_factor[0].pnl += 0.01;
    }
    made.store.save_stress_results(1, &scope, "loadings", results).await.unwrap();
    let ran = report(made.dir.path(), "generate").ended(1);
    assert!(ran.err.contains("scenario market_down_10 (direct), sum of its parts"), "{}", ran.err);
    assert!(ran.err.contains("run `sigma-stress run --as-of 2025-06-30`"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn exposures_that_lag_behind_the_engines_are_refused() {
    let mut made = with_snapshots(Engines::All).await;
    let day = date(AS_OF);
    let scope = Scope::all(day, day);
    let mut rows = made.store.exposures(&scope).await.unwrap();
    rows[1].2.notional = None;
    made.store.save_exposures(1, &scope, rows).await.unwrap();
    let ran = report(made.dir.path(), "generate").ended(1);
    assert!(ran.err.contains("notional exposure of asset_type"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_folders_and_dry_runs() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    report(folder, "generate --dry-run").ended(0);
    assert!(!folder.join("reports").exists());
    report(folder, "generate --format json,csv --output-dir out/daily").ended(0);
    let mut names: Vec<String> = std::fs::read_dir(folder.join("out/daily").join(REPORT))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["portfolio_report.csv", "portfolio_report.json"]);
    let ran = report(folder, "generate --format html").ended(2);
    assert!(ran.err.contains("possible values: md, json, csv"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_snapshot_the_command_is_named() {
    let made = hand_made(Engines::All).await;
    let ran = report(made.dir.path(), "generate").ended(1);
    assert!(ran.err.contains("no snapshot is stored for hand-made"), "{}", ran.err);
    assert!(ran.err.contains("hint: run `sigma-report snapshot`"), "{}", ran.err);
    report(made.dir.path(), "snapshot").ended(3);
    let ran = report(made.dir.path(), "generate --as-of 2025-06-27").ended(1);
    assert!(ran.err.contains("run `sigma-report snapshot --as-of 2025-06-27`"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_without_positions_lacks_nothing() {
    let mut made = hand_made(Engines::None).await;
    let user = made.store.users().await.unwrap()[0].id;
    let new = NewPortfolio {
        user_id: user,
        slug: "empty".into(),
        name: "Empty".into(),
        currency: "USD".into(),
        opened_on: date(AS_OF),
        is_demo: false,
    };
    made.store.upsert_portfolio(new).await.unwrap();
    report(made.dir.path(), "snapshot --portfolio empty").ended(0);
    report(made.dir.path(), "generate --portfolio empty").ended(0);
    let [md, json, csv] = files(made.dir.path(), "empty_2025-06-30");
    let json: Value = serde_json::from_str(&json).unwrap();
    let needed: Vec<String> = available(&json)
        .into_iter()
        .filter(|(_, status)| status != "not_needed")
        .map(|(name, _)| name)
        .collect();
    assert_eq!(needed, ["snapshot"]);
    assert!(md.contains("| Data quality | no position is held |"));
    assert_eq!(csv.lines().count(), 1);
    // The other portfolio has no snapshot: its report is missing, this one is written.
    let ran = report(made.dir.path(), "generate").ended(3);
    assert!(ran.err.contains("hand-made: no snapshot, no report"), "{}", ran.err);
}
