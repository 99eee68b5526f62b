//! The daily run of Polygon: the last few sessions of all symbols at once, one request each.

use std::sync::Arc;

use sigma_testkit::fake::{Exchange, Reply, Request};

use super::fixture::{Fixture, Market, Run, day, exchange, symbols};

const OOPS: &str = r#"{"status":"ERROR","request_id":"1","error":"oops"}"#;
const BEFORE_END_OF_DAY: &str = r#"{"status":"NOT_AUTHORIZED","request_id":"1","message":"Attempted to request today's data before end of day. Please upgrade your plan at https://polygon.io/pricing"}"#;
const TIMEFRAME: &str = r#"{"status":"NOT_AUTHORIZED","request_id":"1","message":"Your plan doesn't include this data timeframe. Please upgrade your plan at https://polygon.io/pricing"}"#;

/// The symbols of the book; with the market's proxy and three Treasury funds, twelve are asked for.
const BOOK: usize = 8;

/// A book whose prices are stored up to and with a day.
fn daily(until: &str) -> (Fixture, Market) {
    let names = symbols(BOOK);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    on(&fixture, &market, &["polygon"], until).ends(0);
    market.asked();
    (fixture, market)
}

/// The run of the evening of a session.
fn on(fixture: &Fixture, market: &Market, providers: &[&str], date: &str) -> Run {
    let mut command = fixture.command(market, providers);
    command.env("SIGMA_NOW", format!("{date}T22:00:00Z"));
    command.args(["prices", "--as-of", date, "--window", "15"]);
    Run::new(command.output().unwrap())
}

fn is_session(request: &Request, date: &str) -> bool {
    request.path.contains("/aggs/grouped/") && request.path.ends_with(date)
}

/// The dates of the sessions, and the symbols, whose bars were asked for.
fn asked(market: &Market) -> (Vec<String>, Vec<String>) {
    let (mut sessions, mut alone) = (Vec::new(), Vec::new());
    for target in market.asked() {
        let path = target.split('?').next().unwrap();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["v2", "aggs", "grouped", .., date] => sessions.push(date.to_owned()),
            ["v2", "aggs", "ticker", symbol, ..] => alone.push(symbol.to_owned()),
            _ => {}
        }
    }
    sessions.sort();
    alone.sort();
    (sessions, alone)
}

fn close_of(fixture: &Fixture, symbol: &str, date: &str) -> Option<f64> {
    fixture.histories()[symbol].on(day(date)).map(|bar| bar.close)
}

/// The exchange's answer with the rows of one symbol altered; `None` takes them out.
fn with_rows(
    exchange: &Arc<Exchange>,
    request: &Request,
    symbol: &str,
    alter: impl Fn(&mut serde_json::Value) -> Option<()>,
) -> Reply {
    let mut body: serde_json::Value = serde_json::from_slice(exchange.reply(request).body()).unwrap();
    let rows = body["results"].as_array_mut().unwrap();
    rows.retain_mut(|row| row["T"] != symbol || alter(row).is_some());
    Reply::json(200, body.to_string())
}

#[test]
fn a_correction_of_the_last_sessions_arrives_and_is_asked_for_once_a_day() {
    let (fixture, market) = daily("2025-06-25");
    let listed = market.exchange.clone();
    market.answer(move |request| {
        is_session(request, "2025-06-26").then(|| {
            with_rows(&listed, request, "S000", |row| {
                row["c"] = (row["c"].as_f64()? - 0.01).into();
                row["l"] = (row["l"].as_f64()? - 1.0).into();
                Some(())
            })
        })
    });
    on(&fixture, &market, &["polygon"], "2025-06-26").ends(0);
    let truth = market.exchange.listing("S000").unwrap();
    let truth = truth.bars.iter().find(|bar| bar.date == day("2025-06-26")).unwrap().close;
    assert_eq!(close_of(&fixture, "S000", "2025-06-26"), Some(truth - 0.01));
    market.heal();
    market.asked();
    on(&fixture, &market, &["polygon"], "2025-06-27").ends(0);
    let overlap = ["2025-06-24", "2025-06-25", "2025-06-26", "2025-06-27"].map(str::to_owned).to_vec();
    assert_eq!(asked(&market), (overlap, Vec::new()));
    assert_eq!(close_of(&fixture, "S000", "2025-06-26"), Some(truth), "corrected");
    on(&fixture, &market, &["polygon"], "2025-06-27").ends(0);
    assert_eq!(asked(&market), (Vec::new(), Vec::new()));
}

