//! `run`: loadings of every instrument, exposures and correlations of every portfolio.

use clap::Args as ClapArgs;
use serde_json::json;
use sigma_cli::{
    App, Document, DryRun, EngineRun, ExitStatus, LockArgs, OutputArgs, PortfolioArgs, RangeArgs, RunTotals,
    SessionRange,
};
use sigma_core::analytics::portfolio_correlation::CorrelationSpec;
use sigma_core::calendar::Calendar;
use sigma_store::Store;

use crate::compute::{Results, Specs, compute};
use crate::inputs::Inputs;
use crate::model::{ModelArgs, method};
use crate::positions_table::exposure_table;
use crate::save::{expected, save};

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    portfolio: PortfolioArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    lock: LockArgs,
    /// Form and place of what a dry run prints
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("run");
    let specs = Specs { fit: args.model.spec()?, correlation: CorrelationSpec::default() };
    let _lock = match args.dry_run.dry_run {
        true => None,
        false => Some(app.lock(&args.lock).await?),
    };
    let calendar = app.calendar()?;
    let dates = app.sessions(&args.range, &calendar)?;
    app.set_as_of(dates.to);
    let mut store = app.open_store().await?;
    if args.dry_run.dry_run {
        let (inputs, results) = computed(&mut store, args, &calendar, &dates, &specs).await?;
        return dry_run(args, app, &inputs, &results);
    }
    let method = method(&specs.fit);
    let parameters = json!({
        "portfolios": args.portfolio.portfolios,
        "method": method,
        "window_sessions": specs.fit.window,
        "min_observations": specs.fit.min_observations,
        "tau": specs.fit.tau,
    });
    let run = app.begin_run(&mut store, "run", Some(&dates), parameters).await?;
    let outcome = work(&mut store, args, app, &calendar, &dates, (&specs, &method), run).await;
    app.end_run(&mut store, run, outcome).await
}

async fn work(
    store: &mut Store,
    args: &Args,
    app: &App,
    calendar: &Calendar,
    dates: &SessionRange,
    (specs, method): (&Specs, &str),
    run: EngineRun,
) -> anyhow::Result<RunTotals> {
    let (inputs, results) = computed(store, args, calendar, dates, specs).await?;
    app.record("instruments", inputs.regressed().len());
    let portfolios: Vec<i64> = inputs.books.iter().map(|book| book.portfolio.id).collect();
    app.record("portfolios", portfolios.len());
    save(store, run, dates, &portfolios, (specs, method), results).await
}

async fn computed(
    store: &mut Store,
    args: &Args,
    calendar: &Calendar,
    dates: &SessionRange,
    specs: &Specs,
) -> anyhow::Result<(Inputs, Results)> {
    let portfolios = &args.portfolio.portfolios;
    let inputs = Inputs::load(store, portfolios, calendar, dates, specs.window()).await?;
    let results = compute(&inputs, specs, &dates.sessions)?;
    Ok((inputs, results))
}

fn dry_run(args: &Args, app: &App, inputs: &Inputs, results: &Results) -> anyhow::Result<ExitStatus> {
    let table = exposure_table(&inputs.books, &results.exposures);
    app.write(&args.output, &Document::single(table).title("Factor exposures that would be stored"))?;
    app.record("instruments", inputs.regressed().len());
    app.record("would_store", expected(results));
    Ok(app.tell_issues(&results.issues))
}
