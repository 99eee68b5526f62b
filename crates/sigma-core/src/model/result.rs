//! Results that belong to an instrument or a portfolio and are stored between tools.

use chrono::NaiveDate;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Reason, instrument::text_enum};

text_enum! {
    /// Pricing model of a Greeks row.
    GreeksMethod {
        BlackScholesMerton = "black_scholes_merton",
        Black76 = "black_76",
        /// European price of a contract that can be exercised early.
        EuropeanApproximation = "european_approximation",
    }
}

text_enum! {
    /// Where the volatility of a Greeks row came from.
    VolatilitySource {
        Quoted = "quoted",
        ImpliedMid = "implied_mid",
        ImpliedClose = "implied_close",
        /// Implied by the price that a trade of a what-if states; never stored.
        ImpliedStated = "implied_stated",
        Interpolated = "interpolated",
        /// Of the nearest strike of the same underlying and expiry, all of which lie on one side.
        NearestStrike = "nearest_strike",
        Realised63 = "realised_63",
        /// The day of expiry, when nothing depends on volatility.
        Expiry = "expiry",
    }
}

/// Greeks of one option contract, per unit of the underlying.
///
/// `delta` per 1.00 of spot, `gamma` per 1.00 of spot squared, `theta_per_day` per calendar day,
/// `vega_per_point` per 0.01 of volatility, `rho_per_point` per 0.01 of rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionGreeks {
    /// Price of the underlying: its close, or the forward for Black-76.
    pub spot: f64,
    /// Market price of the contract, when quoted.
    pub market_price: Option<f64>,
    /// Decimal a year; zero on the day of expiry, when no quote gives one and nothing depends on it.
    pub volatility: f64,
    pub volatility_source: VolatilitySource,
    /// Continuously compounded, decimal a year.
    pub rate: f64,
    /// Continuously compounded, decimal a year.
    pub dividend_yield: f64,
    /// ACT/365 from the as-of close.
    pub years: f64,
    /// Dollars per unit of the underlying, as are the Greeks below.
    pub model_price: f64,
    /// Per dollar of the underlying.
    pub delta: f64,
    /// Change of delta per dollar of the underlying.
    pub gamma: f64,
    /// Dollars per calendar day that passes.
    pub theta_per_day: f64,
    /// Dollars per point of volatility (0.01).
    pub vega_per_point: f64,
    /// Dollars per point of the rate (0.01).
    pub rho_per_point: f64,
    /// Remarks, e.g. `forward_is_spot`.
    pub flags: Vec<String>,
}

/// Greeks, or the reason there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GreeksRow {
    pub instrument_id: i64,
    pub as_of: NaiveDate,
    pub method: GreeksMethod,
    pub greeks: Result<OptionGreeks, Reason>,
}

/// One reading of the factor covariance (per session squared) or correlation, stored as a lower triangle.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorMatrix {
    pub as_of: NaiveDate,
    /// Names the estimator and its window, e.g. `ledoit_wolf_252`.
    pub method: String,
    /// Names, in the order of rows and columns.
    pub factors: Vec<String>,
    /// Row by row, diagonal included: n (n + 1) / 2 values.
    pub packed: Vec<f64>,
    /// Sessions of the window.
    pub observations: usize,
    /// Weight of the shrinkage target, 0 to 1; absent for estimators that do not shrink.
    pub shrinkage: Option<f64>,
}

impl FactorMatrix {
    /// The full symmetric matrix, factors by factors.
    pub fn matrix(&self) -> Array2<f64> {
        let n = self.factors.len();
        Array2::from_shape_fn((n, n), |(i, j)| {
            let (row, column) = (i.max(j), i.min(j));
            self.packed[row * (row + 1) / 2 + column]
        })
    }

    /// Packs the lower triangle of a symmetric matrix, row by row.
    pub fn pack(matrix: &Array2<f64>) -> Vec<f64> {
        (0..matrix.nrows()).flat_map(|i| (0..=i).map(move |j| matrix[[i, j]])).collect()
    }
}

/// Exposure of a portfolio to one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorExposure {
    pub factor: String,
    /// Sum of delta-adjusted value times loading.
    pub dollar_exposure: f64,
    /// Standard error of the sum, estimation errors of different instruments taken as independent.
    pub std_error_usd: Option<f64>,
    /// Dollar exposure over its standard error.
    pub t_value: Option<f64>,
    /// Dollar exposure over NAV; absent when NAV is not positive.
    pub beta: Option<f64>,
    /// Share of the gross delta-adjusted value that has loadings.
    pub coverage_fraction: f64,
}

/// Correlations between the holdings of a portfolio, in one row.
#[derive(Debug, Clone, PartialEq)]
pub struct PortfolioCorrelation {
    /// Names the estimator and its window, e.g. `pearson_63`.
    pub method: String,
    pub window_sessions: usize,
    /// Mean over the pairs that have a value.
    pub average_correlation: Option<f64>,
    /// n squared over the sum of squared correlations.
    pub effective_bets: Option<f64>,
    /// Of the matrix as estimated; `None` where no repair was needed.
    pub min_eigenvalue: Option<f64>,
    /// Whether the matrix was moved to the nearest correlation matrix.
    pub repaired: bool,
    /// Holdings left out.
    pub excluded: usize,
    /// In the order of rows and columns.
    pub symbols: Vec<String>,
    /// Strict lower triangle, row by row: n (n - 1) / 2 pairs. `None` where the overlap is too short.
    pub pairs: Vec<Option<f64>>,
    pub clusters: Vec<CorrelationCluster>,
}

