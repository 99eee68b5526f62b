//! Whether new bars join the stored ones after them.
//!
//! Bars that fill a hole, or the time before the first stored bar, may come from another provider, whose prices stand on
//! another scale when its splits are incomplete. The screen compares each bar with the one before it; here the stored
//! bar after a stretch of new ones is compared with the last of them. A stretch that does not join is refused whole:
//! what is stored has been used, and has joined what came before it.

use sigma_core::analytics::screen::{Refused, ScreenReason, screen_bars};
use sigma_core::calendar::Calendar;
use sigma_core::model::{PriceBar, PriceHistory, Split};

use crate::screening::LOOK_BACK;

/// Takes the stretches out of `accepted` (ascending) that do not join a stored bar, unless their last bar stands by the
/// user's word.
pub fn take_unjoined(
    accepted: &mut Vec<PriceBar>,
    stored: &PriceHistory,
    splits: &[Split],
    calendar: &Calendar,
    stands: impl Fn(&PriceBar) -> bool,
) -> Vec<Refused> {
    let is_new = |bar: &PriceBar| accepted.binary_search_by_key(&bar.date, |new| new.date).is_ok();
    let kept: Vec<&PriceBar> = stored.bars.iter().filter(|bar| !is_new(bar)).collect();
    let mut refused = Vec::new();
    let mut from = 0;
    let mut joined: Vec<bool> = vec![true; accepted.len()];
    for after in kept {
        let to = accepted.partition_point(|bar| bar.date < after.date);
        if let Some(last) = accepted[from..to].last()
            && !stands(last)
            && let Some(detail) = contradiction(last, after, splits, calendar)
        {
            joined[from..to].iter_mut().for_each(|joined| *joined = false);
            let refuse = |bar: &PriceBar| Refused {
                bar: bar.clone(),
                reason: ScreenReason::SplitLikeJump,
                detail: detail.clone(),
            };
            refused.extend(accepted[from..to].iter().map(refuse));
        }
        from = to;
    }
    let mut joined = joined.into_iter();
    accepted.retain(|_| joined.next().unwrap_or(true));
    refused
}

/// Why the stored bar cannot follow the new one; over a long gap a price may have gone anywhere.
fn contradiction(last: &PriceBar, after: &PriceBar, splits: &[Split], calendar: &Calendar) -> Option<String> {
    if last.date.checked_add_days(LOOK_BACK)? < after.date {
        return None;
    }
    let screened = screen_bars(vec![after.clone()], splits, std::slice::from_ref(last), calendar);
    let jump = screened.refused.first().filter(|refused| {
        matches!(refused.reason, ScreenReason::SplitLikeJump | ScreenReason::ImplausibleJump)
    })?;
    let told = format!("does not join the stored bar of {} ({})", after.date, after.source);
    Some(format!("{told}: {}", jump.detail))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use sigma_core::model::CloseBasis;

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

    fn days(bars: &[PriceBar]) -> Vec<u32> {
        use chrono::Datelike;
        bars.iter().map(|bar| bar.date.day()).collect()
    }

    #[test]
    fn a_stretch_on_another_scale_is_refused_whole_and_no_other() {
        let stored = PriceHistory { bars: vec![bar(6, 100.0), bar(13, 102.5)], ..PriceHistory::default() };
        let new = || vec![bar(4, 99.0), bar(5, 99.5), bar(9, 25.2), bar(12, 25.5), bar(16, 103.0)];
        let join = |splits: &[Split], stands: bool| {
            let mut bars = new();
            let refused = take_unjoined(&mut bars, &stored, splits, Calendar::nyse(), |_| stands);
            (days(&bars), refused.len())
        };
        assert_eq!(join(&[], false), (vec![4, 5, 16], 2));
        assert_eq!(join(&[], true), (vec![4, 5, 9, 12, 16], 0));
        // A split of one for four between them explains it.
        let split = Split { date: bar(13, 1.0).date, from: 4.0, to: 1.0 };
        assert_eq!(join(&[split], false), (vec![4, 5, 9, 12, 16], 0));
    }
}
