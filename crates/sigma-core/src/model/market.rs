//! Market data as it is stored: bars, option quotes, rates, corporate actions.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::instrument::text_enum;

text_enum! {
    /// How the raw prices of a bar came about. Open, high, low and close are raw in either case.
    #[derive(Default)]
    CloseBasis {
        /// As the provider tells what was traded.
        #[default]
        AsTraded = "as_traded",
        /// The provider offered split-adjusted prices, and they were turned back with its own splits.
        Rebuilt = "rebuilt",
    }
}

text_enum! {
    /// What a provider can be asked for.
    Dataset {
        /// Daily bars.
        Prices = "prices",
        /// Splits and dividends.
        Actions = "actions",
        /// Name, sector and the like.
        Profile = "profile",
        /// End-of-day quotes of option contracts.
        Quotes = "quotes",
        /// Published yields.
        Rates = "rates",
        /// Sessions within answered prices that had none: when they were last asked for.
        Gaps = "gaps",
    }
}

/// One daily bar, raw (not adjusted for splits or dividends).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceBar {
    pub date: NaiveDate,
    pub open: Option<f64>,
    pub high: Option<f64>,
    pub low: Option<f64>,
    /// US dollars per share, as are open, high and low.
    pub close: f64,
    /// The provider's own split- and dividend-adjusted close, where it offers one.
    pub adj_close: Option<f64>,
    /// Shares.
    pub volume: Option<f64>,
    /// Provider the bar came from.
    pub source: String,
    #[serde(default)]
    pub basis: CloseBasis,
}

/// Ending of the source of a bar that is only the last price of its session.
const QUOTE_SOURCE: &str = "-quote";

impl PriceBar {
    /// Whether only the last price of the session is known, which its daily bar is to replace.
    pub fn is_provisional(&self) -> bool {
        self.source.ends_with(QUOTE_SOURCE)
    }
}

/// One end-of-day quote of an option contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionQuote {
    pub date: NaiveDate,
    pub bid: Option<f64>,
    pub ask: Option<f64>,
    /// US dollars per unit of the underlying, as are bid and ask.
    pub close: Option<f64>,
    /// Quoted annual volatility, decimal fraction.
    pub implied_volatility: Option<f64>,
    /// Contracts.
    pub open_interest: Option<f64>,
    /// Forward of the underlying to the expiry, for options on volatility indices.
    pub forward: Option<f64>,
    pub source: String,
    /// Absent when the provider tells none.
    #[serde(default)]
    pub greeks: Option<QuotedGreeks>,
}

/// The provider's own Greeks, per unit of the underlying: to compare ours with. No engine uses them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct QuotedGreeks {
    pub delta: Option<f64>,
    pub gamma: Option<f64>,
    pub theta_per_day: Option<f64>,
    pub vega_per_point: Option<f64>,
}

impl OptionQuote {
    /// The price that values the contract: the middle of a two-sided quote, else the close.
    pub fn mark(&self) -> Option<f64> {
        self.middle().or(self.close)
    }

    /// The middle of bid and ask, unless one is missing or they are crossed.
    pub fn middle(&self) -> Option<f64> {
        let (bid, ask) = self.bid.zip(self.ask)?;
        // Prices are quoted in decimals; what a double adds behind the ninth (5.074999999999999) is no part of them.
        let middle = ((bid + ask) / 2.0 * 1e9).round() / 1e9;
        (bid >= 0.0 && ask > 0.0 && ask >= bid).then_some(middle)
    }

    /// This quote beside another one of the same session: the one that tells more of the market stands, this one of two
    /// that tell as much, and takes from the other what it lacks. Quotes are told of a session once, closes at any time:
    /// a close that comes later must not take their place.
    pub fn completed_by(self, other: &OptionQuote) -> OptionQuote {
        match self.detail() >= other.detail() {
            true => self.filled_from(other),
            false => other.clone().filled_from(&self),
        }
    }

