//! A client of a server on this machine.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate};
use sigma_core::model::PriceBar;
use sigma_providers::ask::BarsAsk;
use sigma_providers::fmp::Fmp;
use sigma_providers::http::{Address, Answer, Limit, Patience, Settings, Sign};
use sigma_testkit::fake::{Payloads, Reply, Request, Server};

/// The key of every client here; it must never be seen in what they tell.
pub const KEY: &str = "canary/fmp+51f0c7";

pub fn payloads() -> Payloads {
    Payloads::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/payloads")).unwrap()
}

/// A recorded answer as the parsers see it.
pub fn answer(file: &str) -> Answer {
    let payloads = payloads();
    let entry = payloads.entry(file);
    Answer::new("FMP", entry.http_status, &entry.content_type, payloads.bytes(file))
}

pub fn json(body: &str) -> Answer {
    Answer::new("FMP", 200, "application/json", body)
}

/// Answers paths from a list, and anything else with an empty array.
pub fn serve(routes: &[(&str, Reply)]) -> Server {
    let routes: Vec<(String, Reply)> =
        routes.iter().map(|(path, reply)| ((*path).to_owned(), reply.clone())).collect();
    Server::start(move |request: &Request| {
        let found = routes.iter().find(|(path, _)| *path == request.path);
        found.map_or_else(|| Reply::json(200, "[]"), |(_, reply)| reply.clone())
    })
}

pub fn settings(server: &Server, limit: &str) -> Settings {
    Settings {
        address: Address::parse(&server.url()).unwrap(),
        sign: Sign::Header("apikey", KEY.to_owned().into()),
        limit: Limit::parse(limit).unwrap(),
        state_dir: None,
        patience: Patience {
            timeout: Duration::from_millis(500),
            retries: 1,
            backoff: Duration::from_millis(1),
            longest_wait: Duration::from_millis(100),
        },
        // The evening of 2025-11-05 in New York.
        clock: Arc::new(|| DateTime::from_timestamp(1_762_387_200, 0).unwrap()),
        data_clock: Arc::new(|| DateTime::from_timestamp(1_762_387_200, 0).unwrap()),
        user_agent: "test".to_owned(),
        on_wait: None,
    }
}

pub fn client(server: &Server) -> Fmp {
    Fmp::open(settings(server, "unlimited"), false).unwrap()
}

pub fn legacy_client(server: &Server) -> Fmp {
    Fmp::open(settings(server, "unlimited"), true).unwrap()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn ask(symbol: &str, from: &str, to: &str) -> BarsAsk {
    BarsAsk { symbol: symbol.to_owned(), kind: None, from: day(from), to: day(to), today: day("2025-11-05") }
}

/// The days that the recorded prices cover.
pub fn acme() -> BarsAsk {
    ask("ACME", "2025-10-30", "2025-11-04")
}

pub fn closes(bars: &[PriceBar]) -> Vec<(String, f64)> {
    bars.iter().map(|bar| (bar.date.to_string(), bar.close)).collect()
}

pub fn paths(server: &Server) -> Vec<String> {
    server.log().into_iter().map(|logged| logged.request.path).collect()
}
