//! One file a verb.

pub mod books;
pub mod check;
pub mod env;
pub mod history;
pub mod limits;
pub mod quality;
pub mod quarantine;
pub mod runs;

use chrono::NaiveDate;
use sigma_cli::{App, AsOfArgs, ExitStatus, fail, store_error};
use sigma_core::calendar::Calendar;
use sigma_store::Store;

/// The session asked for, or the latest with stored prices, or the last completed one.
async fn as_of(
    app: &App,
    store: &mut Store,
    calendar: &Calendar,
    args: &AsOfArgs,
) -> anyhow::Result<NaiveDate> {
    let stored = store.latest_price_date().await.map_err(store_error)?;
    let date = match args.as_of.or(stored) {
        Some(date) => date,
        None => app.last_completed_session(calendar)?,
    };
    calendar.session_on_or_before(date).map_err(sigma_cli::sessions::calendar_error)
}

/// The error of a database without portfolios.
fn no_portfolio() -> anyhow::Error {
    fail(ExitStatus::Failed, "no portfolio is stored", "run `sigma-seed demo` or `sigma-seed import FILE`")
}
