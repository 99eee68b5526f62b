//! All that was learned about some symbols, saved at once.

use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_core::model::{Dividend, OptionQuote, PriceBar, RatePoint, Split};

use crate::{
    Fetch, QuarantinedBar, Store,
    connection::Conn,
    corporate_actions::{DividendRecord, SplitRecord, withdraw},
    error::Result,
    fetches,
    option_quotes::{self, QuoteRecord},
    prices::{self, PriceRecord},
    quarantine,
    rates::{self, RateRecord},
    save::{Saved, Written, merge},
};

/// Rows that are stored together or not at all.
#[derive(Debug, Clone, Default)]
pub struct MarketBatch {
    /// By instrument id.
    pub bars: HashMap<i64, Vec<PriceBar>>,
    pub splits: Vec<SourcedSplit>,
    pub dividends: Vec<SourcedDividend>,
    /// Splits that their provider does not tell any more, by instrument id and date. They are taken away before anything
    /// is added, in the same transaction.
    pub withdrawn_splits: Vec<(i64, NaiveDate)>,
    /// The same of dividends, by ex-date.
    pub withdrawn_dividends: Vec<(i64, NaiveDate)>,
    /// By the id of the contract.
    pub quotes: HashMap<i64, Vec<OptionQuote>>,
    pub rates: Vec<SourcedRates>,
    pub quarantine: Vec<QuarantinedBar>,
    pub fetches: Vec<Fetch>,
}

/// A split of an instrument, as told by one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcedSplit {
    pub instrument_id: i64,
    pub split: Split,
    pub source: String,
}

/// A dividend of an instrument, as told by one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcedDividend {
    pub instrument_id: i64,
    pub dividend: Dividend,
    pub source: String,
}

/// Points of a series, as told by one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcedRates {
    pub series: String,
    pub points: Vec<RatePoint>,
    pub source: String,
}

impl MarketBatch {
    /// Number of rows that it adds or alters, as [`Saved::stored`] counts them.
    pub fn rows(&self) -> u64 {
        let keyed = self.bars.values().map(Vec::len).chain(self.quotes.values().map(Vec::len));
        let listed = [self.splits.len(), self.dividends.len(), self.quarantine.len(), self.fetches.len()];
        let rates = self.rates.iter().map(|rates| rates.points.len());
        keyed.chain(listed).chain(rates).sum::<usize>() as u64
    }

    fn into_rows(self) -> Rows {
        let split = |s: &SourcedSplit| SplitRecord::new(s.instrument_id, &s.split, &s.source);
        let dividend = |d: &SourcedDividend| DividendRecord::new(d.instrument_id, &d.dividend, &d.source);
        let of_series =
            |r: &SourcedRates| rates::records(&r.series, &r.points, &r.source).collect::<Vec<_>>();
        Rows {
            bars: prices::records(&self.bars),
            splits: self.splits.iter().map(split).collect(),
            dividends: self.dividends.iter().map(dividend).collect(),
            withdrawn_splits: self.withdrawn_splits,
            withdrawn_dividends: self.withdrawn_dividends,
            quotes: option_quotes::records(&self.quotes),
            rates: self.rates.iter().flat_map(of_series).collect(),
            quarantine: self.quarantine,
            fetches: self.fetches,
        }
    }
}

/// A batch as rows of tables.
struct Rows {
    bars: Vec<PriceRecord>,
    splits: Vec<SplitRecord>,
    dividends: Vec<DividendRecord>,
    withdrawn_splits: Vec<(i64, NaiveDate)>,
    withdrawn_dividends: Vec<(i64, NaiveDate)>,
    quotes: Vec<QuoteRecord>,
    rates: Vec<RateRecord>,
    quarantine: Vec<QuarantinedBar>,
    fetches: Vec<Fetch>,
}

/// What remains to be counted after the commit.
struct Unverified {
    withdrawn: u64,
    bars: Written<PriceRecord>,
    splits: Written<SplitRecord>,
    dividends: Written<DividendRecord>,
    quotes: Written<QuoteRecord>,
    rates: Written<RateRecord>,
    quarantine: Saved,
    fetches: fetches::Written,
}

impl Rows {
    async fn write(self, c: &mut Conn<'_>) -> Result<Unverified> {
        let withdrawn = withdraw::<SplitRecord>(c, &self.withdrawn_splits).await?
            + withdraw::<DividendRecord>(c, &self.withdrawn_dividends).await?;
        Ok(Unverified {
            withdrawn,
            bars: merge(c, self.bars).await?,
            splits: merge(c, self.splits).await?,
            dividends: merge(c, self.dividends).await?,
            quotes: merge(c, self.quotes).await?,
            rates: merge(c, self.rates).await?,
            quarantine: quarantine::write(c, self.quarantine).await?,
            fetches: fetches::write(c, self.fetches).await?,
        })
    }
}

impl Unverified {
    async fn verify(self, c: &mut Conn<'_>) -> Result<Saved> {
        let mut saved = self.quarantine;
        saved.changed += self.withdrawn;
        saved += self.bars.verify(c).await?;
        saved += self.splits.verify(c).await?;
        saved += self.dividends.verify(c).await?;
        saved += self.quotes.verify(c).await?;
        saved += self.rates.verify(c).await?;
        saved += self.fetches.verify(c).await?;
        Ok(saved)
    }
}

impl Store {
    /// Adds or alters the rows of a batch in one transaction: when any of them is refused, none is kept. Unchanged rows
    /// are not written.
    #[boxed]
    pub async fn save_market_batch(&mut self, batch: MarketBatch) -> Result<Saved> {
        let rows = batch.into_rows();
        let written = self.db.write(async move |c: &mut Conn<'_>| rows.write(c).await).await?;
        self.db.read(async move |c: &mut Conn<'_>| written.verify(c).await).await
    }
}
