//! Paths of Financial Modeling Prep: an unknown symbol is an empty array.

use chrono::Months;

use super::{Exchange, date};
use crate::fake::market::{Listing, fmp as body};
use crate::fake::{Reply, Request};

const EMPTY: &str = "[]";

pub(super) fn reply(exchange: &Exchange, request: &Request) -> Reply {
    let window = exchange.window(date(request, "from"), date(request, "to"));
    let today = window.today;
    let of_symbol = |write: &dyn Fn(&Listing) -> String| {
        let listing = request.query("symbol").and_then(|symbol| exchange.dashed(symbol));
        Reply::json(200, listing.map_or(EMPTY.to_owned(), write))
    };
    match request.path.as_str() {
        "/stable/historical-price-eod/full" => of_symbol(&|listing| body::eod_full(listing, window)),
        "/stable/historical-price-eod/dividend-adjusted" => {
            of_symbol(&|listing| body::eod_dividend_adjusted(listing, window))
        }
        "/stable/splits" => of_symbol(&|listing| body::splits(listing, today)),
        "/stable/dividends" => of_symbol(&|listing| body::dividends(listing, today)),
        "/stable/profile" => of_symbol(&|listing| body::profile(listing, today)),
        "/stable/quote" => of_symbol(&|listing| body::quotes(&[listing], today)),
        "/stable/batch-quote" => {
            let symbols = request.query("symbols").unwrap_or_default().split(',');
            let known: Vec<_> = symbols.filter_map(|symbol| exchange.dashed(symbol)).collect();
            Reply::json(200, body::quotes(&known, today))
        }
        "/stable/treasury-rates" => {
            let to = window.to.min(today);
            // One call answers for three months at most.
            let from = window.from.max(to.checked_sub_months(Months::new(3)).unwrap_or(to));
            let series = |id: &str| exchange.observations(id, window).unwrap_or_default();
            Reply::json(200, body::treasury_rates(series, from, to))
        }
        path if path.starts_with("/api/") => message(
            403,
            "Legacy Endpoint : Due to Legacy endpoints being no longer supported - This endpoint is only \
             available for legacy users who have valid subscriptions prior August 31, 2025.",
        ),
        _ => Reply::json(404, EMPTY),
    }
}

pub(super) fn invalid_key() -> Reply {
    message(
        401,
        "Invalid API KEY. Feel free to create a Free API Key or visit \
         https://site.financialmodelingprep.com/faqs?search=why-is-my-api-key-invalid for more information.",
    )
}

fn message(status: u16, text: &str) -> Reply {
    Reply::json(status, serde_json::json!({ "Error Message": text }).to_string())
}
