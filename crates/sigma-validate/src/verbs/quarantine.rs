//! `quarantine`: bars that the screens refused, and what was decided about them.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use sigma_cli::args::{parse_date, parse_stored_symbol};
use sigma_cli::{
    App, Cell, Column, Document, DryRun, ExitStatus, ListArgs, LockArgs, OutputArgs, RunTotals, Table, fail,
    store_error,
};
use sigma_core::model::PriceBar;
use sigma_store::{MarketBatch, QuarantineStatus, QuarantinedBar, Saved, Store, StoreError};

use crate::superseded::Superseding;

/// Reasons no decision can overrule: such a bar is not a price.
const IMPOSSIBLE: [&str; 3] = ["not_positive", "not_finite", "not_a_session"];

/// The reason of bars that contradict each other: to accept them does not say which of them.
const CONTRADICTORY: &str = "duplicate_date";

/// Printed in the place of `open` for the bars of sessions that have one.
const SUPERSEDED: &str = "superseded";

/// What to do with refused bars.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List refused bars
    Show(Show),
    /// A bar is right although it was refused: it is stored
    Accept(Accept),
    /// A bar is wrong: it is not told again
    Drop(Decide),
}

/// Options of `quarantine show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Bars with this decision
    #[arg(long, value_enum, default_value_t = Wanted::Open)]
    status: Wanted,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wanted {
    Open,
    Accepted,
    Dropped,
    /// Nobody has decided, and the session has a bar
    Superseded,
    All,
}

/// Options of `quarantine accept`.
#[derive(Debug, clap::Args)]
pub struct Accept {
    #[command(flatten)]
    bar: Decide,
    /// Take it in the place of the bar that is stored for that session
    #[arg(long)]
    replace: bool,
}

/// Options of `quarantine accept` and `quarantine drop`.
#[derive(Debug, clap::Args)]
pub struct Decide {
    #[arg(value_parser = parse_stored_symbol)]
    symbol: String,
    #[arg(value_name = "YYYY-MM-DD", value_parser = parse_date)]
    date: NaiveDate,
    /// Provider whose bar is meant; needed where several offered one for that date
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    lock: LockArgs,
}

pub async fn run(verb: Verb, app: &App) -> anyhow::Result<ExitStatus> {
    match verb {
        Verb::Show(args) => show(args, app).await,
        Verb::Accept(args) => decide(args.bar, app, QuarantineStatus::Accepted, args.replace).await,
        Verb::Drop(args) => decide(args, app, QuarantineStatus::Dropped, false).await,
    }
}

async fn show(args: Show, app: &App) -> anyhow::Result<ExitStatus> {
    let status = match args.status {
        Wanted::Open | Wanted::Superseded => Some(QuarantineStatus::Open),
        Wanted::Accepted => Some(QuarantineStatus::Accepted),
        Wanted::Dropped => Some(QuarantineStatus::Dropped),
        Wanted::All => None,
    };
    let mut store = app.open_store().await?;
    let mut bars = store.quarantine(status).await.map_err(store_error)?;
    let superseding = Superseding::of(&mut store, &bars).await?;
    match args.status {
        Wanted::Open => bars.retain(|bar| !superseding.is_superseded(bar)),
        Wanted::Superseded => bars.retain(|bar| superseding.is_superseded(bar)),
        _ => {}
    }
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("date", "Date"),
        Column::text("source", "Source"),
        Column::text("reason", "Reason"),
        Column::text("status", "Status"),
        Column::number("close", "Close"),
        Column::text("detail", "Detail"),
    ]);
    for bar in bars {
        let status = if superseding.is_superseded(&bar) { SUPERSEDED } else { bar.status.as_str() };
        let close = bar.payload.get("close").and_then(serde_json::Value::as_f64);
        table.push(vec![
            Cell::text(bar.symbol),
            Cell::Date(bar.date),
            Cell::text(bar.source),
            Cell::text(bar.reason),
            Cell::text(status),
            Cell::or_blank(close, |close| Cell::number(close, 4)),
            Cell::text(bar.detail),
        ]);
    }
    args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title("Quarantine"))?;
    Ok(ExitStatus::Done)
}

