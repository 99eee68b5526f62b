//! Bars of the whole market on one session.

use sigma_core::model::CloseBasis;
use sigma_providers::FaultKind;

use super::{always, day, list, raw, reply, serve};

#[tokio::test]
async fn the_date_is_the_one_asked_for_and_symbols_are_canonical() {
    let (server, polygon) = always(raw("grouped_daily.json"));
    // The stamps are of 2025-11-03: they are not what decides.
    let session = polygon.session_bars(day("2025-11-04")).await.unwrap();
    assert_eq!(session.bars.keys().collect::<Vec<_>>(), ["ACME", "BRK.B", "KIM.PL"]);
    assert!(session.bars.values().all(|bar| bar.date == day("2025-11-04")));
    assert_eq!(session.bars["KIM.PL"].close, 25.91);
    assert!(session.problems.is_empty());
    let target = "/v2/aggs/grouped/locale/us/market/stocks/2025-11-04?adjusted=false&include_otc=false";
    assert_eq!(server.log()[0].request.target, target);
}

#[tokio::test]
async fn a_holiday_is_empty() {
    let (_server, polygon) = always(raw("grouped_daily_holiday.json"));
    assert!(polygon.session_bars(day("2025-11-27")).await.unwrap().bars.is_empty());
}

#[tokio::test]
async fn adjusted_prices_are_turned_back_with_the_splits_since() {
    let splits = list(
        r#"{"ticker":"ACME","execution_date":"2025-11-04","split_from":1,"split_to":2},
           {"ticker":"KIMpL","execution_date":"2025-11-04","split_to":2}"#,
    );
    let (server, polygon) = serve(move |request| match request.path.contains("splits") {
        true => splits.clone(),
        false => reply("grouped_daily.json"),
    });
    let session = polygon.session_bars(day("2025-11-03")).await.unwrap();
    // Who has an unclear split is asked for alone.
    assert_eq!(session.bars.keys().collect::<Vec<_>>(), ["ACME", "BRK.B"]);
    assert_eq!((session.bars["ACME"].close, session.bars["BRK.B"].close), (209.5, 482.5));
    assert!(session.bars.values().all(|bar| bar.basis == CloseBasis::Rebuilt));
    assert_eq!(session.problems, ["KIM.PL: 2025-11-04: a split without its two numbers"]);
    assert_eq!(server.count(), 2);
    let (_server, polygon) = always(reply("grouped_daily.json"));
    assert_eq!(polygon.session_bars(day("2025-11-03")).await.unwrap_err().kind, FaultKind::Malformed);
}

#[tokio::test]
async fn shares_when_issued_do_not_pass_for_another_symbol() {
    let rows = ["GEVw", "GEVW", "GEVW", "", "I:SPX"];
    let rows = rows.map(|symbol| format!(r#"{{"T":"{symbol}","o":1,"h":1,"l":1,"c":1,"v":2,"t":0}}"#));
    let two = |c: f64| format!(r#"{{"T":"TWO","o":1,"h":2,"l":1,"c":{c},"t":0}}"#);
    let rows = format!(r#"{},{{"T":"NUL","c":null}},{},{}"#, rows.join(","), two(1.5), two(1.6));
    let (_server, polygon) = always(list(&rows));
    let session = polygon.session_bars(day("2025-11-03")).await.unwrap();
    assert_eq!(session.bars.keys().collect::<Vec<_>>(), ["GEVW"]);
    assert_eq!(
        session.problems,
        [
            "row 4: no symbol `T`",
            "NUL on 2025-11-03: no number for open, high, low, close",
            "TWO: several rows on 2025-11-03 that differ",
        ]
    );
}
