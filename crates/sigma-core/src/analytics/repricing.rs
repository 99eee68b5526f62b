//! Full repricing of options under shocks.
//!
//! # Order
//! Spot, then volatility, then rate; each step is one part of the result, so the parts sum to the whole. The spot step
//! is split over the factors in the proportions of the underlying's response.
//!
//! # Volatility
//! A stated shock `v` acts as `sigma (1 + v)^w` with `w = min(1, sqrt(30 / days))`: short-dated volatilities move most.
//! Where none is stated, correlated mode lets volatilities respond to the market move `m` as `sigma (1 + m)^(-3 w)`.
//! Forwards of volatility indices are volatilities themselves: they move by the same multiplier with `w = 1`, never by
//! factor loadings, and the volatility of such an option stays. A shock to the index by its symbol takes the place of
//! the multiplier.
//!
//! # Verified by
//! `tests/stress`: the parts sum to the repriced difference, and small shocks reproduce delta and vega.

use super::black_scholes::{self, PricingInputs};
use super::black76::{self, ForwardInputs};
use super::shocks::{FactorShocks, Response};
use crate::model::{Instrument, OptionGreeks, OptionTerms, RATES, Reason, VOLATILITY};

/// Exponent of the volatility response to the market: a 10 % fall lifts short volatilities by about 37 %.
const MARKET_RESPONSE: f64 = 3.0;

/// How volatilities move in a scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VolatilityMove {
    Unchanged,
    /// A stated relative shock.
    Stated(f64),
    /// Response to a market move.
    Market(f64),
}

impl VolatilityMove {
    /// Factor on a volatility whose option has `days` to run.
    pub fn multiplier(self, days: f64) -> f64 {
        let weight = if days > 30.0 { (30.0 / days).sqrt() } else { 1.0 };
        match self {
            VolatilityMove::Unchanged => 1.0,
            VolatilityMove::Stated(v) => (1.0 + v).powf(weight),
            VolatilityMove::Market(m) => (1.0 + m).powf(-MARKET_RESPONSE * weight),
        }
    }
}

/// Change of the value per unit of the underlying, with its parts by factor.
pub fn reprice(
    terms: &OptionTerms,
    greeks: &OptionGreeks,
    underlying: Result<&Response, Reason>,
    volatility: VolatilityMove,
    rate_change: Option<f64>,
) -> Result<Response, Reason> {
    let rate_change = rate_change.unwrap_or(0.0);
    if Instrument::is_volatility_index(&terms.underlying) {
        return reprice_on_forward(terms, greeks, named_move(terms, underlying), volatility, rate_change);
    }
    let underlying = underlying?;
    let price = |spot: f64, volatility: f64, rate: f64| {
        let inputs = PricingInputs {
            spot,
            strike: terms.strike,
            years: greeks.years,
            rate,
            dividend_yield: greeks.dividend_yield,
            volatility,
            kind: terms.kind,
        };
        black_scholes::price_and_greeks(&inputs).map(|g| g.price).map_err(|_| Reason::InvalidInput)
    };
    let spot = greeks.spot * (1.0 + underlying.total);
    let shocked_volatility = greeks.volatility * volatility.multiplier(greeks.years * 365.0);
    let base = price(greeks.spot, greeks.volatility, greeks.rate)?;
    let after_spot = price(spot, greeks.volatility, greeks.rate)?;
    let after_volatility = price(spot, shocked_volatility, greeks.rate)?;
    let after_rate = price(spot, shocked_volatility, greeks.rate + rate_change)?;

    let mut parts = split(after_spot - base, underlying, greeks);
    add(&mut parts, VOLATILITY, after_volatility - after_spot);
    add(&mut parts, RATES, after_rate - after_volatility);
    Ok(Response { total: after_rate - base, parts })
}

/// The move of the underlying where the scenario names it by symbol: such a response has that one part.
fn named_move(terms: &OptionTerms, underlying: Result<&Response, Reason>) -> Option<f64> {
    match underlying.ok()?.parts.as_slice() {
        [(symbol, size)] if *symbol == terms.underlying => Some(*size),
        _ => None,
    }
}

/// Return of a volatility index itself, which moves as forwards on it do.
pub fn index_move(symbol: &str, shocks: &FactorShocks, volatility: VolatilityMove) -> Response {
    let named = shocks.symbols.iter().find(|(named, _)| named == symbol);
    let (mover, total) = match named {
        Some((_, size)) => (symbol, *size),
        None => (VOLATILITY, volatility.multiplier(0.0) - 1.0),
    };
    Response { total, parts: vec![(mover.to_owned(), total)] }
}

fn reprice_on_forward(
    terms: &OptionTerms,
    greeks: &OptionGreeks,
    named: Option<f64>,
    volatility: VolatilityMove,
    rate_change: f64,
) -> Result<Response, Reason> {
    let price = |forward: f64, rate: f64| {
        let inputs = ForwardInputs {
            forward,
            strike: terms.strike,
            years: greeks.years,
            rate,
            volatility: greeks.volatility,
            kind: terms.kind,
        };
        black76::price_and_greeks(&inputs).map(|g| g.price).map_err(|_| Reason::InvalidInput)
    };
    let base = price(greeks.spot, greeks.rate)?;
    let forward = greeks.spot * named.map_or(volatility.multiplier(0.0), |size| 1.0 + size);
    let after_forward = price(forward, greeks.rate)?;
    let after_rate = price(forward, greeks.rate + rate_change)?;
    let mut parts = Vec::new();
    let mover = if named.is_some() { terms.underlying.as_str() } else { VOLATILITY };
    add(&mut parts, mover, after_forward - base);
    add(&mut parts, RATES, after_rate - after_forward);
    Ok(Response { total: after_rate - base, parts })
}

/// Below this move of the spot the quotient of two cancelling differences says less than delta does.
const CANCELLED: f64 = 1e-7;

/// The spot step in the proportions of the underlying's parts; where those cancel, delta times each part, and what delta
/// misses by their size.
fn split(change: f64, underlying: &Response, greeks: &OptionGreeks) -> Vec<(String, f64)> {
    let size: f64 = underlying.parts.iter().map(|(_, part)| part.abs()).sum();
    let delta_dollars = greeks.delta * greeks.spot;
    let share = |part: f64| match underlying.total {
        total if total.abs() >= CANCELLED => part * (change / total),
        total if size > 0.0 => part * delta_dollars + (change - total * delta_dollars) * part.abs() / size,
        _ => 0.0,
    };
    underlying.parts.iter().map(|(factor, part)| (factor.clone(), share(*part))).collect()
}

/// Adds dollars to a factor's entry.
pub fn add(parts: &mut Vec<(String, f64)>, factor: &str, amount: f64) {
    match parts.iter_mut().find(|(name, _)| name == factor) {
        Some((_, sum)) => *sum += amount,
        None if amount != 0.0 => parts.push((factor.to_owned(), amount)),
        None => {}
    }
}
