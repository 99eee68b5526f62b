//! `position apply-split`, and the same with `--undo`.

use serde_json::json;
use sigma_cli::{App, Document, DryRun, ExitStatus, LockArgs, OutputArgs, store_error};
use sigma_core::model::{Lot, Split};
use sigma_store::{Saved, SplitLots, Store, StoreError};

use super::position::{self, find};
use super::{one_row, recorded, usage};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id, as `position list` shows it
    pub id: i64,
    /// Take an applied split back; ID is the lot that it ended (`position list --all`) or the one that goes on
    #[arg(long)]
    pub undo: bool,
    /// Quantity and entry price count the split already, as brokers state them: it is noted, and nothing is multiplied
    #[arg(long)]
    pub counted: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("position-apply-split");
    let mut store = app.open_store().await?;
    let (slug, lot) = find(&mut store, args.id).await?;
    let touched = match (args.counted, args.undo) {
        (false, false) => apply(&args, app, &mut store, &lot).await?,
        (false, true) => undo(&args, app, &mut store, &lot).await?,
        (true, _) => count(&args, app, &mut store, &lot).await?,
    };
    if let Some(ids) = touched {
        let books = store.books(&[slug]).await.map_err(store_error)?;
        let table = position::table(&books, |lot| ids.contains(&lot.position.id));
        app.write(&args.output, &Document::single(table))?;
    }
    Ok(ExitStatus::Done)
}

/// Applies the earliest stored split after the entry. The lot ends on the day of the split at its entry price and goes
/// on as a new one at the restated price: cash, cost and P&L stay what they were, and earlier sessions can be replayed.
/// Returns the ids of both, but for a dry run.
async fn apply(args: &Args, app: &App, store: &mut Store, lot: &Lot) -> anyhow::Result<Option<Vec<i64>>> {
    let split = unapplied(store, app, lot).await?;
    let quantity = lot.position.quantity * split.to / split.from;
    let what = format!(
        "the {}-for-{} split of {} on {}: {} units become {quantity}",
        split.to, split.from, lot.instrument.symbol, split.date, lot.position.quantity
    );
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would apply {what}"));
        return Ok(None);
    }

    let _lock = app.lock(&args.lock).await?;
    let parameters =
        json!({ "position_id": args.id, "date": split.date, "from": split.from, "to": split.to });
    let id = recorded(app, store, "position apply-split", parameters, async |store| {
        let price = lot.position.entry_price * split.from / split.to;
        let id = store.split_position(args.id, split.date, quantity, price).await.map_err(store_error)?;
        Ok((id, two_rows()))
    })
    .await?;
    app.note(&format!("applied {what}"));
    Ok(Some(vec![args.id, id]))
}

/// Notes that the units of a lot count the earliest split that they are not known to count; `--undo` forgets all such
/// notes of the lot. Returns its id, but for a dry run.
async fn count(args: &Args, app: &App, store: &mut Store, lot: &Lot) -> anyhow::Result<Option<Vec<i64>>> {
    let symbol = &lot.instrument.symbol;
    let (through, what) = match (args.undo, lot.position.adjusted_through) {
        (true, None) => {
            let message = format!("no split is noted as counted in position {}", args.id);
            return Err(usage(message, "without --counted, --undo takes back a split that was applied"));
        }
        (true, Some(day)) => {
            (None, format!("that position {} counts splits of {symbol} up to {day}", args.id))
        }
        (false, _) => {
            let Split { date, from, to } = unapplied(store, app, lot).await?;
            (
                Some(date),
                format!("that position {} counts the {to}-for-{from} split of {symbol} on {date}", args.id),
            )
        }
    };
    let verb = if args.undo { "forget" } else { "note" };
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would {verb} {what}"));
        return Ok(None);
    }

    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "position_id": args.id, "counted": through, "undo": args.undo });
    recorded(app, store, "position apply-split", parameters, async |store| {
        store.adjust_position(args.id, through).await.map_err(store_error)?;
        Ok(((), one_row(true)))
    })
    .await?;
    app.note(&format!("{} {what}", if args.undo { "forgot" } else { "noted" }));
    Ok(Some(vec![args.id]))
}

/// Joins the two lots of an applied split: the earlier one is open again as it was, the later one is gone. Returns the
/// id of the earlier one, but for a dry run.
async fn undo(args: &Args, app: &App, store: &mut Store, lot: &Lot) -> anyhow::Result<Option<Vec<i64>>> {
    let SplitLots { before, after } = store.applied_split(args.id).await.map_err(not_undone)?;
    let (before, after) = (before.position, after.position);
    let what = format!(
        "the split of {} on {}: {} units become {} again",
        lot.instrument.symbol, after.entry_date, after.quantity, before.quantity
    );
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would take back {what}, and remove position {}", after.id));
        return Ok(None);
    }

    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "position_id": args.id, "undo": true, "date": after.entry_date });
    recorded(app, store, "position apply-split", parameters, async |store| {
        store.unsplit_position(args.id).await.map_err(not_undone)?;
        Ok(((), two_rows()))
    })
    .await?;
    app.note(&format!("took back {what}, and removed position {}", after.id));
    Ok(Some(vec![before.id]))
}

/// One of them is ended or opened again, the other comes or goes.
fn two_rows() -> Saved {
    let mut saved = one_row(true);
    saved += one_row(true);
    saved
}

fn not_undone(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Invalid { detail, .. } => usage(
            detail,
            "`sigma-seed position list --all` shows both lots; take back what was done to the later one first",
        ),
        other => store_error(other),
    }
}

/// The split that keeps an open lot of shares out of the numbers.
async fn unapplied(store: &mut Store, app: &App, lot: &Lot) -> anyhow::Result<Split> {
    let Lot { position, instrument, .. } = lot;
    if let Some(exit) = position.exit_date {
        let message = format!("position {} was closed on {exit}", position.id);
        return Err(usage(message, "`sigma-seed position list` shows open ones"));
    }
    if instrument.is_option() {
        return Err(usage(
            format!("{} is an option: a split changes its terms, not its quantity", instrument.symbol),
            "close the position and enter the adjusted contract",
        ));
    }
    let today = app.clock.new_york_local().date();
    let histories =
        store.price_histories(&[instrument.id], position.entry_date, today).await.map_err(store_error)?;
    let splits = histories.into_values().flat_map(|history| history.splits);
    let later = splits.filter(|split| split.date > position.units_of());
    later.min_by_key(|split| split.date).ok_or_else(|| {
        let what = match position.adjusted_through {
            None => format!("after the entry on {}", position.entry_date),
            Some(day) => format!("after {day}, up to which its units count them,"),
        };
        usage(
            format!("no split of {} {what} is stored", instrument.symbol),
            "put it into splits.csv and run `sigma-sync profiles`, or see `sigma-seed position list`",
        )
    })
}
