//! `market-risk`: stored results of single market and yield moves.

use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, StoredResults,
    Table, store_error,
};
use sigma_core::analytics::stress::METHOD;
use sigma_store::{Engine, Scope};

use super::tables;
use crate::wording;

const RESULTS: StoredResults =
    StoredResults { engine: Engine::MarketRisk, what: "market-risk results", command: "sigma-stress run" };

/// Options of `market-risk`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let books = store.books(&args.portfolios.portfolios).await.map_err(store_error)?;
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let date = app.stored_date(&mut store, RESULTS, Some(&ids), &args.as_of).await?;
    let as_of = date.as_of;
    let rows = store.market_risk_results(&Scope::day(as_of, &ids), METHOD).await.map_err(store_error)?;
    if rows.is_empty() {
        return Err(date.nothing(RESULTS.what));
    }
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("scenario", "Scenario"),
        Column::text("shock", "Shock"),
        Column::number("pnl_usd", "P&L").unit("USD"),
        Column::number("pnl_fraction", "P&L").unit("of NAV"),
        Column::number("excluded_value_usd", "Left out").unit("USD"),
    ]);
    for (id, _, result) in &rows {
        table.push(vec![
            Cell::text(tables::slug(&books, *id)),
            Cell::text(&result.scenario_id),
            Cell::text(wording::market_risk(result.shock)),
            tables::pnl(&result.outcome),
            tables::fraction(&result.outcome),
            Cell::Money(result.excluded_value),
        ]);
    }
    args.list.apply(&mut table)?;
    let document = Document::single(table)
        .title("Market-risk moves")
        .as_of(as_of)
        .note("Each move alone: the market with yields unchanged, yields with the market unchanged.");
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}
