//! `sigma-sync status`: what is stored, how far it reaches and how old it is.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use clap::Args;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, Table, store_error,
};
use sigma_core::calendar::{Calendar, FIRST_DATE, LAST_DATE};
use sigma_core::model::{Instrument, Reason};
use sigma_store::{Run, Store};

use crate::telling::count;

/// How many runs are shown.
const SHOWN_RUNS: u32 = 5;

/// Options of `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// Ages are counted at this date [default: the last completed session]
    #[command(flatten)]
    pub as_of: AsOfArgs,
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Data of one instrument.
struct Reach {
    first: NaiveDate,
    last: NaiveDate,
    count: usize,
    source: Option<String>,
}

/// Shows symbols, series and runs.
pub async fn run(app: &App, args: &StatusArgs) -> anyhow::Result<ExitStatus> {
    let calendar = app.calendar()?;
    let as_of = match args.as_of.as_of {
        Some(date) => date,
        None => app.last_completed_session(&calendar)?,
    };
    let mut store = app.open_store().await?;
    let instruments = store.instruments().await.map_err(store_error)?;
    let reaches = reaches(&mut store, &instruments).await?;
    let mut symbols = symbol_table(&instruments, &reaches, as_of, &calendar)?;
    args.list.apply(&mut symbols)?;
    let rates = rate_table(&mut store, as_of, &calendar).await?;
    let runs = store.runs(Some(&app.name), SHOWN_RUNS).await.map_err(store_error)?;

    let mut document = Document::sections().title("Market data").as_of(as_of);
    if reaches.is_empty() {
        document = document.note(
            "no prices yet; bring some with `sigma-sync run` and a key of a provider, or with `--path DIR`",
        );
    }
    let document =
        document.section("symbols", symbols).section("rates", rates).section("runs", run_table(&runs));
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

/// First and last date, number and source of the bars (of contracts: of the quotes), by instrument.
async fn reaches(store: &mut Store, instruments: &[Instrument]) -> anyhow::Result<HashMap<i64, Reach>> {
    let mut reaches = HashMap::new();
    let mut by_last: BTreeMap<NaiveDate, Vec<i64>> = BTreeMap::new();
    for cover in store.price_coverage().await.map_err(store_error)? {
        let count = usize::try_from(cover.count).unwrap_or(usize::MAX);
        reaches
            .insert(cover.instrument_id, Reach { first: cover.first, last: cover.last, count, source: None });
        by_last.entry(cover.last).or_default().push(cover.instrument_id);
    }
    for (last, ids) in by_last {
        for (id, history) in store.price_histories(&ids, last, last).await.map_err(store_error)? {
            if let (Some(reach), Some(bar)) = (reaches.get_mut(&id), history.bars.last()) {
                reach.source = Some(bar.source.clone());
            }
        }
    }
    let contracts: Vec<i64> = instruments.iter().filter(|i| i.is_option()).map(|i| i.id).collect();
    let quotes = store.option_quotes(&contracts, FIRST_DATE, LAST_DATE).await.map_err(store_error)?;
    for (id, quotes) in quotes {
        if let (Some(first), Some(last)) = (quotes.first(), quotes.last()) {
            let source = Some(last.source.clone());
            reaches.insert(id, Reach { first: first.date, last: last.date, count: quotes.len(), source });
        }
    }
    Ok(reaches)
}

fn symbol_table(
    instruments: &[Instrument],
    reaches: &HashMap<i64, Reach>,
    as_of: NaiveDate,
    calendar: &Calendar,
) -> anyhow::Result<Table> {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("kind", "Kind"),
        Column::text("first", "First"),
        Column::text("last", "Last"),
        Column::number("bars", "Bars"),
        Column::number("age_sessions", "Age").unit("sessions"),
        Column::text("source", "Source"),
    ]);
    for instrument in instruments {
        let mut row = vec![Cell::text(&instrument.symbol), Cell::text(instrument.kind.as_str())];
        match reaches.get(&instrument.id) {
            Some(reach) => row.extend([
                Cell::Date(reach.first),
                Cell::Date(reach.last),
                count(reach.count),
                age(reach.last, as_of, calendar)?,
                Cell::or_blank(reach.source.clone(), Cell::Text),
            ]),
            None => {
                let missing = || Cell::missing(Reason::NoPrice);
                row.extend([missing(), missing(), Cell::Int(0), missing(), Cell::Blank]);
            }
        }
        table.push(row);
    }
    Ok(table)
}

async fn rate_table(store: &mut Store, as_of: NaiveDate, calendar: &Calendar) -> anyhow::Result<Table> {
    let mut table = Table::new(vec![
        Column::text("series", "Series"),
        Column::text("first", "First"),
        Column::text("last", "Last"),
        Column::number("points", "Points"),
        Column::number("age_sessions", "Age").unit("sessions"),
        Column::number("latest_percent", "Latest").unit("%"),
    ]);
    let rates = store.rates(&[], FIRST_DATE, LAST_DATE).await.map_err(store_error)?;
    for (series, points) in rates.into_iter().collect::<BTreeMap<_, _>>() {
        if let (Some(first), Some(last)) = (points.first(), points.last()) {
            table.push(vec![
                Cell::text(series),
                Cell::Date(first.date),
                Cell::Date(last.date),
                count(points.len()),
                age(last.date, as_of, calendar)?,
                Cell::number(last.percent, 2),
            ]);
        }
    }
    Ok(table)
}

fn age(last: NaiveDate, as_of: NaiveDate, calendar: &Calendar) -> anyhow::Result<Cell> {
    Ok(count(calendar.age_in_sessions(last, as_of).map_err(calendar_error)?))
}

fn run_table(runs: &[Run]) -> Table {
    let mut table = Table::new(vec![
        Column::text("started_at", "Started"),
        Column::text("verb", "Verb"),
        Column::text("as_of", "As of"),
        Column::text("status", "Status"),
        Column::number("stored", "Stored"),
        Column::number("changed", "Changed"),
        Column::number("skipped", "Skipped"),
    ]);
    let number =
        |value: Option<u64>| Cell::or_blank(value, |n| Cell::Int(i64::try_from(n).unwrap_or(i64::MAX)));
    for run in runs {
        table.push(vec![
            Cell::text(&run.run.started_at),
            Cell::text(&run.run.verb),
            Cell::or_blank(run.run.as_of, Cell::Date),
            Cell::text(run.status.as_str()),
            number(run.stored),
            number(run.changed),
            number(run.skipped),
        ]);
    }
    table
}
