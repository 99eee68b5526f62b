//! `show`: stored exposures of portfolios, or loadings of instruments.

use std::collections::{BTreeSet, HashMap};

use clap::Args as ClapArgs;
use sigma_cli::{
    App, AsOfArgs, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, StoredDate, Table,
    TagFilterArgs, ToolError, WhatIfArgs, store_error,
};
use sigma_core::analytics::factor_model::DEFAULT_METHOD;
use sigma_core::model::Book;
use sigma_store::{Scope, Store};

use crate::compute::names;
use crate::positions_table::{exposure_table, loadings_table, push_loadings};
use crate::stored::FITS;
use crate::{show_chosen, show_what_if};

/// Told below every table, as the unit differs from that of the other factors.
pub(crate) const RATE_UNIT: &str =
    "a rate factor counts per 1.00 of yield: divide by 10,000 for one basis point";

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    pub(crate) as_of: AsOfArgs,
    #[command(flatten)]
    pub(crate) portfolio: PortfolioArgs,
    /// Loadings of what the portfolios hold; options through their underlyings
    #[arg(long, conflicts_with = "instruments")]
    pub(crate) positions: bool,
    /// Loadings of every instrument
    #[arg(long)]
    pub(crate) instruments: bool,
    /// Name the loadings are stored under
    #[arg(long, value_name = "METHOD", default_value = DEFAULT_METHOD)]
    pub(crate) method: String,
    #[command(flatten)]
    pub(crate) what_if: WhatIfArgs,
    #[command(flatten)]
    pub(crate) filter: TagFilterArgs,
    #[command(flatten)]
    pub(crate) list: ListArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

pub async fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    if !args.filter.is_empty() && args.instruments {
        let error = ToolError::usage("--instruments shows every instrument, held or not");
        return Err(error.hint("use --positions for the loadings of a choice of positions").into());
    }
    let mut store = app.open_store().await?;
    args.what_if.refuse_choice(&args.filter)?;
    if args.what_if.is_given() {
        return show_what_if::run(args, app, &mut store).await;
    }
    let books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    args.filter.check(&books)?;
    let date = app.stored_date(&mut store, FITS, None, &args.as_of).await?;
    let (mut table, title) = match args.positions || args.instruments {
        true => (loadings(&mut store, args, &books, date).await?, "Factor loadings"),
        false if args.filter.is_empty() => {
            (exposures(&mut store, args, &books, date).await?, "Factor exposures")
        }
        false => {
            let calendar = app.calendar()?;
            let found = show_chosen::exposures(&mut store, &calendar, args, &books, date).await?;
            (found, "Factor exposures")
        }
    };
    args.list.apply(&mut table)?;
    let mut document = Document::single(table).title(title).as_of(date.as_of).note(RATE_UNIT);
    if !args.filter.is_empty() && !args.positions {
        document = document.note(show_chosen::OF_CHOSEN);
    }
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

async fn exposures(
    store: &mut Store,
    args: &Args,
    books: &[Book],
    date: StoredDate,
) -> anyhow::Result<Table> {
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let rows =
        store.factor_exposures(&Scope::day(date.as_of, &ids), &args.method).await.map_err(store_error)?;
    match rows.is_empty() {
        true => Err(date.nothing(&format!("factor exposures by the method {}", args.method))),
        false => Ok(exposure_table(books, &rows)),
    }
}

async fn loadings(store: &mut Store, args: &Args, books: &[Book], date: StoredDate) -> anyhow::Result<Table> {
    let as_of = date.as_of;
    let fits = store.factor_fits(&Scope::all(as_of, as_of), &args.method).await.map_err(store_error)?;
    if fits.is_empty() {
        return Err(date.nothing(&format!("loadings by the method {}", args.method)));
    }
    let instruments = store.instruments().await.map_err(store_error)?;
    let names: HashMap<i64, &str> = names(&instruments);
    let lots = books.iter().flat_map(|book| &book.lots).filter(|lot| lot.position.is_open(as_of));
    let lots = lots.filter(|lot| args.filter.matches(lot));
    let held: BTreeSet<&str> = lots.map(|lot| lot.instrument.risk_symbol()).collect();
    let mut named: Vec<_> = fits.iter().filter_map(|(id, _, fit)| Some((*names.get(id)?, fit))).collect();
    named.retain(|(symbol, _)| args.instruments || held.contains(symbol));
    named.sort_by_key(|(symbol, _)| *symbol);
    let mut table = loadings_table();
    named.iter().for_each(|(symbol, fit)| push_loadings(&mut table, symbol, fit));
    Ok(table)
}
