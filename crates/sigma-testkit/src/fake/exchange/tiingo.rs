//! Paths of Tiingo: tickers in any case, in the dashed form.

use super::{Exchange, date};
use crate::fake::market::tiingo as body;
use crate::fake::{Reply, Request};

pub(super) fn reply(exchange: &Exchange, request: &Request) -> Reply {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let ["tiingo", "daily", symbol, "prices"] = parts[..] else { return not_found() };
    let Some(listing) = exchange.dashed(&symbol.to_uppercase()) else { return not_found() };
    let start = date(request, "startDate");
    let mut window = exchange.window(start, date(request, "endDate"));
    if start.is_none() {
        // Without a start the service sends the latest session only.
        window.from = listing.last(window.to.min(window.today)).map_or(window.from, |bar| bar.date);
    }
    Reply::json(200, body::prices(listing, window))
}

fn not_found() -> Reply {
    Reply::json(404, r#"{"detail":"Not found."}"#)
}
