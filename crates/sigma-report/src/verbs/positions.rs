//! `sigma-report positions`: every lot at the close of a snapshot.

use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table,
};

use crate::inputs;
use crate::sections::positions;
use crate::verbs::stored_dates;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this symbol, and options on it; repeatable
    #[arg(long = "symbol", value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Only positions with this tag; repeatable
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    #[command(flatten)]
    pub as_of: AsOfArgs,
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    let (found, _) = stored_dates::find(app, &mut store, &args.portfolio, &args.as_of).await?;
    let mut heading = vec![Column::text("portfolio", "Portfolio"), Column::text("as_of", "As of")];
    heading.extend(positions::list_columns());
    let mut table = Table::new(heading);
    for inputs in inputs::load(&mut store, &calendar, found).await? {
        for view in &inputs.views {
            let lot = &inputs.book.lots[view.lot];
            let instrument = &lot.instrument;
            let by_symbol =
                |symbol: &String| *symbol == instrument.symbol || symbol == instrument.risk_symbol();
            let is_named = args.symbols.is_empty() || args.symbols.iter().any(by_symbol);
            if is_named && (args.tags.is_empty() || args.tags.iter().any(|tag| lot.tags.contains(tag))) {
                let mut line = vec![Cell::text(&inputs.book.portfolio.slug), Cell::Date(inputs.as_of)];
                line.extend(positions::list_cells(&inputs, view));
                table.push(line);
            }
        }
    }
    let total = args.list.apply(&mut table)?;
    app.detail(&format!("{total} positions match"));
    app.write(&args.output, &Document::single(table).title("Positions"))?;
    Ok(ExitStatus::Done)
}
