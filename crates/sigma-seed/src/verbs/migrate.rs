//! `migrate`: the schema, and the factors and scenarios that the engines need, where there are none.

use sigma_cli::{App, DryRun, ExitStatus, LockArgs, store_error};
use sigma_store::{Store, StoreError};

use crate::seeding::{SeedError, seed_definitions};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Applies the migrations that are missing and says which; then a new database has factors and scenarios as well.
pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("migrate");
    let url = app.settings.database_url();
    if args.dry_run.dry_run {
        return dry_run(app, url).await;
    }
    let _lock = app.lock(&args.lock).await?;
    let applied = Store::migrate(url).await.map_err(store_error)?;
    tell(app, &applied);
    let mut store = Store::open(url).await.map_err(store_error)?;
    let seeded = seed_definitions(&mut store).await.map_err(|error| match error {
        SeedError::Store(error) => store_error(error),
        error => error.into(),
    })?;
    if seeded.changed > 0 {
        app.note("stored the standard factors and scenarios");
    }
    app.record("schema", store.schema_version().await.map_err(store_error)?);
    app.record("applied", applied.len());
    Ok(ExitStatus::Done)
}

/// Says what was applied.
pub(super) fn tell(app: &App, applied: &[String]) {
    match applied {
        [] => app.note("the schema is up to date"),
        applied => app.note(&format!("applied migrations: {}", applied.join(", "))),
    }
}

async fn dry_run(app: &App, url: &str) -> anyhow::Result<ExitStatus> {
    match Store::open(url).await {
        Ok(_) => app.note("the schema is up to date"),
        Err(StoreError::NotMigrated { .. }) => {
            app.note("would create the schema, with the standard factors and scenarios")
        }
        Err(StoreError::SchemaTooOld { found, needed }) => {
            app.note(&format!("would bring the schema from {found} to {needed}"));
        }
        Err(error) => return Err(store_error(error)),
    }
    app.record("applied", 0);
    Ok(ExitStatus::Done)
}
