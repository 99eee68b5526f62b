//! One contract of a snapshot.
//!
//! # Dates of a snapshot
//! A quote has the date of its bid and ask in New York; without these, that of the contract's last trades. The close
//! belongs to the last trades: it is taken when both dates are the same.

use chrono::NaiveDate;
use sigma_core::calendar::Calendar;
use sigma_core::model::{OptionQuote, QuotedGreeks};

use super::SOURCE;
use super::row::Row;

/// A quote that says nothing yet.
pub(super) fn empty(date: NaiveDate) -> OptionQuote {
    OptionQuote {
        date,
        bid: None,
        ask: None,
        close: None,
        implied_volatility: None,
        open_interest: None,
        forward: None,
        source: SOURCE.to_owned(),
        greeks: None,
    }
}

/// What a snapshot says of one contract; nothing when there is neither a price nor a volatility.
pub(super) fn quote(row: Row<'_>, problems: &mut Vec<String>) -> Option<OptionQuote> {
    let (last, day) = (row.object("last_quote"), row.object("day"));
    let mut bid = last.number("bid").filter(|bid| *bid >= 0.0);
    let mut ask = last.above_zero("ask");
    // Zero and zero is how the absence of a market is written.
    bid = bid.filter(|bid| *bid > 0.0 || ask.is_some());
    if let (Some(low), Some(high)) = (bid, ask)
        && low > high
    {
        problems.push(format!("bid {low} is above ask {high}"));
        (bid, ask) = (None, None);
    }
    let quoted_on = last.date_of_nanos("last_updated").filter(|_| bid.or(ask).is_some());
    let traded_on = day.date_of_nanos("last_updated");
    let close = day.above_zero("close");
    let implied_volatility = row.above_zero("implied_volatility");
    bid.or(ask).or(close).or(implied_volatility)?;
    let Some(date) = quoted_on.or(traded_on) else {
        problems.push("a quote without a time stamp".to_owned());
        return None;
    };
    if Calendar::nyse().is_session(date) == Ok(false) {
        problems.push(format!("the snapshot is of {date}, which is no session"));
        return None;
    }
    // Prices without a stamp of their own have no date.
    let has_prices = quoted_on.is_some();
    Some(OptionQuote {
        bid: bid.filter(|_| has_prices),
        ask: ask.filter(|_| has_prices),
        close: close.filter(|_| traded_on == Some(date)),
        implied_volatility,
        open_interest: row.number("open_interest").filter(|count| *count >= 0.0),
        greeks: greeks(row.object("greeks")),
        ..empty(date)
    })
}

/// The service's units are those of the model: a calendar day for theta, one point of volatility for vega.
fn greeks(row: Row<'_>) -> Option<QuotedGreeks> {
    let greeks = QuotedGreeks {
        delta: row.number("delta"),
        gamma: row.number("gamma"),
        theta_per_day: row.number("theta"),
        vega_per_point: row.number("vega"),
    };
    (greeks != QuotedGreeks::default()).then_some(greeks)
}
