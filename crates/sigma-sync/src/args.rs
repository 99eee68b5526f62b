//! Options of the writing verbs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sigma_cli::{DryRun, LockArgs, OutputArgs, PortfolioArgs, RangeArgs};
use sigma_providers::ProviderId;

/// Which provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderName {
    /// All that are configured, in a stated order: what one cannot give, the next is asked for
    Auto,
    /// A folder of CSV files
    File,
    /// Polygon.io (Massive)
    Polygon,
    /// Financial Modeling Prep
    Fmp,
    Tiingo,
    /// Yahoo charts, unofficial
    Yahoo,
    /// Treasury yields only
    Fred,
}

impl ProviderName {
    /// The name as settings spell it.
    pub fn of(name: &str) -> Option<ProviderName> {
        ProviderName::from_str(name, false).ok()
    }

    /// The one provider that is named; `None` for `auto`.
    pub fn id(self) -> Option<ProviderId> {
        match self {
            ProviderName::Auto => None,
            ProviderName::File => Some(ProviderId::File),
            ProviderName::Polygon => Some(ProviderId::Polygon),
            ProviderName::Fmp => Some(ProviderId::Fmp),
            ProviderName::Tiingo => Some(ProviderId::Tiingo),
            ProviderName::Yahoo => Some(ProviderId::Yahoo),
            ProviderName::Fred => Some(ProviderId::Fred),
        }
    }
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
    /// Ask services again for everything, stored or not: corrections replace what is stored
    #[arg(long)]
    pub refresh: bool,
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
