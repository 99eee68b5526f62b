//! Results that belong to an instrument or a portfolio and are stored between tools.

use chrono::NaiveDate;
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
        Interpolated = "interpolated",
        Realised63 = "realised_63",
    }
}

/// Greeks of one option contract, per unit of the underlying.
///
/// `delta` per 1.00 of spot, `gamma` per 1.00 of spot squared, `theta_per_day` per calendar day,
/// `vega_per_point` per 0.01 of volatility, `rho_per_point` per 0.01 of rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionGreeks {
    pub method: GreeksMethod,
    /// Price of the underlying: its close, or the forward for Black-76.
    pub spot: f64,
    /// Market price of the contract, when quoted.
    pub market_price: Option<f64>,
    pub volatility: f64,
    pub volatility_source: VolatilitySource,
    /// Continuously compounded, decimal a year.
    pub rate: f64,
    pub dividend_yield: f64,
    /// ACT/365 from the as-of close.
    pub years: f64,
    pub model_price: f64,
    pub delta: f64,
    pub gamma: f64,
    pub theta_per_day: f64,
    pub vega_per_point: f64,
    pub rho_per_point: f64,
    /// Remarks, e.g. `forward_is_spot`.
    pub flags: Vec<String>,
}

/// Greeks, or the reason there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GreeksRow {
    pub instrument_id: i64,
    pub as_of: NaiveDate,
    pub greeks: Result<OptionGreeks, Reason>,
}
