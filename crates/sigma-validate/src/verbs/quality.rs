//! `quality`: defects of stored prices by symbol.

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table, fail,
    store_error,
};
use sigma_core::model::Market;

use crate::needs::needs;
use crate::quality::{FORMULA, Quality, STALE_RUN_SESSIONS, examine};

/// Options of `quality`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    /// Symbol; repeatable [default: all that are needed]
    #[arg(long = "symbol", value_name = "SYMBOL")]
    symbols: Vec<String>,
    /// Sessions to look back
    #[arg(long, value_name = "SESSIONS", default_value_t = 252, value_parser = clap::value_parser!(u16).range(2..))]
    window: u16,
    /// Robust z-score beyond which a return is an outlier
    #[arg(long, value_name = "Z", default_value_t = 8.0)]
    outlier_z: f64,
    /// Score below which a symbol fails; a jump or a price that is not positive fails at any score
    #[arg(long, value_name = "SCORE", default_value_t = 80.0)]
    min_score: f64,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    let as_of = super::as_of(app, &mut store, &calendar, &args.as_of).await?;
    let from = calendar.sessions_back(as_of, usize::from(args.window)).map_err(calendar_error)?;
    let sessions = calendar.sessions_between(from, as_of).map_err(calendar_error)?;
    let symbols = if args.symbols.is_empty() {
        let books = store.books(&args.portfolios.portfolios).await.map_err(store_error)?;
        let factors = store.factors().await.map_err(store_error)?;
        needs(&books, &factors, as_of).into_keys().collect()
    } else {
        args.symbols.clone()
    };
    let instruments = store.instruments_by_symbol(&symbols).await.map_err(store_error)?;
    if let Some(unknown) = args.symbols.iter().find(|s| instruments.iter().all(|known| known.symbol != **s)) {
        let message = format!("no instrument \"{unknown}\" is stored");
        return Err(fail(ExitStatus::Usage, message, "`sigma-validate history` lists the symbols in use"));
    }
    let market = store.market(&instruments, from, as_of).await.map_err(store_error)?;
    let examined = examine_all(&symbols, &market, &sessions, args.outlier_z);
    let is_sound = |quality: &Quality| quality.is_sound() && quality.score >= args.min_score;
    let is_bad = examined.iter().any(|(_, quality)| !quality.as_ref().is_some_and(is_sound));
    let mut table = table(&examined);
    args.list.apply(&mut table)?;
    let document = Document::single(table)
        .title(format!("Price quality over {} sessions", args.window))
        .as_of(as_of)
        .note(FORMULA)
        .note(format!("A stale run is {STALE_RUN_SESSIONS} or more equal closes in a row; an outlier has a robust z-score beyond {}.", args.outlier_z));
    app.write(&args.output, &document)?;
    Ok(ExitStatus::partial_if(is_bad))
}

fn examine_all<'a>(
    symbols: &'a [String],
    market: &Market,
    sessions: &[NaiveDate],
    z_threshold: f64,
) -> Vec<(&'a str, Option<Quality>)> {
    let of =
        |symbol: &str| market.history(symbol).and_then(|history| examine(history, sessions, z_threshold));
    symbols.iter().map(|symbol| (symbol.as_str(), of(symbol))).collect()
}

fn table(examined: &[(&str, Option<Quality>)]) -> Table {
    let count = |key: &str, title: &str| Column::number(key, title);
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::number("score", "Score"),
        count("bars", "Bars"),
        Column::number("completeness_fraction", "Complete"),
        count("missing_sessions", "Missing"),
        count("unexpected_dates", "Unexpected"),
        count("outliers", "Outliers"),
        count("jumps", "Jumps"),
        count("stale_runs", "Stale runs"),
        count("not_positive", "Not positive"),
        Column::text("dates", "Dates"),
    ]);
    for (symbol, quality) in examined {
        let Some(q) = quality else {
            let mut row = vec![Cell::text(*symbol), Cell::missing("no_price")];
            row.resize(11, Cell::Blank);
            table.push(row);
            continue;
        };
        let mut row = vec![
            Cell::text(*symbol),
            Cell::number(q.score, 1),
            Cell::Int(q.bars as i64),
            Cell::Percent(q.completeness),
        ];
        let defects = [&q.missing, &q.unexpected, &q.outliers, &q.jumps, &q.stale_runs, &q.not_positive];
        row.extend(defects.map(|dates| Cell::Int(dates.len() as i64)));
        row.push(Cell::text(first_dates(&defects)));
        table.push(row);
    }
    table
}

/// The first three dates with a defect.
fn first_dates(defects: &[&Vec<NaiveDate>]) -> String {
    let mut dates: Vec<NaiveDate> = defects.iter().flat_map(|dates| dates.iter().copied()).collect();
    dates.sort_unstable();
    dates.dedup();
    let more = if dates.len() > 3 { ", ..." } else { "" };
    let shown: Vec<String> = dates.iter().take(3).map(ToString::to_string).collect();
    shown.join(", ") + more
}
