//! Storage of the SigmaSight tools in SQLite or PostgreSQL: the only crate that knows SQL.
//!
//! Every query is written once and runs on both databases. Methods take and return the types of
//! [`sigma_core::model`]; rows of tables never leave this crate.
//!
//! # How results are saved
//! A save names its [`Scope`] (dates and entities) and brings every row of it. In one transaction the stored rows of
//! the scope are compared with the new ones, rows no longer produced go, and only rows that differ are written, with
//! the id of the run that changed them. After the commit the rows are counted again; a difference is a
//! [`StoreError::ShortWrite`]. So an identical rerun changes no row, and a run that stored less than it computed
//! fails. NaN and infinity are refused before anything is written.
//!
//! # Boxed futures
//! Public methods are marked `#[boxed]`: their bodies, full of diesel's generics, are compiled here once rather than in
//! every program that awaits them.
//!
//! # Map
//! - opening: `url`, `connection`, `migration`, `schema`, and `macros` for statements written once;
//! - books: `users`, `portfolios`, `cash`, `instruments`, `positions`, `tags`, `tag_changes` on many positions, `what_if`
//!   for trades thought of;
//! - imported files: `imports` with `import_rows`, everything of one file in one transaction;
//! - market data: `prices`, `corporate_actions`, `option_quotes`, `rates`, `quarantine`, `fetches`, and `market_batch`, which
//!   saves some of each at once;
//! - definitions and history: `factors`, `scenarios`, `runs`;
//! - results of the engines: `save` (the mechanism), `results` (one file for each table);
//! - oversight: `coverage`, `invariants`, `reset`.
//!
//! # What this crate does not do
//! It computes nothing, reads no clock and no environment (dates, times and the URL are arguments), retries nothing,
//! fetches nothing from the network but the database, and never changes the schema except in [`Store::migrate`].

#[macro_use]
mod macros;

mod cash;
mod connection;
mod corporate_actions;
mod coverage;
mod error;
mod factors;
mod fetches;
mod ids;
mod import_rows;
mod imports;
mod instruments;
mod invariants;
mod loading;
mod market_batch;
mod migration;
mod option_quotes;
mod portfolios;
mod positions;
mod prices;
mod quarantine;
mod rates;
mod reset;
mod results;
mod runs;
mod save;
mod scenarios;
mod schema;
mod tag_changes;
mod tags;
mod url;
mod users;
mod value;
mod what_if;

pub use cash::NewCashEntry;
pub use coverage::{Engine, EngineCoverage};
pub use error::{Result, StoreError};
pub use fetches::Fetch;
pub use imports::{
    Import, ImportApplied, ImportPlan, ImportStatus, ImportTarget, ImportedLot, LotClose, NewImport,
};
pub use instruments::{InstrumentsSaved, NewInstrument};
pub use invariants::Violation;
pub use market_batch::{MarketBatch, SourcedDividend, SourcedRates, SourcedSplit};
pub use portfolios::NewPortfolio;
pub use positions::{NewPosition, PositionLot, SplitLots};
pub use prices::PriceCoverage;
pub use quarantine::{QuarantineStatus, QuarantinedBar};
pub use runs::{NewRun, Run, RunOutcome, RunStatus};
pub use save::{Saved, Scope};
pub use sigma_core::model::Dataset;
pub use url::redact as redact_url;
pub use users::User;
pub use what_if::{WhatIfSession, WhatIfTrade};

/// An open database.
pub struct Store {
    db: connection::Db,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

/// Whether a row that was asked to be there had to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ensured {
    pub id: i64,
    /// Inserted or updated; false when it already stood there as asked.
    pub changed: bool,
}
