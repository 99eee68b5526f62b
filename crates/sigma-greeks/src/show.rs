//! `show`: stored Greeks of one date.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use clap::Args as ClapArgs;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, AsOfArgs, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, StoredResults, Table,
    TagFilterArgs, WhatIfArgs, store_error,
};
use sigma_core::analytics::{performance, positions};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, GreeksRow, Instrument, InstrumentResults};
use sigma_store::{Engine, Scope, Store};

use crate::rows::{contract_table, position_table, push_positions};
use crate::show_what_if;
use sigma_core::analytics::contracts::held;

pub(crate) const GREEKS: StoredResults =
    StoredResults { engine: Engine::Greeks, what: "Greeks", command: "sigma-greeks run" };

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    pub(crate) as_of: AsOfArgs,
    #[command(flatten)]
    pub(crate) portfolio: PortfolioArgs,
    /// Dollars per position instead of numbers per unit of the underlying
    #[arg(long)]
    pub(crate) positions: bool,
    #[command(flatten)]
    pub(crate) what_if: WhatIfArgs,
    #[command(flatten)]
    filter: TagFilterArgs,
    #[command(flatten)]
    pub(crate) list: ListArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

pub async fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    args.what_if.refuse_choice(&args.filter)?;
    if args.what_if.is_given() {
        return show_what_if::run(args, app, &mut store).await;
    }
    let mut books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    args.filter.check(&books)?;
    let date = app.stored_date(&mut store, GREEKS, None, &args.as_of).await?;
    let as_of = date.as_of;
    let mut rows = store.greeks(&Scope::all(as_of, as_of)).await.map_err(store_error)?;
    if rows.is_empty() {
        return Err(date.nothing("Greeks"));
    }
    let mut table = match args.positions {
        true => positions_of(&mut store, &books, &args.filter, &app.calendar()?, (as_of, rows)).await?,
        false => {
            if !args.portfolio.portfolios.is_empty() || !args.filter.is_empty() {
                books.iter_mut().for_each(|book| book.lots.retain(|lot| args.filter.matches(lot)));
                let wanted: BTreeSet<i64> = held(&books, as_of);
                rows.retain(|row| wanted.contains(&row.instrument_id));
            }
            let instruments = store.instruments().await.map_err(store_error)?;
            let by_id: HashMap<i64, &Instrument> = instruments.iter().map(|i| (i.id, i)).collect();
            contract_table(&rows, &by_id)
        }
    };
    args.list.apply(&mut table)?;
    let title = if args.positions { "Greeks of positions" } else { "Greeks of contracts" };
    app.write(&args.output, &Document::single(table).title(title).as_of(as_of))?;
    Ok(ExitStatus::Done)
}

async fn positions_of(
    store: &mut Store,
    books: &[Book],
    filter: &TagFilterArgs,
    calendar: &Calendar,
    (as_of, rows): (NaiveDate, Vec<GreeksRow>),
) -> anyhow::Result<Table> {
    let held: BTreeSet<&str> =
        books.iter().flat_map(|b| &b.lots).map(|lot| lot.instrument.risk_symbol()).collect();
    let lots: BTreeSet<i64> = books.iter().flat_map(|b| &b.lots).map(|lot| lot.instrument.id).collect();
    let mut instruments = store.instruments().await.map_err(store_error)?;
    instruments.retain(|i| lots.contains(&i.id) || held.contains(i.symbol.as_str()));
    let opened = books.iter().map(|book| book.portfolio.opened_on).min().unwrap_or(as_of);
    let market = store.market(&instruments, opened, as_of).await.map_err(store_error)?;
    let greeks = rows.into_iter().map(|row| (row.instrument_id, row)).collect();
    let results = InstrumentResults { greeks, ..InstrumentResults::default() };
    let mut table = position_table();
    for book in books {
        let opening = calendar.session_on_or_after(book.portfolio.opened_on).map_err(calendar_error)?;
        let sessions = calendar.sessions_between(opening, as_of).map_err(calendar_error)?;
        let days = performance::roll(book, &market, calendar, &sessions).map_err(calendar_error)?;
        let Some(day) = days.last().filter(|day| day.date == as_of) else { continue };
        let mut views = positions::assess(book, &day.lots, &market, &results);
        views.retain(|view| filter.matches(&book.lots[view.lot]));
        push_positions(&mut table, book, &views);
    }
    Ok(table)
}
