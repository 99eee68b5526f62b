//! `show` of a choice of positions: their factor exposures, from the stored loadings and Greeks of their instruments.

use sigma_cli::sessions::calendar_error;
use sigma_cli::{StoredDate, Table, store_error};
use sigma_core::analytics::factor_model;
use sigma_core::analytics::performance::roll_from_opening;
use sigma_core::analytics::positions::assess;
use sigma_core::calendar::Calendar;
use sigma_core::model::Book;
use sigma_store::Store;

use crate::positions_table::exposure_table;
use crate::show::Args;

/// Told below the table.
pub const OF_CHOSEN: &str =
    "of the positions that match: sums of their parts, betas over the NAV of the whole portfolio";

/// Exposures of the positions that match; portfolios without one that has loadings are passed over.
pub async fn exposures(
    store: &mut Store,
    calendar: &Calendar,
    args: &Args,
    books: &[Book],
    date: StoredDate,
) -> anyhow::Result<Table> {
    let as_of = date.as_of;
    let market = store.books_market(books, &[], None, as_of).await.map_err(store_error)?;
    let mut results = store.instrument_results(as_of, as_of, &args.method).await.map_err(store_error)?;
    let results = results.remove(&as_of).unwrap_or_default();
    if results.fits.is_empty() {
        return Err(date.nothing(&format!("loadings by the method {}", args.method)));
    }
    let definitions = store.factors().await.map_err(store_error)?;
    let mut rows = Vec::new();
    for book in books {
        let days = roll_from_opening(book, &market, calendar, as_of).map_err(calendar_error)?;
        let Some(day) = days.last().filter(|day| day.date == as_of) else { continue };
        let mut views = assess(book, &day.lots, &market, &results);
        views.retain(|view| args.filter.matches(&book.lots[view.lot]));
        let found = factor_model::exposures(book, &views, &market, &results, &definitions, day.nav);
        rows.extend(found.map(|found| (book.portfolio.id, as_of, found)));
    }
    Ok(exposure_table(books, &rows))
}
