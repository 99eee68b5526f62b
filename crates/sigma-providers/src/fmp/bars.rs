//! Daily prices.
//!
//! Closes of `historical-price-eod/full` are adjusted for splits. They are turned back into prices as traded with the
//! splits that the same provider tells; prices that cannot be turned back are not given. Where the plan refuses splits,
//! `non-split-adjusted` is asked, which holds prices as traded under the names of adjusted ones.
//!
//! `change` and `changePercent` are never read: they compare with the day's own open.

use std::collections::BTreeMap;

use chrono::{Days, Months, NaiveDate};
use serde::Deserialize;
use sigma_core::model::{CloseBasis, PriceBar};

use super::actions::Splits;
use super::{ADJUSTED, AS_TRADED, DIVIDENDS, Endpoint, FULL, Fmp, LIGHT, SPLITS};
use super::{cell, dates, is_plan, legacy, lock, spell};
use crate::ask::{BarsAsk, Series};
use crate::fault::{Fault, FaultKind};
use crate::http::Answer;
use crate::unadjust::{not_restated, unadjust};

/// The longest stretch that one request answers for.
const LONGEST: Months = Months::new(60);

/// Under which names an answer holds prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `open`, `high`, `low`, `close`.
    Full,
    /// The same with `adjClose` for splits and dividends, in an object.
    Legacy,
    /// `adjOpen`, `adjHigh`, `adjLow`, `adjClose`, whatever they are adjusted for.
    Adjusted,
    /// `price` alone.
    Light,
}

/// One row; every shape leaves some of it blank.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Row {
    #[serde(deserialize_with = "cell::text")]
    symbol: Option<String>,
    #[serde(deserialize_with = "cell::date")]
    date: Option<NaiveDate>,
    #[serde(deserialize_with = "cell::number")]
    open: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    high: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    low: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    close: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    adj_open: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    adj_high: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    adj_low: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    adj_close: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    price: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    volume: Option<f64>,
}

/// Bars as an answer states them, and the rows that are none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    pub bars: Vec<PriceBar>,
    pub problems: Vec<String>,
    /// Dates of rows that are none.
    pub unusable: Vec<NaiveDate>,
}

/// Reads the bars of one symbol, spelled as it was asked for.
pub fn parse(answer: &Answer, shape: Shape, spelled: &str) -> Result<Rows, Fault> {
    let given: Vec<Row> = legacy::rows(answer, spelled, shape == Shape::Legacy)?;
    let mut rows = Rows::default();
    let (mut of_others, mut undated) = (0, 0);
    for row in given {
        if row.symbol.as_deref().is_some_and(|symbol| !symbol.eq_ignore_ascii_case(spelled)) {
            of_others += 1;
            continue;
        }
        match (row.date, row.bar(shape)) {
            (None, _) => undated += 1,
            (Some(date), None) => {
                rows.problems.push(format!("{date}: no close"));
                rows.unusable.push(date);
            }
            (Some(_), Some(bar)) => rows.bars.push(bar),
        }
    }
    let mut tell = |count: usize, what: &str| {
        if count > 0 {
            rows.problems.push(format!("{count} rows {what}"));
        }
    };
    tell(of_others, "of another symbol");
    tell(undated, "without a readable date");
    Ok(rows)
}

impl Row {
    fn bar(&self, shape: Shape) -> Option<PriceBar> {
        let [open, high, low, close] = match shape {
            Shape::Full | Shape::Legacy => [self.open, self.high, self.low, self.close],
            Shape::Adjusted => [self.adj_open, self.adj_high, self.adj_low, self.adj_close],
            Shape::Light => [None, None, None, self.price],
        };
        Some(PriceBar {
            date: self.date?,
            open,
            high,
            low,
            close: close?,
            adj_close: self.adj_close.filter(|_| shape == Shape::Legacy),
            volume: self.volume,
            source: "fmp".to_owned(),
            basis: CloseBasis::AsTraded,
        })
    }
}

