//! Profiles and Treasury yields.

use sigma_core::model::{InstrumentKind, RatePoint};
use sigma_providers::fmp::reference::{parse_profile, parse_yields};
use sigma_providers::{FaultKind, Security};
use sigma_testkit::fake::Reply;

use crate::support::*;

const TREASURY: &str = "/stable/treasury-rates";

#[tokio::test]
async fn a_company() {
    let server = serve(&[("/stable/profile", payloads().reply("fmp/stable_profile.json"))]);
    let text = |text: &str| Some(text.to_owned());
    let expected = Security {
        name: text("Acme Industries Inc."),
        kind: Some(InstrumentKind::Stock),
        sector: text("Technology"),
        industry: text("Consumer Electronics"),
        exchange: text("NASDAQ"),
        country: text("US"),
        currency: text("USD"),
        market_cap: Some(50_926_650_000.0),
        dividend_yield: Some((1.0f64 + 0.96 / 101.65).ln()),
        ..Security::of_symbol("ACME")
    };
    let mut read = client(&server).profile("ACME").await.unwrap();
    // The last digits of a logarithm may differ.
    let (told, known) = (read.dividend_yield.unwrap(), expected.dividend_yield.unwrap());
    assert!((told - known).abs() < 1e-15, "{told} {known}");
    read.dividend_yield = expected.dividend_yield;
    assert_eq!(read, expected);
}

/// Of a fund, sector and industry describe who manages it.
#[test]
fn a_fund() {
    let fund = parse_profile(&answer("fmp/stable_profile_fund_nulls.json"), "VFUND").unwrap();
    assert_eq!(fund.kind, Some(InstrumentKind::MutualFund));
    assert_eq!((fund.sector, fund.industry, fund.market_cap), (None, None, None));
    assert_eq!(fund.name.as_deref(), Some("Acme 500 Index Fund Admiral Shares"));
    assert!((fund.dividend_yield.unwrap() - (7.9f64 / 612.33).ln_1p()).abs() < 1e-15);
}

#[test]
fn kinds_and_blanks() {
    let profile = |symbol: &str, body: &str| parse_profile(&json(body), symbol);
    let etf = profile(
        "SPY",
        r#"[{"symbol": "SPY", "isEtf": true, "isFund": true, "sector": "Financial Services"}]"#,
    );
    let etf = etf.unwrap();
    assert_eq!((etf.kind, etf.sector), (Some(InstrumentKind::Etf), None));
    let adr =
        profile("TSM", r#"[{"symbol": "TSM", "isEtf": false, "isFund": false, "isAdr": true}]"#).unwrap();
    assert_eq!(adr.kind, Some(InstrumentKind::Stock));
    let index = profile("VIX", r#"[{"symbol": "^VIX", "isEtf": false}]"#).unwrap();
    assert_eq!((index.kind, index.symbol.as_str()), (Some(InstrumentKind::Index), "VIX"));
    let class = profile("BRK.B", r#"[{"symbol": "BRK-B", "companyName": "B"}]"#).unwrap();
    assert_eq!((class.symbol.as_str(), class.name.as_deref()), ("BRK.B", Some("B")));
    let blank = r#"[{"symbol": "ACME", "companyName": " ", "sector": "", "industry": null, "marketCap": 0, "price": 0, "lastDividend": 1}]"#;
    assert_eq!(profile("ACME", blank).unwrap(), Security::of_symbol("ACME"));
    for body in ["[]", r#"[{"symbol": "OTHER", "companyName": "Other"}]"#] {
        assert_eq!(profile("ACME", body).unwrap_err().kind, FaultKind::NotFound);
    }
}

#[tokio::test]
async fn recorded_yields_are_fetched_once_for_all_series() {
    let server = serve(&[(TREASURY, payloads().reply("fmp/treasury_rates.json"))]);
    let fmp = client(&server);
    let (from, to) = (day("2025-11-03"), day("2025-11-04"));
    for (series, monday, tuesday) in [
        ("DGS1MO", 4.05, 4.02),
        ("DGS2MO", 4.0, 3.98),
        ("DGS3MO", 3.94, 3.91),
        ("DGS6MO", 3.82, 3.8),
        ("DGS1", 3.7, 3.68),
        ("DGS2", 3.6, 3.57),
        ("DGS3", 3.6, 3.58),
        ("DGS5", 3.72, 3.69),
        ("DGS7", 3.92, 3.89),
        ("DGS10", 4.13, 4.1),
        ("DGS20", 4.67, 4.65),
        ("DGS30", 4.69, 4.67),
    ] {
        let expected = [RatePoint { date: from, percent: monday }, RatePoint { date: to, percent: tuesday }];
        assert_eq!(fmp.yields(series, from, to).await.unwrap(), expected, "{series}");
    }
    assert_eq!(server.count(), 1);
    assert_eq!(fmp.yields("DGS10", to, to).await.unwrap().len(), 1);
    assert_eq!(fmp.yields("SOFR", from, to).await.unwrap_err().kind, FaultKind::NotFound);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn years_are_fetched_by_three_months() {
    let server = serve(&[]);
    let (from, to) = (day("2024-02-29"), day("2025-01-02"));
    let fault = client(&server).yields("DGS10", from, to).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NoData);
    let log = server.log();
    let asked: Vec<[&str; 2]> =
        log.iter().map(|logged| ["from", "to"].map(|name| logged.request.query(name).unwrap())).collect();
    let expected = [
        ["2024-01-01", "2024-03-31"],
        ["2024-04-01", "2024-06-30"],
        ["2024-07-01", "2024-09-30"],
        ["2024-10-01", "2024-12-31"],
        ["2025-01-01", "2025-03-31"],
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn days_without_a_yield_are_left_out() {
    let body = r#"[{"date": "2025-11-04", "year10": null}, {"date": "2025-11-03", "year10": 4.13},
        {"date": "2025-11-03", "year10": 4.13}]"#;
    let server = serve(&[(TREASURY, Reply::json(200, body))]);
    let points = client(&server).yields("DGS10", day("2025-11-03"), day("2025-11-04")).await.unwrap();
    assert_eq!(points, [RatePoint { date: day("2025-11-03"), percent: 4.13 }]);
    let contested = r#"[{"date": "2025-11-03", "year10": 4.13}, {"date": "2025-11-03", "year10": 4.31}]"#;
    assert_eq!(parse_yields(&json(contested)).unwrap_err().kind, FaultKind::Malformed);
    assert_eq!(parse_yields(&json(r#"[{"year10": 4.1}]"#)).unwrap_err().kind, FaultKind::Malformed);
}
