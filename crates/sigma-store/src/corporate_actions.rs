//! Splits and dividends.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use sigma_core::model::{Dividend, Split};

use crate::{
    SourcedDividend, SourcedSplit, Store,
    connection::Conn,
    error::Result,
    prices::BEGINNING,
    save::{Filter, Record, Saved, Scope, stored},
};

record! {
    SplitRecord in splits,
    entity instrument_id: i64, date date, part [], run [],
    key (instrument_id: i64, date: NaiveDate),
    {
        instrument_id: i64,
        date: NaiveDate,
        from_shares: f64,
        to_shares: f64,
        source: String,
    }
}

record! {
    DividendRecord in dividends,
    entity instrument_id: i64, date ex_date, part [], run [],
    key (instrument_id: i64, ex_date: NaiveDate),
    {
        instrument_id: i64,
        ex_date: NaiveDate,
        amount: f64,
        source: String,
    }
}

impl SplitRecord {
    pub(crate) fn new(instrument_id: i64, split: &Split, source: &str) -> SplitRecord {
        let Split { date, from, to } = *split;
        SplitRecord { instrument_id, date, from_shares: from, to_shares: to, source: source.to_owned() }
    }

    pub(crate) fn into_split(self) -> Split {
        Split { date: self.date, from: self.from_shares, to: self.to_shares }
    }
}

impl DividendRecord {
    pub(crate) fn new(instrument_id: i64, dividend: &Dividend, source: &str) -> DividendRecord {
        let Dividend { ex_date, amount } = *dividend;
        DividendRecord { instrument_id, ex_date, amount, source: source.to_owned() }
    }

    pub(crate) fn into_dividend(self) -> Dividend {
        Dividend { ex_date: self.ex_date, amount: self.amount }
    }
}

/// Takes single rows away inside a transaction, by instrument and date; gives the number of rows that were there.
pub(crate) async fn withdraw<R: Record<Entity = i64>>(
    c: &mut Conn<'_>,
    rows: &[(i64, NaiveDate)],
) -> Result<u64> {
    let mut gone = 0;
    for &(instrument_id, date) in rows {
        gone += R::delete(c, &Filter::new(&Scope::day(date, &[instrument_id]), None)).await? as u64;
    }
    Ok(gone)
}

impl Store {
    /// All splits and dividends of these instruments up to a date, with the provider that told each, by instrument and
    /// date.
    #[boxed]
    pub async fn corporate_actions(
        &mut self,
        ids: &[i64],
        to: NaiveDate,
    ) -> Result<(Vec<SourcedSplit>, Vec<SourcedDividend>)> {
        let filter = Filter::new(&Scope::range(BEGINNING, to, ids), None);
        let (splits, dividends): (Vec<SplitRecord>, Vec<DividendRecord>) = self
            .db
            .read(async move |c: &mut Conn<'_>| Ok((stored(c, &filter).await?, stored(c, &filter).await?)))
            .await?;
        let split = |row: SplitRecord| SourcedSplit {
            instrument_id: row.instrument_id,
            source: row.source.clone(),
            split: row.into_split(),
        };
        let dividend = |row: DividendRecord| SourcedDividend {
            instrument_id: row.instrument_id,
            source: row.source.clone(),
            dividend: row.into_dividend(),
        };
        Ok((splits.into_iter().map(split).collect(), dividends.into_iter().map(dividend).collect()))
    }

    /// Adds or alters splits of one instrument, as told by one provider.
    #[boxed]
    pub async fn save_splits(&mut self, instrument_id: i64, splits: &[Split], source: &str) -> Result<Saved> {
        self.merge(splits.iter().map(|split| SplitRecord::new(instrument_id, split, source)).collect()).await
    }

    /// Adds or alters dividends of one instrument, as told by one provider.
    #[boxed]
    pub async fn save_dividends(
        &mut self,
        instrument_id: i64,
        dividends: &[Dividend],
        source: &str,
    ) -> Result<Saved> {
        let record = |dividend: &Dividend| DividendRecord::new(instrument_id, dividend, source);
        self.merge(dividends.iter().map(record).collect()).await
    }
}
