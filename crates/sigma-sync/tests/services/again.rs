//! What a later run asks again: what was refused, with the same key and with another one; a bar that was in quarantine.

use sigma_store::QuarantineStatus;
use sigma_testkit::fake::{Reply, Request};

use crate::fixture::{AS_OF, Fixture, Market, Run, day, exchange, symbols};

fn is_bars_of(request: &Request, symbol: &str) -> bool {
    request.path.contains(&format!("/v2/aggs/ticker/{symbol}/"))
}

/// The bars of S000 with this close on this day.
fn with_close(market: &Market, date: &'static str, close: impl Fn(f64) -> f64 + Send + Sync + 'static) {
    let listed = market.exchange.clone();
    let closes = listed.listing("S000").unwrap().bars.clone();
    market.answer(move |request| {
        is_bars_of(request, "S000").then(|| {
            let mut body: serde_json::Value = serde_json::from_slice(listed.reply(request).body()).unwrap();
            let good = closes.iter().find(|bar| bar.date == day(date)).unwrap().close;
            for row in body["results"].as_array_mut().unwrap() {
                if row["c"].as_f64() == Some(good) {
                    for field in ["o", "h", "l", "c"] {
                        row[field] = close(good).into();
                    }
                }
            }
            Reply::json(200, body.to_string())
        })
    });
}

fn close_of(fixture: &Fixture, date: &str) -> Option<f64> {
    fixture.histories()["S000"].on(day(date)).map(|bar| bar.close)
}

#[test]
fn a_bar_that_the_user_accepts_is_asked_for_again_and_stored() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    with_close(&market, "2025-06-18", |close| close / 2.0);
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(3).says("split_like_jump");
    assert_eq!(close_of(&fixture, "2025-06-18"), None);
    // Nobody has decided: it is asked for again, in case it was corrected, and refused again.
    market.asked();
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(3).says("split_like_jump");
    let asked = market.asked();
    assert!(asked.iter().any(|target| target.contains("/S000/")), "{asked:?}");
    assert!(asked.iter().all(|target| !target.contains("/S001/")), "{asked:?}");
    let decide = |status| {
        let set = async |store: &mut sigma_store::Store| {
            store.set_quarantine_status_of("S000", day("2025-06-18"), "polygon", status).await.unwrap()
        };
        fixture.store(set)
    };
    decide(QuarantineStatus::Dropped);
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(0);
    assert_eq!(market.asked(), [""; 0], "settled");
    let offered = fixture.sync(&market, &["polygon"], "prices", &["--refresh"]);
    assert!(!offered.stderr.contains("split_like_jump"), "offered, and not told: {}", offered.stderr);
    market.asked();
    decide(QuarantineStatus::Accepted);
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(0);
    let listing = market.exchange.listing("S000").unwrap();
    let good = listing.bars.iter().find(|bar| bar.date == day("2025-06-18")).unwrap().close;
    assert_eq!(close_of(&fixture, "2025-06-18"), Some(good / 2.0));
}

#[test]
fn what_was_refused_is_asked_for_once_a_run() {
    let names = symbols(12);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(|request| {
        let is_refused = is_bars_of(request, "S003") || is_bars_of(request, "S004");
        is_refused.then(|| Reply::json(404, r#"{"status":"NOT_FOUND","message":"Ticker not found."}"#))
    });
    for _ in 0..2 {
        market.asked();
        fixture.sync(&market, &["polygon"], "prices", &[]).ends(3).says("2 symbols: NotFound (Polygon 404)");
        let asked = market.asked();
        for symbol in ["/S003/", "/S004/"] {
            assert_eq!(asked.iter().filter(|target| target.contains(symbol)).count(), 1, "{asked:?}");
        }
    }
    market.heal();
    market.asked();
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(0).says("missing=0");
    assert_eq!(market.asked().len(), 2);
}

#[test]
fn another_key_is_not_told_what_the_first_one_was_refused() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let listed = market.exchange.clone();
    // The plan of the first key begins on June 13, and does not say so.
    market.answer(move |request| {
        let is_first = request.header("authorization").is_some_and(|sent| sent.contains("canary"));
        let parts: Vec<&str> = request.target.split('/').collect();
        (is_first && request.path.contains("/v2/aggs/ticker/")).then(|| {
            let later = request.target.replacen(parts[8], parts[8].max("2025-06-13"), 1);
            listed.reply(&Request::get(&later))
        })
    });
    fixture.sync(&market, &["polygon"], "prices", &[]).says("the first bar of 2025-06-13");
    market.asked();
    fixture.sync(&market, &["polygon"], "prices", &[]);
    assert_eq!(market.asked(), [""; 0], "it was answered");
    let mut command = fixture.command(&market, &[]);
    command.env("SIGMA_POLYGON_API_KEY", "another-key-of-a-longer-plan");
    command.args(["prices", "--as-of", AS_OF, "--window", "20"]);
    Run::new(command.output().unwrap()).ends(0).says("missing=0").says("sufficient=3/3");
    assert!(!String::from_utf8_lossy(&fixture.all_bytes()).contains("another-key"), "the key was kept");
}

#[test]
fn splits_are_asked_for_once_a_symbol() {
    let names = symbols(3);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    fixture.sync(&market, &["fmp"], "run", &[]).ends(0);
    let asked = market.asked();
    for symbol in ["S000", "S001", "S002", "SPY"] {
        let of_splits = format!("/stable/splits?symbol={symbol}");
        assert_eq!(asked.iter().filter(|target| target.starts_with(&of_splits)).count(), 1, "{asked:?}");
    }
}

#[test]
fn prices_that_could_not_be_made_raw_come_when_the_split_is_clear() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let unclear = r#"[{"symbol":"S000","date":"2025-06-18","numerator":null,"denominator":null}]"#;
    market.answer(move |request| {
        let is_of_splits = request.path == "/stable/splits" && request.query("symbol") == Some("S000");
        is_of_splits.then(|| Reply::json(200, unclear))
    });
    fixture.sync(&market, &["fmp"], "prices", &[]).says("the split of 2025-06-18 has no clear ratio");
    assert_eq!(close_of(&fixture, "2025-06-17"), None);
    market.heal();
    fixture.sync(&market, &["fmp"], "prices", &[]).ends(0).says("sufficient=2/2");
    assert!(close_of(&fixture, "2025-06-17").is_some());
}

#[test]
fn a_bar_as_traded_is_not_replaced_by_a_rebuilt_one() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let mut command = fixture.command(&market, &["polygon"]);
    command.env("SIGMA_NOW", "2025-06-28T12:00:00Z");
    command.args(["prices", "--as-of", "2025-06-20", "--window", "15"]);
    Run::new(command.output().unwrap()).ends(0);
    let before = fixture.histories()["S000"].bars.clone();
    let listed = market.exchange.clone();
    market.answer(move |request| {
        is_bars_of(request, "S000").then(|| {
            let mut body: serde_json::Value = serde_json::from_slice(listed.reply(request).body()).unwrap();
            body["adjusted"] = true.into();
            Reply::json(200, body.to_string())
        })
    });
    fixture.sync(&market, &["polygon"], "prices", &[]).ends(0);
    let after = fixture.histories()["S000"].bars.clone();
    assert!(before.iter().all(|bar| after.contains(bar)), "what was stored stays");
    assert_eq!(after.last().unwrap().basis, sigma_core::model::CloseBasis::Rebuilt);
}
