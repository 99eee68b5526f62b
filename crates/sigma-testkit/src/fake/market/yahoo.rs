//! Bodies of Yahoo's chart service: parallel arrays, single-precision noise.

use serde_json::{Map, Value, json};

use super::{Kind, Listing, Row, Window, stamp};

/// `/v8/finance/chart/{SYM}` with daily bars, stamped 09:30 in New York. A window without sessions has no
/// `timestamp` key.
pub fn chart(listing: &Listing, window: Window, with_events: bool) -> String {
    let rows = listing.rows(window);
    let column = |value: &dyn Fn(&Row) -> f64| -> Vec<f64> {
        // The service computes in single precision: 102.9 is sent as 102.9000015258789.
        rows.iter().map(|row| f64::from(value(row) as f32)).collect()
    };
    let mut result = Map::new();
    result.insert("meta".to_owned(), meta(listing, window));
    let mut indicators = json!({ "quote": [{}], "adjclose": [{}] });
    if !rows.is_empty() {
        let stamps: Vec<i64> = rows.iter().map(|row| stamp::new_york(row.bar.date, 9, 30)).collect();
        result.insert("timestamp".to_owned(), json!(stamps));
        let volumes: Vec<i64> = rows.iter().map(|row| (row.bar.volume / row.split).round() as i64).collect();
        indicators = json!({
            "quote": [{
                "open": column(&|row| row.bar.open * row.split),
                "high": column(&|row| row.bar.high * row.split),
                "low": column(&|row| row.bar.low * row.split),
                "close": column(&|row| row.bar.close * row.split),
                "volume": volumes,
            }],
            "adjclose": [{ "adjclose": column(&|row| row.bar.close * row.split_and_dividend) }],
        });
    }
    if let Some(events) = events(listing, window).filter(|_| with_events) {
        result.insert("events".to_owned(), events);
    }
    result.insert("indicators".to_owned(), indicators);
    json!({ "chart": { "result": [result], "error": null } }).to_string()
}

fn meta(listing: &Listing, window: Window) -> Value {
    let last = listing.last(window.today);
    let at = |date| stamp::new_york(date, 16, 0);
    json!({
        "currency": "USD",
        "symbol": listing.dashed(),
        "exchangeName": "NMS",
        "fullExchangeName": "NasdaqGS",
        "instrumentType": match listing.profile.kind {
            Kind::Stock => "EQUITY",
            Kind::Etf => "ETF",
            Kind::Fund => "MUTUALFUND",
        },
        "firstTradeDate": listing.bars.first().map(|bar| stamp::new_york(bar.date, 9, 30)),
        "regularMarketTime": last.map(|bar| at(bar.date)),
        "hasPrePostMarketData": true,
        "gmtoffset": last.map(|bar| -3600 * stamp::offset_hours(bar.date, 16)),
        "exchangeTimezoneName": "America/New_York",
        "regularMarketPrice": last.map(|bar| bar.close),
        "longName": listing.profile.name,
        "shortName": listing.profile.name,
        "priceHint": 2,
        "dataGranularity": "1d",
        "range": "",
    })
}

/// Splits, and dividends in today's shares, keyed by the stamp of their date.
fn events(listing: &Listing, window: Window) -> Option<Value> {
    let inside = |date| window.from <= date && date <= window.to.min(window.today);
    let mut dividends = Map::new();
    for dividend in listing.dividends.iter().filter(|dividend| inside(dividend.date)) {
        let at = stamp::new_york(dividend.date, 9, 30);
        let amount = dividend.amount * listing.split_factor(dividend.date, window.today);
        dividends.insert(at.to_string(), json!({ "amount": amount, "date": at }));
    }
    let mut splits = Map::new();
    for split in listing.splits.iter().filter(|split| inside(split.date)) {
        let at = stamp::new_york(split.date, 9, 30);
        let ratio = format!("{}:{}", split.to, split.from);
        let body =
            json!({ "date": at, "numerator": split.to, "denominator": split.from, "splitRatio": ratio });
        splits.insert(at.to_string(), body);
    }
    let mut events = Map::new();
    for (name, values) in [("dividends", dividends), ("splits", splits)] {
        if !values.is_empty() {
            events.insert(name.to_owned(), Value::Object(values));
        }
    }
    (!events.is_empty()).then_some(Value::Object(events))
}
