//! `demo`: the demo books.

use std::path::PathBuf;

use serde_json::json;
use sigma_cli::{
    App, Cell, Column, Document, DryRun, ExitStatus, LockArgs, OutputArgs, Table, ToolError, hinted,
    store_error,
};
use sigma_store::Store;

use super::{migrate, recorded};
use crate::demo_data::{DemoData, FileError};
use crate::seeding::{SeedError, instruments_needed, seed};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder with demo_portfolios.csv, demo_positions.csv, factors.toml and scenarios.toml
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data_dir: PathBuf,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Reads and checks the files, then makes the database hold them.
pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("demo");
    let data = DemoData::read(&args.data_dir).map_err(file_error)?;
    let instruments = instruments_needed(&data).map_err(|error| seed_error(error.into()))?;
    data.warnings.iter().for_each(|warning| app.note(&format!("warning: {warning}")));
    app.record("portfolios", data.portfolios.len());
    app.record("positions", data.positions.len());
    app.record("instruments", instruments.len());
    app.record("factors", data.factors.len());
    app.record("scenarios", data.scenarios.len());
    if args.dry_run.dry_run {
        app.write(&args.output, &document(&data))?;
        app.note("dry run: nothing was written");
        return Ok(ExitStatus::Done);
    }

    let _lock = app.lock(&args.lock).await?;
    let applied = Store::migrate(app.settings.database_url()).await.map_err(store_error)?;
    if !applied.is_empty() {
        migrate::tell(app, &applied);
    }
    let mut store = app.open_store().await?;
    let parameters = json!({ "data_dir": args.data_dir.display().to_string() });
    recorded(app, &mut store, "demo", parameters, async |store| {
        let seeded = seed(store, &data).await.map_err(seed_error)?;
        Ok(((), seeded.saved))
    })
    .await?;
    app.write(&args.output, &document(&data))?;
    let market = args.data_dir.join("market");
    if market.is_dir() {
        app.detail(&format!("next: sigma-sync run --provider file --path {}", market.display()));
    }
    Ok(ExitStatus::Done)
}

fn document(data: &DemoData) -> Document {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("owner", "Owner"),
        Column::text("opened_on", "Opened on"),
        Column::number("positions", "Positions"),
        Column::number("net_entry_value_usd", "Net entry value").unit("USD"),
        Column::number("opening_cash_usd", "Opening cash").unit("USD"),
    ]);
    for portfolio in &data.portfolios {
        let positions = data.positions.iter().filter(|position| position.portfolio == portfolio.slug);
        let net: f64 = positions.clone().map(|position| position.entry_value_usd()).sum();
        table.push(vec![
            Cell::text(&portfolio.slug),
            Cell::text(&portfolio.user_email),
            Cell::Date(portfolio.opened_on),
            Cell::Int(positions.count() as i64),
            Cell::Money(net),
            Cell::Money(portfolio.opening_cash_usd),
        ]);
    }
    Document::single(table).title("Demo portfolios")
}

fn file_error(error: FileError) -> anyhow::Error {
    let remedy = error.remedy.clone();
    ToolError::usage(error.to_string()).hint(remedy).into()
}

fn seed_error(error: SeedError) -> anyhow::Error {
    match error {
        SeedError::Store(error) => store_error(error),
        error => hinted(ToolError::usage(error.to_string()), "correct demo_positions.csv"),
    }
}
