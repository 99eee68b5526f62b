//! Splits and dividends.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use sigma_core::model::{Dividend, Split};

use crate::{
    Store,
    error::Result,
    save::{Saved, filter_around},
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
    pub(crate) fn into_split(self) -> Split {
        Split { date: self.date, from: self.from_shares, to: self.to_shares }
    }
}

impl DividendRecord {
    pub(crate) fn into_dividend(self) -> Dividend {
        Dividend { ex_date: self.ex_date, amount: self.amount }
    }
}

impl Store {
    /// Adds or alters splits of one instrument, as told by one provider.
    #[boxed]
    pub async fn save_splits(&mut self, instrument_id: i64, splits: &[Split], source: &str) -> Result<Saved> {
        let record = |split: &Split| SplitRecord {
            instrument_id,
            date: split.date,
            from_shares: split.from,
            to_shares: split.to,
            source: source.to_owned(),
        };
        let records: Vec<SplitRecord> = splits.iter().map(record).collect();
        match filter_around(&records) {
            Some(filter) => self.merge(filter, records).await,
            None => Ok(Saved::default()),
        }
    }

    /// Adds or alters dividends of one instrument, as told by one provider.
    #[boxed]
    pub async fn save_dividends(
        &mut self,
        instrument_id: i64,
        dividends: &[Dividend],
        source: &str,
    ) -> Result<Saved> {
        let record = |dividend: &Dividend| DividendRecord {
            instrument_id,
            ex_date: dividend.ex_date,
            amount: dividend.amount,
            source: source.to_owned(),
        };
        let records: Vec<DividendRecord> = dividends.iter().map(record).collect();
        match filter_around(&records) {
            Some(filter) => self.merge(filter, records).await,
            None => Ok(Saved::default()),
        }
    }
}
