//! Bars of the whole market on one session.

use sigma_providers::FaultKind;

use super::{always, day, list, raw, reply};

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
async fn adjusted_prices_are_refused() {
    let (_server, polygon) = always(reply("grouped_daily.json"));
    let fault = polygon.session_bars(day("2025-11-03")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
}

#[tokio::test]
async fn shares_when_issued_do_not_pass_for_another_symbol() {
    let rows = ["GEVw", "GEVW", "GEVW", "", "I:SPX"];
    let rows = rows.map(|symbol| format!(r#"{{"T":"{symbol}","o":1,"h":1,"l":1,"c":1,"v":2,"t":0}}"#));
    let (_server, polygon) = always(list(&format!(r#"{},{{"T":"NUL","c":null}}"#, rows.join(","))));
    let session = polygon.session_bars(day("2025-11-03")).await.unwrap();
    assert_eq!(session.bars.keys().collect::<Vec<_>>(), ["GEVW"]);
    assert_eq!(
        session.problems,
        [
            "GEVW: a second row on 2025-11-03",
            "row 4: no symbol `T`",
            "NUL on 2025-11-03: no number for open, high, low, close",
        ]
    );
}
