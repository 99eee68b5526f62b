//! Greeks of listed options: from quotes, closes and yields to one row per contract.
//!
//! # Model
//! Black-Scholes-Merton with continuous dividend yield; Black-76 on the forward for options on volatility indices.
//! Contracts that can be exercised early are priced as European and stored as such (`european_approximation`).
//!
//! # Volatility
//! In this order, with the source stored: the quoted implied volatility; the one implied by the middle of bid and ask,
//! or by the close; interpolated in log-moneyness between two strikes of the same underlying and expiry; that of the
//! nearest such strike where all lie on one side, flagged; realised volatility of the underlying over 63 sessions. A price below its no-arbitrage bound implies none and says so: by the
//! reason when no other source gives one, by the flag `below_intrinsic` otherwise.
//!
//! # Time
//! ACT/365 calendar days from the as-of close to expiry. On the day of expiry the contract is worth its intrinsic value
//! whatever the volatility, which is stored as zero with the source `expiry` when no quote gives one; after it there are
//! no Greeks (`expired`).
//!
//! # References
//! F. Black, M. Scholes, *The Pricing of Options and Corporate Liabilities*, JPE 81 (1973); R. C. Merton, *Theory of
//! Rational Option Pricing*, Bell J. Econ. 4 (1973); F. Black, *The Pricing of Commodity Contracts*, J. Fin. Econ. 3 (1976).
//!
//! # Verified by
//! The kernels' golden tables; here the order of volatility sources and the reasons, in `tests/greeks_engine.rs`.

use chrono::NaiveDate;

use super::black_scholes::{self, EuropeanGreeks, PricingInputs};
use super::black76::{self, ForwardInputs};
use super::implied_volatility::{self, ImpliedVolatility};
use crate::model::{
    ExerciseStyle, GreeksMethod, Instrument, OptionGreeks, OptionQuote, OptionTerms, Reason, VolatilitySource,
};

/// Sessions of realised volatility that may stand in, flagged, where no quote gives one.
pub const REALISED_WINDOW: usize = 63;

/// What is known about one contract at one close.
#[derive(Debug, Clone)]
pub struct ContractInputs<'a> {
    pub instrument: &'a Instrument,
    pub terms: &'a OptionTerms,
    pub quote: Option<&'a OptionQuote>,
    /// Close of the underlying on the as-of date.
    pub spot: Option<f64>,
    /// Dividend yield of the underlying, from the security master.
    pub dividend_yield: Option<f64>,
    /// Annualised, over [`REALISED_WINDOW`] sessions.
    pub realised_volatility: Option<f64>,
}

/// A contract with its price basis settled: what the kernels need but the volatility.
#[derive(Debug, Clone)]
struct Prepared<'a> {
    inputs: &'a ContractInputs<'a>,
    on_forward: bool,
    spot: f64,
    years: f64,
    rate: f64,
    dividend_yield: f64,
    flags: Vec<String>,
}

/// Method a contract is priced with.
pub fn method_of(terms: &OptionTerms) -> GreeksMethod {
    if Instrument::is_volatility_index(&terms.underlying) {
        GreeksMethod::Black76
    } else if terms.style == ExerciseStyle::European {
        GreeksMethod::BlackScholesMerton
    } else {
        GreeksMethod::EuropeanApproximation
    }
}

/// Bounds that the price of a contract lies between whatever the volatility: no arbitrage, and exercise at once where
/// the contract allows it. The inputs are those of its Greeks.
pub fn price_bounds(terms: &OptionTerms, greeks: &OptionGreeks) -> (f64, f64) {
    let on_forward = method_of(terms) == GreeksMethod::Black76;
    let carry = if on_forward { greeks.rate } else { greeks.dividend_yield };
    let spot = greeks.spot * (-carry * greeks.years).exp();
    let strike = terms.strike * (-greeks.rate * greeks.years).exp();
    let sign = terms.kind.sign();
    let at_expiry = (sign * (spot - strike)).max(0.0);
    let at_once = match terms.style {
        ExerciseStyle::American => (sign * (greeks.spot - terms.strike)).max(0.0),
        ExerciseStyle::European => 0.0,
    };
    (at_expiry.max(at_once), if sign > 0.0 { spot } else { strike })
}

