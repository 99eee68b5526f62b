//! Market and rate moves.

use sigma_cli::{Cell, Column, Table};
use sigma_core::model::{MarketRiskShock, Reason};

use super::with_availability;
use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, money};

pub fn section(inputs: &Inputs, availability: &[Availability]) -> Section {
    let mut table = Table::new(vec![
        Column::text("scenario_id", "Move"),
        Column::text("shock", "Shock"),
        money("pnl_usd", "P&L"),
        fraction("nav_fraction", "Of NAV"),
        money("excluded_usd", "Value left out"),
    ]);
    for result in &inputs.market_risk {
        let pnl = result.outcome.as_ref().map(|pnl| pnl.pnl).map_err(|reason| *reason);
        let share = match &result.outcome {
            Ok(pnl) => pnl.fraction.ok_or(Reason::InvalidInput),
            Err(reason) => Err(*reason),
        };
        table.push(vec![
            Cell::text(&result.scenario_id),
            Cell::text(shock(result.shock)),
            Cell::or_missing(pnl, Cell::Money),
            Cell::or_missing(share, Cell::Percent),
            Cell::Money(result.excluded_value),
        ]);
    }
    with_availability(Section::new("market_risk", "Market risk"), availability, "market_risk")
        .table("moves", "Moves of the market, then of yields with the market unchanged", table)
        .note("Options are repriced in full; volatilities stay where they are.")
}

fn shock(shock: MarketRiskShock) -> String {
    match shock {
        MarketRiskShock::Market(size) => format!("market {:+.0}%", size * 100.0),
        MarketRiskShock::RatesBp(bp) => format!("yields {bp:+.0} bp"),
    }
}
