//! Daily quotes of the option contracts in the demo books.

use chrono::NaiveDate;
use sigma_core::model::{OccSymbol, parse_occ};

use super::OPTION_SESSIONS;
use super::bars::Series;
use super::draws::Draws;
use super::environment::{DAYS, Yields};
use super::pricing::Terms;
use super::profile::Profile;

/// How a contract is quoted.
struct Contract {
    symbol: &'static str,
    open_interest: f64,
    /// Half the spread as a share of the price.
    half_spread: f64,
}

const fn contract(symbol: &'static str, open_interest: f64, half_spread: f64) -> Contract {
    Contract { symbol, open_interest, half_spread }
}

const CONTRACTS: [Contract; 8] = [
    contract("SPY250919C00460000", 21_500.0, 0.002),
    contract("QQQ250815C00420000", 12_800.0, 0.004),
    contract("VIX250716C00025000", 148_000.0, 0.020),
    contract("NVDA251017C00800000", 9_400.0, 0.008),
    contract("AAPL250815P00200000", 30_200.0, 0.010),
    contract("MSFT250919P00380000", 6_700.0, 0.012),
    contract("TSLA250815C00300000", 24_900.0, 0.006),
    contract("META250919P00450000", 4_300.0, 0.014),
];

/// Every this-many-th quote has no implied volatility, so that deriving it from the prices is exercised.
const BLANK_EVERY: usize = 7;

/// Below this change of price per point a two-decimal quote says nothing about volatility.
const LEAST_VEGA_PER_POINT: f64 = 0.004;

/// Speed, per year, at which implied volatilities and the index forward revert.
const VOLATILITY_REVERSION: f64 = 4.0;
const INDEX_REVERSION: f64 = 6.0;
const INDEX_LONG_RUN: f64 = 19.5;

/// One end-of-day quote.
pub struct Quote {
    pub symbol: &'static str,
    pub date: NaiveDate,
    pub bid: f64,
    pub ask: f64,
    pub close: f64,
    pub implied_volatility: Option<f64>,
    pub open_interest: u64,
    pub forward: Option<f64>,
    /// What the quote was priced on.
    pub terms: Terms,
}

/// Quotes of all contracts on the last sessions.
pub fn quotes(
    sessions: &[NaiveDate],
    profiles: &[Profile],
    series: &[Series],
    yields: &Yields,
) -> Vec<Quote> {
    let start = sessions.len() - OPTION_SESSIONS;
    let closes_of = |symbol: &str| -> Vec<f64> {
        let found = series.iter().find(|s| s.symbol == symbol).expect("every underlying has prices");
        found.bars.iter().map(|bar| bar.close).collect()
    };
    let vix = closes_of("VIX");
    let mut quotes = Vec::new();
    for (row, contract) in CONTRACTS.iter().enumerate() {
        let occ = parse_occ(contract.symbol).expect("contracts are OCC symbols");
        let profile = profiles.iter().find(|p| p.symbol == occ.root).expect("every underlying is listed");
        let closes = closes_of(&occ.root);
        let mut draws = Draws::of(contract.symbol);
        let (mut mood, mut interest) = (0.0, 0.0);
        for (day, &date) in sessions.iter().enumerate().skip(start) {
            mood = 0.9 * mood + 0.015 * draws.normal();
            interest += 0.015 * draws.normal();
            let terms = terms(&occ, date, closes[day], profile, yields);
            let volatility = volatility(&occ, &terms, &closes[..=day], vix[day]) * libm::exp(mood);
            let mut quote = quoted(contract, date, terms, volatility, &mut draws);
            quote.open_interest = (contract.open_interest * libm::exp(interest)).round() as u64;
            if (day + 3 * row) % BLANK_EVERY == 0 {
                quote.implied_volatility = None;
            }
            quotes.push(quote);
        }
    }
    quotes
}

