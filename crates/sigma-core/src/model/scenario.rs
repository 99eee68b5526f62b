//! Stress scenarios: named shocks.

use serde::{Deserialize, Serialize};

use super::instrument::text_enum;

text_enum! {
    /// What the size of a style shock means.
    ShockBasis {
        /// Move of the style against the market.
        Spread = "spread",
        /// Move of the proxy itself.
        Return = "return",
    }
}

/// A shock to one risk factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shock {
    /// Market or style factor, decimal fraction, |size| < 1. The rates factor by name is a change of yield, decimal.
    Factor { factor: String, size: f64, basis: ShockBasis },
    /// Parallel move of the yield curve, basis points.
    RatesBp { bp: f64 },
    /// Relative move of option volatilities, decimal fraction, > -1.
    Volatility { size: f64 },
    /// Relative move of one symbol's price, decimal fraction, > -1.
    Symbol { symbol: String, size: f64 },
}

/// A named set of shocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Stable key.
    pub id: String,
    pub name: String,
    pub category: String,
    pub severity: String,
    /// Where the numbers come from, e.g. "inherited, not a replay".
    pub note: Option<String>,
    pub active: bool,
    pub shocks: Vec<Shock>,
}
