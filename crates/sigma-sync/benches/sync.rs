//! `sigma-sync run` from the first request to the last stored row: 500 symbols of 500 sessions into a SQLite file, from
//! services on this machine that answer at once and without limits. The answers are made before anything is measured.

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use divan::Bencher;
use sigma_core::calendar::Calendar;
use sigma_core::model::{FactorDefinition, FactorKind};
use sigma_store::{NewInstrument, NewPortfolio, NewPosition, Store};
use sigma_testkit::fake::market::Listing;
use sigma_testkit::fake::{Exchange, Reply, Request, Server};
use tempfile::TempDir;

const SYMBOLS: usize = 500;
const SESSIONS: usize = 500;
const AS_OF: &str = "2025-06-30";

/// Before the window there is one session more, and the as-of date after it.
const WINDOW: usize = SESSIONS - 2;

fn main() {
    divan::main();
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn symbol(index: usize) -> String {
    format!("S{index:03}")
}

/// Services that remember their answers.
fn services() -> Server {
    let calendar = Calendar::nyse();
    let first = calendar.sessions_back(day(AS_OF), SESSIONS - 1).expect("a session");
    let sessions = calendar.sessions_between(first, day(AS_OF)).expect("sessions");
    let names = (0..SYMBOLS).map(symbol).chain(["SPY", "SHY", "IEF", "TLT"].map(str::to_owned));
    let listing = |name: String| {
        Listing::generated(&name, &sessions, &[])
            .dividend(day("2025-03-03"), 0.25)
            .dividend(day("2025-06-02"), 0.25)
    };
    let exchange = names.fold(Exchange::new(), |exchange, name| exchange.list(listing(name)));
    let yields: Vec<_> = sessions.iter().map(|date| (*date, Some(4.25))).collect();
    let exchange = exchange.rates("DGS3MO", yields.clone()).rates("DGS10", yields);
    let answers: Arc<Mutex<HashMap<String, Reply>>> = Arc::default();
    Server::start(move |request: &Request| {
        let known = answers.lock().expect("no panic").get(&request.target).cloned();
        known.unwrap_or_else(|| {
            let reply = exchange.reply(request);
            answers.lock().expect("no panic").insert(request.target.clone(), reply.clone());
            reply
        })
    })
}

/// A database with a book of the symbols and no prices.
struct Book {
    dir: TempDir,
    url: String,
}

impl Book {
    fn new() -> Book {
        let dir = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite:{}", dir.path().join("sigma.db").display());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(seed(&url));
        Book { dir, url }
    }

    /// One run of the tool with a key of this provider.
    fn sync(&self, services: &Server, provider: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigma-sync"));
        command
            .env_clear()
            .env("DATABASE_URL", &self.url)
            .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
            .env("SIGMA_STATE_DIR", self.dir.path().join("state"))
            .env(format!("SIGMA_{}_API_KEY", provider.to_uppercase()), "a-key-of-no-service")
            .current_dir(self.dir.path())
            .args(["run", "--as-of", AS_OF, "--window", &WINDOW.to_string()]);
        for name in ["POLYGON", "FMP", "TIINGO", "FRED"] {
            command.env(format!("SIGMA_{name}_BASE_URL"), services.url());
            command.env(format!("SIGMA_{name}_LIMIT"), "unlimited");
        }
        let output = command.output().expect("the tool runs");
        let told = String::from_utf8_lossy(&output.stderr);
        let is_whole = told.contains("missing=0") && told.contains("sufficient=501/501");
        assert!(output.status.success() && is_whole, "{told}");
    }
}

async fn seed(url: &str) {
    Store::migrate(url).await.expect("a schema");
    let mut store = Store::open(url).await.expect("a store");
    let user_id = store.upsert_user("ann@example.com", "Ann").await.expect("a user");
    let opened_on = day("2025-06-02");
    let portfolio = NewPortfolio {
        user_id,
        slug: "core".into(),
        name: "Core".into(),
        currency: "USD".into(),
        opened_on,
        is_demo: false,
    };
    let portfolio_id = store.upsert_portfolio(portfolio).await.expect("a portfolio").id;
    let new = (0..SYMBOLS).map(|index| NewInstrument::of_symbol(symbol(index))).collect();
    for instrument_id in store.upsert_instruments(new).await.expect("instruments").ids.into_values() {
        let position = NewPosition {
            portfolio_id,
            instrument_id,
            quantity: 100.0,
            entry_price: 50.0,
            entry_date: opened_on,
            exit: None,
        };
        store.add_position(position).await.expect("a position");
    }
    let market = FactorDefinition {
        name: "Market".into(),
        kind: FactorKind::Market,
        proxy: "SPY".into(),
        description: String::new(),
    };
    store.save_factors(&[market]).await.expect("factors");
}

const PROVIDERS: [&str; 3] = ["polygon", "fmp", "tiingo"];

#[divan::bench(args = PROVIDERS, sample_count = 3, sample_size = 1)]
fn first_sync(bencher: Bencher, provider: &str) {
    let services = services();
    Book::new().sync(&services, provider);
    bencher.with_inputs(Book::new).bench_local_values(|book| {
        book.sync(&services, provider);
        // Returned so that the removal of its files is not measured.
        book
    });
}

#[divan::bench(args = PROVIDERS, sample_count = 3, sample_size = 1)]
fn sync_again(bencher: Bencher, provider: &str) {
    let services = services();
    let book = Book::new();
    book.sync(&services, provider);
    bencher.bench_local(|| book.sync(&services, provider));
}
