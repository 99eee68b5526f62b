//! The tool with one provider, a fault put into that provider, and what must be true after it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::NaiveDate;
use sigma_core::model::Dataset;
use sigma_providers::{FaultKind, ProviderId};
use sigma_testkit::fake::{Logged, Reply, Request};

use super::rows::{Edit, Route, edited};
use crate::fixture::{AS_OF, CANARY, Fixture, Market, Run, day, exchange, symbols};

/// The morning after the as-of date.
const TODAY: &str = "2025-07-01T12:00:00Z";

/// What the provider does.
pub enum Answer {
    /// Every request is answered like this.
    Always(Reply),
    /// The first question about one symbol is; everything else is answered well.
    Once(fn() -> Reply),
    /// Good answers with prices or yields arrive like this.
    Bent(fn(Reply) -> Reply),
    /// One symbol has such rows.
    Rows(Edit),
    /// Questions about one symbol are answered like this.
    OfOne(Reply),
    /// Requests with this in their path are.
    At(&'static str, Reply),
}

/// When the set is completed once the provider is well again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Heals {
    /// The run with the fault has completed it.
    Whole,
    /// The next run does.
    AtOnce,
    /// The values are possible ones, and stored.
    AsTold,
    /// No run asks before the wait is over.
    AfterTheWait,
}

pub struct Cell {
    pub name: String,
    pub answer: Answer,
    pub code: i32,
    /// In the account of what was asked; `None`: answered.
    pub kind: Option<FaultKind>,
    /// The reason in quarantine.
    pub quarantine: Option<&'static str>,
    pub heals: Heals,
}

/// Everything stored of prices, splits and yields, to the last digit.
type Stored = BTreeMap<(String, NaiveDate), String>;

/// A database as it is after a good run, again for each cell.
pub struct Bench {
    route: Route,
    fixture: Fixture,
    market: Arc<Market>,
    /// The database after that run.
    start: PathBuf,
    before: Stored,
    /// What a good run makes of it.
    whole: Stored,
}

impl Bench {
    pub fn new(route: Route) -> Bench {
        let names = symbols(2);
        let market = Arc::new(Market::open(exchange(&names, 40)));
        let fixture = Fixture::new(&names);
        // A session is asked for at once where only the last few are missing.
        let earlier = if route == Route::PolygonSession { "2025-06-27" } else { "2025-06-20" };
        let start = fixture.dir.path().join("start.db");
        let mut bench = Bench { route, fixture, market, start, before: Stored::new(), whole: Stored::new() };
        bench.run("2025-06-28T12:00:00Z", earlier, &[]).ends(0);
        std::fs::copy(bench.database(), &bench.start).unwrap();
        bench.before = bench.stored();
        bench.run(TODAY, AS_OF, &[]).ends(0);
        bench.whole = bench.stored();
        assert!(bench.whole.len() > bench.before.len(), "there is something to bring");
        bench
    }

    fn database(&self) -> PathBuf {
        self.fixture.dir.path().join("sigma.db")
    }