/// Greeks of all contracts of one date, in order. Contracts of one underlying lend each other volatilities.
pub fn compute(
    contracts: &[ContractInputs<'_>],
    rate: Result<f64, Reason>,
    as_of: NaiveDate,
) -> Vec<Result<OptionGreeks, Reason>> {
    let prepared: Vec<_> = contracts.iter().map(|c| prepare(c, rate, as_of)).collect();
    let own: Vec<_> = prepared.iter().map(|p| p.as_ref().map_err(|r| *r).and_then(own_volatility)).collect();
    (0..contracts.len())
        .map(|i| {
            let contract = prepared[i].as_ref().map_err(|reason| *reason)?;
            let found = match own[i] {
                Ok(found) => found,
                Err(_) if contract.years == 0.0 => (0.0, VolatilitySource::Expiry),
                Err(reason) => fallback_volatility(i, &prepared, &own).ok_or(reason)?,
            };
            priced(contract, found, own[i].err())
        })
        .collect()
}

fn prepare<'a>(
    inputs: &'a ContractInputs<'a>,
    rate: Result<f64, Reason>,
    as_of: NaiveDate,
) -> Result<Prepared<'a>, Reason> {
    let terms = inputs.terms;
    if terms.expiry < as_of {
        return Err(Reason::Expired);
    }
    if !terms.standard_deliverable {
        return Err(Reason::NonstandardDeliverable);
    }
    let rate = rate?;
    let on_forward = Instrument::is_volatility_index(&terms.underlying);
    let mut flags = Vec::new();
    let quoted_forward = inputs.quote.and_then(|quote| quote.forward);
    let spot = match (on_forward, quoted_forward) {
        (true, Some(forward)) => forward,
        (true, None) => {
            flags.push("forward_is_spot".to_owned());
            inputs.spot.ok_or(Reason::NoPrice)?
        }
        (false, _) => inputs.spot.ok_or(Reason::NoPrice)?,
    };
    let dividend_yield = match (on_forward, inputs.dividend_yield) {
        (true, _) => 0.0,
        (false, Some(dividend_yield)) => dividend_yield,
        (false, None) => {
            flags.push("no_dividend_yield".to_owned());
            0.0
        }
    };
    let years = (terms.expiry - as_of).num_days() as f64 / 365.0;
    Ok(Prepared { inputs, on_forward, spot, years, rate, dividend_yield, flags })
}

impl Prepared<'_> {
    fn asset(&self, volatility: f64) -> PricingInputs {
        let terms = self.inputs.terms;
        PricingInputs {
            spot: self.spot,
            strike: terms.strike,
            years: self.years,
            rate: self.rate,
            dividend_yield: self.dividend_yield,
            volatility,
            kind: terms.kind,
        }
    }

    fn forward(&self, volatility: f64) -> ForwardInputs {
        let terms = self.inputs.terms;
        ForwardInputs {
            forward: self.spot,
            strike: terms.strike,
            years: self.years,
            rate: self.rate,
            volatility,
            kind: terms.kind,
        }
    }

    fn evaluate(&self, volatility: f64) -> Result<EuropeanGreeks, Reason> {
        let greeks = match self.on_forward {
            true => black76::price_and_greeks(&self.forward(volatility)),
            false => black_scholes::price_and_greeks(&self.asset(volatility)),
        };
        greeks.map_err(|_| Reason::InvalidInput)
    }

    fn implied(&self, price: f64) -> Result<f64, Reason> {
        let implied = match self.on_forward {
            true => implied_volatility::implied_volatility_on_forward(price, &self.forward(0.0)),
            false => implied_volatility::implied_volatility(price, &self.asset(0.0)),
        };
        match implied {
            Ok(ImpliedVolatility::Ok(volatility)) if volatility > 0.0 => Ok(volatility),
            Ok(ImpliedVolatility::BelowIntrinsic) => Err(Reason::BelowIntrinsic),
            Ok(_) => Err(Reason::NoVol),
            Err(_) => Err(Reason::InvalidInput),
        }
    }

    /// ln(K / F), the axis of the smile.
    fn log_moneyness(&self) -> f64 {
        let carry = if self.on_forward { 0.0 } else { (self.rate - self.dividend_yield) * self.years };
        (self.inputs.terms.strike / self.spot).ln() - carry
    }
}

