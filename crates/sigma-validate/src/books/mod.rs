//! The check of the books, pure: from what is stored to counts, engines, findings and a score.

pub mod engines;
pub mod findings;
pub mod recommendations;
pub mod tables;

use chrono::NaiveDate;
use sigma_core::analytics::readiness::{
    DEMO_PORTFOLIOS, DEMO_POSITIONS, Readiness, ReadinessInputs, readiness,
};
use sigma_core::analytics::valuation::{Mark, mark};
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{Book, Market, Reason};
use sigma_store::EngineCoverage;

use engines::EngineRow;
use findings::Finding;

/// Positions of the demonstration books, by slug.
pub const DEMO_BOOKS: [(&str, usize); 3] =
    [("demo-individual", 16), ("demo-hnw", 17), ("demo-hedgefundstyle", 30)];

/// What the check is a function of.
pub struct Stored {
    pub calendar: Calendar,
    pub as_of: NaiveDate,
    pub books: Vec<Book>,
    /// Prices and quotes from the first entry to the date, underlyings included.
    pub market: Market,
    /// By portfolio, in the order of the books.
    pub coverage: Vec<EngineCoverage>,
    pub active_scenarios: usize,
    /// Whether all portfolios are looked at, so that a missing demo portfolio is one.
    pub all_portfolios: bool,
}

/// Counts of one portfolio.
pub struct PortfolioRow {
    pub slug: String,
    pub name: String,
    pub is_demo: bool,
    pub positions: usize,
    /// Of the demonstration.
    pub expected: Option<usize>,
    pub priced: usize,
    /// Age of the oldest price in use, in sessions.
    pub oldest_sessions: Option<usize>,
    pub stale: usize,
}

/// The answer.
pub struct Assessment {
    pub portfolios: Vec<PortfolioRow>,
    pub engines: Vec<EngineRow>,
    pub findings: Vec<Finding>,
    pub inputs: ReadinessInputs,
    pub score: f64,
    pub verdict: Readiness,
}

impl Assessment {
    pub fn is_ready(&self) -> bool {
        self.verdict != Readiness::NotReady
    }
}

/// Open lots of a book with their prices, by index of the lot.
pub type Marks = Vec<(usize, Result<Mark, Reason>)>;

/// Assesses the books.
pub fn assess(stored: &Stored) -> Result<Assessment, CalendarError> {
    let marks = stored.books.iter().map(|book| marks(stored, book)).collect::<Result<Vec<_>, _>>()?;
    let portfolios: Vec<PortfolioRow> =
        stored.books.iter().zip(&marks).map(|(book, marks)| portfolio(book, marks)).collect();
    let engines = engines::rows(stored, &portfolios);
    let findings = findings::all(stored, &portfolios, &marks)?;
    let inputs = inputs(stored, &portfolios, &engines);
    let (score, verdict) = readiness(&inputs);
    Ok(Assessment { portfolios, engines, findings, inputs, score, verdict })
}

fn marks(stored: &Stored, book: &Book) -> Result<Marks, CalendarError> {
    let open = book.lots.iter().enumerate().filter(|(_, lot)| lot.position.is_open(stored.as_of));
    open.map(|(at, lot)| Ok((at, mark(&lot.instrument, &stored.market, &stored.calendar, stored.as_of)?)))
        .collect()
}

fn portfolio(book: &Book, marks: &Marks) -> PortfolioRow {
    let found = marks.iter().filter_map(|(_, mark)| mark.ok());
    let slug = &book.portfolio.slug;
    let expected = DEMO_BOOKS.iter().find(|(demo, _)| book.portfolio.is_demo && demo == slug);
    PortfolioRow {
        slug: slug.clone(),
        name: book.portfolio.name.clone(),
        is_demo: book.portfolio.is_demo,
        positions: marks.len(),
        expected: expected.map(|(_, positions)| *positions),
        priced: found.clone().count(),
        oldest_sessions: found.map(|mark| mark.age_sessions).max(),
        stale: marks.iter().filter(|(_, mark)| *mark == Err(Reason::StalePrice)).count(),
    }
}

/// The demo numbers count the demo portfolios. A database that holds only portfolios of its own has no demo numbers to
/// miss; neither has a check limited to some portfolios.
fn inputs(stored: &Stored, portfolios: &[PortfolioRow], engines: &[EngineRow]) -> ReadinessInputs {
    let demo: Vec<&PortfolioRow> = portfolios.iter().filter(|row| row.is_demo).collect();
    let positions: usize = portfolios.iter().map(|row| row.positions).sum();
    let priced: usize = portfolios.iter().map(|row| row.priced).sum();
    let measured = stored.all_portfolios && !demo.is_empty();
    let (with_data, considered) = engines::count(engines);
    ReadinessInputs {
        portfolios: if measured { demo.len() } else { DEMO_PORTFOLIOS },
        positions: if measured { demo.iter().map(|row| row.positions).sum() } else { DEMO_POSITIONS },
        engines_with_data: with_data,
        engines: considered,
        prices_fresh: priced > 0 && portfolios.iter().all(|row| row.stale == 0),
        price_coverage_fraction: if positions == 0 { 0.0 } else { priced as f64 / positions as f64 },
    }
}
