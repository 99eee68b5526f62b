//! Published yields by series.

use async_recursion::async_recursion as boxed;
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sigma_core::model::RatePoint;

use crate::{
    Store,
    error::Result,
    save::{Filter, Saved},
};

record! {
    RateRecord in rates,
    entity series: String, date date, part [], run [],
    key (series: String, date: NaiveDate),
    {
        series: String,
        date: NaiveDate,
        percent: f64,
        source: String,
    }
}

/// Rows of one series.
pub(crate) fn records(series: &str, points: &[RatePoint], source: &str) -> impl Iterator<Item = RateRecord> {
    points.iter().map(|point| RateRecord {
        series: series.to_owned(),
        date: point.date,
        percent: point.percent,
        source: source.to_owned(),
    })
}

impl Store {
    /// Adds or alters points of one series, as told by one provider.
    #[boxed]
    pub async fn save_rates(&mut self, series: &str, points: &[RatePoint], source: &str) -> Result<Saved> {
        self.merge(records(series, points, source).collect()).await
    }

    /// Points of these series between two dates, both included, by ascending date. No series named: all of them.
    #[boxed]
    pub async fn rates(
        &mut self,
        series: &[String],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<HashMap<String, Vec<RatePoint>>> {
        let mut points: HashMap<String, Vec<RatePoint>> = HashMap::new();
        for RateRecord { series, date, percent, .. } in self.rate_rows(series, from, to).await? {
            points.entry(series).or_default().push(RatePoint { date, percent });
        }
        Ok(points)
    }

    /// Who has told the points of these series between two dates, both included. No series named: of all of them.
    #[boxed]
    pub async fn rate_sources(
        &mut self,
        series: &[String],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<HashMap<String, BTreeMap<NaiveDate, String>>> {
        let mut sources: HashMap<String, BTreeMap<NaiveDate, String>> = HashMap::new();
        for RateRecord { series, date, source, .. } in self.rate_rows(series, from, to).await? {
            sources.entry(series).or_default().insert(date, source);
        }
        Ok(sources)
    }

    async fn rate_rows(
        &mut self,
        series: &[String],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<RateRecord>> {
        let entities = (!series.is_empty()).then(|| series.to_vec());
        self.rows(Filter { from, to, entities, part: None }).await
    }
}
