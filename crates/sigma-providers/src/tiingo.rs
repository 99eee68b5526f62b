//! Tiingo: daily prices of stocks, ETFs and funds, as traded, with splits and dividends in the same rows.
//!
//! # Dates
//! `2025-11-04T00:00:00.000Z` names the session of 4 November: it is no instant, and no time zone applies to it.
//!
//! # Adjustment
//! `close` is raw, `adjClose` is adjusted for splits and dividends, `divCash` is in the shares of its ex-date, and
//! `splitFactor` is new shares for one old share.
//!
//! # Errors
//! A key without rights to a dataset is answered with 402 or 403 and `You do not have permission`: `PlanEndpoint`. An
//! unknown ticker is answered with 404, or with 200 and a line of text. Indices are not covered and not asked for.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;
use sigma_core::model::{CloseBasis, Dividend, PriceBar, Split};

use crate::ask::{Ability, BarsAsk, Series};
use crate::fault::{Fault, FaultKind};
use crate::http::{Answer, Service, Settings};
use crate::symbols::{Dialect, spell};

const NAME: &str = "Tiingo";
const SOURCE: &str = "tiingo";

/// A reverse split is told as a decimal such as 0.066667; its inverse is whole to that many parts.
const WHOLE_WITHIN: f64 = 1e-3;

/// The service.
#[derive(Debug)]
pub struct Tiingo {
    pub(crate) service: Service,
}

impl Tiingo {
    /// `settings.sign` is `Token(..)`.
    pub fn open(settings: Settings) -> Result<Tiingo, Fault> {
        Ok(Tiingo { service: Service::open(NAME, settings)? })
    }

    /// Daily bars with the splits and dividends between the same dates.
    pub async fn bars(&self, ask: &BarsAsk) -> Result<Series, Fault> {
        let symbol = spell(&ask.symbol, ask.kind, Dialect::Dash);
        if symbol.starts_with('^') {
            return Err(Fault::new(NAME, FaultKind::NotFound, "has no indices"));
        }
        let query = [("startDate", ask.from.to_string()), ("endDate", ask.to.to_string())];
        let request = self.service.request(&["tiingo", "daily", &symbol, "prices"], &query);
        self.service.get(&request, |answer| read(answer, ask)).await
    }

    /// One cheap request.
    pub async fn probe(&self) -> Vec<Ability> {
        let request = self.service.request(&["api", "test"], &[]);
        let read = |answer: &Answer| {
            refuse(answer)?;
            answer.json::<Value>().map(|_| "the key is accepted".to_owned())
        };
        vec![Ability { name: "daily prices", outcome: self.service.get(&request, read).await }]
    }
}

/// A row; a number of the wrong type is the problem of that row only.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    date: String,
    #[serde(default)]
    open: Value,
    #[serde(default)]
    high: Value,
    #[serde(default)]
    low: Value,
    #[serde(default)]
    close: Value,
    #[serde(default)]
    volume: Value,
    #[serde(default)]
    adj_close: Value,
    #[serde(default)]
    div_cash: Value,
    #[serde(default)]
    split_factor: Value,
}

impl Row {
    /// The session, by the date part of the text.
    fn session(&self) -> Option<NaiveDate> {
        self.date.get(..10)?.parse().ok()
    }

    fn bar(&self, date: NaiveDate) -> Option<PriceBar> {
        Some(PriceBar {
            date,
            open: self.open.as_f64(),
            high: self.high.as_f64(),
            low: self.low.as_f64(),
            close: self.close.as_f64()?,
            adj_close: self.adj_close.as_f64(),
            volume: self.volume.as_f64(),
            source: SOURCE.to_owned(),
            basis: CloseBasis::AsTraded,
        })
    }
}

fn read(answer: &Answer, ask: &BarsAsk) -> Result<Series, Fault> {
    refuse(answer)?;
    let rows: Vec<Row> = answer.json()?;
    let mut series = Series::default();
    // By date, so that a row that comes twice does not pay twice.
    let (mut splits, mut dividends) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        let Some(date) = row.session() else {
            series.problems.push(format!("\"{}\" is not a date", row.date));
            continue;
        };
        if !(ask.from..=ask.to).contains(&date) {
            continue;
        }
        match row.bar(date) {
            Some(bar) => series.bars.push(bar),
            None => {
                series.problems.push(format!("{date}: no close"));
                series.unusable.push(date);
            }
        }
        if let Some(amount) = row.div_cash.as_f64().filter(|&amount| amount > 0.0) {
            dividends.insert(date, Dividend { ex_date: date, amount });
        }
        match row.split_factor.as_f64() {
            None | Some(1.0) => {}
            Some(factor) if factor > 0.0 => {
                splits.insert(date, split(date, factor));
            }
            Some(factor) => series.problems.push(format!("{date}: a split factor of {factor}")),
        }
    }
    if series.bars.is_empty() {
        return Err(match series.problems.first() {
            Some(problem) => answer.fault(FaultKind::Malformed, format!("no row can be read: {problem}")),
            None => answer.fault(FaultKind::NoData, format!("no bar from {} to {}", ask.from, ask.to)),
        });
    }
    series.splits = Some(splits.into_values().collect());
    series.dividends = Some(dividends.into_values().collect());
    Ok(series)
}

/// A split by its factor: 4 is four for one, 0.05 is one for twenty, 1.5 stays 1.5 for one.
fn split(date: NaiveDate, factor: f64) -> Split {
    let inverse = factor.recip();
    let whole = inverse.round();
    if whole >= 2.0 && (inverse / whole - 1.0).abs() < WHOLE_WITHIN {
        return Split { date, from: whole, to: 1.0 };
    }
    Split { date, from: 1.0, to: factor }
}

/// Classifies an answer that is an error, whatever its status.
fn refuse(answer: &Answer) -> Result<(), Fault> {
    let said = message(answer);
    let lower = said.as_deref().unwrap_or_default().to_ascii_lowercase();
    let has = |markers: &[&str]| markers.iter().any(|marker| lower.contains(marker));
    let by_status = answer.fault_by_status().map(|fault| match fault.kind {
        // A key that is good for other data; without these words it is the key that is refused.
        FaultKind::PlanEndpoint if !has(&["do not have permission"]) => {
            Fault { kind: FaultKind::Auth, ..fault }
        }
        _ => fault,
    });
    let Some(said) = said else { return by_status.map_or(Ok(()), Err) };
    let kind = match by_status.map(|fault| fault.kind) {
        // An hour can be waited for; a day or a month cannot.
        _ if has(&["hourly request allocation"]) => FaultKind::RateLimited,
        _ if has(&["request allocation", "bandwidth", "symbol look up", "this month"]) => {
            FaultKind::QuotaExhausted
        }
        Some(kind) => kind,
        None if has(&["not found"]) => FaultKind::NotFound,
        None if has(&["token"]) => FaultKind::Auth,
        None => FaultKind::Malformed,
    };
    Err(answer.fault(kind, said))
}

/// What an error says: `detail` of a JSON object, or a line of bare text; rows and pages say nothing.
fn message(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        detail: String,
    }
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(&answer.body) {
        return Some(refusal.detail);
    }
    let starts_as_json =
        answer.body.trim_ascii_start().first().is_some_and(|b| matches!(b, b'[' | b'{' | b'"'));
    let says_nothing = answer.body.trim_ascii().is_empty() || starts_as_json || answer.is_html();
    (!says_nothing).then(|| answer.quote())
}
