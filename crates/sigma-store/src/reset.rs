//! Taking data away.

use async_recursion::async_recursion as boxed;
use diesel::{ExpressionMethods, QueryDsl};

use crate::{Store, connection::Conn, error::Result, schema};

/// Every table with data, children before parents.
const TABLES: [&str; 32] = [
    "what_if_trades",
    "what_if_sessions",
    "exclusions",
    "snapshots",
    "portfolio_exposures",
    "market_risk_results",
    "stress_results",
    "correlation_clusters",
    "correlations",
    "factor_exposures",
    "factor_covariances",
    "factor_loadings",
    "factor_fits",
    "greeks",
    "runs",
    "scenarios",
    "factors",
    "fetches",
    "quarantine",
    "dividends",
    "splits",
    "rates",
    "option_quotes",
    "prices",
    "position_tags",
    "tags",
    "positions",
    "instruments",
    "imports",
    "cash_ledger",
    "portfolios",
    "users",
];

impl Store {
    /// Deletes the demo portfolios with their positions, cash and results, and users left without portfolios; or
    /// every row of every table. Returns the number of portfolios and users, or of rows, deleted. Counters go on, so
    /// ids are never used again.
    #[boxed]
    pub async fn reset(&mut self, everything: bool) -> Result<u64> {
        match everything {
            true => self.db.write(async |c: &mut Conn<'_>| delete_everything(c).await).await,
            false => self.db.write(async |c: &mut Conn<'_>| delete_demo(c).await).await,
        }
    }
}

async fn delete_everything(c: &mut Conn<'_>) -> Result<u64> {
    let mut deleted = 0;
    for table in TABLES {
        let rows: usize = execute!(c, diesel::sql_query(format!("DELETE FROM {table}")))?;
        deleted += rows as u64;
    }
    Ok(deleted)
}

async fn delete_demo(c: &mut Conn<'_>) -> Result<u64> {
    use schema::{portfolios, tags, users};
    let owners: Vec<i64> = load!(
        c,
        portfolios::table.filter(portfolios::is_demo.eq(true)).select(portfolios::user_id).distinct()
    )?;
    let mut deleted = execute!(c, diesel::delete(portfolios::table.filter(portfolios::is_demo.eq(true))))?;
    let keeping: Vec<i64> = load!(c, portfolios::table.select(portfolios::user_id).distinct())?;
    let leaving: Vec<i64> = owners.into_iter().filter(|owner| !keeping.contains(owner)).collect();
    execute!(c, diesel::delete(tags::table.filter(tags::user_id.eq_any(&leaving))))?;
    deleted += execute!(c, diesel::delete(users::table.filter(users::id.eq_any(&leaving))))?;
    Ok(deleted as u64)
}
