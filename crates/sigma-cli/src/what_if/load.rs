//! A portfolio before and after trades, with what engines work on; nothing is written.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sigma_core::analytics::factor_model::DEFAULT_METHOD;
use sigma_core::analytics::performance::{Day, roll_from_opening};
use sigma_core::analytics::positions::{PositionView, assess};
use sigma_core::analytics::pro_forma::{Fill, TradingClose, apply};
use sigma_core::analytics::trade_problems::{name_tags, too_many_tags};
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    Book, FactorDefinition, Instrument, InstrumentResults, Issue, Market, Trade, TradeProblem,
};
use sigma_store::Store;

pub use super::request::{ProFormaRequest, one_portfolio};
use super::stand_in::{self, PriceSource, Stated};
use super::{fit, problem_count, problems_document};
use crate::app::App;
use crate::args::{Format, OutputArgs};
use crate::database::store_error;
use crate::exit::{ExitStatus, ToolError, fail};
use crate::output::Destination;
use crate::render::render;
use crate::sessions::calendar_error;

/// One state of the portfolio at the close.
#[derive(Debug, Clone)]
pub struct Side {
    pub book: Book,
    pub day: Day,
    pub views: Vec<PositionView>,
}

impl Side {
    /// Rolls a book to the close and values it.
    pub fn new(
        book: Book,
        market: &Market,
        calendar: &Calendar,
        as_of: NaiveDate,
        results: &InstrumentResults,
    ) -> anyhow::Result<Side> {
        let day = rolled(&book, market, calendar, as_of)?;
        let views = assess(&book, &day.lots, market, results);
        Ok(Side { book, day, views })
    }
}

fn rolled(book: &Book, market: &Market, calendar: &Calendar, as_of: NaiveDate) -> anyhow::Result<Day> {
    let mut days = roll_from_opening(book, market, calendar, as_of).map_err(calendar_error)?;
    days.pop().filter(|day| day.date == as_of).ok_or_else(|| {
        let Book { portfolio, .. } = book;
        let message = format!("{} opens on {}, after {as_of}", portfolio.slug, portfolio.opened_on);
        fail(ExitStatus::Usage, message, "name a later date with --as-of")
    })
}

/// The portfolio before and after.
#[derive(Debug)]
pub struct WhatIf {
    pub as_of: NaiveDate,
    pub before: Side,
    pub after: Side,
    pub fills: Vec<Fill>,
    pub market: Market,
    /// By symbol; those that are not stored have ids below zero.
    pub instruments: HashMap<String, Instrument>,
    pub results: InstrumentResults,
    pub definitions: Vec<FactorDefinition>,
    /// Symbols without a price of the close, and what stands in for it.
    pub price_sources: HashMap<String, PriceSource>,
    /// What was computed in memory, what stands in for a price, and what is missing.
    pub issues: Vec<Issue>,
}

/// Loads the portfolio and applies the trades. When something is wrong with them, the problems are the answer, and the
/// error says how many there are.
pub async fn load_what_if(
    app: &App,
    store: &mut Store,
    calendar: &Calendar,
    mut request: ProFormaRequest,
    output: &OutputArgs,
) -> anyhow::Result<WhatIf> {
    let as_of = request.as_of;
    let book = one_book(store, request.portfolio.as_deref()).await?;
    check_tags(store, &book, &mut request).await?;
    let mut instruments: HashMap<String, Instrument> = store
        .instruments()
        .await
        .map_err(store_error)?
        .into_iter()
        .map(|instrument| (instrument.symbol.clone(), instrument))
        .collect();
    let made = stand_in::instruments(&request.trades, &instruments);
    instruments.extend(made.into_iter().map(|instrument| (instrument.symbol.clone(), instrument)));
    let traded = traded(&request.trades, &instruments);
    let mut market = market_of(store, &book, &traded, &instruments, as_of).await?;
    let mut results = store.instrument_results(as_of, as_of, DEFAULT_METHOD).await.map_err(store_error)?;
    let mut results = results.remove(&as_of).unwrap_or_default();
    let definitions = store.factors().await.map_err(store_error)?;
    let known = (&instruments, definitions.as_slice());
    let stated =
        Stated::put(&request.trades, &traded, &mut market, (as_of, calendar)).map_err(calendar_error)?;
    let mut issues = fit::complete(store, calendar, as_of, &traded, known, &stated, &mut results).await?;
    let (price_sources, told) = stand_in::prices(&stated, &traded, &results, &mut market, (as_of, calendar))
        .map_err(calendar_error)?;
    request.problems.extend(stated.problems(&results));
    issues.extend(told);

    let day = rolled(&book, &market, calendar, as_of)?;
    let close = TradingClose {
        as_of,
        calendar,
        market: &market,
        instruments: &instruments,
        fractional: request.fractional,
        can_state_prices: request.can_state_prices,
    };
    let applied = apply(&book, &day, &request.trades, &close).map_err(calendar_error)?;
    let pro_forma = match applied {
        Ok(pro_forma) if request.problems.is_empty() => pro_forma,
        applied => {
            let mut problems = request.problems;
            problems.extend(applied.err().unwrap_or_default());
            return Err(refused(app, &problems, &request.source, output)?);
        }
    };
    let after = Side::new(pro_forma.book, &market, calendar, as_of, &results)?;
    let views = assess(&book, &day.lots, &market, &results);
    let before = Side { book, day, views };
    Ok(WhatIf {
        as_of,
        before,
        after,
        fills: pro_forma.fills,
        market,
        instruments,
        results,
        definitions,
        price_sources,
        issues,
    })
}

