//! Screens of incoming market data: what cannot be a price goes to quarantine with its reason.
//!
//! # Rules
//! A bar is refused when its close is not a positive finite number, its date is not a session, its high lies below
//! `max(open, close)` or its low above `min(open, close)`, any given field is not finite, it repeats open, high, low,
//! close and a positive volume of the two bars before (a stale answer; a quiet share may repeat a bar once, and a bar
//! without one of these five cannot be told to repeat), or its close jumps against the previous accepted close by a
//! factor that equals a common split ratio or a hundredfold (pence for pounds), or by more than any price moves. Splits
//! recorded since the previous bar are taken out first: a split explains its own jump and no other.
//!
//! # Verified by
//! One case a rule below.

use crate::calendar::Calendar;
use crate::model::{PriceBar, Split};

/// Why a bar was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScreenReason {
    NotPositive,
    NotFinite,
    NotASession,
    HighBelowRange,
    LowAboveRange,
    SplitLikeJump,
    ImplausibleJump,
    StaleRepeat,
    DuplicateDate,
}

impl ScreenReason {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            ScreenReason::NotPositive => "not_positive",
            ScreenReason::NotFinite => "not_finite",
            ScreenReason::NotASession => "not_a_session",
            ScreenReason::HighBelowRange => "high_below_range",
            ScreenReason::LowAboveRange => "low_above_range",
            ScreenReason::SplitLikeJump => "split_like_jump",
            ScreenReason::ImplausibleJump => "implausible_jump",
            ScreenReason::StaleRepeat => "stale_repeat",
            ScreenReason::DuplicateDate => "duplicate_date",
        }
    }
}

/// A refused bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    pub bar: PriceBar,
    pub reason: ScreenReason,
    pub detail: String,
}

/// Accepted bars by ascending date, and the refused ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Screened {
    pub accepted: Vec<PriceBar>,
    pub refused: Vec<Refused>,
}

/// Share ratios of common splits and unit mistakes, as price factors of one session.
const JUMP_RATIOS: [f64; 10] = [2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 15.0, 20.0, 100.0];

/// Distance to a ratio that still counts as equal: splits fall on days with ordinary moves too.
const JUMP_TOLERANCE: f64 = 0.03;

/// Bars before a bar that it is judged by: it must be equal to all of them to be a repetition.
pub const BARS_BEFORE: usize = 2;

/// Screens the bars of one instrument. `previous` are the last accepted bars before them, ascending; the last
/// [`BARS_BEFORE`] count.
pub fn screen_bars(
    mut bars: Vec<PriceBar>,
    splits: &[Split],
    previous: &[PriceBar],
    calendar: &Calendar,
) -> Screened {
    bars.sort_by_key(|bar| bar.date);
    let mut screened = Screened::default();
    for bar in bars {
        let before = screened.accepted.last().or(previous.last());
        let finding = duplicate(&bar, screened.accepted.last())
            .or_else(|| shape(&bar))
            .or_else(|| session(&bar, calendar))
            .or_else(|| repeat(&bar, &screened.accepted, previous))
            .or_else(|| before.and_then(|before| jump(&bar, before, splits)));
        match finding {
            Some((reason, detail)) => screened.refused.push(Refused { bar, reason, detail }),
            None => screened.accepted.push(bar),
        }
    }
    screened
}

type Finding = Option<(ScreenReason, String)>;

fn duplicate(bar: &PriceBar, last: Option<&PriceBar>) -> Finding {
    last.is_some_and(|last| last.date == bar.date).then(|| {
        (ScreenReason::DuplicateDate, format!("a second bar for {} follows an accepted one", bar.date))
    })
}