#[test]
fn sessions_that_wait_for_symbols_bring_no_correction_twice_a_day() {
    let (fixture, market) = daily("2025-06-25");
    let listed = market.exchange.clone();
    // Half of the market is published at first, and the rest is refused alone.
    market.answer(move |request| {
        if request.path.contains("/aggs/ticker/") {
            return Some(Reply::json(500, OOPS));
        }
        is_session(request, "2025-06-26").then(|| {
            let mut body: serde_json::Value = serde_json::from_slice(listed.reply(request).body()).unwrap();
            body["results"].as_array_mut().unwrap().truncate(4);
            Reply::json(200, body.to_string())
        })
    });
    on(&fixture, &market, &["polygon"], "2025-06-26").ends(6);
    assert_eq!(asked(&market).0.len(), 4);
    market.heal();
    on(&fixture, &market, &["polygon"], "2025-06-26").ends(0);
    assert_eq!(asked(&market), (vec!["2025-06-26".to_owned()], Vec::new()));
}

#[test]
fn a_bar_that_comes_for_the_third_time_is_stale_however_it_comes() {
    let (fixture, market) = daily("2025-06-23");
    let listed = market.exchange.clone();
    let stale =
        listed.reply(&Request::get("/v2/aggs/grouped/locale/us/market/stocks/2025-06-23?adjusted=false"));
    let stale: serde_json::Value = serde_json::from_slice(stale.body()).unwrap();
    let stale = stale["results"].as_array().unwrap().iter().find(|row| row["T"] == "S003").unwrap().clone();
    market.answer(move |request| {
        let is_later = ["2025-06-24", "2025-06-25", "2025-06-26"].iter().any(|day| is_session(request, day));
        let repeated = |row: &mut serde_json::Value| {
            ["o", "h", "l", "c", "v"].iter().for_each(|name| row[*name] = stale[*name].clone());
            Some(())
        };
        is_later.then(|| with_rows(&listed, request, "S003", repeated))
    });
    on(&fixture, &market, &["polygon"], "2025-06-24").ends(0);
    on(&fixture, &market, &["polygon"], "2025-06-25").ends(3).says("stale_repeat");
    assert!(close_of(&fixture, "S003", "2025-06-24").is_some(), "a quiet share may repeat a bar once");
    assert_eq!(close_of(&fixture, "S003", "2025-06-25"), None);
    on(&fixture, &market, &["polygon"], "2025-06-26").ends(3);
    let quarantine = fixture.store(async |store| store.quarantine(None).await.unwrap());
    assert!(quarantine.iter().all(|row| row.symbol == "S003" && row.reason == "stale_repeat"));
}

#[test]
fn a_session_that_fails_beside_one_that_answers_is_asked_for_alone_or_told() {
    let too_many = Reply::json(429, OOPS).header("retry-after", "600");
    for (reply, is_of_all, code) in [
        (Reply::json(500, OOPS), false, 0),
        (Reply::json(500, OOPS), true, 6),
        (too_many.clone(), false, 5),
        (too_many, true, 5),
    ] {
        let (fixture, market) = daily("2025-06-25");
        let status = reply.status();
        market.answer(move |request| {
            let is_alone = is_of_all && request.path.contains("/aggs/ticker/");
            (is_alone || is_session(request, "2025-06-27")).then(|| reply.clone())
        });
        let run = on(&fixture, &market, &["polygon"], "2025-06-27");
        run.ends(code);
        if status == 500 {
            let first = close_of(&fixture, "S000", "2025-06-26");
            assert!(first.is_some(), "what came is kept");
        }
        if code > 0 {
            run.says(if status == 500 { "Transient (Polygon" } else { "RateLimited (Polygon" });
        }
        assert_eq!(close_of(&fixture, "S000", "2025-06-27").is_some(), code == 0, "{status}");
        market.heal();
        std::fs::remove_dir_all(fixture.dir.path().join("state")).unwrap();
        on(&fixture, &market, &["polygon"], "2025-06-27").ends(0).says("missing=0");
    }
}

