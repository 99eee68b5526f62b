//! The shape of a chart, its bars and its splits.
//!
//! # Rows
//! Prices are parallel arrays. A row of nulls is a day without trade and skipped; a row without a close is a problem. A
//! session that is under way comes twice, as its daily row and as a live one: the last of a date stands.
//!
//! # Precision
//! The service computes in single precision: 102.9 arrives as 102.9000015258789. Such a number is read as the shortest
//! decimal of the same single-precision number, which is what it was made from.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;
use sigma_core::model::{CloseBasis, PriceBar, Split};

use super::{NAME, SOURCE, distribution};
use crate::ask::{BarsAsk, Series};
use crate::fault::{Fault, FaultKind};
use crate::moment;
use crate::unadjust::unadjust;

/// Clocks on which the date of a session is that of New York.
const CLOCKS: [&str; 2] = ["America/New_York", "America/Chicago"];

/// `chart.result[0]`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chart {
    meta: Meta,
    timestamp: Option<Vec<i64>>,
    #[serde(default)]
    events: Events,
    indicators: Indicators,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    currency: Option<String>,
    exchange_timezone_name: Option<String>,
}

/// By the time stamp as text, which the event repeats.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Events {
    pub(super) dividends: BTreeMap<String, Payment>,
    pub(super) capital_gains: BTreeMap<String, Payment>,
    splits: BTreeMap<String, Ratio>,
}

#[derive(Deserialize)]
pub(super) struct Payment {
    pub(super) amount: Option<f64>,
    pub(super) date: i64,
}

#[derive(Deserialize)]
struct Ratio {
    date: i64,
    numerator: Option<f64>,
    denominator: Option<f64>,
}

