//! `show`: stored results, as totals or in parts.

use std::path::PathBuf;

use chrono::NaiveDate;
use sigma_cli::{
    App, AsOfArgs, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, StoredDate, StoredResults,
    Table, TagFilterArgs, ToolError, WhatIfArgs, fail, store_error,
};
use sigma_core::analytics::stress::{METHOD, PositionPnl, StressInputs};
use sigma_core::model::{Book, Scenario, StressResult};
use sigma_store::{Engine, Scope, Store};

use super::{positions, show_what_if, tables};
use crate::inputs::Scenarios;

const RESULTS: StoredResults =
    StoredResults { engine: Engine::Stress, what: "stress results", command: "sigma-stress run" };

/// Options of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) as_of: AsOfArgs,
    #[command(flatten)]
    pub(super) portfolios: PortfolioArgs,
    /// One scenario by its id; repeatable [default: all]
    #[arg(long, value_name = "ID")]
    pub(super) scenario: Vec<String>,
    /// Parts by factor
    #[arg(long, group = "parts")]
    factors: bool,
    /// Parts by position, computed again from the stored Greeks and loadings
    #[arg(long, group = "parts")]
    pub(super) positions: bool,
    /// Moves of the factors that a scenario does not name
    #[arg(long, group = "parts")]
    implied_moves: bool,
    /// File the scenarios of the run came from, for --positions
    #[arg(long, value_name = "FILE", requires = "positions")]
    pub(super) scenarios: Option<PathBuf>,
    #[command(flatten)]
    pub(super) what_if: WhatIfArgs,
    #[command(flatten)]
    pub(super) filter: TagFilterArgs,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    if args.implied_moves && !args.filter.is_empty() {
        let error = ToolError::usage("implied moves are of factors, whatever positions are held");
        return Err(error.hint("leave --tag, --all-tags, --type and --underlying out").into());
    }
    let mut store = app.open_store().await?;
    args.what_if.refuse_choice(&args.filter)?;
    if args.what_if.is_given() {
        return show_what_if::run(&args, app, &mut store).await;
    }
    let books = store.books(&args.portfolios.portfolios).await.map_err(store_error)?;
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let date = app.stored_date(&mut store, RESULTS, Some(&ids), &args.as_of).await?;
    let rows = stored(&mut store, &args, &ids, date).await?;
    let scenarios = store.scenarios().await.map_err(store_error)?;

    args.filter.check(&books)?;
    let (table, is_current) = match args.positions || !args.filter.is_empty() {
        true => computed(app, &mut store, &args, &books, (&rows, &scenarios)).await?,
        false => (summary(&args, &rows, &books, &scenarios), true),
    };
    let shown = write(app, &args, table, date.as_of, "Stress scenarios")?;
    if !is_current {
        app.note("parts computed again differ from stored totals: what they come from has changed; run `sigma-stress run`");
    }
    Ok(if is_current { shown } else { ExitStatus::Partial })
}

/// Parts by position, or what a choice of positions adds up to; and whether the parts agree with what is stored.
async fn computed(
    app: &App,
    store: &mut Store,
    args: &Args,
    books: &[Book],
    (rows, scenarios): (&[tables::Row], &[Scenario]),
) -> anyhow::Result<(Table, bool)> {
    let asked = Scenarios::load(store, args.scenarios.as_deref()).await?;
    let mut parts = positions::empty_table();
    let mut totals: Vec<tables::Row> = Vec::new();
    let as_of = rows.first().map(|(_, as_of, _)| *as_of);
    let each = |on: &StressInputs<'_>, modes: &[Vec<PositionPnl>; 2], result: StressResult| {
        positions::push(&mut parts, on, modes, &result, args.output.format);
        totals.extend(as_of.map(|as_of| (on.book.portfolio.id, as_of, result)));
    };
    let asked = (asked, &args.filter);
    let agrees = positions::computed(store, app.calendar()?, books, asked, rows, each).await?;
    Ok((if args.positions { parts } else { summary(args, &totals, books, scenarios) }, agrees))
}

pub(super) fn summary(args: &Args, rows: &[tables::Row], books: &[Book], scenarios: &[Scenario]) -> Table {
    match (args.factors, args.implied_moves) {
        (true, _) => tables::by_factor(rows, books, args.output.format),
        (_, true) => tables::implied(rows, books),
        _ => tables::results(rows, books, scenarios),
    }
}

pub(super) fn write(
    app: &App,
    args: &Args,
    mut table: Table,
    as_of: NaiveDate,
    title: &str,
) -> anyhow::Result<ExitStatus> {
    args.list.apply(&mut table)?;
    let mut document = Document::single(table).title(title).as_of(as_of);
    if args.positions || args.factors {
        document = document.note("Parts add up to the P&L of the scenario in each mode.");
    } else if !args.implied_moves {
        document = document
            .note("Direct: only the named factors move. Correlated: the others move to their conditional expectation.")
            .note("Extrapolated: a distance beyond 5 annual deviations, further than the data reaches.");
    }
    if !args.filter.is_empty() {
        document = document.note(positions::OF_CHOSEN);
    }
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

async fn stored(
    store: &mut Store,
    args: &Args,
    ids: &[i64],
    date: StoredDate,
) -> anyhow::Result<Vec<tables::Row>> {
    let as_of = date.as_of;
    let mut rows = store.stress_results(&Scope::day(as_of, ids), METHOD).await.map_err(store_error)?;
    if rows.is_empty() {
        return Err(date.nothing(RESULTS.what));
    }
    keep_asked(&mut rows, args, as_of)?;
    Ok(rows)
}

/// Keeps the scenarios asked for; one without results is an error.
pub(super) fn keep_asked(rows: &mut Vec<tables::Row>, args: &Args, as_of: NaiveDate) -> anyhow::Result<()> {
    for wanted in &args.scenario {
        if !rows.iter().any(|(_, _, result)| result.scenario_id == *wanted) {
            let mut known: Vec<String> =
                rows.iter().map(|(_, _, result)| result.scenario_id.clone()).collect();
            known.sort();
            known.dedup();
            let message = format!("scenario \"{wanted}\" has no results on {as_of}");
            return Err(fail(ExitStatus::Usage, message, format!("stored: {}", known.join(", "))));
        }
    }
    rows.retain(|(_, _, result)| args.scenario.is_empty() || args.scenario.contains(&result.scenario_id));
    Ok(())
}
