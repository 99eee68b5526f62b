//! Option quotes.

use sigma_core::model::{OptionQuote, QuotedGreeks};
use sigma_providers::FaultKind;
use sigma_providers::ask::{Quotes, QuotesAsk};
use sigma_providers::polygon::Polygon;
use sigma_testkit::fake::market::stamp::midnight_ms;
use sigma_testkit::fake::{Reply, Server};

use super::{always, day, list, reply, serve, serve_at};

const CALL_105: &str = "ACME260116C00105000";
const PUT_95: &str = "ACME260116P00095000";
const CALL_40: &str = "ACME251121C00040000";

fn empty(date: &str) -> OptionQuote {
    OptionQuote {
        date: day(date),
        bid: None,
        ask: None,
        close: None,
        implied_volatility: None,
        open_interest: None,
        forward: None,
        source: "polygon".to_owned(),
        greeks: None,
    }
}

/// Snapshots with one answer; contracts have no daily bars.
fn snapshot(answer: Reply) -> (Server, Polygon) {
    serve(move |request| match &*request.path {
        path if path.starts_with("/v2/aggs/ticker/O:") => Reply::json(200, r#"{"status":"OK"}"#),
        _ if request.query("cursor").is_some() => list(""),
        _ => answer.clone(),
    })
}

/// All contracts for the same dates.
fn asks(contracts: &[&str], from: &str, to: &str) -> Vec<QuotesAsk> {
    let ask = |contract: &&str| QuotesAsk { contract: (*contract).to_owned(), from: day(from), to: day(to) };
    contracts.iter().map(ask).collect()
}

async fn quoted(polygon: &Polygon, contracts: &[&str], from: &str, to: &str) -> Quotes {
    polygon.quotes("ACME", &asks(contracts, from, to)).await.unwrap()
}

/// One row of a snapshot.
fn row(symbol: &str, rest: &str) -> String {
    format!(r#"{{"details":{{"ticker":"O:{symbol}"}},{rest}}}"#)
}

#[tokio::test]
async fn a_full_row_of_a_snapshot() {
    let (server, polygon) = snapshot(reply("options_chain_snapshot.json"));
    let quotes = quoted(&polygon, &[CALL_105], "2025-11-04", "2025-11-04").await;
    let expected = OptionQuote {
        bid: Some(6.1),
        ask: Some(6.25),
        close: Some(6.15),
        implied_volatility: Some(0.3127),
        open_interest: Some(1543.0),
        greeks: Some(QuotedGreeks {
            delta: Some(0.4621),
            gamma: Some(0.0213),
            theta_per_day: Some(-0.0488),
            vega_per_point: Some(0.1731),
        }),
        ..empty("2025-11-04")
    };
    assert_eq!(quotes.quotes[CALL_105], [expected]);
    assert_eq!((quotes.quotes.len(), quotes.problems.len()), (1, 0));
    let log = server.log();
    assert_eq!(
        log[0].request.target,
        "/v3/snapshot/options/ACME?expiration_date=2026-01-16&strike_price.gte=105&strike_price.lte=105&limit=250&contract_type=call"
    );
    // The page after it, and no bars: the only session is told.
    assert_eq!(log.len(), 2);
}

#[tokio::test]
async fn missing_parts_stay_unknown_and_dates_are_those_of_the_prices() {
    let (server, polygon) = snapshot(reply("options_chain_snapshot.json"));
    let quotes = quoted(&polygon, &[CALL_40, PUT_95, CALL_105], "2025-11-04", "2025-11-04").await;
    let deep =
        OptionQuote { bid: Some(60.9), ask: Some(62.9), open_interest: Some(0.0), ..empty("2025-11-04") };
    assert_eq!(quotes.quotes[CALL_40], [deep]);
    // Without bid and ask its date is that of its last trades, a Saturday.
    assert!(!quotes.quotes.contains_key(PUT_95));
    let told = quotes.problems.iter().filter(|problem| problem.contains("2025-11-01, which is no session"));
    assert!(told.count() > 0, "{:?}", quotes.problems);
    // Each expiry with the strikes that it needs.
    let log = server.log();
    let chains: Vec<_> = log
        .iter()
        .filter_map(|logged| {
            let query = |name: &str| logged.request.query(name);
            Some((
                query("expiration_date")?,
                query("strike_price.gte")?,
                query("strike_price.lte")?,
                query("contract_type"),
            ))
        })
        .collect();
    assert_eq!(chains, [("2025-11-21", "40", "40", Some("call")), ("2026-01-16", "95", "105", None)]);
}

#[tokio::test]
async fn an_index_underlying_has_its_prefix() {
    let (server, polygon) = snapshot(reply("options_chain_snapshot_index.json"));
    let name = "SPXW251121C06900000";
    let quotes = polygon.quotes("SPX", &asks(&[name], "2025-11-04", "2025-11-04")).await.unwrap();
    assert_eq!(server.log()[0].request.path, "/v3/snapshot/options/I:SPX");
    // A plan without quotes: the close is dated by the trades.
    let quote = &quotes.quotes[name][0];
    assert_eq!((quote.date, quote.close, quote.bid), (day("2025-11-04"), Some(1.7), None));
    assert_eq!(quote.implied_volatility, Some(0.1186));
}

#[tokio::test]
async fn nothing_is_made_of_nothing() {
    let at_close = r#""last_updated":1762290000000000000"#;
    let at_midnight_of_monday = midnight_ms(day("2025-11-03")) * 1_000_000;
    for (rest, bid, ask, close, told) in [
        // Never traded, never quoted.
        (r#""day":{},"greeks":{},"open_interest":12"#.to_owned(), None, None, None, 0),
        (format!(r#""last_quote":{{"bid":0,"ask":0,{at_close}}}"#), None, None, None, 0),
        // A worthless contract that somebody offers.
        (format!(r#""last_quote":{{"bid":0,"ask":0.05,{at_close}}}"#), Some(0.0), Some(0.05), None, 0),
        (format!(r#""last_quote":{{"bid":1.5,"ask":0,{at_close}}}"#), Some(1.5), None, None, 0),
        (format!(r#""last_quote":{{"bid":2,"ask":1,{at_close}}}"#), None, None, None, 1),
        (r#""last_quote":{"bid":1,"ask":2}"#.to_owned(), None, None, None, 1),
        // The close of another session than the quote.
        (
            format!(
                r#""last_quote":{{"bid":1,"ask":2,{at_close}}},"day":{{"close":9,"last_updated":{at_midnight_of_monday}}}"#
            ),
            Some(1.0),
            Some(2.0),
            None,
            0,
        ),
    ] {
        let (_server, polygon) = snapshot(list(&row(CALL_105, &rest)));
        let quotes = quoted(&polygon, &[CALL_105], "2025-11-04", "2025-11-04").await;
        let quote = quotes.quotes.get(CALL_105).map(|quotes| (quotes[0].bid, quotes[0].ask, quotes[0].close));
        let expected = bid.or(ask).or(close).map(|_| (bid, ask, close));
        assert_eq!((quote, quotes.problems.len()), (expected, told), "{rest}: {:?}", quotes.problems);
    }
}

#[tokio::test]
async fn rows_that_are_no_contracts_are_told() {
    let rows =
        [row("AAPL211022C000150000", r#""open_interest":1"#), "null".to_owned(), row(PUT_95, r#""day":{}"#)];
    let (_server, polygon) = snapshot(list(&rows.join(",")));
    let quotes = quoted(&polygon, &[CALL_105, "ACME"], "2025-11-04", "2025-11-04").await;
    assert_eq!(
        quotes.problems,
        [
            "ACME: not an option symbol",
            "\"AAPL211022C000150000\" is not an option symbol",
            "\"\" is not an option symbol",
        ]
    );
}

/// Bars of any contract on the days 2025-10-31, 2025-11-03 and 2025-11-04, as far as asked for.
fn contract_bars(path: &str) -> Reply {
    let parts: Vec<&str> = path.split('/').collect();
    let (ticker, from, to) = (parts[4], day(parts[8]), day(parts[9]));
    let bars = [("2025-10-31", 7.5), ("2025-11-03", 6.5), ("2025-11-04", 6.0)]
        .map(|(date, close)| (day(date), close));
    let rows: Vec<String> = bars
        .iter()
        .filter(|(date, _)| (from..=to).contains(date))
        .map(|(date, close)| format!(r#"{{"o":1,"h":9,"l":1,"c":{close},"v":3,"t":{}}}"#, midnight_ms(*date)))
        .collect();
    Reply::json(200, format!(r#"{{"ticker":"{ticker}","adjusted":true,"results":[{}]}}"#, rows.join(",")))
}

#[tokio::test]
async fn sessions_before_the_snapshot_come_from_daily_bars() {
    let (server, polygon) = serve(|request| match &*request.path {
        path if path.starts_with("/v2/aggs") => contract_bars(path),
        _ if request.query("cursor").is_some() => list(""),
        _ => reply("options_chain_snapshot.json"),
    });
    let quotes = quoted(&polygon, &[CALL_105], "2025-10-31", "2025-11-04").await;
    let found: Vec<_> =
        quotes.quotes[CALL_105].iter().map(|quote| (quote.date, quote.close, quote.bid)).collect();
    assert_eq!(
        found,
        [
            (day("2025-10-31"), Some(7.5), None),
            (day("2025-11-03"), Some(6.5), None),
            (day("2025-11-04"), Some(6.15), Some(6.1)),
        ]
    );
    let path = format!("/v2/aggs/ticker/O:{CALL_105}/range/1/day/2025-10-31/2025-11-03");
    assert_eq!(server.take_log().last().unwrap().request.path, path);
    // No session lies between Saturday and the snapshot of Monday: nothing more is asked for.
    let stamp = midnight_ms(day("2025-11-03")) * 1_000_000 + 16 * 3_600_000_000_000;
    let rest = format!(r#""last_quote":{{"bid":1,"ask":2,"last_updated":{stamp}}}"#);
    let monday = list(&row(CALL_105, &rest));
    let (server, polygon) = serve_at("2025-11-03T21:30:00Z", move |_| monday.clone());
    let quotes = quoted(&polygon, &[CALL_105], "2025-11-01", "2025-11-03").await;
    assert_eq!((quotes.quotes[CALL_105].len(), server.count()), (1, 1));
}

#[tokio::test]
async fn a_contract_is_asked_for_its_own_dates() {
    let (server, polygon) = serve(|request| match &*request.path {
        path if path.starts_with("/v2/aggs") => contract_bars(path),
        _ if request.query("cursor").is_some() => list(""),
        _ => reply("options_chain_snapshot.json"),
    });
    let wanted = [
        asks(&[CALL_105], "2025-11-04", "2025-11-04"),
        asks(&[CALL_40], "2025-10-31", "2025-11-04"),
        asks(&[PUT_95], "2025-10-31", "2025-11-03"),
    ];
    let quotes = polygon.quotes("ACME", &wanted.concat()).await.unwrap().quotes;
    let dates = |name: &str| quotes[name].iter().map(|quote| quote.date.to_string()).collect::<Vec<_>>();
    assert_eq!(dates(CALL_105), ["2025-11-04"], "the session that the snapshot tells, and no other");
    assert_eq!(dates(CALL_40), ["2025-10-31", "2025-11-03", "2025-11-04"]);
    assert_eq!(dates(PUT_95), ["2025-10-31", "2025-11-03"]);
    let log = server.log();
    let is_of = |path: &str| log.iter().filter(|logged| logged.request.path.contains(path)).count();
    assert_eq!((is_of(CALL_105), is_of(CALL_40), is_of(PUT_95)), (0, 1, 1));
    // What has no date of the snapshot does not widen the question for it.
    assert!(log[0].request.target.contains("expiration_date=2025-11-21"));
    let january = log.iter().find(|logged| logged.target_contains("expiration_date=2026-01-16")).unwrap();
    assert!(january.target_contains("strike_price.gte=105"), "{}", january.request.target);
}

#[tokio::test]
async fn a_snapshot_of_a_session_that_goes_on_is_not_taken() {
    // Wednesday 10:00 in New York; the quotes of Tuesday are gone from the snapshot.
    let (server, polygon) = serve_at("2025-11-05T15:00:00Z", |request| contract_bars(&request.path));
    let quotes = quoted(&polygon, &[CALL_105], "2025-11-04", "2025-11-04").await;
    assert_eq!(quotes.quotes[CALL_105], [OptionQuote { close: Some(6.0), ..empty("2025-11-04") }]);
    assert_eq!(server.count(), 1);
    // Before the opening they are still there.
    let (server, polygon) = serve_at("2025-11-05T14:00:00Z", |request| match request.query("cursor") {
        None => reply("options_chain_snapshot.json"),
        Some(_) => list(""),
    });
    assert_eq!(quoted(&polygon, &[CALL_105], "2025-11-04", "2025-11-04").await.quotes.len(), 1);
    assert!(server.log()[0].request.path.starts_with("/v3/snapshot"));
}

#[tokio::test]
async fn a_quote_of_another_day_is_told_and_not_taken() {
    // Asked for at the end of Monday with a clock that says so; the snapshot is of Tuesday.
    let (_server, polygon) = serve_at("2025-11-03T21:30:00Z", |request| match &*request.path {
        path if path.starts_with("/v2/aggs") => contract_bars(path),
        _ if request.query("cursor").is_some() => list(""),
        _ => reply("options_chain_snapshot.json"),
    });
    let quotes = quoted(&polygon, &[CALL_105], "2025-11-03", "2025-11-03").await;
    let told = format!("{CALL_105}: the snapshot is of 2025-11-04, outside 2025-11-03 to 2025-11-03");
    assert_eq!(quotes.problems, [told]);
    assert_eq!(quotes.quotes[CALL_105], [OptionQuote { close: Some(6.5), ..empty("2025-11-03") }]);
}

#[tokio::test]
async fn a_contract_that_last_traded_before_the_dates_has_no_bars_to_ask_for() {
    let traded = midnight_ms(day("2025-10-30")) * 1_000_000;
    let (server, polygon) =
        snapshot(list(&row(CALL_105, &format!(r#""day":{{"close":2,"last_updated":{traded}}}"#))));
    let quotes = quoted(&polygon, &[CALL_105], "2025-11-03", "2025-11-04").await;
    assert!(quotes.quotes.is_empty());
    assert_eq!((quotes.problems.len(), server.count()), (1, 1));
}

#[tokio::test]
async fn a_plan_without_snapshots_has_closes_and_is_asked_for_them_once() {
    let (server, polygon) = serve(|request| match &*request.path {
        path if path.contains(PUT_95) => reply("errors/403_timeframe.json"),
        path if path.starts_with("/v2/aggs") => contract_bars(path),
        _ => reply("errors/403_not_entitled.json"),
    });
    let quotes = quoted(&polygon, &[CALL_105, PUT_95], "2025-11-04", "2025-11-04").await;
    assert_eq!(quotes.quotes[CALL_105], [OptionQuote { close: Some(6.0), ..empty("2025-11-04") }]);
    assert_eq!(quotes.problems.len(), 1);
    let faults: Vec<_> = quotes.faults.iter().map(|(contract, fault)| (&**contract, fault.kind)).collect();
    assert_eq!(faults, [(PUT_95, FaultKind::PlanTimeframe)]);
    assert!(quotes.problems[0].starts_with("closes only: snapshots of ACME: PlanEndpoint (Polygon 403)"));
    let again = quoted(&polygon, &[CALL_105], "2025-11-04", "2025-11-04").await;
    assert_eq!((again.quotes.len(), again.problems.len()), (1, 0));
    let snapshots = server.log().iter().filter(|logged| logged.request.path.contains("snapshot")).count();
    assert_eq!(snapshots, 1);
}

#[tokio::test]
async fn what_was_found_before_a_fault_is_kept_and_the_rest_is_named() {
    let limit = reply("errors/429_rate_limit.json").header("Retry-After", "999");
    let outage = Reply::text(503, "busy");
    for (answer, kind) in [(limit, FaultKind::RateLimited), (outage, FaultKind::Transient)] {
        let (_server, polygon) = serve(move |request| match &*request.path {
            path if path.contains(PUT_95) => answer.clone(),
            path if path.contains(CALL_40) => reply("errors/404_ticker.json"),
            path if path.starts_with("/v2/aggs") => contract_bars(path),
            _ => reply("errors/403_not_entitled.json"),
        });
        let last = "ACME260116P00099000";
        let quotes = quoted(&polygon, &[last, PUT_95, CALL_105, CALL_40], "2025-11-04", "2025-11-04").await;
        assert_eq!(quotes.quotes.keys().collect::<Vec<_>>(), [CALL_105]);
        let faults: Vec<_> = quotes.faults.iter().map(|(contract, f)| (&**contract, f.kind)).collect();
        assert_eq!(faults, [(CALL_40, FaultKind::NotFound), (PUT_95, kind), (last, kind)]);
    }
    // A body that cannot be read is that of one contract.
    let (_server, polygon) = serve(|request| match &*request.path {
        path if path.contains(CALL_105) => Reply::json(200, "{"),
        path if path.starts_with("/v2/aggs") => contract_bars(path),
        _ => reply("errors/403_not_entitled.json"),
    });
    let quotes = quoted(&polygon, &[CALL_105, PUT_95], "2025-11-04", "2025-11-04").await;
    assert_eq!((quotes.quotes.contains_key(PUT_95), quotes.faults.len()), (true, 1));
    assert_eq!((&*quotes.faults[0].0, quotes.faults[0].1.kind), (CALL_105, FaultKind::Malformed));
}

#[tokio::test]
async fn a_snapshot_that_breaks_off_keeps_the_expiries_before_it() {
    let november = r#""last_quote":{"bid":1,"ask":2,"last_updated":1762290000000000000}"#;
    let (server, polygon) = serve(move |request| match request.query("expiration_date") {
        Some("2025-11-21") => list(&row(CALL_40, november)),
        _ => Reply::text(503, "busy"),
    });
    let quotes = quoted(&polygon, &[CALL_40, CALL_105], "2025-11-04", "2025-11-04").await;
    assert_eq!(quotes.quotes.keys().collect::<Vec<_>>(), [CALL_40]);
    let faults: Vec<_> = quotes.faults.iter().map(|(contract, f)| (&**contract, f.kind)).collect();
    assert_eq!(faults, [(CALL_105, FaultKind::Transient)]);
    assert!(!server.log().iter().any(|logged| logged.request.path.starts_with("/v2")));
}

#[tokio::test]
async fn a_key_that_is_refused_on_the_way_is_a_fault_of_the_whole() {
    let (_server, polygon) = serve(|request| match &*request.path {
        path if path.contains(PUT_95) => reply("errors/401_unknown_key.json"),
        path if path.starts_with("/v2/aggs") => contract_bars(path),
        _ => reply("errors/403_not_entitled.json"),
    });
    let asks = asks(&[CALL_105, PUT_95], "2025-11-04", "2025-11-04");
    let fault = polygon.quotes("ACME", &asks).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Auth);
}

#[tokio::test]
async fn a_plan_without_options_is_a_fault_and_so_is_a_limit() {
    let (_server, polygon) = always(reply("errors/403_not_entitled.json"));
    let asks = asks(&[CALL_105], "2025-11-04", "2025-11-04");
    assert_eq!(polygon.quotes("ACME", &asks).await.unwrap_err().kind, FaultKind::PlanSymbol);
    let (_server, polygon) = always(reply("errors/429_rate_limit.json").header("Retry-After", "999"));
    assert_eq!(polygon.quotes("ACME", &asks).await.unwrap_err().kind, FaultKind::RateLimited);
}