fn shape(bar: &PriceBar) -> Finding {
    for (name, value) in [
        ("close", Some(bar.close)),
        ("open", bar.open),
        ("high", bar.high),
        ("low", bar.low),
        ("adj_close", bar.adj_close),
        ("volume", bar.volume),
    ] {
        let Some(value) = value else { continue };
        if !value.is_finite() {
            return Some((ScreenReason::NotFinite, format!("{name} is {value}")));
        }
        let positive = if name == "volume" { value >= 0.0 } else { value > 0.0 };
        if !positive {
            return Some((ScreenReason::NotPositive, format!("{name} is {value}")));
        }
    }
    let top = bar.open.map_or(bar.close, |open| open.max(bar.close));
    let bottom = bar.open.map_or(bar.close, |open| open.min(bar.close));
    if let Some(high) = bar.high.filter(|high| *high < top) {
        return Some((ScreenReason::HighBelowRange, format!("high {high} is below {top}")));
    }
    if let Some(low) = bar.low.filter(|low| *low > bottom) {
        return Some((ScreenReason::LowAboveRange, format!("low {low} is above {bottom}")));
    }
    None
}

fn session(bar: &PriceBar, calendar: &Calendar) -> Finding {
    (!calendar.is_session(bar.date).unwrap_or(false))
        .then(|| (ScreenReason::NotASession, format!("{} is not an exchange session", bar.date)))
}

fn repeat(bar: &PriceBar, accepted: &[PriceBar], previous: &[PriceBar]) -> Finding {
    let fields = |bar: &PriceBar| Some([bar.open?, bar.high?, bar.low?, bar.close, bar.volume?]);
    let whole = fields(bar).filter(|[.., volume]| *volume > 0.0)?;
    let before: Vec<&PriceBar> =
        accepted.iter().rev().chain(previous.iter().rev()).take(BARS_BEFORE).collect();
    let is_same = |before: &&PriceBar| before.date < bar.date && fields(before) == Some(whole);
    (before.len() == BARS_BEFORE && before.iter().all(is_same)).then(|| {
        let (last, first) = (before[0].date, before[BARS_BEFORE - 1].date);
        (ScreenReason::StaleRepeat, format!("repeats the prices and the volume of {first} and {last}"))
    })
}

/// The split ratio or unit mistake that a price factor of one session looks like, in either direction.
pub fn split_like_ratio(change: f64) -> Option<f64> {
    let move_factor = change.max(1.0 / change);
    JUMP_RATIOS.into_iter().find(|ratio| (move_factor / ratio - 1.0).abs() <= JUMP_TOLERANCE)
}

/// Factor that no price moves by between two bars: beyond it a unit or a digit is wrong.
const IMPLAUSIBLE_CHANGE: f64 = 25.0;

