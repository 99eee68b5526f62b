//! `sigma-report positions`: every lot at the close of a snapshot, or groups of them with subtotals.

use clap::ValueEnum;
use sigma_cli::args::parse_stored_symbol;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Shown, Table,
    TagFilterArgs, WhatIf, WhatIfArgs,
};
use sigma_core::analytics::grouping;
use sigma_core::model::Lot;
use sigma_store::Store;

use crate::inputs::{self, Inputs};
use crate::sections::{position_groups, positions};
use crate::verbs::exposures_what_if::LOADINGS;
use crate::verbs::stored_dates;

/// What positions are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum GroupBy {
    Tag,
    /// Kind of instrument: stock, etf, option
    Type,
    /// LONG, SHORT, LC, LP, SC, SP
    PositionType,
    Underlying,
    /// Tags that begin with `strategy:`
    Strategy,
    Sector,
}

impl GroupBy {
    fn of_core(self) -> grouping::GroupBy {
        match self {
            GroupBy::Tag => grouping::GroupBy::Tag,
            GroupBy::Type => grouping::GroupBy::Type,
            GroupBy::PositionType => grouping::GroupBy::PositionType,
            GroupBy::Underlying => grouping::GroupBy::Underlying,
            GroupBy::Strategy => grouping::GroupBy::Strategy,
            GroupBy::Sector => grouping::GroupBy::Sector,
        }
    }

    /// Whether a position may be in several groups.
    fn overlaps(self) -> bool {
        matches!(self, GroupBy::Tag | GroupBy::Strategy)
    }
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Subtotals of groups in place of positions; --sort and --limit then go by group
    #[arg(long, value_enum, value_name = "BY")]
    pub group_by: Option<GroupBy>,
    /// Only this symbol, and options on it; repeatable
    #[arg(long = "symbol", value_name = "SYMBOL", value_parser = parse_stored_symbol)]
    pub symbols: Vec<String>,
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

impl Args {
    fn matches(&self, lot: &Lot) -> bool {
        let instrument = &lot.instrument;
        let by_symbol = |symbol: &String| *symbol == instrument.symbol || symbol == instrument.risk_symbol();
        (self.symbols.is_empty() || self.symbols.iter().any(by_symbol)) && self.filter.matches(lot)
    }
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let (mut all, issues) = match args.what_if.is_given() {
        true => {
            let what_if = after_trades(&args, app, &mut store).await?;
            let issues = what_if.issues.clone();
            (vec![inputs::pro_forma(what_if)], issues)
        }
        false => {
            let (found, _) = stored_dates::find(app, &mut store, &args.portfolio, &args.as_of).await?;
            (inputs::load(&mut store, &app.calendar()?, found).await?, Vec::new())
        }
    };
    args.filter.check(all.iter().map(|inputs| &inputs.book))?;
    for inputs in &mut all {
        let lots = &inputs.book.lots;
        inputs.views.retain(|view| args.matches(&lots[view.lot]));
    }
    let mut document = match args.group_by {
        Some(by) => grouped(&args, by, &all)?,
        None => listed(&args, app, &all)?,
    };
    if args.what_if.is_given() {
        let title = document.title.take().unwrap_or_default();
        document = document.title(format!("{title}, pro forma after {}", args.what_if.name()));
    }
    app.write(&args.output, &document)?;
    Ok(app.tell_issues(&issues))
}

async fn after_trades(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<WhatIf> {
    let shown = Shown {
        what_if: &args.what_if,
        portfolios: &args.portfolio.portfolios,
        as_of: &args.as_of,
        results: LOADINGS,
        output: &args.output,
    };
    shown.load(app, store).await
}

fn listed(args: &Args, app: &App, all: &[Inputs]) -> anyhow::Result<Document> {
    let mut table = headed(positions::list_columns());
    for inputs in all {
        for view in &inputs.views {
            push(&mut table, inputs, positions::list_cells(inputs, view));
        }
    }
    let total = args.list.apply(&mut table)?;
    app.detail(&format!("{total} positions match"));
    Ok(Document::single(table).title("Positions"))
}

/// The groups of each portfolio that has a position left.
fn grouped(args: &Args, by: GroupBy, all: &[Inputs]) -> anyhow::Result<Document> {
    let mut table = headed(position_groups::columns());
    for inputs in all.iter().filter(|inputs| !inputs.views.is_empty()) {
        let of_book = position_groups::table(inputs, by.of_core(), &args.list, args.output.format)?;
        of_book.rows.into_iter().for_each(|row| push(&mut table, inputs, row));
    }
    let name = by.to_possible_value().map(|value| value.get_name().replace('_', " ")).unwrap_or_default();
    let mut document = Document::single(table)
        .title(format!("Positions by {name}"))
        .note("Weight: signed market value over the gross value of the whole portfolio.");
    if by.overlaps() {
        document = document.note(format!(
            "A position counts in each {name} that it has: the row \"overlap\" takes off what is counted again, so that the \
             rows add up to the total."
        ));
    }
    Ok(document)
}

fn headed(columns: Vec<Column>) -> Table {
    let mut heading = vec![Column::text("portfolio", "Portfolio"), Column::text("as_of", "As of")];
    heading.extend(columns);
    Table::new(heading)
}

fn push(table: &mut Table, inputs: &Inputs, cells: Vec<Cell>) {
    let mut line = vec![Cell::text(&inputs.book.portfolio.slug), Cell::Date(inputs.as_of)];
    line.extend(cells);
    table.push(line);
}
