//! Books as they stand: everything that a limit can be on, computed from the positions, cash and tags that are stored now.
//!
//! Results that tools have stored are of the book as it was then, and a limit that holds against yesterday's book says
//! nothing. What belongs to instruments (prices, Greeks, loadings) and to factors (covariance) is read as stored, for no
//! change of a book alters it.

use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{ExitStatus, fail, store_error};
use sigma_core::analytics::factor_model::{DEFAULT_METHOD, covariance_method, exposures};
use sigma_core::analytics::performance::{Day, roll_from_opening};
use sigma_core::analytics::positions::{PositionView, assess};
use sigma_core::analytics::repricing::VolatilityMove;
use sigma_core::analytics::shocks::FactorShocks;
use sigma_core::analytics::snapshot::{SnapshotSet, assemble, exclusion, has_nav};
use sigma_core::analytics::stress::{self, COVARIANCE_WINDOW, StressInputs};
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{
    Book, Exclusion, ExposureRow, FactorDefinition, FactorExposure, FactorMatrix, Instrument,
    InstrumentResults, Issue, Market, MarketRiskResult, Reason, Snapshot, StressResult,
};
use sigma_store::{Scope, Store};

/// One portfolio at one close.
pub struct Standing {
    pub snapshot: Snapshot,
    pub exposures: Vec<ExposureRow>,
    pub factors: Vec<FactorExposure>,
    pub stress: Vec<StressResult>,
    pub market_risk: Vec<MarketRiskResult>,
    /// With the engine whose numbers lack it.
    pub exclusions: Vec<(String, Exclusion)>,
}

/// What standings of one close are made of.
pub struct Sources<'a> {
    calendar: &'a Calendar,
    as_of: NaiveDate,
    market: Market,
    /// By symbol.
    instruments: HashMap<String, Instrument>,
    results: InstrumentResults,
    covariance: Option<FactorMatrix>,
    definitions: Vec<FactorDefinition>,
    scenarios: Vec<(String, FactorShocks)>,
    /// What the factor engine has said of factors, by portfolio: no book changes that.
    about_factors: HashMap<i64, Vec<Exclusion>>,
}