#[test]
fn a_symbol_that_one_of_several_sessions_lacks_is_asked_for_alone() {
    for gap in ["2025-06-26", "2025-06-27"] {
        let (fixture, market) = daily("2025-06-25");
        let listed = market.exchange.clone();
        market.answer(move |request| {
            is_session(request, gap).then(|| with_rows(&listed, request, "S000", |_| None))
        });
        on(&fixture, &market, &["polygon"], "2025-06-27").ends(0).says("missing=0");
        assert_eq!(asked(&market).1, ["S000"]);
        assert!(close_of(&fixture, "S000", gap).is_some(), "{gap}");
        // One answer continues the other.
        let fetches = fixture.store(async |store| store.fetches().await.unwrap());
        let is_of =
            |f: &&sigma_store::Fetch| f.subject == "S000" && f.dataset == sigma_core::model::Dataset::Prices;
        let fetch = fetches.iter().find(is_of).unwrap();
        let first = fixture.histories()["S000"].bars[0].date;
        assert_eq!((fetch.from, fetch.to), (Some(first), day("2025-06-27")), "{gap}");
    }
}

#[test]
fn one_symbol_that_lacks_more_is_asked_for_alone_and_the_rest_at_once() {
    let (fixture, market) = daily("2025-06-23");
    market.answer(|request| {
        let is_of_one = request.path.contains("/aggs/ticker/S003/");
        (is_of_one || request.path.contains("/aggs/grouped/")).then(|| Reply::json(500, OOPS))
    });
    on(&fixture, &market, &["polygon"], "2025-06-25").ends(3);
    market.heal();
    market.asked();
    on(&fixture, &market, &["polygon"], "2025-06-26").ends(0).says("missing=0");
    let sessions = ["2025-06-23", "2025-06-24", "2025-06-25", "2025-06-26"].map(str::to_owned).to_vec();
    assert_eq!(asked(&market), (sessions, vec!["S003".to_owned()]));
}

/// A plan of end-of-day data.
fn refuse_today(market: &Market, today: &'static str) {
    market.answer(move |request| {
        if is_session(request, today) {
            return Some(Reply::json(403, BEFORE_END_OF_DAY));
        }
        let path = request.path.split('?').next().unwrap();
        (path.contains("/aggs/ticker/") && path.ends_with(today)).then(|| Reply::json(403, TIMEFRAME))
    });
}

#[test]
fn a_plan_that_leaves_out_today_is_told_once_and_asked_once_a_day() {
    let (fixture, market) = daily("2025-06-25");
    refuse_today(&market, "2025-06-26");
    let told = "12 symbols: Polygon: bars of 2025-06-26 are not in the plan until the day is over";
    on(&fixture, &market, &["polygon"], "2025-06-26").ends(3).says(told);
    assert_eq!(asked(&market), (vec!["2025-06-26".to_owned()], Vec::new()));
    on(&fixture, &market, &["polygon"], "2025-06-26").ends(3).says(told);
    assert_eq!(asked(&market), (Vec::new(), Vec::new()), "the same evening");
    // Of the next evening, the session before is there.
    refuse_today(&market, "2025-06-27");
    on(&fixture, &market, &["polygon"], "2025-06-27").ends(3).says("bars of 2025-06-27 are not in the plan");
    let (sessions, alone) = asked(&market);
    assert_eq!(sessions, ["2025-06-23", "2025-06-24", "2025-06-25", "2025-06-26", "2025-06-27"]);
    assert_eq!(alone, [""; 0]);
    assert!(close_of(&fixture, "S000", "2025-06-26").is_some());
    // Another provider may have the day.
    let run = on(&fixture, &market, &["polygon", "fmp"], "2025-06-27");
    run.ends(0).says("missing=0");
    assert!(!run.stderr.contains("not in the plan"), "{}", run.stderr);
}
