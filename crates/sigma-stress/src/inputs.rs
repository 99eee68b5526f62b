//! Everything a run works on, loaded once for its whole range of dates.

use std::collections::HashMap;
use std::path::Path;

use chrono::NaiveDate;
use sigma_cli::{ExitStatus, fail, store_error};
use sigma_core::analytics::factor_model::{DEFAULT_METHOD, covariance_method};
use sigma_core::analytics::shocks::FactorShocks;
use sigma_core::analytics::stress::COVARIANCE_WINDOW;
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    Book, FactorMatrix, Instrument, InstrumentResults, Issue, Market, Reason, Scenario, Shock,
};
use sigma_store::Store;

use crate::scenario_file;

/// What the engine is a function of.
pub struct Inputs {
    pub calendar: Calendar,
    pub books: Vec<Book>,
    pub market: Market,
    /// By symbol, underlyings of options included.
    pub instruments: HashMap<String, Instrument>,
    pub results: HashMap<NaiveDate, InstrumentResults>,
    pub covariances: HashMap<NaiveDate, FactorMatrix>,
    pub scenarios: Scenarios,
}

/// Scenarios as they are written and as the engine reads them.
pub struct Scenarios {
    pub all: Vec<Scenario>,
    /// The active ones, in order.
    pub active: Vec<(String, FactorShocks)>,
}

impl Scenarios {
    /// Reads the stored scenarios, or those of a file in their place.
    pub async fn load(store: &mut Store, file: Option<&Path>) -> anyhow::Result<Scenarios> {
        let factors = store.factors().await.map_err(store_error)?;
        let factors: Vec<String> = factors.into_iter().map(|factor| factor.name).collect();
        let all = match file {
            Some(path) => scenario_file::read(path).map_err(|problem| in_file(path, &problem))?,
            None => store.scenarios().await.map_err(store_error)?,
        };
        let read = |scenario: &Scenario| {
            let shocks = FactorShocks::from_scenario(scenario, &factors);
            shocks.map(|shocks| (scenario.active, scenario.id.clone(), shocks)).map_err(
                |problem| match file {
                    Some(path) => in_file(path, &problem),
                    None => fail(
                        ExitStatus::Usage,
                        problem.to_string(),
                        "store the scenarios again: `sigma-seed demo`",
                    ),
                },
            )
        };
        // Inactive scenarios are read as well: a mistake should not wait until somebody switches one on.
        let every = all.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        let active = every.into_iter().filter(|(active, ..)| *active).map(|(_, id, shocks)| (id, shocks));
        Ok(Scenarios { active: active.collect(), all })
    }

    /// The engine's reading of one scenario, active or not.
    pub fn shocks_of(&self, id: &str) -> Option<&FactorShocks> {
        self.active.iter().find(|(active, _)| active == id).map(|(_, shocks)| shocks)
    }

    /// Fails when there is nothing to run.
    pub fn require_active(self, file: Option<&Path>) -> anyhow::Result<Scenarios> {
        match (self.active.is_empty(), file) {
            (false, _) => Ok(self),
            (true, Some(path)) => Err(fail(
                ExitStatus::Usage,
                format!("scenario file {} holds no active scenario", path.display()),
                "set `active = true` on at least one",
            )),
            (true, None) => Err(fail(
                ExitStatus::Failed,
                "no active scenario is stored",
                "run `sigma-seed migrate`, or name a file with --scenarios",
            )),
        }
    }

    /// Symbols that active scenarios shock and no instrument has.
    fn unknown_symbols(&self, instruments: &HashMap<String, Instrument>) -> Vec<Issue> {
        let unknown = |scenario: &Scenario, shock: &Shock| match shock {
            Shock::Symbol { symbol, .. } if !instruments.contains_key(symbol) => {
                let detail =
                    format!("scenario `{}` moves a symbol that is not stored: no effect", scenario.id);
                Some(Issue::warning(symbol, Reason::InvalidInput, detail))
            }
            _ => None,
        };
        let active = self.all.iter().filter(|scenario| scenario.active);
        active.flat_map(|s| s.shocks.iter().filter_map(move |shock| unknown(s, shock))).collect()
    }
}

fn in_file(path: &Path, problem: &dyn std::fmt::Display) -> anyhow::Error {
    let message = format!("scenario file {}: {problem}", path.display());
    fail(
        ExitStatus::Usage,
        message,
        "demo-data/scenarios.toml shows the form; `sigma-stress scenarios --scenarios FILE` checks a file",
    )
}

/// Loads everything; the issues are remarks on the scenarios.
pub async fn load(
    store: &mut Store,
    calendar: Calendar,
    slugs: &[String],
    (from, to): (NaiveDate, NaiveDate),
    scenarios: Scenarios,
) -> anyhow::Result<(Inputs, Vec<Issue>)> {
    let books = store.books(slugs).await.map_err(store_error)?;
    if books.is_empty() {
        return Err(fail(
            ExitStatus::Failed,
            "no portfolio is stored",
            "run `sigma-seed demo` or `sigma-seed import FILE`",
        ));
    }
    let instruments: HashMap<String, Instrument> = store
        .instruments()
        .await
        .map_err(store_error)?
        .into_iter()
        .map(|instrument| (instrument.symbol.clone(), instrument))
        .collect();
    let market = store.books_market(&books, &[], None, to).await.map_err(store_error)?;
    let results = store.instrument_results(from, to, DEFAULT_METHOD).await.map_err(store_error)?;
    let method = covariance_method(COVARIANCE_WINDOW);
    let covariances = store.factor_matrices(from, to, &method).await.map_err(store_error)?;
    let covariances = covariances.into_iter().map(|matrix| (matrix.as_of, matrix)).collect();
    let issues = scenarios.unknown_symbols(&instruments);
    Ok((Inputs { calendar, books, market, instruments, results, covariances, scenarios }, issues))
}
