//! European option prices for the quotes.
//!
//! # Formula
//! Forward form: `price = e^(-rT) phi [F N(phi d1) - K N(phi d2)]`, `d1 = ln(F/K)/(v sqrt T) + v sqrt T / 2`,
//! `d2 = d1 - v sqrt T`, `phi` +1 for a call and -1 for a put, `F = S e^((r-q)T)` (Black-Scholes-Merton) or quoted (Black-76).
//!
//! # References
//! Merton (1973), Theory of rational option pricing. Black (1976), The pricing of commodity contracts.
//!
//! # Verified by
//! A published textbook value, put-call parity and the round trip through the implied volatility, below.

use std::f64::consts::SQRT_2;

/// Terms of one contract on one session, and the curve around it.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// +1 for a call, -1 for a put.
    pub sign: f64,
    pub forward: f64,
    pub strike: f64,
    /// ACT/365.
    pub years: f64,
    /// Continuously compounded.
    pub rate: f64,
}

impl Terms {
    /// Price at an annual volatility.
    pub fn price(&self, volatility: f64) -> f64 {
        let deviation = volatility * self.years.sqrt();
        let d1 = libm::log(self.forward / self.strike) / deviation + deviation / 2.0;
        let d2 = d1 - deviation;
        let undiscounted =
            self.forward * normal_cdf(self.sign * d1) - self.strike * normal_cdf(self.sign * d2);
        libm::exp(-self.rate * self.years) * self.sign * undiscounted
    }

    /// Change of the price per point (0.01) of volatility.
    pub fn vega_per_point(&self, volatility: f64) -> f64 {
        (self.price(volatility + 0.005) - self.price(volatility - 0.005)).max(0.0)
    }

    /// The volatility of a price, by bisection; `None` outside the no-arbitrage bounds.
    pub fn implied_volatility(&self, price: f64) -> Option<f64> {
        let (mut low, mut high) = (0.005, 5.0);
        if !(self.price(low) < price && price < self.price(high)) {
            return None;
        }
        for _ in 0..80 {
            let middle = (low + high) / 2.0;
            if self.price(middle) < price { low = middle } else { high = middle }
        }
        Some((low + high) / 2.0)
    }
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hull, Options, Futures, and Other Derivatives, example of the Black-Scholes-Merton chapter: spot 42, strike 40,
    /// rate 10 %, volatility 20 %, half a year: call 4.76, put 0.81.
    fn hull(sign: f64) -> Terms {
        Terms { sign, forward: 42.0 * libm::exp(0.05), strike: 40.0, years: 0.5, rate: 0.1 }
    }

    #[test]
    fn textbook_prices() {
        assert!((hull(1.0).price(0.2) - 4.76).abs() < 0.005);
        assert!((hull(-1.0).price(0.2) - 0.81).abs() < 0.005);
    }

    #[test]
    fn put_call_parity() {
        let parity = 42.0 - 40.0 * libm::exp(-0.05);
        assert!((hull(1.0).price(0.35) - hull(-1.0).price(0.35) - parity).abs() < 1e-13);
    }

    #[test]
    fn a_price_gives_its_volatility_back_and_an_impossible_one_none() {
        let call = hull(1.0);
        assert!((call.implied_volatility(call.price(0.37)).unwrap() - 0.37).abs() < 1e-12);
        assert_eq!(call.implied_volatility(42.0 - 40.0 * libm::exp(-0.05) - 0.01), None);
        assert_eq!(call.implied_volatility(42.0), None);
    }
}
