//! `onboard`: schema, import and security master in one go, and the commands that lead to the first report.

use sigma_cli::{App, Cell, Column, ExitStatus, Table, store_error};
use sigma_core::model::slug_of;
use sigma_store::Store;

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
    if !args.dry_run.dry_run {
        schema(app, &args).await?;
    }
    let (document, status) = import::import(&args, app).await?;
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
