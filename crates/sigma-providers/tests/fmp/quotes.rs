//! Quotes, and when one may stand for a close.

use sigma_core::model::CloseBasis;
use sigma_providers::FaultKind;
use sigma_providers::fmp::quote::{Quote, SOURCE, parse};
use sigma_testkit::fake::Reply;

use crate::support::*;

const PATH: &str = "/stable/batch-quote";

#[tokio::test]
async fn a_quote_after_the_bell_is_a_provisional_bar() {
    let server = serve(&[(PATH, payloads().reply("fmp/stable_batch_quote.json"))]);
    let symbols = ["ACME", "VFUND", "GONE"].map(str::to_owned);
    let session = client(&server).session_bars(&symbols, day("2025-11-04")).await.unwrap();
    // A fund has neither open, high nor low, and its value of the day comes later.
    assert_eq!(session.bars.keys().collect::<Vec<_>>(), ["ACME"]);
    let bar = &session.bars["ACME"];
    assert_eq!((bar.open, bar.high, bar.low), (Some(104.5), Some(104.9), Some(101.2)));
    assert_eq!((bar.close, bar.volume, bar.date), (101.65, Some(6_102_341.0), day("2025-11-04")));
    assert_eq!((bar.source.as_str(), bar.basis), (SOURCE, CloseBasis::AsTraded));
    assert_eq!(server.log()[0].request.query("symbols"), Some("ACME,VFUND,GONE"));
    // Of another session it tells nothing.
    let before = client(&server).session_bars(&symbols, day("2025-11-03")).await.unwrap();
    assert!(before.bars.is_empty() && before.problems.is_empty());
}

#[test]
fn the_time_of_a_quote_decides() {
    let quote = |timestamp: Option<f64>| Quote {
        price: Some(10.0),
        open: Some(10.0),
        day_high: Some(10.0),
        day_low: Some(10.0),
        timestamp,
        ..Quote::default()
    };
    let is_bar = |timestamp: f64, session: &str, close: &str| {
        quote(Some(timestamp)).bar(day(session), close.parse().unwrap()).is_some()
    };
    // 16:00:01, 16:00:00 and 15:59:59 of 2025-11-04 in New York, then 19:30, when it is the next day in Greenwich.
    assert!(is_bar(1_762_290_001.0, "2025-11-04", "16:00:00"));
    assert!(is_bar(1_762_290_000.0, "2025-11-04", "16:00:00"));
    assert!(!is_bar(1_762_289_999.0, "2025-11-04", "16:00:00"));
    assert!(is_bar(1_762_302_600.0, "2025-11-04", "16:00:00"));
    assert!(!is_bar(1_762_302_600.0, "2025-11-05", "16:00:00"));
    // Summer time: 16:00 of 2025-10-31 is 20:00 in Greenwich.
    assert!(is_bar(1_761_940_800.0, "2025-10-31", "16:00:00"));
    assert!(!is_bar(1_761_940_799.0, "2025-10-31", "16:00:00"));
    assert_eq!(quote(None).bar(day("2025-11-04"), "16:00:00".parse().unwrap()), None);
}

#[tokio::test]
async fn a_half_day_ends_at_one() {
    // 13:00:05 on the day after Thanksgiving.
    let row =
        r#"[{"symbol": "BRK-B", "price": 2, "open": 2, "dayHigh": 2, "dayLow": 2, "timestamp": 1764352805}]"#;
    let server = serve(&[(PATH, Reply::json(200, row))]);
    let symbols = ["BRK.B".to_owned()];
    let session = client(&server).session_bars(&symbols, day("2025-11-28")).await.unwrap();
    assert_eq!(session.bars["BRK.B"].close, 2.0);
    let holiday = client(&server).session_bars(&symbols, day("2025-11-27")).await.unwrap_err();
    assert_eq!(holiday.kind, FaultKind::BadRequest);
}

#[test]
fn a_short_quote_never_becomes_a_bar() {
    let quotes = parse(&answer("fmp/stable_batch_quote_short.json")).unwrap();
    assert_eq!((quotes[0].price, quotes[0].timestamp), (Some(101.65), None));
    assert_eq!(quotes[0].bar(day("2025-11-04"), "16:00:00".parse().unwrap()), None);
    for file in ["fmp/stable_quote.json", "fmp/legacy_quote.json"] {
        let quotes = parse(&answer(file)).unwrap();
        assert!(quotes[0].bar(day("2025-11-04"), "16:00:00".parse().unwrap()).is_some(), "{file}");
    }
}

#[tokio::test]
async fn many_symbols_are_asked_by_twenty_five() {
    let server = serve(&[]);
    let symbols: Vec<String> = (0..60).map(|n| format!("S{n}")).collect();
    let session = client(&server).session_bars(&symbols, day("2025-11-04")).await.unwrap();
    assert!(session.bars.is_empty());
    let sizes: Vec<usize> = server
        .log()
        .iter()
        .map(|logged| logged.request.query("symbols").unwrap().split(',').count())
        .collect();
    assert_eq!(sizes, [25, 25, 10]);
}
