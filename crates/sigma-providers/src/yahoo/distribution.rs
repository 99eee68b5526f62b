//! Dividends and capital gains of a chart, in shares of their ex-date.
//!
//! # Rule
//! Amounts of events come as paid or split-adjusted, and the service has changed from one to the other and back. The
//! adjusted closes decide. With `c` the split-adjusted close, `a` the adjusted one, `p` the last session before the
//! ex-date and `x` the first one from it, the amount that the service has taken off in today's shares is
//!
//! `d = c_p (1 - (a_p / c_p) / (a_x / c_x))`
//!
//! An amount `e` before later splits of product `F` (new shares for an old one) is `e` in today's shares when it was
//! split-adjusted and `e / F` when it was as paid. The reading that agrees with `d` holds, and the dividend of the
//! ex-date is `F` times it. When none does, or both do, there is a problem and no dividend. Where no closes stand on
//! both sides of the ex-date, an amount without later splits has one reading only and is taken as it is.
//!
//! Capital gains are distributions like any other and are added to the dividend of the same day.
//!
//! # Tolerance
//! One per cent of the amount, and 0.00002 of the close for the rounding of four prices in single precision.
//!
//! # Verified by
//! Both readings across a split of four for one, and an amount that fits neither, below.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_core::model::{Dividend, PriceBar, Split};

use super::chart::{Events, date_of};

const SHARE_OF_AMOUNT: f64 = 0.01;
const SHARE_OF_CLOSE: f64 = 2e-5;

/// What the event states is told apart by, relative to the amount.
const SAME: f64 = 1e-9;

/// Distributions by ascending ex-date. `bars` are split-adjusted and sorted.
pub(super) fn dividends(
    events: &Events,
    bars: &[PriceBar],
    splits: &[Split],
    problems: &mut Vec<String>,
) -> Vec<Dividend> {
    let mut stated: BTreeMap<NaiveDate, f64> = BTreeMap::new();
    for payment in events.dividends.values().chain(events.capital_gains.values()) {
        let amount = payment.amount.filter(|amount| amount.is_finite() && *amount >= 0.0);
        match (date_of(payment.date), amount) {
            (Some(date), Some(amount)) if amount > 0.0 => *stated.entry(date).or_default() += amount,
            (Some(_), Some(_)) => {}
            (date, _) => {
                let date = date.map_or_else(|| payment.date.to_string(), |date| date.to_string());
                problems.push(format!("{date}: a distribution without an amount"));
            }
        }
    }
    let mut dividends = Vec::new();
    for (ex_date, stated) in stated {
        let factor: f64 = splits.iter().filter(|s| s.date > ex_date).map(|s| s.to / s.from).product();
        match as_paid(stated, factor, implied(bars, ex_date)) {
            Ok(amount) => dividends.push(Dividend { ex_date, amount }),
            Err(why) => problems.push(format!("{ex_date}: a distribution of {stated} {why}")),
        }
    }
    dividends
}

/// What the adjusted closes say was paid, in today's shares, and the close before.
struct Implied {
    amount: f64,
    close_before: f64,
}

fn implied(bars: &[PriceBar], ex_date: NaiveDate) -> Option<Implied> {
    let at = bars.partition_point(|bar| bar.date < ex_date);
    let (before, after) = (bars.get(at.checked_sub(1)?)?, bars.get(at)?);
    let factor = |bar: &PriceBar| {
        let factor = bar.adj_close? / bar.close;
        (factor.is_finite() && factor > 0.0).then_some(factor)
    };
    let amount = before.close * (1.0 - factor(before)? / factor(after)?);
    Some(Implied { amount, close_before: before.close })
}

/// The amount in shares of the ex-date.
fn as_paid(stated: f64, factor: f64, implied: Option<Implied>) -> Result<f64, &'static str> {
    let readings = [stated, stated / factor];
    let is_one_reading = (factor - 1.0).abs() <= SAME;
    let Some(Implied { amount, close_before }) = implied else {
        return if is_one_reading { Ok(stated) } else { Err("before a split cannot be checked") };
    };
    let agrees = readings.map(|reading| {
        (reading - amount).abs() <= SHARE_OF_AMOUNT * reading + SHARE_OF_CLOSE * close_before.abs()
    });
    match agrees {
        [true, _] if is_one_reading => Ok(stated),
        // To a millionth, as prices are.
        [true, false] => Ok((stated * factor * 1e6).round() / 1e6),
        [false, true] => Ok(stated),
        [true, true] => Err("is too small to tell whether it is split-adjusted"),
        [false, false] => Err("does not agree with the adjusted closes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: f64 = 25.0;

    fn paid(stated: f64, factor: f64, implied: f64) -> Result<f64, &'static str> {
        as_paid(stated, factor, Some(Implied { amount: implied, close_before: BEFORE }))
    }

    #[test]
    fn the_reading_that_the_adjusted_closes_bear_out_holds() {
        // 0.96 paid on a share that is four today: 0.24 in today's shares.
        assert_eq!(paid(0.24, 4.0, 0.24), Ok(0.96));
        assert_eq!(paid(0.96, 4.0, 0.24), Ok(0.96));
        // One for twenty: 0.05 paid on an old share is 1.00 on one of today.
        assert_eq!(paid(0.05, 0.05, 1.0), Ok(0.05));
        assert_eq!(paid(0.24, 1.0, 0.24), Ok(0.24));
    }

    #[test]
    fn what_cannot_be_told_is_not_told() {
        assert!(paid(0.24, 4.0, 0.5).is_err());
        assert!(paid(0.24, 1.0, 0.0).is_err(), "the adjusted closes know nothing of it");
        assert!(paid(0.0002, 4.0, 0.0001).is_err(), "within the rounding of both readings");
        assert!(as_paid(0.24, 4.0, None).is_err());
        assert_eq!(as_paid(0.24, 1.0, None), Ok(0.24));
    }
}
