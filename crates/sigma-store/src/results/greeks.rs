//! Greeks per contract and date, or the reason there are none. A contract has one row a date, whatever the method.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{GreeksMethod, GreeksRow, OptionGreeks, VolatilitySource};

use crate::{
    Store,
    error::Result,
    save::{Filter, Record, Saved, Scope},
    value::{code, from_json, present, reason, to_json},
};

record! {
    GreeksRecord in greeks,
    entity instrument_id: i64, date as_of, part [], run [run_id],
    key (instrument_id: i64, as_of: NaiveDate, method: String),
    {
        instrument_id: i64,
        as_of: NaiveDate,
        method: String,
        reason: Option<String>,
        spot: Option<f64>,
        market_price: Option<f64>,
        volatility: Option<f64>,
        volatility_source: Option<String>,
        rate: Option<f64>,
        dividend_yield: Option<f64>,
        years: Option<f64>,
        model_price: Option<f64>,
        delta: Option<f64>,
        gamma: Option<f64>,
        theta_per_day: Option<f64>,
        vega_per_point: Option<f64>,
        rho_per_point: Option<f64>,
        flags: Value,
    }
}

impl GreeksRecord {
    fn new(run_id: i64, row: GreeksRow) -> Result<GreeksRecord> {
        let (greeks, reason) = match row.greeks {
            Ok(greeks) => (Some(greeks), None),
            Err(reason) => (None, Some(reason.as_str().to_owned())),
        };
        let number = |of: fn(&OptionGreeks) -> f64| greeks.as_ref().map(of);
        let mut record = GreeksRecord {
            instrument_id: row.instrument_id,
            as_of: row.as_of,
            method: row.method.as_str().to_owned(),
            reason,
            spot: number(|g| g.spot),
            market_price: greeks.as_ref().and_then(|g| g.market_price),
            volatility: number(|g| g.volatility),
            volatility_source: greeks.as_ref().map(|g| g.volatility_source.as_str().to_owned()),
            rate: number(|g| g.rate),
            dividend_yield: number(|g| g.dividend_yield),
            years: number(|g| g.years),
            model_price: number(|g| g.model_price),
            delta: number(|g| g.delta),
            gamma: number(|g| g.gamma),
            theta_per_day: number(|g| g.theta_per_day),
            vega_per_point: number(|g| g.vega_per_point),
            rho_per_point: number(|g| g.rho_per_point),
            flags: Value::Array(Vec::new()),
            run_id,
        };
        if let Some(greeks) = &greeks {
            record.flags = to_json(|| record.describe(), "flags", &greeks.flags)?;
        }
        Ok(record)
    }

    fn into_row(self) -> Result<GreeksRow> {
        let method = code(|| self.describe(), &self.method, GreeksMethod::parse(&self.method))?;
        let (instrument_id, as_of) = (self.instrument_id, self.as_of);
        let greeks = match &self.reason {
            Some(text) => Err(reason(|| self.describe(), text)?),
            None => Ok(self.into_greeks()?),
        };
        Ok(GreeksRow { instrument_id, as_of, method, greeks })
    }

    fn into_greeks(self) -> Result<OptionGreeks> {
        let row = || self.describe();
        let source = present(row, "volatility_source", self.volatility_source.as_deref())?;
        Ok(OptionGreeks {
            spot: present(row, "spot", self.spot)?,
            market_price: self.market_price,
            volatility: present(row, "volatility", self.volatility)?,
            volatility_source: code(row, source, VolatilitySource::parse(source))?,
            rate: present(row, "rate", self.rate)?,
            dividend_yield: present(row, "dividend_yield", self.dividend_yield)?,
            years: present(row, "years", self.years)?,
            model_price: present(row, "model_price", self.model_price)?,
            delta: present(row, "delta", self.delta)?,
            gamma: present(row, "gamma", self.gamma)?,
            theta_per_day: present(row, "theta_per_day", self.theta_per_day)?,
            vega_per_point: present(row, "vega_per_point", self.vega_per_point)?,
            rho_per_point: present(row, "rho_per_point", self.rho_per_point)?,
            flags: from_json(row, "flags", self.flags.clone())?,
        })
    }
}

impl Store {
    /// Makes the Greeks of these contracts and dates exactly these rows; a changed method replaces the row.
    #[boxed]
    pub async fn save_greeks(&mut self, run_id: i64, scope: &Scope, rows: Vec<GreeksRow>) -> Result<Saved> {
        let records = rows.into_iter().map(|row| GreeksRecord::new(run_id, row)).collect::<Result<_>>()?;
        self.replace::<GreeksRecord>(Filter::new(scope, None), records).await
    }

    /// Greeks by contract and date.
    #[boxed]
    pub async fn greeks(&mut self, scope: &Scope) -> Result<Vec<GreeksRow>> {
        let records: Vec<GreeksRecord> = self.rows(Filter::new(scope, None)).await?;
        records.into_iter().map(GreeksRecord::into_row).collect()
    }
}
