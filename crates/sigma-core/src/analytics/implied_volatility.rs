//! Implied volatility of European options, to the last digits that the price holds.
//!
//! ```text
//! x = -|ln(F/K)|    s = sigma sqrt T    h = x/s    t = s/2    A = sqrt(S e^(-qT) K e^(-rT))
//! b(x, s) = e^(x/2) N(h + t) - e^(-x/2) N(h - t) = phi0 e^(-(h^2 + t^2)/2) [Y(h + t) - Y(h - t)]
//! c(x, s) = e^(x/2) - b(x, s)                    = phi0 e^(-(h^2 + t^2)/2) [Y(-h - t) + Y(h - t)]
//! ```
//!
//! `b` is the out-of-the-money price over `A` (by put-call parity the time value of the in-the-money option), `c` its
//! distance to the upper bound. Below half the bound `ln(-ln b)` is matched, above it `ln c`; both are nearly
//! linear in `ln s` and computed without cancellation. Halley's iteration in `ln s` between proven brackets, with a
//! geometric bisection step whenever it would leave them.
//!
//! Symbols and units as in [`super::black_scholes`].
//!
//! # Degenerate cases
//! - Price within two units in the last place of the lower bound: [`ImpliedVolatility::AtIntrinsic`]; below that
//!   [`ImpliedVolatility::BelowIntrinsic`]. Where the bound is zero only a price of exactly zero is at it.
//! - Price within two units in the last place of the upper bound, or above: [`ImpliedVolatility::AboveBound`].
//! - `T = 0`: no volatility; a price above intrinsic value is above the bound, because no volatility reaches it.
//!
//! # References
//! P. Jaeckel (2015), Let's Be Rational. S. Manaster and G. Koehler (1982), The Calculation of Implied Variances from
//! the Black-Scholes Model: A Note (the inflection point `s^2 = 2|x|`).
//!
//! # Verified by
//! 934 rows of 40-digit mpmath roots and boundary cases, and round trips as a property (tests/options.rs).

use super::black_scholes::{self, PricingError, PricingInputs};
use std::f64::consts::LN_2;

use super::black76::ForwardInputs;
use super::normal::{INV_SQRT_TAU, scaled_cdf, scaled_cdf_difference};

/// What a price says about volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ImpliedVolatility {
    /// Decimal fraction a year, positive.
    Ok(f64),
    /// The price lies below the no-arbitrage lower bound.
    BelowIntrinsic,
    /// The price equals the lower bound: the volatility is zero or lost in rounding.
    AtIntrinsic,
    /// The price lies at or above the no-arbitrage upper bound.
    AboveBound,
}

/// Volatility at which [`black_scholes::price_and_greeks`] gives `price`. Ignores `inputs.volatility`.
pub fn implied_volatility(price: f64, inputs: &PricingInputs) -> Result<ImpliedVolatility, PricingError> {
    imply(price, inputs, "spot")
}

/// Volatility at which [`super::black76::price_and_greeks`] gives `price`. Ignores `inputs.volatility`.
pub fn implied_volatility_on_forward(
    price: f64,
    inputs: &ForwardInputs,
) -> Result<ImpliedVolatility, PricingError> {
    imply(price, &inputs.as_asset(), "forward")
}

/// Prices closer to a bound than this many units in the last place of spot or strike hold no volatility.
const ROUNDING_ULPS: f64 = 2.0;

fn imply(price: f64, inputs: &PricingInputs, asset: &'static str) -> Result<ImpliedVolatility, PricingError> {
    black_scholes::finite("price", price)?;
    let inputs = &PricingInputs { volatility: 0.0, ..*inputs };
    inputs.validate(asset)?;
    let (lower, upper) = black_scholes::bounds(inputs)?;
    let time_value = price - lower;
    let rounding = ROUNDING_ULPS * f64::EPSILON * inputs.spot.max(inputs.strike);
    // A lower bound of zero is exact, and so is a price of zero.
    let tolerance = if lower > 0.0 { rounding } else { 0.0 };
    if time_value < -tolerance {
        return Ok(ImpliedVolatility::BelowIntrinsic);
    }
    if time_value <= tolerance {
        return Ok(ImpliedVolatility::AtIntrinsic);
    }
    if inputs.years == 0.0 || price >= upper - ROUNDING_ULPS * f64::EPSILON * upper {
        return Ok(ImpliedVolatility::AboveBound);
    }
    let deviation = standard_deviation(inputs, time_value, upper - price);
    let volatility = deviation / inputs.years.sqrt();
    if !volatility.is_finite() {
        return Err(PricingError::OutOfRange { field: "implied volatility" });
    }
    Ok(ImpliedVolatility::Ok(volatility))
}

