//! Books rolled over stored prices: the one valuation behind snapshots, reports and lists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use sigma_cli::sessions::calendar_error;
use sigma_cli::store_error;
use sigma_core::analytics::performance::{self, Day};
use sigma_core::analytics::positions::{self, PositionView};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Instrument, InstrumentKind, InstrumentResults, Market};
use sigma_store::Store;

/// Days before the opening from which prices are loaded: more than any price may be old.
const LEAD_DAYS: u64 = 14;

/// A date before every stored price.
const BEGINNING: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();

/// Prices and quotes that value `books` at every close from their opening to `to`.
pub async fn load_market(store: &mut Store, books: &[Book], to: NaiveDate) -> anyhow::Result<Market> {
    let opened = books.iter().map(|book| book.portfolio.opened_on).min().unwrap_or(to);
    let from = opened.checked_sub_days(Days::new(LEAD_DAYS)).unwrap_or(opened);
    let instruments = instruments_of(store, books).await?;
    let mut market = store.market(&instruments, from.min(to), to).await.map_err(store_error)?;
    // A private asset is held at its last stated value, however old that is.
    let is_private = |i: &&Instrument| i.kind == InstrumentKind::Private;
    let private: Vec<i64> = instruments.iter().filter(is_private).map(|i| i.id).collect();
    if !private.is_empty() {
        let stated = store.price_histories(&private, BEGINNING, to).await.map_err(store_error)?;
        market.histories.extend(stated);
    }
    Ok(market)
}

/// What the books hold, and the underlyings of their options.
async fn instruments_of(store: &mut Store, books: &[Book]) -> anyhow::Result<Vec<Instrument>> {
    let mut held: BTreeMap<i64, Instrument> = BTreeMap::new();
    let mut underlyings: BTreeSet<String> = BTreeSet::new();
    for lot in books.iter().flat_map(|book| &book.lots) {
        underlyings.extend(lot.instrument.option.as_ref().map(|terms| terms.underlying.clone()));
        held.entry(lot.instrument.id).or_insert_with(|| lot.instrument.clone());
    }
    let symbols: Vec<String> = underlyings.into_iter().collect();
    for instrument in store.instruments_by_symbol(&symbols).await.map_err(store_error)? {
        held.entry(instrument.id).or_insert(instrument);
    }
    Ok(held.into_values().collect())
}

/// Every session of a book from its opening to `to`; empty when it opens later.
pub fn roll(book: &Book, market: &Market, calendar: &Calendar, to: NaiveDate) -> anyhow::Result<Vec<Day>> {
    let opening = calendar.session_on_or_after(book.portfolio.opened_on).map_err(calendar_error)?;
    if opening > to {
        return Ok(Vec::new());
    }
    let sessions = calendar.sessions_between(opening, to).map_err(calendar_error)?;
    performance::roll(book, market, calendar, &sessions).map_err(calendar_error)
}

/// The positions of a rolled day, with what the engines stored for their instruments.
pub fn views(book: &Book, day: &Day, market: &Market, results: &InstrumentResults) -> Vec<PositionView> {
    positions::assess(book, &day.lots, market, results)
}
