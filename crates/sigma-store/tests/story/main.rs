//! One story on both databases: seed, prices, results, an identical rerun, and everything that must be refused.

mod market;
mod results;
mod splits;
mod what_if;

use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_core::model::*;
use sigma_store::*;
use sigma_testkit::postgres::{PrivateServer, execute};
use tempfile::TempDir;

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A database and a way past the store, for what the store would never do.
pub struct Database {
    pub url: String,
    raw: fn(&str, &str),
}

impl Database {
    pub fn raw(&self, sql: &str) {
        (self.raw)(&self.url, sql);
    }
}

fn raw_sqlite(url: &str, sql: &str) {
    use diesel::{Connection, connection::SimpleConnection};
    let path = url.strip_prefix("sqlite:").unwrap();
    diesel::SqliteConnection::establish(path).unwrap().batch_execute(sql).unwrap();
}

fn raw_postgres(url: &str, sql: &str) {
    execute(url, sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let dir = TempDir::new().unwrap();
    let url = format!("sqlite:{}", dir.path().join("sigma.db").display());
    story(Database { url, raw: raw_sqlite }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let Some(server) = PrivateServer::start().unwrap() else { return };
    let url = server.create_database().unwrap();
    story(Database { url, raw: raw_postgres }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_server_is_named_without_its_password() {
    let error = Store::open("postgres://ann:secret@127.0.0.1:1/books").await.err().unwrap();
    let text = error.to_string();
    assert!(text.contains("ann:***@127.0.0.1:1/books") && !text.contains("secret"), "{text}");
    assert!(matches!(error, StoreError::NoServer { .. }) && error.hint().is_some());
    let folder = Store::migrate("sqlite:no/such/folder/sigma.db").await.unwrap_err();
    assert!(matches!(folder, StoreError::Unreachable { .. }), "{folder:?}");
}

/// SQLite does not wait by itself when two connections turn a new file to its write-ahead log.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_new_file_can_be_opened_by_many_at_once() {
    let dir = TempDir::new().unwrap();
    for round in 0..30 {
        let url = format!("sqlite:{}", dir.path().join(format!("{round}.db")).display());
        let opened: Vec<_> = (0..8).map(|_| tokio::spawn(Store::migrate(url.clone().leak()))).collect();
        let mut applied = 0;
        for one in opened {
            applied += one.await.unwrap().unwrap().len();
        }
        assert_eq!(applied, 5);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_starts_with_the_schema() {
    let mut store = Store::open("sqlite::memory:").await.unwrap();
    assert_eq!(store.portfolios(&[]).await.unwrap(), []);
    assert!(!store.schema_version().await.unwrap().is_empty());
}

async fn story(database: Database) {
    the_schema_must_exist(&database).await;
    let mut store = Store::open(&database.url).await.unwrap();
    let portfolio = books(&mut store).await;
    splits::are_taken_back(&mut store, portfolio).await;
    market::is_saved_once(&mut store).await;
    market::batches_are_saved_whole_or_not_at_all(&mut store).await;
    market::questions_are_remembered(&mut store).await;
    definitions_and_runs(&mut store).await;
    results::are_saved_once(&mut store, portfolio).await;
    results::are_refused_when_not_finite(&mut store).await;
    results::are_counted_after_the_commit(&mut store, &database).await;
    what_if::sessions_are_kept(&mut store).await;
    what_if::books_are_stored_whole_or_not_at_all(&mut store).await;
    ids_are_unique(&database).await;
    dropped_saves_leave_the_store_sound(&mut store, &database).await;
    broken_rules_are_found(&mut store, &database).await;
    demo_data_goes(&mut store).await;
    the_first_schema_is_brought_up(&database).await;
    newer_and_older_schemas_are_refused(&database).await;
}

async fn the_schema_must_exist(database: &Database) {
    assert!(matches!(Store::open(&database.url).await, Err(StoreError::NotMigrated { .. })));
    let (one, two) = tokio::join!(Store::migrate(&database.url), Store::migrate(&database.url));
    let applied = one.unwrap().len() + two.unwrap().len();
    assert_eq!(applied, 5, "two processes migrate at once, each migration is applied once");
    assert_eq!(Store::migrate(&database.url).await.unwrap(), Vec::<String>::new());
}

fn option(symbol: &str) -> NewInstrument {
    let occ = parse_occ(symbol).unwrap();
    let terms = OptionTerms {
        style: exercise_style_of(&occ.root),
        underlying: occ.root,
        kind: occ.kind,
        strike: occ.strike,
        expiry: occ.expiry,
        standard_deliverable: true,
    };
    NewInstrument {
        kind: Some(InstrumentKind::Option),
        option: Some(terms),
        ..NewInstrument::of_symbol(symbol)
    }
}

pub const CALL: &str = "AAPL250919C00200000";

async fn instruments(store: &mut Store) -> HashMap<String, i64> {
    let apple = NewInstrument {
        name: Some("Apple Inc.".into()),
        sector: Some("Technology".into()),
        market_cap: Some(3.1e12),
        ..NewInstrument::of_symbol("AAPL")
    };
    let saved = store.upsert_instruments(vec![apple.clone(), option(CALL)]).await.unwrap();
    assert_eq!((saved.inserted, saved.updated), (2, 0));
    let again = store.upsert_instruments(vec![apple, option(CALL)]).await.unwrap();
    assert_eq!((again.inserted, again.updated), (0, 0));
    assert_eq!(again.ids, saved.ids);

    let profile =
        NewInstrument { industry: Some("Consumer Electronics".into()), ..NewInstrument::of_symbol("AAPL") };
    assert_eq!(store.upsert_instruments(vec![profile]).await.unwrap().updated, 1);
    let stored = store.instruments_by_symbol(&["AAPL".into(), "NONE".into()]).await.unwrap();
    assert_eq!(stored.len(), 1);
    let blank = NewInstrument {
        name: Some(String::new()),
        sector: Some(" ".into()),
        industry: Some(String::new()),
        exchange: Some(String::new()),
        country: Some(String::new()),
        currency: Some(String::new()),
        ..NewInstrument::of_symbol("AAPL")
    };
    let untouched = store.upsert_instruments(vec![blank]).await.unwrap();
    assert_eq!((untouched.inserted, untouched.updated), (0, 0));
    assert_eq!(store.instruments_by_symbol(&["AAPL".into()]).await.unwrap(), stored, "nor does empty text");
    assert_eq!((stored[0].exchange.as_deref(), stored[0].currency.as_str()), (None, "USD"));
    assert_eq!(stored[0].name.as_deref(), Some("Apple Inc."), "absent fields keep what is stored");
    assert_eq!(stored[0].industry.as_deref(), Some("Consumer Electronics"));
    assert_eq!((stored[0].market_cap, stored[0].multiplier), (Some(3.1e12), 1.0));

    let call = store.instruments_by_id(&[saved.ids[CALL]]).await.unwrap().remove(0);
    assert_eq!((call.multiplier, call.risk_symbol()), (100.0, "AAPL"));
    assert_eq!(call.option.unwrap().strike, 200.0);
    let without_terms =
        NewInstrument { kind: Some(InstrumentKind::Option), ..NewInstrument::of_symbol("X250919C00200000") };
    let refused = store.upsert_instruments(vec![without_terms]).await.unwrap_err();
    assert!(refused.to_string().contains("X250919C00200000"), "{refused}");
    saved.ids
}

async fn books(store: &mut Store) -> i64 {
    let ids = instruments(store).await;
    let user = store.upsert_user("ann@example.com", "Ann").await.unwrap();
    assert_eq!(store.upsert_user("ann@example.com", "Ann B.").await.unwrap(), user);
    assert_eq!(store.users().await.unwrap()[0].name, "Ann B.");
    let new = NewPortfolio {
        user_id: user,
        slug: "growth".into(),
        name: "Growth".into(),
        currency: "USD".into(),
        opened_on: date("2025-01-02"),
        is_demo: true,
    };
    let made = store.upsert_portfolio(new.clone()).await.unwrap();
    assert!(made.changed);
    assert!(!store.upsert_portfolio(new).await.unwrap().changed);
    assert_eq!(store.portfolios(&[]).await.unwrap().len(), 1);
    let unknown = store.portfolios(&["grwoth".into()]).await.unwrap_err().to_string();
    assert!(unknown.contains("grwoth") && unknown.contains("growth"), "{unknown}");

    lots(store, made.id, ids["AAPL"], user).await;
    let cash = NewCashEntry {
        portfolio_id: made.id,
        date: date("2025-01-02"),
        kind: CashKind::Opening,
        amount: 5_000.0,
        note: None,
    };
    let entry = store.ensure_cash(cash.clone()).await.unwrap();
    assert!(entry.changed && !store.ensure_cash(cash.clone()).await.unwrap().changed);
    let more = store.ensure_cash(NewCashEntry { amount: 6_000.0, ..cash }).await.unwrap();
    assert_eq!(more, Ensured { id: entry.id, changed: true });
    assert_eq!(store.cash_entries(&[made.id]).await.unwrap()[0].amount, 6_000.0);
    made.id
}

async fn lots(store: &mut Store, portfolio_id: i64, instrument_id: i64, user: i64) {
    let new = NewPosition {
        portfolio_id,
        instrument_id,
        quantity: -100.0,
        entry_price: 190.5,
        entry_date: date("2025-01-03"),
        exit: None,
    };
    let first = store.ensure_position(new.clone(), 1).await.unwrap();
    assert!(first.changed && !store.ensure_position(new.clone(), 1).await.unwrap().changed);
    let second = store.add_position(new.clone()).await.unwrap();
    let tag = store.add_tag(user, "hedge").await.unwrap();
    assert!(store.tag_position(first.id, tag.id).await.unwrap());
    assert!(!store.tag_position(first.id, tag.id).await.unwrap());

    let refused = store.close_position(first.id, 180.0, date("2025-02-03"), Some(101.0)).await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    let part = store.close_position(first.id, 180.0, date("2025-02-03"), Some(40.0)).await.unwrap();
    let lots = store.position_lots(&[portfolio_id]).await.unwrap();
    let lot = |id: i64| lots.iter().find(|lot| lot.position.id == id).unwrap();
    assert_eq!((lot(first.id).position.quantity, lot(first.id).position.exit_date), (-60.0, None));
    assert_eq!((lot(part).position.quantity, lot(part).position.exit_price), (-40.0, Some(180.0)));
    assert_eq!((lot(second).lot, lot(part).lot), (2, 3));
    let tags = store.position_tags(&[portfolio_id]).await.unwrap();
    assert_eq!(tags[&part], ["hedge"]);
    assert!(!tags.contains_key(&second));

    assert_eq!(store.close_position(second, 170.0, date("2025-02-04"), None).await.unwrap(), second);
    assert!(store.close_position(second, 170.0, date("2025-02-04"), None).await.is_err());
    store.remove_position(second).await.unwrap();
    assert!(matches!(store.remove_position(second).await, Err(StoreError::Missing { .. })));
    let infinite = NewPosition { quantity: f64::INFINITY, ..new.clone() };
    let refused = store.add_position(infinite).await.unwrap_err().to_string();
    assert!(refused.contains("quantity is inf"), "{refused}");

    // A split ends the lot at its own price, and the new one costs the same.
    let goes_on =
        store.split_position(first.id, date("2025-02-10"), -120.0, new.entry_price / 2.0).await.unwrap();
    let lots = store.position_lots(&[portfolio_id]).await.unwrap();
    let lot = |id: i64| &lots.iter().find(|lot| lot.position.id == id).unwrap().position;
    let (old, on) = (lot(first.id), lot(goes_on));
    assert_eq!((old.exit_date, old.exit_price), (Some(date("2025-02-10")), Some(old.entry_price)));
    assert_eq!((on.entry_date, on.exit_date), (date("2025-02-10"), None));
    assert_eq!(on.quantity * on.entry_price, old.quantity * old.entry_price);
    assert_eq!(store.position_tags(&[portfolio_id]).await.unwrap()[&goes_on], ["hedge"]);
    assert!(store.split_position(first.id, date("2025-02-10"), 1.0, 1.0).await.is_err());
}

async fn definitions_and_runs(store: &mut Store) {
    let factor = |name: &str, kind, proxy: &str| FactorDefinition {
        name: name.into(),
        kind,
        proxy: proxy.into(),
        description: String::new(),
    };
    let factors = [factor(MARKET, FactorKind::Market, "SPY"), factor("Growth", FactorKind::Style, "VUG")];
    assert_eq!(store.save_factors(&factors).await.unwrap().changed, 2);
    assert_eq!(store.save_factors(&factors).await.unwrap().changed, 0);
    assert_eq!(store.factors().await.unwrap(), factors);
    let scenario = |id: &str, active| Scenario {
        id: id.into(),
        name: id.into(),
        category: "rates".into(),
        severity: "mild".into(),
        note: None,
        active,
        shocks: vec![
            Shock::RatesBp { bp: 100.0 },
            Shock::Factor { factor: MARKET.into(), size: -0.1, basis: ShockBasis::Return },
        ],
    };
    let scenarios = [scenario("rates-up", true), scenario("all-down", false)];
    assert_eq!(store.save_scenarios(&scenarios).await.unwrap().changed, 2);
    assert_eq!(store.save_scenarios(&scenarios).await.unwrap().changed, 0);
    assert_eq!(store.scenarios().await.unwrap(), scenarios);
    assert_eq!(store.active_scenarios().await.unwrap(), scenarios[..1]);

    let run = begin(store).await;
    let outcome = RunOutcome {
        finished_at: "2025-03-03T22:00:05Z".into(),
        status: RunStatus::Partial,
        expected: Some(3),
        stored: Some(2),
        changed: Some(2),
        skipped: Some(1),
        message: None,
    };
    store.finish_run(run, outcome).await.unwrap();
    let read = store.runs(Some("sigma-greeks"), 10).await.unwrap().remove(0);
    assert_eq!((read.id, read.status, read.skipped), (run, RunStatus::Partial, Some(1)));
    assert_eq!(store.runs(Some("sigma-sync"), 10).await.unwrap(), []);
    // One that never ended is told as failed as soon as the next begins; one that did stays as it was.
    let (dead, alive) = (begin(store).await, begin(store).await);
    let told: Vec<(i64, RunStatus)> =
        store.runs(None, 3).await.unwrap().into_iter().map(|run| (run.id, run.status)).collect();
    assert_eq!(told, [(alive, RunStatus::Running), (dead, RunStatus::Failed), (run, read.status)]);
}

pub async fn begin(store: &mut Store) -> i64 {
    let run = NewRun {
        tool: "sigma-greeks".into(),
        verb: "run".into(),
        as_of: Some(date("2025-03-03")),
        from: None,
        parameters: serde_json::json!({"window": 252}),
        version: "0.1.0".into(),
        username: "ann".into(),
        started_at: "2025-03-03T22:00:00Z".into(),
    };
    store.begin_run(run).await.unwrap()
}

/// Two connections add users at the same time; nobody gets an id twice.
async fn ids_are_unique(database: &Database) {
    let add = async |who: &str| {
        let mut store = Store::open(&database.url).await.unwrap();
        let mut ids = Vec::new();
        for i in 0..20 {
            ids.push(store.upsert_user(&format!("{who}{i}@example.com"), who).await.unwrap());
        }
        ids
    };
    let (one, two) = tokio::join!(add("bob"), add("eve"));
    let mut ids = [one, two].concat();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

/// A save whose future is dropped half way takes no later save with it, wherever it was dropped.
async fn dropped_saves_leave_the_store_sound(store: &mut Store, database: &Database) {
    let id = store.upsert_instruments(vec![NewInstrument::of_symbol("DROP")]).await.unwrap().ids["DROP"];
    for polls in 0..12 {
        drop_after(polls, store.save_prices(id, &market::bars(3, f64::from(polls)))).await;
        let email = format!("dropped{polls}@example.com");
        store.upsert_user(&email, "after").await.unwrap();
        let mut other = Store::open(&database.url).await.unwrap();
        assert!(other.users().await.unwrap().iter().any(|user| user.email == email), "after {polls} polls");
    }
    assert_eq!(store.save_prices(id, &market::bars(3, -1.0)).await.unwrap().stored, 3);
}

async fn drop_after<T>(polls: i32, future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let once =
            std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready()));
        if once.await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

async fn broken_rules_are_found(store: &mut Store, database: &Database) {
    assert_eq!(store.check_invariants().await.unwrap(), []);
    database.raw("UPDATE greeks SET run_id = 999 WHERE run_id = (SELECT MAX(run_id) FROM greeks)");
    let infinity = if store.backend() == "SQLite" { "9e999" } else { "'Infinity'" };
    database.raw(&format!("UPDATE rates SET percent = {infinity} WHERE date = '2025-03-03'"));
    database.raw(&format!("UPDATE splits SET to_shares = {infinity} WHERE source = 'polygon'"));
    database.raw("UPDATE fetches SET fetched_at = '2025-03-04 01:00' WHERE subject = 'DGS10'");
    let broken: Vec<String> = store.check_invariants().await.unwrap().into_iter().map(|v| v.rule).collect();
    let expected = [
        "every fetch names what was asked of whom, how it ended, and when in UTC",
        "greeks.run_id names a run",
        "numbers in rates are finite",
        "numbers in splits are finite",
    ];
    assert_eq!(broken, expected);
}

async fn demo_data_goes(store: &mut Store) {
    store.reset(false).await.unwrap();
    assert_eq!(store.portfolios(&[]).await.unwrap(), []);
    assert!(store.users().await.unwrap().iter().all(|user| user.email != "ann@example.com"));
    assert_eq!(store.snapshots(&Scope::all(date("2000-01-01"), date("2100-01-01"))).await.unwrap(), []);
    assert!(!store.instruments().await.unwrap().is_empty(), "the security master stays");
    store.reset(true).await.unwrap();
    assert_eq!(store.instruments().await.unwrap(), []);
    assert_eq!(store.fetches().await.unwrap(), []);
}

/// Rows of a database that has only the first migration come through the others.
async fn the_first_schema_is_brought_up(database: &Database) {
    let mut store = Store::open(&database.url).await.unwrap();
    let newest = store.schema_version().await.unwrap();
    let id = store.upsert_instruments(vec![NewInstrument::of_symbol("OLD")]).await.unwrap().ids["OLD"];
    drop(store);
    database.raw(include_str!("../../../../migrations/2026-04-01-000000_adjusted_lots/down.sql"));
    database.raw(include_str!("../../../../migrations/2026-03-02-000000_imports/down.sql"));
    database.raw(include_str!("../../../../migrations/2026-03-01-000000_what_if/down.sql"));
    database.raw(include_str!("../../../../migrations/2026-02-01-000000_market_data/down.sql"));
    database.raw("DELETE FROM __diesel_schema_migrations WHERE version > '20260101000000'");
    database.raw(&format!(
        "INSERT INTO prices (instrument_id, date, close, source) VALUES ({id}, '2025-01-02', 10.5, 'file')"
    ));
    let old = Store::open(&database.url).await.err();
    assert!(matches!(&old, Some(StoreError::SchemaTooOld { needed, .. }) if *needed == newest), "{old:?}");
    assert_eq!(Store::migrate(&database.url).await.unwrap().len(), 4);
    let mut store = Store::open(&database.url).await.unwrap();
    let day = date("2025-01-02");
    let bar = store.price_histories(&[id], day, day).await.unwrap().remove(&id).unwrap().bars.remove(0);
    assert_eq!((bar.close, bar.basis), (10.5, CloseBasis::AsTraded));
    assert_eq!(store.fetches().await.unwrap(), []);
}

async fn newer_and_older_schemas_are_refused(database: &Database) {
    database.raw("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let newer = Store::open(&database.url).await.err();
    assert!(matches!(newer, Some(StoreError::SchemaTooNew { .. })), "{newer:?}");
    assert!(matches!(Store::migrate(&database.url).await, Err(StoreError::SchemaTooNew { .. })));
    database.raw("DELETE FROM __diesel_schema_migrations");
    assert!(matches!(Store::open(&database.url).await, Err(StoreError::NotMigrated { .. })));
}
