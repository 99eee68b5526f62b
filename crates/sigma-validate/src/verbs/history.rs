//! `history`: coverage of the regression window by symbol.

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table,
    store_error,
};
use sigma_core::analytics::returns::{daily_returns, rate_changes};
use sigma_core::model::{FactorDefinition, FactorKind};
use sigma_store::Store;

use crate::history::{Verdict, verdict};
use crate::needs::{Needs, needs};

/// Options of `history`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    /// Length of the window, in sessions
    #[arg(long, value_name = "SESSIONS", default_value_t = 252, value_parser = clap::value_parser!(u16).range(2..))]
    window: u16,
    /// Fewest returns that give a number at all
    #[arg(long, value_name = "RETURNS", default_value_t = 60)]
    min_obs: u16,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Coverage of one symbol or yield series.
struct Row {
    symbol: String,
    needed_for: String,
    observations: usize,
    first: Option<NaiveDate>,
    last: Option<NaiveDate>,
    /// A yield series is optional: without it the rate factor is left out.
    is_required: bool,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    let as_of = super::as_of(app, &mut store, &calendar, &args.as_of).await?;
    let books = store.books(&args.portfolios.portfolios).await.map_err(store_error)?;
    if books.is_empty() {
        return Err(super::no_portfolio());
    }
    let factors = store.factors().await.map_err(store_error)?;
    let window = usize::from(args.window);
    let from = calendar.sessions_back(as_of, window).map_err(calendar_error)?;
    let sessions = calendar.sessions_between(from, as_of).map_err(calendar_error)?;

    let mut rows = price_rows(&mut store, &needs(&books, &factors, as_of), &sessions).await?;
    rows.extend(rate_rows(&mut store, &factors, &sessions).await?);
    let judge = |row: &Row| verdict(row.observations, window, usize::from(args.min_obs));
    let bad: Vec<&Row> = rows.iter().filter(|row| row.is_required && !judge(row).is_usable()).collect();
    let mut table = table(&rows, window, &judge);
    args.list.apply(&mut table)?;
    let document =
        Document::single(table).title(format!("History over {window} sessions")).as_of(as_of).note(format!(
            "Sufficient from {:.0} returns, limited from {}.",
            (0.8 * window as f64).ceil(),
            args.min_obs
        ));
    app.write(&args.output, &document)?;
    tell(app, &bad);
    Ok(ExitStatus::partial_if(!bad.is_empty()))
}

async fn price_rows(store: &mut Store, needs: &Needs, sessions: &[NaiveDate]) -> anyhow::Result<Vec<Row>> {
    let symbols: Vec<String> = needs.keys().cloned().collect();
    let instruments = store.instruments_by_symbol(&symbols).await.map_err(store_error)?;
    let Some((from, to)) = ends(sessions) else { return Ok(Vec::new()) };
    let market = store.market(&instruments, from, to).await.map_err(store_error)?;
    let row = |(symbol, purposes): (&String, &std::collections::BTreeSet<&'static str>)| {
        let history = market.history(symbol);
        Row {
            symbol: symbol.clone(),
            needed_for: purposes.iter().copied().collect::<Vec<_>>().join(", "),
            observations: history.map_or(0, |h| daily_returns(h, sessions).iter().flatten().count()),
            first: history.and_then(|h| h.bars.first()).map(|bar| bar.date),
            last: history.and_then(|h| h.bars.last()).map(|bar| bar.date),
            is_required: true,
        }
    };
    Ok(needs.iter().map(row).collect())
}

async fn rate_rows(
    store: &mut Store,
    factors: &[FactorDefinition],
    sessions: &[NaiveDate],
) -> anyhow::Result<Vec<Row>> {
    let series: Vec<String> =
        factors.iter().filter(|f| f.kind == FactorKind::Rates).map(|f| f.proxy.clone()).collect();
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let Some((from, to)) = ends(sessions) else { return Ok(Vec::new()) };
    let stored = store.rates(&series, from, to).await.map_err(store_error)?;
    let row = |name: String| {
        let points = stored.get(&name).map_or(&[][..], Vec::as_slice);
        Row {
            observations: rate_changes(points, sessions).iter().flatten().count(),
            first: points.first().map(|point| point.date),
            last: points.last().map(|point| point.date),
            needed_for: "factor (optional)".to_owned(),
            symbol: name,
            is_required: false,
        }
    };
    Ok(series.into_iter().map(row).collect())
}

fn ends(sessions: &[NaiveDate]) -> Option<(NaiveDate, NaiveDate)> {
    Some((*sessions.first()?, *sessions.last()?))
}

fn table(rows: &[Row], window: usize, judge: &dyn Fn(&Row) -> Verdict) -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("needed_for", "Needed for"),
        Column::number("window_sessions", "Window").unit("sessions"),
        Column::number("observations", "Returns"),
        Column::number("coverage_fraction", "Coverage"),
        Column::text("first_date", "First"),
        Column::text("last_date", "Last"),
        Column::text("verdict", "Verdict"),
    ]);
    for row in rows {
        table.push(vec![
            Cell::text(&row.symbol),
            Cell::text(&row.needed_for),
            Cell::Int(window as i64),
            Cell::Int(row.observations as i64),
            Cell::Percent(row.observations as f64 / window as f64),
            Cell::or_blank(row.first, Cell::Date),
            Cell::or_blank(row.last, Cell::Date),
            Cell::text(judge(row).as_str()),
        ]);
    }
    table
}

fn tell(app: &App, bad: &[&Row]) {
    if !bad.is_empty() {
        let names: Vec<&str> = bad.iter().map(|row| row.symbol.as_str()).collect();
        app.note(&format!(
            "too short for any number: {}; run `sigma-sync run` to backfill",
            names.join(", ")
        ));
    }
}
