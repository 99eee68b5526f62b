//! `show --what-if`: the scenarios of `show`, computed on the portfolio as it would be after trades.

use sigma_cli::{App, ExitStatus, Shown};
use sigma_core::analytics::stress;
use sigma_store::Store;

use super::positions;
use super::show::{Args, keep_asked, summary, write};
use super::tables::Row;
use super::what_if::LOADINGS;
use crate::inputs::Scenarios;
use crate::what_if::{State, Thought};

pub async fn run(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<ExitStatus> {
    let shown = Shown {
        what_if: &args.what_if,
        portfolios: &args.portfolios.portfolios,
        as_of: &args.as_of,
        results: LOADINGS,
        output: &args.output,
    };
    let request = shown.request(app, store).await?;
    let as_of = request.as_of;
    let scenarios = Scenarios::load(store, args.scenarios.as_deref()).await?;
    let thought = Thought::load(app, store, &app.calendar()?, request, scenarios, &args.output).await?;

    let rows = rows(args, &thought)?;
    let books = std::slice::from_ref(&thought.what_if.after.book);
    let table = match args.positions {
        true => parts(args, thought.after(), &rows),
        false => summary(args, &rows, books, &thought.scenarios.all),
    };
    let title = format!("Stress scenarios, pro forma after {}", args.what_if.name());
    write(app, args, table, as_of, &title)?;
    Ok(app.tell_issues(&thought.issues()))
}

fn rows(args: &Args, thought: &Thought) -> anyhow::Result<Vec<Row>> {
    let state = thought.after();
    let (id, as_of) = (state.side.book.portfolio.id, thought.what_if.as_of);
    let active = thought.scenarios.active.iter();
    let result =
        |(name, shocks): &(String, _)| (id, as_of, stress::run_scenario(&state.inputs(), name, shocks));
    let mut rows = active.map(result).collect();
    keep_asked(&mut rows, args, as_of)?;
    Ok(rows)
}

fn parts(args: &Args, state: State<'_>, rows: &[Row]) -> sigma_cli::Table {
    let mut table = positions::empty_table();
    let on = state.inputs();
    for (_, _, result) in rows {
        let Some(shocks) = state.thought.scenarios.shocks_of(&result.scenario_id) else { continue };
        let modes = positions::by_mode(&on, shocks, result);
        positions::push(&mut table, &on, &modes, result, args.output.format);
    }
    table
}
