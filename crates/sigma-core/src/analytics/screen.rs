//! Screens of incoming market data: what cannot be a price goes to quarantine with its reason.
//!
//! # Rules
//! A bar is refused when its close is not a positive finite number, its date is not a session, its high lies below
//! `max(open, close)` or its low above `min(open, close)`, any given field is not finite, or its close jumps against
//! the previous accepted close by a factor that equals a known-unrecorded split ratio or a hundredfold (pence for
//! pounds). A recorded split on the date explains the jump.
//!
//! # Verified by
//! One case a rule below.

use chrono::NaiveDate;

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

/// Screens the bars of one instrument. `previous` is the last accepted close before them.
pub fn screen_bars(
    mut bars: Vec<PriceBar>,
    splits: &[Split],
    previous: Option<f64>,
    calendar: &Calendar,
) -> Screened {
    bars.sort_by_key(|bar| bar.date);
    let mut screened = Screened::default();
    let mut last_close = previous;
    let mut last_date: Option<NaiveDate> = None;
    for bar in bars {
        let finding = duplicate(&bar, last_date)
            .or_else(|| shape(&bar))
            .or_else(|| session(&bar, calendar))
            .or_else(|| jump(&bar, last_close, splits));
        match finding {
            Some((reason, detail)) => screened.refused.push(Refused { bar, reason, detail }),
            None => {
                last_close = Some(bar.close);
                last_date = Some(bar.date);
                screened.accepted.push(bar);
            }
        }
    }
    screened
}

type Finding = Option<(ScreenReason, String)>;

fn duplicate(bar: &PriceBar, last: Option<NaiveDate>) -> Finding {
    (last == Some(bar.date)).then(|| {
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

fn jump(bar: &PriceBar, previous: Option<f64>, splits: &[Split]) -> Finding {
    let previous = previous?;
    if splits.iter().any(|split| split.date == bar.date) {
        return None;
    }
    let move_factor = (bar.close / previous).max(previous / bar.close);
    let ratio = JUMP_RATIOS.into_iter().find(|ratio| (move_factor / ratio - 1.0).abs() <= JUMP_TOLERANCE)?;
    Some((
        ScreenReason::SplitLikeJump,
        format!(
            "close {} after {previous} looks like a ratio of {ratio} without a recorded split",
            bar.close
        ),
    ))
}
