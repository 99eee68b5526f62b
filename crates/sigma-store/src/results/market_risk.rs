//! Profit and loss of portfolios under single moves of the market or of rates.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{MarketRiskResult, MarketRiskShock};

use super::stress::{from_columns, to_columns};
use crate::{
    Store,
    error::Result,
    save::{Filter, Record, Saved, Scope, describe},
    value::code,
};

record! {
    MarketRiskRecord in market_risk_results,
    entity portfolio_id: i64, date as_of, part [method], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate, scenario_id: String, method: String),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        scenario_id: String,
        method: String,
        shock_kind: String,
        shock_size: f64,
        pnl: Option<f64>,
        fraction: Option<f64>,
        by_factor: Value,
        excluded_value: f64,
        reason: Option<String>,
    }
}

const MARKET: &str = "market";
const RATES_BP: &str = "rates_bp";

impl MarketRiskRecord {
    fn new(
        run_id: i64,
        method: &str,
        (portfolio_id, as_of): (i64, NaiveDate),
        result: MarketRiskResult,
    ) -> Result<MarketRiskRecord> {
        let row = || describe("market_risk_results", &(portfolio_id, as_of, &result.scenario_id, method));
        let (shock_kind, shock_size) = match result.shock {
            MarketRiskShock::Market(size) => (MARKET, size),
            MarketRiskShock::RatesBp(bp) => (RATES_BP, bp),
        };
        let (pnl, fraction, by_factor, reason) = to_columns(row, &result.outcome)?;
        Ok(MarketRiskRecord {
            portfolio_id,
            as_of,
            method: method.to_owned(),
            shock_kind: shock_kind.to_owned(),
            shock_size,
            pnl,
            fraction,
            by_factor,
            excluded_value: result.excluded_value,
            reason,
            scenario_id: result.scenario_id,
            run_id,
        })
    }

    fn into_result(self) -> Result<(i64, NaiveDate, MarketRiskResult)> {
        let row = || self.describe();
        let shock = match self.shock_kind.as_str() {
            MARKET => Some(MarketRiskShock::Market(self.shock_size)),
            RATES_BP => Some(MarketRiskShock::RatesBp(self.shock_size)),
            _ => None,
        };
        let columns = (self.pnl, self.fraction, self.by_factor.clone(), self.reason.clone());
        let result = MarketRiskResult {
            shock: code(row, &self.shock_kind, shock)?,
            outcome: from_columns(row, columns)?,
            excluded_value: self.excluded_value,
            scenario_id: self.scenario_id,
        };
        Ok((self.portfolio_id, self.as_of, result))
    }
}

impl Store {
    /// Makes the market-risk results of these portfolios, dates and method exactly these.
    #[boxed]
    pub async fn save_market_risk_results(
        &mut self,
        run_id: i64,
        scope: &Scope,
        method: &str,
        results: Vec<(i64, NaiveDate, MarketRiskResult)>,
    ) -> Result<Saved> {
        let records =
            results.into_iter().map(|(id, as_of, r)| MarketRiskRecord::new(run_id, method, (id, as_of), r));
        let records = records.collect::<Result<Vec<_>>>()?;
        self.replace(Filter::new(scope, Some(method)), records).await
    }

    /// Market-risk results of a method by portfolio, date, kind and size of the shock.
    #[boxed]
    pub async fn market_risk_results(
        &mut self,
        scope: &Scope,
        method: &str,
    ) -> Result<Vec<(i64, NaiveDate, MarketRiskResult)>> {
        let mut records: Vec<MarketRiskRecord> = self.rows(Filter::new(scope, Some(method))).await?;
        records.sort_by(|a, b| {
            let place = |r: &MarketRiskRecord| (r.portfolio_id, r.as_of);
            (place(a), &a.shock_kind)
                .cmp(&(place(b), &b.shock_kind))
                .then(a.shock_size.total_cmp(&b.shock_size))
        });
        records.into_iter().map(MarketRiskRecord::into_result).collect()
    }
}
