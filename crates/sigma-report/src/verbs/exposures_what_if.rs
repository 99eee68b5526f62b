//! `exposures --what-if`: the list of `exposures` for the portfolio as it would be after trades.

use sigma_cli::{App, Cell, Document, ExitStatus, Shown, StoredResults};
use sigma_core::analytics::exposures::exposures;
use sigma_store::{Engine, Store};

use super::exposures::{Args, empty_table};
use crate::sections::exposures::cells_of;

/// Beta-adjusted exposures need them.
pub(super) const LOADINGS: StoredResults =
    StoredResults { engine: Engine::FactorFits, what: "factor loadings", command: "sigma-factors run" };

pub async fn run(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<ExitStatus> {
    let shown = Shown {
        what_if: &args.what_if,
        portfolios: &args.portfolio.portfolios,
        as_of: &args.as_of,
        results: LOADINGS,
        output: &args.output,
    };
    let what_if = shown.load(app, store).await?;
    let as_of = what_if.as_of;

    let after = &what_if.after;
    let mut table = empty_table();
    for row in exposures(&after.book, &after.views) {
        if args.by.is_some_and(|by| by.dimension() != row.dimension) {
            continue;
        }
        let slug = Cell::text(&after.book.portfolio.slug);
        let mut line = vec![slug, Cell::Date(as_of), Cell::text(row.dimension.as_str())];
        line.extend(cells_of(&after.book, &after.views, &row));
        table.push(line);
    }
    args.list.apply(&mut table)?;
    let document = Document::single(table)
        .title(format!("Exposures, pro forma after {}", args.what_if.name()))
        .note("A position counts in each of its tags, so tags may add up to more than the total.");
    app.write(&args.output, &document)?;
    Ok(app.tell_issues(&what_if.issues))
}
