//! European options on a forward price (Black 1976), used for options on volatility indices.
//!
//! ```text
//! V = e^(-rT) w [F N(w d1) - K N(w d2)]      d1, d2 = ln(F/K) / (sigma sqrt T) +- sigma sqrt(T) / 2
//! rho = -T V                                 theta = r V - sigma^2 F^2 gamma / 2
//! ```
//!
//! The Black-Scholes-Merton kernel at spot `F` and dividend yield `r`: price, delta, gamma, vega and theta are those
//! numbers, with delta and gamma per 1.00 of the forward (discounted). Only rho differs: Black-Scholes-Merton moves
//! the rate with the yield held, here both discount factors move.
//!
//! Symbols, units and degenerate cases as in [`super::black_scholes`], `F` the forward price for the option's expiry.
//! Theta holds the forward fixed while time passes.
//!
//! # References
//! F. Black (1976), The Pricing of Commodity Contracts.
//!
//! # Verified by
//! Finite differences of the price in every argument and put-call parity (tests/options.rs).

use super::black_scholes::{self, EuropeanGreeks, PricingError, PricingInputs};
use crate::model::OptionKind;

/// A European option on a forward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForwardInputs {
    /// Forward price of the underlying for the option's expiry, currency.
    pub forward: f64,
    pub strike: f64,
    /// Time to expiry, ACT/365.
    pub years: f64,
    /// Continuously compounded, decimal fraction a year.
    pub rate: f64,
    /// Volatility of the forward, decimal fraction a year.
    pub volatility: f64,
    pub kind: OptionKind,
}

impl ForwardInputs {
    /// The same option as one on an asset that yields the risk-free rate.
    pub(super) fn as_asset(&self) -> PricingInputs {
        PricingInputs {
            spot: self.forward,
            strike: self.strike,
            years: self.years,
            rate: self.rate,
            dividend_yield: self.rate,
            volatility: self.volatility,
            kind: self.kind,
        }
    }
}

/// Price and Greeks; delta and gamma are per 1.00 of the forward.
pub fn price_and_greeks(inputs: &ForwardInputs) -> Result<EuropeanGreeks, PricingError> {
    let asset = inputs.as_asset();
    asset.validate("forward")?;
    let greeks = black_scholes::evaluate(&asset)?;
    EuropeanGreeks { rho_per_unit: -inputs.years * greeks.price, ..greeks }.checked()
}
