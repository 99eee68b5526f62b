//! `position`: add, list, close, rm, apply-split.

use serde_json::json;
use sigma_cli::{
    App, Cell, Column, Document, DryRun, ExitStatus, ListArgs, LockArgs, OutputArgs, PortfolioArgs, Table,
    store_error,
};
use sigma_core::model::{Book, Lot};
use sigma_store::{Saved, Store};

use super::{position_add, position_close, position_split, recorded, usage};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Enter a position; options by OCC symbol, shorts with a negative quantity
    Add(position_add::Args),
    /// List positions with their ids
    List(ListVerb),
    /// Close a position or a part of it
    Close(position_close::Args),
    /// Remove a position as if it had never been entered
    Rm(RmVerb),
    /// Apply the next stored split of its symbol to a position of shares, or take one back (--undo)
    ApplySplit(position_split::Args),
}

#[derive(Debug, clap::Args)]
pub struct ListVerb {
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    /// Closed positions too
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub list: ListArgs,
}

#[derive(Debug, clap::Args)]
pub struct RmVerb {
    /// Id, as `position list` shows it
    pub id: i64,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Runs one of the verbs.
pub async fn run(verb: Verb, app: &App) -> anyhow::Result<ExitStatus> {
    match verb {
        Verb::Add(args) => position_add::run(args, app).await,
        Verb::List(args) => list(args, app).await,
        Verb::Close(args) => position_close::run(args, app).await,
        Verb::Rm(args) => rm(args, app).await,
        Verb::ApplySplit(args) => position_split::run(args, app).await,
    }
}

async fn list(args: ListVerb, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    let mut table = table(&books, |lot| args.all || lot.position.exit_date.is_none());
    let total = args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title(format!("Positions ({total})")))?;
    Ok(ExitStatus::Done)
}

async fn rm(args: RmVerb, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("position-rm");
    let mut store = app.open_store().await?;
    let (slug, lot) = find(&mut store, args.id).await?;
    let what = format!("position {}, {} {} of {slug}", args.id, lot.position.quantity, lot.instrument.symbol);
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would remove {what}"));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    recorded(app, &mut store, "position rm", json!({ "position_id": args.id }), async |store| {
        store.remove_position(args.id).await.map_err(store_error)?;
        Ok(((), Saved { stored: 0, changed: 1 }))
    })
    .await?;
    app.note(&format!("removed {what}"));
    Ok(ExitStatus::Done)
}

/// The lot with an id, and the slug of its portfolio.
pub(super) async fn find(store: &mut Store, id: i64) -> anyhow::Result<(String, Lot)> {
    let books = store.books(&[]).await.map_err(store_error)?;
    let of = |book: Book| {
        let slug = book.portfolio.slug;
        book.lots.into_iter().find(|lot| lot.position.id == id).map(|lot| (slug, lot))
    };
    books.into_iter().find_map(of).ok_or_else(|| {
        usage(format!("there is no position {id}"), "`sigma-seed position list --all` shows the ids")
    })
}

/// One row for each lot that `is_shown`.
pub(super) fn table(books: &[Book], is_shown: impl Fn(&Lot) -> bool) -> Table {
    let mut table = Table::new(vec![
        Column::number("position_id", "Id"),
        Column::text("portfolio", "Portfolio"),
        Column::text("symbol", "Symbol"),
        Column::text("kind", "Kind"),
        Column::number("quantity", "Quantity"),
        Column::number("multiplier", "Multiplier"),
        Column::text("entry_date", "Entered"),
        Column::number("entry_price_usd", "Entry price").unit("USD"),
        Column::number("entry_value_usd", "Entry value").unit("USD"),
        Column::text("exit_date", "Exited"),
        Column::number("exit_price_usd", "Exit price").unit("USD"),
        Column::text("tags", "Tags"),
    ]);
    for book in books {
        for lot in book.lots.iter().filter(|lot| is_shown(lot)) {
            table.push(row(&book.portfolio.slug, lot));
        }
    }
    table
}

fn row(slug: &str, lot: &Lot) -> Vec<Cell> {
    let position = &lot.position;
    vec![
        Cell::Int(position.id),
        Cell::text(slug),
        Cell::text(&lot.instrument.symbol),
        Cell::text(lot.instrument.kind.as_str()),
        Cell::number(position.quantity, decimals(position.quantity)),
        Cell::number(lot.instrument.multiplier, decimals(lot.instrument.multiplier)),
        Cell::Date(position.entry_date),
        price(position.entry_price),
        Cell::Money(lot.units() * position.entry_price),
        Cell::or_blank(position.exit_date, Cell::Date),
        Cell::or_blank(position.exit_price, price),
        Cell::text(lot.tags.join("; ")),
    ]
}

/// Prices have at least two decimals, and as many as they were entered with.
fn price(price: f64) -> Cell {
    Cell::number(price, decimals(price).max(2))
}

/// Decimals of the shortest form of a number.
fn decimals(value: f64) -> usize {
    value.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len())
}
