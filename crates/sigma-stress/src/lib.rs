//! Stress scenarios and market-risk moves of portfolios.
//!
//! # What it reads
//! Books, prices, Greeks, factor loadings, the factor covariance and the scenarios stored in the database; with
//! `--scenarios`, scenarios from a file.
//!
//! # What it writes
//! `stress_results`, `market_risk_results` and the exclusions of the engine `stress`: one row for each scenario,
//! portfolio and session, also when its outcome is a reason. A what-if writes nothing, unless it is to be kept: `--save`
//! writes `what_if_sessions` and `what_if_trades`, `--to-portfolio` a portfolio of its own.
//!
//! # What it does not do
//! It estimates nothing: loadings and the covariance come from `sigma-factors`, Greeks from `sigma-greeks`; only for
//! instruments that a what-if trades and nobody holds yet are they computed, in memory. It changes no stored scenario and
//! no book, and what it suggests as a hedge is arithmetic, not advice.

mod evaluate;
mod gaps;
mod inputs;
mod scenario_file;
mod verbs;
mod what_if;
mod wording;

use clap::{Parser, Subcommand};
use sigma_cli::{App, ExitStatus, GlobalArgs, MetaCommand};

use verbs::{hedge, market_risk, run as run_verb, scenarios, sessions, show, what_if as what_if_verb};

const EXAMPLES: &str = "\
Examples:
  sigma-stress run
  sigma-stress run --from 2025-06-02 --to 2025-06-30 --portfolio demo-hnw
  sigma-stress run --scenarios my-scenarios.toml --dry-run
  sigma-stress show --portfolio demo-hnw
  sigma-stress show --scenario vix_spike_150 --factors
  sigma-stress scenarios
  sigma-stress market-risk --format csv
  sigma-stress what-if trades.csv --portfolio demo-hnw
  sigma-stress what-if trades.csv --portfolio demo-hnw --save less-tech
  sigma-stress what-if --session less-tech --to-portfolio demo-hnw-less-tech
  sigma-stress hedge --portfolio demo-hnw --with SPY,VTV --target beta=0.5 --target factor:Value=0";

/// Stress scenarios and market-risk moves
#[derive(Debug, Parser)]
#[command(name = "sigma-stress", version, before_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Apply the active scenarios and the market-risk moves, and store the results
    Run(run_verb::Args),
    /// Show stored results: totals, or their parts by factor or position
    Show(show::Args),
    /// List the scenarios, inactive ones too
    Scenarios(scenarios::Args),
    /// Show stored results of market and yield moves
    MarketRisk(market_risk::Args),
    /// A portfolio before and after trades, through every engine; nothing is stored unless asked for
    WhatIf(what_if_verb::Args),
    /// What-ifs kept under a name
    #[command(subcommand)]
    Sessions(sessions::Verb),
    /// The smallest trades that bring exposures to target: arithmetic, not advice
    Hedge(hedge::Args),
    #[command(flatten)]
    Meta(MetaCommand),
}

sigma_cli::tool_args!(Cli, Verb);

/// Runs the verb that was asked for.
pub async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Run(args) => run_verb::run(args, app).await,
        Verb::Show(args) => show::run(args, app).await,
        Verb::Scenarios(args) => scenarios::run(args, app).await,
        Verb::MarketRisk(args) => market_risk::run(args, app).await,
        Verb::WhatIf(args) => what_if_verb::run(args, app).await,
        Verb::Sessions(verb) => sessions::run(verb, app).await,
        Verb::Hedge(args) => hedge::run(args, app).await,
        // The frame answers these before a tool starts.
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}
