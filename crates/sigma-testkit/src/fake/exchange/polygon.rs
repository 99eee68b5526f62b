//! Paths of Polygon.io.

use chrono::{Days, NaiveDate, NaiveTime, Weekday};
use serde_json::{Value, json};
use sigma_core::calendar::Calendar;

use super::Exchange;
use crate::fake::market::{Dividend, Listing, Split, Window, polygon as body, stamp};
use crate::fake::{Reply, Request};

/// Rows of a page when the request does not say.
const DEFAULT_LIMIT: usize = 5000;
const LARGEST_LIMIT: usize = 50_000;

pub(super) fn reply(exchange: &Exchange, request: &Request) -> Reply {
    let today = exchange.today();
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match parts[..] {
        ["v2", "aggs", "ticker", symbol, "range", "1", "day", from, to] => match (bound(from), bound(to)) {
            (Some(from), Some(to)) => aggs(exchange, request, symbol, (from, to)),
            _ => failure(400, "ERROR", "error", "Could not parse the time parameter."),
        },
        ["v2", "aggs", "grouped", "locale", "us", "market", "stocks", date] => match date.parse() {
            Ok(date) => grouped(exchange, request, date),
            Err(_) => failure(400, "ERROR", "error", "Could not parse the time parameter."),
        },
        ["v3", "reference", "tickers", symbol] => match exchange.dotted(symbol) {
            Some(listing) => Reply::json(200, body::ticker(listing, today)),
            None => failure(404, "NOT_FOUND", "message", "Ticker not found."),
        },
        ["stocks", "v1", "splits"] => {
            let rows = |listing: &Listing| {
                let row = |split: &Split| (split.date, body::split(listing, split, today));
                listing.splits_until(today).map(row).collect()
            };
            actions(exchange, request, "execution_date", &rows)
        }
        ["stocks", "v1", "dividends"] => {
            let rows = |listing: &Listing| {
                let row = |cash: &Dividend| (cash.date, body::dividend(listing, cash, today));
                listing.dividends_until(today).map(row).collect()
            };
            actions(exchange, request, "ex_dividend_date", &rows)
        }
        ["v1", "marketstatus", "upcoming"] => upcoming(today),
        _ => Reply::text(404, "404 page not found\n"),
    }
}

/// A bound of a range: a date, or an instant in milliseconds.
fn bound(text: &str) -> Option<NaiveDate> {
    text.parse().ok().or_else(|| text.parse::<i64>().ok().map(|ms| stamp::date_of(ms.div_euclid(1000))))
}

fn adjusted(request: &Request) -> bool {
    request.query("adjusted") != Some("false")
}

fn aggs(exchange: &Exchange, request: &Request, symbol: &str, (from, to): (NaiveDate, NaiveDate)) -> Reply {
    let window = exchange.window(Some(from), Some(to));
    let mut rows = exchange.dotted(symbol).map(|listing| listing.rows(window)).unwrap_or_default();
    if request.query("sort") == Some("desc") {
        rows.reverse();
    }
    let (page, next) = page(request, &rows);
    Reply::json(200, body::aggs_of(symbol, page, adjusted(request), next.as_deref()))
}

fn grouped(exchange: &Exchange, request: &Request, date: NaiveDate) -> Reply {
    let window = Window { from: date, to: date, today: exchange.today() };
    let known = exchange.listings.keys().filter_map(|symbol| exchange.dotted(symbol));
    let rows: Vec<_> = known
        .flat_map(|listing| listing.rows(window).into_iter().map(|row| (listing.symbol.as_str(), row)))
        .collect();
    Reply::json(200, body::grouped(&rows, adjusted(request)))
}

