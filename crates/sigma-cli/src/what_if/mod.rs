//! What-if: a file of trades, and the books before and after it, for every verb that shows a portfolio as it would be.
//!
//! # Map
//! - `file`: trades as CSV, read and checked; `load`: books before and after with everything engines work on;
//!   `fit`: loadings and Greeks of instruments that no engine has computed; `stand_in`: instruments and prices that the
//!   database does not have.

pub mod file;
mod fit;
pub mod load;
pub mod stand_in;

pub use file::{problems_document, read_trades};
pub use load::{ProFormaRequest, Side, WhatIf, load_what_if, one_portfolio};

use std::path::PathBuf;

use clap::Args;

/// Trades to think of before a list is shown.
#[derive(Debug, Clone, Default, Args)]
pub struct WhatIfArgs {
    /// Show the portfolio as it would be after the trades of a CSV file; nothing is stored
    #[arg(long, value_name = "FILE")]
    pub what_if: Option<PathBuf>,
    /// Allow parts of shares in those trades
    #[arg(long, requires = "what_if")]
    pub fractional: bool,
}

impl WhatIfArgs {
    /// Name of the file, for titles.
    pub fn name(&self) -> Option<String> {
        let path = self.what_if.as_deref()?;
        Some(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned())
    }
}
