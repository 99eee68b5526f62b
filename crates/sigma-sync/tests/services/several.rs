//! Several providers that do not agree: whose row stands, and what is not stored twice.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sigma_testkit::fake::market::{Listing, Split};
use sigma_testkit::fake::{Exchange, Reply, Request};

use super::fixture::{AS_OF, CANARY, Fixture, Market, Run, day, exchange, sessions, symbols};

fn is_bars(request: &Request) -> bool {
    request.path.starts_with("/v2/aggs/ticker/")
}

/// The exchange's answer to a request for bars, from a later day on, as a plan with a short history gives it.
fn truncated(exchange: &Exchange, request: &Request, first: &str) -> Reply {
    let parts: Vec<&str> = request.target.split('/').collect();
    let from = parts[8].max(first);
    let target = request.target.replacen(parts[8], from, 1);
    exchange.reply(&Request::get(&target))
}

fn sources(fixture: &Fixture, symbol: &str) -> Vec<(NaiveDate, String)> {
    let history = fixture.histories().remove(symbol).unwrap();
    history.bars.into_iter().map(|bar| (bar.date, bar.source)).collect()
}

#[test]
fn a_series_on_another_scale_does_not_fill_the_time_before() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let listed = market.exchange.clone();
    // Polygon reaches back to 06-13. FMP's prices before are quartered: a split that its list of splits does not have.
    market.answer(move |request| {
        if is_bars(request) {
            return Some(truncated(&listed, request, "2025-06-13"));
        }
        (request.path.ends_with("historical-price-eod/full") && request.query("symbol") == Some("S000")).then(
            || {
                let mut rows: serde_json::Value =
                    serde_json::from_slice(listed.reply(request).body()).unwrap();
                for row in rows.as_array_mut().unwrap() {
                    for field in ["open", "high", "low", "close"] {
                        row[field] = (row[field].as_f64().unwrap() / 4.0).into();
                    }
                }
                Reply::json(200, rows.to_string())
            },
        )
    });
    let run = fixture.sync(&market, &["polygon", "fmp"], "prices", &[]);
    run.ends(3).says("does not join the stored bar of 2025-06-13 (polygon)");
    let stored = sources(&fixture, "S000");
    assert!(
        stored.iter().all(|(date, source)| *date >= day("2025-06-13") && source == "polygon"),
        "{stored:?}"
    );
    let whole = sources(&fixture, "SPY");
    assert_eq!(whole.len(), 22);
    assert_eq!(whole.iter().filter(|(_, source)| source == "fmp").count(), 11, "sound prices do fill it");
}

#[test]
fn a_later_provider_fills_holes_and_leaves_the_rest() {
    let names = symbols(3);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let listed = market.exchange.clone();
    // Polygon has not closed the last session yet.
    market.answer(move |request| {
        is_bars(request)
            .then(|| listed.reply(&Request::get(&request.target.replace("2025-06-30", "2025-06-27"))))
    });
    fixture.sync(&market, &["polygon", "tiingo"], "prices", &[]).ends(0);
    let of_last = |fixture: &Fixture| {
        let sources = sources(fixture, "S000");
        let tiingo: Vec<NaiveDate> =
            sources.iter().filter(|(_, source)| source == "tiingo").map(|(date, _)| *date).collect();
        assert_eq!(sources.len(), 22);
        tiingo
    };
    assert_eq!(of_last(&fixture), [day(AS_OF)]);
    // Asked again for everything, each session stays with the first provider that has it.
    let refreshed = fixture.sync(&market, &["polygon", "tiingo"], "prices", &["--refresh"]);
    refreshed.ends(0);
    assert_eq!(of_last(&fixture), [day(AS_OF)]);
    market.heal();
    market.asked();
    fixture.sync(&market, &["polygon", "tiingo"], "prices", &["--refresh"]).ends(0);
    assert_eq!(of_last(&fixture), [], "Polygon has it now");
    let asked: BTreeSet<bool> = market.asked().iter().map(|target| target.starts_with("/tiingo/")).collect();
    assert_eq!(asked, BTreeSet::from([false]), "nothing is left to ask Tiingo for");
}

