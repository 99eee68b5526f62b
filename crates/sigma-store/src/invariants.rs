//! Rules that hold in a sound database, checked one statement each.
//!
//! The statements are plain SQL that both databases read alike, because each is used once and never composed.

use async_recursion::async_recursion as boxed;
use diesel::{QueryableByName, sql_types::BigInt};

use crate::{Store, connection::Conn, error::Result};

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule, in words.
    pub rule: String,
    /// Rows that break it.
    pub rows: u64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Tables whose rows name the run that changed them.
const RESULT_TABLES: [&str; 11] = [
    "greeks",
    "factor_fits",
    "factor_loadings",
    "factor_covariances",
    "factor_exposures",
    "correlations",
    "correlation_clusters",
    "stress_results",
    "market_risk_results",
    "portfolio_exposures",
    "snapshots",
];

/// Tables with ids from a counter.
const COUNTED_TABLES: [&str; 8] =
    ["users", "portfolios", "cash_ledger", "imports", "instruments", "positions", "tags", "runs"];

/// References, as (table, column, table referred to).
const REFERENCES: [(&str, &str, &str); 18] = [
    ("portfolios", "user_id", "users"),
    ("cash_ledger", "portfolio_id", "portfolios"),
    ("imports", "portfolio_id", "portfolios"),
    ("positions", "portfolio_id", "portfolios"),
    ("positions", "instrument_id", "instruments"),
    ("position_tags", "position_id", "positions"),
    ("position_tags", "tag_id", "tags"),
    ("prices", "instrument_id", "instruments"),
    ("option_quotes", "instrument_id", "instruments"),
    ("splits", "instrument_id", "instruments"),
    ("dividends", "instrument_id", "instruments"),
    ("greeks", "instrument_id", "instruments"),
    ("factor_fits", "instrument_id", "instruments"),
    ("factor_exposures", "portfolio_id", "portfolios"),
    ("stress_results", "portfolio_id", "portfolios"),
    ("snapshots", "portfolio_id", "portfolios"),
    ("exclusions", "portfolio_id", "portfolios"),
    ("what_if_sessions", "portfolio_id", "portfolios"),
];

/// Rules between rows of several tables, with statements that count what breaks them.
const RULES: [(&str, &str); 8] = [
    (
        "every fetch names what was asked of whom, how it ended, and when in UTC",
        "SELECT COUNT(*) AS n FROM fetches WHERE subject = '' OR source = '' OR outcome = '' \
         OR fetched_at NOT LIKE '____-__-__T%Z'",
    ),
    (
        "every loading belongs to a fit",
        "SELECT COUNT(*) AS n FROM factor_loadings l LEFT JOIN factor_fits f ON f.instrument_id = l.instrument_id \
         AND f.as_of = l.as_of AND f.method = l.method WHERE f.instrument_id IS NULL",
    ),
    (
        "every fit with numbers has loadings",
        "SELECT COUNT(*) AS n FROM factor_fits f LEFT JOIN factor_loadings l ON l.instrument_id = f.instrument_id \
         AND l.as_of = f.as_of AND l.method = f.method WHERE l.instrument_id IS NULL \
         AND f.status IN ('ok', 'exact', 'limited_history', 'identity')",
    ),
    (
        "every cluster belongs to a correlation",
        "SELECT COUNT(*) AS n FROM correlation_clusters k LEFT JOIN correlations c \
         ON c.portfolio_id = k.portfolio_id AND c.as_of = k.as_of AND c.method = k.method \
         WHERE c.portfolio_id IS NULL",
    ),
    (
        "Greeks belong to options",
        "SELECT COUNT(*) AS n FROM greeks g JOIN instruments i ON i.id = g.instrument_id WHERE i.kind <> 'option'",
    ),
    (
        "a contract has Greeks of one method a date",
        "SELECT COUNT(*) AS n FROM (SELECT instrument_id FROM greeks GROUP BY instrument_id, as_of \
         HAVING COUNT(*) > 1) twice",
    ),
    (
        "gross equals long minus short in snapshots",
        "SELECT COUNT(*) AS n FROM snapshots WHERE ABS(gross - (long_value - short_value)) > 0.01 + 1e-9 * gross",
    ),
    (
        "NAV equals cash plus net in snapshots",
        "SELECT COUNT(*) AS n FROM snapshots WHERE ABS(nav - (cash + net)) > 0.01 + 1e-9 * gross",
    ),
];

