//! `check`: rules that hold in a sound database.

use std::collections::HashMap;

use sigma_cli::sessions::calendar_error;
use sigma_cli::{App, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, Table, store_error};
use sigma_core::analytics::stress::METHOD;
use sigma_core::calendar::{FIRST_DATE, LAST_DATE};
use sigma_store::{Scope, Store, Violation};

use crate::agreement;
use crate::identities::{self, Broken};

/// Options of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let violations = store.check_invariants().await.map_err(store_error)?;
    let broken = broken_identities(app, &mut store).await?;
    let portfolios = store.portfolios(&[]).await.map_err(store_error)?;
    let slugs: HashMap<i64, String> = portfolios.into_iter().map(|p| (p.id, p.slug)).collect();
    let is_sound = violations.is_empty() && broken.is_empty();
    let mut table = table(&violations, &broken, &slugs);
    args.list.apply(&mut table)?;
    let document = Document::single(table).title("Violations").note(if is_sound {
        "Every rule holds."
    } else {
        "Run the engine that wrote the rows again; if a rule breaks again, please report it."
    });
    app.write(&args.output, &document)?;
    Ok(ExitStatus::partial_if(!is_sound))
}

async fn broken_identities(app: &App, store: &mut Store) -> anyhow::Result<Vec<Broken>> {
    let calendar = app.calendar()?;
    let all = Scope::all(FIRST_DATE, LAST_DATE);
    let snapshots = store.snapshots(&all).await.map_err(store_error)?;
    let exposures = store.exposures(&all).await.map_err(store_error)?;
    let stress = store.stress_results(&all, METHOD).await.map_err(store_error)?;
    let market_risk = store.market_risk_results(&all, METHOD).await.map_err(store_error)?;
    let mut broken = identities::snapshots(&snapshots, &calendar).map_err(calendar_error)?;
    broken.extend(identities::exposures(&exposures, &snapshots));
    broken.extend(identities::stress(&stress));
    broken.extend(identities::market_risk(&market_risk));
    if let Some(last) = snapshots.iter().map(|(_, snapshot)| snapshot.as_of).max() {
        let books = store.books(&[]).await.map_err(store_error)?;
        let market = store.books_market(&books, &[], None, last).await.map_err(store_error)?;
        let stale = agreement::stale_snapshots(&books, &snapshots, &market, &calendar);
        broken.extend(stale.map_err(calendar_error)?);
    }
    Ok(broken)
}

fn table(violations: &[Violation], broken: &[Broken], slugs: &HashMap<i64, String>) -> Table {
    let mut table = Table::new(vec![
        Column::text("rule", "Rule"),
        Column::number("rows", "Rows"),
        Column::text("portfolio", "Portfolio"),
        Column::text("as_of", "Date"),
        Column::text("detail", "Detail"),
    ]);
    for violation in violations {
        let rows = Cell::Int(i64::try_from(violation.rows).unwrap_or(i64::MAX));
        table.push(vec![Cell::text(&violation.rule), rows, Cell::Blank, Cell::Blank, Cell::Blank]);
    }
    for found in broken {
        table.push(vec![
            Cell::text(found.rule),
            Cell::Int(found.rows as i64),
            Cell::or_blank(slugs.get(&found.portfolio_id), Cell::text),
            Cell::Date(found.as_of),
            Cell::text(&found.detail),
        ]);
    }
    table
}