async fn decide(
    args: Decide,
    app: &App,
    status: QuarantineStatus,
    may_replace: bool,
) -> anyhow::Result<ExitStatus> {
    app.begin(if status == QuarantineStatus::Accepted { "quarantine-accept" } else { "quarantine-drop" });
    let _lock = if args.dry_run.dry_run { None } else { Some(app.lock(&args.lock).await?) };
    let mut store = app.open_store().await?;
    let (source, bars) = decidable(&mut store, &args, status).await?;
    if status == QuarantineStatus::Accepted && !may_replace {
        refuse_superseded(&mut store, &bars).await?;
    }
    let Decide { symbol, date, .. } = &args;
    if args.dry_run.dry_run {
        let bars = if bars.len() == 1 { "1 bar".to_owned() } else { format!("{} bars", bars.len()) };
        let status = status.as_str();
        app.note(&format!("would mark {bars} of {symbol} on {date} from {source} as {status}"));
        return Ok(ExitStatus::Done);
    }
    let parameters = json!({ "symbol": symbol, "date": date, "source": source, "status": status.as_str() });
    let run = app.begin_run(&mut store, "quarantine", None, parameters).await?;
    let marked = mark(&mut store, &args, &source, &bars, status).await;
    let is_stored = matches!(&marked, Ok((_, true)));
    let ended = app.end_run(&mut store, run, marked.map(|(totals, _)| totals)).await?;
    if status == QuarantineStatus::Accepted {
        app.note(&match is_stored {
            true => format!(
                "{symbol} of {date} from {source} is stored; `sigma-sync prices` judges later bars by it"
            ),
            false => format!("`sigma-sync prices` asks {source} for {symbol} of {date} again and takes it"),
        });
    }
    Ok(ended)
}

/// Records the decision, and stores a bar that was accepted: a service is not sure to send it a second time. Tells
/// whether a bar was stored.
async fn mark(
    store: &mut Store,
    args: &Decide,
    source: &str,
    bars: &[QuarantinedBar],
    status: QuarantineStatus,
) -> anyhow::Result<(RunTotals, bool)> {
    let changed = bars.iter().filter(|bar| bar.status != status).count() as u64;
    let is_accepted = status == QuarantineStatus::Accepted;
    let mut saved = Saved::default();
    let mut expected = bars.len() as u64;
    let mut is_stored = false;
    if is_accepted && let Some(bar) = one_bar(bars) {
        let known =
            store.instruments_by_symbol(std::slice::from_ref(&args.symbol)).await.map_err(store_error)?;
        if let Some(instrument) = known.first() {
            let bars = [(instrument.id, vec![bar])].into();
            saved += store
                .save_market_batch(MarketBatch { bars, ..MarketBatch::default() })
                .await
                .map_err(store_error)?;
            (expected, is_stored) = (expected + 1, true);
        }
    }
    let stored = store.set_quarantine_status_of(&args.symbol, args.date, source, status).await;
    saved += Saved { stored: stored.map_err(store_error)?, changed };
    Ok((RunTotals { expected, saved, ..RunTotals::default() }, is_stored))
}

/// The bar that all rows hold, as it came; none when they hold several, or none that can be read.
fn one_bar(rows: &[QuarantinedBar]) -> Option<PriceBar> {
    let mut bars = rows.iter().map(|row| serde_json::from_value::<PriceBar>(row.payload.clone()).ok());
    let first = bars.next()??;
    bars.all(|bar| bar.as_ref() == Some(&first)).then_some(first)
}

