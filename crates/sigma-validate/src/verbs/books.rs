//! `books`: the check of the books.

use std::collections::BTreeSet;

use sigma_cli::sessions::calendar_error;
use sigma_cli::{App, AsOfArgs, ExitStatus, OutputArgs, PortfolioArgs, store_error};
use sigma_core::model::{Instrument, InstrumentKind};
use sigma_store::Store;

use crate::books::recommendations::recommendations;
use crate::books::{Stored, assess, tables};

/// Days before the first entry from which prices are loaded; and for private assets, whose last value stands.
const EARLIER_DAYS: u64 = 20;
const PRIVATE_DAYS: u64 = 20 * 366;

/// Options of `books`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let stored = load(&args, app, &mut store).await?;
    let assessment = assess(&stored).map_err(calendar_error)?;
    let next = recommendations(&stored, &assessment);
    app.write(&args.output, &tables::document(&stored, &assessment, &next))?;
    let behind = stored
        .calendar
        .age_in_sessions(stored.as_of, app.last_completed_session(&stored.calendar)?)
        .map_err(calendar_error)?;
    if behind > 0 && args.as_of.as_of.is_none() {
        app.note(&format!(
            "the latest stored prices, of {}, are {behind} sessions old; `sigma-sync run` brings newer ones",
            stored.as_of
        ));
    }
    Ok(ExitStatus::partial_if(!assessment.is_ready()))
}

async fn load(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<Stored> {
    let calendar = app.calendar()?;
    let as_of = super::as_of(app, store, &calendar, &args.as_of).await?;
    let slugs = &args.portfolios.portfolios;
    let books = store.books(slugs).await.map_err(store_error)?;
    if books.is_empty() {
        return Err(super::no_portfolio());
    }
    let lots = || books.iter().flat_map(|book| &book.lots);
    let symbols: BTreeSet<&str> =
        lots().flat_map(|lot| [lot.instrument.symbol.as_str(), lot.instrument.risk_symbol()]).collect();
    let symbols: Vec<String> = symbols.into_iter().map(str::to_owned).collect();
    let instruments: Vec<Instrument> = store.instruments_by_symbol(&symbols).await.map_err(store_error)?;
    let first = lots().map(|lot| lot.position.entry_date).min().unwrap_or(as_of).min(as_of);
    let is_private = instruments.iter().any(|instrument| instrument.kind == InstrumentKind::Private);
    let days = if is_private { PRIVATE_DAYS } else { EARLIER_DAYS };
    let market =
        store.market(&instruments, first - chrono::Days::new(days), as_of).await.map_err(store_error)?;
    let mut coverage = Vec::new();
    for book in &books {
        coverage.push(store.engine_coverage(book.portfolio.id, as_of).await.map_err(store_error)?);
    }
    let active_scenarios = store.active_scenarios().await.map_err(store_error)?.len();
    Ok(Stored {
        calendar,
        as_of,
        books,
        market,
        coverage,
        active_scenarios,
        all_portfolios: slugs.is_empty(),
    })
}
