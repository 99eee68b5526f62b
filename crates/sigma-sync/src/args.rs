//! Options of the writing verbs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sigma_cli::{DryRun, LockArgs, OutputArgs, PortfolioArgs, RangeArgs};

/// Which provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderName {
    /// The first one that is configured
    Auto,
    /// A folder of CSV files
    File,
}

/// Options of `run`, `prices`, `options`, `rates` and `profiles`.
#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    #[command(flatten)]
    pub range: RangeArgs,
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    /// Provider [env: SIGMA_PROVIDER] [default: auto]
    #[arg(long, value_enum, value_name = "NAME")]
    pub provider: Option<ProviderName>,
    /// Folder of the file provider [env: SIGMA_PROVIDER_PATH]
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// Sessions of history that the engines need before the first date
    #[arg(long, value_name = "SESSIONS", default_value_t = 252, value_parser = clap::value_parser!(u16).range(1..))]
    pub window: u16,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
    /// Form and place of the table that a dry run prints
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What a verb brings in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datasets {
    pub prices: bool,
    /// Splits and dividends.
    pub actions: bool,
    pub options: bool,
    pub rates: bool,
    pub profiles: bool,
}

impl Datasets {
    const NONE: Datasets =
        Datasets { prices: false, actions: false, options: false, rates: false, profiles: false };
    pub const ALL: Datasets =
        Datasets { prices: true, actions: true, options: true, rates: true, profiles: true };
    /// A bar that a split explains must not be stored without that split.
    pub const PRICES: Datasets = Datasets { prices: true, actions: true, ..Datasets::NONE };
    pub const OPTIONS: Datasets = Datasets { options: true, ..Datasets::NONE };
    pub const RATES: Datasets = Datasets { rates: true, ..Datasets::NONE };
    pub const PROFILES: Datasets = Datasets { profiles: true, actions: true, ..Datasets::NONE };
}
