//! Results as tables: totals, parts by factor, implied moves.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sigma_cli::{Cell, Column, Format, Table};
use sigma_core::model::{Book, Reason, Scenario, ScenarioPnl, StressResult};

/// A stored row: portfolio, date, result.
pub type Row = (i64, NaiveDate, StressResult);

/// Slug of a portfolio; rows are read for these books only.
pub fn slug(books: &[Book], id: i64) -> &str {
    books.iter().find(|book| book.portfolio.id == id).map_or("", |book| &book.portfolio.slug)
}

/// The total of a mode, or why there is none.
pub fn pnl(outcome: &Result<ScenarioPnl, Reason>) -> Cell {
    Cell::or_missing(outcome.as_ref(), |total| Cell::Money(total.pnl))
}

/// The total over NAV; blank where NAV is not positive.
pub fn fraction(outcome: &Result<ScenarioPnl, Reason>) -> Cell {
    Cell::or_missing(outcome.as_ref(), |total| Cell::or_blank(total.fraction, Cell::Percent))
}

/// One row for each portfolio, date and scenario.
pub fn results(rows: &[Row], books: &[Book], scenarios: &[Scenario]) -> Table {
    let names: HashMap<&str, &Scenario> = scenarios.iter().map(|s| (s.id.as_str(), s)).collect();
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("as_of", "Date"),
        Column::text("scenario", "Scenario"),
        Column::text("name", "Name"),
        Column::text("severity", "Severity"),
        Column::number("direct_pnl_usd", "Direct P&L").unit("USD"),
        Column::number("direct_fraction", "Direct").unit("of NAV"),
        Column::number("correlated_pnl_usd", "Correlated P&L").unit("USD"),
        Column::number("correlated_fraction", "Correlated").unit("of NAV"),
        Column::number("distance_deviations", "Distance").unit("annual deviations"),
        Column::text("extrapolated", "Extrapolated"),
        Column::number("excluded_value_usd", "Left out").unit("USD"),
    ]);
    for (id, as_of, result) in rows {
        let scenario = names.get(result.scenario_id.as_str());
        let text = |pick: fn(&Scenario) -> &str| Cell::or_blank(scenario.map(|s| pick(s)), Cell::text);
        table.push(vec![
            Cell::text(slug(books, *id)),
            Cell::Date(*as_of),
            Cell::text(&result.scenario_id),
            text(|s| &s.name),
            text(|s| &s.severity),
            pnl(&result.direct),
            fraction(&result.direct),
            pnl(&result.correlated),
            fraction(&result.correlated),
            Cell::or_blank(result.distance, |d| Cell::number(d, 2)),
            Cell::Bool(result.extrapolated),
            Cell::Money(result.excluded_value),
        ]);
    }
    table
}

/// Parts by factor; in forms for people each scenario ends with its total.
pub fn by_factor(rows: &[Row], books: &[Book], format: Format) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("scenario", "Scenario"),
        Column::text("factor", "Factor"),
        Column::number("direct_pnl_usd", "Direct P&L").unit("USD"),
        Column::number("correlated_pnl_usd", "Correlated P&L").unit("USD"),
    ]);
    for (id, _, result) in rows {
        let slug = slug(books, *id);
        let mut parts: BTreeMap<&str, [Result<f64, Reason>; 2]> = BTreeMap::new();
        for (mode, outcome) in [&result.direct, &result.correlated].into_iter().enumerate() {
            let found = outcome.as_ref().map(|total| total.by_factor.as_slice()).unwrap_or_default();
            for part in found {
                parts.entry(&part.factor).or_insert_with(|| empty(result))[mode] = Ok(part.pnl);
            }
        }
        let head = |factor: &str| vec![Cell::text(slug), Cell::text(&result.scenario_id), Cell::text(factor)];
        push_parts(&mut table, &head, parts.into_iter(), result, format);
    }
    table
}

/// A factor that a mode does not move contributes nothing to it; a mode without a result contributes its reason.
fn empty(result: &StressResult) -> [Result<f64, Reason>; 2] {
    [&result.direct, &result.correlated].map(|outcome| outcome.as_ref().map(|_| 0.0).map_err(|r| *r))
}

/// Rows of parts, and for people the total with a row for what rounding leaves.
pub fn push_parts<'a>(
    table: &mut Table,
    head: &dyn Fn(&str) -> Vec<Cell>,
    parts: impl Iterator<Item = (&'a str, [Result<f64, Reason>; 2])>,
    result: &StressResult,
    format: Format,
) {
    let cents = |value: f64| (value * 100.0).round();
    let mut shown = [0.0; 2];
    for (name, values) in parts {
        for (sum, value) in shown.iter_mut().zip(&values) {
            *sum += value.map_or(0.0, cents);
        }
        push(table, head(name), values.map(|value| Cell::or_missing(value, Cell::Money)));
    }
    if !matches!(format, Format::Table | Format::Md) {
        return;
    }
    let totals = [&result.direct, &result.correlated];
    let rest =
        |mode: usize| totals[mode].as_ref().map_or(0.0, |total| (cents(total.pnl) - shown[mode]) / 100.0);
    if rest(0) != 0.0 || rest(1) != 0.0 {
        push(table, head("rounding"), [Cell::Money(rest(0)), Cell::Money(rest(1))]);
    }
    push(table, head("total"), totals.map(pnl));
}

fn push(table: &mut Table, mut row: Vec<Cell>, values: [Cell; 2]) {
    row.extend(values);
    table.push(row);
}

/// Expected moves of the factors that scenarios do not name.
pub fn implied(rows: &[Row], books: &[Book]) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("scenario", "Scenario"),
        Column::text("factor", "Factor"),
        Column::number("implied_move_fraction", "Implied move"),
        Column::number("conditional_deviation_fraction", "Conditional deviation").unit("a year"),
    ]);
    for (id, _, result) in rows {
        for moved in &result.implied_moves {
            table.push(vec![
                Cell::text(slug(books, *id)),
                Cell::text(&result.scenario_id),
                Cell::text(&moved.factor),
                Cell::Percent(moved.size),
                Cell::Percent(moved.conditional_deviation),
            ]);
        }
    }
    table
}
