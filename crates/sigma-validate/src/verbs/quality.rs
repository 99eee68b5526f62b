//! `quality`: defects of stored prices by symbol.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_cli::args::parse_stored_symbol;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table, fail,
    store_error,
};
use sigma_core::model::Market;

use crate::coverage::quarantined;
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
    #[arg(long = "symbol", value_name = "SYMBOL", value_parser = parse_stored_symbol)]
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
    /// List each defect with its date instead of counting them
    #[arg(long)]
    defects: bool,
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
    // Without a bar there is nothing to judge, which is a missing row.
    let is_bad = examined.iter().any(|(_, quality)| !quality.as_ref().is_some_and(is_sound));
    let mut table = match args.defects {
        true => by_defect(&examined),
        false => by_symbol(&examined, &quarantined(&mut store, from, as_of).await?),
    };
    args.list.apply(&mut table)?;
    let document = Document::single(table)
        .title(format!("Price quality over {} sessions", args.window))
        .as_of(as_of)
        .note(FORMULA)
        .note("Quarantined bars are not stored: their sessions count as missing.")
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

fn by_symbol(examined: &[(&str, Option<Quality>)], quarantined: &BTreeMap<String, usize>) -> Table {
    let count = |key: &str, title: &str| Column::number(key, title);
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::number("score", "Score"),
        count("bars", "Bars"),
        Column::number("completeness_fraction", "Complete"),
        count("missing_sessions", "Missing"),
        count("weekend_bars", "Weekend"),
        count("unexpected_dates", "Unexpected"),
        count("outliers", "Outliers"),
        count("jumps", "Jumps"),
        count("stale_runs", "Stale runs"),
        count("not_positive", "Not positive"),
        count("quarantined", "Quarantined"),
        Column::text("sources", "Sources"),
        Column::text("basis", "Basis"),
        Column::text("dates", "Dates"),
    ]);
    let width = table.columns.len();
    for (symbol, quality) in examined {
        let refused = Cell::Int(quarantined.get(*symbol).copied().unwrap_or(0) as i64);
        let mut row = vec![Cell::text(*symbol)];
        match quality {
            None => {
                row.push(Cell::missing("no_price"));
                row.resize(QUARANTINED, Cell::Blank);
                row.push(refused);
                row.resize(width, Cell::Blank);
            }
            Some(q) => {
                row.extend([
                    Cell::number(q.score, 1),
                    Cell::Int(q.bars as i64),
                    Cell::Percent(q.completeness),
                ]);
                let defects = defects(q);
                row.extend(defects.map(|dates| Cell::Int(dates.len() as i64)));
                row.extend([refused, Cell::text(&q.sources), Cell::text(&q.basis)]);
                row.push(Cell::text(first_dates(&defects)));
            }
        }
        table.push(row);
    }
    table
}

/// Number of columns before the one of refused bars.
const QUARANTINED: usize = 11;

/// In the order of their columns.
fn defects(q: &Quality) -> [&Vec<NaiveDate>; 7] {
    [&q.missing, &q.weekend, &q.unexpected, &q.outliers, &q.jumps, &q.stale_runs, &q.not_positive]
}

/// Their names, in the same order.
const DEFECTS: [&str; 7] =
    ["missing_session", "weekend_bar", "unexpected_date", "outlier", "jump", "stale_run", "not_positive"];

fn by_defect(examined: &[(&str, Option<Quality>)]) -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("date", "Date"),
        Column::text("defect", "Defect"),
    ]);
    for (symbol, quality) in examined {
        let Some(quality) = quality else {
            table.push(vec![Cell::text(*symbol), Cell::Blank, Cell::text("no_price")]);
            continue;
        };
        let named = DEFECTS.into_iter().zip(defects(quality));
        let mut found: Vec<(NaiveDate, &str)> =
            named.flat_map(|(name, dates)| dates.iter().map(move |date| (*date, name))).collect();
        found.sort_unstable();
        for (date, name) in found {
            table.push(vec![Cell::text(*symbol), Cell::Date(date), Cell::text(name)]);
        }
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
