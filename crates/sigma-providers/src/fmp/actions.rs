//! Splits and dividends.
//!
//! A split states `numerator` new shares for `denominator` old ones. A dividend states `dividend` as paid and
//! `adjDividend` in the shares of today; where only the latter is known, it is the amount paid if no split came after.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use sigma_core::model::{Dividend, Split};

use super::{DIVIDENDS, Fmp, cell, legacy, spell};
use crate::ask::Actions;
use crate::fault::{Fault, FaultKind};
use crate::http::Answer;
use crate::moment;

/// The splits of a symbol by ascending date, at most one a day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Splits {
    pub rows: Vec<Split>,
    /// Dates of splits whose ratio is missing, or told in two ways.
    pub unusable: Vec<NaiveDate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SplitRow {
    #[serde(deserialize_with = "cell::date")]
    date: Option<NaiveDate>,
    #[serde(deserialize_with = "cell::number")]
    numerator: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    denominator: Option<f64>,
}

/// A row of dividends. Dates other than the ex-date only tell rows apart.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DividendRow {
    /// Ex-date.
    #[serde(deserialize_with = "cell::date")]
    pub date: Option<NaiveDate>,
    #[serde(deserialize_with = "cell::text")]
    pub record_date: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    pub payment_date: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    pub declaration_date: Option<String>,
    /// US dollars a share as paid.
    #[serde(deserialize_with = "cell::number")]
    pub dividend: Option<f64>,
    /// US dollars a share of today.
    #[serde(deserialize_with = "cell::number")]
    pub adj_dividend: Option<f64>,
}

/// Reads splits. A split without a date is malformed: no price before today could be made raw.
pub fn parse_splits(answer: &Answer, spelled: &str, is_legacy: bool) -> Result<Splits, Fault> {
    let mut by_date: BTreeMap<NaiveDate, Vec<Option<(f64, f64)>>> = BTreeMap::new();
    for row in legacy::rows::<SplitRow>(answer, spelled, is_legacy)? {
        let Some(date) = row.date else {
            return Err(answer.fault(FaultKind::Malformed, "a split without a readable date"));
        };
        let ratio = row.denominator.zip(row.numerator).filter(|(from, to)| *from > 0.0 && *to > 0.0);
        by_date.entry(date).or_default().push(ratio);
    }
    let mut splits = Splits::default();
    for (date, ratios) in by_date {
        match clear_ratio(&ratios) {
            Some((from, to)) if from != to => splits.rows.push(Split { date, from, to }),
            Some(_) => {}
            None => splits.unusable.push(date),
        }
    }
    Ok(splits)
}

/// The ratio that every row of a day tells, be it as 4/1 or as 8/2.
fn clear_ratio(ratios: &[Option<(f64, f64)>]) -> Option<(f64, f64)> {
    let first = (*ratios.first()?)?;
    let is_same = |ratio: &Option<(f64, f64)>| ratio.is_some_and(|(from, to)| from * first.1 == to * first.0);
    ratios.iter().all(is_same).then_some(first)
}

/// Reads rows of dividends.
pub fn parse_dividends(answer: &Answer, spelled: &str, is_legacy: bool) -> Result<Vec<DividendRow>, Fault> {
    legacy::rows(answer, spelled, is_legacy)
}

/// The amounts paid between two dates, one a day by ascending date, and what is wrong with the rows that are none.
pub fn paid(
    rows: &[DividendRow],
    splits: &Splits,
    from: NaiveDate,
    to: NaiveDate,
) -> (Vec<Dividend>, Vec<String>) {
    let mut problems = Vec::new();
    let mut amounts: BTreeMap<NaiveDate, f64> = BTreeMap::new();
    let undated = rows.iter().filter(|row| row.date.is_none()).count();
    if undated > 0 {
        problems.push(format!("{undated} dividends without a readable date"));
    }
    for (position, row) in rows.iter().enumerate() {
        let Some(date) = row.date.filter(|date| from <= *date && *date <= to) else { continue };
        if rows[..position].contains(row) {
            problems.push(format!("dividend of {date}: the same row again, counted once"));
            continue;
        }
        match amount(row, date, splits) {
            Ok(amount) => *amounts.entry(date).or_default() += amount,
            Err(problem) => problems.push(format!("dividend of {date}: {problem}")),
        }
    }
    let dividends = amounts.into_iter().map(|(ex_date, amount)| Dividend { ex_date, amount });
    (dividends.collect(), problems)
}

fn amount(row: &DividendRow, date: NaiveDate, splits: &Splits) -> Result<f64, &'static str> {
    let mut split_dates = splits.rows.iter().map(|split| split.date).chain(splits.unusable.iter().copied());
    let amount = match (row.dividend, row.adj_dividend) {
        (Some(amount), _) => amount,
        (None, Some(amount)) if !split_dates.any(|split| split > date) => amount,
        (None, Some(_)) => return Err("the amount paid is not told, and the shares have been split since"),
        (None, None) => return Err("no amount"),
    };
    if amount > 0.0 { Ok(amount) } else { Err("not a positive amount") }
}

impl Fmp {
    /// Splits and dividends by effective date and ex-date, both ends included.
    pub async fn actions(&self, symbol: &str, from: NaiveDate, to: NaiveDate) -> Result<Actions, Fault> {
        let spelled = spell(symbol, None);
        let read = |answer: &Answer| parse_dividends(answer, &spelled, self.is_legacy);
        let rows = self.ask(DIVIDENDS, Some(&spelled), &[], read).await?;
        let today = moment::new_york(self.service.data_now()).date();
        let splits = self.splits_of(&spelled, today).await?;
        let (dividends, mut problems) = paid(&rows, &splits, from, to);
        let is_asked = |date: &NaiveDate| from <= *date && *date <= to;
        let unusable = splits.unusable.iter().filter(|date| is_asked(date));
        problems.extend(unusable.map(|date| format!("split of {date}: no clear ratio")));
        let splits = splits.rows.into_iter().filter(|split| is_asked(&split.date)).collect();
        Ok(Actions { splits, dividends, problems })
    }
}
