//! Market data providers. Each provider is one module that turns what a source offers into the model's types; the
//! registry [`PROVIDERS`] lists them.
//!
//! # What this crate does not do
//! It stores nothing and judges nothing: screening for impossible prices is the core's, saving is the store's. It reads
//! no clock and no environment.

mod error;
pub mod folder;

pub use error::{ProviderError, RowProblem};

/// A source of market data, by the name used on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderEntry {
    pub name: &'static str,
    /// One line for help texts.
    pub about: &'static str,
}

/// Every provider, in the order in which `auto` considers them.
pub const PROVIDERS: &[ProviderEntry] = &[ProviderEntry {
    name: "file",
    about: "folder of CSV files: prices, options, rates, securities, splits, dividends",
}];

/// Rows read from a source, and the rows of it that could not be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Offer<T> {
    pub rows: T,
    pub problems: Vec<RowProblem>,
}