impl Fmp {
    /// Daily prices as traded.
    pub async fn bars(&self, ask: &BarsAsk) -> Result<Series, Fault> {
        let refused = match self.refusal(SPLITS) {
            Some(fault) => fault,
            None => {
                let rows = self.split_adjusted(ask).await?;
                match self.splits_of(&spell(&ask.symbol, ask.kind), ask.today).await {
                    Ok(splits) => {
                        let series = rebuilt(rows, &splits, ask);
                        if series.bars.is_empty() {
                            return Err(self.no_data(ask, &series.problems));
                        }
                        return self.with_adjusted(ask, series).await;
                    }
                    Err(fault) if is_plan(&fault) => fault,
                    Err(fault) => return Err(fault),
                }
            }
        };
        if self.is_legacy {
            return Err(refused);
        }
        match self.fetch_rows(AS_TRADED, Shape::Adjusted, ask).await {
            Ok(Rows { bars, problems, unusable }) => {
                self.with_adjusted(ask, Series { bars, problems, unusable, ..Series::default() }).await
            }
            Err(fault) if is_plan(&fault) => Err(refused),
            Err(fault) => Err(fault),
        }
    }

    /// Closes adjusted for splits and dividends, as the provider reckons them: in cents, and anew with every dividend.
    pub async fn adjusted_closes(&self, ask: &BarsAsk) -> Result<BTreeMap<NaiveDate, f64>, Fault> {
        let Rows { bars, .. } = self.fetch_rows(ADJUSTED, Shape::Adjusted, ask).await?;
        let mut closes = BTreeMap::new();
        let mut contested = Vec::new();
        for PriceBar { date, close, .. } in bars {
            if closes.insert(date, close).is_some_and(|other| other != close) {
                contested.push(date);
            }
        }
        closes.retain(|date, _| !contested.contains(date));
        Ok(closes)
    }

    async fn split_adjusted(&self, ask: &BarsAsk) -> Result<Rows, Fault> {
        let shape = if self.is_legacy { Shape::Legacy } else { Shape::Full };
        match self.fetch_rows(FULL, shape, ask).await {
            Err(fault) if fault.kind == FaultKind::PlanEndpoint && !self.is_legacy => {
                self.fetch_rows(LIGHT, Shape::Light, ask).await
            }
            other => other,
        }
    }

    /// Adds adjusted closes where the plan refuses the dividends that they could be reckoned from.
    async fn with_adjusted(&self, ask: &BarsAsk, mut series: Series) -> Result<Series, Fault> {
        if self.is_legacy || self.refusal(DIVIDENDS).is_none() {
            return Ok(series);
        }
        match self.adjusted_closes(ask).await {
            Ok(closes) => {
                for bar in &mut series.bars {
                    bar.adj_close = closes.get(&bar.date).copied();
                }
            }
            Err(fault) if is_plan(&fault) || fault.kind == FaultKind::NoData => {
                series.problems.push(format!("neither dividends nor adjusted closes: {fault}"));
            }
            Err(fault) => return Err(fault),
        }
        Ok(series)
    }

    /// The rows between the dates asked for, whatever they are adjusted for; none at all is a fault.
    pub(super) async fn fetch_rows(
        &self,
        endpoint: Endpoint,
        shape: Shape,
        ask: &BarsAsk,
    ) -> Result<Rows, Fault> {
        let spelled = spell(&ask.symbol, ask.kind);
        let mut all = Rows::default();
        for (from, to) in stretches(ask.from, ask.to) {
            let read = |answer: &Answer| parse(answer, shape, &spelled);
            let rows = match self.ask(endpoint, Some(&spelled), &dates(from, to), read).await {
                // The plan ends there: what it has of the time since is no less true.
                Err(fault) if ends_history(&fault) && !all.bars.is_empty() => {
                    all.problems.push(format!("nothing before {}: {fault}", to + Days::new(1)));
                    break;
                }
                answer => answer?,
            };
            all.bars.extend(rows.bars);
            all.problems.extend(rows.problems);
            all.unusable.extend(rows.unusable);
        }
        if let Some(problem) = all.problems.first().filter(|_| all.bars.is_empty()) {
            let detail = format!("no row of {spelled} can be used: {problem}");
            return Err(Fault::new(self.service.name(), FaultKind::Malformed, detail));
        }
        all.tidy(ask.from, ask.to);
        if all.bars.is_empty() {
            return Err(self.no_data(ask, &all.problems));
        }
        Ok(all)
    }

