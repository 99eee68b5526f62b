//! Returns of one instrument and the bars that end at its given close.

use chrono::NaiveDate;

use super::actions;
use super::draws::{Draws, Shape, moments};
use super::environment::{DAYS, Environment};
use super::profile::Profile;

const SPECIFIC_SHAPE: Shape = Shape { degrees: 4, persistence: 0.95, volatility_of_log: 0.12 };

/// Prices of one instrument, one bar a session.
pub struct Series {
    pub symbol: String,
    pub bars: Vec<Bar>,
}

/// One session. Funds have a close only.
pub struct Bar {
    pub date: NaiveDate,
    pub open: Option<f64>,
    pub high: Option<f64>,
    pub low: Option<f64>,
    pub close: f64,
    /// Adjusted for the splits and dividends after the session.
    pub adj_close: f64,
    pub volume: Option<u64>,
}

/// Simulates the bars of one instrument.
pub fn simulate(profile: &Profile, environment: &Environment, sessions: &[NaiveDate]) -> Series {
    let returns = if profile.symbol == "VIX" {
        environment.vix.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect()
    } else {
        returns(profile, environment)
    };
    let levels = levels_back(profile, &returns, sessions);
    let closes = rounded(&levels);
    let adjusted = adjusted(&profile.symbol, &closes, sessions);
    let mut draws = Draws::of(&format!("{} bars", profile.symbol));
    let (_, deviation) = moments(&returns);
    let bars = (0..sessions.len())
        .map(|i| {
            let day_return = if i == 0 { 0.0 } else { returns[i - 1] };
            bar(profile, sessions[i], closes[i], adjusted[i], day_return, deviation, &mut draws)
        })
        .collect();
    Series { symbol: profile.symbol.clone(), bars }
}

/// Simple total returns.
fn returns(profile: &Profile, environment: &Environment) -> Vec<f64> {
    let n = environment.market.len();
    let specific = Draws::of(&profile.symbol).clustered(n, SPECIFIC_SHAPE);
    let daily = profile.specific_vol / DAYS.sqrt();
    let loadings: Vec<(&[f64], f64)> = profile
        .loadings()
        .map(|(factor, loading)| (environment.factors[factor].as_slice(), loading))
        .collect();
    let duration = profile.duration.unwrap_or(0.0);
    let convexity = profile.convexity.unwrap_or(0.0);
    (0..n)
        .map(|i| {
            let common: f64 = loadings.iter().map(|(factor, loading)| loading * factor[i]).sum();
            let dy = environment.yield_changes[i];
            let exponent = -duration * dy + (convexity - duration * duration) * dy * dy / 2.0;
            profile.beta * environment.market[i]
                + common
                + profile.rate_loading * dy
                + libm::expm1(exponent)
                + daily * specific[i]
        })
        .collect()
}

/// Raw closes that end at the given one; on an ex-date the close before is higher by the cash, before a split by
/// the ratio.
fn levels_back(profile: &Profile, returns: &[f64], sessions: &[NaiveDate]) -> Vec<f64> {
    let mut levels = vec![profile.close; sessions.len()];
    for i in (0..returns.len()).rev() {
        let (cash, shares) = actions::on(&profile.symbol, sessions[i + 1]);
        levels[i] = (levels[i + 1] / (1.0 + returns[i]) + cash) * shares;
    }
    levels
}

/// Whole cents; a close never repeats the next session's, because a repeat reads as a stale price.
fn rounded(levels: &[f64]) -> Vec<f64> {
    let mut cents: Vec<f64> = levels.iter().map(|level| (level * 100.0).round()).collect();
    for i in (0..cents.len() - 1).rev() {
        if cents[i] == cents[i + 1] {
            cents[i] += if levels[i] < levels[i + 1] { -1.0 } else { 1.0 };
        }
    }
    cents.iter().map(|c| c / 100.0).collect()
}

/// `adj_t = close_t x product over later ex-dates of (1 - cash / close before) / shares`.
fn adjusted(symbol: &str, closes: &[f64], sessions: &[NaiveDate]) -> Vec<f64> {
    let mut adjusted = closes.to_vec();
    let mut factor = 1.0;
    for i in (0..closes.len() - 1).rev() {
        let (cash, shares) = actions::on(symbol, sessions[i + 1]);
        factor *= (1.0 - cash * shares / closes[i]) / shares;
        adjusted[i] = (closes[i] * factor * 1e6).round() / 1e6;
    }
    adjusted
}

fn bar(
    profile: &Profile,
    date: NaiveDate,
    close: f64,
    adj_close: f64,
    day_return: f64,
    deviation: f64,
    draws: &mut Draws,
) -> Bar {
    if profile.has_only_closes() {
        return Bar { date, open: None, high: None, low: None, close, adj_close, volume: None };
    }
    let cents = |price: f64| (price * 100.0).round() / 100.0;
    let before = close / (1.0 + day_return);
    let gap = 0.35 * day_return + 0.25 * deviation * draws.normal();
    let open = cents(before * (1.0 + gap));
    let high = cents(open.max(close) * (1.0 + 0.35 * deviation * draws.normal().abs()));
    let low = cents(open.min(close) * (1.0 - 0.35 * deviation * draws.normal().abs()));
    let busy = 0.25 * draws.normal() + 0.20 * (day_return.abs() / deviation - 0.8);
    let volume = profile.volume.map(|typical| (typical * libm::exp(busy)).round() as u64);
    Bar { date, open: Some(open), high: Some(high), low: Some(low), close, adj_close, volume }
}
