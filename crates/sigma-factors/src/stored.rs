//! Stored results that lists show, and the state of books on their dates.

use chrono::NaiveDate;
use sigma_cli::StoredResults;
use sigma_cli::sessions::calendar_error;
use sigma_core::analytics::performance::{self, Day};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Market};
use sigma_store::Engine;

const COMMAND: &str = "sigma-factors run";

pub const FITS: StoredResults =
    StoredResults { engine: Engine::FactorFits, what: "factor results", command: COMMAND };
pub const FACTOR_CORRELATIONS: StoredResults = StoredResults {
    engine: Engine::FactorCovariances,
    what: "correlations of the factors",
    command: COMMAND,
};
pub const HOLDING_CORRELATIONS: StoredResults =
    StoredResults { engine: Engine::Correlations, what: "correlations of holdings", command: COMMAND };

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
