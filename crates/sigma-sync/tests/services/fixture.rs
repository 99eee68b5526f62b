//! A book of shares, an exchange on this machine that answers as every provider does, and the tool run on them.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::NaiveDate;
use sigma_core::calendar::Calendar;
use sigma_core::model::*;
use sigma_store::*;
use sigma_testkit::fake::market::Listing;
use sigma_testkit::fake::{Exchange, Reply, Request, Server};
use tempfile::TempDir;

pub const AS_OF: &str = "2025-06-30";

/// Stands for a key; must never be seen anywhere.
pub const CANARY: &str = "canary-7f3a9c51d2e84b06";

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Sessions up to the as-of date.
pub fn sessions(count: usize) -> Vec<NaiveDate> {
    let calendar = Calendar::nyse();
    let first = calendar.sessions_back(day(AS_OF), count - 1).unwrap();
    calendar.sessions_between(first, day(AS_OF)).unwrap()
}

/// `S000`, `S001`, ...
pub fn symbols(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("S{i:03}")).collect()
}

/// An exchange that lists these symbols and the market's proxy over so many sessions.
pub fn exchange(symbols: &[String], count: usize) -> Exchange {
    let sessions = sessions(count);
    let mut exchange = Exchange::new();
    for symbol in symbols.iter().map(String::as_str).chain(["SPY", "SHY", "IEF", "TLT"]) {
        exchange = exchange.list(Listing::generated(symbol, &sessions, &[]));
    }
    let yields: Vec<(NaiveDate, Option<f64>)> = sessions.iter().map(|date| (*date, Some(4.25))).collect();
    exchange.rates("DGS3MO", yields.clone()).rates("DGS10", yields)
}

/// Answers some requests in place of the exchange.
type Fault = Box<dyn Fn(&Request) -> Option<Reply> + Send + Sync>;

/// The exchange behind a server, with faults that can be switched while it runs.
pub struct Market {
    pub server: Server,
    pub exchange: Arc<Exchange>,
    fault: Arc<Mutex<Fault>>,
}

impl Market {
    pub fn open(exchange: Exchange) -> Market {
        let exchange = Arc::new(exchange);
        let fault: Arc<Mutex<Fault>> = Arc::new(Mutex::new(Box::new(|_: &Request| None)));
        let (of_handler, faults) = (exchange.clone(), fault.clone());
        let server = Server::start(move |request: &Request| {
            let answer = (faults.lock().unwrap())(request);
            answer.unwrap_or_else(|| of_handler.reply(request))
        });
        Market { server, exchange, fault }
    }

    /// From now on these requests are answered like this.
    pub fn answer(&self, fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) {
        *self.fault.lock().unwrap() = Box::new(fault);
    }

    pub fn heal(&self) {
        self.answer(|_| None);
    }

    /// Requests since the last call, as path and query.
    pub fn asked(&self) -> Vec<String> {
        self.server.take_log().into_iter().map(|logged| logged.request.target).collect()
    }
}

/// A database with one portfolio, in a folder of its own.
pub struct Fixture {
    pub dir: TempDir,
    pub url: String,
    runtime: tokio::runtime::Runtime,
}

impl Fixture {
    /// A portfolio that holds a hundred of each symbol since the beginning of June 2025; the market's proxy is SPY.
    pub fn new(symbols: &[String]) -> Fixture {
        let dir = TempDir::new().unwrap();
        let url = format!("sqlite:{}", dir.path().join("sigma.db").display());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(seed(&url, symbols));
        Fixture { dir, url, runtime }
    }

