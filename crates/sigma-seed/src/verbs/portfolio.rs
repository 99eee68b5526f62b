//! `portfolio`: add, list, show, rm.

use serde_json::json;
use sigma_cli::{
    App, Cell, Column, Document, DryRun, ExitStatus, ListArgs, LockArgs, OutputArgs, Table, store_error,
};
use sigma_core::model::Book;
use sigma_store::{Saved, Store};

use super::{cash, portfolio_add, position, recorded, usage};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Open a portfolio with a date and an amount of cash
    Add(portfolio_add::Args),
    /// List the portfolios
    List(ListVerb),
    /// Show a portfolio with its positions and cash entries
    Show(ShowVerb),
    /// Remove a portfolio with its positions, cash and results
    Rm(RmVerb),
}

#[derive(Debug, clap::Args)]
pub struct ListVerb {
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub list: ListArgs,
}

#[derive(Debug, clap::Args)]
pub struct ShowVerb {
    /// Portfolio by its slug
    pub slug: String,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub struct RmVerb {
    /// Portfolio by its slug
    pub slug: String,
    /// Really remove it
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Runs one of the verbs.
pub async fn run(verb: Verb, app: &App) -> anyhow::Result<ExitStatus> {
    match verb {
        Verb::Add(args) => portfolio_add::run(args, app).await,
        Verb::List(args) => list(args, app).await,
        Verb::Show(args) => show(args, app).await,
        Verb::Rm(args) => rm(args, app).await,
    }
}

async fn list(args: ListVerb, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let books = store.books(&[]).await.map_err(store_error)?;
    let mut table = table(&mut store, &books).await?;
    let total = args.list.apply(&mut table)?;
    let document = Document::single(table).title(format!("Portfolios ({total})"));
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

async fn show(args: ShowVerb, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let books = store.books(&[args.slug]).await.map_err(store_error)?;
    let document = Document::sections()
        .section("portfolio", table(&mut store, &books).await?)
        .section("positions", position::table(&books, |_| true))
        .section("cash", cash::table(&books));
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

async fn rm(args: RmVerb, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("portfolio-rm");
    let mut store = app.open_store().await?;
    let books = store.books(std::slice::from_ref(&args.slug)).await.map_err(store_error)?;
    let lots: usize = books.iter().map(|book| book.lots.len()).sum();
    let what =
        format!("the portfolio {} with {lots} positions, its cash entries and all its results", args.slug);
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would remove {what}"));
        return Ok(ExitStatus::Done);
    }
    if !args.yes {
        return Err(usage(format!("this would remove {what}"), "add --yes to do it"));
    }
    let _lock = app.lock(&args.lock).await?;
    recorded(app, &mut store, "portfolio rm", json!({ "portfolio": args.slug }), async |store| {
        for book in &books {
            store.remove_portfolio(book.portfolio.id).await.map_err(store_error)?;
        }
        Ok(((), Saved { stored: 0, changed: books.len() as u64 }))
    })
    .await?;
    Ok(ExitStatus::Done)
}

/// One row for each portfolio: what the books say, before any price.
pub(super) async fn table(store: &mut Store, books: &[Book]) -> anyhow::Result<Table> {
    let users = store.users().await.map_err(store_error)?;
    let email = |id: i64| users.iter().find(|user| user.id == id).map(|user| user.email.clone());
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("name", "Name"),
        Column::text("owner", "Owner"),
        Column::text("opened_on", "Opened on"),
        Column::number("open_positions", "Open positions"),
        Column::number("closed_positions", "Closed positions"),
        Column::number("net_entry_value_usd", "Net entry value").unit("USD"),
        Column::number("cash_entries_usd", "Cash entries").unit("USD"),
        Column::text("is_demo", "Demo"),
    ]);
    for book in books {
        let open = book.lots.iter().filter(|lot| lot.position.exit_date.is_none());
        let net: f64 = open.clone().map(|lot| lot.units() * lot.position.entry_price).sum();
        let count = open.count();
        table.push(vec![
            Cell::text(&book.portfolio.slug),
            Cell::text(&book.portfolio.name),
            Cell::or_blank(email(book.portfolio.user_id), Cell::Text),
            Cell::Date(book.portfolio.opened_on),
            Cell::Int(count as i64),
            Cell::Int((book.lots.len() - count) as i64),
            Cell::Money(net),
            Cell::Money(book.cash.iter().map(|entry| entry.amount).sum()),
            Cell::Bool(book.portfolio.is_demo),
        ]);
    }
    Ok(table)
}
