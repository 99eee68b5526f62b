//! `run`: Greeks of every contract held, stored once per contract and session.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use clap::Args as ClapArgs;
use serde_json::json;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, Document, DryRun, EngineRun, ExitStatus, LockArgs, OutputArgs, PortfolioArgs, RangeArgs, RunTotals,
    SessionRange, store_error,
};
use sigma_core::analytics::greeks::REALISED_WINDOW;
use sigma_core::analytics::performance;
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{Book, Exclusion, GreeksRow, Instrument, Issue};
use sigma_store::{Saved, Scope, Store};

use crate::exclusions::{exclusions, issues};
use crate::rows::contract_table;
use sigma_core::analytics::contracts::{Inputs, RATE_SESSIONS, held};

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    portfolio: PortfolioArgs,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    lock: LockArgs,
    /// Form and place of what a dry run prints
    #[command(flatten)]
    output: OutputArgs,
}

/// What the run has computed: Greeks by contract, exclusions by portfolio.
struct Computed {
    rows: Vec<GreeksRow>,
    exclusions: Vec<(i64, NaiveDate, Exclusion)>,
    issues: Vec<Issue>,
    contracts: BTreeSet<i64>,
    /// Contracts held, summed over the dates.
    expected: u64,
}

/// Everything loaded for a run.
struct Loaded {
    selected: Vec<Book>,
    /// Contracts by session; see [`contracts_by_date`].
    contracts: BTreeMap<NaiveDate, BTreeSet<i64>>,
    inputs: Inputs,
    /// Instruments whose rows the run replaces.
    scope: Vec<i64>,
}

pub async fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("run");
    let _lock = match args.dry_run.dry_run {
        true => None,
        false => Some(app.lock(&args.lock).await?),
    };
    let calendar = app.calendar()?;
    let dates = app.sessions(&args.range, &calendar)?;
    app.set_as_of(dates.to);
    let mut store = app.open_store().await?;
    if args.dry_run.dry_run {
        let loaded = load(&mut store, args, &calendar, &dates).await?;
        return dry_run(args, app, &loaded, compute(&loaded, &calendar)?);
    }
    let parameters = json!({ "portfolios": args.portfolio.portfolios });
    let run = app.begin_run(&mut store, "run", Some(&dates), parameters).await?;
    let outcome = work(&mut store, args, app, &calendar, &dates, run).await;
    app.end_run(&mut store, run, outcome).await
}

async fn work(
    store: &mut Store,
    args: &Args,
    app: &App,
    calendar: &Calendar,
    dates: &SessionRange,
    run: EngineRun,
) -> anyhow::Result<RunTotals> {
    let loaded = load(store, args, calendar, dates).await?;
    let computed = compute(&loaded, calendar)?;
    app.record("options", computed.contracts.len());
    save(store, dates, run, &loaded, computed).await
}

async fn load(
    store: &mut Store,
    args: &Args,
    calendar: &Calendar,
    dates: &SessionRange,
) -> anyhow::Result<Loaded> {
    let selected = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    // A contract has one row a date, whoever holds it: the row of another portfolio's contract must not go.
    let all = match args.portfolio.portfolios.is_empty() {
        true => selected.clone(),
        false => store.books(&[]).await.map_err(store_error)?,
    };
    let instruments = store.instruments().await.map_err(store_error)?;
    let contracts = contracts_by_date(&selected, &all, &dates.sessions);
    let all_held: BTreeSet<i64> = contracts.values().flatten().copied().collect();
    let scope: Vec<i64> = match args.portfolio.portfolios.is_empty() {
        true => instruments.iter().filter(|i| i.is_option()).map(|i| i.id).collect(),
        false => all_held.iter().copied().collect(),
    };
    let warm_up = calendar.sessions_back(dates.from, REALISED_WINDOW).map_err(calendar_error)?;
    let opened = selected.iter().map(|book| book.portfolio.opened_on).min().unwrap_or(warm_up);
    let needed = needed(&instruments, &selected, &all_held);
    let market = store.market(&needed, warm_up.min(opened), dates.to).await.map_err(store_error)?;
    let rates_from = calendar.sessions_back(dates.from, RATE_SESSIONS).map_err(calendar_error)?;
    let rates = store.rates(&[], rates_from, dates.to).await.map_err(store_error)?;
    let sessions = calendar.sessions_between(warm_up, dates.to).map_err(calendar_error)?;
    Ok(Loaded { selected, contracts, inputs: Inputs::new(needed, market, rates, sessions), scope })
}

