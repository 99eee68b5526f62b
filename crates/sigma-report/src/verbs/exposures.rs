//! `sigma-report exposures`: exposures by asset type, sector, underlying and tag.

use clap::ValueEnum;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table,
    TagFilterArgs, WhatIfArgs,
};
use sigma_core::analytics::exposures;
use sigma_core::model::{Dimension, ExposureRow};

use crate::inputs::{self, Inputs};
use crate::sections::exposures::{cells, columns};
use crate::verbs::{exposures_what_if, stored_dates};

/// What exposures are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum By {
    Total,
    AssetType,
    Sector,
    Underlying,
    Tag,
}

impl By {
    pub fn dimension(self) -> Dimension {
        match self {
            By::Total => Dimension::Total,
            By::AssetType => Dimension::AssetType,
            By::Sector => Dimension::Sector,
            By::Underlying => Dimension::Underlying,
            By::Tag => Dimension::Tag,
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this grouping [default: all]
    #[arg(long, value_enum, value_name = "DIMENSION")]
    pub by: Option<By>,
    #[command(flatten)]
    pub filter: TagFilterArgs,
    #[command(flatten)]
    pub as_of: AsOfArgs,
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    args.what_if.refuse_choice(&args.filter)?;
    if args.what_if.is_given() {
        return exposures_what_if::run(&args, app, &mut store).await;
    }
    let (found, _) = stored_dates::find(app, &mut store, &args.portfolio, &args.as_of).await?;
    let mut table = empty_table();
    let mut all = inputs::load(&mut store, &calendar, found).await?;
    args.filter.check(all.iter().map(|inputs| &inputs.book))?;
    for inputs in &mut all {
        if !args.filter.is_empty() {
            narrow(inputs, &args.filter);
        }
        let wanted = |row: &&ExposureRow| args.by.is_none_or(|by| by.dimension() == row.dimension);
        for row in inputs.exposures.iter().filter(wanted) {
            let mut line = vec![
                Cell::text(&inputs.book.portfolio.slug),
                Cell::Date(inputs.as_of),
                Cell::text(row.dimension.as_str()),
            ];
            line.extend(cells(inputs, row));
            table.push(line);
        }
    }
    args.list.apply(&mut table)?;
    let mut document = Document::single(table)
        .title("Exposures")
        .note("A position counts in each of its tags, so tags may add up to more than the total.");
    if !args.filter.is_empty() {
        document = document.note("Of the positions that match; the total is theirs too.");
    }
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

/// Keeps the positions that match, and computes their exposures from what is stored of each.
fn narrow(inputs: &mut Inputs, filter: &TagFilterArgs) {
    let lots = &inputs.book.lots;
    inputs.views.retain(|view| filter.matches(&lots[view.lot]));
    inputs.exposures = exposures::exposures(&inputs.book, &inputs.views);
}

/// Columns of the list, without rows.
pub fn empty_table() -> Table {
    let mut heading = vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("as_of", "As of"),
        Column::text("dimension", "Dimension"),
    ];
    heading.extend(columns("Bucket"));
    Table::new(heading)
}