/// The volatility that the contract's own quote gives.
fn own_volatility(contract: &Prepared<'_>) -> Result<(f64, VolatilitySource), Reason> {
    let quote = contract.inputs.quote.ok_or(Reason::NoVol)?;
    if let Some(volatility) = quote.implied_volatility.filter(|v| *v > 0.0) {
        return Ok((volatility, VolatilitySource::Quoted));
    }
    let mark = quote.mark().filter(|price| *price > 0.0).ok_or(Reason::NoVol)?;
    let source = match quote.middle() {
        Some(_) => VolatilitySource::ImpliedMid,
        None => VolatilitySource::ImpliedClose,
    };
    contract.implied(mark).map(|volatility| (volatility, source))
}

/// A volatility from strikes of the same expiry, between two or of the nearest, else the realised one.
fn fallback_volatility(
    i: usize,
    prepared: &[Result<Prepared<'_>, Reason>],
    own: &[Result<(f64, VolatilitySource), Reason>],
) -> Option<(f64, VolatilitySource)> {
    let contract = prepared[i].as_ref().ok()?;
    let at = contract.log_moneyness();
    let mut below: Option<(f64, f64)> = None;
    let mut above: Option<(f64, f64)> = None;
    for (other, volatility) in prepared.iter().zip(own) {
        let (Ok(other), Ok((volatility, _))) = (other, volatility) else { continue };
        let same_curve = other.inputs.terms.underlying == contract.inputs.terms.underlying
            && other.inputs.terms.expiry == contract.inputs.terms.expiry;
        if !same_curve {
            continue;
        }
        let x = other.log_moneyness();
        if x <= at && below.is_none_or(|(nearest, _)| x > nearest) {
            below = Some((x, *volatility));
        }
        if x >= at && above.is_none_or(|(nearest, _)| x < nearest) {
            above = Some((x, *volatility));
        }
    }
    if let (Some((x0, v0)), Some((x1, v1))) = (below, above) {
        let weight = if x1 > x0 { (at - x0) / (x1 - x0) } else { 0.0 };
        return Some((v0 + weight * (v1 - v0), VolatilitySource::Interpolated));
    }
    // Nothing is extrapolated: one side of the smile lends its nearest strike as it is.
    if let Some((_, volatility)) = below.or(above) {
        return Some((volatility, VolatilitySource::NearestStrike));
    }
    let realised = contract.inputs.realised_volatility.filter(|volatility| *volatility > 0.0);
    realised.map(|volatility| (volatility, VolatilitySource::Realised63))
}

/// `own` is why the contract's own quote gave no volatility.
fn priced(
    contract: &Prepared<'_>,
    (volatility, volatility_source): (f64, VolatilitySource),
    own: Option<Reason>,
) -> Result<OptionGreeks, Reason> {
    let greeks = contract.evaluate(volatility)?;
    let mut flags = contract.flags.clone();
    match volatility_source {
        VolatilitySource::NearestStrike => flags.push("nearest_strike".to_owned()),
        VolatilitySource::Realised63 => flags.push("realised_volatility".to_owned()),
        _ => {}
    }
    if own == Some(Reason::BelowIntrinsic) {
        flags.push("below_intrinsic".to_owned());
    }
    Ok(OptionGreeks {
        spot: contract.spot,
        market_price: contract.inputs.quote.and_then(OptionQuote::mark),
        volatility,
        volatility_source,
        rate: contract.rate,
        dividend_yield: contract.dividend_yield,
        years: contract.years,
        model_price: greeks.price,
        delta: greeks.delta,
        gamma: greeks.gamma,
        theta_per_day: greeks.theta_per_day(),
        vega_per_point: greeks.vega_per_point(),
        rho_per_point: greeks.rho_per_point(),
        flags,
    })
}
