//! From what is stored to the inputs of each contract at each close.
//!
//! A contract is held on a date when an open portfolio has an open lot of it at that close and it has not expired. The
//! close of the underlying and the quote must be of the date or of the session before; one session old they are used
//! and flagged.
//!
//! # Verified by
//! The Greeks of the demo books against an independent program (`sigma-testkit`), and the tests of `sigma-greeks`.

use std::collections::{BTreeSet, HashMap};

use super::greeks::{self, ContractInputs, REALISED_WINDOW};
use super::rates::option_rate;
use super::returns::{annualised_volatility, daily_returns};
use crate::calendar::{Calendar, CalendarError};
use crate::model::{
    Book, GreeksRow, Instrument, Market, OptionGreeks, OptionQuote, OptionTerms, RatePoint, Reason,
};
use chrono::NaiveDate;

/// Flag of a row whose underlying has no close of the date but one of the session before.
pub const STALE_SPOT: &str = "stale_spot";
/// Flag of a row whose quote is of the session before.
pub const STALE_QUOTE: &str = "stale_quote";

/// Age in sessions from which a close or quote is not used.
const TOO_OLD_SESSIONS: usize = 2;

/// Sessions before the first date whose yields may still count.
pub const RATE_SESSIONS: usize = 10;

/// What Greeks are computed from, for all dates.
#[derive(Debug)]
pub struct Inputs {
    pub instruments: Vec<Instrument>,
    pub market: Market,
    pub rates: HashMap<String, Vec<RatePoint>>,
    /// Dividend yields by symbol, where the security master states one.
    dividend_yields: HashMap<String, f64>,
    /// Returns by symbol of the underlying, aligned with `sessions`.
    returns: HashMap<String, Vec<Option<f64>>>,
    /// Ends with the last date of the run and begins early enough for realised volatility.
    sessions: Vec<NaiveDate>,
}

/// Ids of the options that these books hold at the close of a date, ascending.
pub fn held(books: &[Book], date: NaiveDate) -> BTreeSet<i64> {
    let lots = books.iter().filter(|book| book.portfolio.opened_on <= date).flat_map(|book| &book.lots);
    let alive = |terms: &OptionTerms| terms.expiry >= date;
    lots.filter(|lot| lot.instrument.option.as_ref().is_some_and(alive) && lot.position.is_open(date))
        .map(|lot| lot.instrument.id)
        .collect()
}

impl Inputs {
    pub fn new(
        instruments: Vec<Instrument>,
        market: Market,
        rates: HashMap<String, Vec<RatePoint>>,
        sessions: Vec<NaiveDate>,
    ) -> Inputs {
        let underlyings: BTreeSet<&str> =
            instruments.iter().filter_map(|i| i.option.as_ref()).map(|t| t.underlying.as_str()).collect();
        let series =
            |symbol: &&str| Some(((*symbol).to_owned(), daily_returns(market.history(symbol)?, &sessions)));
        let returns = underlyings.iter().filter_map(series).collect();
        let stated = |i: &Instrument| Some((i.symbol.clone(), i.dividend_yield?));
        let dividend_yields = instruments.iter().filter_map(stated).collect();
        Inputs { dividend_yields, returns, instruments, market, rates, sessions }
    }

