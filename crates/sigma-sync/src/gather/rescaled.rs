//! Answers whose closes stand on another scale than what is stored.
//!
//! A close as traded is what was paid on the day: no split changes it. A provider that adjusts for splits may tell one
//! before its prices are restated, or restate them before it tells the split; either way the closes of stored sessions
//! come back multiplied by one factor. Then what is stored stands, and of the answer only that is taken which joins it.

use chrono::NaiveDate;
use sigma_core::analytics::screen::{Refused, ScreenReason};
use sigma_core::model::{CloseBasis, PriceBar, PriceHistory, Split};

/// Logarithm of the least factor that is a scale; corrections of single closes are smaller, or not all by one factor.
const LEAST: f64 = 0.02;

/// Logarithm within which a factor is the ratio of a split.
const EQUAL: f64 = 0.01;

/// Closes are rounded to cents, in dollars.
const ROUNDING: f64 = 0.005;

/// The factor by which the closes of stored sessions differ in an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub factor: f64,
    /// Sessions that differ by it.
    pub sessions: usize,
    first: NaiveDate,
    last: NaiveDate,
}

/// The one factor by which most of the closes that are stored differ in an answer. One session alone is a correction,
/// unless it differs by the very ratio of a split since, or begins an answer of rebuilt closes: then it may be the end of a
/// history that was restated.
pub fn scale(bars: &[PriceBar], stored: &PriceHistory, splits: &[Split]) -> Option<Scale> {
    let change = |bar: &PriceBar| {
        let known = stored.on(bar.date).filter(|known| !known.is_provisional() && known.close > 0.0)?;
        let rounding = 2.0 * ROUNDING * (1.0 / bar.close + 1.0 / known.close);
        let change = (bar.close / known.close).ln();
        (bar.close > 0.0 && bar.close.is_finite()).then_some((bar.date, change, rounding))
    };
    let mut changes: Vec<(NaiveDate, f64, f64)> = bars.iter().filter_map(change).collect();
    changes.sort_by_key(|(date, ..)| *date);
    let mut off: Vec<f64> = changes.iter().map(|(_, log, _)| *log).filter(|log| log.abs() >= LEAST).collect();
    off.sort_by(f64::total_cmp);
    let factor = *off.get(off.len() / 2)?;
    let equal = changes.iter().filter(|(_, log, rounding)| (log - factor).abs() <= *rounding);
    let dates: Vec<NaiveDate> = equal.map(|(date, ..)| *date).collect();
    let (&first, &last) = dates.iter().min().zip(dates.iter().max())?;
    let begins = |date| changes[0].0 == date && changes.len() > 1 && off.len() == 1;
    let is_rebuilt = || bars.iter().any(|bar| bar.date == first && bar.basis == CloseBasis::Rebuilt);
    let is_end_of_another = begins(first) && is_rebuilt();
    let is_most = 2 * dates.len() > changes.len();
    let is_telling = dates.len() > 1 || is_ratio_since(factor, last, splits);
    ((is_most && is_telling) || is_end_of_another).then(|| Scale {
        factor: factor.exp(),
        sessions: dates.len(),
        first,
        last,
    })
}

/// Whether a factor is that of the splits after a date, or its inverse.
fn is_ratio_since(log: f64, date: NaiveDate, splits: &[Split]) -> bool {
    let since = splits.iter().filter(|split| split.date > date);
    let ratio: f64 = since.map(|split| (split.to / split.from).ln()).sum();
    ratio.abs() >= LEAST && (log.abs() - ratio.abs()).abs() <= EQUAL
}

/// Logarithm of what a close has moved by against an earlier one, with the splits between them taken out.
fn change(before: &PriceBar, bar: &PriceBar, splits: &[Split]) -> f64 {
    let since = splits.iter().filter(|split| before.date < split.date && split.date <= bar.date);
    let recorded: f64 = since.map(|split| split.to / split.from).product();
    (bar.close * recorded / before.close).ln()
}