    fn no_data(&self, ask: &BarsAsk, problems: &[String]) -> Fault {
        let BarsAsk { symbol, from, to, .. } = ask;
        let why = problems.first().map(|problem| format!(": {problem}")).unwrap_or_default();
        let detail = format!("no prices of {symbol} between {from} and {to}{why}");
        Fault::new(self.service.name(), FaultKind::NoData, detail)
    }

    /// The splits of all time, asked for once a day: bars and actions need the same.
    pub(super) async fn splits_of(&self, spelled: &str, today: NaiveDate) -> Result<Splits, Fault> {
        let known = lock(&self.splits).get(spelled).filter(|(asked, _)| *asked == today).cloned();
        match known {
            Some((_, splits)) => Ok(splits),
            None => self.fetch_splits(spelled, today).await,
        }
    }

    /// Fetches the splits of all time, and keeps them.
    pub(super) async fn fetch_splits(&self, spelled: &str, today: NaiveDate) -> Result<Splits, Fault> {
        let read = |answer: &Answer| super::actions::parse_splits(answer, spelled, self.is_legacy);
        let splits = self.ask(SPLITS, Some(spelled), &[], read).await?;
        lock(&self.splits).insert(spelled.to_owned(), (today, splits.clone()));
        Ok(splits)
    }
}

impl Rows {
    /// Takes out what lies beyond the dates and what stands there twice; two different rows of one date both stay, for
    /// the screen to refuse.
    fn tidy(&mut self, from: NaiveDate, to: NaiveDate) {
        let before = self.bars.len();
        self.bars.retain(|bar| from <= bar.date && bar.date <= to);
        self.unusable.retain(|date| from <= *date && *date <= to);
        let beyond = before - self.bars.len();
        if beyond > 0 {
            self.problems.push(format!("{beyond} rows beyond {from} to {to}"));
        }
        let mut seen: BTreeMap<NaiveDate, Vec<PriceBar>> = BTreeMap::new();
        self.bars.retain(|bar| {
            let same_day = seen.entry(bar.date).or_default();
            let is_new = !same_day.contains(bar);
            if is_new {
                same_day.push(bar.clone());
            }
            is_new
        });
    }
}

/// Whether a plan leaves an older stretch out.
fn ends_history(fault: &Fault) -> bool {
    is_plan(fault) || fault.kind == FaultKind::PlanTimeframe
}

/// Turns split-adjusted rows back into prices as traded.
fn rebuilt(rows: Rows, splits: &Splits, ask: &BarsAsk) -> Series {
    let Rows { mut bars, mut problems, unusable: mut unknown } = rows;
    let effective: Vec<_> = splits.rows.iter().filter(|split| split.date <= ask.today).cloned().collect();
    let unusable = splits.unusable.iter().filter(|date| **date <= ask.today).max();
    if let Some(date) = unusable.filter(|date| bars.iter().any(|bar| bar.date < **date)) {
        unknown.extend(bars.iter().map(|bar| bar.date).filter(|day| day < date));
        bars.retain(|bar| bar.date >= *date);
        problems.push(format!("the split of {date} has no clear ratio: prices before it cannot be made raw"));
    }
    if let Some(split) = not_restated(&bars, &effective, ask.today) {
        let date = split.date;
        unknown.extend(bars.iter().map(|bar| bar.date).filter(|day| *day < date));
        bars.retain(|bar| bar.date >= date);
        problems.push(format!(
            "the prices before the split of {date} are not restated yet: left out until they are"
        ));
    }
    unadjust(&mut bars, &effective);
    let splits = effective.into_iter().filter(|split| split.date >= ask.from).collect();
    Series { bars, splits: Some(splits), dividends: None, problems, unusable: unknown }
}

/// Stretches of at most [`LONGEST`] that cover the dates without overlap, newest first.
fn stretches(from: NaiveDate, to: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let mut all = Vec::new();
    let mut start = from;
    while start <= to {
        let next = start.checked_add_months(LONGEST).filter(|next| *next <= to);
        all.push((start, next.map_or(to, |next| next - Days::new(1))));
        let Some(next) = next else { break };
        start = next;
    }
    all.reverse();
    all
}
