//! Factor loadings of instruments, factor exposures and correlations of portfolios.
//!
//! # What it reads and writes
//! `run` reads prices, yields, positions and stored Greeks, and writes one regression per instrument and session, the
//! covariance and the correlation of the factors, the exposures and correlations of each portfolio, and what had to be
//! left out, under the engines `factors` and `correlations`. `show`, `definitions`, `correlations` and `risk` read;
//! `fit` and `correlations FILE` are filters without a database.
//!
//! # What it does not do
//! It fetches no market data (`sigma-sync`), computes no Greeks (`sigma-greeks`), and applies no shocks (`sigma-stress`).

mod compute;
mod correlations;
mod definitions;
mod exclusions;
mod fit;
mod inputs;
mod matrix_filter;
mod model;
mod positions_table;
mod risk;
mod run;
mod save;
mod show;
mod show_chosen;
mod show_what_if;
mod stored;
mod wide;

use clap::{Parser, Subcommand};
use sigma_cli::{App, ExitStatus, GlobalArgs, MetaCommand};

const EXAMPLES: &str = "\
Examples:
  sigma-factors run                                  last completed session, all portfolios
  sigma-factors run --from 2025-03-03 --to 2025-06-30
  sigma-factors show --positions --format csv
  sigma-factors risk --portfolio demo-hnw
  sigma-factors fit --market SPY --factors VTV,VUG prices.csv > loadings.csv
  sigma-factors correlations --window 63 --nearest prices.csv > pairs.csv";

/// Factor loadings, exposures, correlations and factor risk
#[derive(Debug, Parser)]
#[command(name = "sigma-factors", version, before_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Compute and store loadings, exposures and correlations
    Run(run::Args),
    /// Show stored exposures of portfolios, or loadings of instruments
    Show(show::Args),
    /// Show the factors and their proxies
    Definitions(definitions::Args),
    /// Regress the columns of a CSV table on factors: a filter without a database
    Fit(fit::Args),
    /// Show stored correlations; with a FILE correlate its columns
    Correlations(correlations::Args),
    /// Decompose the volatility of portfolios by factor
    Risk(risk::Args),
    #[command(flatten)]
    Meta(MetaCommand),
}

sigma_cli::tool_args!(Cli, Verb);

/// Runs the verb.
pub async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Run(args) => run::run(&args, app).await,
        Verb::Show(args) => show::run(&args, app).await,
        Verb::Definitions(args) => definitions::run(&args, app).await,
        Verb::Fit(args) => fit::run(&args, app),
        Verb::Correlations(args) => correlations::run(&args, app).await,
        Verb::Risk(args) => risk::run(&args, app).await,
        // The frame answers these before a tool starts.
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}
