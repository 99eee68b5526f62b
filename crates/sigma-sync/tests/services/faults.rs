//! The fault matrix: every provider and every fault, on the tool itself. After each fault what was stored before is
//! untouched and the outcome has its name and exit code; a later good run completes the set.

mod bench;
mod rows;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bench::{Bench, Cell};
use rows::Route;
use sigma_testkit::fake::{Payloads, Reply};

use crate::fixture::{AS_OF, Fixture, Market, Run, exchange, symbols};

/// Benches at work on one provider: most of their time is spent waiting, as a fault demands.
const BENCHES: usize = 3;

/// Every cell of a provider; all that fail are told.
fn check_all(route: Route, cells: fn(&Payloads) -> Vec<Cell>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../sigma-providers/tests/payloads");
    let cells = cells(&Payloads::open(folder).unwrap());
    let part = |first: usize| {
        let bench = Bench::new(route);
        let is_failing = |cell: &&Cell| catch_unwind(AssertUnwindSafe(|| bench.check(cell))).is_err();
        let failing = cells.iter().skip(first).step_by(BENCHES).filter(is_failing);
        failing.map(|cell| cell.name.as_str()).collect::<Vec<_>>()
    };
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..BENCHES)
            .map(|first| {
                scope.spawn({
                    let part = &part;
                    move || part(first)
                })
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{route:?}: {failed:#?}");
}

#[test]
fn faults_of_polygon() {
    check_all(Route::Polygon, table::polygon);
}

#[test]
fn faults_of_polygon_sessions() {
    check_all(Route::PolygonSession, table::polygon_session);
}

#[test]
fn faults_of_fmp() {
    check_all(Route::Fmp, table::fmp);
}

#[test]
fn faults_of_tiingo() {
    check_all(Route::Tiingo, table::tiingo);
}

#[test]
fn faults_of_yahoo() {
    check_all(Route::Yahoo, table::yahoo);
}

#[test]
fn faults_of_fred_with_a_key() {
    check_all(Route::FredJson, table::fred_with_a_key);
}

#[test]
fn faults_of_fred_without_a_key() {
    check_all(Route::FredCsv, table::fred_without_a_key);
}

#[test]
fn an_outage_costs_no_more_than_it_takes_to_know() {
    let names = symbols(40);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let requests = |provider: &str, reply: Reply| {
        market.asked();
        market.answer(move |_| Some(reply.clone()));
        let mut command = fixture.command(&market, &[provider]);
        command
            .env("SIGMA_HTTP_TIMEOUT_SECONDS", "1")
            .env("SIGMA_HTTP_RETRIES", "0")
            .args(["prices", "--as-of", AS_OF, "--window", "20"]);
        Run::new(command.output().unwrap()).ends(6).says("Transient");
        market.server.count()
    };
    // One at a time until the first answer that makes sense, and given up after the third.
    assert_eq!(requests("tiingo", Reply::stall()), 3);
    assert_eq!(requests("tiingo", Reply::json(503, "{}")), 3);
    // Who is silent about splits is not asked for prices; who has an error there is.
    assert_eq!(requests("fmp", Reply::stall()), 3);
    assert_eq!(requests("fmp", Reply::json(503, "{}")), 6);
}

#[test]
fn what_engines_can_do_without_is_all_that_its_own_verb_is_for() {
    let names = symbols(2);
    let market = Market::open(exchange(&names, 40));
    for (verb, provider) in [("rates", "fred"), ("profiles", "fmp"), ("profiles", "polygon")] {
        for (status, code) in [(401, 4), (403, 4), (429, 5), (500, 6)] {
            let fixture = Fixture::new(&names);
            market.answer(move |_| Some(Reply::json(status, "{}")));
            fixture.sync(&market, &[provider], verb, &["--provider", provider]).ends(code);
            market.heal();
            let more = ["--provider", provider, "--refresh"];
            fixture.sync(&market, &[provider], verb, &more).ends(0);
        }
    }
}
