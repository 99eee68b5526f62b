//! Whether a history is long enough for a window.
//!
//! # Formula
//! With `n` daily returns in a window of `w` sessions and at least `m` wanted for any number:
//! missing when `n = 0`, short when `n < m`, limited when `n < 0.8 w`, else sufficient.
//!
//! # Conventions
//! Counted are returns, as the regression counts them: each needs the closes of two sessions in a row, so a gap of one
//! session costs two. The sessions handed in are those of the window and the one before it.
//!
//! # Degenerate cases
//! No session, or a single one, has no return.
//!
//! # Verified by
//! The thresholds on both sides of each border, and hand-counted gaps, below.

use chrono::NaiveDate;

use super::returns::daily_returns;
use crate::model::PriceHistory;

/// How far a history carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    Sufficient,
    Limited,
    Short,
    Missing,
}

impl Verdict {
    /// The printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Sufficient => "sufficient",
            Verdict::Limited => "limited",
            Verdict::Short => "short",
            Verdict::Missing => "missing",
        }
    }

    /// Whether engines can compute anything from it.
    pub fn is_usable(self) -> bool {
        matches!(self, Verdict::Sufficient | Verdict::Limited)
    }
}

/// Daily returns that a history has over sessions (ascending).
pub fn observations(history: &PriceHistory, sessions: &[NaiveDate]) -> usize {
    daily_returns(history, sessions).iter().flatten().count()
}

/// The verdict on a number of returns, for a window and a fewest number given in returns.
pub fn verdict(observations: usize, window: usize, min_observations: usize) -> Verdict {
    match observations {
        0 => Verdict::Missing,
        n if n < min_observations => Verdict::Short,
        n if 5 * n < 4 * window => Verdict::Limited,
        _ => Verdict::Sufficient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CloseBasis, PriceBar};

    #[test]
    fn thresholds_count_returns() {
        let of = |n| verdict(n, 252, 60);
        assert_eq!((of(0), of(59), of(60)), (Verdict::Missing, Verdict::Short, Verdict::Limited));
        assert_eq!((of(201), of(202)), (Verdict::Limited, Verdict::Sufficient));
        assert_eq!(verdict(120, 150, 60), Verdict::Sufficient);
    }

    #[test]
    fn a_gap_costs_two_returns() {
        let day = |d: u32| NaiveDate::from_ymd_opt(2025, 6, d).unwrap();
        let sessions: Vec<NaiveDate> = (2..=6).map(day).collect();
        let bar = |d: u32| PriceBar {
            date: day(d),
            open: None,
            high: None,
            low: None,
            close: 100.0,
            adj_close: None,
            volume: None,
            source: "file".into(),
            basis: CloseBasis::AsTraded,
        };
        let of = |days: &[u32]| {
            let bars = days.iter().map(|d| bar(*d)).collect();
            observations(&PriceHistory { bars, ..PriceHistory::default() }, &sessions)
        };
        assert_eq!((of(&[2, 3, 4, 5, 6]), of(&[2, 3, 5, 6]), of(&[2, 4, 6]), of(&[])), (4, 2, 0, 0));
    }
}
