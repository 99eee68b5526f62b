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

use chrono::{Days, NaiveDate};
use sigma_core::model::{CloseBasis, PriceBar, Split};

/// Days within which a provider restates its prices for a split that it tells. What looks like an older split that is not
/// taken out is a move of the price.
const RESTATED_WITHIN: Days = Days::new(7);

/// The least ratio that can be told from a move of the day.
const LEAST_RATIO: f64 = 1.25;

/// The latest split that prices said to be split-adjusted still show: the provider tells it, and has not restated them. It
/// shows where the close before it and the close after it differ by its ratio rather than not at all.
pub fn not_restated<'s>(bars: &[PriceBar], splits: &'s [Split], today: NaiveDate) -> Option<&'s Split> {
    let is_shown = |split: &&Split| {
        let ratio = (split.to / split.from).ln();
        let before = bars.iter().filter(|bar| bar.date < split.date).max_by_key(|bar| bar.date);
        let after = bars.iter().filter(|bar| bar.date >= split.date).min_by_key(|bar| bar.date);
        before.zip(after).is_some_and(|(before, after)| {
            let change = (after.close / before.close).ln();
            ratio.abs() >= LEAST_RATIO.ln() && (change + ratio).abs() < change.abs()
        })
    };
    let is_recent = |split: &&Split| split.date + RESTATED_WITHIN >= today;
    splits.iter().filter(is_recent).filter(is_shown).max_by_key(|split| split.date)
}

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

    #[test]
    fn a_split_that_the_prices_still_show_is_found() {
        let day = |day: u32| NaiveDate::from_ymd_opt(2025, 6, day).unwrap();
        let bar = |on: u32, close: f64| PriceBar {
            date: day(on),
            open: None,
            high: None,
            low: None,
            close,
            adj_close: None,
            volume: None,
            source: "fmp".into(),
            basis: CloseBasis::AsTraded,
        };
        let split = |from: f64, to: f64| [Split { date: day(10), from, to }];
        let is_shown = |before: f64, splits: &[Split], today: u32| {
            not_restated(&[bar(10, 100.0), bar(9, before), bar(6, before)], splits, day(today)).is_some()
        };
        assert!(is_shown(402.0, &split(1.0, 4.0), 10) && is_shown(151.0, &split(2.0, 3.0), 10));
        assert!(is_shown(5.1, &split(20.0, 1.0), 10));
        assert!(!is_shown(100.5, &split(1.0, 4.0), 10) && !is_shown(115.0, &split(2.0, 3.0), 10));
        // Of a stock dividend of a twentieth, a move of the day says nothing; of an old split, nothing at all.
        assert!(!is_shown(105.0, &split(20.0, 21.0), 10) && !is_shown(402.0, &split(1.0, 4.0), 20));
        assert_eq!(not_restated(&[bar(9, 402.0)], &split(1.0, 4.0), day(10)), None, "no bar since");
    }
}