/// `sigma sqrt T` from the time value and the distance to the upper bound, both positive.
fn standard_deviation(inputs: &PricingInputs, time_value: f64, headroom: f64) -> f64 {
    let x = -black_scholes::log_moneyness(inputs).abs();
    let root = |amount: f64, yearly: f64| amount.sqrt() * (-0.5 * yearly * inputs.years).exp();
    let scale = root(inputs.spot, inputs.dividend_yield) * root(inputs.strike, inputs.rate);
    let log_bound = 0.5 * x;
    let inflection = (-2.0 * x).sqrt();
    let price = time_value / scale;
    // A subnormal quotient has lost digits that the logarithms still hold.
    let log_price = if price.is_normal() { price.ln() } else { time_value.ln() - scale.ln() };
    // b(x, s) <= b(0, s) <= s phi(0), for every x.
    let at_the_money = price / INV_SQRT_TAU;
    if log_price < log_bound - LN_2 {
        // Below the inflection point b <= exp(-h^2 / 2) / 2 (Chernoff), beyond it s >= the inflection point itself.
        let exponent = -2.0 * (log_price + LN_2);
        let chernoff = if exponent > 0.0 { (-x / exponent.sqrt()).min(inflection) } else { inflection };
        let bracket = Bracket {
            low: SLACK_BELOW * at_the_money.max(chernoff),
            high: SLACK_ABOVE * (1.0 + (1.0 - 2.0 * x).sqrt()),
        };
        bracket.solve(low_guess(x, log_price, at_the_money + chernoff), |s| log_log_price(x, s, log_price))
    } else {
        let log_complement = (headroom / scale).ln();
        let width = (-2.0 * (LN_2 + log_complement - log_bound).min(0.0)).sqrt();
        let bracket = Bracket {
            low: SLACK_BELOW * inflection.max(at_the_money),
            high: SLACK_ABOVE * (WIDEST + (WIDEST * WIDEST - 2.0 * x).sqrt()),
        };
        let guess = width + (width * width - 2.0 * x).sqrt();
        bracket.solve(guess, |s| log_complement_price(x, s, log_complement))
    }
}

/// The bounds of the brackets are proven in exact arithmetic; these absorb rounding.
const SLACK_BELOW: f64 = 0.999;
const SLACK_ABOVE: f64 = 1.001;
/// `h + t` at which the complement underflows.
const WIDEST: f64 = 40.0;

/// Starting point for prices below half the bound: the normal-model tail `b = phi(h) |x| / |h|^3` where it applies,
/// otherwise the sum of the two lower bounds.
fn low_guess(x: f64, log_price: f64, blend: f64) -> f64 {
    let tail_height = -x / blend;
    if tail_height <= 1.0 {
        return blend;
    }
    let exponent = 2.0 * ((-x * INV_SQRT_TAU).ln() - log_price - 3.0 * tail_height.ln());
    if exponent > 1.0 { -x / exponent.sqrt() } else { blend }
}

/// An equation in `ln s`: positive while `s` is too small; value, slope and curvature.
struct Equation {
    value: f64,
    slope: f64,
    curvature: f64,
}

/// `ln(-ln b) - ln(-target)`.
fn log_log_price(x: f64, s: f64, target: f64) -> Equation {
    let (h, t) = (x / s, 0.5 * s);
    let over_vega = scaled_cdf_difference(h, t);
    let log_price = INV_SQRT_TAU.ln() - 0.5 * (h * h + t * t) + over_vega.ln();
    let elasticity = s / over_vega;
    let second = elasticity * (h * h - t * t - elasticity + 1.0);
    let slope = elasticity / log_price;
    Equation {
        value: ((log_price - target) / target).ln_1p(),
        slope,
        curvature: second / log_price - slope * slope,
    }
}

/// `ln c - target`.
fn log_complement_price(x: f64, s: f64, target: f64) -> Equation {
    let (h, t) = (x / s, 0.5 * s);
    let over_vega = scaled_cdf(-h - t) + scaled_cdf(h - t);
    let log_complement = INV_SQRT_TAU.ln() - 0.5 * (h * h + t * t) + over_vega.ln();
    let elasticity = s / over_vega;
    Equation {
        value: log_complement - target,
        slope: -elasticity,
        curvature: -elasticity * (h * h - t * t + elasticity + 1.0),
    }
}

struct Bracket {
    low: f64,
    high: f64,
}

impl Bracket {
    /// Root of `equation` between the two ends. Halley's error is cubic: after a step of 1e-6 the next digits are
    /// beyond double precision.
    fn solve(mut self, guess: f64, equation: impl Fn(f64) -> Equation) -> f64 {
        const LAST_STEP: f64 = 1e-6;
        const MOST_STEPS: usize = 100;
        let mut s = if guess > self.low && guess < self.high { guess } else { self.middle() };
        for _ in 0..MOST_STEPS {
            let Equation { value, slope, curvature } = equation(s);
            if value > 0.0 {
                self.low = s;
            } else {
                self.high = s;
            }
            let newton = value / slope;
            let step = -newton / (1.0 - 0.5 * newton * curvature / slope).max(0.5);
            let next = s * step.exp();
            if step.abs() <= LAST_STEP {
                return next;
            }
            // Also taken when the step is not a number.
            s = if next > self.low && next < self.high { next } else { self.middle() };
            if self.high - self.low <= f64::EPSILON * self.high {
                return s;
            }
        }
        s
    }

    fn middle(&self) -> f64 {
        self.low.sqrt() * self.high.sqrt()
    }
}
