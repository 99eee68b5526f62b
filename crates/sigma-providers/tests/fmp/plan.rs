//! What a plan leaves out, and what takes its place.

use sigma_core::model::CloseBasis;
use sigma_providers::FaultKind;
use sigma_testkit::fake::Reply;

use crate::support::*;

const FULL: &str = "/stable/historical-price-eod/full";
const LIGHT: &str = "/stable/historical-price-eod/light";
const RAW: &str = "/stable/historical-price-eod/non-split-adjusted";
const ADJUSTED: &str = "/stable/historical-price-eod/dividend-adjusted";
const SPLITS: &str = "/stable/splits";
const DIVIDENDS: &str = "/stable/dividends";

fn refused() -> Reply {
    payloads().reply("fmp/errors/402_restricted_endpoint.txt")
}

fn recorded(file: &str) -> Reply {
    payloads().reply(&format!("fmp/{file}.json"))
}

#[tokio::test]
async fn closes_alone_where_whole_bars_are_refused() {
    let light = recorded("stable_historical_price_eod_light");
    let splits = Reply::json(200, r#"[{"date": "2025-11-03", "numerator": 1, "denominator": 2}]"#);
    let server = serve(&[(FULL, refused()), (LIGHT, light), (SPLITS, splits)]);
    let fmp = client(&server);
    let series = fmp.bars(&acme()).await.unwrap();
    assert_eq!(series.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [101.65, 104.75, 51.775, 51.45]);
    assert_eq!((series.bars[0].open, series.bars[0].volume), (None, Some(6_102_341.0)));
    assert_eq!(series.bars[0].basis, CloseBasis::Rebuilt);
    // The refusal is remembered, and so are the splits.
    fmp.bars(&acme()).await.unwrap();
    assert_eq!(paths(&server), [FULL, LIGHT, SPLITS, LIGHT]);
}

#[tokio::test]
async fn prices_as_traded_where_splits_are_refused() {
    let raw = r#"[{"date": "2025-11-04", "adjOpen": 1.5, "adjHigh": 2.5, "adjLow": 1.0, "adjClose": 2.0, "volume": 9}]"#;
    let full = recorded("stable_historical_price_eod_full");
    let server = serve(&[(FULL, full), (SPLITS, refused()), (RAW, Reply::json(200, raw))]);
    let fmp = client(&server);
    let series = fmp.bars(&acme()).await.unwrap();
    let bar = &series.bars[0];
    assert_eq!((bar.open, bar.high, bar.low, bar.close), (Some(1.5), Some(2.5), Some(1.0), 2.0));
    assert_eq!((bar.basis, bar.adj_close, series.splits), (CloseBasis::AsTraded, None, None));
    fmp.bars(&acme()).await.unwrap();
    assert_eq!(paths(&server), [FULL, SPLITS, RAW, RAW]);
    // Without splits it is not known what a dividend without an amount was, nor that there were no splits.
    let fault = fmp.actions("ACME", day("2025-01-02"), day("2025-11-04")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::PlanEndpoint);
}

#[tokio::test]
async fn prices_that_cannot_be_made_raw_are_not_given() {
    let full = recorded("stable_historical_price_eod_full");
    let exclusive = payloads().reply("fmp/errors/402_exclusive_endpoint.json");
    let server = serve(&[(FULL, full), (SPLITS, exclusive), (RAW, refused())]);
    let fault = client(&server).bars(&acme()).await.unwrap_err();
    assert_eq!((fault.kind, fault.status), (FaultKind::PlanEndpoint, Some(402)));
    assert!(fault.detail.starts_with("Exclusive Endpoint"), "{fault}");
}

#[tokio::test]
async fn a_refused_symbol_is_no_refused_endpoint() {
    let server = serve(&[(FULL, payloads().reply("fmp/errors/402_premium_symbol.txt"))]);
    let fmp = client(&server);
    for _ in 0..2 {
        assert_eq!(fmp.bars(&acme()).await.unwrap_err().kind, FaultKind::PlanSymbol);
    }
    assert_eq!(paths(&server), [FULL, FULL]);
}

#[tokio::test]
async fn adjusted_closes_come_once_dividends_are_refused() {
    let server = serve(&[
        (FULL, recorded("stable_historical_price_eod_full")),
        (ADJUSTED, recorded("stable_historical_price_eod_dividend_adjusted")),
        (DIVIDENDS, refused()),
    ]);
    let fmp = client(&server);
    assert!(fmp.bars(&acme()).await.unwrap().bars.iter().all(|bar| bar.adj_close.is_none()));
    let fault = fmp.actions("ACME", day("2025-01-02"), day("2025-11-04")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::PlanEndpoint);
    let bars = fmp.bars(&acme()).await.unwrap().bars;
    let adjusted: Vec<_> = bars.iter().map(|bar| bar.adj_close.unwrap()).collect();
    assert_eq!(adjusted, [101.42, 104.51, 103.31, 102.66]);
    // The close itself stays as traded.
    assert_eq!(bars[0].close, 101.65);
}

#[tokio::test]
async fn bars_without_either_say_so() {
    let full = recorded("stable_historical_price_eod_full");
    let server = serve(&[(FULL, full), (ADJUSTED, refused()), (DIVIDENDS, refused())]);
    let fmp = client(&server);
    fmp.actions("ACME", day("2025-01-02"), day("2025-11-04")).await.unwrap_err();
    let series = fmp.bars(&acme()).await.unwrap();
    assert!(series.bars.iter().all(|bar| bar.adj_close.is_none()));
    assert!(series.problems[0].starts_with("neither dividends nor adjusted closes"));
}

#[tokio::test]
async fn four_requests_show_what_a_key_can_do() {
    let server = serve(&[
        (LIGHT, Reply::json(200, r#"[{"symbol": "AAPL", "date": "2025-11-04", "price": 270.0}]"#)),
        (SPLITS, refused()),
        ("/stable/profile", Reply::json(200, r#"[{"symbol": "AAPL", "companyName": "Apple"}]"#)),
        ("/stable/treasury-rates", recorded("treasury_rates")),
    ]);
    let abilities = client(&server).probe().await;
    let told: Vec<_> = abilities
        .into_iter()
        .map(|ability| (ability.name, ability.outcome.map_err(|fault| fault.kind)))
        .collect();
    let expected = [
        ("daily prices", Ok("1 bars of AAPL to 2025-11-04".to_owned())),
        ("splits", Err(FaultKind::PlanEndpoint)),
        ("profiles", Ok("AAPL: Apple".to_owned())),
        ("Treasury yields", Ok("to 2025-11-04".to_owned())),
    ];
    assert_eq!(told, expected);
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn a_refused_key_is_tried_once() {
    let server = serve(&[(LIGHT, payloads().reply("fmp/errors/401_invalid_key.json"))]);
    let abilities = client(&server).probe().await;
    assert_eq!(abilities.len(), 1);
    assert_eq!(abilities[0].outcome.as_ref().unwrap_err().kind, FaultKind::Auth);
    assert_eq!(server.count(), 1);
}
