//! The Polygon client against recorded bodies and a market on a loopback port.

mod actions;
mod bars;
mod contracts;
mod exchange;
mod faults;
mod options;
mod pages;
mod payloads;
mod reference;
mod session;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::SecretString;
use sigma_core::model::InstrumentKind;
use sigma_providers::ask::BarsAsk;
use sigma_providers::http::{Address, Limit, Patience, Settings, Sign};
use sigma_providers::polygon::Polygon;
use sigma_testkit::fake::{Payloads, Reply, Request, Server};

const KEY: &str = "canary/key+0f9a";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn recorded() -> Payloads {
    Payloads::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads")).unwrap()
}

/// A recorded answer as a request for raw prices would get it.
fn raw(file: &str) -> Reply {
    let body = String::from_utf8(recorded().bytes(&format!("polygon/{file}"))).unwrap();
    Reply::json(200, body.replace(r#""adjusted": true"#, r#""adjusted": false"#))
}

fn reply(file: &str) -> Reply {
    recorded().reply(&format!("polygon/{file}"))
}

/// Bars of ACME with the given rows.
fn aggs(rows: &str) -> Reply {
    Reply::json(200, format!(r#"{{"ticker":"ACME","adjusted":false,"results":[{rows}],"status":"OK"}}"#))
}

/// A list with the given rows.
fn list(rows: &str) -> Reply {
    Reply::json(200, format!(r#"{{"results":[{rows}],"status":"OK"}}"#))
}

/// The service on a day, half an hour after the close of Tuesday 2025-11-04 where nothing else is said.
fn serve_at(now: &str, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Server, Polygon) {
    let server = Server::start(handler);
    let (base, started): (DateTime<Utc>, _) = (now.parse().unwrap(), Instant::now());
    let settings = Settings {
        address: Address::parse(&server.url()).unwrap(),
        sign: Sign::Bearer(SecretString::from(KEY)),
        limit: Limit::default(),
        state_dir: None,
        patience: Patience {
            timeout: Duration::from_secs(20),
            retries: 2,
            backoff: Duration::from_millis(1),
            longest_wait: Duration::from_secs(5),
        },
        clock: Arc::new(move || base + started.elapsed()),
        data_clock: Arc::new(move || base + started.elapsed()),
        user_agent: "sigma-test".to_owned(),
        on_wait: None,
    };
    (server, Polygon::open(settings).unwrap())
}

fn serve(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Server, Polygon) {
    serve_at("2025-11-04T21:30:00Z", handler)
}

/// Every request gets the same answer.
fn always(reply: Reply) -> (Server, Polygon) {
    serve(move |_| reply.clone())
}

fn ask(symbol: &str, from: &str, to: &str) -> BarsAsk {
    BarsAsk { symbol: symbol.to_owned(), kind: None, from: day(from), to: day(to), today: day("2025-11-05") }
}

fn index(symbol: &str, from: &str, to: &str) -> BarsAsk {
    BarsAsk { kind: Some(InstrumentKind::Index), ..ask(symbol, from, to) }
}

fn acme() -> BarsAsk {
    ask("ACME", "2025-10-30", "2025-11-04")
}

fn symbols(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
