//! The tool on the demo books and the demo market.

use std::process::Output;

use assert_cmd::Command;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{PriceBar, Snapshot};
use sigma_store::{NewRun, QuarantineStatus, QuarantinedBar, Scope, Store};
use sigma_testkit::demo_store::DemoStore;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn tool(demo: &DemoStore, args: &[&str]) -> Output {
    Command::cargo_bin("sigma-validate")
        .unwrap()
        .current_dir(demo.dir.path())
        .env_clear()
        .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
        .env("DATABASE_URL", &demo.url)
        .env("SIGMA_FMP_API_KEY", "not-to-be-shown")
        .args(args)
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

fn rows<'a>(document: &'a Value, table: &str) -> &'a Vec<Value> {
    document["tables"][table].as_array().unwrap()
}

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

#[tokio::test(flavor = "multi_thread")]
async fn history_counts_returns_of_sessions() {
    let demo = DemoStore::with_market().await.unwrap();
    let full = tool(&demo, &["history", "--format", "json"]);
    assert_eq!(code(&full), 0, "{}", stderr(&full));
    let document = json(&full);
    let all = document["rows"].as_array().unwrap();
    assert!(all.iter().all(|row| row["verdict"] == "sufficient" && row["window_sessions"] == 252));
    assert!(!all.iter().any(|row| row["symbol"] == "SPY250919C00460000"), "contracts are not counted");
    assert!(all.iter().any(|row| row["symbol"] == "VIX"), "underlyings are");

    // The market begins on 2023-06-26: 60 returns on 2023-09-20, one fewer the session before.
    for (as_of, expected, verdict) in [("2023-09-20", 0, "limited"), ("2023-09-19", 3, "short")] {
        let output = tool(&demo, &["history", "--as-of", as_of, "--format", "json"]);
        let document = json(&output);
        let market = document["rows"].as_array().unwrap().iter().find(|row| row["symbol"] == "SPY").unwrap();
        assert_eq!((code(&output), market["verdict"].as_str().unwrap()), (expected, verdict), "{market}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quality_finds_a_misplaced_decimal_point() {
    let mut demo = DemoStore::with_market().await.unwrap();
    assert_eq!(code(&tool(&demo, &["quality"])), 0);
    let apple = demo.store.instruments_by_symbol(&["AAPL".into()]).await.unwrap().remove(0);
    let day = date("2025-06-26");
    let history = demo.store.price_histories(&[apple.id], day, day).await.unwrap().remove(&apple.id).unwrap();
    let bar = history.bars.into_iter().next().unwrap();
    let wrong = PriceBar { close: bar.close * 10.0, ..bar };
    demo.store.save_prices(apple.id, &[wrong]).await.unwrap();
    let output = tool(&demo, &["quality", "--symbol", "AAPL", "--format", "json"]);
    assert_eq!(code(&output), 3);
    assert_eq!(json(&output)["rows"][0]["jumps"], 2);
    assert_eq!(code(&tool(&demo, &["quality", "--symbol", "NONE"])), 2);
}

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
async fn env_tells_one_line_a_check_and_no_secret() {
    let demo = DemoStore::books().await.unwrap();
    let output = tool(&demo, &["env"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let text = stdout(&output);
    assert!(text.contains("63 positions") && text.contains("set (not shown) (SIGMA_FMP_API_KEY)"), "{text}");
    assert!(!text.contains("not-to-be-shown"));
    let missing = tool(&demo, &["env", "--database-url", "sqlite:nothing.db"]);
    assert_eq!(code(&missing), 3);
    assert!(stdout(&missing).contains("sigma-seed migrate"), "{}", stdout(&missing));
}

fn snapshot(as_of: &str, nav: f64, cash: f64, day_pnl: f64) -> Snapshot {
    Snapshot {
        as_of: date(as_of),
        nav,
        cash,
        short_proceeds: 0.0,
        long_value: 0.0,
        short_value: 0.0,
        gross: 0.0,
        net: 0.0,
        unrealized_pnl: 0.0,
        realized_pnl: 0.0,
        day_pnl,
        flows: 0.0,
        day_return: None,
        cumulative_pnl: 0.0,
        cumulative_return: None,
        realized_vol_21: None,
        realized_vol_63: None,
        drawdown: None,
        market_beta: None,
        delta_dollars: None,
        gamma_dollars_per_1pct: None,
        theta_per_day: None,
        vega_per_point: None,
        rho_per_point: None,
        hhi: None,
        effective_positions: None,
        top_3_fraction: None,
        top_10_fraction: None,
        position_count: 0,
        excluded_count: 0,
    }
}

async fn save(store: &mut Store, rows: &[(i64, Snapshot)]) {
    let run = NewRun {
        tool: "sigma-report".into(),
        verb: "snapshot".into(),
        as_of: None,
        from: None,
        parameters: serde_json::json!({}),
        version: "test".into(),
        username: "test".into(),
        started_at: "2025-07-01T12:00:00Z".into(),
    };
    let run = store.begin_run(run).await.unwrap();
    store.save_snapshots(run, &Scope::all(date("2025-06-01"), date("2025-06-30")), rows).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_each_identity_that_does_not_hold() {
    let mut demo = DemoStore::books().await.unwrap();
    let id = demo.store.portfolios(&[]).await.unwrap()[0].id;
    let friday = snapshot("2025-06-27", 100.0, 100.0, 0.0);
    save(&mut demo.store, &[(id, friday.clone()), (id, snapshot("2025-06-30", 107.0, 107.0, 7.0))]).await;
    let sound = tool(&demo, &["check"]);
    assert_eq!(code(&sound), 0, "{}", stdout(&sound));
    save(&mut demo.store, &[(id, friday), (id, snapshot("2025-06-30", 107.0, 106.98, 6.98))]).await;
    let broken = tool(&demo, &["check", "--format", "json"]);
    assert_eq!(code(&broken), 3);
    let document = json(&broken);
    let rules: Vec<&str> =
        document["rows"].as_array().unwrap().iter().map(|row| row["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"NAV = cash + long + short"), "{rules:?}");
    assert!(rules.contains(&"NAV change = P&L + flows"), "{rules:?}");
}
