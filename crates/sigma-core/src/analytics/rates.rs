//! Risk-free rates from published Treasury yields.
//!
//! # Formula
//! Constant-maturity yields are bond-equivalent (semi-annual compounding): the continuous rate is `2 ln(1 + y / 2)` with
//! `y = percent / 100`.
//!
//! # References
//! U.S. Department of the Treasury, *Treasury Yield Curve Methodology*: par yields on a bond-equivalent basis.
//!
//! # Verified by
//! The closed form below.

use chrono::NaiveDate;

use crate::calendar::{Calendar, CalendarError};
use crate::model::{RatePoint, Reason};

/// Constant-maturity series and their tenors in years, shortest first.
pub const TREASURY_SERIES: [(&str, f64); 11] = [
    ("DGS1MO", 1.0 / 12.0),
    ("DGS3MO", 0.25),
    ("DGS6MO", 0.5),
    ("DGS1", 1.0),
    ("DGS2", 2.0),
    ("DGS3", 3.0),
    ("DGS5", 5.0),
    ("DGS7", 7.0),
    ("DGS10", 10.0),
    ("DGS20", 20.0),
    ("DGS30", 30.0),
];

/// Tenor whose yield discounts listed options.
const OPTION_TENOR_YEARS: f64 = 0.25;

/// Age in sessions from which a yield is no rate any more; bond holidays make shorter gaps ordinary.
const STALE_RATE_SESSIONS: usize = 6;

/// Continuously compounded rate of a bond-equivalent yield in percent.
pub fn continuous_rate(percent: f64) -> f64 {
    2.0 * (percent / 200.0).ln_1p()
}

/// The rate that discounts options at `as_of`: the three-month yield or the nearest tenor published.
pub fn option_rate<'a>(
    series: impl Iterator<Item = (&'a str, &'a [RatePoint])>,
    calendar: &Calendar,
    as_of: NaiveDate,
) -> Result<Result<f64, Reason>, CalendarError> {
    let mut best: Option<(f64, f64)> = None;
    for (id, points) in series {
        let Some((_, tenor)) = TREASURY_SERIES.iter().find(|(name, _)| *name == id) else { continue };
        let Some(point) = points[..points.partition_point(|p| p.date <= as_of)].last() else { continue };
        if calendar.age_in_sessions(point.date, as_of)? >= STALE_RATE_SESSIONS {
            continue;
        }
        let distance = (tenor - OPTION_TENOR_YEARS).abs();
        if best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, continuous_rate(point.percent)));
        }
    }
    Ok(best.map(|(_, rate)| rate).ok_or(Reason::NoRate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bond_equivalent_yields_become_continuous() {
        assert!((continuous_rate(4.0) - 2.0 * 1.02f64.ln()).abs() < 1e-16);
        assert_eq!(continuous_rate(0.0), 0.0);
    }
}
