//! What all instruments share: market return, volatility index, common factors, yields.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday};

use super::draws::{Draws, Shape, moments};

pub const DAYS: f64 = 252.0;

const MARKET_VOL: f64 = 0.16;
const MARKET_DRIFT_PER_YEAR: f64 = 0.11;
const VIX_MEAN: f64 = 17.8;
const VIX_LAST: f64 = 18.50;

/// Annual volatility of the daily change of the ten-year yield, decimal.
const YIELD_VOL: f64 = 0.0095;

const FACTOR_SHAPE: Shape = Shape { degrees: 5, persistence: 0.95, volatility_of_log: 0.10 };

/// Common factors and their annual volatilities.
const COMMON: [(&str, f64); 18] = [
    ("value", 0.060),
    ("momentum", 0.065),
    ("quality", 0.030),
    ("size", 0.050),
    ("low_volatility", 0.045),
    ("tech", 0.095),
    ("semiconductors", 0.140),
    ("speculative", 0.180),
    ("financials", 0.120),
    ("health", 0.090),
    ("discretionary", 0.090),
    ("staples", 0.080),
    ("industrials", 0.090),
    ("energy", 0.140),
    ("real_estate", 0.090),
    ("commodities", 0.130),
    ("gold", 0.140),
    ("international", 0.075),
];

/// Spread of broad bond funds over government bonds.
const CREDIT_VOL: f64 = 0.007;

/// Published constant-maturity yields: series id and percent on each session that has one.
pub struct Yields {
    pub series: Vec<(&'static str, Vec<(NaiveDate, f64)>)>,
}

impl Yields {
    /// The latest value of a series on or before a date, percent.
    pub fn at(&self, id: &str, date: NaiveDate) -> Option<f64> {
        let (_, points) = self.series.iter().find(|(series, _)| *series == id)?;
        points.iter().take_while(|(day, _)| *day <= date).last().map(|(_, percent)| *percent)
    }
}

/// Simulated common drivers; returns have one element fewer than there are sessions.
pub struct Environment {
    pub market: Vec<f64>,
    pub factors: BTreeMap<&'static str, Vec<f64>>,
    /// Daily change of the ten-year yield, decimal.
    pub yield_changes: Vec<f64>,
    /// Level of the volatility index on every session.
    pub vix: Vec<f64>,
}

impl Environment {
    /// Simulates all drivers over the sessions.
    pub fn simulate(sessions: &[NaiveDate]) -> Environment {
        let n = sessions.len() - 1;
        let (market, vix) = market_and_vix(n);
        let yield_changes = yield_changes(&market);
        let mut factors: BTreeMap<&'static str, Vec<f64>> =
            COMMON.iter().map(|(name, vol)| (*name, scaled(name, *vol, n))).collect();
        factors.insert("credit", scaled("credit", CREDIT_VOL, n));
        Environment { market, factors, yield_changes, vix }
    }

    /// Yields as published: percent with two decimals, none on the bond market's own holidays.
    pub fn published_yields(&self, sessions: &[NaiveDate]) -> Yields {
        let n = self.yield_changes.len();
        let own = |id: &str, vol: f64| scaled(id, vol, n);
        let mix = |weight: f64, own: Vec<f64>| -> Vec<f64> {
            self.yield_changes.iter().zip(own).map(|(dy, e)| weight * dy + e).collect()
        };
        // Bills follow a slow path of policy cuts, not the long end.
        let bills: Vec<f64> = own("DGS3MO", 0.0025).iter().map(|e| e - 0.0105 / n as f64).collect();
        let series = [
            ("DGS3MO", bills, 4.30),
            ("DGS2", mix(0.9, own("DGS2", 0.0045)), 3.78),
            ("DGS10", self.yield_changes.clone(), 4.24),
            ("DGS30", mix(0.88, own("DGS30", 0.0025)), 4.77),
        ];
        let publish = |(id, changes, last): (&'static str, Vec<f64>, f64)| {
            let levels = levels_back(&changes, last);
            let points = sessions.iter().zip(levels).filter(|(day, _)| !is_bond_holiday(**day));
            (id, points.map(|(day, percent)| (*day, (percent * 100.0).round() / 100.0)).collect())
        };
        Yields { series: series.into_iter().map(publish).collect() }
    }
}

/// Percent levels that end at `last`, from decimal changes.
fn levels_back(changes: &[f64], last: f64) -> Vec<f64> {
    let mut levels = vec![last; changes.len() + 1];
    for i in (0..changes.len()).rev() {
        levels[i] = levels[i + 1] - 100.0 * changes[i];
    }
    levels
}

/// Columbus Day and Veterans Day: the exchange trades, no yields are published.
fn is_bond_holiday(day: NaiveDate) -> bool {
    let columbus = day.month() == 10 && day.weekday() == Weekday::Mon && (8..=14).contains(&day.day());
    columbus || (day.month() == 11 && day.day() == 11)
}

fn scaled(name: &str, vol: f64, n: usize) -> Vec<f64> {
    let daily = vol / DAYS.sqrt();
    Draws::of(name).clustered(n, FACTOR_SHAPE).into_iter().map(|x| x * daily).collect()
}

/// Market returns whose volatility follows yesterday's index, and the index, which answers to today's return.
fn market_and_vix(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut draws = Draws::of("market");
    let mut log_vix = vec![0.0];
    let mut raw = Vec::with_capacity(n);
    for i in 0..n {
        let shock = draws.student(4);
        let own = draws.normal();
        raw.push(libm::exp(1.1 * log_vix[i]) * shock);
        // Falls move the index more than rises of the same size.
        let answer = if shock < 0.0 { -0.058 } else { -0.044 };
        log_vix.push(0.96 * log_vix[i] + answer * shock + 0.030 * own);
    }
    let (mean, deviation) = moments(&raw);
    let daily = MARKET_VOL / DAYS.sqrt();
    let market = raw.iter().map(|x| (x - mean) / deviation * daily + MARKET_DRIFT_PER_YEAR / DAYS).collect();
    // The path is tilted by a trifle a day so that mean and last level both hold.
    let average = log_vix.iter().sum::<f64>() / log_vix.len() as f64;
    let miss = libm::log(VIX_LAST / VIX_MEAN) - (log_vix[n] - average);
    let vix = log_vix
        .iter()
        .enumerate()
        .map(|(i, x)| VIX_MEAN * libm::exp(x - average + miss * i as f64 / n as f64))
        .collect();
    (market, vix)
}

/// Changes of the ten-year yield: clustered, weakly against the market, pulled back to the middle of their range.
fn yield_changes(market: &[f64]) -> Vec<f64> {
    let shape = Shape { degrees: 7, persistence: 0.97, volatility_of_log: 0.06 };
    let own = Draws::of("DGS10").clustered(market.len(), shape);
    let daily = YIELD_VOL / DAYS.sqrt();
    let (mean, deviation) = moments(market);
    let mut away = 0.0;
    own.iter()
        .zip(market)
        .map(|(shock, m)| {
            let change = daily * (0.99 * shock - 0.12 * (m - mean) / deviation) - 0.012 * away;
            away += change;
            change
        })
        .collect()
}