/// What a trade opens may become a stored position, so its tag obeys the rules of tags from the start.
async fn check_tags(store: &mut Store, book: &Book, request: &mut ProFormaRequest) -> anyhow::Result<()> {
    if request.trades.iter().all(|trade| trade.tag.is_none()) {
        return Ok(());
    }
    let tags = store.tags(book.portfolio.user_id).await.map_err(store_error)?;
    let stored: Vec<String> = tags.into_iter().map(|tag| tag.name).collect();
    let wrong = name_tags(&mut request.trades, &stored);
    // A name that is no tag is not counted as one.
    let counted = if wrong.is_empty() { too_many_tags(&request.trades, &stored) } else { Vec::new() };
    request.problems.extend(wrong.into_iter().chain(counted));
    Ok(())
}

/// Tells the problems and gives the error: as the answer on standard output; on stderr where the answer would take the
/// place of a file, for that file is of a run that worked.
fn refused(
    app: &App,
    problems: &[TradeProblem],
    source: &str,
    output: &OutputArgs,
) -> anyhow::Result<anyhow::Error> {
    let document = problems_document(problems, source);
    match Destination::new(output.output.as_deref()) {
        Destination::Stdout => app.write(output, &document)?,
        Destination::File(_) => {
            let told = render(&document, Format::Table, None)?;
            told.lines().filter(|line| !line.is_empty()).for_each(|line| app.tell(line));
        }
    }
    let count = problem_count(problems);
    let message = format!("{count} in the trades of {source}; nothing was computed");
    Ok(fail(ExitStatus::Usage, message, "each row above says what to do"))
}

/// The book of the slug, or the only one.
pub async fn one_book(store: &mut Store, slug: Option<&str>) -> anyhow::Result<Book> {
    let slugs: Vec<String> = slug.map(str::to_owned).into_iter().collect();
    let mut books = store.books(&slugs).await.map_err(store_error)?;
    match (books.pop(), books.is_empty()) {
        (Some(book), true) => Ok(book),
        (None, _) => Err(fail(
            ExitStatus::Failed,
            "no portfolio is stored",
            "run `sigma-seed demo` or `sigma-seed import FILE`",
        )),
        (Some(last), false) => {
            let mut known: Vec<&str> = books.iter().map(|book| book.portfolio.slug.as_str()).collect();
            known.push(&last.portfolio.slug);
            let hint = format!("give --portfolio with one of: {}", known.join(", "));
            Err(ToolError::usage("trades are thought of in one portfolio, several are stored")
                .hint(hint)
                .into())
        }
    }
}

/// Instruments of the trades, each once.
fn traded(trades: &[Trade], instruments: &HashMap<String, Instrument>) -> Vec<Instrument> {
    let found = trades.iter().filter_map(|trade| instruments.get(&trade.symbol));
    let by_id: BTreeMap<i64, &Instrument> = found.map(|instrument| (instrument.id, instrument)).collect();
    by_id.into_values().cloned().collect()
}

/// Market data of the book, of the instruments traded, and of what their options stand on.
pub async fn market_of(
    store: &mut Store,
    book: &Book,
    traded: &[Instrument],
    instruments: &HashMap<String, Instrument>,
    as_of: NaiveDate,
) -> anyhow::Result<Market> {
    let underlyings = traded.iter().filter_map(|instrument| instruments.get(instrument.risk_symbol()));
    let others: Vec<Instrument> = traded.iter().chain(underlyings).cloned().collect();
    store.books_market(std::slice::from_ref(book), &others, None, as_of).await.map_err(store_error)
}
