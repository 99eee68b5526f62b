//! A folder of CSV files as a provider.
//!
//! | file | columns (first ones needed) |
//! |---|---|
//! | `prices.csv` | symbol, date, close; open, high, low, adj_close, volume |
//! | `options.csv` | symbol, date; bid, ask, close, implied_volatility, open_interest, forward |
//! | `rates.csv` | series, date, value (percent) |
//! | `securities.csv` | symbol; name, type, sector, industry, exchange, country, currency, market_cap, dividend_yield, duration, convexity |
//! | `splits.csv` | symbol, date, from, to |
//! | `dividends.csv` | symbol, ex_date, amount |
//!
//! Columns may come in any order; a file that is not there is not offered; a row that cannot be read is a
//! [`RowProblem`](crate::RowProblem) and the others stand.

mod prices;
mod reference;
mod table;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sigma_core::model::{Dividend, OptionQuote, PriceBar, RatePoint, Split};

use crate::{Offer, ProviderError, Security};

/// Source name stored with every row.
pub const SOURCE: &str = "file";

/// Files that a folder may hold.
pub const FILES: [&str; 6] =
    ["prices.csv", "options.csv", "rates.csv", "securities.csv", "splits.csv", "dividends.csv"];

/// Rows by symbol (or series), each by ascending date of the file.
pub type BySymbol<T> = BTreeMap<String, Vec<T>>;

/// A folder of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// What to read: symbols and inclusive dates.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub symbols: HashSet<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Wanted {
    fn takes(&self, symbol: &str, date: NaiveDate) -> bool {
        self.symbols.contains(symbol) && self.from <= date && date <= self.to
    }
}

impl Folder {
    /// Opens a folder that can be listed.
    pub fn open(path: &Path) -> Result<Folder, ProviderError> {
        let path = path.to_owned();
        if !path.is_dir() {
            return Err(ProviderError::NotAFolder { path });
        }
        match std::fs::read_dir(&path) {
            Ok(_) => Ok(Folder { path }),
            Err(error) => Err(ProviderError::Unreadable { path, source: error.into() }),
        }
    }

    /// The files of [`FILES`] that are there.
    pub fn files(&self) -> Vec<&'static str> {
        FILES.into_iter().filter(|file| self.path.join(file).exists()).collect()
    }

    /// Daily bars; `None` without a `prices.csv`.
    pub fn prices(&self, wanted: &Wanted) -> Result<Option<Offer<BySymbol<PriceBar>>>, ProviderError> {
        prices::read_prices(&self.path.join("prices.csv"), wanted)
    }

    /// Option quotes; `None` without an `options.csv`.
    pub fn options(&self, wanted: &Wanted) -> Result<Option<Offer<BySymbol<OptionQuote>>>, ProviderError> {
        prices::read_options(&self.path.join("options.csv"), wanted)
    }

    /// Yields of every series in the file; `None` without a `rates.csv`.
    pub fn rates(
        &self,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Option<Offer<BySymbol<RatePoint>>>, ProviderError> {
        reference::read_rates(&self.path.join("rates.csv"), from, to)
    }

    /// The security master's facts; `None` without a `securities.csv`.
    pub fn securities(
        &self,
        symbols: &HashSet<String>,
    ) -> Result<Option<Offer<Vec<Security>>>, ProviderError> {
        reference::read_securities(&self.path.join("securities.csv"), symbols)
    }

    /// Splits; `None` without a `splits.csv`.
    pub fn splits(&self, wanted: &Wanted) -> Result<Option<Offer<BySymbol<Split>>>, ProviderError> {
        reference::read_splits(&self.path.join("splits.csv"), wanted)
    }

    /// Cash dividends; `None` without a `dividends.csv`.
    pub fn dividends(&self, wanted: &Wanted) -> Result<Option<Offer<BySymbol<Dividend>>>, ProviderError> {
        reference::read_dividends(&self.path.join("dividends.csv"), wanted)
    }
}
