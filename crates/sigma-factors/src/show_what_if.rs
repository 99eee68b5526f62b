//! `show --what-if`: the tables of `show` for the portfolio as it would be after trades.

use std::collections::{BTreeMap, BTreeSet};

use sigma_cli::{App, Document, ExitStatus, Shown, Table, ToolError, WhatIf};
use sigma_core::analytics::factor_model::{self, DEFAULT_METHOD};
use sigma_store::Store;

use crate::positions_table::{exposure_table, loadings_table, push_loadings};
use crate::show::{Args, RATE_UNIT};
use crate::stored::FITS;

pub async fn run(args: &Args, app: &App, store: &mut Store) -> anyhow::Result<ExitStatus> {
    if args.method != DEFAULT_METHOD {
        let message = format!("--what-if is answered with loadings by {DEFAULT_METHOD}, not {}", args.method);
        return Err(ToolError::usage(message).hint("leave --method out").into());
    }
    let shown = Shown {
        what_if: &args.what_if,
        portfolios: &args.portfolio.portfolios,
        as_of: &args.as_of,
        results: FITS,
        output: &args.output,
    };
    let what_if = shown.load(app, store).await?;

    let (mut table, what) = match args.positions || args.instruments {
        true => (loadings(&what_if, args.instruments), "Factor loadings"),
        false => (exposures(&what_if), "Factor exposures"),
    };
    args.list.apply(&mut table)?;
    let title = format!("{what}, pro forma after {}", args.what_if.name());
    app.write(&args.output, &Document::single(table).title(title).as_of(what_if.as_of).note(RATE_UNIT))?;
    Ok(app.tell_issues(&what_if.issues))
}

fn exposures(what_if: &WhatIf) -> Table {
    let after = &what_if.after;
    let (market, results) = (&what_if.market, &what_if.results);
    let rows = factor_model::exposures(
        &after.book,
        &after.views,
        market,
        results,
        &what_if.definitions,
        after.day.nav,
    );
    let rows: Vec<_> = rows.into_iter().map(|rows| (after.book.portfolio.id, what_if.as_of, rows)).collect();
    exposure_table(std::slice::from_ref(&after.book), &rows)
}

/// Of what is held after the trades, or of every instrument; by symbol.
fn loadings(what_if: &WhatIf, everything: bool) -> Table {
    let held: BTreeSet<&str> =
        what_if.after.book.lots.iter().map(|lot| lot.instrument.risk_symbol()).collect();
    let symbols: BTreeMap<&str, i64> =
        what_if.instruments.values().map(|instrument| (instrument.symbol.as_str(), instrument.id)).collect();
    let mut table = loadings_table();
    for (symbol, id) in symbols {
        if let Some(fit) = what_if.results.fits.get(&id).filter(|_| everything || held.contains(symbol)) {
            push_loadings(&mut table, symbol, fit);
        }
    }
    table
}
