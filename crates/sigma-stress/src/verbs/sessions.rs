//! `sessions`: what-ifs that are kept under a name.

use clap::Subcommand;
use sigma_cli::{
    App, Cell, Column, Document, DryRun, ExitStatus, ListArgs, LockArgs, OutputArgs, Table, store_error,
};
use sigma_store::WhatIfTrade;

/// Verbs of `sessions`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the sessions
    List(ListSessions),
    /// Show the trades of a session, as asked for and as filled
    Show(ShowSession),
    /// Forget a session
    Rm(RemoveSession),
}

#[derive(Debug, clap::Args)]
pub struct ListSessions {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub struct ShowSession {
    /// Name of the session
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub struct RemoveSession {
    /// Name of the session
    name: String,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    lock: LockArgs,
}

pub async fn run(verb: Verb, app: &App) -> anyhow::Result<ExitStatus> {
    match verb {
        Verb::List(args) => list(args, app).await,
        Verb::Show(args) => show(args, app).await,
        Verb::Rm(args) => remove(args, app).await,
    }
}

async fn list(args: ListSessions, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let mut table = Table::new(vec![
        Column::text("session", "Session"),
        Column::text("portfolio", "Portfolio"),
        Column::text("as_of", "Date"),
        Column::number("trades", "Trades"),
        Column::text("fractional", "Parts of shares"),
        Column::text("created_at", "Kept at"),
    ]);
    for session in store.what_if_sessions().await.map_err(store_error)? {
        table.push(vec![
            Cell::text(session.name),
            Cell::text(session.portfolio),
            Cell::Date(session.as_of),
            Cell::Int(session.trades.len() as i64),
            Cell::Bool(session.fractional),
            Cell::text(session.created_at),
        ]);
    }
    args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title("What-if sessions"))?;
    Ok(ExitStatus::Done)
}

async fn show(args: ShowSession, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let session = store.what_if_session(&args.name).await.map_err(store_error)?;
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("action", "Action"),
        Column::number("quantity", "Quantity"),
        Column::number("dollars", "Dollars"),
        Column::number("price", "Price").unit("stated"),
        Column::text("tag", "Tag"),
        Column::number("filled_quantity", "Filled"),
        Column::number("filled_price_usd", "At").unit("USD"),
    ]);
    for WhatIfTrade { trade, filled_quantity, filled_price } in &session.trades {
        let number = |value| Cell::or_blank(value, |value| Cell::number(value, 4));
        table.push(vec![
            Cell::text(&trade.symbol),
            Cell::text(trade.action.as_str()),
            number(trade.quantity),
            Cell::or_blank(trade.dollars, Cell::Money),
            number(trade.price),
            Cell::or_blank(trade.tag.as_deref(), Cell::text),
            Cell::number(*filled_quantity, 4),
            Cell::number(*filled_price, 4),
        ]);
    }
    let title = format!("Session {} of {}", session.name, session.portfolio);
    app.write(&args.output, &Document::single(table).title(title).as_of(session.as_of))?;
    Ok(ExitStatus::Done)
}

async fn remove(args: RemoveSession, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("sessions rm");
    let _lock = if args.dry_run.dry_run { None } else { Some(app.lock(&args.lock).await?) };
    let mut store = app.open_store().await?;
    if args.dry_run.dry_run {
        let session = store.what_if_session(&args.name).await.map_err(store_error)?;
        let trades = session.trades.len();
        app.note(&format!("dry run: would forget session {} with its {trades} trades", session.name));
        app.record("would_remove", session.name);
        return Ok(ExitStatus::Done);
    }
    store.remove_what_if_session(&args.name).await.map_err(store_error)?;
    app.record("removed", &args.name);
    Ok(ExitStatus::Done)
}
