//! `export`: a book as a file that imports back.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::ValueEnum;
use sigma_cli::args::parse_date;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{App, Destination, ExitStatus, store_error};
use sigma_core::analytics::performance;

use super::usage;
use crate::import::export::template;

/// Form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// The template of twelve columns, with a column of tags
    #[default]
    Csv,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Portfolio by its slug
    #[arg(long, value_name = "SLUG")]
    pub portfolio: String,
    /// Form of the file
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Day the holdings and the cash are of [default: the last completed session]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub as_of: Option<NaiveDate>,
    /// Write to a file, whole or not at all [default: stdout, also "-"]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Writes lots, tags and cash as of a day.
pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let Format::Csv = args.format;
    let calendar = app.calendar()?;
    let last = app.last_completed_session(&calendar)?;
    let as_of = calendar.session_on_or_before(args.as_of.unwrap_or(last)).map_err(calendar_error)?;
    let mut store = app.open_store().await?;
    let books = store.books(std::slice::from_ref(&args.portfolio)).await.map_err(store_error)?;
    let market = store.books_market(&books, &[], None, as_of).await.map_err(store_error)?;
    let Some(book) = books.into_iter().next() else { return Ok(ExitStatus::Done) };
    if as_of < book.portfolio.opened_on {
        let opened = book.portfolio.opened_on;
        return Err(usage(
            format!("{} opens on {opened}, after {as_of}", args.portfolio),
            "give a later --as-of",
        ));
    }

    let days = performance::roll_from_opening(&book, &market, &calendar, as_of).map_err(calendar_error)?;
    let cash = days.last().map_or(0.0, |day| (day.cash * 1e6).round() / 1e6);
    let settled = days.iter().flat_map(|day| day.settled.iter().copied()).collect();
    let exported = template(&book, &market, as_of, cash, &settled)?;

    Destination::new(args.output.as_deref()).write_text(&exported.text)?;
    exported.remarks.iter().for_each(|remark| app.note(remark));
    app.detail(&format!("{} rows as of {as_of}", exported.rows));
    Ok(ExitStatus::partial_if(!exported.is_complete))
}
