//! Greeks of the options that portfolios hold, once per contract and date.
//!
//! # What it reads and writes
//! `run` reads positions, option quotes, closes of the underlyings, yields and the security master, and writes one row
//! of Greeks per contract and session, with the reason where there is none, and the exclusions of each portfolio under
//! the engine `greeks`. `show` reads those rows; `price` is a filter without a database.
//!
//! # What it does not do
//! It fetches no market data (`sigma-sync`), prices no early exercise (American contracts are stored as
//! `european_approximation`), and stores nothing per position: dollars are products of Greeks and holdings.

mod exclusions;
mod price;
mod rows;
mod run;
mod show;
mod show_what_if;

use clap::{Parser, Subcommand};
use sigma_cli::{App, ExitStatus, GlobalArgs, MetaCommand};

const EXAMPLES: &str = "\
Examples:
  sigma-greeks run                                 all contracts held, last completed session
  sigma-greeks run --from 2025-03-03 --to 2025-06-30
  sigma-greeks show --positions --format csv
  sigma-greeks price options.csv > priced.csv";

/// Greeks of the options that portfolios hold
#[derive(Debug, Parser)]
#[command(name = "sigma-greeks", version, before_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Compute and store the Greeks of every contract held
    Run(run::Args),
    /// Show stored Greeks, per contract or per position
    Show(show::Args),
    /// Price a CSV table of options: a filter without a database
    Price(price::Args),
    #[command(flatten)]
    Meta(MetaCommand),
}

sigma_cli::tool_args!(Cli, Verb);

/// Runs the verb.
pub async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Run(args) => run::run(&args, app).await,
        Verb::Show(args) => show::run(&args, app).await,
        Verb::Price(args) => price::run(&args, app),
        // The frame answers these before a tool starts.
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}
