//! Yahoo's charts: unofficial, and only for who switches them on. Daily bars with splits and distributions.
//!
//! # Map
//! - this file: the request and the classification of answers;
//! - `chart`: the shape of a chart, its bars and its splits;
//! - `distribution`: dividends and capital gains, whose unit the service does not keep to.
//!
//! # Adjustment
//! `close` is split-adjusted as of the day of asking, so everything up to that day is asked for and prices are turned
//! back into raw ones with the splits of the same answer. `adjclose` is adjusted for splits and distributions.
//!
//! # Limits
//! Only listings in US dollars on the clock of New York or Chicago (where volatility indices live) are taken: prices
//! in pence and sessions of another day must not pass for them.

mod chart;
mod distribution;

use chrono::{Days, NaiveDate};
use serde_json::Value;

use crate::ask::{Ability, BarsAsk, Series};
use crate::fault::{Fault, FaultKind};
use crate::http::{Answer, Service, Settings};
use crate::moment;
use crate::symbols::{Dialect, spell};
use chart::Chart;

const NAME: &str = "Yahoo";
const SOURCE: &str = "yahoo";

/// What the cheap request that tells whether the service can be used asks for.
const PROBE_SYMBOL: &str = "SPY";
const PROBE_DAYS: u64 = 7;

/// The service.
#[derive(Debug)]
pub struct Yahoo {
    pub(crate) service: Service,
}

impl Yahoo {
    /// `settings.sign` is `None`; a user agent that names no program is refused by the service.
    pub fn open(settings: Settings) -> Result<Yahoo, Fault> {
        Ok(Yahoo { service: Service::open(NAME, settings)? })
    }

    /// Daily bars with the splits up to `ask.today` and the distributions up to `ask.to`.
    pub async fn bars(&self, ask: &BarsAsk) -> Result<Series, Fault> {
        let symbol = spell(&ask.symbol, ask.kind, Dialect::Dash);
        // The second limit is exclusive.
        let end = ask.today.max(ask.to).checked_add_days(Days::new(1));
        let seconds = |date: Option<NaiveDate>| {
            let seconds = date.and_then(moment::seconds_at_midnight);
            seconds.ok_or_else(|| Fault::new(NAME, FaultKind::BadRequest, "a date beyond the calendar"))
        };
        let query = [
            ("period1", seconds(Some(ask.from))?.to_string()),
            ("period2", seconds(end)?.to_string()),
            ("interval", "1d".to_owned()),
            ("events", "div,splits,capitalGains".to_owned()),
            ("includePrePost", "false".to_owned()),
        ];
        let request = self.service.request(&["v8", "finance", "chart", &symbol], &query);
        let chart = self.service.get(&request, read).await?;
        // Apart from the request: what follows would be the same after another attempt.
        chart.series(ask)
    }

    /// One cheap request.
    pub async fn probe(&self) -> Vec<Ability> {
        let today = moment::new_york(self.service.data_now()).date();
        let from = today.checked_sub_days(Days::new(PROBE_DAYS)).unwrap_or(today);
        let ask = BarsAsk { symbol: PROBE_SYMBOL.to_owned(), kind: None, from, to: today, today };
        let outcome = self.bars(&ask).await.map(|series| match series.bars.last() {
            Some(bar) => format!("{PROBE_SYMBOL} to {}", bar.date),
            None => PROBE_SYMBOL.to_owned(),
        });
        vec![Ability { name: "daily prices", outcome }]
    }
}

fn read(answer: &Answer) -> Result<Chart, Fault> {
    refuse(answer)?;
    let body: Value = match answer.json() {
        Ok(body) => body,
        Err(fault) => with_finite_numbers(answer).ok_or(fault)?,
    };
    let result = body.pointer("/chart/result/0").cloned().ok_or_else(|| {
        answer.fault(FaultKind::Malformed, format!("no chart in the answer: {}", answer.quote()))
    })?;
    serde_json::from_value(result)
        .map_err(|error| answer.fault(FaultKind::Malformed, format!("not the documented chart: {error}")))
}

/// The body with its infinite numbers, which JSON does not know, as missing ones.
fn with_finite_numbers(answer: &Answer) -> Option<Value> {
    let text = answer.text();
    let finite = text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
    serde_json::from_str(&finite).ok()
}

/// Classifies an answer that is an error: by its code and description, by the text of a proxy, by its status.
fn refuse(answer: &Answer) -> Result<(), Fault> {
    let by_status = answer.fault_by_status();
    if let Some((code, description)) = error(answer) {
        let said = if description.is_empty() { code.clone() } else { description };
        let kind = match (code.as_str(), by_status) {
            _ if said.contains("Data doesn't exist") => FaultKind::NoData,
            ("Not Found", _) => FaultKind::NotFound,
            ("Unauthorized", _) => FaultKind::Auth,
            (_, Some(fault)) => fault.kind,
            ("Internal Server Error", None) => FaultKind::Transient,
            (_, None) => FaultKind::BadRequest,
        };
        return Err(answer.fault(kind, said));
    }
    // JSON of a good answer may hold these words in the name of a company.
    if answer.is_success() && !answer.body.trim_ascii_start().starts_with(b"{") {
        let text = answer.text().to_ascii_lowercase();
        if text.contains("too many requests") {
            return Err(answer.fault(FaultKind::RateLimited, answer.quote()));
        }
        if text.contains("will be right back") {
            return Err(answer.fault(FaultKind::Transient, "a page that says to come back later"));
        }
    }
    by_status.map_or(Ok(()), Err)
}

/// Code and description of an error of the chart or of the gate before it.
fn error(answer: &Answer) -> Option<(String, String)> {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(alias = "finance")]
        chart: Gate,
    }
    #[derive(serde::Deserialize)]
    struct Gate {
        error: Option<Refusal>,
    }
    #[derive(serde::Deserialize)]
    struct Refusal {
        #[serde(default)]
        code: String,
        #[serde(default)]
        description: String,
    }
    let body: Body = serde_json::from_slice(&answer.body).ok()?;
    body.chart.error.map(|error| (error.code, error.description))
}
