//! The tool against providers: what comes in, from whom, what is told, and what a later run goes on with.

mod again;
mod corrections;
mod ends;
mod faults;
mod fixture;
mod lags;
mod limits;
mod mixed;
mod options;
mod quota;
mod sessions;
mod several;
mod splits;
mod yields;

use fixture::{AS_OF, CANARY, Fixture, Market, day, exchange, symbols};
use sigma_testkit::fake::{Reply, Request};

#[test]
fn one_key_is_enough_and_a_rerun_asks_little_and_changes_nothing() {
    let names = symbols(4);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let run = fixture.sync(&market, &["polygon"], "run", &[]);
    run.ends(0).says("symbols=8").says("missing=0").says("sufficient=5/5");
    let histories = fixture.histories();
    for symbol in &names {
        let bars = &histories[symbol].bars;
        assert_eq!(bars.len(), 22, "the window, one before it, and the as-of date");
        assert_eq!(bars.last().unwrap().date, day(AS_OF));
        assert!(bars.iter().all(|bar| bar.source == "polygon"));
        let listed = market.exchange.listing(symbol).unwrap();
        let close = listed.bars.iter().find(|bar| bar.date == day(AS_OF)).unwrap().close;
        assert_eq!(bars.last().unwrap().close, close);
    }
    market.asked();
    let rerun = fixture.sync(&market, &["polygon"], "run", &[]);
    rerun.ends(0).says("changed=0").says("sufficient=5/5");
    let asked = market.asked();
    assert!(asked.iter().all(|target| !target.contains("/aggs/")), "{asked:?}");
    assert!(!fixture.all_bytes().windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
}

#[test]
fn what_one_provider_cannot_give_the_next_is_asked_for() {
    let names = symbols(3);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    // Polygon does not know S001, and FMP's plan leaves out S002.
    market.answer(|request: &Request| {
        if request.path.contains("/ticker/S001/") {
            let body = r#"{"status":"NOT_FOUND","request_id":"1","message":"Ticker not found."}"#;
            return Some(Reply::json(404, body));
        }
        let premium =
            "Premium Query Parameter: 'Special Endpoint : This value set for 'symbol' is not available";
        let is_s002 = request.path.starts_with("/stable/") && request.query("symbol") == Some("S002");
        is_s002.then(|| Reply::text(402, premium))
    });
    let run = fixture.sync(&market, &["polygon", "fmp"], "prices", &[]);
    run.ends(0).says("NotFound (Polygon 404)").says("sufficient=4/4");
    let histories = fixture.histories();
    let source = |symbol: &str| histories[symbol].bars.last().unwrap().source.clone();
    assert_eq!([source("S000"), source("S001"), source("S002")], ["polygon", "fmp", "polygon"]);
    assert!(histories["S001"].bars.iter().all(|bar| bar.source == "fmp"));
}

#[test]
fn corrections_of_the_last_days_arrive_and_older_ones_when_asked_for() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let sync = |as_of: &str, more: &[&str]| {
        let mut command = fixture.command(&market, &["fmp"]);
        command.args(["prices", "--as-of", as_of, "--window", "20"]).args(more);
        fixture::Run::new(command.output().unwrap())
    };
    sync("2025-06-27", &[]).ends(0);
    let truth = fixture.histories()["S000"].bars.clone();
    // What was stored on the day is a little off, of an old session and of the last one.
    let mut wrong = vec![truth[5].clone(), truth.last().unwrap().clone()];
    wrong.iter_mut().for_each(|bar| bar.close -= 0.01);
    fixture.store(async |store| {
        let id = store.instruments_by_symbol(&["S000".into()]).await.unwrap()[0].id;
        store.save_prices(id, &wrong).await.unwrap();
    });
    let is_right = |i: usize| fixture.histories()["S000"].bars[i].close == truth[i].close;
    let last = truth.len() - 1;
    assert_eq!((is_right(5), is_right(last)), (false, false));
    sync(AS_OF, &[]).ends(0);
    assert_eq!((is_right(5), is_right(last)), (false, true));
    sync(AS_OF, &["--refresh"]).ends(0);
    assert!(is_right(5));
}
