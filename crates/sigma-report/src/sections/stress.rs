//! Stress scenarios: every one, in both modes.

use sigma_cli::{Cell, Column, Table};
use sigma_core::model::{Reason, ScenarioPnl, StressResult};

use super::with_availability;
use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, money, number};
use crate::totals::with_total;

pub fn section(inputs: &Inputs, availability: &[Availability]) -> Section {
    let mut section = with_availability(Section::new("stress", "Stress scenarios"), availability, "stress")
        .table("scenarios", "Scenarios", scenarios(inputs));
    let parts = parts(inputs);
    if !parts.rows.is_empty() {
        let title = "Implied moves of that scenario, correlated mode";
        let (moves, of_worst) = (implied(inputs, None), implied(inputs, worst(inputs)));
        section = section
            .tables("parts", "Parts by factor of the largest loss", parts, Some(worst_parts(inputs)))
            .tables("implied_moves", title, moves, Some(of_worst));
    }
    section
        .note("Direct: only the named factors move. Correlated: the others move to their expectation given those and the \
               market, and option volatilities answer the market's move.")
        .note("extrapolated: the scenario lies more than five annual standard deviations out; the factors' covariance \
               says little there. \"inherited, not a replay\": round sizes taken over from an earlier system.")
}

fn scenarios(inputs: &Inputs) -> Table {
    let mut table = Table::new(vec![
        Column::text("scenario_id", "Id"),
        Column::text("name", "Scenario"),
        Column::text("category", "Category"),
        Column::text("severity", "Severity"),
        money("direct_pnl_usd", "Direct"),
        fraction("direct_nav_fraction", "Of NAV"),
        money("correlated_pnl_usd", "Correlated"),
        fraction("correlated_nav_fraction", "Of NAV"),
        money("excluded_usd", "Value left out"),
        number("distance", "Distance"),
        Column::text("extrapolated", "Extrapolated"),
        Column::text("note", "Note"),
    ]);
    let stored = |id: &str| inputs.stress.iter().find(|result| result.scenario_id == id);
    for scenario in &inputs.shared.scenarios {
        let text = |text: &str| Cell::text(text);
        let mut line = vec![
            text(&scenario.id),
            text(&scenario.name),
            text(&scenario.category),
            text(&scenario.severity),
        ];
        line.extend(result_cells(stored(&scenario.id)));
        line.push(Cell::or_blank(scenario.note.as_ref(), Cell::text));
        table.push(line);
    }
    table
}

fn result_cells(result: Option<&StressResult>) -> Vec<Cell> {
    let Some(result) = result else { return vec![Cell::missing(Reason::NotComputed); 7] };
    let mut cells = Vec::new();
    for mode in [&result.direct, &result.correlated] {
        cells.push(Cell::or_missing(mode.as_ref().map(|pnl| pnl.pnl), Cell::Money));
        let share = match mode {
            Ok(pnl) => pnl.fraction.ok_or(Reason::InvalidInput),
            Err(reason) => Err(*reason),
        };
        cells.push(Cell::or_missing(share, Cell::Percent));
    }
    let reason = result.correlated.as_ref().err().copied().unwrap_or(Reason::NotComputed);
    cells.push(Cell::Money(result.excluded_value));
    cells.push(Cell::or_missing(result.distance.ok_or(reason), |distance| Cell::number(distance, 2)));
    cells.push(Cell::Bool(result.extrapolated));
    cells
}

/// A scenario with numbers in one mode.
pub type Mode<'a> = (&'a StressResult, &'static str, &'a ScenarioPnl);

fn modes(inputs: &Inputs) -> impl Iterator<Item = Mode<'_>> {
    inputs.stress.iter().flat_map(|result| {
        let modes = [("direct", &result.direct), ("correlated", &result.correlated)];
        modes.into_iter().filter_map(move |(mode, pnl)| Some((result, mode, pnl.as_ref().ok()?)))
    })
}

fn part_columns() -> Vec<Column> {
    vec![
        Column::text("scenario_id", "Id"),
        Column::text("mode", "Mode"),
        Column::text("factor", "Factor"),
        money("pnl_usd", "P&L"),
    ]
}

fn part_rows(result: &StressResult, mode: &str, pnl: &ScenarioPnl) -> Vec<Vec<Cell>> {
    let row = |factor: &str, pnl: f64| {
        vec![Cell::text(&result.scenario_id), Cell::text(mode), Cell::text(factor), Cell::Money(pnl)]
    };
    pnl.by_factor.iter().map(|part| row(&part.factor, part.pnl)).collect()
}

fn parts(inputs: &Inputs) -> Table {
    let rows = modes(inputs).flat_map(|(result, mode, pnl)| part_rows(result, mode, pnl)).collect();
    Table { columns: part_columns(), rows }
}

/// The largest loss; the first of equal ones.
pub fn worst(inputs: &Inputs) -> Option<Mode<'_>> {
    modes(inputs).reduce(|worst, next| if next.2.pnl < worst.2.pnl { next } else { worst })
}

fn worst_parts(inputs: &Inputs) -> Table {
    let mut table = Table::new(part_columns());
    if let Some((result, mode, pnl)) = worst(inputs) {
        table.rows = part_rows(result, mode, pnl);
        table = with_total(table, vec![Cell::text("Total"), Cell::Blank, Cell::Blank, Cell::Money(pnl.pnl)]);
    }
    table
}

/// Implied moves of one scenario, or of all.
fn implied(inputs: &Inputs, only: Option<Mode<'_>>) -> Table {
    let mut table = Table::new(vec![
        Column::text("scenario_id", "Id"),
        Column::text("factor", "Factor"),
        fraction("size_fraction", "Implied move"),
        fraction("conditional_deviation_fraction", "Annual deviation given the shocks"),
    ]);
    let is_wanted =
        |result: &&StressResult| only.is_none_or(|(one, ..)| one.scenario_id == result.scenario_id);
    for result in inputs.stress.iter().filter(is_wanted) {
        for implied in &result.implied_moves {
            table.push(vec![
                Cell::text(&result.scenario_id),
                Cell::text(&implied.factor),
                Cell::Percent(implied.size),
                Cell::Percent(implied.conditional_deviation),
            ]);
        }
    }
    table
}
