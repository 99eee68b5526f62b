//! Value of a holding: the one valuation of the workspace.
//!
//! # Formula
//! `market_value = quantity x price x multiplier`, signed; `cost_basis` is the same with the entry price;
//! `unrealized_pnl = market_value - cost_basis`, so a short whose price falls shows a gain.
//!
//! # Prices
//! Raw closes for shares, funds and indices; the middle of a two-sided quote, else the close, for options; intrinsic
//! value at the underlying's close on the day of expiry. A price is used with its age: older than the limit it is no
//! price (`stale_price`). Private assets are held at their last stated value however old it is; without one they are
//! `private_asset`.
//!
//! # Verified by
//! Hand-worked cases in `tests/portfolio`, and the identity `NAV change = P&L + flows` of [`super::performance`].

use chrono::NaiveDate;

use crate::calendar::{Calendar, CalendarError};
use crate::model::{Instrument, InstrumentKind, Lot, Market, OptionTerms, Reason};

/// Signed value of a holding.
pub fn value(quantity: f64, price: f64, multiplier: f64) -> f64 {
    quantity * price * multiplier
}

/// What a lot cost: its value at the entry price.
pub fn cost_basis(lot: &Lot) -> f64 {
    value(lot.position.quantity, lot.position.entry_price, lot.instrument.multiplier)
}

/// The price of an instrument on a date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Dollars per unit.
    pub price: f64,
    /// Date the price was made.
    pub date: NaiveDate,
    /// Sessions since that date.
    pub age_sessions: usize,
}

/// Ages in sessions from which a price is doubtful and from which it is no price any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StalenessLimit {
    /// Age from which a price is doubtful.
    pub warn_sessions: usize,
    /// Age from which it is none.
    pub fail_sessions: usize,
}

/// Funds publish later than the exchange closes, hence the longer limit.
pub fn staleness_limit(kind: InstrumentKind) -> StalenessLimit {
    match kind {
        InstrumentKind::MutualFund => StalenessLimit { warn_sessions: 2, fail_sessions: 4 },
        InstrumentKind::Private => StalenessLimit { warn_sessions: 1, fail_sessions: usize::MAX },
        _ => StalenessLimit { warn_sessions: 1, fail_sessions: 2 },
    }
}

/// The price of an instrument at the close of session `as_of`, or why there is none.
pub fn mark(
    instrument: &Instrument,
    market: &Market,
    calendar: &Calendar,
    as_of: NaiveDate,
) -> Result<Result<Mark, Reason>, CalendarError> {
    let found = match &instrument.option {
        Some(terms) if expiry_session(terms, calendar)? <= as_of => {
            return Ok(settlement(terms, market, calendar)?.ok_or(Reason::Expired));
        }
        Some(_) => market.option_mark_at_or_before(instrument.id, as_of),
        None => market
            .histories
            .get(&instrument.id)
            .and_then(|history| history.at_or_before(as_of))
            .map(|bar| (bar.close, bar.date)),
    };
    let Some((price, date)) = found else {
        let private = instrument.kind == InstrumentKind::Private;
        return Ok(Err(if private { Reason::PrivateAsset } else { Reason::NoPrice }));
    };
    let age_sessions = if date == as_of { 0 } else { calendar.age_in_sessions(date, as_of)? };
    if age_sessions >= staleness_limit(instrument.kind).fail_sessions {
        return Ok(Err(Reason::StalePrice));
    }
    Ok(Ok(Mark { price, date, age_sessions }))
}

/// The last session on which a contract exists: the session on or before its expiry.
pub fn expiry_session(terms: &OptionTerms, calendar: &Calendar) -> Result<NaiveDate, CalendarError> {
    calendar.session_on_or_before(terms.expiry)
}

/// Intrinsic value per unit at a price of the underlying.
pub fn intrinsic(terms: &OptionTerms, spot: f64) -> f64 {
    (terms.kind.sign() * (spot - terms.strike)).max(0.0)
}

/// Settlement of an expired contract: intrinsic value at the underlying's close on the expiry session; `None` without
/// that close.
fn settlement(
    terms: &OptionTerms,
    market: &Market,
    calendar: &Calendar,
) -> Result<Option<Mark>, CalendarError> {
    let date = expiry_session(terms, calendar)?;
    let close = market.history(&terms.underlying).and_then(|history| history.on(date));
    Ok(close.map(|bar| Mark { price: intrinsic(terms, bar.close), date, age_sessions: 0 }))
}
