//! Bodies of Polygon.io: prices as traded or split-adjusted, never dividend-adjusted.

use std::fmt::Write;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{Dividend, Kind, Listing, Row, Split, Window, rounded, stamp};

pub const REQUEST_ID: &str = "0c3f9b1de7a24f68b1f0a9d2c4e6b801";

/// `/v2/aggs/ticker/{T}/range/1/day/...`: `t` is the start of the day in New York.
pub fn aggs(listing: &Listing, window: Window, adjusted: bool) -> String {
    aggs_of(&listing.symbol, &listing.rows(window), adjusted, None)
}

/// Chosen rows, as a page; no rows means no `results` key.
pub fn aggs_of(symbol: &str, rows: &[Row], adjusted: bool, next_url: Option<&str>) -> String {
    let mut out = String::with_capacity(128 * rows.len() + 256);
    let count = rows.len();
    let _ = write!(
        out,
        r#"{{"ticker":"{symbol}","queryCount":{count},"resultsCount":{count},"adjusted":{adjusted}"#
    );
    results(&mut out, rows.iter().map(|row| (None, row, stamp::midnight_ms(row.bar.date))), adjusted);
    let _ = write!(out, r#","status":"OK","request_id":"{REQUEST_ID}","count":{count}"#);
    if let Some(url) = next_url {
        let _ = write!(out, r#","next_url":"{url}""#);
    }
    out.push('}');
    out
}

/// `/v2/aggs/grouped/...`: the whole market on a date; `t` is the close, 16:00 in New York.
pub fn grouped(rows: &[(&str, Row)], adjusted: bool) -> String {
    let mut out = String::with_capacity(144 * rows.len() + 256);
    let count = rows.len();
    let _ = write!(out, r#"{{"queryCount":{count},"resultsCount":{count},"adjusted":{adjusted}"#);
    let at_close = |row: &Row| stamp::new_york(row.bar.date, 16, 0) * 1000;
    results(&mut out, rows.iter().map(|(symbol, row)| (Some(*symbol), row, at_close(row))), adjusted);
    let _ = write!(out, r#","status":"OK","request_id":"{REQUEST_ID}","count":{count}}}"#);
    out
}

fn results<'a>(
    out: &mut String,
    rows: impl Iterator<Item = (Option<&'a str>, &'a Row<'a>, i64)>,
    adjusted: bool,
) {
    let mut separator = r#","results":["#;
    let before = out.len();
    for (symbol, row, stamp_ms) in rows {
        out.push_str(separator);
        separator = ",";
        out.push('{');
        if let Some(symbol) = symbol {
            let _ = write!(out, r#""T":"{symbol}","#);
        }
        let bar = row.bar;
        let factor = if adjusted { row.split } else { 1.0 };
        let price = |value: f64| if factor == 1.0 { value } else { rounded(value * factor, 4) };
        let (volume, vwap) = (rounded(bar.volume / factor, 1), price(bar.vwap));
        let (open, close, high, low) = (price(bar.open), price(bar.close), price(bar.high), price(bar.low));
        let _ = write!(out, r#""v":{volume},"vw":{vwap},"o":{open},"c":{close},"h":{high},"l":{low}"#);
        let _ = write!(out, r#","t":{stamp_ms},"n":{}}}"#, bar.trades);
    }
    if out.len() > before {
        out.push(']');
    }
}

/// A row of `/stocks/v1/splits`.
pub fn split(listing: &Listing, split: &Split, today: NaiveDate) -> Value {
    let kind = if split.to >= split.from { "forward_split" } else { "reverse_split" };
    let later = listing.splits_until(today).filter(|other| other.date >= split.date);
    json!({
        "id": format!("S{}{}", listing.symbol, split.date),
        "ticker": listing.symbol,
        "execution_date": split.date,
        "split_from": split.from,
        "split_to": split.to,
        "adjustment_type": kind,
        "historical_adjustment_factor": later.map(Split::price_factor).product::<f64>(),
    })
}

/// A row of `/stocks/v1/dividends`.
pub fn dividend(listing: &Listing, dividend: &Dividend, today: NaiveDate) -> Value {
    let factors = listing.dividend_factors(today);
    let later = factors.iter().filter(|(date, _)| *date >= dividend.date);
    let adjusted = dividend.amount * listing.split_factor(dividend.date, today);
    json!({
        "id": format!("D{}{}", listing.symbol, dividend.date),
        "ticker": listing.symbol,
        "cash_amount": dividend.amount,
        "currency": "USD",
        "ex_dividend_date": dividend.date,
        "record_date": dividend.date,
        "frequency": 4,
        "distribution_type": "recurring",
        "historical_adjustment_factor": rounded(later.map(|(_, factor)| factor).product(), 6),
        "split_adjusted_cash_amount": rounded(adjusted, 6),
    })
}

/// `/v3/reference/tickers/{T}`; funds and ETFs are sparse.
pub fn ticker(listing: &Listing, today: NaiveDate) -> String {
    let profile = &listing.profile;
    let stock = profile.kind == Kind::Stock;
    let mut results = json!({
        "ticker": listing.symbol,
        "name": profile.name,
        "market": "stocks",
        "locale": "us",
        "primary_exchange": if stock { "XNAS" } else { "ARCX" },
        "type": if stock { "CS" } else { "ETF" },
        "active": true,
        "currency_name": "usd",
        "round_lot": 100,
    });
    if stock {
        results["sic_code"] = json!("3571");
        results["sic_description"] = json!("ELECTRONIC COMPUTERS");
        results["list_date"] = json!(listing.bars.first().map(|bar| bar.date));
        if let Some(shares) = profile.shares_outstanding {
            results["share_class_shares_outstanding"] = json!(shares);
            results["market_cap"] = json!(listing.last(today).map(|bar| bar.close * shares));
        }
    }
    json!({ "request_id": REQUEST_ID, "results": results, "status": "OK" }).to_string()
}
