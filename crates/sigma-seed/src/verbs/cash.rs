//! `cash`: add, list.

use chrono::NaiveDate;
use serde_json::json;
use sigma_cli::args::parse_date;
use sigma_cli::{App, Cell, Column, Document, DryRun, ExitStatus, LockArgs, OutputArgs, Table, store_error};
use sigma_core::model::{Book, CashEntry, CashKind};
use sigma_store::NewCashEntry;

use super::{ListVerb, check_not_future, one_row, recorded, usage, warn_digits};
use crate::decimal::Decimal;

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Enter money paid in or out, interest or fees; cash of trades and dividends follows from the positions
    Add(AddVerb),
    /// List the entries
    List(ListVerb),
}

#[derive(Debug, clap::Args)]
pub struct AddVerb {
    /// Portfolio by its slug
    #[arg(long, value_name = "SLUG")]
    pub portfolio: String,
    /// opening, contribution, withdrawal, interest or fee
    #[arg(long, value_parser = parse_kind)]
    pub kind: CashKind,
    /// US dollars; money out of the portfolio is negative
    #[arg(long, value_parser = Decimal::parse, allow_negative_numbers = true)]
    pub amount: Decimal,
    /// Day of the entry
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub date: NaiveDate,
    /// What it was for
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

fn parse_kind(text: &str) -> Result<CashKind, String> {
    CashKind::parse(text).ok_or_else(|| {
        let known: Vec<&str> = CashKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("use one of: {}", known.join(", "))
    })
}

/// Runs one of the verbs.
pub async fn run(verb: Verb, app: &App) -> anyhow::Result<ExitStatus> {
    match verb {
        Verb::Add(args) => add(args, app).await,
        Verb::List(args) => list(args, app).await,
    }
}

async fn add(args: AddVerb, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("cash-add");
    check_not_future(app, "--date", args.date)?;
    let mut store = app.open_store().await?;
    let books = store.books(std::slice::from_ref(&args.portfolio)).await.map_err(store_error)?;
    let Some(book) = books.into_iter().next() else { return Ok(ExitStatus::Done) };
    check(&args, &book)?;
    warn_digits(app, "--amount", &args.amount);
    if args.dry_run.dry_run {
        app.note(&format!(
            "dry run: would enter {} of {} in {}",
            args.kind, args.amount.value, args.portfolio
        ));
        return Ok(ExitStatus::Done);
    }

    let _lock = app.lock(&args.lock).await?;
    let parameters =
        json!({ "portfolio": args.portfolio, "kind": args.kind.as_str(), "amount": args.amount.value });
    let id = recorded(app, &mut store, "cash add", parameters, async |store| {
        let entry = NewCashEntry {
            portfolio_id: book.portfolio.id,
            date: args.date,
            kind: args.kind,
            amount: args.amount.value,
            note: args.note.clone(),
        };
        Ok((store.add_cash(entry).await.map_err(store_error)?, one_row(true)))
    })
    .await?;
    let mut books = store.books(std::slice::from_ref(&args.portfolio)).await.map_err(store_error)?;
    books.iter_mut().for_each(|book| book.cash.retain(|entry| entry.id == id));
    app.write(&args.output, &Document::single(table(&books)))?;
    Ok(ExitStatus::Done)
}

fn check(args: &AddVerb, book: &Book) -> anyhow::Result<()> {
    let (amount, opened_on) = (args.amount.value, book.portfolio.opened_on);
    if args.date < opened_on {
        let message = format!("{} opens on {opened_on}; --date {} lies before", args.portfolio, args.date);
        return Err(usage(message, "cash before the opening is part of the opening cash"));
    }
    let is_signed_right = match args.kind {
        CashKind::Contribution => amount > 0.0,
        CashKind::Withdrawal | CashKind::Fee => amount < 0.0,
        CashKind::Interest => amount != 0.0,
        CashKind::Opening => true,
    };
    if !is_signed_right {
        return Err(usage(
            format!("--amount {amount} does not fit --kind {}", args.kind),
            "contributions are positive, withdrawals and fees negative, interest either; none is 0",
        ));
    }
    if args.kind == CashKind::Opening {
        if let Some(entry) = book.cash.iter().find(|entry| entry.kind == CashKind::Opening) {
            let message = format!("{} has opening cash of {} already", args.portfolio, entry.amount);
            return Err(usage(message, "enter a contribution or a withdrawal"));
        }
        if args.date != opened_on {
            let message = format!("opening cash belongs to the opening day of {}", args.portfolio);
            return Err(usage(message, format!("use --date {opened_on}, or --kind contribution")));
        }
    }
    Ok(())
}

async fn list(args: ListVerb, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    let mut table = table(&books);
    let total = args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title(format!("Cash entries ({total})")))?;
    Ok(ExitStatus::Done)
}

/// One row for each entry.
pub(super) fn table(books: &[Book]) -> Table {
    let mut table = Table::new(vec![
        Column::number("entry_id", "Id"),
        Column::text("portfolio", "Portfolio"),
        Column::text("date", "Date"),
        Column::text("kind", "Kind"),
        Column::number("amount_usd", "Amount").unit("USD"),
        Column::text("note", "Note"),
    ]);
    for book in books {
        for CashEntry { id, date, kind, amount, note, .. } in &book.cash {
            table.push(vec![
                Cell::Int(*id),
                Cell::text(&book.portfolio.slug),
                Cell::Date(*date),
                Cell::text(kind.as_str()),
                Cell::Money(*amount),
                Cell::or_blank(note.clone(), Cell::Text),
            ]);
        }
    }
    table
}
