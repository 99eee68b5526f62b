//! `imports`: the files that were imported.

use std::collections::HashMap;

use sigma_cli::{App, Cell, Column, Document, ExitStatus, Table, store_error};
use sigma_store::Import;

use super::ListVerb;

/// One row for each file that was imported into the portfolios.
pub async fn run(args: ListVerb, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let portfolios = store.portfolios(&args.portfolio.portfolios).await.map_err(store_error)?;
    let slugs: HashMap<i64, String> = portfolios.into_iter().map(|p| (p.id, p.slug)).collect();
    let imports = store.imports(&[]).await.map_err(store_error)?;
    let mut table = Table::new(vec![
        Column::number("import_id", "Id"),
        Column::text("portfolio", "Portfolio"),
        Column::text("as_of", "As of"),
        Column::text("file_name", "File"),
        Column::text("format", "Format"),
        Column::text("account", "Account"),
        Column::number("rows", "Rows"),
        Column::number("positions", "Positions"),
        Column::number("opened", "Opened"),
        Column::number("closed", "Closed"),
        Column::number("changed", "Changed"),
        Column::text("status", "Status"),
        Column::text("imported_at", "Imported at"),
        Column::text("sha256", "SHA-256"),
    ]);
    for Import { id, portfolio_id, import } in imports {
        let Some(slug) = slugs.get(&portfolio_id) else { continue };
        table.push(vec![
            Cell::Int(id),
            Cell::text(slug),
            Cell::Date(import.as_of),
            Cell::text(import.file_name),
            Cell::text(import.format),
            Cell::or_blank(import.account, Cell::text),
            Cell::Int(import.file_rows as i64),
            Cell::Int(import.positions as i64),
            Cell::Int(import.opened as i64),
            Cell::Int(import.closed as i64),
            Cell::Int(import.changed as i64),
            Cell::text(import.status.as_str()),
            Cell::text(import.imported_at),
            Cell::text(import.sha256),
        ]);
    }
    let total = args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title(format!("Imports ({total})")))?;
    Ok(ExitStatus::Done)
}
