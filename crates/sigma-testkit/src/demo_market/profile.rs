//! What each instrument of the demo market is, and how it moves.

use serde::Deserialize;

/// One row of the table of instruments.
#[derive(Debug, Clone, Deserialize)]
pub struct Profile {
    pub symbol: String,
    pub name: String,
    /// Kind of instrument, in its stored form.
    pub r#type: String,
    pub sector: String,
    pub industry: String,
    pub exchange: String,
    pub country: String,
    pub market_cap: Option<u64>,
    /// Decimal a year.
    pub dividend_yield: Option<f64>,
    /// Years.
    pub duration: Option<f64>,
    /// Years squared.
    pub convexity: Option<f64>,
    /// Close of the last session.
    pub close: f64,
    pub beta: f64,
    /// Loadings on common factors, `name=loading;...`.
    pub exposures: String,
    /// Return per 1.00 of ten-year yield.
    pub rate_loading: f64,
    /// Annual volatility of the specific return.
    pub specific_vol: f64,
    /// Typical daily volume; funds priced once a day have none.
    pub volume: Option<f64>,
}

impl Profile {
    /// Loadings on common factors.
    pub fn loadings(&self) -> impl Iterator<Item = (&str, f64)> {
        self.exposures.split(';').filter(|item| !item.is_empty()).map(|item| {
            let (factor, loading) = item.split_once('=').expect("profiles.csv: exposures are name=loading");
            (factor, loading.parse().expect("profiles.csv: a loading is a number"))
        })
    }

    /// Whether only a daily net asset value is published.
    pub fn has_only_closes(&self) -> bool {
        self.r#type == "mutual_fund"
    }
}

/// Every instrument of the demo market.
pub fn profiles() -> Vec<Profile> {
    csv::Reader::from_reader(include_str!("profiles.csv").as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("profiles.csv is part of the source")
}
