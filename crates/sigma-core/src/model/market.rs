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
