//! What is traded: bars as traded, splits, dividends, and the factors that adjust them.

use chrono::NaiveDate;

use super::series::Stream;
use super::{rounded, series_with_splits};

/// One session, as traded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub date: NaiveDate,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    pub volume: f64,
    pub vwap: f64,
    pub trades: u64,
}

impl Bar {
    /// A bar around a close; the other fields follow from the symbol and the date.
    pub fn around(symbol: &str, date: NaiveDate, close: f64) -> Bar {
        let mut stream = Stream::of_day(symbol, date);
        let open = rounded(close * (0.996 + 0.008 * stream.uniform()), 2);
        let high = rounded(open.max(close) * 1.003, 2).max(open.max(close));
        let low = rounded(open.min(close) * 0.997, 2).min(open.min(close));
        let volume = (1_000_000.0 + 4_000_000.0 * stream.uniform()).floor();
        let vwap = rounded((high + low + close) / 3.0, 4);
        Bar { date, open, high, low, close, volume, vwap, trades: (volume / 80.0) as u64 }
    }
}

/// `to` new shares for `from` old ones, effective at the open of `date`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    pub date: NaiveDate,
    pub from: f64,
    pub to: f64,
}

impl Split {
    /// What a price before the split is multiplied by.
    pub fn price_factor(&self) -> f64 {
        self.from / self.to
    }
}

/// Cash for each share held at the open of the ex-date `date`, in that day's shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dividend {
    pub date: NaiveDate,
    pub amount: f64,
}

/// Polygon and option desks know no mutual funds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Stock,
    Etf,
    Fund,
}

/// Reference data; `None` is written the way each provider writes what it does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub name: String,
    pub kind: Kind,
    pub sector: Option<String>,
    pub industry: Option<String>,
    pub shares_outstanding: Option<f64>,
    pub beta: Option<f64>,
}

/// A session with its factors: an adjusted price is the price times the factor.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub bar: &'a Bar,
    pub split: f64,
    pub split_and_dividend: f64,
}

/// The sessions asked for (both ends inclusive), as known on `today`: later bars, splits and dividends have
/// not happened.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub today: NaiveDate,
}

impl Window {
    /// Everything.
    pub const ALL: Window = Window { from: NaiveDate::MIN, to: NaiveDate::MAX, today: NaiveDate::MAX };
}

/// A symbol with its history.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Canonical form, `BRK.B`.
    pub symbol: String,
    pub profile: Profile,
    /// Oldest first.
    pub bars: Vec<Bar>,
    pub splits: Vec<Split>,
    pub dividends: Vec<Dividend>,
}

impl Listing {
    /// A stock from closes as traded, oldest first.
    pub fn new(symbol: &str, closes: &[(NaiveDate, f64)]) -> Listing {
        let profile = Profile {
            name: format!("{symbol} Industries Inc."),
            kind: Kind::Stock,
            sector: Some("Technology".to_owned()),
            industry: Some("Consumer Electronics".to_owned()),
            shares_outstanding: Some(501_000_000.0),
            beta: Some(1.12),
        };
        let bars = closes.iter().map(|&(date, close)| Bar::around(symbol, date, close)).collect();
        Listing { symbol: symbol.to_owned(), profile, bars, splits: Vec::new(), dividends: Vec::new() }
    }

    /// A random walk that falls or rises at each split as the traded price would.
    pub fn generated(symbol: &str, sessions: &[NaiveDate], splits: &[Split]) -> Listing {
        let closes = series_with_splits(symbol, sessions, splits);
        Listing { splits: splits.to_vec(), ..Listing::new(symbol, &closes) }
    }

    /// Declares a split; the closes stay as they are.
    pub fn split(mut self, date: NaiveDate, from: f64, to: f64) -> Listing {
        self.splits.push(Split { date, from, to });
        self
    }

    pub fn dividend(mut self, date: NaiveDate, amount: f64) -> Listing {
        self.dividends.push(Dividend { date, amount });
        self
    }

    pub fn profile(mut self, change: impl FnOnce(&mut Profile)) -> Listing {
        change(&mut self.profile);
        self
    }

    /// The form of FMP, Yahoo and Tiingo: `BRK-B`.
    pub fn dashed(&self) -> String {
        self.symbol.replace('.', "-")
    }

    /// Last bar known on a day.
    pub fn last(&self, today: NaiveDate) -> Option<&Bar> {
        self.bars[..self.bars.partition_point(|bar| bar.date <= today)].last()
    }

    /// Splits up to a day.
    pub fn splits_until(&self, today: NaiveDate) -> impl Iterator<Item = &Split> {
        self.splits.iter().filter(move |split| split.date <= today)
    }

    /// Dividends with an ex-date up to a day.
    pub fn dividends_until(&self, today: NaiveDate) -> impl Iterator<Item = &Dividend> {
        self.dividends.iter().filter(move |dividend| dividend.date <= today)
    }

    /// Sessions of a window, oldest first.
    pub fn rows(&self, window: Window) -> Vec<Row<'_>> {
        let cash = self.dividend_factors(window.today);
        let to = window.to.min(window.today);
        let first = self.bars.partition_point(|bar| bar.date < window.from);
        let last = self.bars.partition_point(|bar| bar.date <= to).max(first);
        let rows = self.bars[first..last].iter().map(|bar| {
            let Bar { date, .. } = *bar;
            let split = self.split_factor(date, window.today);
            let later = cash.iter().filter(|(ex_date, _)| *ex_date > date);
            Row { bar, split, split_and_dividend: split * later.map(|(_, factor)| factor).product::<f64>() }
        });
        rows.collect()
    }

    /// Product of the splits after a date, up to `today`.
    pub fn split_factor(&self, date: NaiveDate, today: NaiveDate) -> f64 {
        let later = self.splits_until(today).filter(|split| date < split.date);
        later.map(Split::price_factor).product()
    }

    /// For each ex-date, `1 - D / C`: C is the close before, in the shares of the ex-date.
    pub fn dividend_factors(&self, today: NaiveDate) -> Vec<(NaiveDate, f64)> {
        let factor = |dividend: &Dividend| {
            let before = self.bars.partition_point(|bar| bar.date < dividend.date).checked_sub(1)?;
            let Bar { date, close, .. } = self.bars[before];
            let close = close * self.split_factor(date, dividend.date);
            Some((dividend.date, 1.0 - dividend.amount / close))
        };
        self.dividends_until(today).filter_map(factor).collect()
    }
}