/// A group of holdings that move together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrelationCluster {
    pub name: String,
    pub average_correlation: f64,
    /// Sum of absolute market values, dollars.
    pub value: f64,
    /// Of the gross value of all nodes.
    pub weight_fraction: Option<f64>,
    pub members: Vec<String>,
}

/// Profit or loss of a portfolio under one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct StressResult {
    pub scenario_id: String,
    /// Only the factors that the scenario names move.
    pub direct: Result<ScenarioPnl, Reason>,
    /// The others move to their expectation given the named ones.
    pub correlated: Result<ScenarioPnl, Reason>,
    /// Moves of the factors that the scenario does not name, in correlated mode.
    pub implied_moves: Vec<ImpliedMove>,
    /// Size of the scenario in annual standard deviations of the named factors.
    pub distance: Option<f64>,
    /// Whether the distance is beyond what the covariance was estimated on.
    pub extrapolated: bool,
    /// Absolute market value of positions that could not be repriced, in the mode that leaves out more.
    pub excluded_value: f64,
}

/// Total of a scenario and its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioPnl {
    /// Dollars.
    pub pnl: f64,
    /// Of NAV; absent when NAV is not positive.
    pub fraction: Option<f64>,
    /// Parts by factor, in dollars; they sum to `pnl`.
    pub by_factor: Vec<FactorPnl>,
}

/// Dollars attributed to one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorPnl {
    pub factor: String,
    pub pnl: f64,
}

/// Conditional expectation of a factor that a scenario does not name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImpliedMove {
    pub factor: String,
    /// Decimal fraction; decimal change of yield for rates.
    pub size: f64,
    /// Annual standard deviation of the move given the named ones.
    pub conditional_deviation: f64,
}

/// Profit or loss under one market or rate move.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketRiskResult {
    pub scenario_id: String,
    pub shock: MarketRiskShock,
    pub outcome: Result<ScenarioPnl, Reason>,
    /// Absolute market value of positions that could not be repriced, dollars.
    pub excluded_value: f64,
}

/// Shock of a market-risk scenario.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum MarketRiskShock {
    /// Return of the market, decimal fraction.
    Market(f64),
    /// Parallel move of yields, basis points.
    RatesBp(f64),
}

text_enum! {
    /// What a sum of exposures is grouped by.
    Dimension {
        Total = "total",
        AssetType = "asset_type",
        Sector = "sector",
        Underlying = "underlying",
        Tag = "tag",
    }
}

/// Exposures of one bucket of one dimension, dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExposureRow {
    pub dimension: Dimension,
    pub bucket: String,
    pub position_count: usize,
    /// Sum of absolute market values.
    pub gross: f64,
    /// Sum of signed market values.
    pub net: f64,
    pub long_value: f64,
    /// Not positive.
    pub short_value: f64,
    /// Contracts x multiplier x spot for options, negative for puts; market value otherwise.
    pub notional: Option<f64>,
    /// Value of the underlyings that moves as much.
    pub delta_adjusted: Option<f64>,
    /// Delta-adjusted value times the market loading.
    pub beta_adjusted: Option<f64>,
}

/// One portfolio at the close of one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub as_of: NaiveDate,
    /// Cash plus market values.
    pub nav: f64,
    pub cash: f64,
    /// Part of the cash that came from short sales still open.
    pub short_proceeds: f64,
    /// Sum of positive market values.
    pub long_value: f64,
    /// Sum of negative market values: not positive.
    pub short_value: f64,
    /// Sum of absolute market values.
    pub gross: f64,
    /// Sum of signed market values.
    pub net: f64,
    pub unrealized_pnl: f64,
    /// Since the opening.
    pub realized_pnl: f64,
    pub day_pnl: f64,
    /// Money and positions that came in (positive) or left during the session, at their value.
    pub flows: f64,
    /// P&L over NAV before plus flows, decimal fraction; absent where that is not positive, and on the opening.
    pub day_return: Option<f64>,
    /// Since the opening.
    pub cumulative_pnl: f64,
    /// Return index minus one, decimal fraction.
    pub cumulative_return: Option<f64>,
    /// Annualised standard deviation of daily returns over 21 sessions.
    pub realized_vol_21: Option<f64>,
    /// The same over 63 sessions.
    pub realized_vol_63: Option<f64>,
    /// Return index over its running maximum, minus one: not positive.
    pub drawdown: Option<f64>,
    /// Beta-adjusted exposure over NAV.
    pub market_beta: Option<f64>,
    /// Value of the underlyings that moves as much.
    pub delta_dollars: Option<f64>,
    /// Change of delta dollars when underlyings rise by one percent.
    pub gamma_dollars_per_1pct: Option<f64>,
    /// Dollars per calendar day.
    pub theta_per_day: Option<f64>,
    /// Dollars per point of volatility (0.01).
    pub vega_per_point: Option<f64>,
    /// Dollars per point of rates (0.01).
    pub rho_per_point: Option<f64>,
    /// Sum of squared weights of gross value times 10,000.
    pub hhi: Option<f64>,
    /// One over the sum of squared weights.
    pub effective_positions: Option<f64>,
    pub top_3_fraction: Option<f64>,
    pub top_10_fraction: Option<f64>,
    /// Open lots.
    pub position_count: usize,
    /// Open lots that have no part in the NAV.
    pub excluded_count: usize,
}

/// Something an engine left out of a portfolio's numbers or qualified, with its share of value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    pub issue: super::Issue,
    /// Signed market value concerned, dollars.
    pub value: Option<f64>,
    /// Absolute share of gross value.
    pub weight_fraction: Option<f64>,
}
