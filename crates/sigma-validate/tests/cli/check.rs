//! `check`.

use sigma_core::model::Snapshot;
use sigma_store::{NewRun, Scope, Store};
use sigma_testkit::demo_store::DemoStore;

use crate::limits::{more, valued};
use crate::{code, date, json, stdout, tool};

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

/// A position that is entered for a date that has a snapshot leaves the snapshot behind.
#[tokio::test(flavor = "multi_thread")]
async fn check_tells_snapshots_that_are_not_of_the_book() {
    let mut demo = valued().await;
    let sound = tool(&demo, &["check"]);
    assert_eq!(code(&sound), 0, "{}", stdout(&sound));
    let book = demo.store.books(&["demo-hnw".to_owned()]).await.unwrap().remove(0);
    demo.store.add_position(more(&book, &book.lots[0], 5.0)).await.unwrap();
    let stale = tool(&demo, &["check", "--format", "json"]);
    assert_eq!(code(&stale), 3);
    let document = json(&stale);
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["rule"], "snapshots are of the book as it stands");
    assert_eq!((&rows[0]["portfolio"], &rows[0]["as_of"]), (&"demo-hnw".into(), &"2025-06-30".into()));
    let detail = rows[0]["detail"].as_str().unwrap();
    let command = "run `sigma-report snapshot --from 2025-06-30 --to 2025-06-30 --portfolio demo-hnw`";
    assert!(detail.ends_with(command), "{detail}");
}
