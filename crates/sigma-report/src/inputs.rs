//! Everything the reports of a date are made of, loaded once for all portfolios.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{ExitStatus, Side, WhatIf, fail, store_error};
use sigma_core::analytics::performance::{self, Day};
use sigma_core::analytics::positions::{self, PositionView};
use sigma_core::analytics::snapshot::{self, SnapshotSet};
use sigma_core::analytics::{factor_model, stress};
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    Book, Exclusion, ExposureRow, FactorDefinition, FactorExposure, InstrumentResults, Market,
    MarketRiskResult, Portfolio, PortfolioCorrelation, Scenario, Snapshot, StressResult,
};
use sigma_store::{Scope, Store};

/// Sessions in the P&L table.
pub const HISTORY_SESSIONS: usize = 30;

/// Name under which the correlations of the default window are stored.
pub const CORRELATION_METHOD: &str = "pearson_63";

/// What the portfolios of one date share.
#[derive(Debug)]
pub struct Shared {
    pub as_of: NaiveDate,
    /// First session of the P&L table.
    pub history_from: NaiveDate,
    pub market: Market,
    pub results: InstrumentResults,
    pub definitions: Vec<FactorDefinition>,
    /// The active ones, in order.
    pub scenarios: Vec<Scenario>,
    /// Names of the owners by user id.
    pub owners: HashMap<i64, String>,
}

/// One portfolio at one close with its stored results.
#[derive(Debug)]
pub struct Inputs {
    pub shared: Arc<Shared>,
    pub as_of: NaiveDate,
    pub book: Book,
    /// Sessions of the P&L table in which the portfolio was open.
    pub history_sessions: usize,
    pub views: Vec<PositionView>,
    pub snapshot: Snapshot,
    /// Snapshots of the P&L table, ascending.
    pub history: Vec<Snapshot>,
    pub exposures: Vec<ExposureRow>,
    pub factors: Vec<FactorExposure>,
    pub correlation: Option<PortfolioCorrelation>,
    pub stress: Vec<StressResult>,
    pub market_risk: Vec<MarketRiskResult>,
    /// With the engine that left something out.
    pub exclusions: Vec<(String, Exclusion)>,
}

impl Inputs {
    /// The owner's name.
    pub fn owner(&self) -> &str {
        self.shared.owners.get(&self.book.portfolio.user_id).map_or("", String::as_str)
    }

    /// The scenario of an id.
    pub fn scenario(&self, id: &str) -> Option<&Scenario> {
        self.shared.scenarios.iter().find(|scenario| scenario.id == id)
    }
}

/// Loads the portfolios at their dates; in the order of `found` within a date, dates ascending.
pub async fn load(
    store: &mut Store,
    calendar: &Calendar,
    found: Vec<(Portfolio, NaiveDate)>,
) -> anyhow::Result<Vec<Inputs>> {
    let mut by_date: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for (portfolio, date) in found {
        by_date.entry(date).or_default().push(portfolio.slug);
    }
    let mut inputs = Vec::new();
    for (as_of, slugs) in by_date {
        inputs.extend(load_date(store, calendar, as_of, &slugs).await?);
    }
    Ok(inputs)
}

async fn load_date(
    store: &mut Store,
    calendar: &Calendar,
    as_of: NaiveDate,
    slugs: &[String],
) -> anyhow::Result<Vec<Inputs>> {
    let books = store.books(slugs).await.map_err(store_error)?;
    let shared = Arc::new(load_shared(store, calendar, as_of, &books).await?);
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let mut stored = Stored::load(store, &shared, &ids).await?;
    books.into_iter().map(|book| join(&shared, calendar, book, &mut stored)).collect()
}

async fn load_shared(
    store: &mut Store,
    calendar: &Calendar,
    as_of: NaiveDate,
    books: &[Book],
) -> anyhow::Result<Shared> {
    let market = store.books_market(books, &[], None, as_of).await.map_err(store_error)?;
    let mut results =
        store.instrument_results(as_of, as_of, factor_model::DEFAULT_METHOD).await.map_err(store_error)?;
    let users = store.users().await.map_err(store_error)?;
    Ok(Shared {
        as_of,
        history_from: calendar.sessions_back(as_of, HISTORY_SESSIONS - 1).map_err(calendar_error)?,
        market,
        results: results.remove(&as_of).unwrap_or_default(),
        definitions: store.factors().await.map_err(store_error)?,
        scenarios: store.active_scenarios().await.map_err(store_error)?,
        owners: users.into_iter().map(|user| (user.id, user.name)).collect(),
    })
}

