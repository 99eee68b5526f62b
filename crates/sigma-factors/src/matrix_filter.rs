//! Correlations between the columns of a CSV table, without a database.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args as ClapArgs;
use sigma_cli::render::{guarded, number_text};
use sigma_cli::{App, Destination, ExitStatus, ToolError, open_input};
use sigma_core::analytics::correlation::{CorrelationError, PackedCorrelation, ewma, pearson};
use sigma_core::analytics::nearest_correlation::repair;

use crate::wide::WideTable;

/// Returns looked back on.
const WINDOW: usize = 63;

/// Common returns below which a pair has no correlation.
const MIN_OVERLAP: usize = 20;

/// Options that only make sense with a table.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "With a FILE")]
pub struct FilterArgs {
    /// Wide CSV of prices: date,SYM1,SYM2,... oldest row first, "-" for stdin; without it stored correlations are shown
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Returns looked back on [default: 63]
    #[arg(long, value_name = "ROWS", requires = "file", value_parser = clap::value_parser!(u32).range(2..))]
    window: Option<u32>,
    /// Weigh returns exponentially with this half-life in rows
    #[arg(long, value_name = "ROWS", requires = "file")]
    half_life: Option<f64>,
    /// Common returns below which a pair has no correlation [default: 20, or the window if that is shorter]
    #[arg(long, value_name = "N", requires = "file")]
    min_overlap: Option<usize>,
    /// Move an indefinite matrix to the nearest correlation matrix
    #[arg(long, requires = "file")]
    nearest: bool,
    /// The table holds returns instead of prices
    #[arg(long, requires = "file")]
    returns: bool,
}

/// Correlates the columns and writes one row per pair.
pub fn run(args: &FilterArgs, output: Option<&std::path::Path>, app: &App) -> anyhow::Result<ExitStatus> {
    let table = WideTable::read(open_input(args.file.as_deref())?)?;
    let matrix = correlate(args, &table)?;
    let (matrix, is_whole) = if args.nearest { nearest(matrix, &table, app)? } else { (matrix, true) };
    Destination::new(output).write_with(|out| {
        let mut out = csv::Writer::from_writer(out);
        out.write_record(["a", "b", "correlation", "n"]).context("cannot write")?;
        for i in 0..matrix.n {
            for j in i + 1..matrix.n {
                let rho = matrix.get(i, j).map(number_text).unwrap_or_default();
                let count = matrix.count(i, j).to_string();
                let [a, b] = [i, j].map(|at| guarded(&table.symbols[at]));
                out.write_record([&*a, &*b, &rho, &count]).context("cannot write")?;
            }
        }
        out.flush().context("cannot write")
    })?;
    Ok(ExitStatus::partial_if(!is_whole))
}

fn correlate(args: &FilterArgs, table: &WideTable) -> anyhow::Result<PackedCorrelation> {
    let all: Vec<Vec<Option<f64>>> =
        (0..table.symbols.len()).map(|at| table.returns(at, args.returns)).collect();
    let window = args.window.map_or(WINDOW, |rows| rows as usize);
    let rows = all.first().map_or(0, Vec::len);
    let series: Vec<&[Option<f64>]> =
        all.iter().map(|column| &column[rows.saturating_sub(window)..]).collect();
    let overlap = args.min_overlap.unwrap_or(MIN_OVERLAP.min(window));
    let correlated = match args.half_life {
        None => pearson(&series, overlap),
        Some(half_life) => ewma(&series, half_life, overlap),
    };
    correlated.map_err(|error| {
        let error = match error {
            CorrelationError::NonFinite { series } => ToolError::usage(format!(
                "the column {} holds a cell that is no number",
                table.symbols[series]
            ))
            .hint("leave cells without a number blank"),
            other => ToolError::usage(other.to_string()).hint("see --help"),
        };
        error.into()
    })
}

/// The nearest correlation matrix of the columns among which no pair is missing; false when others had to stay as
/// they are.
fn nearest(
    matrix: PackedCorrelation,
    table: &WideTable,
    app: &App,
) -> anyhow::Result<(PackedCorrelation, bool)> {
    let members = matrix.complete_subset();
    let repaired = repair(&matrix.subset(&members)).context("cannot find the nearest correlation matrix")?;
    let is_whole = members.len() == matrix.n;
    if !is_whole {
        let left: Vec<&str> =
            (0..matrix.n).filter(|i| !members.contains(i)).map(|i| table.symbols[i].as_str()).collect();
        app.note(&format!("too few common returns to repair with: {}", left.join(", ")));
    }
    match repaired.smallest_eigenvalue {
        None => app.note("the matrix is a correlation matrix as it is"),
        Some(smallest) => app.note(&format!(
            "moved to the nearest correlation matrix: smallest eigenvalue {smallest:.4}, distance {:.4}",
            repaired.distance
        )),
    }
    Ok((with_members(matrix, &members, &repaired.correlation), is_whole))
}

/// The matrix with the correlations of some of its series replaced.
fn with_members(
    mut matrix: PackedCorrelation,
    members: &[usize],
    replacement: &PackedCorrelation,
) -> PackedCorrelation {
    for (a, i) in members.iter().enumerate() {
        for (b, j) in members[..=a].iter().enumerate() {
            // Members ascend, so j <= i: the place in the packed lower triangle.
            matrix.values[i * (i + 1) / 2 + j] = replacement.get(a, b);
        }
    }
    matrix
}
