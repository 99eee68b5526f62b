//! The engines that a what-if compares, one function each. A further engine is a function and a line in [`SECTIONS`].

use sigma_core::analytics::exposures::{concentration, exposures};
use sigma_core::analytics::factor_model;
use sigma_core::analytics::positions::{PositionGreeks, PositionView, total};
use sigma_core::analytics::stress;
use sigma_core::model::Reason;

use super::State;

/// How a number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Money,
    /// A decimal fraction.
    Percent,
    Number(usize),
}

/// One number of one state.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Factor or scenario; empty for the portfolio itself.
    pub subject: String,
    /// With its unit.
    pub key: &'static str,
    pub form: Form,
    pub value: Result<f64, Reason>,
}

/// Numbers of one engine.
pub type Section = fn(&State<'_>) -> Vec<Measure>;

/// Name and engine, in the order of the answer.
pub const SECTIONS: [(&str, Section); 7] = [
    ("value", value),
    ("exposures", exposure),
    ("concentration", spread),
    ("greeks", greeks),
    ("factors", factors),
    ("stress", scenarios),
    ("market_risk", market_risk),
];

fn of(subject: &str, key: &'static str, form: Form, value: Result<f64, Reason>) -> Measure {
    Measure { subject: subject.to_owned(), key, form, value }
}

fn money(key: &'static str, value: f64) -> Measure {
    of("", key, Form::Money, Ok(value))
}

/// The sum over positions, or why there is none.
pub fn sum(
    views: &[PositionView],
    pick: impl Fn(&PositionView) -> Result<f64, Reason>,
) -> Result<f64, Reason> {
    let parts = || views.iter().map(&pick);
    let reason = || {
        let mut missing = parts().filter_map(Result::err);
        let first = missing.next();
        missing.find(|reason| *reason == Reason::NotComputed).or(first).unwrap_or(Reason::NotComputed)
    };
    total(parts()).ok_or_else(reason)
}

fn value(state: &State<'_>) -> Vec<Measure> {
    let day = &state.side.day;
    let unrealized = of("", "unrealized_pnl_usd", Form::Money, Ok(day.unrealized_pnl));
    vec![money("nav_usd", day.nav), money("cash_usd", day.cash), unrealized]
}

fn exposure(state: &State<'_>) -> Vec<Measure> {
    let (side, views) = (state.side, &state.side.views);
    // The total comes first.
    let Some(all) = exposures(&side.book, views).into_iter().next() else { return Vec::new() };
    let of_nav = |value: f64| match side.day.nav > 0.0 {
        true => Ok(value / side.day.nav),
        false => Err(Reason::InvalidInput),
    };
    vec![
        money("gross_usd", all.gross),
        money("net_usd", all.net),
        money("long_usd", all.long_value),
        money("short_usd", all.short_value),
        of("", "gross_fraction", Form::Percent, of_nav(all.gross)),
        of("", "net_fraction", Form::Percent, of_nav(all.net)),
        of("", "notional_usd", Form::Money, sum(views, |view| view.notional)),
        of("", "delta_adjusted_usd", Form::Money, sum(views, PositionView::delta_adjusted)),
        of("", "beta_adjusted_usd", Form::Money, sum(views, PositionView::beta_adjusted)),
        of("", "position_count", Form::Number(0), Ok(all.position_count as f64)),
    ]
}

fn spread(state: &State<'_>) -> Vec<Measure> {
    let found = concentration(&state.side.book, &state.side.views).ok_or(Reason::InvalidInput);
    vec![
        of("", "hhi", Form::Number(1), found.map(|c| c.hhi)),
        of("", "effective_positions", Form::Number(2), found.map(|c| c.effective_positions)),
        of("", "top_3_fraction", Form::Percent, found.map(|c| c.top_3_fraction)),
        of("", "top_10_fraction", Form::Percent, found.map(|c| c.top_10_fraction)),
    ]
}

fn greeks(state: &State<'_>) -> Vec<Measure> {
    type Pick = fn(&PositionGreeks) -> f64;
    let picks: [(&'static str, Pick); 5] = [
        ("delta_dollars", |g| g.delta_dollars),
        ("gamma_dollars_per_1pct", |g| g.gamma_dollars_per_1pct),
        ("theta_usd_per_day", |g| g.theta_per_day),
        ("vega_usd_per_point", |g| g.vega_per_point),
        ("rho_usd_per_point", |g| g.rho_per_point),
    ];
    let sum = |pick: Pick| sum(&state.side.views, |view| view.greeks.map(|g| pick(&g)));
    picks.into_iter().map(|(key, pick)| of("", key, Form::Money, sum(pick))).collect()
}

fn factors(state: &State<'_>) -> Vec<Measure> {
    let (side, what_if) = (state.side, &state.thought.what_if);
    let nav = side.day.nav;
    let of_factor = |factor: &str, dollars: Result<f64, Reason>| {
        let beta =
            dollars.and_then(|dollars| if nav > 0.0 { Ok(dollars / nav) } else { Err(Reason::InvalidInput) });
        [of(factor, "dollar_exposure_usd", Form::Money, dollars), of(factor, "beta", Form::Number(4), beta)]
    };
    if side.views.is_empty() {
        return what_if.definitions.iter().flat_map(|d| of_factor(&d.name, Ok(0.0))).collect();
    }
    let found = factor_model::exposures(
        &side.book,
        &side.views,
        &what_if.market,
        &what_if.results,
        &what_if.definitions,
        nav,
    );
    let found = found.unwrap_or_default();
    found.iter().flat_map(|exposure| of_factor(&exposure.factor, Ok(exposure.dollar_exposure))).collect()
}

fn scenarios(state: &State<'_>) -> Vec<Measure> {
    let inputs = state.inputs();
    let of_scenario = |(id, shocks): &(String, _)| {
        let result = stress::run_scenario(&inputs, id, shocks);
        [
            of(id, "direct_pnl_usd", Form::Money, result.direct.map(|total| total.pnl)),
            of(id, "correlated_pnl_usd", Form::Money, result.correlated.map(|total| total.pnl)),
        ]
    };
    state.thought.scenarios.active.iter().flat_map(of_scenario).collect()
}

fn market_risk(state: &State<'_>) -> Vec<Measure> {
    let rows = stress::market_risk(&state.inputs());
    rows.into_iter()
        .map(|row| of(&row.scenario_id, "pnl_usd", Form::Money, row.outcome.map(|total| total.pnl)))
        .collect()
}