fn terms(occ: &OccSymbol, date: NaiveDate, spot: f64, profile: &Profile, yields: &Yields) -> Terms {
    let years = (occ.expiry - date).num_days() as f64 / 365.0;
    let percent = yields.at("DGS3MO", date).expect("yields start on the first session");
    // Treasury yields compound twice a year.
    let rate = 2.0 * libm::log1p(percent / 200.0);
    let forward = if occ.root == "VIX" {
        let forward = INDEX_LONG_RUN + (spot - INDEX_LONG_RUN) * libm::exp(-INDEX_REVERSION * years);
        (forward * 1e4).round() / 1e4
    } else {
        spot * libm::exp((rate - profile.dividend_yield.unwrap_or(0.0)) * years)
    };
    Terms { sign: occ.kind.sign(), forward, strike: occ.strike, years, rate }
}

/// Implied volatility of the contract: a level with a term structure, then a smile in standardised moneyness.
fn volatility(occ: &OccSymbol, terms: &Terms, closes: &[f64], vix: f64) -> f64 {
    let moneyness = libm::log(terms.strike / terms.forward) / terms.years.sqrt();
    let x = moneyness.clamp(-1.2, 1.2);
    match occ.root.as_str() {
        // Options on the index itself: steep for short terms, dearer for high strikes.
        "VIX" => {
            let level = 0.75 + 0.40 * libm::exp(-5.0 * terms.years);
            level + 0.25 * libm::log(terms.strike / terms.forward).clamp(-0.5, 0.8)
        }
        "SPY" => term(vix / 100.0, 0.18, terms.years) - 0.11 * x + 0.05 * x * x,
        "QQQ" => term(1.35 * vix / 100.0, 0.25, terms.years) - 0.10 * x + 0.05 * x * x,
        _ => {
            // Implied stands above realised; by more where a volatile company reports before the expiry.
            let premium = if occ.root == "NVDA" { 1.30 } else { 1.08 };
            let (long_run, recent) = (premium * realised(closes, 252.0), premium * realised(closes, 21.0));
            let now = 0.5 * recent + 0.5 * long_run * (vix / 17.5).sqrt();
            term(now, long_run, terms.years) - 0.07 * x + 0.08 * x * x
        }
    }
}

/// Average volatility to the expiry of one that reverts from `now` to `long_run`.
fn term(now: f64, long_run: f64, years: f64) -> f64 {
    let decay = VOLATILITY_REVERSION * years;
    let weight = -libm::expm1(-decay) / decay;
    (long_run * long_run + (now * now - long_run * long_run) * weight).sqrt()
}

/// Annual realised volatility, exponentially weighted with a mean age in sessions.
fn realised(closes: &[f64], mean_age: f64) -> f64 {
    let keep = 1.0 - 1.0 / mean_age;
    let (mut weight, mut total, mut squares) = (1.0, 0.0, 0.0);
    for pair in closes.windows(2).rev() {
        let r = pair[1] / pair[0] - 1.0;
        squares += weight * r * r;
        total += weight;
        weight *= keep;
    }
    (squares / total * DAYS).sqrt()
}

/// Rounds a price to a bid and an ask and derives what a reader can derive from them.
fn quoted(contract: &Contract, date: NaiveDate, terms: Terms, volatility: f64, draws: &mut Draws) -> Quote {
    let price = terms.price(volatility);
    let half = (price * contract.half_spread).max(0.01);
    let bid = ((price - half) * 100.0).floor().max(0.0) / 100.0;
    let ask = (((price + half) * 100.0).ceil() / 100.0).max(0.05);
    let close = ((bid + (ask - bid) * draws.uniform()) * 100.0).round().max(1.0) / 100.0;
    let middle = (bid + ask) / 2.0;
    let implied = terms.implied_volatility(middle);
    let implied_volatility =
        implied.filter(|v| terms.vega_per_point(*v) >= LEAST_VEGA_PER_POINT).map(|v| (v * 1e6).round() / 1e6);
    let forward = contract.symbol.starts_with("VIX").then_some(terms.forward);
    Quote {
        symbol: contract.symbol,
        date,
        bid,
        ask,
        close,
        implied_volatility,
        open_interest: 0,
        forward,
        terms,
    }
}
