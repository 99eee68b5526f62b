//! `sigma-report performance`: the stored snapshots over time.

use chrono::NaiveDate;
use sigma_cli::args::parse_date;
use sigma_cli::{
    App, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table, ToolError,
    store_error,
};
use sigma_core::calendar::{FIRST_DATE, LAST_DATE};
use sigma_store::Scope;

use crate::sections::performance::{cells, columns};
use crate::verbs::stored_dates;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// First date [default: the first stored one]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub from: Option<NaiveDate>,
    /// Last date [default: the latest stored one]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub to: Option<NaiveDate>,
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        let error = ToolError::usage(format!("--from {from} is after --to {to}"));
        return Err(error.hint("swap the two dates").into());
    }
    let mut store = app.open_store().await?;
    let portfolios = store.portfolios(&args.portfolio.portfolios).await.map_err(store_error)?;
    let ids: Vec<i64> = portfolios.iter().map(|portfolio| portfolio.id).collect();
    let scope = Scope::range(args.from.unwrap_or(FIRST_DATE), args.to.unwrap_or(LAST_DATE), &ids);
    let snapshots = store.snapshots(&scope).await.map_err(store_error)?;
    if snapshots.is_empty() {
        return Err(stored_dates::no_snapshot(None, &portfolios));
    }
    let mut heading = vec![Column::text("portfolio", "Portfolio")];
    heading.extend(columns());
    let mut table = Table::new(heading);
    for (id, snapshot) in &snapshots {
        let Some(portfolio) = portfolios.iter().find(|portfolio| portfolio.id == *id) else { continue };
        let mut line = vec![Cell::text(&portfolio.slug)];
        line.extend(cells(snapshot, portfolio));
        table.push(line);
    }
    args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title("Performance"))?;
    Ok(ExitStatus::Done)
}
