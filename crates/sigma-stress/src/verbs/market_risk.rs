//! `market-risk`: stored results of single market and yield moves; of a choice of positions, or of the portfolio after
//! trades, computed from what is stored of the instruments.

use chrono::NaiveDate;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Shown,
    StoredResults, Table, TagFilterArgs, WhatIfArgs, store_error,
};
use sigma_core::analytics::stress::{METHOD, StressInputs, market_risk};
use sigma_core::model::{Book, InstrumentResults, MarketRiskResult};
use sigma_store::{Engine, Scope, Store};

use super::what_if::LOADINGS;
use super::{positions, tables};
use crate::evaluate::Close;
use crate::inputs::{Scenarios, load};
use crate::what_if::Thought;
use crate::wording;

const RESULTS: StoredResults =
    StoredResults { engine: Engine::MarketRisk, what: "market-risk results", command: "sigma-stress run" };

/// Amount in dollars, and its share of the total, by which a computed sum may differ from the stored total.
const AGREES: (f64, f64) = (0.005, 1e-9);

/// Options of `market-risk`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    #[command(flatten)]
    what_if: WhatIfArgs,
    #[command(flatten)]
    filter: TagFilterArgs,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Portfolio and result.
type Row = (i64, MarketRiskResult);

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    args.what_if.refuse_choice(&args.filter)?;
    if args.what_if.is_given() {
        return after_trades(&args, app, &mut store).await;
    }
    let books = store.books(&args.portfolios.portfolios).await.map_err(store_error)?;
    args.filter.check(&books)?;
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let date = app.stored_date(&mut store, RESULTS, Some(&ids), &args.as_of).await?;
    let as_of = date.as_of;
    let rows = store.market_risk_results(&Scope::day(as_of, &ids), METHOD).await.map_err(store_error)?;
    if rows.is_empty() {
        return Err(date.nothing(RESULTS.what));
    }
    let rows: Vec<Row> = rows.into_iter().map(|(id, _, result)| (id, result)).collect();
    if args.filter.is_empty() {
        write(&args, app, &rows, &books, as_of, "Market-risk moves")?;
        return Ok(ExitStatus::Done);
    }
    let (chosen, agrees) = of_chosen(&args, app, &mut store, &books, &rows, as_of).await?;
    write(&args, app, &chosen, &books, as_of, "Market-risk moves")?;
    if !agrees {
        app.note("parts computed again differ from stored totals: what they come from has changed; run `sigma-stress run`");
        return Ok(ExitStatus::Partial);
    }
    Ok(ExitStatus::Done)
}

/// The moves of the positions that match, and whether those of all agree with what is stored.
async fn of_chosen(
    args: &Args,
    app: &App,
    store: &mut Store,
    books: &[Book],
    rows: &[Row],
    as_of: NaiveDate,
) -> anyhow::Result<(Vec<Row>, bool)> {
    let slugs: Vec<String> = books.iter().map(|book| book.portfolio.slug.clone()).collect();
    let scenarios = Scenarios::load(store, None).await?;
    let (inputs, _) = load(store, app.calendar()?, &slugs, (as_of, as_of), scenarios).await?;
    let empty = InstrumentResults::default();
    let mut found = Vec::new();
    let mut agrees = true;
    for book in &inputs.books {
        let Some(day) = positions::day_of(&inputs, book, as_of)? else { continue };
        let close = Close::new(&inputs, book, &day, &empty);
        let all = close.stress_inputs(&inputs);
        let (kept, views) = positions::chosen(&all, &args.filter);
        if kept.is_empty() {
            continue;
        }
        let id = book.portfolio.id;
        agrees &= market_risk(&all).iter().all(|now| rows.iter().any(|row| same(row, id, now)));
        let on = StressInputs { views: &views, ..all };
        found.extend(market_risk(&on).into_iter().map(|result| (id, result)));
    }
    Ok((found, agrees))
}

/// Whether a stored row is what is computed now.
fn same((id, stored): &Row, portfolio_id: i64, now: &MarketRiskResult) -> bool {
    let agree = match (&stored.outcome, &now.outcome) {
        (Ok(a), Ok(b)) => (a.pnl - b.pnl).abs() <= AGREES.0 + AGREES.1 * a.pnl.abs(),
        (Err(a), Err(b)) => a == b,
        _ => false,
    };
    *id == portfolio_id && stored.scenario_id == now.scenario_id && agree
}

async fn after_trades(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<ExitStatus> {
    let shown = Shown {
        what_if: &args.what_if,
        portfolios: &args.portfolios.portfolios,
        as_of: &args.as_of,
        results: LOADINGS,
        output: &args.output,
    };
    let request = shown.request(app, store).await?;
    let scenarios = Scenarios::load(store, None).await?;
    let thought = Thought::load(app, store, &app.calendar()?, request, scenarios, &args.output).await?;
    let book = &thought.what_if.after.book;
    let moves = market_risk(&thought.after().inputs());
    let rows: Vec<Row> = moves.into_iter().map(|result| (book.portfolio.id, result)).collect();
    let title = format!("Market-risk moves, pro forma after {}", args.what_if.name());
    write(args, app, &rows, std::slice::from_ref(book), thought.what_if.as_of, &title)?;
    Ok(app.tell_issues(&thought.issues()))
}

fn write(
    args: &Args,
    app: &App,
    rows: &[Row],
    books: &[Book],
    as_of: NaiveDate,
    title: &str,
) -> anyhow::Result<()> {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("scenario", "Scenario"),
        Column::text("shock", "Shock"),
        Column::number("pnl_usd", "P&L").unit("USD"),
        Column::number("pnl_fraction", "P&L").unit("of NAV"),
        Column::number("excluded_value_usd", "Left out").unit("USD"),
    ]);
    for (id, result) in rows {
        table.push(vec![
            Cell::text(tables::slug(books, *id)),
            Cell::text(&result.scenario_id),
            Cell::text(wording::market_risk(result.shock)),
            tables::pnl(&result.outcome),
            tables::fraction(&result.outcome),
            Cell::Money(result.excluded_value),
        ]);
    }
    args.list.apply(&mut table)?;
    let mut document = Document::single(table)
        .title(title)
        .as_of(as_of)
        .note("Each move alone: the market with yields unchanged, yields with the market unchanged.");
    if !args.filter.is_empty() {
        document = document.note(positions::OF_CHOSEN);
    }
    app.write(&args.output, &document)
}
