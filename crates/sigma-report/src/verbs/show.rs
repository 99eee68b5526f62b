//! `sigma-report show`: the latest snapshot of each portfolio.

use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table,
    store_error,
};
use sigma_core::model::{Portfolio, Reason, Snapshot};
use sigma_store::Scope;

use crate::report::{fraction, money, number};
use crate::sections::absent;
use crate::verbs::stored_dates;

#[derive(Debug, clap::Args)]
pub struct Args {
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
    let mut store = app.open_store().await?;
    let (found, without) = stored_dates::find(app, &mut store, &args.portfolio, &args.as_of).await?;
    let mut rows = Vec::new();
    for (portfolio, date) in &found {
        let scope = Scope::day(*date, &[portfolio.id]);
        let snapshots = store.snapshots(&scope).await.map_err(store_error)?;
        rows.extend(snapshots.into_iter().map(|(_, snapshot)| (portfolio, snapshot)));
    }
    let mut table = table(rows.iter().map(|(portfolio, snapshot)| (*portfolio, snapshot)));
    args.list.apply(&mut table)?;
    let mut document = Document::single(table).title("Latest snapshots");
    for portfolio in &without {
        document = document.note(format!("{} has no snapshot; run `sigma-report snapshot`", portfolio.slug));
    }
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

/// One row a snapshot.
pub fn table<'a>(rows: impl Iterator<Item = (&'a Portfolio, &'a Snapshot)>) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("as_of", "As of"),
        money("nav_usd", "NAV"),
        money("day_pnl_usd", "Day P&L"),
        fraction("day_return_fraction", "Day return"),
        money("gross_usd", "Gross"),
        money("net_usd", "Net"),
        money("cash_usd", "Cash"),
        number("market_beta", "Market beta"),
        fraction("drawdown_fraction", "Drawdown"),
        number("position_count", "Positions"),
        number("excluded_count", "Excluded"),
    ]);
    for (portfolio, s) in rows {
        table.push(vec![
            Cell::text(&portfolio.slug),
            Cell::Date(s.as_of),
            Cell::Money(s.nav),
            Cell::Money(s.day_pnl),
            Cell::or_missing(s.day_return.ok_or(absent::day_return(s, portfolio)), Cell::Percent),
            Cell::Money(s.gross),
            Cell::Money(s.net),
            Cell::Money(s.cash),
            Cell::or_missing(s.market_beta.ok_or(absent::market_beta(s)), |beta| Cell::number(beta, 4)),
            Cell::or_missing(s.drawdown.ok_or(Reason::InvalidInput), Cell::Percent),
            Cell::Int(s.position_count as i64),
            Cell::Int(s.excluded_count as i64),
        ]);
    }
    table
}
