//! `runs`: the history of runs.

use chrono::DateTime;
use sigma_cli::{App, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, Table, store_error};
use sigma_store::Run;

/// Options of `runs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Runs of one tool, such as sigma-sync
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Newest runs that are read when no limit is given.
const NEWEST: u32 = 10_000;

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let runs = store.runs(args.tool.as_deref(), NEWEST).await.map_err(store_error)?;
    let mut table = Table::new(vec![
        Column::number("run", "Run"),
        Column::text("tool", "Tool"),
        Column::text("verb", "Verb"),
        Column::text("status", "Status"),
        Column::text("from_date", "From"),
        Column::text("as_of", "As of"),
        Column::text("started_at", "Started"),
        Column::number("duration_seconds", "Took").unit("s"),
        Column::number("expected", "Expected"),
        Column::number("stored", "Stored"),
        Column::number("changed", "Changed"),
        Column::number("skipped", "Skipped"),
        Column::text("user", "User"),
        Column::text("message", "Message"),
    ]);
    runs.iter().for_each(|run| table.push(row(run)));
    args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title("Runs"))?;
    Ok(ExitStatus::Done)
}

fn row(run: &Run) -> Vec<Cell> {
    let count = |n: Option<u64>| Cell::or_blank(n, |n| Cell::Int(i64::try_from(n).unwrap_or(i64::MAX)));
    vec![
        Cell::Int(run.id),
        Cell::text(&run.run.tool),
        Cell::text(&run.run.verb),
        Cell::text(run.status.as_str()),
        Cell::or_blank(run.run.from.filter(|from| Some(*from) != run.run.as_of), Cell::Date),
        Cell::or_blank(run.run.as_of, Cell::Date),
        Cell::text(&run.run.started_at),
        Cell::or_blank(seconds(run), Cell::Int),
        count(run.expected),
        count(run.stored),
        count(run.changed),
        count(run.skipped),
        Cell::text(&run.run.username),
        Cell::or_blank(run.message.as_deref(), Cell::text),
    ]
}

/// From the stored times, which have whole seconds.
fn seconds(run: &Run) -> Option<i64> {
    let time = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    Some((time(run.finished_at.as_deref()?)? - time(&run.run.started_at)?).num_seconds())
}
