//! Every provider's view of one market.

use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::calendar::Calendar;

use super::{Exchange, Provider};
use crate::fake::Request;
use crate::fake::market::{Kind, Listing, Split, series};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A 4:1 split on 2025-06-09, a dividend of 1.00 on 2025-06-11; 2025-06-19 is a holiday.
fn exchange() -> Exchange {
    let closes = [
        ("2025-06-05", 398.0),
        ("2025-06-06", 402.0),
        ("2025-06-09", 100.9),
        ("2025-06-10", 100.0),
        ("2025-06-11", 99.5),
    ];
    let closes = closes.map(|(date, close)| (day(date), close));
    let split =
        Listing::new("SPLT", &closes).split(day("2025-06-09"), 1.0, 4.0).dividend(day("2025-06-11"), 1.0);
    let fund = Listing::new("VFUND", &closes).profile(|profile| profile.kind = Kind::Fund);
    let rates =
        vec![(day("2025-06-18"), Some(4.2)), (day("2025-06-19"), None), (day("2025-06-20"), Some(4.25))];
    Exchange::new().list(split).list(Listing::new("BRK.B", &closes)).list(fund).rates("DGS3MO", rates)
}

fn get(exchange: &Exchange, target: &str) -> (u16, Value) {
    let reply = exchange.reply(&Request::get(target));
    let text = String::from_utf8_lossy(reply.body()).into_owned();
    (reply.status(), serde_json::from_slice(reply.body()).unwrap_or(Value::String(text)))
}

fn column(rows: &Value, field: &str) -> Vec<f64> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_f64().unwrap()).collect()
}

#[test]
fn polygon_prices_raw_and_adjusted() {
    let exchange = exchange();
    let path = "/v2/aggs/ticker/SPLT/range/1/day/2025-06-06/2025-06-10?adjusted";
    let (_, raw) = get(&exchange, &format!("{path}=false"));
    assert_eq!(column(&raw["results"], "c"), [402.0, 100.9, 100.0]);
    // 2025-06-06 and 2025-06-09 at 04:00Z.
    assert_eq!(column(&raw["results"], "t")[..2], [1_749_182_400_000.0, 1_749_441_600_000.0]);
    let (_, adjusted) = get(&exchange, &format!("{path}=true&limit=2"));
    assert_eq!(column(&adjusted["results"], "c"), [100.5, 100.9]);
    assert!(adjusted["next_url"].as_str().unwrap().ends_with("limit=2&cursor=2"));
    let (status, unknown) = get(&exchange, "/v2/aggs/ticker/NOSUCH/range/1/day/2025-06-06/2025-06-10");
    assert_eq!((status, unknown.get("results"), &unknown["resultsCount"]), (200, None, &0.into()));
    let (_, grouped) = get(&exchange, "/v2/aggs/grouped/locale/us/market/stocks/2025-06-06?adjusted=false");
    assert_eq!(grouped["results"][0]["T"], "BRK.B");
    assert_eq!(
        (&grouped["resultsCount"], &grouped["results"][1]["t"]),
        (&2.into(), &1_749_240_000_000_i64.into())
    );
    assert_eq!(get(&exchange, "/v3/reference/tickers/VFUND").0, 404);
    let (_, splits) = get(&exchange, "/stocks/v1/splits?ticker=SPLT&execution_date.gte=2025-01-01");
    assert_eq!(splits["results"][0]["historical_adjustment_factor"], 0.25);
}