/// The one source that is meant, and its bars of that symbol and date; an impossible one cannot be accepted.
async fn decidable(
    store: &mut Store,
    args: &Decide,
    status: QuarantineStatus,
) -> anyhow::Result<(String, Vec<QuarantinedBar>)> {
    let mut bars = store.quarantine(None).await.map_err(store_error)?;
    bars.retain(|bar| bar.symbol == args.symbol && bar.date == args.date);
    let offered = bars.clone();
    bars.retain(|bar| args.source.as_ref().is_none_or(|source| bar.source == *source));
    let Some(first) = bars.first().cloned() else { return Err(unknown(args, &offered)) };
    if bars.iter().any(|bar| bar.source != first.source) {
        return Err(several(args, &bars));
    }
    if status == QuarantineStatus::Accepted
        && let Some(bar) = bars.iter().find(|bar| bar.reason == CONTRADICTORY)
    {
        let message = format!("{} on {} is not one bar: {}", bar.symbol, bar.date, bar.detail);
        let hint = "drop it, and put the close that you know to be right into a folder of files (prices.csv)";
        return Err(fail(ExitStatus::Usage, message, hint));
    }
    let impossible = bars.iter().find(|bar| IMPOSSIBLE.contains(&bar.reason.as_str()));
    match impossible.filter(|_| status == QuarantineStatus::Accepted) {
        Some(bar) => {
            let message =
                format!("the bar of {} on {} cannot be a price: {}", bar.symbol, bar.date, bar.detail);
            Err(fail(ExitStatus::Usage, message, "drop it with `sigma-validate quarantine drop`"))
        }
        None => Ok((first.source, bars)),
    }
}

/// A session that has a bar by now keeps it, unless that is said outright: no later run would bring it back.
async fn refuse_superseded(store: &mut Store, rows: &[QuarantinedBar]) -> anyhow::Result<()> {
    let superseding = Superseding::of(store, rows).await?;
    let Some((row, stored)) = rows.iter().find_map(|row| Some((row, superseding.stored(row)?))) else {
        return Ok(());
    };
    let refused = one_bar(rows);
    if refused.as_ref() == Some(stored) {
        return Ok(());
    }
    let close = refused.map(|bar| format!(" (close {})", bar.close)).unwrap_or_default();
    let message = format!(
        "{} has a bar of {} on {} (close {}): the refused one of {}{close} would take its place",
        row.symbol, stored.source, row.date, stored.close, row.source
    );
    Err(fail(ExitStatus::Usage, message, "leave it as it is, or say --replace"))
}

fn unknown(args: &Decide, offered: &[QuarantinedBar]) -> anyhow::Error {
    let from = args.source.as_ref().map(|source| format!(" from {source}")).unwrap_or_default();
    let what = format!("quarantined bar of {} on {}{from}", args.symbol, args.date);
    let hint = match sources(offered).as_str() {
        "" => "`sigma-validate quarantine show` lists them".to_owned(),
        known => format!("there is one from {known}"),
    };
    sigma_cli::hinted(store_error(StoreError::Missing { what }), hint)
}

/// A decision is about the bar of one provider: another one's may be right where this one's is wrong.
fn several(args: &Decide, bars: &[QuarantinedBar]) -> anyhow::Error {
    let told = bars.iter().map(|bar| {
        let close = bar.payload.get("close").and_then(serde_json::Value::as_f64);
        let close = close.map(|close| format!(" (close {close})")).unwrap_or_default();
        format!("{}{close}", bar.source)
    });
    let told: BTreeSet<String> = told.collect();
    let told: Vec<String> = told.into_iter().collect();
    let message =
        format!("{} has bars of several sources on {}: {}", args.symbol, args.date, told.join(", "));
    let first = bars.first().map(|bar| bar.source.as_str()).unwrap_or_default();
    fail(ExitStatus::Usage, message, format!("name one, such as --source {first}"))
}

fn sources(bars: &[QuarantinedBar]) -> String {
    let names: BTreeSet<&str> = bars.iter().map(|bar| bar.source.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(" and ")
}