impl Scale {
    /// Whether the factor is that of a split since, and the answer does not go on over it as it should: its prices and its
    /// splits are not of one day.
    pub fn contradicts_a_split(&self, bars: &[PriceBar], splits: &[Split]) -> bool {
        is_ratio_since(self.factor.ln(), self.last, splits) && !self.is_explained(bars, splits)
    }

    /// Whether the answer is right and the stored bars are not: it differs from them by the ratio of a split since, and
    /// goes on over that split as it should. So it is when the first answer of all came between the two corrections of a
    /// provider.
    pub fn is_explained(&self, bars: &[PriceBar], splits: &[Split]) -> bool {
        let before = bars.iter().filter(|bar| bar.date <= self.last).max_by_key(|bar| bar.date);
        let after = bars.iter().filter(|bar| bar.date > self.last).min_by_key(|bar| bar.date);
        is_ratio_since(self.factor.ln(), self.last, splits)
            && before.zip(after).is_some_and(|(before, after)| {
                splits.iter().any(|split| before.date < split.date && split.date <= after.date)
                    && 2.0 * change(before, after, splits).abs() < self.factor.ln().abs()
            })
    }

    /// Whether a bar has moved against an earlier one by the factor rather than not at all.
    fn is_on_scale(&self, bar: &PriceBar, before: &PriceBar, splits: &[Split]) -> bool {
        let change = change(before, bar, splits);
        (change - self.factor.ln()).abs() < change.abs()
    }

    /// Takes the bars on that scale out of an answer. Those of sessions without a bar are given back, for the quarantine.
    pub fn take_out(
        &self,
        bars: &mut Vec<PriceBar>,
        stored: &PriceHistory,
        splits: &[Split],
    ) -> Vec<Refused> {
        bars.sort_by_key(|bar| bar.date);
        let mut refused = Vec::new();
        let mut joined = stored.at_or_before(self.last).cloned();
        bars.retain(|bar| {
            // What the user has accepted, or another answer has brought since, is where the rest goes on.
            let is_stored = |known: &PriceBar| (bar.close / known.close).ln().abs() < LEAST;
            let is_known = bar.date > self.last && stored.on(bar.date).is_some_and(is_stored);
            let is_off = bar.date <= self.last
                || (!is_known && joined.as_ref().is_some_and(|before| self.is_on_scale(bar, before, splits)));
            if !is_off {
                joined = Some(bar.clone());
            } else if stored.on(bar.date).is_none() {
                let (reason, detail) = (ScreenReason::SplitLikeJump, self.why());
                refused.push(Refused { bar: bar.clone(), reason, detail });
            }
            !is_off
        });
        refused
    }

    fn why(&self) -> String {
        format!("on the scale of an answer that has {}: a split that is not known?", self.what())
    }

