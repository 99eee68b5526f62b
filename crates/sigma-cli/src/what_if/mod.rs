//! What-if: a file of trades, and the books before and after it, for every verb that shows a portfolio as it would be.
//!
//! # Map
//! - `file`: trades as CSV, read and checked; `request`: what is asked for; `load`: books before and after with everything engines work on;
//!   `fit`: loadings and Greeks of instruments that no engine has computed; `stand_in`: instruments and prices that the
//!   database does not have.

pub mod file;
mod fit;
pub mod load;
pub mod request;
pub mod stand_in;

pub use file::{problem_count, problems_document, read_trades};
pub use load::{ProFormaRequest, Side, WhatIf, load_what_if, one_portfolio};
pub use request::Shown;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::exit::ToolError;
use crate::lot_filter::TagFilterArgs;

/// Trades to think of before a list is shown.
#[derive(Debug, Clone, Default, Args)]
pub struct WhatIfArgs {
    /// Show the portfolio as it would be after the trades of a CSV file; nothing is stored
    #[arg(long, value_name = "FILE")]
    pub what_if: Option<PathBuf>,
    /// The same with the trades of a kept session, on its date unless --as-of names another
    #[arg(long, value_name = "NAME", conflicts_with = "what_if")]
    pub session: Option<String>,
    /// Allow parts of shares in those trades
    #[arg(long, requires = "what_if")]
    pub fractional: bool,
}

impl WhatIfArgs {
    /// Whether the book is to be shown after trades.
    pub fn is_given(&self) -> bool {
        self.what_if.is_some() || self.session.is_some()
    }

    /// What the trades come from, for titles.
    pub fn name(&self) -> String {
        if let Some(session) = &self.session {
            return format!("session {session}");
        }
        let path = self.what_if.as_deref().unwrap_or(Path::new("-"));
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }

    /// A choice of positions is refused where the list shows the whole portfolio after trades.
    pub fn refuse_choice(&self, filter: &TagFilterArgs) -> Result<(), ToolError> {
        match self.is_given() && !filter.is_empty() {
            true => Err(ToolError::usage("after trades the whole portfolio is shown")
                .hint("leave --tag, --all-tags, --type and --underlying out")),
            false => Ok(()),
        }
    }
}
