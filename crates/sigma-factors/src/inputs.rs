//! What a run loads, once for all its dates.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{ExitStatus, SessionRange, fail, store_error};
use sigma_core::analytics::factor_model::ReturnPanel;
use sigma_core::analytics::performance::{self, Day};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, FactorDefinition, GreeksRow, Instrument, InstrumentKind, Market};
use sigma_store::{Scope, Store};

/// Loaded data and what is computed from it once: the grid of returns and the roll of each book.
#[derive(Debug)]
pub struct Inputs {
    pub definitions: Vec<FactorDefinition>,
    pub instruments: Vec<Instrument>,
    pub books: Vec<Book>,
    /// By book, the days of the run on which it was open.
    pub days: Vec<HashMap<NaiveDate, Day>>,
    pub market: Market,
    pub panel: ReturnPanel,
    pub greeks: HashMap<NaiveDate, HashMap<i64, GreeksRow>>,
}

impl Inputs {
    pub async fn load(
        store: &mut Store,
        portfolios: &[String],
        calendar: &Calendar,
        dates: &SessionRange,
        window: usize,
    ) -> anyhow::Result<Inputs> {
        let definitions = store.factors().await.map_err(store_error)?;
        if definitions.is_empty() {
            return Err(fail(ExitStatus::Failed, "no factors are defined", "run `sigma-seed migrate`"));
        }
        let books = store.books(portfolios).await.map_err(store_error)?;
        let instruments = store.instruments().await.map_err(store_error)?;
        let warm_up = calendar.sessions_back(dates.from, window).map_err(calendar_error)?;
        let needed = needed(&instruments, &books);
        let market =
            store.books_market(&books, &needed, Some(warm_up), dates.to).await.map_err(store_error)?;
        let rates = store.rates(&[], warm_up, dates.to).await.map_err(store_error)?;
        let mut greeks: HashMap<NaiveDate, HashMap<i64, GreeksRow>> = HashMap::new();
        for row in store.greeks(&Scope::all(dates.from, dates.to)).await.map_err(store_error)? {
            greeks.entry(row.as_of).or_default().insert(row.instrument_id, row);
        }
        let sessions = calendar.sessions_between(warm_up, dates.to).map_err(calendar_error)?;
        let panel = ReturnPanel::new(&market, &rates, &definitions, sessions);
        let days = books.iter().map(|book| days(book, &market, calendar, dates)).collect::<Result<_, _>>()?;
        Ok(Inputs { definitions, instruments: needed, books, days, market, panel, greeks })
    }

    /// What is regressed: everything with a price, and what the books hold or their options stand on, priced or not.
    pub fn regressed(&self) -> Vec<&Instrument> {
        let wanted = symbols(&self.books);
        let has_prices =
            |i: &Instrument| self.market.histories.get(&i.id).is_some_and(|h| !h.bars.is_empty());
        let taken = |i: &&Instrument| {
            !i.is_option()
                && i.kind != InstrumentKind::Private
                && (has_prices(i) || wanted.contains(i.symbol.as_str()))
        };
        self.instruments.iter().filter(taken).collect()
    }
}

/// Symbols whose prices move the books.
fn symbols(books: &[Book]) -> BTreeSet<&str> {
    books.iter().flat_map(|book| &book.lots).map(|lot| lot.instrument.risk_symbol()).collect()
}

/// Everything that is no option, and the options of the books.
fn needed(instruments: &[Instrument], books: &[Book]) -> Vec<Instrument> {
    let held: BTreeSet<i64> = books.iter().flat_map(|b| &b.lots).map(|lot| lot.instrument.id).collect();
    instruments.iter().filter(|i| !i.is_option() || held.contains(&i.id)).cloned().collect()
}

fn days(
    book: &Book,
    market: &Market,
    calendar: &Calendar,
    dates: &SessionRange,
) -> anyhow::Result<HashMap<NaiveDate, Day>> {
    let all = performance::roll_from_opening(book, market, calendar, dates.to).map_err(calendar_error)?;
    Ok(all.into_iter().filter(|day| day.date >= dates.from).map(|day| (day.date, day)).collect())
}
