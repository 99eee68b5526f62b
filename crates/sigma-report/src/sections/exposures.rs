//! Exposures: dollar, notional, delta-adjusted and beta-adjusted, in total and by group.

use sigma_cli::{Cell, Column, Table};
use sigma_core::analytics::exposures::UNCLASSIFIED;
use sigma_core::analytics::positions::PositionView;
use sigma_core::model::{Book, Dimension, ExposureRow, Lot, Reason};

use super::absent;

use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, money, number};
use crate::totals::with_total;

/// Underlyings that Markdown lists by name.
const SHOWN_UNDERLYINGS: usize = 10;

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let mut section = Section::new("exposures", "Exposures");
    let rows = |dimension| inputs.exposures.iter().filter(move |row| row.dimension == dimension);
    let Some(total) = rows(Dimension::Total).next() else { return section };
    section = section
        .fact(money("dollar_net_usd", "Dollar (market value), net"), Cell::Money(total.net))
        .fact(money("dollar_gross_usd", "Dollar (market value), gross"), Cell::Money(total.gross));
    let titles = [
        ("notional_usd", "Notional"),
        ("delta_adjusted_usd", "Delta-adjusted"),
        ("beta_adjusted_usd", "Beta-adjusted"),
    ];
    for ((key, title), cell) in titles.into_iter().zip(sums(&inputs.book, &inputs.views, total)) {
        section = section.fact(money(key, title), cell);
    }
    for (key, title, label, dimension) in [
        ("by_asset_type", "By asset type", "Asset type", Dimension::AssetType),
        ("by_sector", "By sector", "Sector", Dimension::Sector),
        ("by_underlying", "By underlying", "Underlying", Dimension::Underlying),
    ] {
        let groups: Vec<&ExposureRow> = rows(dimension).collect();
        let shown = with_total(largest(inputs, label, &groups, total), total_cells(inputs, total));
        section = section.tables(key, title, table(inputs, label, &groups), Some(shown));
    }
    let tags: Vec<&ExposureRow> = rows(Dimension::Tag).collect();
    section.table("by_tag", "By tag", table(inputs, "Tag", &tags)).note(
        "A position counts in each of its tags, so tags have no total. Notional of options: contracts x multiplier x \
         spot, negative for puts; delta-adjusted: times delta; beta-adjusted: times the market loading too.",
    )
}

/// Columns of a table of exposures; the first names the group.
pub fn columns(label: &str) -> Vec<Column> {
    vec![
        Column::text("bucket", label),
        number("position_count", "Positions"),
        money("gross_usd", "Gross"),
        money("net_usd", "Net"),
        money("long_usd", "Long"),
        money("short_usd", "Short"),
        money("notional_usd", "Notional"),
        money("delta_adjusted_usd", "Delta-adjusted"),
        money("beta_adjusted_usd", "Beta-adjusted"),
    ]
}

/// One group.
pub fn cells(inputs: &Inputs, row: &ExposureRow) -> Vec<Cell> {
    cells_of(&inputs.book, &inputs.views, row)
}

/// One group of any book and its positions.
pub fn cells_of(book: &Book, views: &[PositionView], row: &ExposureRow) -> Vec<Cell> {
    let mut line = vec![
        Cell::text(&row.bucket),
        Cell::Int(row.position_count as i64),
        Cell::Money(row.gross),
        Cell::Money(row.net),
        Cell::Money(row.long_value),
        Cell::Money(row.short_value),
    ];
    line.extend(sums(book, views, row));
    line
}

/// Notional, delta-adjusted and beta-adjusted exposure, or why positions of the group have none.
fn sums(book: &Book, views: &[PositionView], row: &ExposureRow) -> [Cell; 3] {
    let of_group = || views.iter().filter(|view| belongs(row, &book.lots[view.lot]));
    let cell = |sum: Option<f64>, number: fn(&PositionView) -> Result<f64, Reason>| {
        sum.map_or_else(|| Cell::missing(absent::sum(of_group(), number)), Cell::Money)
    };
    [
        cell(row.notional, |view| view.notional),
        cell(row.delta_adjusted, PositionView::delta_adjusted),
        cell(row.beta_adjusted, PositionView::beta_adjusted),
    ]
}

fn belongs(row: &ExposureRow, lot: &Lot) -> bool {
    let instrument = &lot.instrument;
    match row.dimension {
        Dimension::Total => true,
        Dimension::AssetType => instrument.kind.as_str() == row.bucket,
        Dimension::Sector => instrument.sector.as_deref().unwrap_or(UNCLASSIFIED) == row.bucket,
        Dimension::Underlying => instrument.risk_symbol() == row.bucket,
        Dimension::Tag => lot.tags.contains(&row.bucket),
    }
}

fn table(inputs: &Inputs, label: &str, rows: &[&ExposureRow]) -> Table {
    Table { columns: columns(label), rows: rows.iter().map(|row| cells(inputs, row)).collect() }
}

fn total_cells(inputs: &Inputs, total: &ExposureRow) -> Vec<Cell> {
    let mut line = cells(inputs, total);
    line[0] = Cell::text("Total");
    line
}

/// The largest groups by gross value, and one row for all others.
fn largest(inputs: &Inputs, label: &str, rows: &[&ExposureRow], total: &ExposureRow) -> Table {
    if rows.len() <= SHOWN_UNDERLYINGS + 1 {
        return table(inputs, label, rows);
    }
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| b.gross.total_cmp(&a.gross));
    let (named, others) = sorted.split_at(SHOWN_UNDERLYINGS);
    let mut table = table(inputs, label, named);
    table.push(cells(inputs, &sum_of_others(others, total)));
    table
}

/// Sums of what is known, where the total is known.
fn sum_of_others(rows: &[&ExposureRow], total: &ExposureRow) -> ExposureRow {
    let sum = |pick: fn(&ExposureRow) -> f64| rows.iter().map(|row| pick(row)).sum();
    let optional = |pick: fn(&ExposureRow) -> Option<f64>| {
        let known: Vec<f64> = rows.iter().filter_map(|row| pick(row)).collect();
        pick(total).filter(|_| !known.is_empty()).map(|_| known.iter().sum())
    };
    ExposureRow {
        dimension: Dimension::Total,
        bucket: format!("{} others", rows.len()),
        position_count: rows.iter().map(|row| row.position_count).sum(),
        gross: sum(|row| row.gross),
        net: sum(|row| row.net),
        long_value: sum(|row| row.long_value),
        short_value: sum(|row| row.short_value),
        notional: optional(|row| row.notional),
        delta_adjusted: optional(|row| row.delta_adjusted),
        beta_adjusted: optional(|row| row.beta_adjusted),
    }
}
