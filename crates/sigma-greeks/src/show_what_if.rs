//! `show --what-if`: the tables of `show` for the portfolio as it would be after trades.

use std::collections::HashMap;

use sigma_cli::{App, Document, ExitStatus, Shown};
use sigma_core::analytics::contracts::held;
use sigma_core::model::{GreeksRow, Instrument};
use sigma_store::Store;

use crate::rows::{contract_table, position_table, push_positions};
use crate::show::{Args, GREEKS};

pub async fn run(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<ExitStatus> {
    let shown = Shown {
        what_if: &args.what_if,
        portfolios: &args.portfolio.portfolios,
        as_of: &args.as_of,
        results: GREEKS,
        output: &args.output,
    };
    let what_if = shown.load(app, store).await?;
    let as_of = what_if.as_of;

    let after = &what_if.after;
    let mut table = match args.positions {
        true => {
            let mut table = position_table();
            push_positions(&mut table, &after.book, &after.views);
            table
        }
        false => {
            let held = held(std::slice::from_ref(&after.book), as_of);
            let rows: Vec<GreeksRow> =
                held.iter().filter_map(|id| what_if.results.greeks.get(id)).cloned().collect();
            let by_id: HashMap<i64, &Instrument> = what_if.instruments.values().map(|i| (i.id, i)).collect();
            contract_table(&rows, &by_id)
        }
    };
    args.list.apply(&mut table)?;
    let of = if args.positions { "positions" } else { "contracts" };
    let title = format!("Greeks of {of}, pro forma after {}", args.what_if.name());
    app.write(&args.output, &Document::single(table).title(title).as_of(as_of))?;
    Ok(app.tell_issues(&what_if.issues))
}
