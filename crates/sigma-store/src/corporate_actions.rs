//! Splits and dividends.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use sigma_core::model::{Dividend, Split};

use crate::{Store, error::Result, save::Saved};

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

impl Store {
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
