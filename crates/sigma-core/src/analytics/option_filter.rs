//! One row of an option table priced on its own: numbers where they exist, and a status that says why not.
//!
//! Formulas, symbols and units: [`super::black_scholes`] and [`super::implied_volatility`].
//!
//! # Degenerate cases
//! See [`FilterStatus`] and [`evaluate`]; no input makes this fail.
//!
//! # Verified by
//! The tests at the bottom and in tests/options.rs; the numbers are those of the two modules named above.

use serde::{Deserialize, Serialize};

use super::black_scholes::{EuropeanGreeks, PricingInputs, price_and_greeks};
use super::implied_volatility::{ImpliedVolatility, implied_volatility};
use crate::model::{ExerciseStyle, OptionKind};

/// One option of the table. Text that is no number comes in as NaN and gives [`FilterStatus::InvalidInput`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilterRow {
    pub spot: f64,
    pub strike: f64,
    /// Time to expiry, ACT/365; negative once expired.
    pub years: f64,
    /// Continuously compounded, decimal fraction a year.
    pub rate: f64,
    /// Continuously compounded, decimal fraction a year.
    pub dividend_yield: f64,
    /// Decimal fraction a year.
    pub volatility: Option<f64>,
    /// Market price, to have the volatility implied.
    pub price: Option<f64>,
    pub kind: OptionKind,
    pub style: ExerciseStyle,
}

/// The answer for one row; `None` where there is no number, and `status` says why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilterResult {
    pub model_price: Option<f64>,
    pub delta: Option<f64>,
    pub gamma: Option<f64>,
    pub theta_per_day: Option<f64>,
    pub vega_per_point: Option<f64>,
    pub rho_per_point: Option<f64>,
    pub implied_volatility: Option<f64>,
    pub status: FilterStatus,
}

crate::model::text_enum! {
    /// Why a number of the row is missing, if one is.
    FilterStatus {
        Ok = "ok",
        /// The given price lies below its no-arbitrage bound.
        BelowIntrinsic = "below_intrinsic",
        /// The given price equals its lower bound and holds no volatility.
        AtIntrinsic = "at_intrinsic",
        /// The given price lies at or above its upper bound.
        AboveBound = "above_bound",
        /// Time to expiry is negative.
        Expired = "expired",
        /// A needed number is missing, not finite or out of its domain, or the result exceeds a double.
        InvalidInput = "invalid_input",
    }
}

/// Prices one row.
///
/// - A volatility prices the option. A price implies one. With both, the given volatility prices, the price is implied
///   beside it, and the status tells how that went.
/// - With a price alone the model price and Greeks are those at the implied volatility, and missing when there is none.
/// - `years = 0`: intrinsic value and its delta. With a volatility the status is `ok`; with a price alone it tells
///   where the price lies: at, below or above (`above_bound`) intrinsic value. No volatility is implied.
/// - `years < 0`: `expired`, unless the spot, strike or a rate is invalid.
///
/// American options are priced as European ones, without early-exercise premium, under status `ok`: callers should say
/// so to their user whenever `style` is [`ExerciseStyle::American`].
pub fn evaluate(row: &FilterRow) -> FilterResult {
    attempt(row).unwrap_or_else(FilterResult::without_numbers)
}

/// The row's answer, or the status of a row without any number.
fn attempt(row: &FilterRow) -> Result<FilterResult, FilterStatus> {
    let inputs = row.inputs()?;
    let quote = match row.price {
        Some(price) => Some(implied_volatility(price, &inputs).map_err(|_| FilterStatus::InvalidInput)?),
        None => None,
    };
    let (implied, implied_status) = match quote {
        Some(ImpliedVolatility::Ok(volatility)) => (Some(volatility), FilterStatus::Ok),
        Some(ImpliedVolatility::BelowIntrinsic) => (None, FilterStatus::BelowIntrinsic),
        Some(ImpliedVolatility::AtIntrinsic) => (None, FilterStatus::AtIntrinsic),
        Some(ImpliedVolatility::AboveBound) => (None, FilterStatus::AboveBound),
        None => (None, FilterStatus::Ok),
    };
    let at_expiry = row.years == 0.0;
    let pricing_volatility = match (row.volatility, implied) {
        (Some(given), _) => given,
        (None, Some(implied)) => implied,
        // Nothing at expiry depends on volatility.
        (None, None) if at_expiry && quote.is_some() => 0.0,
        (None, None) if quote.is_some() => return Err(implied_status),
        (None, None) => return Err(FilterStatus::InvalidInput),
    };
    let priced = price_and_greeks(&PricingInputs { volatility: pricing_volatility, ..inputs })
        .map_err(|_| FilterStatus::InvalidInput)?;
    let status = if at_expiry && row.volatility.is_some() { FilterStatus::Ok } else { implied_status };
    Ok(FilterResult::new(&priced, implied, status))
}

impl FilterRow {
    /// The inputs with a volatility of zero, checked as far as an expired row needs them.
    fn inputs(&self) -> Result<PricingInputs, FilterStatus> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let not_negative = |value: Option<f64>| value.is_none_or(|v| v.is_finite() && v >= 0.0);
        let valid = positive(self.spot)
            && positive(self.strike)
            && [self.years, self.rate, self.dividend_yield].into_iter().all(f64::is_finite)
            && not_negative(self.volatility)
            && self.price.is_none_or(f64::is_finite);
        if !valid {
            return Err(FilterStatus::InvalidInput);
        }
        if self.years < 0.0 {
            return Err(FilterStatus::Expired);
        }
        Ok(PricingInputs {
            spot: self.spot,
            strike: self.strike,
            years: self.years,
            rate: self.rate,
            dividend_yield: self.dividend_yield,
            volatility: 0.0,
            kind: self.kind,
        })
    }
}

