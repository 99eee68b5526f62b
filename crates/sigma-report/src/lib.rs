//! `sigma-report`: snapshots of portfolios, and the daily report on them.
//!
//! # What it reads and writes
//! `snapshot` reads books, prices and stored per-instrument results, and writes snapshots, exposures and exclusions.
//! `generate` reads stored results and writes report files; every other verb reads and prints.
//!
//! # Map
//! - [`verbs`]: one file a verb.
//! - [`inputs`]: everything a report is made of, loaded once; [`availability`]: which engines have results;
//!   [`checks`]: whether the stored numbers agree with each other.
//! - [`report`]: the content of a report; [`sections`]: what builds it; [`totals`]: rows that sum;
//!   [`render`]: its files. [`orders`]: trades as orders.
//!
//! # What this tool does not do
//! It computes no risk number: Greeks, loadings, scenarios and correlations are those that the engines stored. Where one
//! is missing it says so and names the command to run. It fetches nothing and never changes what another tool stored.

pub mod availability;
pub mod checks;
pub mod inputs;
pub mod orders;
pub mod render;
pub mod report;
pub mod sections;
pub mod totals;
pub mod verbs;

use clap::{Parser, Subcommand};
use sigma_cli::{App, ExitStatus, GlobalArgs, MetaCommand};

use crate::verbs::{export, exposures, generate, performance, positions, schema, show, snapshot};

const EXAMPLES: &str = "\
Examples:
  sigma-report snapshot                                     value every portfolio at the last completed session
  sigma-report snapshot --from 2025-06-02 --to 2025-06-30   backfill a range
  sigma-report generate                                     write the reports of the latest snapshots
  sigma-report show                                         the latest snapshot of each portfolio
  sigma-report positions --portfolio demo-hnw --sort -market_value_usd --limit 10
  sigma-report exposures --by sector --format csv -o sectors.csv
  sigma-report positions --group-by tag --portfolio demo-hedgefundstyle
  sigma-report export trades --file trades.csv --format fix --readable";

/// Snapshots and the daily portfolio report
#[derive(Debug, Parser)]
#[command(name = "sigma-report", version, about, before_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub verb: Verb,
}

/// What the tool can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Value portfolios at the close of sessions and store the result
    Snapshot(snapshot::Args),
    /// Write the report files of portfolios
    Generate(generate::Args),
    /// Latest snapshot of each portfolio
    Show(show::Args),
    /// Exposures by asset type, sector, underlying and tag
    Exposures(exposures::Args),
    /// Snapshots over time
    Performance(performance::Args),
    /// Every lot with its value and Greeks, or groups of lots with subtotals
    Positions(positions::Args),
    /// Write trades as orders: CSV, JSON, FIX
    #[command(subcommand)]
    Export(export::Verb),
    /// Print the JSON Schema of the report
    Schema(schema::Args),
    #[command(flatten)]
    Meta(MetaCommand),
}

sigma_cli::tool_args!(Cli, Verb);

/// Runs the verb.
pub async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Snapshot(args) => snapshot::run(args, app).await,
        Verb::Generate(args) => generate::run(args, app).await,
        Verb::Show(args) => show::run(args, app).await,
        Verb::Exposures(args) => exposures::run(args, app).await,
        Verb::Performance(args) => performance::run(args, app).await,
        Verb::Positions(args) => positions::run(args, app).await,
        Verb::Export(verb) => export::run(verb, app).await,
        Verb::Schema(args) => schema::run(&args),
        // The frame answers these before a tool starts.
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}