#[derive(Deserialize)]
struct Indicators {
    quote: Vec<Quote>,
    adjclose: Option<Vec<AdjClose>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Quote {
    open: Vec<Value>,
    high: Vec<Value>,
    low: Vec<Value>,
    close: Vec<Value>,
    volume: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AdjClose {
    adjclose: Vec<Value>,
}

pub(super) fn malformed(detail: impl Into<String>) -> Fault {
    Fault::new(NAME, FaultKind::Malformed, detail)
}

pub(super) fn date_of(seconds: i64) -> Option<NaiveDate> {
    moment::new_york_date(seconds.checked_mul(1000)?)
}

impl Chart {
    /// Raw bars of the dates asked for, the splits until today, and the distributions.
    pub(super) fn series(mut self, ask: &BarsAsk) -> Result<Series, Fault> {
        self.check_listing()?;
        let mut problems = Vec::new();
        let mut unusable = Vec::new();
        let mut bars = self.bars(&mut problems, &mut unusable)?;
        let splits = self.splits(ask.today)?;
        let adjusted = bars.clone();
        unadjust(&mut bars, &splits);
        // The first bar may be the one that holds the beginning of the window, and the last ones are there for the
        // splits.
        bars.retain(|bar| (ask.from..=ask.to).contains(&bar.date));
        if bars.is_empty() {
            return Err(match problems.first() {
                Some(problem) => malformed(format!("no row can be used: {problem}")),
                None => {
                    Fault::new(NAME, FaultKind::NoData, format!("no bar from {} to {}", ask.from, ask.to))
                }
            });
        }
        let events = std::mem::take(&mut self.events);
        let mut dividends = distribution::dividends(&events, &adjusted, &splits, &mut problems);
        dividends.retain(|dividend| (ask.from..=ask.to).contains(&dividend.ex_date));
        unusable.retain(|date| (ask.from..=ask.to).contains(date));
        Ok(Series { bars, splits: Some(splits), dividends: Some(dividends), problems, unusable })
    }

    /// The listing asked for is one of the United States, in dollars. Another one is somebody else's symbol.
    fn check_listing(&self) -> Result<(), Fault> {
        let foreign = |detail: String| Err(Fault::new(NAME, FaultKind::NotFound, detail));
        match self.meta.exchange_timezone_name.as_deref() {
            Some(clock) if CLOCKS.contains(&clock) => {}
            Some(clock) => return foreign(format!("a listing on the clock of {clock}, not a US one")),
            None => return Err(malformed("a listing on an unknown clock")),
        }
        match self.meta.currency.as_deref() {
            Some("USD") => Ok(()),
            Some(currency) => foreign(format!("prices in {currency}, not in USD")),
            None => Err(malformed("prices in an unknown currency")),
        }
    }

    /// Split-adjusted bars as they came, one a date, by ascending date.
    fn bars(
        &self,
        problems: &mut Vec<String>,
        unusable: &mut Vec<NaiveDate>,
    ) -> Result<Vec<PriceBar>, Fault> {
        let Some(stamps) = &self.timestamp else { return Ok(Vec::new()) };
        let nothing = Quote::default();
        let quote = self.indicators.quote.first().unwrap_or(&nothing);
        let adjusted = self.indicators.adjclose.as_ref().and_then(|columns| columns.first());
        let adjusted = adjusted.map_or(&[][..], |column| &column.adjclose);
        let required = [&quote.open, &quote.high, &quote.low, &quote.close, &quote.volume].map(Vec::len);
        let is_even = required.iter().all(|&length| length == stamps.len());
        if !is_even || !(adjusted.is_empty() || adjusted.len() == stamps.len()) {
            let lengths = format!("{required:?} and {}", adjusted.len());
            return Err(malformed(format!("{} time stamps, but columns of {lengths} rows", stamps.len())));
        }
        let mut bars = BTreeMap::new();
        for (i, &stamp) in stamps.iter().enumerate() {
            let Some(date) = date_of(stamp) else {
                problems.push(format!("{stamp} is not a time stamp"));
                continue;
            };
            let row = [&quote.open[i], &quote.high[i], &quote.low[i], &quote.close[i]].map(price);
            let [open, high, low, close] = row;
            let volume = quote.volume[i].as_f64();
            let adj_close = adjusted.get(i).and_then(price);
            let Some(close) = close else {
                if row.iter().any(Option::is_some) {
                    problems.push(format!("{date}: no close"));
                    unusable.push(date);
                }
                continue;
            };
            let (source, basis) = (SOURCE.to_owned(), CloseBasis::Rebuilt);
            bars.insert(date, PriceBar { date, open, high, low, close, adj_close, volume, source, basis });
        }
        Ok(bars.into_values().collect())
    }

    /// Splits until today, by ascending date. Without one of them no price before it can be turned back.
    fn splits(&self, today: NaiveDate) -> Result<Vec<Split>, Fault> {
        let mut splits = BTreeMap::new();
        for ratio in self.events.splits.values() {
            let is_usable = |part: &f64| part.is_finite() && *part > 0.0;
            let to = ratio.numerator.filter(is_usable);
            let from = ratio.denominator.filter(is_usable);
            let (Some(date), Some(to), Some(from)) = (date_of(ratio.date), to, from) else {
                let Ratio { numerator, denominator, date } = ratio;
                let detail = format!("a split of {numerator:?} for {denominator:?} at {date}");
                return Err(malformed(detail));
            };
            if date <= today {
                splits.insert(date, Split { date, from, to });
            }
        }
        Ok(splits.into_values().collect())
    }
}

/// A price without the noise of single precision.
fn price(value: &Value) -> Option<f64> {
    let value = value.as_f64()?;
    let single = value as f32;
    if f64::from(single) != value {
        return Some(value);
    }
    single.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn single_precision_is_read_as_what_it_was_made_from() {
        assert_eq!(price(&json!(102.9000015258789)), Some(102.9));
        assert_eq!(price(&json!(102.9)), Some(102.9));
        assert_eq!(price(&json!(25.724_999_9)), Some(25.724_999_9));
        assert_eq!(price(&json!(0.0)), Some(0.0));
        assert_eq!(price(&json!(null)), None);
        assert_eq!(price(&json!("None")), None);
    }
}
