//! Correlations between the holdings of portfolios, and the clusters they form.
//!
//! The pairs of a portfolio are one column of bytes, see [`pack_optional`]: a bit for every pair says whether it
//! exists, then come the existing ones as little-endian doubles.

use async_recursion::async_recursion as boxed;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{CorrelationCluster, PortfolioCorrelation};

use crate::{
    Store,
    connection::Conn,
    error::{Result, StoreError},
    save::{Absent, Filter, Record, Saved, Scope, describe, stored, write},
    value::{count, from_json, pack_optional, size, to_json, unpack_optional},
};

record! {
    CorrelationRecord in correlations,
    entity portfolio_id: i64, date as_of, part [method], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate, method: String),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        method: String,
        window_sessions: i32,
        average_correlation: Option<f64>,
        effective_bets: Option<f64>,
        min_eigenvalue: Option<f64>,
        repaired: bool,
        included: i64,
        excluded: i64,
        symbols: Value,
        packed: Vec<u8>,
    }
}

record! {
    ClusterRecord in correlation_clusters,
    entity portfolio_id: i64, date as_of, part [method], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate, method: String, cluster: i32),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        method: String,
        cluster: i32,
        name: String,
        average_correlation: f64,
        value: f64,
        weight_fraction: Option<f64>,
        members: Value,
    }
}

/// Portfolio and date of a result.
type Place = (i64, NaiveDate);

/// Values in a lower triangle without its diagonal.
fn strict_triangle(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

impl CorrelationRecord {
    fn new(run_id: i64, (portfolio_id, as_of): Place, result: &PortfolioCorrelation) -> Result<Self> {
        let row = || describe("correlations", &(portfolio_id, as_of, &result.method));
        let (symbols, pairs) = (result.symbols.len(), result.pairs.len());
        if pairs != strict_triangle(symbols) {
            return Err(StoreError::invalid(row(), format!("{pairs} pairs for {symbols} symbols")));
        }
        let window_sessions = i32::try_from(result.window_sessions)
            .map_err(|_| StoreError::invalid(row(), "window_sessions is too large"))?;
        Ok(CorrelationRecord {
            portfolio_id,
            as_of,
            method: result.method.clone(),
            window_sessions,
            average_correlation: result.average_correlation,
            effective_bets: result.effective_bets,
            min_eigenvalue: result.min_eigenvalue,
            repaired: result.repaired,
            included: count(row, "included", symbols)?,
            excluded: count(row, "excluded", result.excluded)?,
            symbols: to_json(row, "symbols", &result.symbols)?,
            packed: pack_optional(row, "pairs", &result.pairs)?,
            run_id,
        })
    }

    fn into_correlation(self, clusters: Vec<CorrelationCluster>) -> Result<PortfolioCorrelation> {
        let row = || self.describe();
        let symbols: Vec<String> = from_json(row, "symbols", self.symbols.clone())?;
        let pairs = unpack_optional(row, "packed", strict_triangle(symbols.len()), &self.packed)?;
        Ok(PortfolioCorrelation {
            window_sessions: size(row, "window_sessions", i64::from(self.window_sessions))?,
            average_correlation: self.average_correlation,
            effective_bets: self.effective_bets,
            min_eigenvalue: self.min_eigenvalue,
            repaired: self.repaired,
            excluded: size(row, "excluded", self.excluded)?,
            method: self.method,
            symbols,
            pairs,
            clusters,
        })
    }
}

impl ClusterRecord {
    fn new(
        run_id: i64,
        (portfolio_id, as_of): Place,
        method: &str,
        (cluster, result): (i32, &CorrelationCluster),
    ) -> Result<ClusterRecord> {
        let row = || describe("correlation_clusters", &(portfolio_id, as_of, method, cluster));
        Ok(ClusterRecord {
            portfolio_id,
            as_of,
            method: method.to_owned(),
            cluster,
            name: result.name.clone(),
            average_correlation: result.average_correlation,
            value: result.value,
            weight_fraction: result.weight_fraction,
            members: to_json(row, "members", &result.members)?,
            run_id,
        })
    }

    fn into_cluster(self) -> Result<CorrelationCluster> {
        let members = from_json(|| self.describe(), "members", self.members.clone())?;
        let ClusterRecord { name, average_correlation, value, weight_fraction, .. } = self;
        Ok(CorrelationCluster { name, average_correlation, value, weight_fraction, members })
    }
}

impl Store {
    /// Makes the correlations of these portfolios, dates and method exactly these. Counted in portfolio rows and
    /// clusters.
    #[boxed]
    pub async fn save_correlations(
        &mut self,
        run_id: i64,
        scope: &Scope,
        method: &str,
        results: Vec<(i64, NaiveDate, PortfolioCorrelation)>,
    ) -> Result<Saved> {
        let filter = Filter::new(scope, Some(method));
        let (mut records, mut cluster_records) = (Vec::new(), Vec::new());
        for (portfolio_id, as_of, result) in &results {
            let place = (*portfolio_id, *as_of);
            records.push(CorrelationRecord::new(run_id, place, result)?);
            for cluster in (1..).zip(&result.clusters) {
                cluster_records.push(ClusterRecord::new(run_id, place, &result.method, cluster)?);
            }
        }
        let (rows, clusters) = self
            .db
            .write(async move |c: &mut Conn<'_>| {
                let rows = write(c, filter.clone(), records, Absent::Delete).await?;
                Ok((rows, write(c, filter, cluster_records, Absent::Delete).await?))
            })
            .await?;
        self.db
            .read(async move |c: &mut Conn<'_>| {
                let mut saved = rows.verify(c).await?;
                saved += clusters.verify(c).await?;
                Ok(saved)
            })
            .await
    }

    /// Correlations of a method by portfolio and date.
    #[boxed]
    pub async fn correlations(
        &mut self,
        scope: &Scope,
        method: &str,
    ) -> Result<Vec<(i64, NaiveDate, PortfolioCorrelation)>> {
        let filter = Filter::new(scope, Some(method));
        let (rows, clusters): (Vec<CorrelationRecord>, Vec<ClusterRecord>) = self
            .db
            .read(async move |c: &mut Conn<'_>| Ok((stored(c, &filter).await?, stored(c, &filter).await?)))
            .await?;
        let mut by_place: BTreeMap<Place, Vec<CorrelationCluster>> = BTreeMap::new();
        for record in clusters {
            let place = (record.portfolio_id, record.as_of);
            by_place.entry(place).or_default().push(record.into_cluster()?);
        }
        let correlation = |record: CorrelationRecord| {
            let place = (record.portfolio_id, record.as_of);
            let clusters = by_place.remove(&place).unwrap_or_default();
            Ok((place.0, place.1, record.into_correlation(clusters)?))
        };
        rows.into_iter().map(correlation).collect()
    }
}
