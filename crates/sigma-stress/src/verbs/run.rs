//! `run`: scenarios and market-risk moves, computed and stored.

use std::path::PathBuf;

use chrono::NaiveDate;
use serde_json::json;
use sigma_cli::{
    App, DryRun, ExitStatus, LockArgs, OutputArgs, PortfolioArgs, RangeArgs, RunTotals, SessionRange,
    store_error,
};
use sigma_core::analytics::stress::METHOD;
use sigma_core::model::{Exclusion, Issue, MarketRiskResult, StressResult};
use sigma_store::{Scope, Store};

use super::tables;
use crate::evaluate::{Evaluation, evaluate, issues};
use crate::inputs::{Inputs, Scenarios, load};

/// Name of this engine on the exclusions it stores.
const ENGINE: &str = "stress";

/// Options of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    /// Scenarios of a TOML file, in place of the stored ones for this run
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("run");
    let _lock = if args.dry_run.dry_run { None } else { Some(app.lock(&args.lock).await?) };
    let calendar = app.calendar()?;
    let dates = app.sessions(&args.range, &calendar)?;
    app.set_as_of(dates.to);

    let mut store = app.open_store().await?;
    let file = args.scenarios.as_deref();
    let scenarios = Scenarios::load(&mut store, file).await?.require_active(file)?;
    let slugs = &args.portfolios.portfolios;
    let (inputs, remarks) = load(&mut store, calendar, slugs, (dates.from, dates.to), scenarios).await?;
    if args.dry_run.dry_run {
        return preview(&args, app, &inputs, &dates);
    }

    let parameters = json!({ "portfolios": slugs, "scenarios": file });
    let run = app.begin_run(&mut store, "run", Some(&dates), parameters).await?;
    let outcome = work(app, &mut store, run.id, &inputs, &dates, remarks).await;
    app.end_run(&mut store, run, outcome).await
}

async fn work(
    app: &App,
    store: &mut Store,
    run_id: i64,
    inputs: &Inputs,
    dates: &SessionRange,
    mut told: Vec<Issue>,
) -> anyhow::Result<RunTotals> {
    let evaluations = compute(app, inputs, dates)?;
    told.extend(issues(&evaluations));
    let skipped = (inputs.books.len() * dates.sessions.len() - evaluations.len()) as u64;
    let rows = Rows::from(evaluations);
    let expected = rows.count();
    let ids: Vec<i64> = inputs.books.iter().map(|book| book.portfolio.id).collect();
    let saved = rows.save(store, run_id, &Scope::range(dates.from, dates.to, &ids)).await;
    Ok(RunTotals { expected, saved: saved.map_err(store_error)?, skipped, issues: told })
}

fn compute(app: &App, inputs: &Inputs, dates: &SessionRange) -> anyhow::Result<Vec<Evaluation>> {
    let evaluations = evaluate(inputs, &dates.sessions).map_err(sigma_cli::sessions::calendar_error)?;
    app.record("portfolios", inputs.books.len());
    app.record("sessions", dates.sessions.len());
    app.record("scenarios", inputs.scenarios.active.len());
    Ok(evaluations)
}

/// Prints what a run would store.
fn preview(args: &Args, app: &App, inputs: &Inputs, dates: &SessionRange) -> anyhow::Result<ExitStatus> {
    let evaluations = compute(app, inputs, dates)?;
    let told = issues(&evaluations);
    let rows = Rows::from(evaluations);
    app.record("would_store", rows.count());
    let document = tables::results(&rows.stress, &inputs.books, &inputs.scenarios.all);
    app.write(&args.output, &sigma_cli::Document::single(document).title("Scenario results, not stored"))?;
    Ok(app.tell_issues(&told))
}

/// Evaluations as the rows of three tables.
#[derive(Default)]
struct Rows {
    stress: Vec<(i64, NaiveDate, StressResult)>,
    market_risk: Vec<(i64, NaiveDate, MarketRiskResult)>,
    exclusions: Vec<(i64, NaiveDate, Exclusion)>,
}

impl From<Vec<Evaluation>> for Rows {
    fn from(evaluations: Vec<Evaluation>) -> Rows {
        let mut rows = Rows::default();
        for Evaluation { portfolio_id, as_of, stress, market_risk, exclusions, .. } in evaluations {
            rows.stress.extend(stress.into_iter().map(|result| (portfolio_id, as_of, result)));
            rows.market_risk.extend(market_risk.into_iter().map(|result| (portfolio_id, as_of, result)));
            rows.exclusions.extend(exclusions.into_iter().map(|exclusion| (portfolio_id, as_of, exclusion)));
        }
        rows
    }
}

impl Rows {
    fn count(&self) -> u64 {
        (self.stress.len() + self.market_risk.len() + self.exclusions.len()) as u64
    }

    async fn save(
        self,
        store: &mut Store,
        run_id: i64,
        scope: &Scope,
    ) -> sigma_store::Result<sigma_store::Saved> {
        let mut saved = store.save_stress_results(run_id, scope, METHOD, self.stress).await?;
        saved += store.save_market_risk_results(run_id, scope, METHOD, self.market_risk).await?;
        saved += store.save_exclusions(run_id, scope, ENGINE, self.exclusions).await?;
        Ok(saved)
    }
}
