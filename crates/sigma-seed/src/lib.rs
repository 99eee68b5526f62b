//! Schema, demo books, and portfolios entered by hand: users, portfolios, positions, tags and cash.
//!
//! Reads the files of the demo books (`demo_portfolios.csv`, `demo_positions.csv`, `factors.toml`, `scenarios.toml`)
//! files of brokers, and the command line. Writes the schema, users, portfolios, positions, tags, the cash ledger, the bare instruments
//! that positions need, factors and scenarios. Input is checked whole before anything is written.
//!
//! # What this crate does not do
//! It fetches nothing and values nothing: prices and the profiles of instruments come with `sigma-sync`.

pub mod decimal;
pub mod demo_data;
pub mod import;
pub mod seeding;
pub mod symbols;
pub mod tagging;
pub mod verbs;

use clap::{Parser, Subcommand};
use sigma_cli::{App, ExitStatus, GlobalArgs, MetaCommand};

use verbs::{
    cash, demo, export, import as import_verb, imports, migrate, onboard, portfolio, position, reset, tag,
    template,
};

/// Create the schema, the demo books, and portfolios of your own
#[derive(Debug, Parser)]
#[command(
    name = "sigma-seed",
    version,
    before_help = "Examples:
  sigma-seed migrate
  sigma-seed demo
  sigma-seed import Positions.csv --portfolio Own --dry-run
  sigma-seed onboard Positions.csv --portfolio Own
  sigma-seed export --portfolio own -o own.csv
  sigma-seed portfolio add --name Own --user me@example.com --opened-on 2025-02-20 --cash 25000
  sigma-seed position add --portfolio own --symbol AAPL --quantity 100 --price 225 --date 2025-02-20
  sigma-seed position add --portfolio own --symbol SPY250919P00500000 --quantity -2 --price 4.5 \\
    --date 2025-03-03 --tag Hedge
  sigma-seed position close 64 --price 240 --date 2025-05-01 --quantity 40
  sigma-seed position apply-split 64
  sigma-seed tag add strategy:Covered_Calls --portfolio own --type SC --underlying SPY"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Create the schema or bring it up to date; a database without factors and scenarios gets the standard ones
    Migrate(migrate::Args),
    /// Demo users, portfolios, 63 positions, factors and scenarios; a second time changes nothing
    Demo(demo::Args),
    /// Import a broker's file: positions, cash, lots; what changed since the last file is traded
    Import(import_verb::Args),
    /// Import a file into a new or old database and tell the commands that lead to its first report
    Onboard(import_verb::Args),
    /// List the files that were imported
    Imports(verbs::ListVerb),
    /// Print the template to fill in
    Template(template::Args),
    /// Write a portfolio as a file that imports back
    Export(export::Args),
    /// Add, list, show and remove portfolios
    #[command(subcommand)]
    Portfolio(portfolio::Verb),
    /// Add, list, close and remove positions, and apply splits to them
    #[command(subcommand)]
    Position(position::Verb),
    /// Add, list and remove tags, and set those of positions
    #[command(subcommand)]
    Tag(tag::Verb),
    /// Add and list entries of the cash ledger
    #[command(subcommand)]
    Cash(cash::Verb),
    /// Delete the demo books or everything
    Reset(reset::Args),
    #[command(flatten)]
    Meta(MetaCommand),
}

sigma_cli::tool_args!(Cli, Verb);

/// Runs a verb.
pub async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Migrate(args) => migrate::run(args, app).await,
        Verb::Demo(args) => demo::run(args, app).await,
        Verb::Import(args) => import_verb::run(args, app).await,
        Verb::Onboard(args) => onboard::run(args, app).await,
        Verb::Imports(args) => imports::run(args, app).await,
        Verb::Template(args) => template::run(&args, app),
        Verb::Export(args) => export::run(args, app).await,
        Verb::Portfolio(verb) => portfolio::run(verb, app).await,
        Verb::Position(verb) => position::run(verb, app).await,
        Verb::Tag(verb) => tag::run(verb, app).await,
        Verb::Cash(verb) => cash::run(verb, app).await,
        Verb::Reset(args) => reset::run(args, app).await,
        // The frame answers these before a tool starts.
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}
