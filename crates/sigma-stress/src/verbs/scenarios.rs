//! `scenarios`: the catalogue, or a file of scenarios checked.

use std::path::PathBuf;

use sigma_cli::{App, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, Table, fail};

use crate::inputs::Scenarios;
use crate::wording;

/// Options of `scenarios`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Check and list a TOML file instead of the stored scenarios
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let scenarios = Scenarios::load(&mut store, args.scenarios.as_deref()).await?;
    if scenarios.all.is_empty() {
        return Err(fail(ExitStatus::Failed, "no scenarios are stored", "run `sigma-seed migrate`"));
    }
    let mut table = Table::new(vec![
        Column::text("scenario", "Scenario"),
        Column::text("name", "Name"),
        Column::text("category", "Category"),
        Column::text("severity", "Severity"),
        Column::text("active", "Active"),
        Column::text("shocks", "Shocks"),
        Column::text("note", "Note"),
    ]);
    for scenario in &scenarios.all {
        table.push(vec![
            Cell::text(&scenario.id),
            Cell::text(&scenario.name),
            Cell::text(&scenario.category),
            Cell::text(&scenario.severity),
            Cell::Bool(scenario.active),
            Cell::text(wording::shocks(scenario)),
            Cell::or_blank(scenario.note.as_deref(), Cell::text),
        ]);
    }
    args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title("Scenarios"))?;
    Ok(ExitStatus::Done)
}
