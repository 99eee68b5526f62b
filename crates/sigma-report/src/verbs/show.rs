//! `sigma-report show`: the latest snapshot of each portfolio.

use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Shown, Table,
    WhatIfArgs, store_error,
};
use sigma_core::model::{Portfolio, Reason, Snapshot};
use sigma_store::{Scope, Store};

use crate::inputs;
use crate::report::{fraction, money, number};
use crate::sections::absent;
use crate::verbs::exposures_what_if::LOADINGS;
use crate::verbs::stored_dates;

#[derive(Debug, clap::Args)]
pub struct Args {
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
    let mut store = app.open_store().await?;
    if args.what_if.is_given() {
        return after_trades(&args, app, &mut store).await;
    }
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

/// What the snapshot would be. What a day or a history makes is not there: the book after trades has none.
async fn after_trades(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<ExitStatus> {
    let shown = Shown {
        what_if: &args.what_if,
        portfolios: &args.portfolio.portfolios,
        as_of: &args.as_of,
        results: LOADINGS,
        output: &args.output,
    };
    let what_if = shown.load(app, store).await?;
    let issues = what_if.issues.clone();
    let inputs = inputs::pro_forma(what_if);
    let mut table = table(std::iter::once((&inputs.book.portfolio, &inputs.snapshot)));
    let of_time = ["day_pnl_usd", "day_return_fraction", "drawdown_fraction"];
    for (at, column) in table.columns.iter().enumerate() {
        if of_time.contains(&column.key.as_str()) {
            table.rows.iter_mut().for_each(|row| row[at] = Cell::missing(Reason::NotComputed));
        }
    }
    args.list.apply(&mut table)?;
    let title = format!("Snapshot, pro forma after {}", args.what_if.name());
    app.write(&args.output, &Document::single(table).title(title))?;
    Ok(app.tell_issues(&issues))
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