impl FilterResult {
    fn new(greeks: &EuropeanGreeks, implied_volatility: Option<f64>, status: FilterStatus) -> FilterResult {
        FilterResult {
            model_price: Some(greeks.price),
            delta: Some(greeks.delta),
            gamma: Some(greeks.gamma),
            theta_per_day: Some(greeks.theta_per_day()),
            vega_per_point: Some(greeks.vega_per_point()),
            rho_per_point: Some(greeks.rho_per_point()),
            implied_volatility,
            status,
        }
    }

    fn without_numbers(status: FilterStatus) -> FilterResult {
        FilterResult {
            model_price: None,
            delta: None,
            gamma: None,
            theta_per_day: None,
            vega_per_point: None,
            rho_per_point: None,
            implied_volatility: None,
            status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> FilterRow {
        FilterRow {
            spot: 110.0,
            strike: 100.0,
            years: 0.5,
            rate: 0.04,
            dividend_yield: 0.01,
            volatility: None,
            price: None,
            kind: OptionKind::Call,
            style: ExerciseStyle::European,
        }
    }

    #[test]
    fn a_price_alone_is_priced_at_its_own_volatility() {
        let given = evaluate(&FilterRow { volatility: Some(0.3), ..row() });
        assert_eq!((given.status, given.implied_volatility), (FilterStatus::Ok, None));
        let implied = evaluate(&FilterRow { price: given.model_price, ..row() });
        assert_eq!(implied.status, FilterStatus::Ok);
        assert!((implied.implied_volatility.unwrap() - 0.3).abs() < 1e-14);
        assert!((implied.delta.unwrap() - given.delta.unwrap()).abs() < 1e-14);
    }

    #[test]
    fn a_given_volatility_prices_and_the_status_tells_about_the_price() {
        let both = evaluate(&FilterRow { volatility: Some(0.3), price: Some(20.0), ..row() });
        let alone = evaluate(&FilterRow { volatility: Some(0.3), ..row() });
        assert_eq!((both.model_price, both.status), (alone.model_price, FilterStatus::Ok));
        assert!(both.implied_volatility.is_some_and(|v| v > 0.3));
        let too_low = evaluate(&FilterRow { volatility: Some(0.3), price: Some(5.0), ..row() });
        assert_eq!(
            (too_low.model_price, too_low.implied_volatility, too_low.status),
            (alone.model_price, None, FilterStatus::BelowIntrinsic)
        );
    }

    #[test]
    fn prices_outside_their_bounds_have_no_numbers() {
        for (kind, price, status) in [
            (OptionKind::Call, 5.0, FilterStatus::BelowIntrinsic),
            (OptionKind::Call, -1.0, FilterStatus::BelowIntrinsic),
            (OptionKind::Put, 0.0, FilterStatus::AtIntrinsic),
            (OptionKind::Put, 99.9, FilterStatus::AboveBound),
            (OptionKind::Call, 110.0, FilterStatus::AboveBound),
        ] {
            let result = evaluate(&FilterRow { price: Some(price), kind, ..row() });
            assert_eq!(result, FilterResult::without_numbers(status), "{kind} at {price}");
        }
    }

    #[test]
    fn expiry_day_needs_no_volatility() {
        let today = FilterRow { years: 0.0, ..row() };
        let priced = evaluate(&FilterRow { volatility: Some(0.3), ..today });
        assert_eq!(
            (priced.model_price, priced.delta, priced.status),
            (Some(10.0), Some(1.0), FilterStatus::Ok)
        );
        for (price, status) in [
            (10.0, FilterStatus::AtIntrinsic),
            (9.0, FilterStatus::BelowIntrinsic),
            (11.0, FilterStatus::AboveBound),
        ] {
            let result = evaluate(&FilterRow { price: Some(price), ..today });
            assert_eq!(
                (result.model_price, result.implied_volatility, result.status),
                (Some(10.0), None, status)
            );
        }
    }

    #[test]
    fn expired_and_invalid_rows_say_so() {
        let status = |row: FilterRow| {
            let result = evaluate(&row);
            assert_eq!(result, FilterResult::without_numbers(result.status));
            result.status
        };
        let good = FilterRow { volatility: Some(0.3), ..row() };
        assert_eq!(status(FilterRow { years: -0.1, ..good }), FilterStatus::Expired);
        assert_eq!(status(FilterRow { years: -0.1, ..row() }), FilterStatus::Expired);
        for bad in [
            row(),
            FilterRow { spot: 0.0, ..good },
            FilterRow { strike: f64::NAN, ..good },
            FilterRow { years: f64::NAN, ..good },
            FilterRow { rate: f64::INFINITY, ..good },
            FilterRow { volatility: Some(-0.1), ..good },
            FilterRow { price: Some(f64::NAN), ..good },
            FilterRow { rate: -1e6, ..good },
        ] {
            assert_eq!(status(bad), FilterStatus::InvalidInput, "{bad:?}");
        }
    }
}
