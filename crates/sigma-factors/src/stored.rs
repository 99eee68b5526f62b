//! Dates of stored results, and the state of books on them.

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{ExitStatus, fail, store_error};
use sigma_core::analytics::performance::{self, Day};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Market};
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

/// A book at the close of a date; `None` before it opened.
pub fn day(
    book: &Book,
    market: &Market,
    calendar: &Calendar,
    as_of: NaiveDate,
) -> anyhow::Result<Option<Day>> {
    let mut days = performance::roll_from_opening(book, market, calendar, as_of).map_err(calendar_error)?;
    Ok(days.pop().filter(|day| day.date == as_of))
}
