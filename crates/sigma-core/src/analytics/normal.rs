//! The standard normal distribution, accurate in relative terms far into the lower tail.
//!
//! ```text
//! phi(z) = exp(-z^2 / 2) / sqrt(2 pi)                    density
//! N(z)   = erfc(-z / sqrt 2) / 2                         distribution function
//! Y(z)   = N(z) / phi(z)                                 scaled distribution function (Mills ratio of -z)
//! D(h,t) = Y(h + t) - Y(h - t)                           what is left of a Black-Scholes price: see below
//! ```
//!
//! With `h = ln(F/K) / (sigma sqrt T)` and `t = sigma sqrt(T) / 2` a call is worth `discounted F phi(h + t) D(h, t)`:
//! the price as one product, where `F N(d1) - K N(d2)` cancels in the tails and for short maturities. All arguments
//! and values are pure numbers.
//!
//! # Method
//! `Y^(n)(h) = integral_0^inf u^n exp(h u - u^2 / 2) du` is positive and obeys `Y^(n+1) = h Y^(n) + n Y^(n-1)`, so
//! `D = 2 sum_k Y^(2k+1)(h) t^(2k+1) / (2k+1)!` has positive terms only. For `h` well below 0 the derivatives are
//! the minimal solution of the recurrence and are run downwards (Miller), normalised by `Y' - h Y = 1`.
//!
//! # Degenerate cases
//! `pdf` and `cdf` take infinities. `scaled_cdf` is infinite above about 38, where the density underflows.
//!
//! # References
//! W. Gautschi (1967), Computational aspects of three-term recurrence relations. P. Jaeckel (2015), Let's Be Rational
//! (the product form of the price).
//!
//! # Verified by
//! 40-digit values of mpmath at the bottom of this file.

use std::f64::consts::FRAC_1_SQRT_2;

/// `phi(0)`.
pub const INV_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

/// Half-width below which `D` is summed as a series; the number of terms below suits it.
const SERIES_HALF_WIDTH: f64 = 0.25;
/// Highest derivative used by the series: at the half-width above its term is below 1e-17 of the first.
const SERIES_ORDER: usize = 17;
/// Below this the derivatives are run downwards, above it upwards.
const UPWARD_FROM: f64 = -3.0;
/// Below this the continued fraction of `Y` is shorter than the complementary error function.
const CONTINUED_FRACTION_BELOW: f64 = -5.0;

/// Density at `z`.
#[inline]
pub fn pdf(z: f64) -> f64 {
    INV_SQRT_TAU * (-0.5 * z * z).exp()
}

/// Probability of a value at or below `z`; relative accuracy holds until it underflows near -38.
#[inline]
pub fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// `N(z) / phi(z)`, finite for every `z` below 38, also where `N` underflows.
pub fn scaled_cdf(z: f64) -> f64 {
    if z >= CONTINUED_FRACTION_BELOW {
        return cdf(z) / pdf(z);
    }
    // Laplace: 1/(w + 1/(w + 2/(w + 3/(w + ...)))), evaluated from a depth that suffices at the switch.
    let w = -z;
    let depth = if w > 10.0 { 12 } else { 30 };
    let tail = (1..=depth).rev().fold(w, |tail, n| w + f64::from(n) / tail);
    tail.recip()
}

/// `Y(h + t) - Y(h - t)` for `t >= 0`, without cancellation for `h <= 0` and for short widths around any `h` below 30.
pub fn scaled_cdf_difference(h: f64, t: f64) -> f64 {
    if t >= SERIES_HALF_WIDTH {
        scaled_cdf(h + t) - scaled_cdf(h - t)
    } else if h >= UPWARD_FROM {
        difference_upward(h, t)
    } else {
        difference_downward(-h, t)
    }
}