/// Splits or dividends, of some tickers or of all, newest first unless `sort` ends with `.asc`.
fn actions(
    exchange: &Exchange,
    request: &Request,
    field: &str,
    rows: &dyn Fn(&Listing) -> Vec<(NaiveDate, Value)>,
) -> Reply {
    let wanted = request.query("ticker").or(request.query("ticker.any_of"));
    let bound = |suffix: &str| super::date(request, &format!("{field}{suffix}"));
    let inside = |date: NaiveDate| {
        bound("").is_none_or(|day| date == day)
            && bound(".gte").is_none_or(|day| date >= day)
            && bound(".gt").is_none_or(|day| date > day)
            && bound(".lte").is_none_or(|day| date <= day)
            && bound(".lt").is_none_or(|day| date < day)
    };
    let is_wanted = |symbol: &str| wanted.is_none_or(|wanted| wanted.split(',').any(|one| one == symbol));
    let known = exchange.listings.keys().filter(|symbol| is_wanted(symbol));
    let mut found: Vec<_> = known.filter_map(|symbol| exchange.dotted(symbol)).flat_map(rows).collect();
    found.retain(|(date, _)| inside(*date));
    found.sort_by_key(|(date, _)| *date);
    if !request.query("sort").is_some_and(|sort| sort.ends_with(".asc")) {
        found.reverse();
    }
    let (page, next) = page(request, &found);
    let results: Vec<&Value> = page.iter().map(|(_, row)| row).collect();
    let mut body = json!({ "request_id": body::REQUEST_ID, "results": results, "status": "OK" });
    if let Some(next) = next {
        body["next_url"] = json!(next);
    }
    Reply::json(200, body.to_string())
}

/// The rows of the page that `limit` and `cursor` ask for, and the address of the next one. As with the
/// service, that address carries no key.
fn page<'a, T>(request: &Request, rows: &'a [T]) -> (&'a [T], Option<String>) {
    let number = |name: &str| request.query(name).and_then(|text| text.parse::<usize>().ok());
    let first = number("cursor").unwrap_or(0).min(rows.len());
    let limit = number("limit").unwrap_or(DEFAULT_LIMIT).clamp(1, LARGEST_LIMIT);
    let last = (first + limit).min(rows.len());
    let host = request.header("host").unwrap_or("127.0.0.1");
    let path = request.target.split('?').next().unwrap_or_default();
    let kept = request.query.iter().filter(|(name, _)| !["cursor", "apiKey"].contains(&name.as_str()));
    let query: String = kept.map(|(name, value)| format!("{name}={value}&")).collect();
    let next = (last < rows.len()).then(|| format!("http://{host}{path}?{query}cursor={last}"));
    (&rows[first..last], next)
}

/// Closures and early closes of the year after `today`.
fn upcoming(today: NaiveDate) -> Reply {
    let calendar = Calendar::nyse();
    let regular = NaiveTime::from_hms_opt(16, 0, 0);
    let special = |date: NaiveDate| {
        let close = calendar.close_time(date).ok()?;
        let weekday = !matches!(chrono::Datelike::weekday(&date), Weekday::Sat | Weekday::Sun);
        let name = calendar.name_of(date).unwrap_or("Holiday");
        let utc = |hour, minute| {
            let at = chrono::DateTime::from_timestamp(stamp::new_york(date, hour, minute), 0);
            at.map(|at| at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string())
        };
        match close {
            None if weekday => {
                Some(json!({ "exchange": "NYSE", "name": name, "date": date, "status": "closed" }))
            }
            Some(close) if Some(close) != regular => Some(json!({
                "exchange": "NYSE", "name": name, "date": date, "status": "early-close",
                "open": utc(9, 30), "close": utc(chrono::Timelike::hour(&close), chrono::Timelike::minute(&close)),
            })),
            _ => None,
        }
    };
    let year = (0..365).filter_map(|day| today.checked_add_days(Days::new(day)));
    Reply::json(200, Value::Array(year.filter_map(special).collect()).to_string())
}

pub(super) fn unknown_key(given: bool) -> Reply {
    failure(401, "ERROR", "error", if given { "Unknown API Key" } else { "API Key was not provided" })
}

fn failure(status: u16, word: &str, field: &str, text: &str) -> Reply {
    let body = json!({ "status": word, "request_id": body::REQUEST_ID, field: text });
    Reply::json(status, body.to_string())
}
