//! Correlations between the holdings, and the clusters they form.

use sigma_cli::{Cell, Column, Table};
use sigma_core::model::{PortfolioCorrelation, Reason};

use super::with_availability;
use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, money, number};

/// Pairs that Markdown lists, the most correlated in size first.
const SHOWN_PAIRS: usize = 10;

pub fn section(inputs: &Inputs, availability: &[Availability]) -> Section {
    let section = Section::new("correlations", "Correlations");
    let section = with_availability(section, availability, "correlations");
    let Some(correlation) = &inputs.correlation else { return section };
    let missing = Reason::InsufficientHistory;
    let value = |value: Option<f64>| Cell::or_missing(value.ok_or(missing), |v| Cell::number(v, 4));
    let eigenvalue =
        Cell::or_missing(correlation.min_eigenvalue.ok_or("not repaired"), |value| Cell::number(value, 4));
    let pairs = pairs(correlation);
    let shown = strongest(&pairs);
    section
        .fact(Column::text("method", "Method"), Cell::text(&correlation.method))
        .fact(number("window_sessions", "Window (sessions)"), Cell::Int(correlation.window_sessions as i64))
        .fact(number("average_correlation", "Average correlation"), value(correlation.average_correlation))
        .fact(number("effective_bets", "Effective bets"), value(correlation.effective_bets))
        .fact(number("min_eigenvalue", "Smallest eigenvalue before the repair"), eigenvalue)
        .fact(
            Column::text("repaired", "Moved to the nearest correlation matrix"),
            Cell::Bool(correlation.repaired),
        )
        .fact(number("included_count", "Holdings included"), Cell::Int(correlation.symbols.len() as i64))
        .fact(number("excluded_count", "Holdings left out"), Cell::Int(correlation.excluded as i64))
        .table("clusters", "Clusters (correlation of 0.7 and more)", clusters(correlation))
        .tables("pairs", "Strongest pairs", pairs, Some(shown))
}

fn clusters(correlation: &PortfolioCorrelation) -> Table {
    let mut table = Table::new(vec![
        Column::text("name", "Cluster"),
        number("average_correlation", "Average correlation"),
        money("value_usd", "Delta-adjusted size"),
        fraction("weight_fraction", "Of all nodes"),
        Column::text("members", "Members"),
    ]);
    for cluster in &correlation.clusters {
        table.push(vec![
            Cell::text(&cluster.name),
            Cell::number(cluster.average_correlation, 4),
            Cell::Money(cluster.value),
            Cell::or_missing(cluster.weight_fraction.ok_or(Reason::InvalidInput), Cell::Percent),
            Cell::text(cluster.members.join(", ")),
        ]);
    }
    table
}

/// The strict lower triangle, one row a pair.
fn pairs(correlation: &PortfolioCorrelation) -> Table {
    let mut table = Table::new(vec![
        Column::text("a", "A"),
        Column::text("b", "B"),
        number("correlation", "Correlation"),
    ]);
    let symbols = &correlation.symbols;
    let places = (1..symbols.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    for ((i, j), value) in places.zip(&correlation.pairs) {
        let value = value.ok_or(Reason::InsufficientHistory);
        table.push(vec![
            Cell::text(&symbols[j]),
            Cell::text(&symbols[i]),
            Cell::or_missing(value, |value| Cell::number(value, 4)),
        ]);
    }
    table
}

fn strongest(pairs: &Table) -> Table {
    let size = |row: &[Cell]| match row.last() {
        Some(Cell::Number { value, .. }) => value.abs(),
        _ => -1.0,
    };
    let mut shown = pairs.clone();
    shown.rows.sort_by(|a, b| size(b).total_cmp(&size(a)));
    shown.rows.truncate(SHOWN_PAIRS);
    shown
}