    /// The tool with keys of these providers (`polygon`, `fmp`, ...), all at one address.
    pub fn command(&self, market: &Market, providers: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("sigma-sync"));
        command
            .env_clear()
            .env("DATABASE_URL", &self.url)
            .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
            .env("SIGMA_STATE_DIR", self.dir.path().join("state"))
            .env("SIGMA_HTTP_BACKOFF_MS", "5")
            .env("SIGMA_HTTP_TIMEOUT_SECONDS", "2")
            .env("SIGMA_PROVIDER_WAIT_SECONDS", "20")
            .current_dir(self.dir.path());
        for name in ["polygon", "fmp", "tiingo", "fred", "yahoo"] {
            let upper = name.to_uppercase();
            command.env(format!("SIGMA_{upper}_BASE_URL"), market.server.url());
            command.env(format!("SIGMA_{upper}_LIMIT"), "unlimited");
            if providers.contains(&name) {
                let (variable, value) = match name {
                    "yahoo" => ("SIGMA_YAHOO".to_owned(), "true"),
                    _ => (format!("SIGMA_{upper}_API_KEY"), CANARY),
                };
                command.env(variable, value);
            }
        }
        command
    }

    /// `sigma-sync VERB` with keys of these providers over a window of twenty sessions.
    pub fn sync(&self, market: &Market, providers: &[&str], verb: &str, more: &[&str]) -> Run {
        let mut command = self.command(market, providers);
        command.args([verb, "--as-of", AS_OF, "--window", "20"]).args(more);
        let run = Run::new(command.output().unwrap());
        assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY), "the key was told");
        run
    }

    /// A question to the database.
    pub fn store<T>(&self, ask: impl AsyncFnOnce(&mut Store) -> T) -> T {
        self.runtime.block_on(async {
            let mut store = Store::open(&self.url).await.unwrap();
            ask(&mut store).await
        })
    }

    /// Every stored history, by symbol.
    pub fn histories(&self) -> std::collections::BTreeMap<String, PriceHistory> {
        self.store(async |store| {
            let instruments = store.instruments().await.unwrap();
            let ids: Vec<i64> = instruments.iter().map(|i| i.id).collect();
            let mut histories =
                store.price_histories(&ids, day("2020-01-01"), day("2026-01-01")).await.unwrap();
            instruments.into_iter().map(|i| (i.symbol, histories.remove(&i.id).unwrap())).collect()
        })
    }

    /// All files of the fixture's folder as one string of bytes: what a key must not be found in.
    pub fn all_bytes(&self) -> Vec<u8> {
        fn collect(folder: PathBuf, bytes: &mut Vec<u8>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => collect(path, bytes),
                    false => bytes.extend(std::fs::read(path).unwrap()),
                }
            }
        }
        let mut bytes = Vec::new();
        collect(self.dir.path().to_owned(), &mut bytes);
        bytes
    }
}

/// How the tool ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn new(output: Output) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or(-1);
        Run { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Run {
        assert!(self.stderr.contains(text), "{text:?} is not in:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn ends(&self, code: i32) -> &Run {
        assert_eq!(self.code, code, "{}", self.stderr);
        self
    }
}

/// Long enough for a run that a test kills.
pub const PATIENCE: Duration = Duration::from_secs(60);

async fn seed(url: &str, symbols: &[String]) {
    Store::migrate(url).await.unwrap();
    let mut store = Store::open(url).await.unwrap();
    let user = store.upsert_user("ann@example.com", "Ann").await.unwrap();
    let portfolio = NewPortfolio {
        user_id: user,
        slug: "core".into(),
        name: "Core".into(),
        currency: "USD".into(),
        opened_on: day("2025-06-02"),
        is_demo: false,
    };
    let portfolio_id = store.upsert_portfolio(portfolio).await.unwrap().id;
    let new = symbols.iter().map(NewInstrument::of_symbol).collect();
    let ids = store.upsert_instruments(new).await.unwrap().ids;
    for symbol in symbols {
        let (instrument_id, entry_date) = (ids[symbol], day("2025-06-02"));
        let (quantity, entry_price) = (100.0, 50.0);
        let new = NewPosition { portfolio_id, instrument_id, quantity, entry_price, entry_date, exit: None };
        store.add_position(new).await.unwrap();
    }
    let factor = |name: &str, kind, proxy: &str| FactorDefinition {
        name: name.into(),
        kind,
        proxy: proxy.into(),
        description: String::new(),
    };
    let factors = [factor("Market", FactorKind::Market, "SPY"), factor("Rates", FactorKind::Rates, "DGS10")];
    store.save_factors(&factors).await.unwrap();
}
