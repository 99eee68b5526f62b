//! Profit and loss of portfolios under the stress scenarios.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{Reason, ScenarioPnl, StressResult};

use crate::{
    Store,
    error::Result,
    save::{Filter, Record, Saved, Scope, describe},
    value::{from_json, present, reason, to_json},
};

record! {
    StressRecord in stress_results,
    entity portfolio_id: i64, date as_of, part [method], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate, scenario_id: String, method: String),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        scenario_id: String,
        method: String,
        direct_pnl: Option<f64>,
        correlated_pnl: Option<f64>,
        direct_fraction: Option<f64>,
        correlated_fraction: Option<f64>,
        direct_by_factor: Value,
        correlated_by_factor: Value,
        implied_moves: Value,
        distance: Option<f64>,
        extrapolated: bool,
        excluded_value: f64,
        direct_reason: Option<String>,
        correlated_reason: Option<String>,
    }
}

/// The columns of one total: P&L, fraction, parts by factor, reason.
pub(super) type PnlColumns = (Option<f64>, Option<f64>, Value, Option<String>);

/// A total or the reason there is none, as columns.
pub(super) fn to_columns(
    row: impl FnOnce() -> String,
    outcome: &std::result::Result<ScenarioPnl, Reason>,
) -> Result<PnlColumns> {
    match outcome {
        Ok(total) => {
            let parts = to_json(row, "by_factor", &total.by_factor)?;
            Ok((Some(total.pnl), total.fraction, parts, None))
        }
        Err(reason) => Ok((None, None, Value::Array(Vec::new()), Some(reason.as_str().to_owned()))),
    }
}

/// The way back.
pub(super) fn from_columns(
    row: impl Fn() -> String,
    (pnl, fraction, parts, missing): PnlColumns,
) -> Result<std::result::Result<ScenarioPnl, Reason>> {
    if let Some(text) = missing {
        return Ok(Err(reason(row, &text)?));
    }
    let pnl = present(&row, "pnl", pnl)?;
    Ok(Ok(ScenarioPnl { pnl, fraction, by_factor: from_json(row, "by_factor", parts)? }))
}

impl StressRecord {
    fn new(
        run_id: i64,
        method: &str,
        (portfolio_id, as_of): (i64, NaiveDate),
        result: StressResult,
    ) -> Result<StressRecord> {
        let row = || describe("stress_results", &(portfolio_id, as_of, &result.scenario_id, method));
        let (direct_pnl, direct_fraction, direct_by_factor, direct_reason) = to_columns(row, &result.direct)?;
        let (correlated_pnl, correlated_fraction, correlated_by_factor, correlated_reason) =
            to_columns(row, &result.correlated)?;
        Ok(StressRecord {
            portfolio_id,
            as_of,
            method: method.to_owned(),
            direct_pnl,
            correlated_pnl,
            direct_fraction,
            correlated_fraction,
            direct_by_factor,
            correlated_by_factor,
            implied_moves: to_json(row, "implied_moves", &result.implied_moves)?,
            distance: result.distance,
            extrapolated: result.extrapolated,
            excluded_value: result.excluded_value,
            direct_reason,
            correlated_reason,
            scenario_id: result.scenario_id,
            run_id,
        })
    }

    fn into_result(self) -> Result<(i64, NaiveDate, StressResult)> {
        let row = || self.describe();
        let direct = (
            self.direct_pnl,
            self.direct_fraction,
            self.direct_by_factor.clone(),
            self.direct_reason.clone(),
        );
        let correlated = (
            self.correlated_pnl,
            self.correlated_fraction,
            self.correlated_by_factor.clone(),
            self.correlated_reason.clone(),
        );
        let result = StressResult {
            direct: from_columns(row, direct)?,
            correlated: from_columns(row, correlated)?,
            implied_moves: from_json(row, "implied_moves", self.implied_moves.clone())?,
            distance: self.distance,
            extrapolated: self.extrapolated,
            excluded_value: self.excluded_value,
            scenario_id: self.scenario_id,
        };
        Ok((self.portfolio_id, self.as_of, result))
    }
}

impl Store {
    /// Makes the stress results of these portfolios, dates and method exactly these.
    #[boxed]
    pub async fn save_stress_results(
        &mut self,
        run_id: i64,
        scope: &Scope,
        method: &str,
        results: Vec<(i64, NaiveDate, StressResult)>,
    ) -> Result<Saved> {
        let records =
            results.into_iter().map(|(id, as_of, r)| StressRecord::new(run_id, method, (id, as_of), r));
        let records = records.collect::<Result<Vec<_>>>()?;
        self.replace(Filter::new(scope, Some(method)), records).await
    }

    /// Stress results of a method by portfolio and date, in the order of the scenarios.
    #[boxed]
    pub async fn stress_results(
        &mut self,
        scope: &Scope,
        method: &str,
    ) -> Result<Vec<(i64, NaiveDate, StressResult)>> {
        let order = self.scenario_order().await?;
        let mut records: Vec<StressRecord> = self.rows(Filter::new(scope, Some(method))).await?;
        records.sort_by_key(|record| (record.portfolio_id, record.as_of, order.of(&record.scenario_id)));
        records.into_iter().map(StressRecord::into_result).collect()
    }
}