#[test]
fn an_action_that_two_providers_date_differently_is_one_action() {
    let names = symbols(1);
    let fixture = Fixture::new(&names);
    let splits = [Split { date: day("2025-06-09"), from: 1.0, to: 4.0 }];
    let listing = Listing::generated("S000", &sessions(40), &splits).dividend(day("2025-06-17"), 0.5);
    let market = Market::open(exchange(&names, 40).list(listing));
    let listed = market.exchange.clone();
    // Polygon lacks the first sessions, and tells split and dividend a day later than Tiingo.
    market.answer(move |request| {
        if is_bars(request) {
            return Some(truncated(&listed, request, "2025-06-10"));
        }
        let is_action = request.path.starts_with("/stocks/v1/");
        is_action.then(|| {
            let body = String::from_utf8(listed.reply(request).body().to_vec()).unwrap();
            let later = body.replace("2025-06-17", "2025-06-18").replace("2025-06-09", "2025-06-10");
            Reply::json(200, later)
        })
    });
    fixture.sync(&market, &["polygon", "tiingo"], "prices", &[]);
    let history = fixture.histories().remove("S000").unwrap();
    assert_eq!(history.splits.iter().map(|split| split.date).collect::<Vec<_>>(), [day("2025-06-10")]);
    assert_eq!(history.dividends, [sigma_core::model::Dividend { ex_date: day("2025-06-18"), amount: 0.5 }]);
}

#[test]
fn what_a_plan_cut_off_is_asked_for_again_a_week_later() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let listed = market.exchange.clone();
    market.answer(move |request| is_bars(request).then(|| truncated(&listed, request, "2025-06-13")));
    let run = fixture.sync(&market, &["polygon"], "prices", &[]);
    run.says("10 of 20 returns").says("the first bar of 2025-06-13");
    market.heal();
    let on = |now: &str| {
        market.asked();
        let mut command = fixture.command(&market, &["polygon"]);
        command.env("SIGMA_NOW", now).args(["prices", "--as-of", AS_OF, "--window", "20"]);
        let run = Run::new(command.output().unwrap());
        assert!(!run.stderr.contains(CANARY));
        let asked = market.asked().iter().filter(|target| target.contains("/v2/aggs/ticker/")).count();
        (run, asked)
    };
    assert_eq!(on("2025-07-02T12:00:00Z").1, 0, "an answer holds for a week");
    let (run, asked) = on("2025-07-09T12:00:00Z");
    assert_eq!(asked, 6, "two shares, the market's proxy and three Treasury funds");
    run.ends(0).says("sufficient=3/3");
}

#[test]
fn a_refresh_that_refreshes_nothing_is_no_success() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(0);
    for (status, code) in [(401, 4), (429, 5), (503, 6)] {
        market.answer(move |_| Some(Reply::json(status, "{}").header("retry-after", "600")));
        let fixture_code = fixture.sync(&market, &["polygon"], "prices", &["--refresh"]).code;
        assert_eq!(fixture_code, code, "{status}");
        std::fs::remove_dir_all(fixture.dir.path().join("state")).unwrap();
    }
    // One symbol that nobody gives is missing from it.
    market.answer(|request| {
        let body = r#"{"status":"NOT_FOUND","request_id":"1","message":"Ticker not found."}"#;
        request.path.contains("/S001/").then(|| Reply::json(404, body))
    });
    fixture.sync(&market, &["polygon"], "prices", &["--refresh"]).ends(3).says("S001: not refreshed");
}

