//! Dates of stored results, and the state of books on them.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{ExitStatus, fail, store_error};
use sigma_core::analytics::performance::{self, Day};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Instrument, Market};
use sigma_store::{Engine, Store};

/// The date asked for, or the latest of an engine. An engine without results is an error that names the remedy.
pub async fn date(
    store: &mut Store,
    engine: Engine,
    ids: Option<&[i64]>,
    asked: Option<NaiveDate>,
) -> anyhow::Result<NaiveDate> {
    let latest = store.latest_as_of(engine, ids).await.map_err(store_error)?;
    match latest {
        None => Err(fail(ExitStatus::Failed, "no factor results are stored", "run `sigma-factors run`")),
        Some(latest) => Ok(asked.unwrap_or(latest)),
    }
}

/// Nothing stored for a date and method.
pub fn nothing(what: &str, as_of: NaiveDate) -> anyhow::Error {
    fail(
        ExitStatus::Failed,
        format!("no {what} are stored for {as_of}"),
        format!("run `sigma-factors run --as-of {as_of}`"),
    )
}

/// Prices and quotes that value these books up to a date.
pub async fn market(store: &mut Store, books: &[Book], as_of: NaiveDate) -> anyhow::Result<Market> {
    let lots = || books.iter().flat_map(|book| &book.lots);
    let ids: BTreeSet<i64> = lots().map(|lot| lot.instrument.id).collect();
    let symbols: BTreeSet<&str> = lots().map(|lot| lot.instrument.risk_symbol()).collect();
    let mut instruments: Vec<Instrument> = store.instruments().await.map_err(store_error)?;
    instruments.retain(|i| ids.contains(&i.id) || symbols.contains(i.symbol.as_str()));
    let opened = books.iter().map(|book| book.portfolio.opened_on).min().unwrap_or(as_of);
    store.market(&instruments, opened.min(as_of), as_of).await.map_err(store_error)
}

/// A book at the close of a date; `None` before it opened.
pub fn day(
    book: &Book,
    market: &Market,
    calendar: &Calendar,
    as_of: NaiveDate,
) -> anyhow::Result<Option<Day>> {
    let opening = calendar.session_on_or_after(book.portfolio.opened_on).map_err(calendar_error)?;
    let sessions = calendar.sessions_between(opening, as_of).map_err(calendar_error)?;
    let mut days = performance::roll(book, market, calendar, &sessions).map_err(calendar_error)?;
    Ok(days.pop().filter(|day| day.date == as_of))
}
