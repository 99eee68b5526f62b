//! The demo market: two years of invented prices, yields and option quotes for the demo books.
//!
//! Nothing here is market history. The closes of the last session are given ([`Profile::close`]); everything before
//! them is simulated backwards from there, so that books, engines and reports have something to work on without a
//! data provider.
//!
//! # Model
//! The market return has Student-t shocks whose volatility follows the volatility index, which falls when the market
//! rises and reverts to its mean. Every other instrument is
//! `r = beta m + sum_k b_k f_k + rate_loading dy + specific`, with common factors `f_k` and specific returns of fat tails
//! and clustered volatility; a fund of known duration `D` and convexity `C` adds `exp(-D dy + (C - D^2) dy^2 / 2) - 1`.
//! Option quotes are Black-Scholes-Merton (Black-76 on volatility indices) on a skewed smile with a term structure.
//!
//! # Determinism
//! Every series has its own ChaCha8 stream, named by its subject; transcendental functions come from `libm`, not
//! from the platform; numbers are rounded to fixed decimals. The files are therefore the same bytes everywhere.

mod actions;
mod bars;
mod draws;
mod environment;
mod options;
mod pricing;
mod profile;
mod text;

use chrono::NaiveDate;
use sigma_core::calendar::{Calendar, CalendarError};

pub use bars::{Bar, Series};
pub use environment::{Environment, Yields};
pub use options::Quote;
pub use profile::Profile;

/// Number of returns: two years of sessions.
pub const RETURNS: usize = 504;

/// Sessions with option quotes, at the end.
pub const OPTION_SESSIONS: usize = 90;

/// The last session of the demo market.
pub fn last_session() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 6, 30).expect("a valid date")
}

/// Everything the demo market consists of.
pub struct DemoMarket {
    pub sessions: Vec<NaiveDate>,
    pub profiles: Vec<Profile>,
    pub series: Vec<Series>,
    pub yields: Yields,
    pub quotes: Vec<Quote>,
}

/// One generated file: path below the demo-data folder, and contents.
pub struct GeneratedFile {
    pub path: &'static str,
    pub contents: String,
}

impl DemoMarket {
    /// Simulates the market.
    pub fn generate() -> Result<DemoMarket, CalendarError> {
        let calendar = Calendar::nyse();
        let first = calendar.sessions_back(last_session(), RETURNS)?;
        let sessions = calendar.sessions_between(first, last_session())?;
        let profiles = profile::profiles();
        let environment = Environment::simulate(&sessions);
        let series: Vec<Series> =
            profiles.iter().map(|profile| bars::simulate(profile, &environment, &sessions)).collect();
        let yields = environment.published_yields(&sessions);
        let quotes = options::quotes(&sessions, &profiles, &series, &yields);
        Ok(DemoMarket { sessions, profiles, series, yields, quotes })
    }

    /// The series of one symbol.
    pub fn series_of(&self, symbol: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.symbol == symbol)
    }

    /// The folder of files a file provider reads.
    pub fn files(&self) -> Vec<GeneratedFile> {
        vec![
            GeneratedFile { path: "market/README.md", contents: text::readme(self) },
            GeneratedFile { path: "market/dividends.csv", contents: text::dividends() },
            GeneratedFile { path: "market/options.csv", contents: text::options(&self.quotes) },
            GeneratedFile { path: "market/prices.csv", contents: text::prices(&self.series) },
            GeneratedFile { path: "market/rates.csv", contents: text::rates(&self.yields) },
            GeneratedFile { path: "market/securities.csv", contents: text::securities(&self.profiles) },
            GeneratedFile { path: "market/splits.csv", contents: text::splits() },
        ]
    }
}
