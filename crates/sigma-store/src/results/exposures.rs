//! Exposures of portfolios by asset type, sector, underlying and tag.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use sigma_core::model::{Dimension, ExposureRow};

use crate::{
    Store,
    error::Result,
    save::{Filter, Record, Saved, Scope, describe},
    value::{code, count, size},
};

record! {
    ExposureRecord in portfolio_exposures,
    entity portfolio_id: i64, date as_of, part [], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate, dimension: String, bucket: String),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        dimension: String,
        bucket: String,
        position_count: i64,
        gross: f64,
        net: f64,
        long_value: f64,
        short_value: f64,
        notional: Option<f64>,
        delta_adjusted: Option<f64>,
        beta_adjusted: Option<f64>,
    }
}

impl ExposureRecord {
    fn new(run_id: i64, portfolio_id: i64, as_of: NaiveDate, row: ExposureRow) -> Result<ExposureRecord> {
        let key = || describe("portfolio_exposures", &(portfolio_id, as_of, row.dimension, &row.bucket));
        Ok(ExposureRecord {
            portfolio_id,
            as_of,
            dimension: row.dimension.as_str().to_owned(),
            position_count: count(key, "position_count", row.position_count)?,
            gross: row.gross,
            net: row.net,
            long_value: row.long_value,
            short_value: row.short_value,
            notional: row.notional,
            delta_adjusted: row.delta_adjusted,
            beta_adjusted: row.beta_adjusted,
            bucket: row.bucket,
            run_id,
        })
    }

    fn into_row(self) -> Result<(i64, NaiveDate, ExposureRow)> {
        let key = || self.describe();
        let row = ExposureRow {
            dimension: code(key, &self.dimension, Dimension::parse(&self.dimension))?,
            position_count: size(key, "position_count", self.position_count)?,
            gross: self.gross,
            net: self.net,
            long_value: self.long_value,
            short_value: self.short_value,
            notional: self.notional,
            delta_adjusted: self.delta_adjusted,
            beta_adjusted: self.beta_adjusted,
            bucket: self.bucket,
        };
        Ok((self.portfolio_id, self.as_of, row))
    }
}

impl Store {
    /// Makes the exposures of these portfolios and dates exactly these.
    #[boxed]
    pub async fn save_exposures(
        &mut self,
        run_id: i64,
        scope: &Scope,
        rows: Vec<(i64, NaiveDate, ExposureRow)>,
    ) -> Result<Saved> {
        let records = rows.into_iter().map(|(id, as_of, row)| ExposureRecord::new(run_id, id, as_of, row));
        self.replace(Filter::new(scope, None), records.collect::<Result<Vec<_>>>()?).await
    }

    /// Exposures by portfolio, date, dimension (totals first) and bucket.
    #[boxed]
    pub async fn exposures(&mut self, scope: &Scope) -> Result<Vec<(i64, NaiveDate, ExposureRow)>> {
        let records: Vec<ExposureRecord> = self.rows(Filter::new(scope, None)).await?;
        let mut rows = records.into_iter().map(ExposureRecord::into_row).collect::<Result<Vec<_>>>()?;
        rows.sort_by_key(|(id, as_of, row)| (*id, *as_of, row.dimension));
        Ok(rows)
    }
}
