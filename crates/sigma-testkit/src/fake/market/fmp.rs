//! Bodies of Financial Modeling Prep (`/stable`): arrays, newest first, split-adjusted.

use std::fmt::Write;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::fred::Observation;
use super::{Bar, Kind, Listing, Row, Window, rounded, stamp};

/// Decimals of an adjusted price.
const DECIMALS: i32 = 4;

/// `historical-price-eod/full`: no adjusted close; `change` is close less open.
pub fn eod_full(listing: &Listing, window: Window) -> String {
    array(listing, window, |out, row| {
        let bar = row.bar;
        let price = |value: f64| rounded(value * row.split, DECIMALS);
        let (open, close) = (price(bar.open), price(bar.close));
        let change = rounded(close - open, DECIMALS);
        let volume = (bar.volume / row.split).round();
        let _ = write!(out, r#""open":{open},"high":{},"low":{}"#, price(bar.high), price(bar.low));
        let _ = write!(out, r#","close":{close},"volume":{volume},"change":{change}"#);
        let percent = rounded(100.0 * change / open, 5);
        let _ = write!(out, r#","changePercent":{percent},"vwap":{}"#, price(bar.vwap));
    })
}

/// `historical-price-eod/dividend-adjusted`: also adjusted for dividends, in cents.
pub fn eod_dividend_adjusted(listing: &Listing, window: Window) -> String {
    array(listing, window, |out, row| {
        let Bar { open, high, low, close, volume, .. } = *row.bar;
        let [open, high, low, close] =
            [open, high, low, close].map(|p| rounded(p * row.split_and_dividend, 2));
        let volume = (volume / row.split).round();
        let _ = write!(out, r#""adjOpen":{open},"adjHigh":{high},"adjLow":{low}"#);
        let _ = write!(out, r#","adjClose":{close},"volume":{volume}"#);
    })
}

fn array(listing: &Listing, window: Window, fields: impl Fn(&mut String, &Row)) -> String {
    let rows = listing.rows(window);
    let symbol = listing.dashed();
    let mut out = String::with_capacity(192 * rows.len() + 2);
    out.push('[');
    for (position, row) in rows.iter().rev().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        let _ = write!(out, r#"{comma}{{"symbol":"{symbol}","date":"{}","#, row.bar.date);
        fields(&mut out, row);
        out.push('}');
    }
    out.push(']');
    out
}

/// `splits`.
pub fn splits(listing: &Listing, today: NaiveDate) -> String {
    let row = |split: &super::Split| {
        json!({
            "symbol": listing.dashed(),
            "date": split.date,
            "numerator": split.to,
            "denominator": split.from,
            "splitType": "stock-split",
        })
    };
    newest_first(listing.splits_until(today).map(|split| (split.date, row(split))))
}

/// `dividends`: dates that are not known are empty texts.
pub fn dividends(listing: &Listing, today: NaiveDate) -> String {
    let row = |dividend: &super::Dividend| {
        let adjusted = dividend.amount * listing.split_factor(dividend.date, today);
        json!({
            "symbol": listing.dashed(),
            "date": dividend.date,
            "recordDate": dividend.date,
            "paymentDate": "",
            "declarationDate": "",
            "adjDividend": rounded(adjusted, 6),
            "dividend": dividend.amount,
            "yield": 0.93,
            "frequency": "Quarterly",
        })
    };
    newest_first(listing.dividends_until(today).map(|dividend| (dividend.date, row(dividend))))
}

fn newest_first(rows: impl Iterator<Item = (NaiveDate, Value)>) -> String {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(date, _)| std::cmp::Reverse(*date));
    Value::Array(rows.into_iter().map(|(_, row)| row).collect()).to_string()
}

/// `profile`: an array of one.
pub fn profile(listing: &Listing, today: NaiveDate) -> String {
    let profile = &listing.profile;
    let price = listing.last(today).map(|bar| bar.close);
    let unknown = |text: &Option<String>| text.clone().unwrap_or_default();
    json!([{
        "symbol": listing.dashed(),
        "price": price,
        "marketCap": price.zip(profile.shares_outstanding).map(|(price, shares)| (price * shares).round()),
        "beta": profile.beta,
        "lastDividend": listing.dividends_until(today).last().map_or(0.0, |dividend| dividend.amount),
        "range": "72.05-131.4",
        "volume": listing.last(today).map(|bar| bar.volume),
        "companyName": profile.name,
        "currency": "USD",
        "exchangeFullName": "NASDAQ Global Select",
        "exchange": "NASDAQ",
        "industry": unknown(&profile.industry),
        "sector": unknown(&profile.sector),
        "country": "US",
        "fullTimeEmployees": "1200",
        "ipoDate": listing.bars.first().map_or(String::new(), |bar| bar.date.to_string()),
        "isEtf": profile.kind == Kind::Etf,
        "isActivelyTrading": true,
        "isAdr": false,
        "isFund": profile.kind == Kind::Fund,
    }])
    .to_string()
}

/// `quote` and `batch-quote`: symbols without prices are missing.
pub fn quotes(listings: &[&Listing], today: NaiveDate) -> String {
    let quote = |listing: &&Listing| {
        let known = &listing.bars[..listing.bars.partition_point(|bar| bar.date <= today)];
        let last = known.last()?;
        let previous = known.len().checked_sub(2).map(|index| known[index].close);
        Some(json!({
            "symbol": listing.dashed(),
            "name": listing.profile.name,
            "price": last.close,
            "change": previous.map(|close| rounded(last.close - close, 2)),
            "volume": last.volume,
            "dayLow": last.low,
            "dayHigh": last.high,
            "marketCap": listing.profile.shares_outstanding.map(|shares| (last.close * shares).round()),
            "exchange": "NASDAQ",
            "open": last.open,
            "previousClose": previous,
            "timestamp": stamp::new_york(last.date, 16, 0) + 1,
        }))
    };
    Value::Array(listings.iter().filter_map(quote).collect()).to_string()
}

/// Columns of `treasury-rates` and the FRED series with the same maturity.
pub const TREASURY_COLUMNS: [(&str, &str); 12] = [
    ("month1", "DGS1MO"),
    ("month2", "DGS2MO"),
    ("month3", "DGS3MO"),
    ("month6", "DGS6MO"),
    ("year1", "DGS1"),
    ("year2", "DGS2"),
    ("year3", "DGS3"),
    ("year5", "DGS5"),
    ("year7", "DGS7"),
    ("year10", "DGS10"),
    ("year20", "DGS20"),
    ("year30", "DGS30"),
];

/// `treasury-rates`: only days with a rate; a maturity without one is null.
pub fn treasury_rates<'a>(
    series: impl Fn(&str) -> &'a [Observation],
    from: NaiveDate,
    to: NaiveDate,
) -> String {
    let mut rows = std::collections::BTreeMap::<NaiveDate, Value>::new();
    for (column, id) in TREASURY_COLUMNS {
        for &(date, value) in series(id).iter().filter(|(date, _)| from <= *date && *date <= to) {
            if let Some(value) = value {
                let row = rows.entry(date).or_insert_with(|| {
                    let empty = TREASURY_COLUMNS.map(|(name, _)| (name.to_owned(), Value::Null));
                    let date = [("date".to_owned(), json!(date))];
                    Value::Object(date.into_iter().chain(empty).collect())
                });
                row[column] = json!(value);
            }
        }
    }
    Value::Array(rows.into_values().rev().collect()).to_string()
}
