//! A service opened on the fake, and the recorded payloads.

// Each test binary uses its own part.
#![allow(dead_code)]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use sigma_providers::ask::BarsAsk;
use sigma_providers::http::{Address, Limit, Patience, Settings, Sign};
use sigma_testkit::fake::{Payloads, Reply, Server};

/// With signs that a URL encodes.
pub const KEY: &str = "cAnArY+7f3e/9b=0d5a&6c1%82";

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Real time, counted from 2025-11-04 16:00 in New York.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_762_290_000, 0).unwrap() + START.elapsed()
}

/// One attempt, no limit, nothing kept.
pub fn settings(server: &Server, sign: Sign) -> Settings {
    LazyLock::force(&START);
    Settings {
        address: Address::parse(&server.url()).unwrap(),
        sign,
        limit: Limit::default(),
        state_dir: None,
        patience: Patience {
            timeout: Duration::from_secs(20),
            retries: 0,
            backoff: Duration::from_millis(1),
            longest_wait: Duration::from_secs(30),
        },
        clock: Arc::new(now),
        data_clock: Arc::new(now),
        user_agent: "sigma-test/1.0".to_owned(),
        on_wait: None,
    }
}

pub fn with_retries(server: &Server, sign: Sign, retries: usize) -> Settings {
    let mut settings = settings(server, sign);
    settings.patience.retries = retries;
    settings
}

pub fn payloads() -> Payloads {
    Payloads::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/payloads")).unwrap()
}

/// A server with one answer to everything.
pub fn always(reply: Reply) -> Server {
    Server::start(move |_| reply.clone())
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn ask(symbol: &str, from: &str, to: &str) -> BarsAsk {
    BarsAsk { symbol: symbol.to_owned(), kind: None, from: day(from), to: day(to), today: day("2025-11-04") }
}
