//! Detects a factor proxy whose closes are stale.
//!
//! # Formula
//! `r1 = sum d_t d_{t-1} / sum d_t^2` with `d` the returns less their mean; stale when `r1 < -max(0.4, 3.09 / sqrt(m))`.
//!
//! # Symbols
//! `m` pairs of neighbouring sessions; `r1` without unit.
//!
//! # Assumptions
//! A close struck at another moment than the market's is an error `u_t` in the log price: it enters the return of its
//! session with one sign and of the next with the other, so pure noise has `r1 = -1/2`, and `r1 = -0.4` means that
//! four fifths of the variance are such errors. White noise gives `r1` a standard error of `1 / sqrt(m)`: at 252 sessions
//! -0.4 is 6.3 errors away; below 60 the bound widens so that chance passes it once in a thousand times.
//! In a style the market's own variance hides the errors, so what is looked at is the spread, the actual regressor.
//!
//! # Degenerate cases
//! Fewer than twenty pairs or a constant series: no verdict.
//!
//! # References
//! Scholes and Williams (1977), "Estimating betas from nonsynchronous data". Bartlett (1946), on the sampling error of
//! autocorrelations. Roll (1984), "A simple implicit measure of the effective bid-ask spread".
//!
//! # Verified by
//! White noise and differenced noise of known autocorrelation, below.

use super::accurate_sums::is_constant;

/// Autocorrelation below which closes count as stale, whatever the sample.
pub const STALE_AUTOCORRELATION: f64 = -0.4;

/// One-sided normal quantile of 0.1 %.
const CHANCE_QUANTILE: f64 = 3.09;

const MINIMUM_PAIRS: usize = 20;

/// Lag-1 autocorrelation over neighbouring sessions that both have a return, and the number of such pairs.
pub fn lag_one_autocorrelation(returns: &[Option<f64>]) -> Option<(f64, usize)> {
    let present: Vec<f64> = returns.iter().flatten().copied().collect();
    let mean = present.iter().sum::<f64>() / present.len() as f64;
    let pairs: Vec<(f64, f64)> =
        returns.windows(2).filter_map(|p| Some((p[0]? - mean, p[1]? - mean))).collect();
    if pairs.len() < MINIMUM_PAIRS || is_constant(&present) {
        return None;
    }
    let cross: f64 = pairs.iter().map(|(a, b)| a * b).sum();
    // The mean of both sides' squares keeps the ratio within [-1, 1] when rows are missing.
    let square: f64 = pairs.iter().map(|(a, b)| (a * a + b * b) / 2.0).sum();
    (square > 0.0).then(|| (cross / square, pairs.len()))
}

/// Whether the returns alternate as those of stale closes do; `None` when the series cannot tell.
pub fn has_stale_closes(returns: &[Option<f64>]) -> Option<bool> {
    let (r1, pairs) = lag_one_autocorrelation(returns)?;
    Some(r1 < STALE_AUTOCORRELATION.min(-CHANCE_QUANTILE / (pairs as f64).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic noise: fractional parts of multiples of an irrational number's square.
    fn noise(n: usize) -> Vec<f64> {
        (1..=n).map(|i| ((i * i) as f64 * std::f64::consts::SQRT_2).fract() - 0.5).collect()
    }

    #[test]
    fn differenced_noise_is_stale_and_noise_is_not() {
        let u = noise(400);
        let plain: Vec<Option<f64>> = u.iter().copied().map(Some).collect();
        let stale: Vec<Option<f64>> = u.windows(2).map(|p| Some(p[1] - p[0])).collect();
        assert_eq!(has_stale_closes(&plain), Some(false));
        assert_eq!(has_stale_closes(&stale), Some(true));
        let (r1, pairs) = lag_one_autocorrelation(&stale).unwrap();
        assert!((r1 + 0.5).abs() < 0.1 && pairs == 398, "{r1} {pairs}");
    }

    #[test]
    fn a_short_or_constant_series_gives_no_verdict() {
        assert_eq!(has_stale_closes(&[Some(0.01), Some(-0.01), Some(0.01)]), None);
        assert_eq!(has_stale_closes(&vec![Some(0.001); 100]), None);
        // At 30 pairs a mild alternation is still chance.
        let mild: Vec<Option<f64>> =
            (0..31).map(|i| Some(if i % 4 == 0 { 1.0 } else { -1.0 / 3.0 })).collect();
        assert_eq!(has_stale_closes(&mild), Some(false));
    }
}
