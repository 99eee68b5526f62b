//! `position close`.

use chrono::NaiveDate;
use serde_json::json;
use sigma_cli::args::parse_date;
use sigma_cli::{App, Document, DryRun, ExitStatus, LockArgs, OutputArgs, store_error};
use sigma_core::model::{Lot, parse_occ};

use super::position::{self, find};
use super::{check_not_future, note_session, one_row, recorded, usage, warn_digits};
use crate::decimal::{Decimal, parse_price, parse_units};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id, as `position list` shows it
    pub id: i64,
    /// Price of one unit, for options as quoted, US dollars
    #[arg(long, value_parser = parse_price, allow_negative_numbers = true)]
    pub price: Decimal,
    /// Day of the trade
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub date: NaiveDate,
    /// Units to close, without sign [default: all]
    #[arg(long, value_name = "UNITS", value_parser = parse_units, allow_negative_numbers = true)]
    pub quantity: Option<Decimal>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Closes a lot, or splits a part off and closes that.
pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("position-close");
    check_not_future(app, "--date", args.date)?;
    let mut store = app.open_store().await?;
    let (slug, lot) = find(&mut store, args.id).await?;
    check(&args, &lot)?;
    warn_digits(app, "--price", &args.price);
    args.quantity.iter().for_each(|quantity| warn_digits(app, "--quantity", quantity));
    note_session(app, args.date)?;
    let units = args.quantity.as_ref().map(|quantity| quantity.value);
    if args.dry_run.dry_run {
        let units = units.unwrap_or(lot.position.quantity.abs());
        app.note(&format!("dry run: would close {units} {} of {slug}", lot.instrument.symbol));
        return Ok(ExitStatus::Done);
    }

    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "position_id": args.id, "units": units });
    let closed = recorded(app, &mut store, "position close", parameters, async |store| {
        let closed =
            store.close_position(args.id, args.price.value, args.date, units).await.map_err(store_error)?;
        // A part is a lot of its own, and what stays open is restated.
        let mut saved = one_row(true);
        if closed != args.id {
            saved += one_row(true);
        }
        Ok((closed, saved))
    })
    .await?;
    let books = store.books(&[slug]).await.map_err(store_error)?;
    let is_touched = |lot: &Lot| [args.id, closed].contains(&lot.position.id);
    app.write(&args.output, &Document::single(position::table(&books, is_touched)))?;
    Ok(ExitStatus::Done)
}

fn check(args: &Args, lot: &Lot) -> anyhow::Result<()> {
    let Lot { position, instrument, .. } = lot;
    if let Some(exit) = position.exit_date {
        return Err(usage(
            format!("position {} was closed on {exit}", args.id),
            "`sigma-seed position list` shows open ones",
        ));
    }
    if args.date < position.entry_date {
        let message = format!("--date {} precedes the entry on {}", args.date, position.entry_date);
        return Err(usage(message, "correct the date"));
    }
    if let Some(occ) = parse_occ(&instrument.symbol).filter(|occ| occ.expiry < args.date) {
        let message = format!("{} expired on {}, before --date {}", instrument.symbol, occ.expiry, args.date);
        return Err(usage(
            message,
            "an expired contract settles by itself; correct the date if it was sold before",
        ));
    }
    let held = position.quantity.abs();
    match args.quantity.as_ref().filter(|quantity| quantity.value > held) {
        Some(quantity) => Err(usage(
            format!("position {} holds {held} units, fewer than --quantity {}", args.id, quantity.value),
            "leave --quantity out to close all of it",
        )),
        None => Ok(()),
    }
}
