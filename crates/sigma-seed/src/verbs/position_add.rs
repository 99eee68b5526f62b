//! `position add`.

use chrono::NaiveDate;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use sigma_cli::args::parse_date;
use sigma_cli::{App, Document, DryRun, ExitStatus, LockArgs, OutputArgs, store_error};
use sigma_core::model::{Book, TAGS_PER_POSITION, TagError, parse_occ};
use sigma_store::{NewInstrument, NewPosition, Saved, Store};

use super::{check_not_future, note_session, one_row, position, recorded, tag, usage, warn_digits};
use crate::decimal::{Decimal, parse_price, parse_quantity};
use crate::symbols::{SymbolError, canonical, instruments_of};
use crate::tagging;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Portfolio by its slug
    #[arg(long, value_name = "SLUG")]
    pub portfolio: String,
    /// Symbol such as BRK.B; options such as SPY250919C00460000 or in a notation of brokers
    #[arg(long, allow_hyphen_values = true)]
    pub symbol: String,
    /// Units, for options contracts; negative is short
    #[arg(long, value_parser = parse_quantity, allow_negative_numbers = true)]
    pub quantity: Decimal,
    /// Price of one unit, for options as quoted, US dollars
    #[arg(long, value_parser = parse_price, allow_negative_numbers = true)]
    pub price: Decimal,
    /// Day of the trade
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub date: NaiveDate,
    /// Tag; repeatable
    #[arg(long = "tag", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub tags: Vec<String>,
    /// Underlying of an option whose root does not tell it
    #[arg(long, value_name = "SYMBOL")]
    pub underlying: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Enters a lot; an unknown instrument is created with it.
pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("position-add");
    let symbol = canonical(&args.symbol).map_err(symbol_error)?;
    let instruments = instruments_of(&symbol, args.underlying.as_deref()).map_err(symbol_error)?;
    check_dates(app, &args, &symbol)?;
    let mut store = app.open_store().await?;
    let books = store.books(std::slice::from_ref(&args.portfolio)).await.map_err(store_error)?;
    let Some(book) = books.into_iter().next() else { return Ok(ExitStatus::Done) };
    let tags = tags_of(&mut store, &book, &args.tags).await?;
    remark(app, &args, &symbol, &book)?;
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would enter {} {symbol} in {}", args.quantity.value, args.portfolio));
        return Ok(ExitStatus::Done);
    }

    let _lock = app.lock(&args.lock).await?;
    let parameters =
        json!({ "portfolio": args.portfolio, "symbol": symbol, "quantity": args.quantity.value });
    let id = recorded(app, &mut store, "position add", parameters, async |store| {
        add(store, &args, &book, instruments, &symbol, &tags).await
    })
    .await?;
    let books = store.books(std::slice::from_ref(&args.portfolio)).await.map_err(store_error)?;
    app.write(&args.output, &Document::single(position::table(&books, |lot| lot.position.id == id)))?;
    Ok(ExitStatus::Done)
}

/// The names of the tags, by the rules for tags and the owner's other tags.
async fn tags_of(store: &mut Store, book: &Book, texts: &[String]) -> anyhow::Result<Vec<String>> {
    let stored = tag::tag_names(store, book.portfolio.user_id).await?;
    let names = tag::names_of(texts, &stored)?;
    tagging::check_user(&names, &stored).map_err(tag::refused)?;
    match names.len() {
        count if count > TAGS_PER_POSITION => {
            Err(tag::refused(TagError::TooManyOnPosition { what: "the position".into(), count }))
        }
        _ => Ok(names),
    }
}

fn symbol_error(error: SymbolError) -> anyhow::Error {
    usage(error.to_string(), "write shares like BRK.B and options like SPY250919C00460000")
}

fn check_dates(app: &App, args: &Args, symbol: &str) -> anyhow::Result<()> {
    check_not_future(app, "--date", args.date)?;
    match parse_occ(symbol).filter(|occ| occ.expiry < args.date) {
        Some(occ) => Err(usage(
            format!("{symbol} expired on {}, before --date {}", occ.expiry, args.date),
            "correct the date or the symbol",
        )),
        None => Ok(()),
    }
}

/// What is allowed and yet worth a second look.
fn remark(app: &App, args: &Args, symbol: &str, book: &Book) -> anyhow::Result<()> {
    warn_digits(app, "--quantity", &args.quantity);
    warn_digits(app, "--price", &args.price);
    note_session(app, args.date)?;
    let same = book.lots.iter().find(|lot| {
        let position = &lot.position;
        (lot.instrument.symbol.as_str(), position.entry_date) == (symbol, args.date)
            && (position.quantity, position.entry_price) == (args.quantity.value, args.price.value)
    });
    if let Some(lot) = same {
        let id = lot.position.id;
        app.note(&format!("warning: position {id} is the same trade; this enters it a second time"));
    }
    Ok(())
}

async fn add(
    store: &mut Store,
    args: &Args,
    book: &Book,
    instruments: Vec<NewInstrument>,
    symbol: &str,
    tags: &[String],
) -> anyhow::Result<(i64, Saved)> {
    let stored = store.upsert_instruments(instruments).await.map_err(store_error)?;
    let count = stored.ids.len() as u64;
    let mut saved = Saved { stored: count, changed: stored.inserted + stored.updated };
    let Some(&instrument_id) = stored.ids.get(symbol) else {
        anyhow::bail!("the instrument {symbol} was not stored");
    };
    let new = NewPosition {
        portfolio_id: book.portfolio.id,
        instrument_id,
        quantity: args.quantity.value,
        entry_price: args.price.value,
        entry_date: args.date,
        exit: None,
    };
    let id = store.add_position(new).await.map_err(store_error)?;
    saved += one_row(true);
    let tagged = [(id, tags.to_vec())];
    saved += store.set_position_tags(book.portfolio.user_id, &tagged).await.map_err(store_error)?;
    Ok((id, saved))
}
