//! Which engines have data for each portfolio on the date.

use sigma_core::analytics::stress::{MARKET_MOVES, RATE_MOVES_BP};
use sigma_core::model::Book;
use sigma_store::EngineCoverage;

use super::{PortfolioRow, Stored};

/// An engine, in the order of the daily run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    MarketData,
    Valuation,
    Greeks,
    Factors,
    MarketRisk,
    Stress,
    Correlations,
    Snapshots,
}

impl Engine {
    pub const ALL: [Engine; 8] = [
        Engine::MarketData,
        Engine::Valuation,
        Engine::Greeks,
        Engine::Factors,
        Engine::MarketRisk,
        Engine::Stress,
        Engine::Correlations,
        Engine::Snapshots,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Engine::MarketData => "market data",
            Engine::Valuation => "valuation and exposures",
            Engine::Greeks => "greeks",
            Engine::Factors => "factors",
            Engine::MarketRisk => "market risk",
            Engine::Stress => "stress",
            Engine::Correlations => "correlations",
            Engine::Snapshots => "snapshots",
        }
    }

    /// The command that computes it.
    pub fn command(self) -> &'static str {
        match self {
            Engine::MarketData => "sigma-sync run",
            Engine::Greeks => "sigma-greeks run",
            Engine::Factors | Engine::Correlations => "sigma-factors run",
            Engine::MarketRisk | Engine::Stress => "sigma-stress run",
            Engine::Valuation | Engine::Snapshots => "sigma-report snapshot",
        }
    }
}

/// Whether an engine has done its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Data,
    /// Fewer rows than there should be.
    Partial,
    Missing,
    /// Nothing for it to compute: Greeks of a portfolio without options.
    NotApplicable,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Data => "data",
            Status::Partial => "partial",
            Status::Missing => "missing",
            Status::NotApplicable => "not applicable",
        }
    }
}

/// One engine and portfolio.
pub struct EngineRow {
    pub portfolio: String,
    pub engine: Engine,
    pub rows: u64,
    pub expected: u64,
    pub status: Status,
}

/// One row for each engine and portfolio.
pub fn rows(stored: &Stored, portfolios: &[PortfolioRow]) -> Vec<EngineRow> {
    let books = stored.books.iter().zip(portfolios).zip(&stored.coverage);
    books
        .flat_map(|((book, counts), coverage)| {
            Engine::ALL.map(|engine| {
                let (rows, expected) = numbers(stored, book, counts, coverage, engine);
                let status = match rows {
                    _ if expected == 0 => Status::NotApplicable,
                    0 => Status::Missing,
                    n if n < expected => Status::Partial,
                    _ => Status::Data,
                };
                EngineRow { portfolio: counts.slug.clone(), engine, rows, expected, status }
            })
        })
        .collect()
}

/// Rows found and the fewest there should be.
fn numbers(
    stored: &Stored,
    book: &Book,
    counts: &PortfolioRow,
    coverage: &EngineCoverage,
    engine: Engine,
) -> (u64, u64) {
    let held = counts.positions as u64;
    let one = held.min(1);
    match engine {
        Engine::MarketData => (counts.priced as u64, held),
        Engine::Valuation => (coverage.exposures, one),
        Engine::Greeks => (coverage.greeks_with_numbers, contracts(stored, book)),
        Engine::Factors => (coverage.factor_exposures, one),
        Engine::MarketRisk => (coverage.market_risk, one * (MARKET_MOVES.len() + RATE_MOVES_BP.len()) as u64),
        Engine::Stress => (coverage.stress, one * stored.active_scenarios as u64),
        Engine::Correlations => (coverage.correlations, one),
        Engine::Snapshots => (coverage.snapshots, 1),
    }
}

/// Distinct option contracts held that have not expired.
fn contracts(stored: &Stored, book: &Book) -> u64 {
    let open = book.lots.iter().filter(|lot| lot.position.is_open(stored.as_of));
    let mut ids: Vec<i64> = open
        .filter(|lot| lot.instrument.option.as_ref().is_some_and(|terms| terms.expiry >= stored.as_of))
        .map(|lot| lot.instrument.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len() as u64
}

/// Engines with data for every portfolio they apply to, and engines that apply to any. An engine with rows for only
/// some of what it should cover counts: the missing rest is a finding.
pub fn count(rows: &[EngineRow]) -> (usize, usize) {
    let of =
        |engine| rows.iter().filter(move |row| row.engine == engine && row.status != Status::NotApplicable);
    let considered: Vec<Engine> =
        Engine::ALL.into_iter().filter(|engine| of(*engine).next().is_some()).collect();
    let with_data = considered.iter().filter(|engine| of(**engine).all(|row| row.status != Status::Missing));
    (with_data.count(), considered.len())
}
