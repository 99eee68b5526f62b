//! European options on an asset with a continuous dividend yield: price, Greeks and no-arbitrage bounds.
//!
//! ```text
//! h = (ln(S/K) + (r - q) T) / (sigma sqrt T)      d1, d2 = h +- sigma sqrt(T) / 2       w = +1 call, -1 put
//! V     = w [S e^(-qT) N(w d1) - K e^(-rT) N(w d2)]
//! delta = w e^(-qT) N(w d1)                       gamma = e^(-qT) phi(d1) / (S sigma sqrt T)
//! vega  = S e^(-qT) phi(d1) sqrt T                rho   = w T K e^(-rT) N(w d2)
//! theta = r V - (r - q) S delta - sigma^2 S^2 gamma / 2     (the Black-Scholes equation)
//! ```
//!
//! # Symbols
//! `S` spot and `K` strike in currency; `T` time to expiry in years (ACT/365); `r` risk-free rate and `q` dividend
//! yield, continuously compounded decimal fractions a year; `sigma` volatility, decimal fraction a year.
//!
//! # Assumptions
//! Log-normal prices, constant rates and volatility, exercise only at expiry.
//!
//! # Degenerate cases
//! - `T = 0`: intrinsic value; delta `w` in the money, `w/2` exactly at the money, 0 out of it; other Greeks 0.
//! - `sigma sqrt T = 0` before expiry: discounted intrinsic value on the forward, with the derivatives of that
//!   function; exactly at the forward delta and rho are the mean of the two one-sided derivatives. Gamma and vega 0.
//! - Inputs that are not finite, spot or strike not positive, time or volatility negative: an error naming the field.
//! - A result beyond the range of a double: an error. NaN and infinity are never returned.
//!
//! # Method
//! One logarithm, one square root, three exponentials and two complementary error functions serve all six numbers.
//! Where the two terms of the price nearly cancel (tails, short maturities) it is computed as the product
//! `S e^(-qT) phi(d1) D`, see [`super::normal`].
//!
//! # References
//! F. Black and M. Scholes (1973), The Pricing of Options and Corporate Liabilities. R. Merton (1973), Theory of
//! Rational Option Pricing.
//!
//! # Verified by
//! 2500 rows of 60-digit mpmath values (tests/options.rs), finite differences, put-call parity.

use rayon::prelude::*;

use super::normal;
use crate::model::OptionKind;

