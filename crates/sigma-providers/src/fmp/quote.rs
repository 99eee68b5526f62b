//! Last prices of many symbols in one request.
//!
//! A quote is not a close: it is the last price at the moment it is asked for. After the closing bell it is the session's
//! last price, though not the official one, so a bar made of it carries a source of its own ([`SOURCE`]): it is
//! provisional, and a bar of the daily history takes its place. A quote without a time, as `batch-quote-short` tells it,
//! never becomes a bar; nor does one without open, high or low, as funds have it: their value of the day comes later.

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde::Deserialize;
use sigma_core::calendar::Calendar;
use sigma_core::model::{CloseBasis, PriceBar};

use super::{Fmp, QUOTES, canonical, cell, spell};
use crate::ask::SessionBars;
use crate::fault::{Fault, FaultKind};
use crate::http::Answer;
use crate::moment;

/// Source of bars that were made of quotes.
pub const SOURCE: &str = "fmp-quote";

/// Symbols of one request.
const BATCH: usize = 25;

/// A quote in the shape of `quote`, `batch-quote`, `batch-quote-short` and their elder kin.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Quote {
    /// As the provider spells it.
    #[serde(deserialize_with = "cell::text")]
    pub symbol: Option<String>,
    #[serde(deserialize_with = "cell::number")]
    pub price: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    pub open: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    pub day_high: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    pub day_low: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    pub volume: Option<f64>,
    /// Seconds since 1970.
    #[serde(deserialize_with = "cell::number")]
    pub timestamp: Option<f64>,
}

/// Reads quotes; symbols that are not known are not in the answer.
pub fn parse(answer: &Answer) -> Result<Vec<Quote>, Fault> {
    answer.json()
}

impl Quote {
    /// The bar of a session that closes at `close` in New York, if the quote was made on that day after it.
    pub fn bar(&self, session: NaiveDate, close: NaiveTime) -> Option<PriceBar> {
        let made = moment::new_york(DateTime::from_timestamp(self.timestamp? as i64, 0)?);
        if made.date() != session || made.time() < close {
            return None;
        }
        Some(PriceBar {
            date: session,
            open: Some(self.open?),
            high: Some(self.day_high?),
            low: Some(self.day_low?),
            close: self.price?,
            adj_close: None,
            volume: self.volume,
            source: SOURCE.to_owned(),
            basis: CloseBasis::AsTraded,
        })
    }
}

impl Fmp {
    /// Provisional bars of many canonical symbols on a session that has closed, made of the last quotes.
    pub async fn session_bars(&self, symbols: &[String], date: NaiveDate) -> Result<SessionBars, Fault> {
        let calendar = Calendar::nyse().close_time(date);
        let close = calendar
            .map_err(|error| Fault::new(self.service.name(), FaultKind::BadRequest, error.to_string()))?;
        let Some(close) = close else {
            let detail = format!("{date} is not a session");
            return Err(Fault::new(self.service.name(), FaultKind::BadRequest, detail));
        };
        let mut session = SessionBars::default();
        for batch in symbols.chunks(BATCH) {
            let spelled: Vec<String> = batch.iter().map(|symbol| spell(symbol, None)).collect();
            let quotes = self.ask(QUOTES, Some(&spelled.join(",")), &[], parse).await?;
            for quote in quotes {
                let symbol = quote.symbol.as_deref().map(canonical).unwrap_or_default();
                if !batch.contains(&symbol) {
                    session.problems.push("a quote of a symbol not asked for".to_owned());
                } else if let Some(bar) = quote.bar(date, close) {
                    session.bars.insert(symbol, bar);
                }
            }
        }
        Ok(session)
    }
}
