//! Quality of one stored price history.
//!
//! # Formula
//! Completeness: sessions with a bar over sessions from the first bar (or the beginning of the window, if later) to the
//! end of the window. Outliers: returns whose robust z-score `0.6745 |r - median| / MAD` exceeds the threshold, where the
//! median absolute deviation is positive. Jumps: closes that change by a split ratio which no recorded split explains.
//! Not positive: bars with an open, high, low or close of zero or less. Weekend bars lie on a Saturday or Sunday without
//! a session, other unexpected bars on a weekday without one. Score: `100 completeness - 10 (not positive) - 5 jumps -
//! 2 stale runs - outliers - weekend bars - unexpected dates`, not below 0.
//!
//! Bars in quarantine cost nothing of their own: they are not stored, so their sessions are missing already.
//!
//! # References
//! B. Iglewicz and D. C. Hoaglin, *How to Detect and Handle Outliers* (1993): the modified z-score.
//!
//! # Verified by
//! One case a defect below.

use chrono::{Datelike, NaiveDate, Weekday};
use sigma_core::analytics::returns::daily_returns;
use sigma_core::analytics::screen::split_like_ratio;
use sigma_core::model::{PriceBar, PriceHistory};

use crate::sources::{by_basis, by_source};

/// Equal closes in a row, from so many sessions on, are a stale run.
pub const STALE_RUN_SESSIONS: usize = 5;

/// The formula of the score, as it is printed.
pub const FORMULA: &str = "Score = 100 x completeness - 10 x not positive - 5 x jumps - 2 x stale runs - outliers \
                           - weekend bars - unexpected dates, not below 0.";

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    pub bars: usize,
    /// Sessions that should have a bar.
    pub sessions: usize,
    pub completeness: f64,
    pub missing: Vec<NaiveDate>,
    /// Bars on a Saturday or Sunday without a session.
    pub weekend: Vec<NaiveDate>,
    /// Bars on other days without a session.
    pub unexpected: Vec<NaiveDate>,
    pub outliers: Vec<NaiveDate>,
    pub jumps: Vec<NaiveDate>,
    pub stale_runs: Vec<NaiveDate>,
    pub not_positive: Vec<NaiveDate>,
    /// Bars by provider, and how their raw prices came about.
    pub sources: String,
    pub basis: String,
    pub score: f64,
}

impl Quality {
    /// Free of what makes every return around it wrong.
    pub fn is_sound(&self) -> bool {
        self.jumps.is_empty() && self.not_positive.is_empty()
    }
}

/// Examines the bars within `sessions` (ascending). `None` when there is no bar.
pub fn examine(history: &PriceHistory, sessions: &[NaiveDate], z_threshold: f64) -> Option<Quality> {
    let (&from, &to) = sessions.first().zip(sessions.last())?;
    let bars = || history.bars.iter().filter(|bar| bar.date >= from && bar.date <= to);
    let first = bars().next()?.date;
    let due: Vec<NaiveDate> = sessions.iter().copied().filter(|date| *date >= first).collect();
    let missing: Vec<NaiveDate> = due.iter().copied().filter(|date| history.on(*date).is_none()).collect();
    let without_session = bars().map(|bar| bar.date).filter(|date| sessions.binary_search(date).is_err());
    let (weekend, unexpected) = without_session.partition(is_weekend);
    let not_positive = bars().filter(|bar| has_no_price(bar)).map(|bar| bar.date).collect();
    // A bar lies on or before the last session, so at least that one is due.
    let completeness = (due.len() - missing.len()) as f64 / due.len() as f64;
    let mut quality = Quality {
        bars: bars().count(),
        sessions: due.len(),
        completeness,
        missing,
        weekend,
        unexpected,
        outliers: outliers(&daily_returns(history, sessions), sessions, z_threshold),
        jumps: jumps(history, from, to),
        stale_runs: stale_runs(history, from, to),
        not_positive,
        sources: by_source(bars()),
        basis: by_basis(bars()),
        score: 0.0,
    };
    quality.score = score(&quality);
    Some(quality)
}

fn is_weekend(date: &NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

fn has_no_price(bar: &PriceBar) -> bool {
    [bar.open, bar.high, bar.low, Some(bar.close)].into_iter().flatten().any(|price| price <= 0.0)
}

fn score(q: &Quality) -> f64 {
    let count = |dates: &Vec<NaiveDate>| dates.len() as f64;
    let lost = 10.0 * count(&q.not_positive)
        + 5.0 * count(&q.jumps)
        + 2.0 * count(&q.stale_runs)
        + count(&q.outliers)
        + count(&q.weekend)
        + count(&q.unexpected);
    (100.0 * q.completeness - lost).max(0.0)
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => None,
        n if n % 2 == 1 => Some(values[n / 2]),
        n => Some((values[n / 2 - 1] + values[n / 2]) / 2.0),
    }
}

fn outliers(returns: &[Option<f64>], sessions: &[NaiveDate], z_threshold: f64) -> Vec<NaiveDate> {
    let mut known: Vec<f64> = returns.iter().flatten().copied().collect();
    let Some(centre) = median(&mut known) else { return Vec::new() };
    let mut distances: Vec<f64> = known.iter().map(|r| (r - centre).abs()).collect();
    let Some(mad) = median(&mut distances).filter(|mad| *mad > 0.0) else { return Vec::new() };
    let is_far = |r: f64| 0.6745 * (r - centre).abs() / mad > z_threshold;
    sessions.iter().zip(returns).filter(|(_, r)| r.is_some_and(is_far)).map(|(date, _)| *date).collect()
}

