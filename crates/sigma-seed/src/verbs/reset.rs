//! `reset`: taking data away.

use serde_json::json;
use sigma_cli::{App, DryRun, ExitStatus, LockArgs, redact_url, store_error};
use sigma_store::{Saved, Store};

use super::{recorded, usage};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the demo portfolios, with their positions, cash and results
    #[arg(long)]
    pub demo: bool,
    /// Really delete
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Deletes, or says what it would delete.
pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("reset");
    let mut store = app.open_store().await?;
    let what = what(&mut store, args.demo).await?;
    let place = redact_url(app.settings.database_url());
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would delete {what} from {place}"));
        return Ok(ExitStatus::Done);
    }
    if !args.yes {
        return Err(usage(format!("this would delete {what} from {place}"), "add --yes to do it"));
    }
    let _lock = app.lock(&args.lock).await?;
    // Before the run is recorded: the history of runs goes too.
    let deleted = store.reset(!args.demo).await.map_err(store_error)?;
    recorded(app, &mut store, "reset", json!({ "demo": args.demo }), async |_| {
        Ok(((), Saved { stored: 0, changed: deleted }))
    })
    .await?;
    app.note(&format!("deleted {what} from {place}"));
    Ok(ExitStatus::Done)
}

async fn what(store: &mut Store, demo_only: bool) -> anyhow::Result<String> {
    let mut books = store.books(&[]).await.map_err(store_error)?;
    books.retain(|book| !demo_only || book.portfolio.is_demo);
    let lots: usize = books.iter().map(|book| book.lots.len()).sum();
    let portfolios = format!("{} portfolios with {lots} positions, their cash and results", books.len());
    if demo_only {
        return Ok(format!("{portfolios} (demo books; prices, instruments, factors and scenarios stay)"));
    }
    let instruments = store.instruments().await.map_err(store_error)?.len();
    Ok(format!(
        "everything: {portfolios}, {instruments} instruments with their prices, quotes and results, rates, factors, \
         scenarios and the history of runs"
    ))
}
