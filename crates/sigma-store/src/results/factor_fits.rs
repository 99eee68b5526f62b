//! Regressions on the factors: one row a fit, one row a loading.

use async_recursion::async_recursion as boxed;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{FactorFit, FactorLoading, FitStatus};

use crate::{
    Store,
    connection::Conn,
    error::Result,
    save::{Absent, Filter, Record, Saved, Scope, stored, write},
    value::{code, count, from_json, size, to_json},
};

record! {
    FactorFitRecord in factor_fits,
    entity instrument_id: i64, date as_of, part [method], run [run_id],
    key (instrument_id: i64, as_of: NaiveDate, method: String),
    {
        instrument_id: i64,
        as_of: NaiveDate,
        method: String,
        status: String,
        alpha_per_day: Option<f64>,
        alpha_std_error: Option<f64>,
        alpha_t_value: Option<f64>,
        alpha_p_value: Option<f64>,
        r_squared: Option<f64>,
        adj_r_squared: Option<f64>,
        observations: i64,
        residual_vol_per_day: Option<f64>,
        condition_number: Option<f64>,
        effective_parameters: Option<f64>,
        flags: Value,
    }
}

record! {
    FactorLoadingRecord in factor_loadings,
    entity instrument_id: i64, date as_of, part [method], run [run_id],
    key (instrument_id: i64, as_of: NaiveDate, method: String, factor: String),
    {
        instrument_id: i64,
        as_of: NaiveDate,
        method: String,
        factor: String,
        coefficient: f64,
        std_error: Option<f64>,
        t_value: Option<f64>,
        p_value: Option<f64>,
        vif: Option<f64>,
    }
}

/// Instrument and date of a fit.
type Place = (i64, NaiveDate);

impl FactorFitRecord {
    fn new(run_id: i64, method: &str, (instrument_id, as_of): Place, fit: &FactorFit) -> Result<Self> {
        let mut record = FactorFitRecord {
            instrument_id,
            as_of,
            method: method.to_owned(),
            status: fit.status.as_str().to_owned(),
            alpha_per_day: fit.alpha_per_day,
            alpha_std_error: fit.alpha_std_error,
            alpha_t_value: fit.alpha_t_value,
            alpha_p_value: fit.alpha_p_value,
            r_squared: fit.r_squared,
            adj_r_squared: fit.adj_r_squared,
            observations: 0,
            residual_vol_per_day: fit.residual_vol_per_day,
            condition_number: fit.condition_number,
            effective_parameters: fit.effective_parameters,
            flags: Value::Null,
            run_id,
        };
        record.observations = count(|| record.describe(), "observations", fit.observations)?;
        record.flags = to_json(|| record.describe(), "flags", &fit.flags)?;
        Ok(record)
    }

    fn into_fit(self, loadings: Vec<FactorLoading>) -> Result<FactorFit> {
        let row = || self.describe();
        Ok(FactorFit {
            status: code(row, &self.status, FitStatus::parse(&self.status))?,
            alpha_per_day: self.alpha_per_day,
            alpha_std_error: self.alpha_std_error,
            alpha_t_value: self.alpha_t_value,
            alpha_p_value: self.alpha_p_value,
            r_squared: self.r_squared,
            adj_r_squared: self.adj_r_squared,
            observations: size(row, "observations", self.observations)?,
            residual_vol_per_day: self.residual_vol_per_day,
            condition_number: self.condition_number,
            effective_parameters: self.effective_parameters,
            flags: from_json(row, "flags", self.flags.clone())?,
            loadings,
        })
    }
}

impl FactorLoadingRecord {
    fn new(run_id: i64, method: &str, (instrument_id, as_of): Place, loading: FactorLoading) -> Self {
        let FactorLoading { factor, coefficient, std_error, t_value, p_value, vif } = loading;
        let method = method.to_owned();
        FactorLoadingRecord {
            instrument_id,
            as_of,
            method,
            factor,
            coefficient,
            std_error,
            t_value,
            p_value,
            vif,
            run_id,
        }
    }

    fn into_loading(self) -> FactorLoading {
        let FactorLoadingRecord { factor, coefficient, std_error, t_value, p_value, vif, .. } = self;
        FactorLoading { factor, coefficient, std_error, t_value, p_value, vif }
    }
}

impl Store {
    /// Makes the fits of these instruments, dates and method exactly these. Counted in fits and loadings.
    #[boxed]
    pub async fn save_factor_fits(
        &mut self,
        run_id: i64,
        scope: &Scope,
        method: &str,
        fits: Vec<(i64, NaiveDate, FactorFit)>,
    ) -> Result<Saved> {
        let filter = Filter::new(scope, Some(method));
        let (mut fit_records, mut loading_records) = (Vec::new(), Vec::new());
        for (instrument_id, as_of, fit) in fits {
            let place = (instrument_id, as_of);
            fit_records.push(FactorFitRecord::new(run_id, method, place, &fit)?);
            let loadings = fit.loadings.into_iter();
            loading_records
                .extend(loadings.map(|loading| FactorLoadingRecord::new(run_id, method, place, loading)));
        }
        let (fits, loadings) = self
            .db
            .write(async move |c: &mut Conn<'_>| {
                let fits = write(c, filter.clone(), fit_records, Absent::Delete).await?;
                Ok((fits, write(c, filter, loading_records, Absent::Delete).await?))
            })
            .await?;
        self.db
            .read(async move |c: &mut Conn<'_>| {
                let mut saved = fits.verify(c).await?;
                saved += loadings.verify(c).await?;
                Ok(saved)
            })
            .await
    }

    /// Fits of a method by instrument and date, loadings in the order of the factors.
    #[boxed]
    pub async fn factor_fits(
        &mut self,
        scope: &Scope,
        method: &str,
    ) -> Result<Vec<(i64, NaiveDate, FactorFit)>> {
        let order = self.factor_order().await?;
        let filter = Filter::new(scope, Some(method));
        let (fits, loadings): (Vec<FactorFitRecord>, Vec<FactorLoadingRecord>) = self
            .db
            .read(async move |c: &mut Conn<'_>| Ok((stored(c, &filter).await?, stored(c, &filter).await?)))
            .await?;
        let mut by_place: BTreeMap<Place, Vec<FactorLoading>> = BTreeMap::new();
        for record in loadings {
            by_place.entry((record.instrument_id, record.as_of)).or_default().push(record.into_loading());
        }
        let fit = |record: FactorFitRecord| {
            let place = (record.instrument_id, record.as_of);
            let mut loadings = by_place.remove(&place).unwrap_or_default();
            loadings.sort_by_key(|loading| order.of(&loading.factor));
            Ok((place.0, place.1, record.into_fit(loadings)?))
        };
        fits.into_iter().map(fit).collect()
    }
}
