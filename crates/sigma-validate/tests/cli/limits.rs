//! `limits`.

use serde_json::Value;
use sigma_core::analytics::factor_model::DEFAULT_METHOD;
use sigma_core::analytics::{performance, positions, snapshot};
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    Book, FactorDefinition, FactorFit, FactorLoading, FitStatus, InstrumentResults, Lot, MARKET,
};
use sigma_store::{NewPosition, NewRun, Scope};
use sigma_testkit::demo_store::DemoStore;

use crate::{code, date, json, row, stderr, tool};

/// The demo books with the snapshot of the last close, before any other engine has run.
pub async fn valued() -> DemoStore {
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

/// `value` and `status` of the one row of a limit in the hnw book.
fn held(demo: &DemoStore, limit: &str) -> (i32, Value, String) {
    write(demo, limit);
    let output = tool(demo, &["limits", "limits.toml", "--portfolio", "demo-hnw", "--format", "json"]);
    let document = json(&output);
    (code(&output), document["rows"][0].clone(), stderr(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_held_against_the_book_as_it_stands() {
    let mut demo = valued().await;
    let limit = "[[limit]]\nmeasure = 'single_name'\nsubject = 'SPY'\nmax = 500_000\n";
    let (exit, before, told) = held(&demo, limit);
    assert_eq!((exit, &before["status"]), (0, &"ok".into()), "{told}");
    assert!(!told.contains("has changed since"), "{told}");

    // Tags change no total of a snapshot, and neither a position nor a price.
    let books = demo.store.books(&["demo-hnw".to_owned()]).await.unwrap();
    let lot = books[0].lots.iter().find(|lot| lot.instrument.symbol == "SPY").unwrap();
    let user = books[0].portfolio.user_id;
    demo.store.set_position_tags(user, &[(lot.position.id, vec!["Watched".to_owned()])]).await.unwrap();
    let (exit, tagged, _) = held(&demo, "[[limit]]\nmeasure = 'tag'\nsubject = 'Watched'\nmax = 1\n");
    assert_eq!((exit, &tagged["status"]), (3, &"breach".into()));
    assert_eq!(tagged["value"], before["value"]);

    let held_before = before["value"].as_f64().unwrap();
    demo.store.add_position(more(&books[0], lot, 2_000.0)).await.unwrap();
    let (exit, after, told) = held(&demo, limit);
    assert_eq!((exit, &after["status"]), (3, &"breach".into()));
    let price = held_before / lot.position.quantity;
    assert!((after["value"].as_f64().unwrap() - held_before - 2_000.0 * price).abs() < 0.01);
    assert!(told.contains("demo-hnw has changed since its snapshot of 2025-06-30"), "{told}");
    assert!(told.contains("`sigma-report snapshot --as-of 2025-06-30`"), "{told}");
}

/// More of what a lot holds, entered on the day of the snapshot.
pub fn more(book: &Book, lot: &Lot, quantity: f64) -> NewPosition {
    NewPosition {
        portfolio_id: book.portfolio.id,
        instrument_id: lot.instrument.id,
        quantity,
        entry_price: 600.0,
        entry_date: date("2025-06-30"),
        exit: None,
    }
}

/// Loadings of 1 on the market and of 0 on the other factors, for every instrument of a book but one.
async fn load_all_but(demo: &mut DemoStore, book: &Book, left_out: &str) {
    let loading = |factor: FactorDefinition| FactorLoading {
        coefficient: if factor.name == MARKET { 1.0 } else { 0.0 },
        factor: factor.name,
        std_error: None,
        t_value: None,
        p_value: None,
        vif: None,
    };
    let loadings = demo.store.factors().await.unwrap().into_iter().map(loading).collect();
    let fit = FactorFit { loadings, ..FactorFit::without_numbers(FitStatus::Ok, 252) };
    let lots = book.lots.iter().filter(|lot| lot.instrument.symbol != left_out);
    let fits = lots.map(|lot| (lot.instrument.id, date("2025-06-30"), fit.clone()));
    let unique: std::collections::BTreeMap<i64, _> = fits.map(|row| (row.0, row)).collect();
    let run = demo.store.runs(None, 1).await.unwrap()[0].id;
    let scope = Scope::all(date("2025-06-30"), date("2025-06-30"));
    demo.store.save_factor_fits(run, &scope, DEFAULT_METHOD, unique.into_values().collect()).await.unwrap();
}

/// A position that came after the factor engine has run is in no sum of loadings: a loss without it would be no loss.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_has_not_seen_is_unknown() {
    let mut demo = valued().await;
    let book = demo.store.books(&["demo-hnw".to_owned()]).await.unwrap().remove(0);
    let limits = [
        "[[limit]]\nmeasure = 'factor'\nsubject = 'Market'\nmax = 1e9\n",
        "[[limit]]\nmeasure = 'stress_loss_direct'\nsubject = 'market_crash_35'\nmax = 1e9\n",
        "[[limit]]\nmeasure = 'market_loss'\nsubject = 'market_down_20pct'\nmax = 1e9\n",
    ];
    load_all_but(&mut demo, &book, "").await;
    for limit in limits {
        let (exit, row, told) = held(&demo, limit);
        assert_eq!((exit, &row["status"]), (0, &"ok".into()), "{limit}: {told}");
        assert!(row["value"].as_f64().unwrap() > 0.0, "{row}");
    }
    load_all_but(&mut demo, &book, "SPY").await;
    for limit in limits {
        let (exit, row, told) = held(&demo, limit);
        assert_eq!(
            (exit, &row["status"], &row["value_reason"]),
            (3, &"unknown".into(), &"not_computed".into())
        );
        assert!(told.contains("`sigma-factors run --as-of 2025-06-30`"), "{told}");
    }
}
