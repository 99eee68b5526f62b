//! Executive summary.

use sigma_cli::{Cell, Column};
use sigma_core::analytics::positions::PositionView;
use sigma_core::model::{MARKET, Reason, ScenarioPnl};

use super::{absent, stress};
use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, money, number};

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let s = &inputs.snapshot;
    let day_return = s.day_return.ok_or(absent::day_return(s, &inputs.book.portfolio));
    let no_beta = match s.nav > 0.0 {
        true => absent::sum(inputs.views.iter(), PositionView::beta_adjusted),
        false => Reason::InvalidInput,
    };
    let market = inputs.factors.iter().find(|factor| factor.factor == MARKET);
    let coverage = market.map(|factor| factor.coverage_fraction).ok_or(no_beta);
    let section = Section::new("summary", "Executive summary")
        .fact(money("nav_usd", "NAV"), Cell::Money(s.nav))
        .fact(money("day_pnl_usd", "Day P&L"), Cell::Money(s.day_pnl))
        .fact(fraction("day_return_fraction", "Day return"), Cell::or_missing(day_return, Cell::Percent))
        .fact(money("gross_usd", "Gross exposure"), Cell::Money(s.gross))
        .fact(money("net_usd", "Net exposure"), Cell::Money(s.net))
        .fact(money("long_usd", "Long"), Cell::Money(s.long_value))
        .fact(money("short_usd", "Short"), Cell::Money(s.short_value))
        .fact(money("cash_usd", "Cash"), Cell::Money(s.cash))
        .fact(money("short_proceeds_usd", "of which short proceeds"), Cell::Money(s.short_proceeds))
        .fact(
            number("market_beta", "Market beta"),
            Cell::or_missing(s.market_beta.ok_or(no_beta), |beta| Cell::number(beta, 4)),
        )
        .fact(
            fraction("market_beta_coverage_fraction", "Market beta rests on, share of delta-adjusted value"),
            Cell::or_missing(coverage, Cell::Percent),
        )
        .fact(number("position_count", "Positions"), Cell::Int(s.position_count as i64))
        .fact(number("excluded_count", "Positions left out of the NAV"), Cell::Int(s.excluded_count as i64));
    worst_scenario(section, inputs)
}

/// The largest loss among all scenarios and both modes.
fn worst_scenario(section: Section, inputs: &Inputs) -> Section {
    let worst = worst(inputs);
    let name = worst.as_ref().map(|(name, _)| name.clone()).ok_or(Reason::NotComputed);
    let pnl = worst.as_ref().map(|(_, pnl)| pnl.pnl).ok_or(Reason::NotComputed);
    let share = match &worst {
        None => Err(Reason::NotComputed),
        Some((_, pnl)) => pnl.fraction.ok_or(Reason::InvalidInput),
    };
    section
        .fact(Column::text("worst_scenario", "Worst scenario"), Cell::or_missing(name, Cell::Text))
        .fact(money("worst_scenario_pnl_usd", "Worst scenario P&L"), Cell::or_missing(pnl, Cell::Money))
        .fact(
            fraction("worst_scenario_nav_fraction", "Worst scenario, share of NAV"),
            Cell::or_missing(share, Cell::Percent),
        )
}

fn worst(inputs: &Inputs) -> Option<(String, &ScenarioPnl)> {
    let (result, mode, pnl) = stress::worst(inputs)?;
    let name = inputs.scenario(&result.scenario_id).map_or(&result.scenario_id, |scenario| &scenario.name);
    Some((format!("{name} ({mode})"), pnl))
}
