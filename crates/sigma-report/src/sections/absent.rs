//! Why a number of a snapshot is absent.

use sigma_core::analytics::positions::PositionView;
use sigma_core::calendar::Calendar;
use sigma_core::model::{Portfolio, Reason, Snapshot};

/// The opening session has no earlier NAV; later a NAV that is not positive gives no return.
pub fn day_return(snapshot: &Snapshot, portfolio: &Portfolio) -> Reason {
    let opening = Calendar::nyse().session_on_or_after(portfolio.opened_on);
    if opening.is_ok_and(|opening| snapshot.as_of <= opening) {
        Reason::InsufficientHistory
    } else {
        Reason::InvalidInput
    }
}

/// Why a sum over positions is absent: an engine has not run for one of them, or none is known for another reason.
pub fn sum<'a, T>(
    views: impl Iterator<Item = &'a PositionView>,
    number: fn(&PositionView) -> Result<T, Reason>,
) -> Reason {
    let reasons: Vec<Reason> = views.filter_map(|view| number(view).err()).collect();
    match reasons.contains(&Reason::NotComputed) {
        true => Reason::NotComputed,
        false => reasons.first().copied().unwrap_or(Reason::NotComputed),
    }
}

/// Dollars exist only once loadings do; a NAV that is not positive has no beta.
pub fn market_beta(snapshot: &Snapshot) -> Reason {
    if snapshot.nav > 0.0 { Reason::NotComputed } else { Reason::InvalidInput }
}

/// Shares of a gross value of zero do not exist.
pub const CONCENTRATION: Reason = Reason::InvalidInput;
