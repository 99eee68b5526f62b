//! Daily bars and price histories.

use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::{QueryDsl, dsl};
use sigma_core::model::{CloseBasis, PriceBar, PriceHistory};

use crate::{
    Store,
    connection::Conn,
    corporate_actions::{DividendRecord, SplitRecord},
    error::Result,
    save::{Filter, Record, Saved, Scope, stored},
    schema::prices,
    value::code,
};

record! {
    PriceRecord in prices,
    entity instrument_id: i64, date date, part [], run [],
    key (instrument_id: i64, date: NaiveDate),
    {
        instrument_id: i64,
        date: NaiveDate,
        open: Option<f64>,
        high: Option<f64>,
        low: Option<f64>,
        close: f64,
        adj_close: Option<f64>,
        volume: Option<f64>,
        source: String,
        basis: String,
    }
}

/// How much price history an instrument has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceCoverage {
    pub instrument_id: i64,
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub count: u64,
}

impl PriceRecord {
    fn new(instrument_id: i64, bar: &PriceBar) -> PriceRecord {
        let PriceBar { date, open, high, low, close, adj_close, volume, ref source, basis } = *bar;
        let (source, basis) = (source.clone(), basis.as_str().to_owned());
        PriceRecord { instrument_id, date, open, high, low, close, adj_close, volume, source, basis }
    }

    fn into_bar(self) -> Result<PriceBar> {
        let basis = code(|| self.describe(), &self.basis, CloseBasis::parse(&self.basis))?;
        let PriceRecord { date, open, high, low, close, adj_close, volume, source, .. } = self;
        Ok(PriceBar { date, open, high, low, close, adj_close, volume, source, basis })
    }
}

/// Rows of many instruments.
pub(crate) fn records(bars: &HashMap<i64, Vec<PriceBar>>) -> Vec<PriceRecord> {
    bars.iter().flat_map(|(&id, bars)| bars.iter().map(move |bar| PriceRecord::new(id, bar))).collect()
}

/// From before every date that can be stored: corporate actions are needed from the beginning.
pub(crate) const BEGINNING: NaiveDate = match NaiveDate::from_ymd_opt(1900, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

impl Store {
    /// Adds or alters bars of one instrument.
    #[boxed]
    pub async fn save_prices(&mut self, instrument_id: i64, bars: &[PriceBar]) -> Result<Saved> {
        self.merge(bars.iter().map(|bar| PriceRecord::new(instrument_id, bar)).collect()).await
    }

    /// Adds or alters bars of many instruments in one transaction. Unchanged bars are not written.
    #[boxed]
    pub async fn save_price_histories(&mut self, bars: &HashMap<i64, Vec<PriceBar>>) -> Result<Saved> {
        self.merge(records(bars)).await
    }

    /// Bars between the dates (both included), and all splits and dividends up to `to`. Every id given is in the
    /// answer.
    #[boxed]
    pub async fn price_histories(
        &mut self,
        ids: &[i64],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<HashMap<i64, PriceHistory>> {
        let bars = Filter::new(&Scope::range(from, to, ids), None);
        let actions = Filter::new(&Scope::range(BEGINNING, to, ids), None);
        let (bars, splits, dividends): (Vec<PriceRecord>, Vec<SplitRecord>, Vec<DividendRecord>) = self
            .db
            .read(async move |c: &mut Conn<'_>| {
                Ok((stored(c, &bars).await?, stored(c, &actions).await?, stored(c, &actions).await?))
            })
            .await?;
        let mut histories: HashMap<i64, PriceHistory> =
            ids.iter().map(|&id| (id, PriceHistory::default())).collect();
        for row in bars {
            histories.entry(row.instrument_id).or_default().bars.push(row.into_bar()?);
        }
        for row in splits {
            histories.entry(row.instrument_id).or_default().splits.push(row.into_split());
        }
        for row in dividends {
            histories.entry(row.instrument_id).or_default().dividends.push(row.into_dividend());
        }
        Ok(histories)
    }

    /// Date of the newest bar of any instrument.
    #[boxed]
    pub async fn latest_price_date(&mut self) -> Result<Option<NaiveDate>> {
        self.db
            .read(async |c: &mut Conn<'_>| get_result!(c, prices::table.select(dsl::max(prices::date))))
            .await
    }

    /// First and last date and number of bars of every instrument that has any, by id.
    #[boxed]
    pub async fn price_coverage(&mut self) -> Result<Vec<PriceCoverage>> {
        type Row = (i64, Option<NaiveDate>, Option<NaiveDate>, i64);
        let rows: Vec<Row> = self
            .db
            .read(async |c: &mut Conn<'_>| {
                load!(
                    c,
                    prices::table.group_by(prices::instrument_id).order(prices::instrument_id).select((
                        prices::instrument_id,
                        dsl::min(prices::date),
                        dsl::max(prices::date),
                        dsl::count_star()
                    ))
                )
            })
            .await?;
        let coverage = |(instrument_id, first, last, count): Row| {
            Some(PriceCoverage { instrument_id, first: first?, last: last?, count: count.try_into().ok()? })
        };
        Ok(rows.into_iter().filter_map(coverage).collect())
    }
}
