//! The chart path of Yahoo.

use chrono::NaiveDate;
use serde_json::json;

use super::Exchange;
use crate::fake::market::{stamp, yahoo as body};
use crate::fake::{Reply, Request};

pub(super) fn reply(exchange: &Exchange, request: &Request) -> Reply {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let ["v8", "finance", "chart", symbol] = parts[..] else {
        return Reply::html(404, "<html><body>Not Found</body></html>");
    };
    let Some(listing) = exchange.dashed(symbol) else {
        return failure(404, "Not Found", "No data found, symbol may be delisted");
    };
    let seconds = |name: &str| request.query(name).and_then(|text| text.parse::<i64>().ok());
    let (start, end) = (seconds("period1"), seconds("period2"));
    let window = exchange.window(start.map(stamp::date_of), end.map(last_before));
    if listing.bars.first().is_none_or(|bar| bar.date > window.to) {
        let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
        let text = format!("Data doesn't exist for startDate = {start}, endDate = {end}");
        return failure(400, "Bad Request", &text);
    }
    let events = request.query("events").unwrap_or_default();
    Reply::json(200, body::chart(listing, window, !events.is_empty()))
}

/// The last day whose bar, stamped 09:30, lies before an instant: `period2` is exclusive.
fn last_before(seconds: i64) -> NaiveDate {
    let date = stamp::date_of(seconds);
    // Before 2007 there are no stamps, and no bars of this fake either.
    let opened = seconds < 1_167_700_000 || stamp::new_york(date, 9, 30) < seconds;
    if opened { date } else { date.pred_opt().unwrap_or(date) }
}

fn failure(status: u16, code: &str, text: &str) -> Reply {
    let error = json!({ "code": code, "description": text });
    Reply::json(status, json!({ "chart": { "result": null, "error": error } }).to_string())
}