/// The series with derivatives from `Y` and `Y' = 1 + h Y` upwards.
fn difference_upward(h: f64, t: f64) -> f64 {
    let mut even = scaled_cdf(h);
    let mut odd = 1.0 + h * even;
    let mut power = t;
    let mut sum = odd * power;
    let mut order = 1.0;
    for _ in 0..SERIES_ORDER / 2 {
        even = h * odd + order * even;
        odd = h * even + (order + 1.0) * odd;
        order += 2.0;
        power *= t * t / (order * (order - 1.0));
        let term = odd * power;
        sum += term;
        if term <= sum * 1e-17 {
            break;
        }
    }
    2.0 * sum
}

/// The series with scaled derivatives `j_n = Y^(n) / n!` downwards: `j_(n-1) = (n+1) j_(n+1) + w j_n`, `w = -h`.
fn difference_downward(w: f64, t: f64) -> f64 {
    // exp(-2 w (sqrt(start) - 1)) is the share that the arbitrary starting values leave in j_1.
    let reach = 1.0 + 18.5 / w;
    let start = (reach * reach) as usize + SERIES_ORDER + 1;
    let start = start + start % 2;
    let (mut above, mut here) = (0.0, 1.0);
    let mut sum = 0.0;
    let square = t * t;
    let mut n = start;
    while n > 0 {
        // `here` is j_n with n even, so the next one down is odd and belongs to the series.
        let odd = (n as f64 + 1.0) * above + w * here;
        let even = (n as f64) * here + w * odd;
        if n <= SERIES_ORDER + 1 {
            sum = odd + square * sum;
        }
        above = odd;
        here = even;
        n -= 2;
    }
    2.0 * t * sum / (above + w * here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(what: &str, found: f64, expected: f64, relative: f64) {
        let error = (found - expected).abs() / expected.abs();
        assert!(error <= relative, "{what}: {found:e}, expected {expected:e}, relative error {error:e}");
    }

    #[test]
    fn distribution_function_keeps_relative_accuracy_in_the_tail() {
        for (z, expected) in [
            (-37.0, 5.725571222524577e-300),
            (-20.0, 2.7536241186062337e-89),
            (-8.0, 6.220960574271784e-16),
            (-3.0, 0.0013498980316300946),
            (-0.71, 0.23885206808998674),
            (0.0, 0.5),
            (1.0, 0.8413447460685429),
            (6.0, 0.9999999990134123),
        ] {
            assert_close(&format!("N({z})"), cdf(z), expected, 3e-16 * (1.0 + z * z));
        }
    }

    #[test]
    fn scaled_distribution_function_outlives_the_density() {
        for (z, expected) in [
            (-1000.0, 0.0009999990000029999),
            (-38.5, 0.02595653794411066),
            (-10.5, 0.09439676005522439),
            (-9.5, 0.10413358157959825),
            (-5.5, 0.1763229857571027),
            (-4.5, 0.21257058044203178),
            (-0.5, 0.8763644564536923),
            (3.0, 225.33489622034912),
            (20.0, 1.8112830158925917e+87),
        ] {
            assert_close(&format!("Y({z})"), scaled_cdf(z), expected, 1e-14);
        }
    }

    #[test]
    fn difference_does_not_cancel() {
        for (h, t, expected) in [
            (-38.0, 1e-5, 1.3821739567748027e-08),
            (-30.0, 0.2, 0.0004429906670259474),
            (-12.0, 0.24, 0.0032674371946513152),
            (-5.0, 0.01, 0.0007191918169215988),
            (-3.0625, 0.24, 0.040196114459389753),
            (-2.9375, 0.24, 0.042970979938893275),
            (-2.5, 1e-6, 2.2867444335105087e-07),
            (-1.0, 1e-7, 6.886409151624043e-08),
            (0.0, 0.001, 0.0020000006666668),
            (0.0, 0.24, 0.489323047554139),
            (3.0, 0.1, 138.12970139450846),
            (-38.0, 0.3, 0.0004146779081619477),
            (-6.0, 0.5, 0.02588599702083362),
            (-1.0, 2.0, 3.1724615129935914),
            (-0.5, 4.0, 1145.4127255285184),
        ] {
            assert_close(&format!("D({h}, {t})"), scaled_cdf_difference(h, t), expected, 2e-14);
        }
    }
}