/// Closes that jump by a split ratio which no recorded split explains.
fn jumps(history: &PriceHistory, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
    let pairs = history.bars.windows(2).filter(|pair| pair[0].date >= from && pair[1].date <= to);
    pairs
        .filter(|pair| {
            let since = |date: NaiveDate| pair[0].date < date && date <= pair[1].date;
            let recorded: f64 =
                history.splits.iter().filter(|s| since(s.date)).map(|s| s.to / s.from).product();
            let change = pair[1].close * recorded / pair[0].close;
            change > 0.0 && change.is_finite() && split_like_ratio(change).is_some()
        })
        .map(|pair| pair[1].date)
        .collect()
}

/// First dates of runs of equal closes.
fn stale_runs(history: &PriceHistory, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
    let bars: Vec<_> = history.bars.iter().filter(|bar| bar.date >= from && bar.date <= to).collect();
    let runs = bars.chunk_by(|a, b| a.close == b.close);
    runs.filter(|run| run.len() >= STALE_RUN_SESSIONS).map(|run| run[0].date).collect()
}

#[cfg(test)]
mod tests {
    use sigma_core::calendar::Calendar;
    use sigma_core::model::{CloseBasis, PriceBar, Split};

    use super::*;

    fn sessions() -> Vec<NaiveDate> {
        let day = |text: &str| text.parse().unwrap();
        Calendar::nyse().sessions_between(day("2025-01-02"), day("2025-03-31")).unwrap()
    }

    /// Closes that swing by about 1 %, with returns of many sizes.
    fn history(sessions: &[NaiveDate]) -> PriceHistory {
        let bar = |(i, date): (usize, &NaiveDate)| PriceBar {
            date: *date,
            open: None,
            high: None,
            low: None,
            close: 100.0 + (1.7 * i as f64).sin(),
            adj_close: None,
            volume: None,
            source: "file".into(),
            basis: CloseBasis::AsTraded,
        };
        PriceHistory { bars: sessions.iter().enumerate().map(bar).collect(), ..PriceHistory::default() }
    }

    #[test]
    fn a_sound_history_scores_a_hundred() {
        let quality = examine(&history(&sessions()), &sessions(), 8.0).unwrap();
        assert_eq!((quality.score, quality.completeness, quality.bars), (100.0, 1.0, sessions().len()));
    }

    #[test]
    fn each_defect_is_found_and_costs_what_the_formula_says() {
        let sessions = sessions();
        let n = sessions.len() as f64;
        let examined = |change: &dyn Fn(&mut PriceHistory)| {
            let mut history = history(&sessions);
            change(&mut history);
            examine(&history, &sessions, 8.0).unwrap()
        };
        let gap = examined(&|h| drop(h.bars.remove(20)));
        assert_eq!(gap.missing, [sessions[20]]);
        assert!((gap.score - 100.0 * (n - 1.0) / n).abs() < 1e-12);

        let insert = |h: &mut PriceHistory, date: NaiveDate| {
            let at = h.bars.partition_point(|bar| bar.date < date);
            let bar = PriceBar { date, source: "other".into(), ..h.bars[at].clone() };
            h.bars.insert(at, bar);
        };
        let (saturday, holiday): (NaiveDate, NaiveDate) =
            ("2025-02-01".parse().unwrap(), "2025-02-17".parse().unwrap());
        let extra = examined(&|h| [saturday, holiday].into_iter().for_each(|date| insert(h, date)));
        assert_eq!(
            (extra.weekend.as_slice(), extra.unexpected.as_slice()),
            (&[saturday][..], &[holiday][..])
        );
        assert_eq!((extra.score, extra.sources), (98.0, format!("file {n}, other 2")));

        let split = examined(&|h| h.bars[30..].iter_mut().for_each(|bar| bar.close /= 2.0));
        assert_eq!(
            (split.jumps.as_slice(), split.outliers.as_slice()),
            (&[sessions[30]][..], &[sessions[30]][..])
        );
        let recorded = examined(&|h| {
            h.bars[30..].iter_mut().for_each(|bar| bar.close /= 2.0);
            h.splits = vec![Split { date: sessions[30], from: 1.0, to: 2.0 }];
        });
        assert_eq!(recorded.score, 100.0);

        let stale = examined(&|h| h.bars[10..15].iter_mut().for_each(|bar| bar.close = 100.5));
        assert_eq!((stale.stale_runs.as_slice(), stale.score), (&[sessions[10]][..], 98.0));
        let zero = examined(&|h| h.bars[40].close = 0.0);
        assert_eq!(zero.not_positive, [sessions[40]]);
        let low = examined(&|h| h.bars[40].low = Some(-1.0));
        assert_eq!((low.not_positive.as_slice(), low.score), (&[sessions[40]][..], 90.0));
        assert_eq!(examine(&PriceHistory::default(), &sessions, 8.0), None);
    }
}
