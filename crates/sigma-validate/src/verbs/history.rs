//! `history`: coverage of the regression window by symbol.

use std::collections::BTreeMap;

use sigma_cli::sessions::calendar_error;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, Table,
    store_error,
};
use sigma_core::analytics::history::Verdict;

use crate::coverage::{Coverage, Window, coverage};
use crate::needs::needs;

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

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    let as_of = super::as_of(app, &mut store, &calendar, &args.as_of).await?;
    let books = store.books(&args.portfolios.portfolios).await.map_err(store_error)?;
    if books.is_empty() {
        return Err(super::no_portfolio());
    }
    let factors = store.factors().await.map_err(store_error)?;
    let length = usize::from(args.window);
    let from = calendar.sessions_back(as_of, length).map_err(calendar_error)?;
    let sessions = calendar.sessions_between(from, as_of).map_err(calendar_error)?;
    let window = Window { sessions, from, to: as_of, length, min_observations: usize::from(args.min_obs) };

    let rows = coverage(&mut store, &needs(&books, &factors, as_of), &factors, &window).await?;
    let mut symbols = by_symbol(&rows, length);
    args.list.apply(&mut symbols)?;
    let summary = Summary::of(&rows);
    let document = Document::sections()
        .title(format!("History over {length} sessions"))
        .as_of(as_of)
        .section("symbols", symbols)
        .section("summary", summary.table())
        .section("still_short", summary.causes())
        .note(summary.sentence())
        .note(format!(
            "Sufficient from {} returns (80 % of the window); short of that, usable (limited) from {}.",
            (4 * length).div_ceil(5),
            args.min_obs
        ));
    app.write(&args.output, &document)?;
    Ok(ExitStatus::partial_if(tell(app, &rows)))
}

fn by_symbol(rows: &[Coverage], window: usize) -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("needed_for", "Needed for"),
        Column::number("window_sessions", "Window").unit("sessions"),
        Column::number("observations", "Returns"),
        Column::number("coverage_fraction", "Coverage"),
        Column::text("first_date", "First"),
        Column::text("last_date", "Last"),
        Column::text("verdict", "Verdict"),
        Column::text("sources", "Sources"),
        Column::text("why", "Why"),
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
            Cell::text(row.verdict.as_str()),
            Cell::or_blank(Some(&row.sources).filter(|sources| !sources.is_empty()), Cell::text),
            Cell::or_blank(row.why(), Cell::Text),
        ]);
    }
    table
}

/// All rows together.
struct Summary {
    total: usize,
    sufficient: usize,
    /// Short, and still usable.
    limited: usize,
    /// Symbols below the window's share that counts as sufficient, by cause. `sigma-sync run` counts the same.
    short: BTreeMap<String, Vec<String>>,
}

impl Summary {
    fn of(rows: &[Coverage]) -> Summary {
        let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
        let mut short: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.verdict != Verdict::Sufficient) {
            short.entry(row.cause()).or_default().push(row.symbol.clone());
        }
        Summary {
            total: rows.len(),
            sufficient: count(Verdict::Sufficient),
            limited: count(Verdict::Limited),
            short,
        }
    }

    fn still_short(&self) -> usize {
        self.short.values().map(Vec::len).sum()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(vec![
            Column::number("total", "Total"),
            Column::number("sufficient", "Sufficient"),
            Column::number("limited", "Limited"),
            Column::number("still_short", "Still short"),
        ]);
        let counts = [self.total, self.sufficient, self.limited, self.still_short()];
        table.push(counts.map(|count| Cell::Int(count as i64)).to_vec());
        table
    }

    fn causes(&self) -> Table {
        let mut table = Table::new(vec![
            Column::text("cause", "Cause"),
            Column::number("symbol_count", "Symbols"),
            Column::text("symbols", "Names"),
        ]);
        for (cause, symbols) in &self.short {
            table.push(vec![
                Cell::text(cause),
                Cell::Int(symbols.len() as i64),
                Cell::text(symbols.join(", ")),
            ]);
        }
        table
    }

    /// `58 symbols: 55 sufficient, 3 still short, 1 of them limited (3 symbols: PlanSymbol (FMP)).`
    fn sentence(&self) -> String {
        let Summary { total, sufficient, limited, .. } = self;
        let counts = format!("{}: {sufficient} sufficient", symbols(*total));
        let cause = |(cause, names): (&String, &Vec<String>)| format!("{}: {cause}", symbols(names.len()));
        match self.still_short() {
            0 => format!("{counts}, none still short."),
            short => {
                let causes: Vec<String> = self.short.iter().map(cause).collect();
                let limited =
                    if *limited > 0 { format!(", {limited} of them limited") } else { String::new() };
                format!("{counts}, {short} still short{limited} ({}).", causes.join("; "))
            }
        }
    }
}

fn symbols(count: usize) -> String {
    if count == 1 { "1 symbol".to_owned() } else { format!("{count} symbols") }
}

/// Names required symbols that no engine can use; whether there are any.
fn tell(app: &App, rows: &[Coverage]) -> bool {
    let bad = rows.iter().filter(|row| row.is_required && !row.verdict.is_usable());
    let names: Vec<&str> = bad.map(|row| row.symbol.as_str()).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        app.note(&format!("too short for any number: {names}; run `sigma-sync run` to backfill"));
    }
    !names.is_empty()
}
