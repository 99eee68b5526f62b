//! Checks of books, history, data quality, runs and the database.
//!
//! # What it reads
//! Everything stored; `env` also the settings, the machine, and what providers answer to a few cheap questions.
//!
//! # What it writes
//! Only `quarantine accept` and `quarantine drop` write: the decision about a refused bar, the bar that was accepted, and
//! the run that made it.
//!
//! # What it does not do
//! It fetches no data and repairs nothing: each finding names the command that does.

mod agreement;
mod books;
mod coverage;
mod env;
mod identities;
mod limits_file;
mod needs;
mod quality;
mod sources;
mod standing;
mod superseded;
mod verbs;

use clap::{Parser, Subcommand};
use sigma_cli::{App, ExitStatus, GlobalArgs, MetaCommand, ToolArgs};

const EXAMPLES: &str = "\
Examples:
  sigma-validate books
  sigma-validate history --as-of 2025-06-30 --window 252
  sigma-validate quality --symbol NVDA --defects
  sigma-validate quarantine show
  sigma-validate quarantine accept NVDA 2024-06-10 --source polygon
  sigma-validate runs --limit 20
  sigma-validate env --offline
  sigma-validate limits limits.toml --portfolio demo-hnw
  sigma-validate check";

/// Check books, history, data quality, runs and the database
#[derive(Debug, Parser)]
#[command(name = "sigma-validate", version, before_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Are the books complete, priced and computed: counts, engines, freshness, readiness, findings
    Books(verbs::books::Args),
    /// Is the price history of every needed symbol long enough for the regression window
    History(verbs::history::Args),
    /// How good are stored prices: gaps, outliers, jumps, stale runs
    Quality(verbs::quality::Args),
    /// Show refused bars and decide about them
    #[command(subcommand)]
    Quarantine(verbs::quarantine::Verb),
    /// List the runs of all tools, newest first
    Runs(verbs::runs::Args),
    /// Check database, keys, providers, plans, budgets, calendar, clock and disk
    Env(verbs::env::Args),
    /// Hold the books as they stand against the limits of a file: headroom, warnings, breaches
    Limits(verbs::limits::Args),
    /// Check the invariants of the database, the identities of snapshots and scenarios, and snapshots against the books
    Check(verbs::check::Args),
    #[command(flatten)]
    Meta(MetaCommand),
}

impl ToolArgs for Cli {
    fn global(&self) -> &GlobalArgs {
        &self.global
    }

    /// The doctor tells what is wrong with settings beside everything else.
    fn forgives_settings(&self) -> bool {
        matches!(self.verb, Verb::Env(_))
    }

    fn meta(&self) -> Option<&MetaCommand> {
        match &self.verb {
            Verb::Meta(meta) => Some(meta),
            _ => None,
        }
    }
}

/// Runs the verb that was asked for.
pub async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Books(args) => verbs::books::run(args, app).await,
        Verb::History(args) => verbs::history::run(args, app).await,
        Verb::Quality(args) => verbs::quality::run(args, app).await,
        Verb::Quarantine(verb) => verbs::quarantine::run(verb, app).await,
        Verb::Runs(args) => verbs::runs::run(args, app).await,
        Verb::Env(args) => verbs::env::run(args, app).await,
        Verb::Limits(args) => verbs::limits::run(args, app).await,
        Verb::Check(args) => verbs::check::run(args, app).await,
        // The frame answers these before a tool starts.
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}
