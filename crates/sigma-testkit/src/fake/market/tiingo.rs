//! Bodies of Tiingo: prices as traded, with adjusted columns beside them.

use std::fmt::Write;

use super::{Listing, Window, rounded};

/// `/tiingo/daily/{t}/prices`, oldest first; `date` is the session, not an instant.
pub fn prices(listing: &Listing, window: Window) -> String {
    let rows = listing.rows(window);
    let mut out = String::with_capacity(320 * rows.len() + 2);
    out.push('[');
    for (position, row) in rows.iter().enumerate() {
        let bar = row.bar;
        let adjusted = |value: f64| rounded(value * row.split_and_dividend, 8);
        let cash: f64 = listing.dividends.iter().filter(|d| d.date == bar.date).map(|d| d.amount).sum();
        let splits = listing.splits.iter().filter(|split| split.date == bar.date);
        let split: f64 = splits.map(|split| split.to / split.from).product();
        let comma = if position > 0 { "," } else { "" };
        let _ = write!(out, r#"{comma}{{"date":"{}T00:00:00.000Z","close":{:?}"#, bar.date, bar.close);
        let _ = write!(out, r#","high":{:?},"low":{:?},"open":{:?}"#, bar.high, bar.low, bar.open);
        let _ = write!(out, r#","volume":{},"adjClose":{:?}"#, bar.volume, adjusted(bar.close));
        let (high, low, open) = (adjusted(bar.high), adjusted(bar.low), adjusted(bar.open));
        let _ = write!(out, r#","adjHigh":{high:?},"adjLow":{low:?},"adjOpen":{open:?}"#);
        let volume = (bar.volume / row.split).round();
        let _ = write!(out, r#","adjVolume":{volume},"divCash":{cash:?},"splitFactor":{split:?}}}"#);
    }
    out.push(']');
    out
}
