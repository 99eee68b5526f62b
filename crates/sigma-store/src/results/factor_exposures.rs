//! Exposure of portfolios to the factors.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use sigma_core::model::FactorExposure;

use crate::{
    Store,
    error::Result,
    save::{Filter, Saved, Scope},
};

record! {
    FactorExposureRecord in factor_exposures,
    entity portfolio_id: i64, date as_of, part [method], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate, method: String, factor: String),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        method: String,
        factor: String,
        dollar_exposure: f64,
        std_error_usd: Option<f64>,
        t_value: Option<f64>,
        beta: Option<f64>,
        coverage_fraction: f64,
    }
}

impl FactorExposureRecord {
    fn into_exposure(self) -> FactorExposure {
        let FactorExposureRecord { factor, dollar_exposure, std_error_usd, t_value, .. } = self;
        let (beta, coverage_fraction) = (self.beta, self.coverage_fraction);
        FactorExposure { factor, dollar_exposure, std_error_usd, t_value, beta, coverage_fraction }
    }
}

impl Store {
    /// Makes the factor exposures of these portfolios, dates and method exactly these.
    #[boxed]
    pub async fn save_factor_exposures(
        &mut self,
        run_id: i64,
        scope: &Scope,
        method: &str,
        exposures: Vec<(i64, NaiveDate, Vec<FactorExposure>)>,
    ) -> Result<Saved> {
        let mut records = Vec::new();
        for (portfolio_id, as_of, exposures) in exposures {
            records.extend(exposures.into_iter().map(|exposure| FactorExposureRecord {
                portfolio_id,
                as_of,
                method: method.to_owned(),
                factor: exposure.factor,
                dollar_exposure: exposure.dollar_exposure,
                std_error_usd: exposure.std_error_usd,
                t_value: exposure.t_value,
                beta: exposure.beta,
                coverage_fraction: exposure.coverage_fraction,
                run_id,
            }));
        }
        self.replace(Filter::new(scope, Some(method)), records).await
    }

    /// Factor exposures by portfolio and date, in the order of the factors.
    #[boxed]
    pub async fn factor_exposures(
        &mut self,
        scope: &Scope,
        method: &str,
    ) -> Result<Vec<(i64, NaiveDate, Vec<FactorExposure>)>> {
        let order = self.factor_order().await?;
        let records: Vec<FactorExposureRecord> = self.rows(Filter::new(scope, Some(method))).await?;
        let mut exposures: Vec<(i64, NaiveDate, Vec<FactorExposure>)> = Vec::new();
        for record in records {
            let place = (record.portfolio_id, record.as_of);
            match exposures.last_mut().filter(|last| (last.0, last.1) == place) {
                Some(last) => last.2.push(record.into_exposure()),
                None => exposures.push((place.0, place.1, vec![record.into_exposure()])),
            }
        }
        for (_, _, rows) in &mut exposures {
            rows.sort_by_key(|exposure| order.of(&exposure.factor));
        }
        Ok(exposures)
    }
}
