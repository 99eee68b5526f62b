//! Portfolios at the close of sessions.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use sigma_core::model::Snapshot;

use crate::{
    Store,
    error::Result,
    save::{Filter, Record, Saved, Scope, describe},
    value::{count, size},
};

record! {
    SnapshotRecord in snapshots,
    entity portfolio_id: i64, date as_of, part [], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        nav: f64,
        cash: f64,
        short_proceeds: f64,
        long_value: f64,
        short_value: f64,
        gross: f64,
        net: f64,
        unrealized_pnl: f64,
        realized_pnl: f64,
        day_pnl: f64,
        flows: f64,
        day_return: Option<f64>,
        cumulative_pnl: f64,
        cumulative_return: Option<f64>,
        realized_vol_21: Option<f64>,
        realized_vol_63: Option<f64>,
        drawdown: Option<f64>,
        market_beta: Option<f64>,
        delta_dollars: Option<f64>,
        gamma_dollars_per_1pct: Option<f64>,
        theta_per_day: Option<f64>,
        vega_per_point: Option<f64>,
        rho_per_point: Option<f64>,
        hhi: Option<f64>,
        effective_positions: Option<f64>,
        top_3_fraction: Option<f64>,
        top_10_fraction: Option<f64>,
        position_count: i64,
        excluded_count: i64,
    }
}

impl SnapshotRecord {
    fn new(run_id: i64, portfolio_id: i64, snapshot: &Snapshot) -> Result<SnapshotRecord> {
        let row = || describe("snapshots", &(portfolio_id, snapshot.as_of));
        Ok(SnapshotRecord {
            portfolio_id,
            as_of: snapshot.as_of,
            nav: snapshot.nav,
            cash: snapshot.cash,
            short_proceeds: snapshot.short_proceeds,
            long_value: snapshot.long_value,
            short_value: snapshot.short_value,
            gross: snapshot.gross,
            net: snapshot.net,
            unrealized_pnl: snapshot.unrealized_pnl,
            realized_pnl: snapshot.realized_pnl,
            day_pnl: snapshot.day_pnl,
            flows: snapshot.flows,
            day_return: snapshot.day_return,
            cumulative_pnl: snapshot.cumulative_pnl,
            cumulative_return: snapshot.cumulative_return,
            realized_vol_21: snapshot.realized_vol_21,
            realized_vol_63: snapshot.realized_vol_63,
            drawdown: snapshot.drawdown,
            market_beta: snapshot.market_beta,
            delta_dollars: snapshot.delta_dollars,
            gamma_dollars_per_1pct: snapshot.gamma_dollars_per_1pct,
            theta_per_day: snapshot.theta_per_day,
            vega_per_point: snapshot.vega_per_point,
            rho_per_point: snapshot.rho_per_point,
            hhi: snapshot.hhi,
            effective_positions: snapshot.effective_positions,
            top_3_fraction: snapshot.top_3_fraction,
            top_10_fraction: snapshot.top_10_fraction,
            position_count: count(row, "position_count", snapshot.position_count)?,
            excluded_count: count(row, "excluded_count", snapshot.excluded_count)?,
            run_id,
        })
    }

    fn into_snapshot(self) -> Result<(i64, Snapshot)> {
        let row = || self.describe();
        let snapshot = Snapshot {
            as_of: self.as_of,
            nav: self.nav,
            cash: self.cash,
            short_proceeds: self.short_proceeds,
            long_value: self.long_value,
            short_value: self.short_value,
            gross: self.gross,
            net: self.net,
            unrealized_pnl: self.unrealized_pnl,
            realized_pnl: self.realized_pnl,
            day_pnl: self.day_pnl,
            flows: self.flows,
            day_return: self.day_return,
            cumulative_pnl: self.cumulative_pnl,
            cumulative_return: self.cumulative_return,
            realized_vol_21: self.realized_vol_21,
            realized_vol_63: self.realized_vol_63,
            drawdown: self.drawdown,
            market_beta: self.market_beta,
            delta_dollars: self.delta_dollars,
            gamma_dollars_per_1pct: self.gamma_dollars_per_1pct,
            theta_per_day: self.theta_per_day,
            vega_per_point: self.vega_per_point,
            rho_per_point: self.rho_per_point,
            hhi: self.hhi,
            effective_positions: self.effective_positions,
            top_3_fraction: self.top_3_fraction,
            top_10_fraction: self.top_10_fraction,
            position_count: size(row, "position_count", self.position_count)?,
            excluded_count: size(row, "excluded_count", self.excluded_count)?,
        };
        Ok((self.portfolio_id, snapshot))
    }
}

impl Store {
    /// Makes the snapshots of these portfolios and dates exactly these.
    #[boxed]
    pub async fn save_snapshots(
        &mut self,
        run_id: i64,
        scope: &Scope,
        snapshots: &[(i64, Snapshot)],
    ) -> Result<Saved> {
        let records = snapshots.iter().map(|(id, snapshot)| SnapshotRecord::new(run_id, *id, snapshot));
        self.replace(Filter::new(scope, None), records.collect::<Result<Vec<_>>>()?).await
    }

    /// Snapshots by portfolio and date.
    #[boxed]
    pub async fn snapshots(&mut self, scope: &Scope) -> Result<Vec<(i64, Snapshot)>> {
        let records: Vec<SnapshotRecord> = self.rows(Filter::new(scope, None)).await?;
        records.into_iter().map(SnapshotRecord::into_snapshot).collect()
    }
}
