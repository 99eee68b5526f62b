//! `onboard`: schema, import and security master in one go, and the commands that lead to the first report.

use anyhow::Context;
use sigma_cli::{App, Cell, Column, ExitStatus, Table, store_error};
use sigma_core::model::slug_of;
use sigma_store::{Store, StoreError};
use tempfile::TempDir;

use super::import::{self, Args};
use super::migrate;
use crate::seeding::{SeedError, seed_definitions};

/// What follows an import, in order: name, command without date and portfolio, what it brings.
const STEPS: [(&str, &str, &str); 7] = [
    ("prices", "sigma-sync run", "prices, option quotes, rates, profiles and the history of the window"),
    ("history", "sigma-validate history", "whether each history is long enough"),
    ("greeks", "sigma-greeks run", "Greeks of the options"),
    ("factors", "sigma-factors run", "loadings, factor exposures, correlations"),
    ("stress", "sigma-stress run", "stress scenarios and market risk"),
    ("snapshot", "sigma-report snapshot", "net asset value and exposures of the day"),
    ("report", "sigma-report generate", "the report"),
];

/// Brings the schema up to date, imports, and tells the next steps.
pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("onboard");
    // A file that cannot be read is to leave no database behind.
    let source = import::source(&args, app)?;
    let preview = match args.dry_run.dry_run {
        true => Preview::open(app).await?,
        false => {
            schema(app, &args).await?;
            None
        }
    };
    // The folder is to outlive the import.
    let (_folder, store) = preview.map(|preview| (preview.folder, preview.store)).unzip();
    let (document, status) = import::import(&args, app, source, store).await?;
    let as_of = document.as_of.map(|date| format!(" --as-of {date}")).unwrap_or_default();
    let summary = document.tables.iter().find(|(name, _)| name == "summary");
    let slugs = summary.map(|(_, table)| table.rows.iter().filter_map(|row| Some(row.first()?.shown())));
    let slugs: Vec<String> = slugs.map(Iterator::collect).unwrap_or_else(|| vec![slug_of(&args.portfolio)]);
    let books: String = slugs.iter().map(|slug| format!(" --portfolio {slug}")).collect();
    let mut steps = Table::new(vec![
        Column::text("step", "Step"),
        Column::text("command", "Command"),
        Column::text("brings", "Brings"),
    ]);
    for (step, command, brings) in STEPS {
        steps.push(vec![
            Cell::text(step),
            Cell::text(format!("{command}{as_of}{books}")),
            Cell::text(brings),
        ]);
    }
    app.write(&args.output, &document.section("next_steps", steps))?;
    Ok(status)
}

/// An empty database for a dry run where there is none yet, gone afterwards.
struct Preview {
    folder: TempDir,
    store: Store,
}

impl Preview {
    async fn open(app: &App) -> anyhow::Result<Option<Preview>> {
        match Store::open(app.settings.database_url()).await {
            Ok(_) => return Ok(None),
            Err(StoreError::NotMigrated { .. }) => {}
            Err(error) => return Err(store_error(error)),
        }
        let folder = TempDir::new().context("no temporary folder for the preview")?;
        let url = format!("sqlite:{}", folder.path().join("preview.db").display());
        Store::migrate(&url).await.map_err(store_error)?;
        let store = Store::open(&url).await.map_err(store_error)?;
        Ok(Some(Preview { folder, store }))
    }
}

/// A new database gets its schema and the standard factors and scenarios; others what is missing.
async fn schema(app: &App, args: &Args) -> anyhow::Result<()> {
    let _lock = app.lock(&args.lock).await?;
    let url = app.settings.database_url();
    let applied = Store::migrate(url).await.map_err(store_error)?;
    if !applied.is_empty() {
        migrate::tell(app, &applied);
    }
    let mut store = Store::open(url).await.map_err(store_error)?;
    let seeded = seed_definitions(&mut store).await;
    seeded.map(|_| ()).map_err(|error| match error {
        SeedError::Store(error) => store_error(error),
        error => error.into(),
    })
}
