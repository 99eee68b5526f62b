//! The demo books through snapshot and report.

use std::collections::HashMap;

use serde_json::Value;
use sigma_testkit::demo_store::DemoStore;

use crate::agreement::assert_totals;
use crate::schema::check;
use crate::tool::{files, report};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_books_are_valued_and_reported() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let folder = demo.dir.path().to_owned();
    let ran = report(&folder, "snapshot --from 2025-02-20 --to 2025-06-30").ended(0);
    assert!(ran.err.contains("portfolios=3 snapshots=270"), "{}", ran.err);
    let again = report(&folder, "snapshot --from 2025-05-01 --to 2025-06-30").ended(0);
    assert!(again.err.contains(" changed=0 "), "{}", again.err);

    let scope = sigma_store::Scope::all("2025-02-20".parse().unwrap(), "2025-06-30".parse().unwrap());
    let mut before: HashMap<i64, f64> = HashMap::new();
    for (id, snapshot) in demo.store.snapshots(&scope).await.unwrap() {
        if let Some(nav) = before.insert(id, snapshot.nav) {
            let change = snapshot.nav - nav;
            assert!((change - snapshot.day_pnl - snapshot.flows).abs() < 0.005, "{id} {}", snapshot.as_of);
        }
    }
    report(&folder, "generate").ended(3);
    let schema: Value = serde_json::from_str(&report(&folder, "schema").ended(0).out).unwrap();
    for (slug, positions, nav) in [
        ("demo-individual", 16, Some(485_000.0)),
        ("demo-hnw", 17, Some(2_850_000.0)),
        ("demo-hedgefundstyle", 30, None),
    ] {
        let [md, json, csv] = files(&folder, &format!("{slug}_2025-06-30"));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(csv.lines().count(), positions + 1, "{slug}");
        assert_eq!(json["summary"]["position_count"], positions);
        if let Some(nav) = nav {
            let stored = json["summary"]["nav_usd"].as_f64().unwrap();
            assert!((stored - nav).abs() < 0.005, "{slug} {stored}");
        }
        check(&schema, &schema, &json, slug).unwrap();
        assert!(assert_totals(&md) > 10, "{slug}");
    }
}
