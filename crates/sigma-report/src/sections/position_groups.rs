//! Positions in groups: subtotals, and the rows that lead from them to the total.

use std::collections::BTreeMap;

use sigma_cli::{Cell, Column, Format, ListArgs, Table, ToolError};
use sigma_core::analytics::grouping::{GroupBy, Subtotal, added, groups, overlap, subtotal};
use sigma_core::analytics::positions::PositionView;
use sigma_core::model::Reason;

use super::absent;

use crate::inputs::Inputs;
use crate::report::{fraction, money, number};
use crate::totals::with_total;

/// What a row is, in the column `row`.
const GROUP: &str = "group";

/// Columns of the groups of one portfolio.
pub fn columns() -> Vec<Column> {
    vec![
        Column::text("group", "Group"),
        Column::text("row", "Row"),
        number("position_count", "Positions"),
        number("valued_count", "Valued"),
        money("market_value_usd", "Market value"),
        fraction("weight_fraction", "Weight"),
        money("gross_usd", "Gross"),
        money("cost_basis_usd", "Cost basis"),
        money("unrealized_pnl_usd", "Unrealised P&L"),
        money("day_pnl_usd", "Day P&L"),
        money("delta_dollars", "Delta dollars"),
        money("gamma_dollars_per_1pct", "Gamma dollars per 1%"),
        money("theta_usd_per_day", "Theta per day"),
        money("vega_usd_per_point", "Vega per point"),
        money("rho_usd_per_point", "Rho per 1%"),
        money("beta_adjusted_usd", "Beta-adjusted"),
    ]
}

/// The groups that a list asks for, one row for those that it leaves out, one for what counts in several groups, and the
/// total. In forms for people a row says what rounding leaves.
pub fn table(inputs: &Inputs, by: GroupBy, list: &ListArgs, format: Format) -> Result<Table, ToolError> {
    let found = groups(&inputs.book, &inputs.views, by);
    let sums: BTreeMap<&str, Subtotal> = found.iter().map(|(name, g)| (name.as_str(), subtotal(g))).collect();
    let mut table = Table::new(columns());
    for (name, views) in &found {
        table.push(cells(inputs, name, GROUP, &sums[name.as_str()], views));
    }
    list.apply(&mut table)?;

    let everything: Vec<&PositionView> = inputs.views.iter().collect();
    let whole = subtotal(&everything);
    let shown: Vec<String> = table.rows.iter().map(|row| row[0].shown()).collect();
    let cut: Vec<Subtotal> =
        sums.iter().filter(|(name, _)| !shown.iter().any(|s| s == *name)).map(|(_, sum)| *sum).collect();
    if !cut.is_empty() {
        let name = format!("{} other groups", cut.len());
        table.push(cells(inputs, &name, "others", &added(&cut), &everything));
    }
    let all: Vec<Subtotal> = sums.into_values().collect();
    let counted = added(&all);
    if counted.position_count != whole.position_count {
        let again = overlap(&whole, &counted);
        table.push(cells(inputs, "Counted in several groups", "overlap", &again, &everything));
    }
    let total = cells(inputs, "Total", "total", &whole, &everything);
    if matches!(format, Format::Csv | Format::Json) {
        table.push(total);
        return Ok(table);
    }
    Ok(with_total(table, total))
}

fn cells(inputs: &Inputs, name: &str, row: &str, sum: &Subtotal, views: &[&PositionView]) -> Vec<Cell> {
    let gross = inputs.snapshot.gross;
    let priceless = views.iter().find_map(|view| view.mark.err()).unwrap_or(Reason::NoPrice);
    let greekless = absent::sum(views.iter().copied(), PositionView::delta_adjusted);
    let betaless = absent::sum(views.iter().copied(), PositionView::beta_adjusted);
    let money = |amount: Option<f64>, reason: Reason| Cell::or_missing(amount.ok_or(reason), Cell::Money);
    let weight = sum.market_value.ok_or(priceless);
    let weight = weight.and_then(|v| if gross > 0.0 { Ok(v / gross) } else { Err(Reason::InvalidInput) });
    vec![
        Cell::text(name),
        Cell::text(row),
        Cell::Int(sum.position_count),
        Cell::Int(sum.valued_count),
        money(sum.market_value, priceless),
        Cell::or_missing(weight, Cell::Percent),
        money(sum.gross, priceless),
        Cell::Money(sum.cost_basis),
        money(sum.unrealized_pnl, priceless),
        money(sum.day_pnl, priceless),
        money(sum.delta_dollars, greekless),
        money(sum.gamma_dollars_per_1pct, greekless),
        money(sum.theta_per_day, greekless),
        money(sum.vega_per_point, greekless),
        money(sum.rho_per_point, greekless),
        money(sum.beta_adjusted, betaless),
    ]
}
