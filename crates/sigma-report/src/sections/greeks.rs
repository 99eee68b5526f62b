//! Greeks: totals in dollars, and per contract with where the volatility came from.

use sigma_cli::{Cell, Column, Table};
use sigma_core::analytics::positions::{PositionGreeks, PositionView};
use sigma_core::model::{GreeksMethod, GreeksRow, Reason};

use super::positions::quantity;
use super::{absent, with_availability};
use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, money, number};
use crate::totals::with_total;

/// A Greek of a position: key, title, value.
type Greek = (&'static str, &'static str, fn(&PositionGreeks) -> f64);

const GREEKS: [Greek; 5] = [
    ("delta_dollars", "Delta dollars", |g| g.delta_dollars),
    ("gamma_dollars_per_1pct", "Gamma dollars per 1% move", |g| g.gamma_dollars_per_1pct),
    ("theta_usd_per_day", "Theta per calendar day", |g| g.theta_per_day),
    ("vega_usd_per_point", "Vega per volatility point", |g| g.vega_per_point),
    ("rho_usd_per_point", "Rho per 1% rate", |g| g.rho_per_point),
];

pub fn section(inputs: &Inputs, availability: &[Availability]) -> Section {
    let mut section = with_availability(Section::new("greeks", "Greeks"), availability, "greeks");
    let totals = totals(inputs);
    for ((key, title, _), total) in GREEKS.iter().zip(totals) {
        let cell = Cell::or_missing(total.ok_or(no_total(inputs)), Cell::Money);
        section = section.fact(money(*key, *title), cell);
    }
    let options: Vec<&PositionView> = option_views(inputs).collect();
    if options.is_empty() {
        return section.note("No option is held: delta is the market value, the other Greeks are zero.");
    }
    let positions = by_position(inputs, &options);
    let shown = shown(inputs, positions.clone(), totals);
    section
        .tables("options", "Options by position", positions, Some(shown))
        .table("contracts", "Contracts, per unit of the underlying", contracts(inputs, &options))
        .note("Per unit: times the multiplier is one contract. Delta per 1.00 of spot, gamma per 1.00 squared, theta a \
               calendar day, vega per volatility point, rho per 1% of rate.")
        .notes_on_method(inputs, &options)
}

impl Section {
    fn notes_on_method(self, inputs: &Inputs, options: &[&PositionView]) -> Section {
        let approximated = options.iter().any(|view| {
            stored(inputs, view).is_some_and(|row| row.method == GreeksMethod::EuropeanApproximation)
        });
        match approximated {
            false => self,
            true => self.note(
                "european_approximation: the contract may be exercised early and is priced as if it could not be. The \
                 right is worth most for puts far in the money and for calls before a dividend, whose delta is \
                 understated in size.",
            ),
        }
    }
}

fn totals(inputs: &Inputs) -> [Option<f64>; 5] {
    let s = &inputs.snapshot;
    [s.delta_dollars, s.gamma_dollars_per_1pct, s.theta_per_day, s.vega_per_point, s.rho_per_point]
}

fn no_total(inputs: &Inputs) -> Reason {
    absent::sum(inputs.views.iter(), |view| view.greeks)
}

fn option_views(inputs: &Inputs) -> impl Iterator<Item = &PositionView> {
    inputs.views.iter().filter(|view| inputs.book.lots[view.lot].instrument.is_option())
}

fn stored<'a>(inputs: &'a Inputs, view: &PositionView) -> Option<&'a GreeksRow> {
    inputs.shared.results.greeks.get(&inputs.book.lots[view.lot].instrument.id)
}

fn by_position(inputs: &Inputs, options: &[&PositionView]) -> Table {
    let mut columns = vec![Column::text("symbol", "Position"), number("quantity", "Quantity")];
    columns.extend(GREEKS.iter().map(|(key, title, _)| money(*key, *title)));
    let mut table = Table::new(columns);
    for view in options {
        let lot = &inputs.book.lots[view.lot];
        let mut line = vec![Cell::text(&lot.instrument.symbol), quantity(lot.position.quantity)];
        line.extend(GREEKS.iter().map(|(_, _, pick)| {
            Cell::or_missing(view.greeks.as_ref().map(pick).map_err(|reason| *reason), Cell::Money)
        }));
        table.push(line);
    }
    table
}

/// The same with shares and funds in one row, and totals.
fn shown(inputs: &Inputs, mut table: Table, totals: [Option<f64>; 5]) -> Table {
    let others = inputs.views.iter().filter(|view| !inputs.book.lots[view.lot].instrument.is_option());
    let delta: f64 = others.filter_map(|view| view.greeks.ok()).map(|greeks| greeks.delta_dollars).sum();
    let zero = Cell::Money(0.0);
    table.push(vec![
        Cell::text("Shares and funds (delta 1)"),
        Cell::Blank,
        Cell::Money(delta),
        zero.clone(),
        zero.clone(),
        zero.clone(),
        zero,
    ]);
    let mut total = vec![Cell::text("Total"), Cell::Blank];
    total.extend(totals.map(|total| Cell::or_missing(total.ok_or(no_total(inputs)), Cell::Money)));
    with_total(table, total)
}

fn contracts(inputs: &Inputs, options: &[&PositionView]) -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Contract"),
        money("spot_usd", "Spot"),
        money("market_price_usd", "Market price"),
        money("model_price_usd", "Model price"),
        number("implied_volatility_fraction", "Volatility"),
        Column::text("volatility_source", "Source"),
        Column::text("method", "Method"),
        number("delta", "Delta"),
        number("gamma", "Gamma"),
        number("theta_per_day", "Theta"),
        number("vega_per_point", "Vega"),
        number("rho_per_point", "Rho"),
        Column::text("flags", "Remarks"),
    ]);
    let mut listed = Vec::new();
    for view in options {
        let instrument = &inputs.book.lots[view.lot].instrument;
        if listed.contains(&instrument.id) {
            continue;
        }
        listed.push(instrument.id);
        let mut line = vec![Cell::text(&instrument.symbol)];
        line.extend(contract_cells(view, stored(inputs, view)));
        table.push(line);
    }
    table
}

fn contract_cells(view: &PositionView, row: Option<&GreeksRow>) -> Vec<Cell> {
    let reason = view.greeks.err().unwrap_or(Reason::NotComputed);
    let (row, greeks) = match row.map(|row| (row, &row.greeks)) {
        Some((row, Ok(greeks))) => (row, greeks),
        _ => return vec![Cell::missing(reason); 12],
    };
    let number = |value: f64| Cell::number(value, 4);
    vec![
        Cell::Money(greeks.spot),
        Cell::or_missing(greeks.market_price.ok_or(Reason::NoPrice), Cell::Money),
        Cell::Money(greeks.model_price),
        Cell::Percent(greeks.volatility),
        Cell::text(greeks.volatility_source.as_str()),
        Cell::text(row.method.as_str()),
        number(greeks.delta),
        number(greeks.gamma),
        number(greeks.theta_per_day),
        number(greeks.vega_per_point),
        number(greeks.rho_per_point),
        Cell::text(greeks.flags.join(", ")),
    ]
}