#[test]
fn a_refresh_keeps_what_its_provider_could_not_be_asked_for() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(0);
    let before = fixture.histories();
    // Polygon is down, and those after it have everything.
    market.answer(|request| {
        let is_polygon = request.path.starts_with("/v") || request.path.starts_with("/stocks");
        is_polygon.then(|| Reply::json(503, "{}"))
    });
    let run = fixture.sync(&market, &["polygon", "fmp", "tiingo"], "prices", &["--refresh"]);
    // Splits and dividends are answered by those after it.
    run.ends(3).says("Transient (Polygon 503)").says("not refreshed");
    assert_eq!(fixture.histories(), before);
    // A provider that is asked alone replaces what is no better: rebuilt prices are worse than those of the day.
    let refreshed = fixture.sync(&market, &["fmp"], "prices", &["--refresh"]);
    refreshed.ends(3).says("not refreshed");
    assert_eq!(fixture.histories(), before);
    fixture.sync(&market, &["tiingo"], "prices", &["--refresh"]).ends(0);
    assert!(sources(&fixture, "S000").iter().all(|(_, source)| source == "tiingo"));
}

/// A new session of those after it is none of the sessions that were asked for again.
#[test]
fn a_new_session_is_no_refresh() {
    let (fixture, market) = (Fixture::new(&symbols(1)), Market::open(exchange(&symbols(1), 40)));
    let on = |as_of: &str, providers: &[&str], more: &[&str]| {
        let mut command = fixture.command(&market, providers);
        command.env("SIGMA_NOW", "2025-07-01T12:00:00Z");
        command.args(["prices", "--as-of", as_of, "--window", "15"]).args(more);
        Run::new(command.output().unwrap())
    };
    on("2025-06-27", &["polygon"], &[]).ends(0);
    market.answer(|request| {
        let is_polygon = request.path.starts_with("/v") || request.path.starts_with("/stocks");
        is_polygon.then(|| Reply::json(503, "{}"))
    });
    on(AS_OF, &["polygon", "fmp"], &["--refresh"]).ends(3).says("not refreshed");
    assert_eq!(sources(&fixture, "S000").last().unwrap().1, "fmp");
}

#[test]
fn an_answer_without_adjusted_closes_takes_none_away() {
    let names = symbols(1);
    for provider in ["yahoo", "tiingo"] {
        let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
        let on = |now: &str, as_of: &str| {
            let mut command = fixture.command(&market, &[provider]);
            command.env("SIGMA_NOW", now);
            command.args(["prices", "--as-of", as_of, "--window", "15"]);
            Run::new(command.output().unwrap())
        };
        on("2025-06-25T12:00:00Z", "2025-06-24").ends(0);
        let adjusted = || -> Vec<(NaiveDate, Option<f64>)> {
            let history = fixture.histories().remove("S000").unwrap();
            history.bars.iter().map(|bar| (bar.date, bar.adj_close)).collect()
        };
        let before = adjusted();
        assert!(before.len() >= 16 && before.iter().all(|(_, adj_close)| adj_close.is_some()));
        let listed = market.exchange.clone();
        market.answer(move |request| {
            let mut body: serde_json::Value = serde_json::from_slice(listed.reply(request).body()).unwrap();
            match provider {
                "yahoo" => drop(body["chart"]["result"][0]["indicators"].as_object_mut()?.remove("adjclose")),
                _ => {
                    body.as_array_mut()?.iter_mut().for_each(|row| row["adjClose"] = serde_json::Value::Null)
                }
            }
            Some(Reply::json(200, body.to_string()))
        });
        on("2025-07-01T12:00:00Z", AS_OF).ends(0).says("S000").says("in the answer: the stored ones stay");
        let after = adjusted();
        assert_eq!(after[after.len() - 1], (day(AS_OF), None));
        assert!(before.iter().all(|row| after.contains(row)), "{provider}: what was stored stays");
        // Whole again, and comparable: all of one answer.
        market.heal();
        on("2025-07-02T12:00:00Z", "2025-07-01");
        assert!(adjusted().iter().all(|(_, adj_close)| adj_close.is_some()), "{provider}");
    }
}