    /// Greeks, or the reason there are none, of these contracts at one close, in ascending order of id.
    pub fn greeks(
        &self,
        contracts: &BTreeSet<i64>,
        calendar: &Calendar,
        date: NaiveDate,
    ) -> Result<Vec<GreeksRow>, CalendarError> {
        let rates = self.rates.iter().map(|(series, points)| (series.as_str(), points.as_slice()));
        let rate = option_rate(rates, calendar, date)?;
        let mut options: Vec<(&Instrument, &OptionTerms)> = self
            .instruments
            .iter()
            .filter(|instrument| contracts.contains(&instrument.id))
            .filter_map(|instrument| Some((instrument, instrument.option.as_ref()?)))
            .collect();
        options.sort_by_key(|(instrument, _)| instrument.id);
        let dated = |(instrument, terms): &(&'_ Instrument, &'_ OptionTerms)| {
            self.contract(instrument, terms, calendar, date)
        };
        let dated: Vec<Dated<'_>> = options.iter().map(dated).collect::<Result<_, _>>()?;
        let contracts: Vec<ContractInputs<'_>> =
            options.iter().zip(&dated).map(|((instrument, terms), d)| d.inputs(instrument, terms)).collect();
        let computed = greeks::compute(&contracts, rate, date);
        let row = |((found, (instrument, terms)), dated): ((_, &(&Instrument, &OptionTerms)), &Dated<'_>)| {
            GreeksRow {
                instrument_id: instrument.id,
                as_of: date,
                method: greeks::method_of(terms),
                greeks: dated.flagged(found, terms),
            }
        };
        Ok(computed.into_iter().zip(&options).zip(&dated).map(row).collect())
    }

    fn contract(
        &self,
        instrument: &Instrument,
        terms: &OptionTerms,
        calendar: &Calendar,
        date: NaiveDate,
    ) -> Result<Dated<'_>, CalendarError> {
        let bar = self.market.history(&terms.underlying).and_then(|history| history.at_or_before(date));
        let quote = self.market.quote_at_or_before(instrument.id, date);
        Ok(Dated {
            spot: aged(bar.map(|bar| (bar.close, bar.date)), calendar, date)?,
            quote: aged(quote.map(|quote| (quote, quote.date)), calendar, date)?,
            dividend_yield: self.dividend_yields.get(&terms.underlying).copied(),
            realised_volatility: self.realised_volatility(&terms.underlying, date),
        })
    }

    /// Over exactly the window; a missing return leaves none.
    fn realised_volatility(&self, underlying: &str, date: NaiveDate) -> Option<f64> {
        let end = self.sessions.partition_point(|session| *session <= date);
        let window = self.returns.get(underlying)?.get(end.checked_sub(REALISED_WINDOW)?..end)?;
        annualised_volatility(&window.iter().copied().collect::<Option<Vec<f64>>>()?)
    }
}

/// What is known about a contract at one close; the number beside spot and quote is their age in sessions.
struct Dated<'a> {
    spot: Option<(f64, usize)>,
    quote: Option<(&'a OptionQuote, usize)>,
    dividend_yield: Option<f64>,
    realised_volatility: Option<f64>,
}

impl Dated<'_> {
    fn inputs<'a>(&'a self, instrument: &'a Instrument, terms: &'a OptionTerms) -> ContractInputs<'a> {
        ContractInputs {
            instrument,
            terms,
            quote: self.quote.map(|(quote, _)| quote),
            spot: self.spot.map(|(close, _)| close),
            dividend_yield: self.dividend_yield,
            realised_volatility: self.realised_volatility,
        }
    }

    fn flagged(
        &self,
        found: Result<OptionGreeks, Reason>,
        terms: &OptionTerms,
    ) -> Result<OptionGreeks, Reason> {
        let mut greeks = found?;
        let on_forward = Instrument::is_volatility_index(&terms.underlying)
            && self.quote.is_some_and(|(quote, _)| quote.forward.is_some());
        if !on_forward && self.spot.is_some_and(|(_, age)| age > 0) {
            greeks.flags.push(STALE_SPOT.to_owned());
        }
        if self.quote.is_some_and(|(_, age)| age > 0) {
            greeks.flags.push(STALE_QUOTE.to_owned());
        }
        Ok(greeks)
    }
}

/// What is young enough to be used, with its age in sessions.
fn aged<T>(
    found: Option<(T, NaiveDate)>,
    calendar: &Calendar,
    date: NaiveDate,
) -> Result<Option<(T, usize)>, CalendarError> {
    let Some((value, of)) = found else { return Ok(None) };
    let age = if of == date { 0 } else { calendar.age_in_sessions(of, date)? };
    Ok((age < TOO_OLD_SESSIONS).then_some((value, age)))
}
