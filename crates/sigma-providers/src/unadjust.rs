//! Raw prices from split-adjusted ones.
//!
//! # Formula
//! A provider that adjusts for splits states `P_t / (f_1 f_2 ...)` with `f = to / from` of every split after session `t`
//! up to the day it is asked. The price as traded is that value times the same product; a volume is divided by it.
//! Products such as 4 x 25.475 are rounded to the provider's precision (a millionth), which takes out the noise of the
//! division and nothing else.
//!
//! # Verified by
//! A split of four for one and a reverse split of one for twenty below.

use sigma_core::model::{CloseBasis, PriceBar, Split};

/// Turns split-adjusted bars into bars as traded, with every split of the symbol until the day of asking.
pub fn unadjust(bars: &mut [PriceBar], splits: &[Split]) {
    for bar in bars {
        bar.basis = CloseBasis::Rebuilt;
        let factor: f64 = splits.iter().filter(|s| s.date > bar.date).map(|s| s.to / s.from).product();
        if factor == 1.0 {
            continue;
        }
        let raw = |price: f64| (price * factor * 1e6).round() / 1e6;
        bar.open = bar.open.map(raw);
        bar.high = bar.high.map(raw);
        bar.low = bar.low.map(raw);
        bar.close = raw(bar.close);
        bar.volume = bar.volume.map(|volume| volume / factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(date: &str, close: f64) -> PriceBar {
        PriceBar {
            date: date.parse().unwrap(),
            open: Some(close),
            high: None,
            low: None,
            close,
            adj_close: None,
            volume: Some(4000.0),
            source: "test".into(),
            basis: CloseBasis::AsTraded,
        }
    }

    #[test]
    fn later_splits_are_taken_out_and_earlier_ones_are_not() {
        let split = |date: &str, from, to| Split { date: date.parse().unwrap(), from, to };
        let splits = [split("2024-05-20", 20.0, 1.0), split("2025-06-09", 1.0, 4.0)];
        let mut bars = [bar("2024-05-17", 400.0), bar("2025-06-06", 100.5), bar("2025-06-09", 100.9)];
        unadjust(&mut bars, &splits);
        assert_eq!(bars.each_ref().map(|bar| bar.close), [80.0, 402.0, 100.9]);
        assert_eq!(bars.each_ref().map(|bar| bar.volume), [Some(20_000.0), Some(1000.0), Some(4000.0)]);
        assert!(bars.iter().all(|bar| bar.basis == CloseBasis::Rebuilt));
    }
}
