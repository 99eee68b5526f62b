//! `/api/v3`, for keys made before September 2025.

use sigma_core::model::{CloseBasis, Dividend, RatePoint, Split};
use sigma_providers::FaultKind;
use sigma_providers::fmp::bars::{Shape, parse};
use sigma_testkit::fake::Reply;

use crate::support::*;

const PRICES: &str = "/api/v3/historical-price-full/ACME";
const SPLITS: &str = "/api/v3/historical-price-full/stock_split/ACME";
const DIVIDENDS: &str = "/api/v3/historical-price-full/stock_dividend/ACME";

fn prices() -> Reply {
    payloads().reply("fmp/legacy_historical_price_full.json")
}

#[tokio::test]
async fn closes_are_made_raw_and_adjusted_ones_are_kept() {
    let splits =
        r#"{"symbol": "ACME", "historical": [{"date": "2025-11-03", "numerator": 2, "denominator": 1}]}"#;
    let server = serve(&[(PRICES, prices()), (SPLITS, Reply::json(200, splits))]);
    let series = legacy_client(&server).bars(&acme()).await.unwrap();
    let rows: Vec<_> = series.bars.iter().map(|bar| (bar.close, bar.adj_close.unwrap())).collect();
    let expected = [(101.65, 101.4162), (104.75, 104.5091), (207.1, 103.3118), (205.8, 102.6633)];
    assert_eq!(rows, expected);
    assert!(series.bars.iter().all(|bar| bar.basis == CloseBasis::Rebuilt));
    assert_eq!(series.splits, Some(vec![Split { date: day("2025-11-03"), from: 1.0, to: 2.0 }]));
    assert_eq!(paths(&server), [PRICES, SPLITS]);
}

#[tokio::test]
async fn an_empty_object_is_no_data() {
    let server = serve(&[(PRICES, payloads().reply("fmp/legacy_empty.json"))]);
    assert_eq!(legacy_client(&server).bars(&acme()).await.unwrap_err().kind, FaultKind::NoData);
    let other = Reply::json(200, r#"{"symbol": "ACME", "rows": []}"#);
    let server = serve(&[(PRICES, other)]);
    assert_eq!(legacy_client(&server).bars(&acme()).await.unwrap_err().kind, FaultKind::Malformed);
}

#[test]
fn one_symbol_out_of_several() {
    let given = answer("fmp/legacy_historical_price_full_multi.json");
    for (symbol, close) in [("ACME", 101.65), ("BRK-B", 482.5)] {
        let rows = parse(&given, Shape::Legacy, symbol).unwrap();
        assert_eq!(rows.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [close]);
    }
    assert!(parse(&given, Shape::Legacy, "GONE").unwrap().bars.is_empty());
}

#[tokio::test]
async fn refused_splits_leave_no_prices() {
    let server =
        serve(&[(PRICES, prices()), (SPLITS, payloads().reply("fmp/errors/403_legacy_endpoint.json"))]);
    let fault = legacy_client(&server).bars(&acme()).await.unwrap_err();
    assert_eq!((fault.kind, fault.status), (FaultKind::PlanEndpoint, Some(403)));
    assert_eq!(paths(&server), [PRICES, SPLITS]);
}

#[tokio::test]
async fn actions_profiles_quotes_and_yields() {
    let dividends = r#"{"symbol": "ACME", "historical": [{"date": "2025-08-11", "adjDividend": 0.24, "dividend": 0.24}]}"#;
    let profile = r#"[{"symbol": "ACME", "mktCap": 5e10, "lastDiv": 1.0, "price": 100, "exchange": "NASDAQ Global Select",
        "exchangeShortName": "NASDAQ", "isEtf": false, "isFund": false}]"#;
    let server = serve(&[
        (SPLITS, Reply::json(200, "{}")),
        (DIVIDENDS, Reply::json(200, dividends)),
        ("/api/v3/profile/ACME", Reply::json(200, profile)),
        ("/api/v3/quote/ACME,BRK-B", payloads().reply("fmp/legacy_quote.json")),
        ("/api/v4/treasury", payloads().reply("fmp/treasury_rates.json")),
    ]);
    let fmp = legacy_client(&server);
    let (from, to) = (day("2025-01-02"), day("2025-11-04"));
    let actions = fmp.actions("ACME", from, to).await.unwrap();
    assert_eq!(actions.dividends, [Dividend { ex_date: day("2025-08-11"), amount: 0.24 }]);
    let security = fmp.profile("ACME").await.unwrap();
    assert_eq!((security.exchange.as_deref(), security.market_cap), (Some("NASDAQ"), Some(5e10)));
    let session = fmp.session_bars(&["ACME", "BRK.B"].map(str::to_owned), to).await.unwrap();
    assert_eq!(session.bars["ACME"].close, 101.65);
    let points = fmp.yields("DGS3MO", to, to).await.unwrap();
    assert_eq!(points, [RatePoint { date: to, percent: 3.91 }]);
}