fn jump(bar: &PriceBar, before: &PriceBar, splits: &[Split]) -> Finding {
    let since = |split: &&Split| before.date < split.date && split.date <= bar.date;
    let recorded: f64 = splits.iter().filter(since).map(|split| split.to / split.from).product();
    let change = bar.close * recorded / before.close;
    if let Some(ratio) = split_like_ratio(change) {
        let told = if recorded == 1.0 { "without a recorded split" } else { "beside the recorded split" };
        let detail =
            format!("close {} after {} looks like a ratio of {ratio} {told}", bar.close, before.close);
        return Some((ScreenReason::SplitLikeJump, detail));
    }
    let size = change.max(change.recip());
    (size > IMPLAUSIBLE_CHANGE).then(|| {
        let detail = format!("close {} after {} is a move by a factor of {size:.0}", bar.close, before.close);
        (ScreenReason::ImplausibleJump, detail)
    })
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::model::CloseBasis;

    fn bar(day: u32, close: f64) -> PriceBar {
        PriceBar {
            date: NaiveDate::from_ymd_opt(2025, 6, day).unwrap(),
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

    fn reasons(bars: Vec<PriceBar>, splits: &[Split], previous: &[PriceBar]) -> Vec<(u32, ScreenReason)> {
        use chrono::Datelike;
        let screened = screen_bars(bars, splits, previous, Calendar::nyse());
        screened.refused.iter().map(|refused| (refused.bar.date.day(), refused.reason)).collect()
    }

    #[test]
    fn bars_that_cannot_be_are_refused_and_good_ones_pass() {
        let mut high = bar(4, 101.0);
        (high.open, high.high) = (Some(100.0), Some(100.5));
        let mut low = bar(5, 101.0);
        (low.open, low.low) = (Some(100.0), Some(100.5));
        let bars = vec![
            bar(2, 100.0),
            bar(2, 100.0),
            bar(3, 0.0),
            high,
            low,
            bar(6, f64::NAN),
            bar(7, 100.0),
            bar(9, 103.0),
            bar(19, 103.0),
        ];
        let expected = vec![
            (2, ScreenReason::DuplicateDate),
            (3, ScreenReason::NotPositive),
            (4, ScreenReason::HighBelowRange),
            (5, ScreenReason::LowAboveRange),
            (6, ScreenReason::NotFinite),
            (7, ScreenReason::NotASession),
            (19, ScreenReason::NotASession),
        ];
        assert_eq!(reasons(bars, &[], &[]), expected);
    }

    #[test]
    fn a_split_explains_its_own_jump_and_no_other() {
        let split = |day: u32| Split { date: bar(day, 1.0).date, from: 1.0, to: 10.0 };
        assert_eq!(reasons(vec![bar(2, 30.0), bar(3, 1e9)], &[], &[]), [(3, ScreenReason::ImplausibleJump)]);
        let jump = vec![(3, ScreenReason::SplitLikeJump)];
        let before = bar(2, 1200.0);
        assert_eq!(reasons(vec![bar(3, 121.0)], &[], std::slice::from_ref(&before)), jump);
        assert_eq!(reasons(vec![bar(3, 121.0)], &[split(3)], std::slice::from_ref(&before)), vec![]);
        // The bar of the split's own day is missing.
        assert_eq!(reasons(vec![bar(4, 121.0)], &[split(3)], std::slice::from_ref(&before)), vec![]);
        // Recorded, but the closes were adjusted for it already.
        assert_eq!(reasons(vec![bar(3, 1210.0)], &[split(3)], std::slice::from_ref(&before)), jump);
        assert_eq!(reasons(vec![bar(3, 12.0)], &[], std::slice::from_ref(&before)), jump);
        assert_eq!(reasons(vec![bar(3, 700.0)], &[], std::slice::from_ref(&before)), vec![]);
    }

    #[test]
    fn a_bar_that_repeats_prices_and_volume_of_two_is_stale() {
        let closes = |day: u32, volume: f64| PriceBar { volume: Some(volume), ..bar(day, 50.0) };
        let whole = |day: u32, volume: f64| PriceBar {
            open: Some(49.0),
            high: Some(51.0),
            low: Some(48.0),
            ..closes(day, volume)
        };
        let stale =
            |days: &[u32]| days.iter().map(|&day| (day, ScreenReason::StaleRepeat)).collect::<Vec<_>>();
        let bars = |make: &dyn Fn(u32) -> PriceBar| [3, 4, 5, 6].map(make).to_vec();
        assert_eq!(reasons(bars(&|day| whole(day, 1e6)), &[], &[]), stale(&[5, 6]));
        assert_eq!(reasons(bars(&|day| whole(day, 1e6)), &[], &[whole(2, 1e6)]), stale(&[4, 5, 6]));
        // Those before may have come one by one, on earlier days.
        let previous = [whole(2, 1e6), whole(3, 1e6)];
        assert_eq!(reasons(vec![whole(4, 1e6)], &[], &previous), stale(&[4]));
        assert_eq!(reasons(vec![whole(4, 1e6)], &[], &[whole(2, 2e6), whole(3, 1e6)]), stale(&[]));
        // A quiet share repeats a bar once; nothing was traded; closes alone are no bar that can be compared.
        assert_eq!(reasons(bars(&|day| whole(day, f64::from(day / 2))), &[], &[]), stale(&[]));
        assert_eq!(reasons(bars(&|day| whole(day, 0.0)), &[], &[]), stale(&[]));
        assert_eq!(reasons(bars(&|day| closes(day, 1e6)), &[], &[]), stale(&[]));
        assert_eq!(reasons(bars(&|day| bar(day, 50.0)), &[], &[]), stale(&[]));
    }
}