    /// How much it tells of the market: a quoted price, what is derived from one, or no more than a trade.
    fn detail(&self) -> QuoteDetail {
        let is_derived =
            self.implied_volatility.is_some() || self.open_interest.is_some() || self.greeks.is_some();
        match self.bid.or(self.ask) {
            Some(_) => QuoteDetail::Quoted,
            None if is_derived => QuoteDetail::Derived,
            None => QuoteDetail::Traded,
        }
    }

    /// Bid and ask are of one moment: neither is taken alone.
    fn filled_from(self, other: &OptionQuote) -> OptionQuote {
        let has_prices = self.bid.or(self.ask).is_some();
        let (bid, ask) = if has_prices { (self.bid, self.ask) } else { (other.bid, other.ask) };
        OptionQuote {
            bid,
            ask,
            close: self.close.or(other.close),
            implied_volatility: self.implied_volatility.or(other.implied_volatility),
            open_interest: self.open_interest.or(other.open_interest),
            forward: self.forward.or(other.forward),
            greeks: self.greeks.or(other.greeks),
            ..self
        }
    }
}

/// What an option quote tells of the market, from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum QuoteDetail {
    Traded,
    Derived,
    Quoted,
}

/// One published yield.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatePoint {
    pub date: NaiveDate,
    /// Percent a year, as published.
    pub percent: f64,
}

/// A split: `to` new shares for every `from` old ones, effective at the open of `date`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    pub date: NaiveDate,
    pub from: f64,
    pub to: f64,
}

/// A cash dividend by ex-date, per share as traded on that date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dividend {
    pub ex_date: NaiveDate,
    /// US dollars.
    pub amount: f64,
}

/// Everything stored about one instrument's prices, by ascending date.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriceHistory {
    pub bars: Vec<PriceBar>,
    pub splits: Vec<Split>,
    pub dividends: Vec<Dividend>,
}

impl PriceHistory {
    /// The latest bar on or before `date`.
    pub fn at_or_before(&self, date: NaiveDate) -> Option<&PriceBar> {
        let end = self.bars.partition_point(|bar| bar.date <= date);
        self.bars[..end].last()
    }

    /// The bar of exactly `date`.
    pub fn on(&self, date: NaiveDate) -> Option<&PriceBar> {
        self.at_or_before(date).filter(|bar| bar.date == date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote() -> OptionQuote {
        OptionQuote {
            date: NaiveDate::from_ymd_opt(2025, 6, 30).unwrap(),
            bid: None,
            ask: None,
            close: None,
            implied_volatility: None,
            open_interest: None,
            forward: None,
            source: "polygon".to_owned(),
            greeks: None,
        }
    }

    #[test]
    fn a_quote_is_completed_and_never_replaced_by_one_that_tells_less() {
        let greeks = Some(QuotedGreeks { delta: Some(0.5), ..QuotedGreeks::default() });
        let (bid, ask) = (Some(5.3), Some(5.5));
        let whole = OptionQuote { bid, ask, implied_volatility: Some(0.27), greeks, ..quote() };
        let close = OptionQuote { close: Some(5.4), ..quote() };
        let completed = OptionQuote { close: Some(5.4), ..whole.clone() };
        assert_eq!(close.clone().completed_by(&whole), completed);
        assert_eq!(whole.clone().completed_by(&close), completed);
        // What the row has is not altered by one that tells less.
        let other_close = OptionQuote { close: Some(9.9), ..quote() };
        assert_eq!(other_close.clone().completed_by(&completed), completed);
        // Of two that tell as much, the later one stands.
        assert_eq!(other_close.clone().completed_by(&close), other_close);
        let later = OptionQuote { bid: Some(5.0), open_interest: Some(7.0), ..quote() };
        let expected =
            OptionQuote { bid: Some(5.0), open_interest: Some(7.0), ask: None, ..completed.clone() };
        assert_eq!(later.completed_by(&completed), expected);
        // A volatility tells more than a trade, and less than a quoted price.
        let derived = OptionQuote { implied_volatility: Some(0.3), ..quote() };
        let of_both = OptionQuote { close: Some(5.4), ..derived.clone() };
        assert_eq!(close.completed_by(&derived), of_both);
        assert_eq!(derived.completed_by(&completed), completed);
    }
}
