//! One story on both databases: seed, prices, results, an identical rerun, and everything that must be refused.

mod results;

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
    market_data(&mut store).await;
    definitions_and_runs(&mut store).await;
    results::are_saved_once(&mut store, portfolio).await;
    results::are_refused_when_not_finite(&mut store).await;
    results::are_counted_after_the_commit(&mut store, &database).await;
    ids_are_unique(&database).await;
    dropped_saves_leave_the_store_sound(&mut store, &database).await;
    broken_rules_are_found(&mut store, &database).await;
    demo_data_goes(&mut store).await;
    newer_and_older_schemas_are_refused(&database).await;
}

async fn the_schema_must_exist(database: &Database) {
    assert!(matches!(Store::open(&database.url).await, Err(StoreError::NotMigrated { .. })));
    let (one, two) = tokio::join!(Store::migrate(&database.url), Store::migrate(&database.url));
    let applied = one.unwrap().len() + two.unwrap().len();
    assert_eq!(applied, 1, "two processes migrate at once, each migration is applied once");
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

fn bars(count: i64, shift: f64) -> Vec<PriceBar> {
    let bar = |i: i64| PriceBar {
        date: date("2025-01-02") + chrono::Days::new(i as u64),
        open: None,
        high: Some(101.0),
        low: Some(0.1 + 0.2),
        close: 100.0 + i as f64 / 3.0 + shift,
        adj_close: None,
        volume: Some(1e7),
        source: "file".into(),
    };
    (0..count).map(bar).collect()
}

async fn market_data(store: &mut Store) {
    // Enough instruments that a history spans several statements.
    let symbols = (0..25).map(|i| NewInstrument::of_symbol(format!("S{i:02}"))).collect();
    let ids = store.upsert_instruments(symbols).await.unwrap().ids;
    let mut histories: HashMap<i64, Vec<PriceBar>> = ids.values().map(|&id| (id, bars(250, 0.0))).collect();
    let saved = store.save_price_histories(&histories).await.unwrap();
    assert_eq!(saved, Saved { stored: 6_250, changed: 6_250 });
    assert_eq!(store.save_price_histories(&histories).await.unwrap(), Saved { stored: 6_250, changed: 0 });
    let one = ids["S07"];
    histories.get_mut(&one).unwrap()[9].close += 1.0;
    assert_eq!(store.save_price_histories(&histories).await.unwrap().changed, 1);
    assert_eq!(store.save_prices(one, &bars(10, 0.0)).await.unwrap(), Saved { stored: 10, changed: 1 });

    let split = Split { date: date("2024-06-10"), from: 1.0, to: 10.0 };
    let dividend = Dividend { ex_date: date("2025-02-10"), amount: 0.25 };
    assert_eq!(store.save_splits(one, std::slice::from_ref(&split), "file").await.unwrap().changed, 1);
    assert_eq!(store.save_splits(one, std::slice::from_ref(&split), "file").await.unwrap().changed, 0);
    store.save_dividends(one, std::slice::from_ref(&dividend), "file").await.unwrap();
    let (from, to) = (date("2025-01-04"), date("2025-02-10"));
    let read = store.price_histories(&[one], from, to).await.unwrap().remove(&one).unwrap();
    assert_eq!(read.bars, bars(250, 0.0)[2..=39]);
    assert_eq!((read.splits, read.dividends), (vec![split], vec![dividend]));
    let early = store.price_histories(&[one], from, date("2025-02-09")).await.unwrap();
    assert_eq!(early[&one].dividends, []);

    let last = bars(250, 0.0)[249].date;
    assert_eq!(store.latest_price_date().await.unwrap(), Some(last));
    let coverage = store.price_coverage().await.unwrap();
    assert_eq!(coverage.len(), 25);
    assert!(coverage.iter().all(|c| (c.first, c.last, c.count) == (date("2025-01-02"), last, 250)));
    let mut bad = bars(3, 0.0);
    bad[1].close = f64::NAN;
    let refused = store.save_prices(one, &bad).await.unwrap_err().to_string();
    assert!(refused.contains("prices") && refused.contains("2025-01-03"), "{refused}");
    quotes_and_rates(store, one).await;
    refused_bars(store).await;
}

async fn quotes_and_rates(store: &mut Store, id: i64) {
    let quote = OptionQuote {
        date: date("2025-03-03"),
        bid: Some(1.1),
        ask: Some(1.3),
        close: None,
        implied_volatility: Some(0.3),
        open_interest: Some(12.0),
        forward: None,
        source: "file".into(),
    };
    let quotes = HashMap::from([(id, vec![quote])]);
    assert_eq!(store.save_option_quotes(&quotes).await.unwrap().changed, 1);
    assert_eq!(store.save_option_quotes(&quotes).await.unwrap().changed, 0);
    let (from, to) = (date("2025-03-01"), date("2025-03-31"));
    assert_eq!(store.option_quotes(&[id], from, to).await.unwrap(), quotes);

    let points: Vec<RatePoint> =
        [4, 3].map(|day| RatePoint { date: date(&format!("2025-03-0{day}")), percent: 4.25 }).into();
    assert_eq!(store.save_rates("DGS10", &points, "file").await.unwrap().changed, 2);
    assert_eq!(store.save_rates("DGS10", &points, "file").await.unwrap().changed, 0);
    let read = store.rates(&["DGS10".into()], from, to).await.unwrap();
    assert_eq!(read["DGS10"], [points[1].clone(), points[0].clone()]);
}

async fn refused_bars(store: &mut Store) {
    let bar = QuarantinedBar {
        symbol: "S01".into(),
        date: date("2025-03-03"),
        source: "file".into(),
        reason: "jump".into(),
        detail: "close 10 times the previous".into(),
        payload: serde_json::json!({"close": 1000.1, "volume": null}),
        status: QuarantineStatus::Open,
    };
    assert_eq!(store.save_quarantine(vec![bar.clone()]).await.unwrap().changed, 1);
    assert_eq!(store.set_quarantine_status("S01", bar.date, QuarantineStatus::Dropped).await.unwrap(), 1);
    assert_eq!(store.save_quarantine(vec![bar.clone()]).await.unwrap().changed, 0);
    assert_eq!(store.quarantine(Some(QuarantineStatus::Open)).await.unwrap(), []);
    let dropped = QuarantinedBar { status: QuarantineStatus::Dropped, ..bar };
    assert_eq!(store.quarantine(None).await.unwrap(), [dropped]);
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
        drop_after(polls, store.save_prices(id, &bars(3, f64::from(polls)))).await;
        let email = format!("dropped{polls}@example.com");
        store.upsert_user(&email, "after").await.unwrap();
        let mut other = Store::open(&database.url).await.unwrap();
        assert!(other.users().await.unwrap().iter().any(|user| user.email == email), "after {polls} polls");
    }
    assert_eq!(store.save_prices(id, &bars(3, -1.0)).await.unwrap().stored, 3);
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
    let broken: Vec<String> = store.check_invariants().await.unwrap().into_iter().map(|v| v.rule).collect();
    assert_eq!(broken, ["greeks.run_id names a run", "numbers in rates are finite"]);
}

async fn demo_data_goes(store: &mut Store) {
    store.reset(false).await.unwrap();
    assert_eq!(store.portfolios(&[]).await.unwrap(), []);
    assert!(store.users().await.unwrap().iter().all(|user| user.email != "ann@example.com"));
    assert_eq!(store.snapshots(&Scope::all(date("2000-01-01"), date("2100-01-01"))).await.unwrap(), []);
    assert!(!store.instruments().await.unwrap().is_empty(), "the security master stays");
    store.reset(true).await.unwrap();
    assert_eq!(store.instruments().await.unwrap(), []);
}

async fn newer_and_older_schemas_are_refused(database: &Database) {
    database.raw("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let newer = Store::open(&database.url).await.err();
    assert!(matches!(newer, Some(StoreError::SchemaTooNew { .. })), "{newer:?}");
    assert!(matches!(Store::migrate(&database.url).await, Err(StoreError::SchemaTooNew { .. })));
    database.raw("DELETE FROM __diesel_schema_migrations");
    assert!(matches!(Store::open(&database.url).await, Err(StoreError::NotMigrated { .. })));
}
