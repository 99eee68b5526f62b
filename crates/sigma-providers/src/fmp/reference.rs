//! Profiles and Treasury yields.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Deserialize;
use serde_json::Value;
use sigma_core::model::{InstrumentKind, RatePoint};

use super::{Fmp, PROFILE, TREASURY, cell, dates, spell};
use crate::fault::{Fault, FaultKind};
use crate::http::Answer;
use crate::{Security, continuous_yield};

/// A profile; names of `/api/v3` stand behind those of today.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Profile {
    #[serde(deserialize_with = "cell::text")]
    symbol: Option<String>,
    #[serde(deserialize_with = "cell::number")]
    price: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    market_cap: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    mkt_cap: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    last_dividend: Option<f64>,
    #[serde(deserialize_with = "cell::number")]
    last_div: Option<f64>,
    #[serde(deserialize_with = "cell::text")]
    company_name: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    currency: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    exchange_short_name: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    exchange: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    sector: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    industry: Option<String>,
    #[serde(deserialize_with = "cell::text")]
    country: Option<String>,
    #[serde(deserialize_with = "cell::flag")]
    is_etf: Option<bool>,
    #[serde(deserialize_with = "cell::flag")]
    is_fund: Option<bool>,
}

/// Reads the profile of a canonical symbol; an empty array is a symbol that the provider does not know.
pub fn parse_profile(answer: &Answer, symbol: &str) -> Result<Security, Fault> {
    let spelled = spell(symbol, None);
    let is_asked = |name: &str| name.eq_ignore_ascii_case(&spelled);
    let profiles: Vec<Profile> = answer.json()?;
    let profile = profiles.into_iter().find(|profile| profile.symbol.as_deref().is_none_or(is_asked));
    let unknown = || answer.fault(FaultKind::NotFound, format!("no profile of {symbol}"));
    let profile = profile.ok_or_else(unknown)?;
    let kind = match (profile.is_etf, profile.is_fund) {
        _ if spelled.starts_with('^') => Some(InstrumentKind::Index),
        (Some(true), _) => Some(InstrumentKind::Etf),
        (_, Some(true)) => Some(InstrumentKind::MutualFund),
        (None, None) => None,
        _ => Some(InstrumentKind::Stock),
    };
    // Of a fund, sector and industry tell what its manager does, not what it holds.
    let is_company = !matches!(kind, Some(InstrumentKind::Etf | InstrumentKind::MutualFund));
    let paid = profile.last_dividend.or(profile.last_div);
    Ok(Security {
        name: profile.company_name,
        kind,
        sector: profile.sector.filter(|_| is_company),
        industry: profile.industry.filter(|_| is_company),
        exchange: profile.exchange_short_name.or(profile.exchange),
        country: profile.country,
        currency: profile.currency,
        market_cap: profile.market_cap.or(profile.mkt_cap).filter(|cap| *cap > 0.0),
        dividend_yield: paid.zip(profile.price).and_then(|(paid, price)| continuous_yield(paid, price)),
        ..Security::of_symbol(symbol)
    })
}

/// The yields of one day, percent a year, by FRED series.
#[derive(Debug, Clone, PartialEq)]
pub struct Yields {
    pub date: NaiveDate,
    pub percent: BTreeMap<&'static str, f64>,
}

/// Maturities under the names of FRED and of this provider.
const MATURITIES: [(&str, &str); 12] = [
    ("DGS1MO", "month1"),
    ("DGS2MO", "month2"),
    ("DGS3MO", "month3"),
    ("DGS6MO", "month6"),
    ("DGS1", "year1"),
    ("DGS2", "year2"),
    ("DGS3", "year3"),
    ("DGS5", "year5"),
    ("DGS7", "year7"),
    ("DGS10", "year10"),
    ("DGS20", "year20"),
    ("DGS30", "year30"),
];

#[derive(Deserialize)]
struct YieldRow {
    #[serde(default, deserialize_with = "cell::date")]
    date: Option<NaiveDate>,
    #[serde(flatten)]
    cells: BTreeMap<String, Value>,
}

/// Reads Treasury yields; a maturity without a number is left out. Two different rows of one day are malformed.
pub fn parse_yields(answer: &Answer) -> Result<Vec<Yields>, Fault> {
    let malformed = |detail: String| answer.fault(FaultKind::Malformed, detail);
    let mut days: BTreeMap<NaiveDate, Yields> = BTreeMap::new();
    for YieldRow { date, cells } in answer.json::<Vec<YieldRow>>()? {
        let date = date.ok_or_else(|| malformed("yields without a readable date".to_owned()))?;
        let value = |(series, column): (&'static str, &str)| {
            let percent = cell::number(cells.get(column)?).ok().flatten();
            percent.map(|percent| (series, percent))
        };
        let day = Yields { date, percent: MATURITIES.into_iter().filter_map(value).collect() };
        if days.insert(date, day.clone()).is_some_and(|other| other != day) {
            return Err(malformed(format!("two different rows of yields on {date}")));
        }
    }
    Ok(days.into_values().collect())
}

impl Fmp {
    /// Facts about a security.
    pub async fn profile(&self, symbol: &str) -> Result<Security, Fault> {
        self.ask(PROFILE, Some(&spell(symbol, None)), &[], |answer| parse_profile(answer, symbol)).await
    }

    /// One series of Treasury yields under its FRED name, `DGS1MO` to `DGS30`, by ascending date. They are fetched by the
    /// quarter, once for all series.
    pub async fn yields(
        &self,
        series: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<RatePoint>, Fault> {
        let fault = |kind, detail| Fault::new(self.service.name(), kind, detail);
        if !MATURITIES.iter().any(|(name, _)| *name == series) {
            return Err(fault(FaultKind::NotFound, format!("no series {series}; Treasury yields alone")));
        }
        let mut points = Vec::new();
        let mut quarters = self.yields.lock().await;
        for (first, last) in quarters_between(from, to) {
            let days = match quarters.entry(first) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => {
                    free.insert(self.ask(TREASURY, None, &dates(first, last), parse_yields).await?)
                }
            };
            let days = days.iter().filter(|day| first <= day.date && day.date <= last);
            let days = days.filter(|day| from <= day.date && day.date <= to);
            let point = |day: &Yields| Some(RatePoint { date: day.date, percent: *day.percent.get(series)? });
            points.extend(days.filter_map(point));
        }
        if points.is_empty() {
            return Err(fault(FaultKind::NoData, format!("no {series} between {from} and {to}")));
        }
        Ok(points)
    }
}

/// First and last days of the quarters that dates fall into: one request answers for three months at most.
fn quarters_between(from: NaiveDate, to: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let first = from.with_day(1).and_then(|day| day.with_month0(from.month0() / 3 * 3));
    let next = |day: &NaiveDate| day.checked_add_months(Months::new(3));
    let starts = std::iter::successors(first, next).take_while(|start| *start <= to);
    starts.filter_map(|start| Some((start, next(&start)? - Days::new(1)))).collect()
}