/// Stored results of portfolios by portfolio id.
struct Stored {
    snapshots: HashMap<i64, Vec<Snapshot>>,
    exposures: HashMap<i64, Vec<ExposureRow>>,
    factors: HashMap<i64, Vec<Vec<FactorExposure>>>,
    correlations: HashMap<i64, Vec<PortfolioCorrelation>>,
    stress: HashMap<i64, Vec<StressResult>>,
    market_risk: HashMap<i64, Vec<MarketRiskResult>>,
    exclusions: HashMap<i64, Vec<(String, Exclusion)>>,
}

impl Stored {
    async fn load(store: &mut Store, shared: &Shared, ids: &[i64]) -> anyhow::Result<Stored> {
        let day = Scope::day(shared.as_of, ids);
        let history = Scope::range(shared.history_from, shared.as_of, ids);
        let loadings = factor_model::DEFAULT_METHOD;
        let exclusions = store.exclusions(&day, None).await.map_err(store_error)?;
        Ok(Stored {
            snapshots: grouped(store.snapshots(&history).await.map_err(store_error)?),
            exposures: dated(store.exposures(&day).await.map_err(store_error)?),
            factors: dated(store.factor_exposures(&day, loadings).await.map_err(store_error)?),
            correlations: dated(store.correlations(&day, CORRELATION_METHOD).await.map_err(store_error)?),
            stress: dated(store.stress_results(&day, stress::METHOD).await.map_err(store_error)?),
            market_risk: dated(store.market_risk_results(&day, stress::METHOD).await.map_err(store_error)?),
            exclusions: grouped(exclusions.into_iter().map(|(id, _, engine, e)| (id, (engine, e)))),
        })
    }
}

fn grouped<T>(rows: impl IntoIterator<Item = (i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut groups: HashMap<i64, Vec<T>> = HashMap::new();
    for (id, row) in rows {
        groups.entry(id).or_default().push(row);
    }
    groups
}

/// The same for rows of one date.
fn dated<T>(rows: Vec<(i64, NaiveDate, T)>) -> HashMap<i64, Vec<T>> {
    grouped(rows.into_iter().map(|(id, _, row)| (id, row)))
}

fn join(
    shared: &Arc<Shared>,
    calendar: &Calendar,
    book: Book,
    stored: &mut Stored,
) -> anyhow::Result<Inputs> {
    let id = book.portfolio.id;
    let as_of = shared.as_of;
    let days =
        performance::roll_from_opening(&book, &shared.market, calendar, as_of).map_err(calendar_error)?;
    let history = stored.snapshots.remove(&id).unwrap_or_default();
    let rolled = days.last().filter(|day| day.date == as_of);
    let (Some(snapshot), Some(today)) = (history.last().filter(|s| s.as_of == as_of).cloned(), rolled) else {
        let message = format!("no snapshot of {as_of} is stored for {}", book.portfolio.slug);
        return Err(fail(
            ExitStatus::Failed,
            message,
            format!("run `sigma-report snapshot --as-of {as_of}`"),
        ));
    };
    let mut stress = stored.stress.remove(&id).unwrap_or_default();
    // Results of a scenario that has been switched off since are not the report's.
    stress.retain(|result| shared.scenarios.iter().any(|scenario| scenario.id == result.scenario_id));
    let in_history = |day: &&Day| day.date >= shared.history_from;
    Ok(Inputs {
        as_of,
        history_sessions: days.iter().filter(in_history).count(),
        views: positions::assess(&book, &today.lots, &shared.market, &shared.results),
        snapshot,
        history,
        exposures: stored.exposures.remove(&id).unwrap_or_default(),
        factors: stored.factors.remove(&id).unwrap_or_default().into_iter().flatten().collect(),
        correlation: stored.correlations.remove(&id).and_then(|mut all| all.pop()),
        stress,
        market_risk: stored.market_risk.remove(&id).unwrap_or_default(),
        exclusions: stored.exclusions.remove(&id).unwrap_or_default(),
        shared: Arc::clone(shared),
        book,
    })
}

/// The portfolio after trades at one close, without anything that only time or an engine could have stored.
pub fn pro_forma(what_if: WhatIf) -> Inputs {
    let WhatIf { as_of, after, market, results, definitions, .. } = what_if;
    let Side { book, day, views } = after;
    let SnapshotSet { snapshot, exposures, exclusions } =
        snapshot::assemble(&book, std::slice::from_ref(&day), 0, &views);
    let shared = Shared {
        as_of,
        history_from: as_of,
        market,
        results,
        definitions,
        scenarios: Vec::new(),
        owners: HashMap::new(),
    };
    Inputs {
        shared: Arc::new(shared),
        as_of,
        book,
        history_sessions: 0,
        views,
        snapshot,
        history: Vec::new(),
        exposures,
        factors: Vec::new(),
        correlation: None,
        stress: Vec::new(),
        market_risk: Vec::new(),
        exclusions: exclusions.into_iter().map(|left_out| ("valuation".to_owned(), left_out)).collect(),
    }
}
