//! `limits`.

use serde_json::Value;
use sigma_core::analytics::{performance, positions, snapshot};
use sigma_core::calendar::Calendar;
use sigma_core::model::InstrumentResults;
use sigma_store::{NewRun, Scope};
use sigma_testkit::demo_store::DemoStore;

use crate::{code, date, json, row, stderr, tool};

/// The demo books with the snapshot of the last close, before any other engine has run.
async fn valued() -> DemoStore {
    let mut demo = DemoStore::with_market().await.unwrap();
    let as_of = date("2025-06-30");
    let store = &mut demo.store;
    let books = store.books(&[]).await.unwrap();
    let market = store.books_market(&books, &[], None, as_of).await.unwrap();
    let (mut snapshots, mut exposures, mut exclusions) = (Vec::new(), Vec::new(), Vec::new());
    for book in &books {
        let days = performance::roll_from_opening(book, &market, Calendar::nyse(), as_of).unwrap();
        let last = days.len() - 1;
        let views = positions::assess(book, &days[last].lots, &market, &InstrumentResults::default());
        let set = snapshot::assemble(book, &days, last, &views);
        let id = book.portfolio.id;
        snapshots.push((id, set.snapshot));
        exposures.extend(set.exposures.into_iter().map(|row| (id, as_of, row)));
        exclusions.extend(set.exclusions.into_iter().map(|exclusion| (id, as_of, exclusion)));
    }
    let run = NewRun {
        tool: "sigma-report".into(),
        verb: "snapshot".into(),
        as_of: Some(as_of),
        from: None,
        parameters: serde_json::json!({}),
        version: "test".into(),
        username: "test".into(),
        started_at: "2025-07-01T12:00:00Z".into(),
    };
    let run = store.begin_run(run).await.unwrap();
    let scope = Scope::all(as_of, as_of);
    store.save_snapshots(run, &scope, &snapshots).await.unwrap();
    store.save_exposures(run, &scope, exposures).await.unwrap();
    store.save_exclusions(run, &scope, "valuation", exclusions).await.unwrap();
    demo
}

fn write(demo: &DemoStore, text: &str) {
    std::fs::write(demo.dir.path().join("limits.toml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_held_against_the_demo_books() {
    let demo = valued().await;
    write(
        &demo,
        "[[limit]]\nmeasure = 'gross'\nunit = 'nav'\nmax = 1\n\n\
         [[limit]]\nmeasure = 'gross'\nunit = 'nav'\nmax = 2\nportfolio = 'demo-hedgefundstyle'\n\n\
         [[limit]]\nmeasure = 'positions'\nmin = 5\nmax = 60\n",
    );
    let held = tool(&demo, &["limits", "limits.toml", "--format", "json"]);
    assert_eq!(code(&held), 0, "{}", stderr(&held));
    let document = json(&held);
    let all = document["rows"].as_array().unwrap();
    assert_eq!(all.len(), 9);
    // The book without cash is at its bound; the one with cash far from it; the third has a limit of its own.
    let gross: Vec<(&str, f64, &Value)> = all
        .iter()
        .filter(|row| row["measure"] == "gross")
        .map(|row| (row["portfolio"].as_str().unwrap(), row["bound"].as_f64().unwrap(), &row["status"]))
        .collect();
    assert_eq!(
        gross,
        [
            ("demo-individual", 1.0, &"warning".into()),
            ("demo-hnw", 1.0, &"ok".into()),
            ("demo-hedgefundstyle", 2.0, &"ok".into()),
        ]
    );
    let hnw = row(all, "portfolio", "demo-hnw");
    assert!((hnw["value"].as_f64().unwrap() - 1_326_734.75 / 2_850_000.0).abs() < 1e-9);
    assert!((hnw["headroom"].as_f64().unwrap() - (1.0 - 1_326_734.75 / 2_850_000.0)).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn breaches_and_unknown_values_end_with_3_and_mistakes_with_2() {
    let demo = valued().await;
    write(&demo, "[[limit]]\nmeasure = 'single_name'\nunit = 'nav'\nmax = 0.02\n");
    let args = ["limits", "limits.toml", "--portfolio", "demo-hnw", "--format", "json"];
    let broken = tool(&demo, &args);
    assert_eq!(code(&broken), 3);
    let document = json(&broken);
    let all = document["rows"].as_array().unwrap();
    let apple = row(all, "subject", "SPY");
    assert_eq!(apple["status"], "breach");
    assert!(apple["headroom"].as_f64().unwrap() < 0.0);
    assert!(all.iter().all(|row| row["status"] != "ok"));

    write(&demo, "[[limit]]\nmeasure = 'stress_loss'\nmax = 1e12\n");
    let unknown = tool(&demo, &args);
    assert_eq!(code(&unknown), 3);
    let document = json(&unknown);
    let first = &document["rows"][0];
    assert_eq!((&first["status"], &first["value_reason"]), (&"unknown".into(), &"not_computed".into()));

    write(
        &demo,
        "[[limit]]\nmeasure = 'gros'\nmax = 1\n\n[[limit]]\nmeasure = 'factor'\nsubject = 'Valu'\nmax = 1\n",
    );
    let wrong = tool(&demo, &args);
    assert_eq!(code(&wrong), 2);
    let told = stderr(&wrong);
    assert!(told.contains("line 2: unknown measure \"gros\"; did you mean \"gross\"?"), "{told}");
    assert!(told.contains("line 7: no factor \"Valu\" is stored; did you mean \"Value\"?"), "{told}");
    assert!(told.contains("2 mistakes in all"), "{told}");
}