#[test]
fn other_providers_follow_their_conventions() {
    let exchange = exchange();
    let total = 0.25 * 0.99; // the split, and one dollar on a close of 100
    let (_, full) =
        get(&exchange, "/stable/historical-price-eod/full?symbol=SPLT&from=2025-06-06&to=2025-06-09");
    assert_eq!(column(&full, "close"), [100.9, 100.5]);
    let (_, tiingo) = get(&exchange, "/tiingo/daily/splt/prices?startDate=2025-06-06&endDate=2025-06-11");
    assert_eq!(column(&tiingo, "close"), [402.0, 100.9, 100.0, 99.5]);
    assert_eq!(column(&tiingo, "splitFactor"), [1.0, 4.0, 1.0, 1.0]);
    assert_eq!(column(&tiingo, "divCash"), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(tiingo[0]["adjClose"], 402.0 * total);
    // 2025-06-06 00:00 and 2025-06-10 09:30 in New York; the end is exclusive.
    let chart = "/v8/finance/chart/SPLT?period1=1749182400&period2=1749562200&events=div,splits";
    let (_, chart) = get(&exchange, chart);
    let result = &chart["chart"]["result"][0];
    assert_eq!(result["timestamp"], serde_json::json!([1_749_216_600, 1_749_475_800]));
    assert_eq!(result["indicators"]["quote"][0]["close"][0], 100.5);
    assert_eq!(result["events"]["splits"]["1749475800"]["splitRatio"], "4:1");
    assert_eq!(get(&exchange, "/v8/finance/chart/BRK.B").0, 404);
    assert_eq!(get(&exchange, "/v8/finance/chart/BRK-B").0, 200);
    assert_eq!(get(&exchange, "/stable/splits?symbol=NOSUCH").1, serde_json::json!([]));
    assert_eq!(get(&exchange, "/tiingo/daily/nosuch/prices").0, 404);
}

#[test]
fn what_lies_after_today_has_not_happened() {
    let exchange = exchange();
    exchange.set_today(day("2025-06-06"));
    let (_, full) = get(&exchange, "/stable/historical-price-eod/full?symbol=SPLT");
    assert_eq!(column(&full, "close"), [402.0, 398.0]);
    assert_eq!(get(&exchange, "/stable/splits?symbol=SPLT").1, serde_json::json!([]));
    exchange.set_today(day("2025-06-09"));
    let (_, full) = get(&exchange, "/stable/historical-price-eod/full?symbol=SPLT");
    assert_eq!(column(&full, "close"), [100.9, 100.5, 99.5]);
}

#[test]
fn rates_and_keys() {
    let exchange = exchange().require_key(Provider::Fred, "abc").require_key(Provider::Polygon, "xyz");
    let path = "/fred/series/observations?series_id=DGS3MO&file_type=json&api_key=";
    assert_eq!(get(&exchange, path).0, 400);
    let (_, body) = get(&exchange, &format!("{path}abc&observation_start=2025-06-19"));
    assert_eq!(
        (&body["observations"][0]["value"], &body["observations"][1]["value"]),
        (&".".into(), &"4.25".into())
    );
    let (_, csv) = get(&exchange, "/graph/fredgraph.csv?id=DGS3MO&coed=2025-06-19");
    assert_eq!(csv, "observation_date,DGS3MO\n2025-06-18,4.20\n2025-06-19,.\n");
    let (_, treasury) = get(&exchange, "/stable/treasury-rates?from=2025-06-01&to=2025-06-30");
    assert_eq!(column(&treasury, "month3"), [4.25, 4.2]);
    assert_eq!(get(&exchange, "/v3/reference/tickers/SPLT").0, 401);
    assert_eq!(get(&exchange, "/v3/reference/tickers/SPLT?apiKey=xyz").0, 200);
    let (_, upcoming) = get(&exchange, "/v1/marketstatus/upcoming?apiKey=xyz");
    assert_eq!((&upcoming[0]["date"], &upcoming[0]["status"]), (&"2025-07-03".into(), &"early-close".into()));
    assert_eq!(upcoming[0]["close"], "2025-07-03T17:00:00.000Z");
}

#[test]
fn series_depend_on_the_symbol_only() {
    let sessions = Calendar::nyse().sessions_between(day("2024-01-02"), day("2025-12-31")).unwrap();
    let walk = series("ACME", &sessions);
    assert_eq!(walk[..100], series("ACME", &sessions[..100]));
    assert_ne!(walk[0].1, series("OTHER", &sessions)[0].1);
    assert!(walk.windows(2).all(|pair| (pair[1].1 / pair[0].1 - 1.0).abs() < 0.12));
    let split = Split { date: sessions[250], from: 1.0, to: 4.0 };
    let listing = Listing::generated("ACME", &sessions, &[split]);
    assert_eq!(listing.bars[249].close, walk[249].1);
    assert!((listing.bars[250].close * 4.0 - walk[250].1).abs() < 0.021);
}