/// Columns of doubles that engines compute or providers deliver. A comparison with the largest double finds infinity
/// in both databases, and NaN in PostgreSQL (SQLite cannot hold it).
const NUMBERS: [(&str, &[&str]); 15] = [
    ("cash_ledger", &["amount"]),
    ("positions", &["quantity", "entry_price", "exit_price"]),
    ("prices", &["open", "high", "low", "close", "adj_close", "volume"]),
    (
        "option_quotes",
        &[
            "bid",
            "ask",
            "close",
            "implied_volatility",
            "open_interest",
            "forward",
            "quoted_delta",
            "quoted_gamma",
            "quoted_theta_per_day",
            "quoted_vega_per_point",
        ],
    ),
    ("rates", &["percent"]),
    ("splits", &["from_shares", "to_shares"]),
    ("dividends", &["amount"]),
    (
        "greeks",
        &[
            "spot",
            "volatility",
            "model_price",
            "delta",
            "gamma",
            "theta_per_day",
            "vega_per_point",
            "rho_per_point",
        ],
    ),
    (
        "factor_fits",
        &["alpha_per_day", "r_squared", "adj_r_squared", "residual_vol_per_day", "condition_number"],
    ),
    ("factor_loadings", &["coefficient", "std_error", "t_value", "p_value", "vif"]),
    ("factor_exposures", &["dollar_exposure", "std_error_usd", "t_value", "beta", "coverage_fraction"]),
    ("stress_results", &["direct_pnl", "correlated_pnl", "distance", "excluded_value"]),
    ("market_risk_results", &["shock_size", "pnl", "excluded_value"]),
    ("portfolio_exposures", &["gross", "net", "notional", "delta_adjusted", "beta_adjusted"]),
    (
        "snapshots",
        &["nav", "cash", "gross", "net", "day_pnl", "day_return", "cumulative_return", "market_beta"],
    ),
];

impl Store {
    /// Every rule that does not hold; none in a sound database.
    #[boxed]
    pub async fn check_invariants(&mut self) -> Result<Vec<Violation>> {
        self.db
            .read(async |c: &mut Conn<'_>| {
                let mut violations = Vec::new();
                for (rule, sql) in rules() {
                    let count: Count = get_result!(c, diesel::sql_query(sql))?;
                    if count.n > 0 {
                        violations.push(Violation { rule, rows: count.n.unsigned_abs() });
                    }
                }
                Ok(violations)
            })
            .await
    }
}

fn rules() -> Vec<(String, String)> {
    let mut rules: Vec<(String, String)> =
        RULES.iter().map(|(rule, sql)| ((*rule).to_owned(), (*sql).to_owned())).collect();
    rules.extend(REFERENCES.iter().map(|(table, column, target)| {
        let sql = format!(
            "SELECT COUNT(*) AS n FROM {table} a LEFT JOIN {target} b ON b.id = a.{column} WHERE b.id IS NULL"
        );
        (format!("{table}.{column} refers to {target}"), sql)
    }));
    rules.extend(RESULT_TABLES.iter().chain(&["exclusions"]).map(|table| {
        let sql = format!(
            "SELECT COUNT(*) AS n FROM {table} a LEFT JOIN runs r ON r.id = a.run_id WHERE r.id IS NULL"
        );
        (format!("{table}.run_id names a run"), sql)
    }));
    rules.extend(COUNTED_TABLES.iter().map(|table| {
        let sql = format!(
            "SELECT COUNT(*) AS n FROM {table} a LEFT JOIN counters c ON c.name = '{table}' \
             WHERE c.next_id IS NULL OR a.id >= c.next_id"
        );
        (format!("ids of {table} come from their counter"), sql)
    }));
    rules.extend(NUMBERS.iter().map(|(table, columns)| {
        let limits: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} > 1.7976931348623157e308 OR {column} < -1.7976931348623157e308"))
            .collect();
        let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {}", limits.join(" OR "));
        (format!("numbers in {table} are finite"), sql)
    }));
    rules
}