/// Why an option cannot be priced.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PricingError {
    #[error("{field} must be a finite number, got {value}")]
    NotFinite { field: &'static str, value: f64 },
    #[error("{field} must be positive, got {value}")]
    NotPositive { field: &'static str, value: f64 },
    #[error("{field} must not be negative, got {value}")]
    Negative { field: &'static str, value: f64 },
    #[error("{field} is beyond the range of floating-point numbers")]
    OutOfRange { field: &'static str },
}

/// A European option and its market. Units: see the module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PricingInputs {
    /// Currency per unit of the underlying.
    pub spot: f64,
    pub strike: f64,
    /// Time to expiry, ACT/365.
    pub years: f64,
    /// Continuously compounded, decimal fraction a year; may be negative.
    pub rate: f64,
    /// Continuously compounded, decimal fraction a year.
    pub dividend_yield: f64,
    /// Decimal fraction a year.
    pub volatility: f64,
    pub kind: OptionKind,
}

/// Price and Greeks of one option on one unit of the underlying, in mathematical units: per 1.00 of each argument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EuropeanGreeks {
    /// Currency.
    pub price: f64,
    /// Currency per 1.00 of spot (of forward in [`super::black76`]).
    pub delta: f64,
    /// Delta per 1.00 of spot (of forward in [`super::black76`]).
    pub gamma: f64,
    /// Currency per year of calendar time passing: negative is decay.
    pub theta_per_year: f64,
    /// Currency per 1.00 of volatility.
    pub vega_per_unit: f64,
    /// Currency per 1.00 of the rate.
    pub rho_per_unit: f64,
}

impl EuropeanGreeks {
    /// Currency per calendar day.
    pub fn theta_per_day(&self) -> f64 {
        self.theta_per_year / 365.0
    }

    /// Currency per volatility point (0.01).
    pub fn vega_per_point(&self) -> f64 {
        self.vega_per_unit * 0.01
    }

    /// Currency per 1 % of the rate (0.01).
    pub fn rho_per_point(&self) -> f64 {
        self.rho_per_unit * 0.01
    }

    /// The first number that is not finite becomes an error.
    pub(super) fn checked(self) -> Result<EuropeanGreeks, PricingError> {
        let numbers = [
            ("price", self.price),
            ("delta", self.delta),
            ("gamma", self.gamma),
            ("theta", self.theta_per_year),
            ("vega", self.vega_per_unit),
            ("rho", self.rho_per_unit),
        ];
        match numbers.iter().find(|(_, value)| !value.is_finite()) {
            Some((field, _)) => Err(PricingError::OutOfRange { field }),
            // Adding zero turns the negative zero of a worthless put into zero.
            None => Ok(EuropeanGreeks {
                delta: self.delta + 0.0,
                theta_per_year: self.theta_per_year + 0.0,
                rho_per_unit: self.rho_per_unit + 0.0,
                ..self
            }),
        }
    }
}

impl PricingInputs {
    /// Checks every field; `asset` names the first one (`spot` or `forward`).
    pub(super) fn validate(&self, asset: &'static str) -> Result<(), PricingError> {
        positive(asset, self.spot)?;
        positive("strike", self.strike)?;
        not_negative("years", self.years)?;
        finite("rate", self.rate)?;
        finite("dividend_yield", self.dividend_yield)?;
        not_negative("volatility", self.volatility)
    }
}

pub(super) fn finite(field: &'static str, value: f64) -> Result<(), PricingError> {
    if value.is_finite() { Ok(()) } else { Err(PricingError::NotFinite { field, value }) }
}

fn positive(field: &'static str, value: f64) -> Result<(), PricingError> {
    finite(field, value)?;
    if value > 0.0 { Ok(()) } else { Err(PricingError::NotPositive { field, value }) }
}

fn not_negative(field: &'static str, value: f64) -> Result<(), PricingError> {
    finite(field, value)?;
    if value >= 0.0 { Ok(()) } else { Err(PricingError::Negative { field, value }) }
}

/// Price and Greeks of one option.
pub fn price_and_greeks(inputs: &PricingInputs) -> Result<EuropeanGreeks, PricingError> {
    inputs.validate("spot")?;
    evaluate(inputs)
}

/// Options priced by one thread before the work is worth sharing.
const PARALLEL_FROM: usize = 4096;

/// Prices every option, in order; large batches on all threads of the current rayon pool.
pub fn price_and_greeks_batch(inputs: &[PricingInputs]) -> Vec<Result<EuropeanGreeks, PricingError>> {
    if inputs.len() < PARALLEL_FROM {
        inputs.iter().map(price_and_greeks).collect()
    } else {
        inputs.par_iter().with_min_len(PARALLEL_FROM / 4).map(price_and_greeks).collect()
    }
}

/// The price lies between these for every volatility: discounted intrinsic value on the forward, and discounted
/// spot (call) or strike (put). Ignores `inputs.volatility`; at `T = 0` intrinsic value and spot or strike.
pub fn bounds(inputs: &PricingInputs) -> Result<(f64, f64), PricingError> {
    PricingInputs { volatility: 0.0, ..*inputs }.validate("spot")?;
    let forward_value = inputs.kind.sign() * discounted_forward_value(inputs);
    let upper = match inputs.kind {
        OptionKind::Call => inputs.spot * (-inputs.dividend_yield * inputs.years).exp(),
        OptionKind::Put => inputs.strike * (-inputs.rate * inputs.years).exp(),
    };
    finite("lower bound", forward_value)?;
    finite("upper bound", upper)?;
    Ok((forward_value.max(0.0), upper))
}

/// `S e^(-qT) - K e^(-rT)`, arranged so that small discounts keep the digits of `S - K`.
pub(super) fn discounted_forward_value(inputs: &PricingInputs) -> f64 {
    let carry = inputs.spot * (-inputs.dividend_yield * inputs.years).exp_m1();
    let discount = inputs.strike * (-inputs.rate * inputs.years).exp_m1();
    (inputs.spot - inputs.strike) + (carry - discount)
}

/// `ln(F/K)`, the log-moneyness on the forward.
#[inline]
pub(super) fn log_moneyness(inputs: &PricingInputs) -> f64 {
    log_ratio(inputs.spot, inputs.strike) + (inputs.rate - inputs.dividend_yield) * inputs.years
}

/// `ln(a/b)`: near 1 from the exact difference, and without overflow of the ratio.
#[inline]
fn log_ratio(a: f64, b: f64) -> f64 {
    let ratio = a / b;
    if (0.5..=2.0).contains(&ratio) {
        ((a - b) / b).ln_1p()
    } else if ratio.is_normal() {
        ratio.ln()
    } else {
        a.ln() - b.ln()
    }
}

/// The kernel on validated inputs.
pub(super) fn evaluate(inputs: &PricingInputs) -> Result<EuropeanGreeks, PricingError> {
    let &PricingInputs { spot, strike, years, rate, dividend_yield, volatility, kind } = inputs;
    let sqrt_years = years.sqrt();
    let deviation = volatility * sqrt_years;
    if deviation == 0.0 {
        return without_volatility(inputs).checked();
    }
    let sign = kind.sign();
    let h = log_moneyness(inputs) / deviation;
    let half = 0.5 * deviation;
    let (d1, d2) = (h + half, h - half);
    let carry = (-dividend_yield * years).exp();
    let asset = spot * carry;
    let cash = strike * (-rate * years).exp();
    let density = normal::pdf(d1);
    let asset_leg = asset * normal::cdf(sign * d1);
    let cash_leg = cash * normal::cdf(sign * d2);
    let mut price = sign * (asset_leg - cash_leg);
    if price < CANCELLED * asset_leg && sign * h < PRODUCT_BELOW {
        price = asset * density * normal::scaled_cdf_difference(sign * h, half);
    }
    if price < 0.0 {
        // Rounding of a price that is nothing beside its two legs; f64::max would also hide a NaN.
        price = 0.0;
    }
    let gamma_spot = carry * density / deviation;
    let theta_diffusion = 0.5 * volatility * volatility * spot * gamma_spot;
    EuropeanGreeks {
        price,
        delta: sign * asset_leg / spot,
        gamma: gamma_spot / spot,
        theta_per_year: rate * price - (rate - dividend_yield) * sign * asset_leg - theta_diffusion,
        vega_per_unit: asset * density * sqrt_years,
        rho_per_unit: sign * years * cash_leg,
    }
    .checked()
}

/// A price below this share of its asset leg has lost digits to the subtraction.
const CANCELLED: f64 = 1.0 / 64.0;
/// The product form is used up to this signed `h`; beyond it the option is deep in the money.
const PRODUCT_BELOW: f64 = 5.0;

/// At expiry, or with a volatility of zero.
fn without_volatility(inputs: &PricingInputs) -> EuropeanGreeks {
    let &PricingInputs { spot, strike, years, rate, dividend_yield, kind, .. } = inputs;
    let sign = kind.sign();
    let forward_value = sign * discounted_forward_value(inputs);
    let exercised = if forward_value > 0.0 {
        1.0
    } else if forward_value == 0.0 {
        0.5
    } else {
        0.0
    };
    let carry = (-dividend_yield * years).exp();
    let asset = exercised * spot * carry;
    let cash = exercised * strike * (-rate * years).exp();
    EuropeanGreeks {
        price: forward_value.max(0.0),
        delta: sign * exercised * carry,
        gamma: 0.0,
        theta_per_year: if years == 0.0 { 0.0 } else { sign * (dividend_yield * asset - rate * cash) },
        vega_per_unit: 0.0,
        rho_per_unit: sign * years * cash,
    }
}