impl<'a> Sources<'a> {
    pub async fn load(
        store: &mut Store,
        calendar: &'a Calendar,
        books: &[Book],
        as_of: NaiveDate,
    ) -> anyhow::Result<Sources<'a>> {
        let market = store.books_market(books, &[], None, as_of).await.map_err(store_error)?;
        let instruments = store.instruments().await.map_err(store_error)?;
        let results = store.instrument_results(as_of, as_of, DEFAULT_METHOD).await.map_err(store_error)?;
        let method = covariance_method(COVARIANCE_WINDOW);
        let covariance = store.factor_matrices(as_of, as_of, &method).await.map_err(store_error)?.pop();
        let definitions = store.factors().await.map_err(store_error)?;
        let factors: Vec<String> = definitions.iter().map(|factor| factor.name.clone()).collect();
        let active = store.active_scenarios().await.map_err(store_error)?;
        let scenarios = stress::read_scenarios(&active, &factors).map_err(|problem| {
            let hint = "store the scenarios again: `sigma-seed demo`";
            fail(ExitStatus::Failed, problem.to_string(), hint)
        })?;
        let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
        let day = Scope::day(as_of, &ids);
        let mut about_factors: HashMap<i64, Vec<Exclusion>> = HashMap::new();
        for (id, _, _, found) in store.exclusions(&day, Some("factors")).await.map_err(store_error)? {
            if factors.contains(&found.issue.subject) {
                about_factors.entry(id).or_default().push(found);
            }
        }
        Ok(Sources {
            calendar,
            as_of,
            market,
            instruments: instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect(),
            results: results.into_values().next().unwrap_or_default(),
            covariance,
            definitions,
            scenarios,
            about_factors,
        })
    }

    /// The books by portfolio id; without those that are not open yet or have no NAV.
    pub fn standings(&self, books: &[Book]) -> anyhow::Result<HashMap<i64, Standing>> {
        let mut found = HashMap::new();
        for book in books {
            let standing = self.standing(book).map_err(calendar_error)?;
            found.extend(standing.map(|standing| (book.portfolio.id, standing)));
        }
        Ok(found)
    }

    fn standing(&self, book: &Book) -> Result<Option<Standing>, CalendarError> {
        let days = roll_from_opening(book, &self.market, self.calendar, self.as_of)?;
        let Some((last, day)) = days.iter().enumerate().next_back().filter(|(_, d)| d.date == self.as_of)
        else {
            return Ok(None);
        };
        let views = assess(book, &day.lots, &self.market, &self.results);
        Ok(has_nav(&views).then(|| self.complete(book, day, &views, assemble(book, &days, last, &views))))
    }

    fn complete(&self, book: &Book, day: &Day, views: &[PositionView], set: SnapshotSet) -> Standing {
        let on = StressInputs {
            book,
            views,
            nav: day.nav,
            market: &self.market,
            instruments: &self.instruments,
            results: &self.results,
            covariance: self.covariance.as_ref(),
        };
        /// Place among the engines.
        const FACTORS: usize = 2;
        let by_engine = [
            ("valuation", set.exclusions),
            ("greeks", lacking(book, views, |view| view.greeks.err())),
            ("factors", self.without_loadings(book, views)),
            ("stress", stress::left_out(&on, &self.scenarios)),
        ];
        let is_run = |at: usize| by_engine[at].1.iter().all(|e| e.issue.reason != Reason::NotComputed);
        let factors = exposures(book, views, &self.market, &self.results, &self.definitions, day.nav);
        let mut found = Standing {
            snapshot: set.snapshot,
            exposures: set.exposures,
            factors: factors.filter(|_| is_run(FACTORS)).unwrap_or_default(),
            stress: self.scenarios.iter().map(|(id, shocks)| scenario(&on, id, shocks)).collect(),
            market_risk: market_risk(&on),
            exclusions: Vec::new(),
        };
        let named = |(engine, found): (&str, Vec<Exclusion>)| {
            found.into_iter().map(|exclusion| (engine.to_owned(), exclusion)).collect::<Vec<_>>()
        };
        found.exclusions = by_engine.into_iter().flat_map(named).collect();
        found
    }

    /// Positions without factor exposure, and what holds of the factors themselves. That volatility moves what stands for
    /// volatility is no lack.
    fn without_loadings(&self, book: &Book, views: &[PositionView]) -> Vec<Exclusion> {
        let reason = |view: &PositionView| {
            view.factor_dollars.as_ref().err().copied().filter(|reason| *reason != Reason::FactorProxy)
        };
        let mut found = lacking(book, views, reason);
        found.extend(self.about_factors.get(&book.portfolio.id).into_iter().flatten().cloned());
        found
    }
}

// A sum that leaves out a position whose engine has not run would pass for one of the whole book: it is unknown. What no
// engine can compute is left out of it by name.

fn scenario(on: &StressInputs<'_>, id: &str, shocks: &FactorShocks) -> StressResult {
    let mut result = stress::run_scenario(on, id, shocks);
    if is_waited_for(on, shocks, stress::direct_volatility(shocks)) {
        result.direct = Err(Reason::NotComputed);
    }
    if let Ok(all) = stress::with_implied(shocks, &result.implied_moves)
        && is_waited_for(on, &all, stress::correlated_volatility(shocks))
    {
        result.correlated = Err(Reason::NotComputed);
    }
    result
}

fn market_risk(on: &StressInputs<'_>) -> Vec<MarketRiskResult> {
    let mut results = stress::market_risk(on);
    for result in &mut results {
        let shocks = stress::market_risk_shocks(result.shock);
        if is_waited_for(on, &shocks, VolatilityMove::Unchanged) {
            result.outcome = Err(Reason::NotComputed);
        }
    }
    results
}

/// Whether an engine has not run for a position that a scenario moves.
fn is_waited_for(on: &StressInputs<'_>, shocks: &FactorShocks, volatility: VolatilityMove) -> bool {
    let pnls = stress::position_pnls(on, shocks, volatility);
    pnls.iter().any(|position| position.outcome == Err(Reason::NotComputed))
}

/// Lots that lack a number, by name.
fn lacking(
    book: &Book,
    views: &[PositionView],
    reason: impl Fn(&PositionView) -> Option<Reason>,
) -> Vec<Exclusion> {
    let named = |view: &PositionView| {
        let symbol = &book.lots[view.lot].instrument.symbol;
        let issue = Issue::error(symbol, reason(view)?, "");
        Some(exclusion(issue, view.market_value, 0.0))
    };
    views.iter().filter_map(named).collect()
}
