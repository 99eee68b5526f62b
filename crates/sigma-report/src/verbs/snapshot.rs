//! `sigma-report snapshot`: portfolios at the close of sessions.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::json;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, Document, DryRun, ExitStatus, LockArgs, OutputArgs, PortfolioArgs, RangeArgs, RunTotals,
    SessionRange, store_error,
};
use sigma_core::analytics::factor_model::DEFAULT_METHOD;
use sigma_core::analytics::performance::{self, Day};
use sigma_core::analytics::positions;
use sigma_core::analytics::snapshot::{SnapshotSet, assemble, has_nav};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Exclusion, ExposureRow, InstrumentResults, Market, Snapshot};
use sigma_store::{Saved, Scope, Store};

use crate::verbs::show;

/// Name under which what the valuation left out is stored.
pub const ENGINE: &str = "valuation";

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub range: RangeArgs,
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Rows of all portfolios and sessions of a run.
#[derive(Debug, Default)]
struct Rows {
    snapshots: Vec<(i64, Snapshot)>,
    exposures: Vec<(i64, NaiveDate, ExposureRow)>,
    exclusions: Vec<(i64, NaiveDate, Exclusion)>,
}

impl Rows {
    fn add(&mut self, portfolio_id: i64, set: SnapshotSet) {
        let as_of = set.snapshot.as_of;
        self.snapshots.push((portfolio_id, set.snapshot));
        self.exposures.extend(set.exposures.into_iter().map(|row| (portfolio_id, as_of, row)));
        self.exclude(portfolio_id, as_of, set.exclusions);
    }

    fn exclude(&mut self, portfolio_id: i64, as_of: NaiveDate, exclusions: Vec<Exclusion>) {
        self.exclusions.extend(exclusions.into_iter().map(|exclusion| (portfolio_id, as_of, exclusion)));
    }

    fn count(&self) -> u64 {
        (self.snapshots.len() + self.exposures.len() + self.exclusions.len()) as u64
    }
}

/// Everything the snapshots of a range are made of.
struct Loaded {
    books: Vec<Book>,
    market: Market,
    results: HashMap<NaiveDate, InstrumentResults>,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("snapshot");
    let calendar = app.calendar()?;
    let dates = app.sessions(&args.range, &calendar)?;
    app.set_as_of(dates.to);
    if args.dry_run.dry_run {
        return preview(&args, app, &calendar, &dates).await;
    }
    let _lock = app.lock(&args.lock).await?;
    let mut store = app.open_store().await?;
    let parameters = json!({ "portfolios": args.portfolio.portfolios });
    let run = app.begin_run(&mut store, "snapshot", Some(&dates), parameters).await?;
    let outcome = work(app, &mut store, run.id, &args, &calendar, &dates).await;
    app.end_run(&mut store, run, outcome).await
}

async fn preview(
    args: &Args,
    app: &App,
    calendar: &Calendar,
    dates: &SessionRange,
) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let loaded = load(&mut store, args, dates).await?;
    let rows = compute(app, &loaded, calendar, dates)?;
    app.record("rows", rows.count());
    app.record("stored", 0);
    let named = |id: i64| loaded.books.iter().find(|b| b.portfolio.id == id).map(|b| &b.portfolio);
    let listed = rows.snapshots.iter().filter_map(|(id, snapshot)| Some((named(*id)?, snapshot)));
    let document = Document::single(show::table(listed)).title("Snapshots that would be stored");
    app.write(&OutputArgs::default(), &document)?;
    let issues: Vec<_> = rows.exclusions.into_iter().map(|(_, _, exclusion)| exclusion.issue).collect();
    Ok(app.tell_issues(&issues))
}

async fn work(
    app: &App,
    store: &mut Store,
    run_id: i64,
    args: &Args,
    calendar: &Calendar,
    dates: &SessionRange,
) -> anyhow::Result<RunTotals> {
    let loaded = load(store, args, dates).await?;
    let rows = compute(app, &loaded, calendar, dates)?;
    let ids: Vec<i64> = loaded.books.iter().map(|book| book.portfolio.id).collect();
    let scope = Scope::range(dates.from, dates.to, &ids);
    let expected = rows.count();
    let issues = rows.exclusions.iter().map(|(_, _, exclusion)| exclusion.issue.clone()).collect();
    let skipped = rows.snapshots.iter().map(|(_, snapshot)| snapshot.excluded_count as u64).sum();
    let saved = save(store, run_id, &scope, rows).await?;
    Ok(RunTotals { expected, saved, skipped, issues })
}

async fn load(store: &mut Store, args: &Args, dates: &SessionRange) -> anyhow::Result<Loaded> {
    let books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    let market = store.books_market(&books, &[], None, dates.to).await.map_err(store_error)?;
    let results =
        store.instrument_results(dates.from, dates.to, DEFAULT_METHOD).await.map_err(store_error)?;
    Ok(Loaded { books, market, results })
}

fn compute(app: &App, loaded: &Loaded, calendar: &Calendar, dates: &SessionRange) -> anyhow::Result<Rows> {
    let none = InstrumentResults::default();
    let results = |date: NaiveDate| loaded.results.get(&date).unwrap_or(&none);
    let mut rows = Rows::default();
    for book in &loaded.books {
        let days = performance::roll_from_opening(book, &loaded.market, calendar, dates.to)
            .map_err(calendar_error)?;
        let opening = days.first().map(|day| day.date);
        if opening.is_none_or(|opening| opening > dates.from) {
            let skipped = dates.sessions.iter().filter(|date| opening.is_none_or(|o| **date < o)).count();
            let portfolio = &book.portfolio;
            app.note(&format!(
                "{} opens on {}: {skipped} earlier session(s) skipped",
                portfolio.slug, portfolio.opened_on
            ));
        }
        let wanted = |day: &Day| day.date >= dates.from;
        for (i, day) in days.iter().enumerate().filter(|(_, day)| wanted(day)) {
            let views = positions::assess(book, &day.lots, &loaded.market, results(day.date));
            let set = assemble(book, &days, i, &views);
            match has_nav(&views) {
                true => rows.add(book.portfolio.id, set),
                false => rows.exclude(book.portfolio.id, day.date, set.exclusions),
            }
        }
    }
    tell_uncomputed(app, &rows);
    app.record("portfolios", loaded.books.len());
    app.record("snapshots", rows.snapshots.len());
    Ok(rows)
}

/// Numbers that wait for an engine are null, which is no error of the snapshot; one line says what to run.
fn tell_uncomputed(app: &App, rows: &Rows) {
    let count =
        |is_absent: fn(&Snapshot) -> bool| rows.snapshots.iter().filter(|(_, s)| is_absent(s)).count();
    let greeks = count(|s| s.delta_dollars.is_none());
    let betas = count(|s| s.market_beta.is_none() && s.nav > 0.0);
    for (absent, what, command) in
        [(greeks, "Greeks", "sigma-greeks run"), (betas, "market beta", "sigma-factors run")]
    {
        if absent > 0 {
            let of = rows.snapshots.len();
            app.note(&format!(
                "not_computed: {what} of {absent} of {of} snapshots; run `{command}`, then this again"
            ));
        }
    }
}

async fn save(store: &mut Store, run_id: i64, scope: &Scope, rows: Rows) -> anyhow::Result<Saved> {
    let mut saved = store.save_snapshots(run_id, scope, &rows.snapshots).await.map_err(store_error)?;
    saved += store.save_exposures(run_id, scope, rows.exposures).await.map_err(store_error)?;
    saved += store.save_exclusions(run_id, scope, ENGINE, rows.exclusions).await.map_err(store_error)?;
    Ok(saved)
}
