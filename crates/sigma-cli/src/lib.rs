//! The shared skin of the SigmaSight tools: arguments, settings, output, exit codes.
//!
//! A tool is a `clap` parser, an `async fn run(cli, &App)` and one line of `main`: [`main_with`]. Standard output is
//! the answer; standard error is the talk. This is the only crate that reads the clock, the environment and the
//! terminal, and the only one that decides exit codes.
//!
//! # Map
//! - [`app`]: the frame around a tool: parse, start, run, tell, exit; [`App`] is what a running tool has at hand.
//! - [`args`], [`lot_filter`]: options to flatten; [`meta`]: the verbs `completions` and `man`.
//! - [`config`]: settings and where each came from; [`clock`]: now, in UTC and in New York.
//! - [`exit`]: exit codes and the one-line error with its hint; [`outcome`]: the closing line of a run, and issues.
//! - [`cell`], [`table`], [`document`]: the answer as data; [`mod@render`]: its four forms; [`output`]: its place; [`input`]: where a filter reads.
//! - [`database`]: opening the store; [`sessions`]: the calendar and the dates of a run; [`run`]: the record of a run;
//!   [`stored`]: the date that a list shows; [`what_if`]: a portfolio before and after a file of trades.
//! - [`spelling`]: the name that a mistyped one means.
//! - [`progress`], [`terminal`], [`lock`], [`redact`]: one small duty each; [`App::state_dir`]: the folder of request budgets.
//!
//! # What this crate does not do
//! It knows no verb of any tool, and computes nothing but what `sigma-core` computes for [`what_if`]. Its lock is for runs on one machine.

pub mod app;
pub mod args;
pub mod cell;
pub mod clock;
pub mod config;
pub mod database;
pub mod document;
mod environment;
pub mod exit;
pub mod input;
pub mod lock;
pub mod lot_filter;
pub mod meta;
pub mod outcome;
pub mod output;
pub mod progress;
pub mod redact;
pub mod render;
pub mod run;
mod runtime;
pub mod sessions;
pub mod spelling;
mod state_dir;
pub mod stored;
pub mod table;
pub mod terminal;
pub mod what_if;

/// Rows are many small texts, which the allocator of the C library takes a fifth of an import's time for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use app::{App, ToolArgs, main_from, main_with};
pub use args::{
    AsOfArgs, DateRange, DryRun, Format, GlobalArgs, ListArgs, LockArgs, OutputArgs, PortfolioArgs, RangeArgs,
};
pub use cell::Cell;
pub use clock::{Clock, system_now};
pub use config::{Key, Settings};
pub use database::store_error;
pub use document::Document;
pub use exit::{ExitStatus, ToolError, fail, hinted};
pub use input::open_input;
pub use lock::RunLock;
pub use lot_filter::TagFilterArgs;
pub use meta::MetaCommand;
pub use outcome::RunSummary;
pub use output::{Destination, write_file_atomically};
pub use progress::Progress;
pub use redact::{mask_secrets, redact_text, redact_url};
pub use render::render;
pub use run::{EngineRun, RunTotals};
pub use sessions::SessionRange;
pub use stored::{StoredDate, StoredResults};
pub use table::{Column, ColumnKind, Table};
pub use what_if::{ProFormaRequest, Shown, Side, WhatIf, WhatIfArgs, load_what_if};
