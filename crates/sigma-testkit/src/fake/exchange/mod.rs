//! Listings that answer the URL paths of every provider.
//!
//! An answer follows each provider's documented conventions: its symbol form, its adjustment, its order and
//! its way to say "unknown". A test's handler may answer some requests itself and leave the rest to
//! [`Exchange::reply`].

mod fmp;
mod fred;
mod polygon;
#[cfg(test)]
mod tests;
mod tiingo;
mod yahoo;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;

use super::market::fred::Observation;
use super::market::{Kind, Listing, Window};
use super::{Reply, Request};

/// Whose path a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    Polygon,
    Fmp,
    Tiingo,
    Fred,
    Yahoo,
}

impl Provider {
    pub fn of(request: &Request) -> Option<Provider> {
        let first = request.path.trim_start_matches('/').split('/').next()?;
        Some(match first {
            "v1" | "v2" | "v3" | "vX" | "stocks" => Provider::Polygon,
            "stable" | "api" => Provider::Fmp,
            "tiingo" => Provider::Tiingo,
            "fred" | "graph" => Provider::Fred,
            "v8" => Provider::Yahoo,
            _ => return None,
        })
    }
}

/// A market that all providers see.
#[derive(Default)]
pub struct Exchange {
    listings: BTreeMap<String, Listing>,
    rates: BTreeMap<String, Vec<Observation>>,
    keys: BTreeMap<Provider, String>,
    today: Mutex<Option<NaiveDate>>,
}

impl Exchange {
    pub fn new() -> Exchange {
        Exchange::default()
    }

    /// Adds or replaces a listing.
    pub fn list(mut self, listing: Listing) -> Exchange {
        self.listings.insert(listing.symbol.clone(), listing);
        self
    }

    /// Adds a rate series under its FRED name; FMP's treasury rates come from the same series.
    pub fn rates(mut self, series: &str, observations: Vec<Observation>) -> Exchange {
        self.rates.insert(series.to_owned(), observations);
        self
    }

    /// Refuses requests of that provider without this key.
    pub fn require_key(mut self, provider: Provider, key: &str) -> Exchange {
        self.keys.insert(provider, key.to_owned());
        self
    }

    /// What lies after this day has not happened: bars, rates and adjustments are as known on it.
    pub fn set_today(&self, today: NaiveDate) {
        *self.today.lock().unwrap_or_else(PoisonError::into_inner) = Some(today);
    }

    pub fn listing(&self, symbol: &str) -> Option<&Listing> {
        self.listings.get(symbol)
    }

    /// Answers as the provider of the path would.
    pub fn reply(&self, request: &Request) -> Reply {
        let Some(provider) = Provider::of(request) else {
            return Reply::text(404, "404 page not found\n");
        };
        if let Some(refusal) = self.refusal(provider, request) {
            return refusal;
        }
        match provider {
            Provider::Polygon => polygon::reply(self, request),
            Provider::Fmp => fmp::reply(self, request),
            Provider::Tiingo => tiingo::reply(self, request),
            Provider::Fred => fred::reply(self, request),
            Provider::Yahoo => yahoo::reply(self, request),
        }
    }

    fn refusal(&self, provider: Provider, request: &Request) -> Option<Reply> {
        let key = self.keys.get(&provider)?;
        let header = request.header("authorization").unwrap_or_default();
        let given = match provider {
            Provider::Polygon => header.strip_prefix("Bearer ").or(request.query("apiKey")),
            Provider::Fmp => request.header("apikey").or(request.query("apikey")),
            Provider::Tiingo => header.strip_prefix("Token ").or(request.query("token")),
            // The graph page knows no keys.
            Provider::Fred if request.path.starts_with("/graph") => return None,
            Provider::Fred => request.query("api_key"),
            Provider::Yahoo => return None,
        };
        if given == Some(key.as_str()) {
            return None;
        }
        Some(match provider {
            Provider::Polygon => polygon::unknown_key(given.is_some()),
            Provider::Fmp => fmp::invalid_key(),
            Provider::Tiingo => Reply::json(401, r#"{"detail":"Invalid token."}"#),
            Provider::Fred | Provider::Yahoo => fred::unknown_key(given.is_some()),
        })
    }

    /// The day that answers are given on: as set, else the last day of any series.
    fn today(&self) -> NaiveDate {
        let set = *self.today.lock().unwrap_or_else(PoisonError::into_inner);
        let bars = self.listings.values().filter_map(|listing| listing.bars.last().map(|bar| bar.date));
        let rates = self.rates.values().filter_map(|rows| rows.last().map(|(date, _)| *date));
        set.or_else(|| bars.chain(rates).max()).unwrap_or(NaiveDate::MAX)
    }

    fn window(&self, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Window {
        Window { from: from.unwrap_or(NaiveDate::MIN), to: to.unwrap_or(NaiveDate::MAX), today: self.today() }
    }

    /// Observations up to today; `None` for a series that does not exist.
    fn observations(&self, series: &str, window: Window) -> Option<&[Observation]> {
        let rows = self.rates.get(series)?;
        let first = rows.partition_point(|(date, _)| *date < window.from);
        let last = rows.partition_point(|(date, _)| *date <= window.to.min(window.today));
        Some(&rows[first..last.max(first)])
    }

    /// A listing in the form of FMP, Yahoo and Tiingo (`BRK-B`): the dotted form is unknown there.
    fn dashed(&self, symbol: &str) -> Option<&Listing> {
        let canonical = symbol.replace('-', ".");
        let listing = self.listings.get(&canonical).or_else(|| self.listings.get(symbol))?;
        (listing.dashed() == symbol).then_some(listing)
    }

    /// A listing in Polygon's form, which is the canonical one; mutual funds are unknown there.
    fn dotted(&self, symbol: &str) -> Option<&Listing> {
        self.listings.get(symbol).filter(|listing| listing.profile.kind != Kind::Fund)
    }
}

/// A query parameter that is a date; `None` when absent or unreadable.
fn date(request: &Request, name: &str) -> Option<NaiveDate> {
    request.query(name)?.parse().ok()
}