    /// What an answer does to stored closes: `the closes of 3 stored sessions, 2026-11-16 to 2026-11-18, times 0.6667`.
    pub fn what(&self) -> String {
        let Scale { factor, sessions, first, last } = self;
        match sessions {
            1 => format!("the stored close of {first} times {factor:.4}"),
            n => format!("the closes of {n} stored sessions, {first} to {last}, times {factor:.4}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(day: u32, close: f64) -> PriceBar {
        PriceBar {
            date: NaiveDate::from_ymd_opt(2025, 6, day).unwrap(),
            open: None,
            high: None,
            low: None,
            close,
            adj_close: None,
            volume: None,
            source: "fmp".into(),
            basis: CloseBasis::Rebuilt,
        }
    }

    fn bars(closes: &[(u32, f64)]) -> Vec<PriceBar> {
        closes.iter().map(|&(day, close)| bar(day, close)).collect()
    }

    fn split(day: u32, from: f64, to: f64) -> Split {
        Split { date: bar(day, 1.0).date, from, to }
    }

    fn stored() -> PriceHistory {
        PriceHistory { bars: bars(&[(9, 150.0), (10, 151.5), (11, 153.0)]), ..PriceHistory::default() }
    }

    /// The closes that are left of an answer, and the days of those in quarantine.
    fn left(answer: &[(u32, f64)], splits: &[Split]) -> Option<(Vec<f64>, usize)> {
        let mut bars = bars(answer);
        let scale = scale(&bars, &stored(), splits)?;
        let refused = scale.take_out(&mut bars, &stored(), splits);
        Some((bars.iter().map(|bar| bar.close).collect(), refused.len()))
    }

    #[test]
    fn closes_that_come_back_by_one_factor_are_on_another_scale() {
        // Restated for three for two, which nobody has told: the new bar is on that scale too.
        let restated = [(9, 100.0), (10, 101.0), (11, 102.0), (12, 102.5)];
        assert_eq!(left(&restated, &[]), Some((vec![], 1)));
        // With the split told, the new bar joins what is stored.
        assert_eq!(left(&restated, &[split(12, 2.0, 3.0)]), Some((vec![102.5], 0)));
        // Bars before the stored ones are on the scale of the answer.
        assert_eq!(left(&[(6, 99.0), (9, 100.0), (10, 101.0), (11, 102.0)], &[]), Some((vec![], 1)));
    }

    /// A history that is restated up to some day leaves its last session in the answers of the days after.
    #[test]
    fn the_end_of_a_restated_history_is_no_correction() {
        assert_eq!(
            left(&[(9, 142.5), (10, 151.5), (11, 153.0), (12, 154.0)], &[]),
            Some((vec![151.5, 153.0, 154.0], 0))
        );
        assert_eq!(left(&[(9, 150.0), (10, 158.0), (11, 153.0), (12, 154.0)], &[]), None, "between others");
        assert_eq!(left(&[(9, 154.5), (10, 147.7), (11, 159.1)], &[]), None, "each by its own");
    }

    #[test]
    fn the_rest_goes_on_from_a_bar_that_was_accepted() {
        let mut stored = stored();
        stored.bars.push(bar(12, 130.5));
        let mut bars = bars(&[(10, 128.78), (11, 130.05), (12, 130.5), (13, 131.0), (16, 131.5)]);
        let scale = scale(&bars, &stored, &[]).unwrap();
        assert!(scale.take_out(&mut bars, &stored, &[]).is_empty());
        assert_eq!(bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [130.5, 131.0, 131.5]);
    }

    #[test]
    fn corrections_are_no_scale() {
        assert_eq!(left(&[(9, 150.0), (10, 15.15), (11, 153.0), (12, 153.5)], &[]), None);
        assert_eq!(left(&[(9, 151.0), (10, 152.5), (11, 154.0)], &[]), None, "a bit of a percent");
        assert_eq!(left(&[(11, 76.5), (12, 76.0)], &[]), None, "one session");
        let halved = [split(12, 1.0, 2.0)];
        assert_eq!(
            left(&[(11, 306.0), (12, 76.0)], &halved),
            Some((vec![76.0], 0)),
            "by the ratio of a split"
        );
    }

    #[test]
    fn an_answer_that_goes_on_over_the_split_is_right_where_what_is_stored_is_not() {
        let four = [split(12, 1.0, 4.0)];
        let explained = |answer: &[(u32, f64)], splits: &[Split]| {
            let bars = bars(answer);
            scale(&bars, &stored(), splits).unwrap().is_explained(&bars, splits)
        };
        // The stored closes were multiplied by four when the split was told and the prices not restated.
        assert!(explained(&[(9, 37.5), (10, 37.875), (11, 38.25), (12, 9.6)], &four));
        assert!(!explained(&[(9, 600.0), (10, 606.0), (11, 612.0), (12, 38.0)], &four), "jumps at the split");
        assert!(!explained(&[(9, 37.5), (10, 37.875), (11, 38.25), (12, 38.0)], &[]), "no split");
        assert!(!explained(&[(9, 37.5), (10, 37.875), (11, 38.25)], &four), "no bar since");
    }
}