    fn restore(&self) {
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.fixture.dir.path().join(format!("sigma.db{end}")));
        }
        self.forget_limits();
        std::fs::copy(&self.start, self.database()).unwrap();
    }

    /// As if every wait were over.
    fn forget_limits(&self) {
        let _ = std::fs::remove_dir_all(self.fixture.dir.path().join("state"));
    }

    fn run(&self, now: &str, as_of: &str, more: &[&str]) -> Run {
        let keys = [self.route.name()];
        let keys = if self.route == Route::FredCsv { &[][..] } else { &keys[..] };
        let mut command = self.fixture.command(&self.market, keys);
        let verb = if self.route.is_rates() { "rates" } else { "prices" };
        command
            .env("SIGMA_NOW", now)
            .env("SIGMA_HTTP_TIMEOUT_SECONDS", "1")
            .env("SIGMA_HTTP_RETRIES", "1")
            .args([verb, "--provider", self.route.name(), "--as-of", as_of, "--window", "20"])
            .args(more);
        let run = Run::new(command.output().unwrap());
        assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY), "the key was told");
        run
    }

    fn stored(&self) -> Stored {
        let mut stored = Stored::new();
        for (symbol, history) in self.fixture.histories() {
            let bars = history.bars.iter().map(|bar| (bar.date, format!("{bar:?}")));
            stored.extend(bars.map(|(date, row)| ((symbol.clone(), date), row)));
            let splits = history.splits.iter().map(|split| (split.date, format!("{split:?}")));
            stored.extend(splits.map(|(date, row)| ((format!("{symbol} split"), date), row)));
        }
        let rates = self
            .fixture
            .store(async |store| store.rates(&[], day("2020-01-01"), day("2026-01-01")).await.unwrap());
        for (series, points) in rates {
            let rows = points.into_iter().map(|point| (point.date, point.percent.to_string()));
            stored.extend(rows.map(|(date, row)| ((series.clone(), date), row)));
        }
        stored
    }

    /// How the subject was last answered.
    fn outcome(&self) -> String {
        let dataset = if self.route.is_rates() { Dataset::Rates } else { Dataset::Prices };
        let fetches = self.fixture.store(async |store| store.fetches().await.unwrap());
        let of_subject = fetches.into_iter().find(|fetch| {
            (fetch.subject.as_str(), fetch.dataset, fetch.source.as_str())
                == (self.route.subject(), dataset, self.route.name())
        });
        let fetch = of_subject.unwrap();
        // What was answered before stays known when a service is down; what it met then stands beside it.
        let later = fetch.detail.strip_prefix("then ").and_then(|told| told.split(' ').next());
        later.map_or(fetch.outcome.clone(), str::to_owned)
    }

    fn break_with(&self, answer: &Answer) {
        let (route, exchange) = (self.route, self.market.exchange.clone());
        match answer {
            Answer::Always(reply) => {
                let reply = reply.clone();
                self.market.answer(move |_| Some(reply.clone()));
            }
            &Answer::Once(reply) => {
                let is_first = AtomicBool::new(true);
                self.market.answer(move |request| {
                    let is_met = route.is_of_subject(request) && is_first.swap(false, Ordering::SeqCst);
                    is_met.then(reply)
                });
            }
            &Answer::Bent(how) => self.market.answer(move |request| {
                let is_met = route.is_data(request) || is_quote(request);
                is_met.then(|| how(exchange.reply(request)))
            }),
            &Answer::At(part, ref reply) => {
                let reply = reply.clone();
                self.market.answer(move |request| request.path.contains(part).then(|| reply.clone()));
            }
            Answer::OfOne(reply) => {
                let reply = reply.clone();
                self.market.answer(move |request| match () {
                    () if is_quote(request) => Some(Reply::json(200, "[]")),
                    () => route.is_of_subject(request).then(|| reply.clone()),
                });
            }
            &Answer::Rows(edit) => self.market.answer(move |request| match () {
                () if is_quote(request) => Some(Reply::json(200, "[]")),
                () if route.is_of_subject(request) => Some(edited(route, &exchange.reply(request), edit)),
                () => None,
            }),
        }
    }

    /// The fault, and what comes after it.
    pub fn check(&self, cell: &Cell) {
        self.restore();
        self.market.heal();
        self.market.asked();
        self.break_with(&cell.answer);
        let run = self.run(TODAY, AS_OF, &[]);
        let log = self.market.server.take_log();
        run.ends(cell.code);
        let after = self.stored();
        for (key, row) in &self.before {
            assert_eq!(after.get(key), Some(row), "{key:?} was stored before");
        }
        self.check_outcome(cell, &run, &after);
        self.check_waits(cell, &log);
        self.market.heal();
        self.check_healing(cell, &after);
    }

    fn check_outcome(&self, cell: &Cell, run: &Run, after: &Stored) {
        let is_of_one = matches!(cell.answer, Answer::Rows(_) | Answer::OfOne(_));
        let label = ProviderId::parse(self.route.name()).unwrap().entry().label;
        match cell.kind {
            Some(kind) => {
                run.says(&format!("{kind} ({label}"));
                assert_eq!(self.outcome(), kind.as_str());
                if !is_of_one {
                    assert_eq!(*after, self.before, "nothing came in");
                }
            }
            None => assert_eq!(self.outcome(), "ok"),
        }
        let subject = self.route.subject();
        if is_of_one {
            let others = self.whole.iter().filter(|((name, _), _)| name != subject);
            for (key, row) in others {
                assert_eq!(after.get(key), Some(row), "{key:?} is of another symbol");
            }
        }
        let quarantine = self.fixture.store(async |store| store.quarantine(None).await.unwrap());
        let reasons: Vec<&str> = quarantine.iter().map(|row| row.reason.as_str()).collect();
        assert_eq!(reasons, Vec::from_iter(cell.quarantine), "the quarantine");
    }

    /// What was answered with a request to wait is not asked again before.
    fn check_waits(&self, cell: &Cell, log: &[Logged]) {
        let Answer::Once(reply) = &cell.answer else { return };
        let is_of_subject = |logged: &&Logged| self.route.is_of_subject(&logged.request);
        let times: Vec<_> = log.iter().filter(is_of_subject).map(|logged| logged.at).collect();
        assert_eq!(times.len(), 2, "one retry");
        if reply().status() == 429 {
            assert!(times[1] - times[0] >= Duration::from_millis(900), "Retry-After is heeded");
        }
    }

    fn check_healing(&self, cell: &Cell, after: &Stored) {
        match cell.heals {
            Heals::Whole => return assert_eq!(*after, self.whole),
            Heals::AsTold => {
                assert_eq!(after.len(), self.whole.len());
                self.run(TODAY, AS_OF, &[]).ends(0).says("changed=0");
                return;
            }
            Heals::AtOnce => self.run(TODAY, AS_OF, &[]),
            Heals::AfterTheWait => {
                self.market.asked();
                let kind = cell.kind.unwrap().as_str();
                self.run(TODAY, AS_OF, &[]).ends(5).says(kind).says("the next one is free in");
                assert_eq!(self.market.server.count(), 0, "no request before the wait is over");
                self.forget_limits();
                self.run(TODAY, AS_OF, &[])
            }
        }
        .ends(0);
        assert_eq!(self.stored(), self.whole, "a later good run completes the set");
    }
}

fn is_quote(request: &Request) -> bool {
    request.path.ends_with("/batch-quote")
}
