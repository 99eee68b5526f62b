//! A split and the prices that are restated for it do not arrive on one day: closes as traded stay what they were.

use sigma_testkit::fake::{Reply, Request};

use crate::fixture::{AS_OF, Fixture, Market, day};
use crate::splits::{LATER, SPLIT, asked_from, assert_as_traded, book, exchange, exchange_with, sync};

fn is_history(request: &Request) -> bool {
    request.path.ends_with("historical-price-eod/full") && request.query("symbol") == Some("S000")
}

/// FMP tells the split, and its prices before it are still those that were traded.
fn leave_prices_as_they_were(market: &Market) {
    let listed = market.exchange.clone();
    market.answer(move |request| {
        is_history(request).then(|| {
            let mut rows: serde_json::Value = serde_json::from_slice(listed.reply(request).body()).unwrap();
            for row in rows.as_array_mut().unwrap() {
                if row["date"].as_str().unwrap() < SPLIT {
                    for field in ["open", "high", "low", "close"] {
                        row[field] = (row[field].as_f64().unwrap() * 4.0).into();
                    }
                }
            }
            Reply::json(200, rows.to_string())
        })
    });
}

fn is_whole(fixture: &Fixture, market: &Market, provider: &str, last: &str) {
    let history = fixture.histories().remove("S000").unwrap();
    assert_as_traded(provider, &history, market.exchange.listing("S000").unwrap());
    assert_eq!(history.bars.last().unwrap().date, day(last));
}

#[test]
fn a_split_that_is_told_before_the_prices_are_restated_multiplies_nothing() {
    let (fixture, market) = (book(), Market::open(exchange()));
    sync(&fixture, &market, "fmp", AS_OF).ends(0);
    let first = fixture.histories()["S000"].bars[0].date;
    leave_prices_as_they_were(&market);
    let run = sync(&fixture, &market, "fmp", SPLIT);
    run.says("the prices before the split of 2025-07-08 are not restated yet");
    is_whole(&fixture, &market, "fmp", SPLIT);
    let refused = fixture.store(async |store| store.quarantine(None).await.unwrap());
    assert_eq!(refused, [], "the bar since the split is good");
    market.heal();
    market.asked();
    let run = sync(&fixture, &market, "fmp", LATER);
    run.ends(0).says("missing=0").says("4-for-1 split on 2025-07-08");
    assert!(!run.stderr.contains("could not be downloaded again"), "{}", run.stderr);
    assert!(asked_from("fmp", &market.asked()).unwrap() <= first, "the history comes again");
    is_whole(&fixture, &market, "fmp", LATER);
}

#[test]
fn a_first_history_that_is_not_restated_is_not_stored_and_comes_when_it_is() {
    let (fixture, market) = (book(), Market::open(exchange()));
    leave_prices_as_they_were(&market);
    sync(&fixture, &market, "fmp", SPLIT).says("not restated yet");
    let bars = fixture.histories().remove("S000").unwrap().bars;
    assert_eq!(bars.iter().map(|bar| bar.date).collect::<Vec<_>>(), [day(SPLIT)]);
    market.heal();
    sync(&fixture, &market, "fmp", LATER).ends(0).says("sufficient=3/3");
    is_whole(&fixture, &market, "fmp", LATER);
}

#[test]
fn prices_that_are_restated_before_the_split_is_told_do_not_replace_what_was_traded() {
    let (fixture, market) = (book(), Market::open(exchange_with(2.0, 3.0)));
    sync(&fixture, &market, "fmp", AS_OF).ends(0);
    market.answer(|request| request.path.ends_with("/splits").then(|| Reply::json(200, "[]")));
    let run = sync(&fixture, &market, "fmp", SPLIT);
    run.ends(3)
        .says("S000 2025-07-08: split_like_jump: on the scale of an answer that has the closes of 3 stored");
    run.says("times 0.6667: a split that is not known?");
    is_whole(&fixture, &market, "fmp", AS_OF);
    let refused = fixture.store(async |store| store.quarantine(None).await.unwrap());
    assert!(refused.iter().all(|bar| bar.symbol == "S000" && bar.reason == "split_like_jump"));
    assert!(refused.iter().any(|bar| bar.date == day(SPLIT)), "the user may know better");
    // The split is told, and its bars cannot be had.
    market.answer(|request| {
        let is_price = is_history(request) || request.path.ends_with("/batch-quote");
        is_price.then(|| Reply::text(500, "internal error"))
    });
    sync(&fixture, &market, "fmp", LATER).says("could not be downloaded again");
    is_whole(&fixture, &market, "fmp", AS_OF);
    market.heal();
    sync(&fixture, &market, "fmp", LATER).ends(0).says("missing=0");
    is_whole(&fixture, &market, "fmp", LATER);
}

/// Bars as traded are stored beyond the split when it becomes known: that the history is to come again does not show in
/// them.
#[test]
fn a_history_that_is_to_come_again_is_remembered_until_it_has() {
    let (fixture, market) = (book(), Market::open(exchange_with(2.0, 3.0)));
    let nothing = r#"{"status":"OK","request_id":"1","results":[]}"#;
    market.answer(move |request| request.path.ends_with("/splits").then(|| Reply::json(200, nothing)));
    sync(&fixture, &market, "polygon", AS_OF).ends(0);
    sync(&fixture, &market, "polygon", SPLIT).ends(0);
    let first = fixture.histories()["S000"].bars[0].date;
    market
        .answer(|request| request.path.contains("/ticker/S000/").then(|| Reply::text(500, "internal error")));
    sync(&fixture, &market, "polygon", LATER).says("could not be downloaded again");
    market.heal();
    market.asked();
    let run = sync(&fixture, &market, "polygon", LATER);
    run.ends(0);
    assert!(!run.stderr.contains("could not be downloaded again"), "{}", run.stderr);
    assert!(asked_from("polygon", &market.asked()).unwrap() <= first, "asked for whole");
    is_whole(&fixture, &market, "polygon", LATER);
    sync(&fixture, &market, "polygon", LATER).ends(0).says("changed=0");
    assert_eq!(asked_from("polygon", &market.asked()), None, "and no more");
}
