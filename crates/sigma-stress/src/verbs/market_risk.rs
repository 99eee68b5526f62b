//! `market-risk`: stored results of single market and yield moves.

use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table,
    store_error,
};
use sigma_core::analytics::stress::METHOD;
use sigma_store::{Engine, Scope};

use super::{show, tables};
use crate::wording;

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
    let as_of = show::date(&mut store, Engine::MarketRisk, &args.as_of, &books).await?;
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let rows = store.market_risk_results(&Scope::day(as_of, &ids), METHOD).await.map_err(store_error)?;
    if rows.is_empty() {
        return Err(show::none(format!("no market-risk results are stored for {as_of}")));
    }
    let slugs = tables::slugs(&books);
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
            Cell::text(slugs.get(id).copied().unwrap_or_default()),
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
