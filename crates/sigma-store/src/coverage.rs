//! Which engines have results, for which dates.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, QueryDsl};

use crate::{
    Store,
    connection::Conn,
    error::Result,
    results::{
        CorrelationRecord, ExposureRecord, FactorExposureRecord, MarketRiskRecord, SnapshotRecord,
        StressRecord,
    },
    save::{Filter, Record, Scope},
    schema,
};

/// An engine, by the table its results go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    Greeks,
    FactorFits,
    FactorCovariances,
    FactorExposures,
    Correlations,
    Stress,
    MarketRisk,
    Snapshots,
    Exposures,
}

/// Rows of each engine for one portfolio and date. Greeks are those of contracts with open lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineCoverage {
    pub greeks: u64,
    /// Rows with numbers among them.
    pub greeks_with_numbers: u64,
    pub factor_exposures: u64,
    pub correlations: u64,
    pub stress: u64,
    pub market_risk: u64,
    pub snapshots: u64,
    pub exposures: u64,
}

/// Dates, or dates and a method, of a result table; the entity is named where there is one.
macro_rules! latest {
    ($c:expr, $table:ident, $ids:expr, $entity:ident) => {
        get_result!($c, {
            use schema::$table as t;
            let mut query = t::table.select(diesel::dsl::max(t::as_of)).into_boxed();
            if let Some(ids) = $ids {
                query = query.filter(t::$entity.eq_any(ids));
            }
            query
        })
    };
    ($c:expr, $table:ident) => {
        get_result!($c, schema::$table::table.select(diesel::dsl::max(schema::$table::as_of)))
    };
}

macro_rules! methods {
    ($c:expr, $table:ident, $as_of:expr) => {
        load!($c, {
            use schema::$table as t;
            t::table.filter(t::as_of.eq($as_of)).select(t::method).distinct()
        })
    };
}

impl Store {
    /// Rows of each engine for one portfolio and date, over all methods.
    #[boxed]
    pub async fn engine_coverage(&mut self, portfolio_id: i64, as_of: NaiveDate) -> Result<EngineCoverage> {
        let positions = self.positions(&[portfolio_id]).await?;
        let mut held: Vec<i64> =
            positions.iter().filter(|p| p.is_open(as_of)).map(|p| p.instrument_id).collect();
        held.sort_unstable();
        held.dedup();
        let greeks = self.greeks(&Scope::day(as_of, &held)).await?;
        let filter = Filter::new(&Scope::day(as_of, &[portfolio_id]), None);
        let mut coverage = self
            .db
            .read(async move |c: &mut Conn<'_>| {
                Ok(EngineCoverage {
                    factor_exposures: count::<FactorExposureRecord>(c, &filter).await?,
                    correlations: count::<CorrelationRecord>(c, &filter).await?,
                    stress: count::<StressRecord>(c, &filter).await?,
                    market_risk: count::<MarketRiskRecord>(c, &filter).await?,
                    snapshots: count::<SnapshotRecord>(c, &filter).await?,
                    exposures: count::<ExposureRecord>(c, &filter).await?,
                    ..EngineCoverage::default()
                })
            })
            .await?;
        coverage.greeks = greeks.len() as u64;
        coverage.greeks_with_numbers = greeks.iter().filter(|row| row.greeks.is_ok()).count() as u64;
        Ok(coverage)
    }

    /// The latest date with results of an engine: of these instruments or portfolios, or of any.
    #[boxed]
    pub async fn latest_as_of(&mut self, engine: Engine, ids: Option<&[i64]>) -> Result<Option<NaiveDate>> {
        let ids = ids.map(<[i64]>::to_vec);
        self.db
            .read(async move |c: &mut Conn<'_>| {
                let ids = ids.as_deref();
                match engine {
                    Engine::Greeks => latest!(c, greeks, ids, instrument_id),
                    Engine::FactorFits => latest!(c, factor_fits, ids, instrument_id),
                    Engine::FactorCovariances => latest!(c, factor_covariances),
                    Engine::FactorExposures => latest!(c, factor_exposures, ids, portfolio_id),
                    Engine::Correlations => latest!(c, correlations, ids, portfolio_id),
                    Engine::Stress => latest!(c, stress_results, ids, portfolio_id),
                    Engine::MarketRisk => latest!(c, market_risk_results, ids, portfolio_id),
                    Engine::Snapshots => latest!(c, snapshots, ids, portfolio_id),
                    Engine::Exposures => latest!(c, portfolio_exposures, ids, portfolio_id),
                }
            })
            .await
    }

    /// Methods with results of an engine on a date, by name; none for tables without methods.
    #[boxed]
    pub async fn result_methods(&mut self, engine: Engine, as_of: NaiveDate) -> Result<Vec<String>> {
        let mut methods: Vec<String> = self
            .db
            .read(async move |c: &mut Conn<'_>| match engine {
                Engine::Greeks => methods!(c, greeks, as_of),
                Engine::FactorFits => methods!(c, factor_fits, as_of),
                Engine::FactorCovariances => methods!(c, factor_covariances, as_of),
                Engine::FactorExposures => methods!(c, factor_exposures, as_of),
                Engine::Correlations => methods!(c, correlations, as_of),
                Engine::Stress => methods!(c, stress_results, as_of),
                Engine::MarketRisk => methods!(c, market_risk_results, as_of),
                Engine::Snapshots | Engine::Exposures => Ok(Vec::new()),
            })
            .await?;
        methods.sort();
        Ok(methods)
    }
}

async fn count<R: Record>(c: &mut Conn<'_>, filter: &Filter<R::Entity>) -> Result<u64> {
    Ok(R::count(c, filter).await?.unsigned_abs())
}