#[test]
fn a_plan_without_any_price_is_told_as_one_whoever_gives_yields() {
    let names = symbols(2);
    let premium = "Premium Query Parameter: 'Special Endpoint : This value set for 'symbol' is not available under your current subscription";
    let run = |fixture: &Fixture, market: &Market, providers: &[&str], more: &[&str]| {
        fixture.sync(market, providers, "run", &[&["--provider", "auto"], more].concat())
    };
    let is_fred = |request: &Request| request.path.contains("/fred");
    // The plan has none of the symbols; FRED is alive.
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(move |request| (!is_fred(request)).then(|| Reply::text(402, premium)));
    run(&fixture, &market, &["fmp"], &[]).ends(4).says("PlanSymbol (FMP 402)").says("rates=");
    // What a run fails with is told once.
    let failed = fixture.sync(&market, &["fmp"], "prices", &[]);
    failed.ends(4);
    assert_eq!(failed.stderr.matches("PlanSymbol (FMP 402)").count(), 1, "{}", failed.stderr);
    market.heal();
    run(&fixture, &market, &["fmp"], &[]).ends(0);
    // One symbol that it has makes the rest partial.
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(move |request| match request.query("symbol") {
        Some("S001") => Some(Reply::text(402, premium)),
        _ => request.path.ends_with("/batch-quote").then(|| Reply::json(200, "[]")),
    });
    run(&fixture, &market, &["fmp"], &[]).ends(3);
    // A plan that does not reach there, of each symbol for itself.
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let timeframe =
        r#"{"status":"NOT_AUTHORIZED","message":"Your plan doesn't include this data timeframe."}"#;
    market.answer(move |request| is_bars(request).then(|| Reply::json(403, timeframe)));
    run(&fixture, &market, &["polygon"], &[]).ends(4).says("PlanTimeframe (Polygon 403)").says("rates=");
    market.heal();
    run(&fixture, &market, &["polygon"], &[]).ends(0);
    // A gateway that is down for every symbol.
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(move |request| (!is_fred(request)).then(|| Reply::json(503, "{}")));
    run(&fixture, &market, &["tiingo"], &[]).ends(6).says("rates=");
}

#[test]
fn yields_that_are_kept_away_make_a_run_partial_and_no_worse() {
    let names = symbols(2);
    let wrong = r#"{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered."}"#;
    for has_old_yields in [false, true] {
        let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
        if has_old_yields {
            let mut command = fixture.command(&market, &["polygon", "fred"]);
            command.env("SIGMA_NOW", "2025-06-19T12:00:00Z");
            command.args(["run", "--as-of", "2025-06-18", "--window", "20"]);
            Run::new(command.output().unwrap()).ends(0);
        }
        market.answer(move |request| request.path.contains("/fred").then(|| Reply::json(400, wrong)));
        let run = fixture.sync(&market, &["polygon", "fred"], "run", &[]);
        run.ends(3).says("Auth (FRED 400)").says("sufficient=3/3");
        // Of its own verb they are all.
        fixture.sync(&market, &["fred"], "rates", &["--provider", "fred"]).ends(4);
    }
}

#[test]
fn a_delisted_symbol_is_named_with_its_date_among_others_that_are_unknown() {
    let names = symbols(4);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(|request| {
        let not_found = r#"{"status":"NOT_FOUND","request_id":"1","message":"Ticker not found."}"#;
        let gone = r#"{"status":"OK","results":[{"ticker":"S003","active":false,"delisted_utc":"2025-06-06T00:00:00Z"}]}"#;
        let nothing = r#"{"status":"OK","request_id":"1"}"#;
        // Profiles and bars.
        let is_of = |symbol: &str| {
            request.path.ends_with(&format!("/{symbol}")) || request.path.contains(&format!("/{symbol}/"))
        };
        match request.query("ticker") {
            Some("S003") if request.path == "/v3/reference/tickers" => Some(Reply::json(200, gone)),
            Some(_) if request.path == "/v3/reference/tickers" => Some(Reply::json(200, nothing)),
            _ if is_of("S000") || is_of("S003") => Some(Reply::json(404, not_found)),
            _ => None,
        }
    });
    let run = fixture.sync(&market, &["polygon"], "run", &[]);
    run.ends(3)
        .says("2 symbols: NotFound (Polygon 404): Ticker not found")
        .says("S003 was delisted on 2025-06-06");
}
