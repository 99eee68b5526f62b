//! `sigma-sync`: brings market data into the database.
//!
//! Reads portfolios, the security master, factor definitions and what is stored already; asks providers for bars,
//! splits, dividends, option quotes, yields and facts about securities. Writes what differs: instruments, prices,
//! splits, dividends, option quotes, rates, and refused bars to quarantine. The data go as far back as the engines need
//! them, so a short history fills by itself, and a rerun changes nothing.
//!
//! # Map
//! - [`args`]: options; [`source`]: which providers; [`sync`]: a run from beginning to end, for all writing verbs;
//! - [`needs`]: symbols, series and dates to ask for; [`state`]: what is known; [`memory`]: what was asked before;
//! - [`gather`]: asking services; [`faults`]: what went wrong there; [`offer`]: what a provider gave;
//! - [`screening`]: bars against the rules; [`joining`]: against the stored bars after them; [`decisions`]: what was decided about refused ones; [`intake`] and [`save`]:
//!   judging and storing a batch; [`events`] and [`corrections`]: which account of a split or dividend stands; [`splits`]: what a new split means for what is held;
//! - [`coverage`]: what is still missing; [`gate`]: which histories carry the window;
//! - [`telling`]: refused rows and the table of a dry run; [`status`]: the verb `status`.
//!
//! # What this tool does not do
//! It computes no returns and applies no splits to positions, deletes no stored bar, and invents no number: a price
//! that is not offered, or not possible, stays missing and is named.

pub mod args;
pub mod corrections;
pub mod coverage;
pub mod decisions;
pub mod events;
pub mod faults;
pub mod gate;
pub mod gather;
pub mod intake;
pub mod joining;
pub mod memory;
pub mod needs;
pub mod offer;
pub mod save;
pub mod screening;
pub mod source;
pub mod splits;
pub mod state;
pub mod status;
pub mod sync;
pub mod telling;

use clap::{Parser, Subcommand};
use sigma_cli::{App, ExitStatus, GlobalArgs, MetaCommand};

use args::{Datasets, SyncArgs};
use status::StatusArgs;

const EXAMPLES: &str = "\
Examples:
  sigma-sync run --provider file --path demo-data/market --as-of 2025-06-30
  SIGMA_POLYGON_API_KEY=... sigma-sync run
  sigma-sync run --from 2025-02-20 --to 2025-06-30 --portfolio demo-hnw
  sigma-sync prices --dry-run
  sigma-sync status --sort -age_sessions";

/// Bring market data into the database
#[derive(Debug, Parser)]
#[command(name = "sigma-sync", version, before_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Prices, option quotes, rates and profiles, then a check that every needed symbol covers the window
    Run(SyncArgs),
    /// Daily bars, with the splits and dividends that belong to them
    Prices(SyncArgs),
    /// Quotes of the option contracts
    Options(SyncArgs),
    /// Treasury yields
    Rates(SyncArgs),
    /// Names, classifications and yields of securities; splits and dividends
    Profiles(SyncArgs),
    /// What is stored: first and last date, number of bars, age in sessions, last runs
    Status(StatusArgs),
    #[command(flatten)]
    Meta(MetaCommand),
}

sigma_cli::tool_args!(Cli, Verb);

/// Runs the verb.
pub async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Run(args) => sync::run(app, "run", Datasets::ALL, &args).await,
        Verb::Prices(args) => sync::run(app, "prices", Datasets::PRICES, &args).await,
        Verb::Options(args) => sync::run(app, "options", Datasets::OPTIONS, &args).await,
        Verb::Rates(args) => sync::run(app, "rates", Datasets::RATES, &args).await,
        Verb::Profiles(args) => sync::run(app, "profiles", Datasets::PROFILES, &args).await,
        Verb::Status(args) => status::run(app, &args).await,
        // The frame answers these before a tool starts.
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}