/// The contracts of the selected books, on each date on which any book holds them.
fn contracts_by_date(
    selected: &[Book],
    all: &[Book],
    sessions: &[NaiveDate],
) -> BTreeMap<NaiveDate, BTreeSet<i64>> {
    let theirs: BTreeSet<i64> = sessions.iter().flat_map(|date| held(selected, *date)).collect();
    let on = |date: &NaiveDate| (*date, held(all, *date).intersection(&theirs).copied().collect());
    sessions.iter().map(on).collect()
}

/// What the selected books hold, the contracts of the run, and all underlyings.
fn needed(instruments: &[Instrument], selected: &[Book], contracts: &BTreeSet<i64>) -> Vec<Instrument> {
    let lots = selected.iter().flat_map(|book| &book.lots);
    let mut ids: BTreeSet<i64> = lots.map(|lot| lot.instrument.id).collect();
    ids.extend(contracts);
    let chosen = || instruments.iter().filter(|i| ids.contains(&i.id));
    let underlyings: BTreeSet<&str> = chosen().map(Instrument::risk_symbol).collect();
    let is_needed = |i: &&Instrument| ids.contains(&i.id) || underlyings.contains(i.symbol.as_str());
    instruments.iter().filter(is_needed).cloned().collect()
}

fn compute(loaded: &Loaded, calendar: &Calendar) -> anyhow::Result<Computed> {
    let mut rows = Vec::new();
    for (date, contracts) in &loaded.contracts {
        rows.extend(loaded.inputs.greeks(contracts, calendar, *date).map_err(calendar_error)?);
    }
    let options: HashMap<i64, &Instrument> = loaded.inputs.instruments.iter().map(|i| (i.id, i)).collect();
    let of_row = |row: &GreeksRow| {
        let instrument = options.get(&row.instrument_id)?;
        Some(issues(&instrument.symbol, row))
    };
    Ok(Computed {
        issues: rows.iter().filter_map(of_row).flatten().collect(),
        exclusions: excluded(loaded, calendar, &rows).map_err(calendar_error)?,
        contracts: loaded.contracts.values().flatten().copied().collect(),
        expected: loaded.contracts.values().map(|contracts| contracts.len() as u64).sum(),
        rows,
    })
}

fn excluded(
    loaded: &Loaded,
    calendar: &Calendar,
    rows: &[GreeksRow],
) -> Result<Vec<(i64, NaiveDate, Exclusion)>, CalendarError> {
    // A date without contracts has private assets to name all the same.
    let mut by_date: BTreeMap<NaiveDate, HashMap<i64, &GreeksRow>> =
        loaded.contracts.keys().map(|date| (*date, HashMap::new())).collect();
    for row in rows {
        by_date.entry(row.as_of).or_default().insert(row.instrument_id, row);
    }
    let Some(last) = loaded.contracts.keys().next_back() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for book in &loaded.selected {
        let opening = calendar.session_on_or_after(book.portfolio.opened_on)?;
        let sessions = calendar.sessions_between(opening, *last)?;
        for day in performance::roll(book, &loaded.inputs.market, calendar, &sessions)? {
            let Some(rows) = by_date.get(&day.date) else { continue };
            let of_day = exclusions(book, &day, rows);
            found.extend(of_day.into_iter().map(|exclusion| (book.portfolio.id, day.date, exclusion)));
        }
    }
    Ok(found)
}

async fn save(
    store: &mut Store,
    dates: &SessionRange,
    run: EngineRun,
    loaded: &Loaded,
    computed: Computed,
) -> anyhow::Result<RunTotals> {
    let skipped = computed.rows.iter().filter(|row| row.greeks.is_err()).count() as u64;
    let scope = Scope::range(dates.from, dates.to, &loaded.scope);
    let saved: Saved = store.save_greeks(run.id, &scope, computed.rows).await.map_err(store_error)?;
    let portfolios: Vec<i64> = loaded.selected.iter().map(|book| book.portfolio.id).collect();
    let scope = Scope::range(dates.from, dates.to, &portfolios);
    store.save_exclusions(run.id, &scope, "greeks", computed.exclusions).await.map_err(store_error)?;
    Ok(RunTotals { expected: computed.expected, saved, skipped, issues: computed.issues })
}

fn dry_run(args: &Args, app: &App, loaded: &Loaded, computed: Computed) -> anyhow::Result<ExitStatus> {
    let names = loaded.inputs.instruments.iter().map(|i| (i.id, i)).collect();
    let document =
        Document::single(contract_table(&computed.rows, &names)).title("Greeks that would be stored");
    app.write(&args.output, &document)?;
    app.record("options", computed.contracts.len());
    app.record("would_store", computed.rows.len());
    Ok(app.tell_issues(&computed.issues))
}
