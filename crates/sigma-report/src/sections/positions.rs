//! Positions: every lot at the close, and the table that the CSV is.

use sigma_cli::{Cell, Column, Table};
use sigma_core::analytics::positions::{PositionView, loadings};
use sigma_core::model::{Lot, Reason};

use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, money, number};
use crate::totals::with_total;

/// Columns that Markdown shows.
const SHOWN: [&str; 11] = [
    "symbol",
    "position_type",
    "quantity",
    "price_usd",
    "price_date",
    "market_value_usd",
    "weight_fraction",
    "unrealized_pnl_usd",
    "day_pnl_usd",
    "delta_dollars",
    "beta_adjusted_usd",
];

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let table = full_table(inputs);
    let shown = with_sums(inputs, selected(&table, &SHOWN));
    Section::new("positions", "Positions")
        .tables("positions", "Open lots", table, Some(shown))
        .note("Weight: signed market value over gross. Long and short: LONG, SHORT; options: LC, LP, SC, SP.")
}

/// One row a lot with everything known about it; the columns of the CSV.
pub fn full_table(inputs: &Inputs) -> Table {
    let mut columns = fixed_columns();
    let at = columns.iter().position(|column| column.key == "entry_date").unwrap_or(columns.len());
    let factors = inputs.shared.definitions.iter().map(|factor| factor_column(&factor.name));
    columns.splice(at..at, factors);
    let rows = inputs.views.iter().map(|view| cells(inputs, view)).collect();
    Table { columns, rows }
}

/// Columns of the list of positions, the same for all portfolios.
pub fn list_columns() -> Vec<Column> {
    fixed_columns()
}

/// One lot of that list.
pub fn list_cells(inputs: &Inputs, view: &PositionView) -> Vec<Cell> {
    let lot = &inputs.book.lots[view.lot];
    let mut row = numbers(inputs, view, lot);
    row.extend(remarks(view, lot));
    row
}

fn cells(inputs: &Inputs, view: &PositionView) -> Vec<Cell> {
    let lot = &inputs.book.lots[view.lot];
    let mut row = numbers(inputs, view, lot);
    row.extend(inputs.shared.definitions.iter().map(|factor| factor_dollars(inputs, view, &factor.name)));
    row.extend(remarks(view, lot));
    row
}

fn fixed_columns() -> Vec<Column> {
    let text = |key: &str, title: &str| Column::text(key, title);
    vec![
        number("position_id", "Position"),
        text("symbol", "Symbol"),
        text("type", "Kind"),
        text("position_type", "Type"),
        number("quantity", "Quantity"),
        number("multiplier", "Multiplier"),
        money("entry_price_usd", "Entry price"),
        money("price_usd", "Price"),
        text("price_date", "Price of"),
        money("market_value_usd", "Market value"),
        money("cost_basis_usd", "Cost basis"),
        money("unrealized_pnl_usd", "Unrealised P&L"),
        money("day_pnl_usd", "Day P&L"),
        fraction("weight_fraction", "Weight"),
        number("delta", "Delta"),
        number("gamma", "Gamma"),
        money("theta_usd_per_day", "Theta per day"),
        money("vega_usd_per_point", "Vega per point"),
        money("rho_usd_per_point", "Rho per 1%"),
        money("delta_dollars", "Delta dollars"),
        money("gamma_dollars_per_1pct", "Gamma dollars per 1%"),
        fraction("implied_volatility_fraction", "Volatility"),
        text("underlying", "Underlying"),
        money("strike_usd", "Strike"),
        text("expiry", "Expiry"),
        number("days_to_expiry", "Days to expiry"),
        money("notional_usd", "Notional"),
        money("beta_adjusted_usd", "Beta-adjusted"),
        text("entry_date", "Entered"),
        text("sector", "Sector"),
        text("tags", "Tags"),
        text("reason", "Reason"),
    ]
}

/// `Low Volatility` becomes `factor_low_volatility_usd`.
fn factor_column(name: &str) -> Column {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let slug: String = name.chars().map(word).collect();
    money(format!("factor_{slug}_usd"), format!("{name} exposure"))
}

fn factor_dollars(inputs: &Inputs, view: &PositionView, factor: &str) -> Cell {
    let all = match &view.factor_dollars {
        Err(reason) => return Cell::missing(reason),
        Ok(all) => all,
    };
    if let Some((_, dollars)) = all.iter().find(|(name, _)| name == factor) {
        return Cell::Money(*dollars);
    }
    // What is not among the stored loadings is zero by definition or not known.
    let instrument = &inputs.book.lots[view.lot].instrument;
    let fit = loadings(instrument, &inputs.shared.market, &inputs.shared.results).ok();
    match fit.and_then(|fit| fit.known_loading(factor)) {
        Some(_) => Cell::Money(0.0),
        None => Cell::missing(Reason::NotComputed),
    }
}

fn numbers(inputs: &Inputs, view: &PositionView, lot: &Lot) -> Vec<Cell> {
    let (position, instrument) = (&lot.position, &lot.instrument);
    let price_reason = view.mark.err().unwrap_or(Reason::NoPrice);
    let value = |value: Option<f64>| Cell::or_missing(value.ok_or(price_reason), Cell::Money);
    let gross = inputs.snapshot.gross;
    let weight = view
        .market_value
        .ok_or(price_reason)
        .and_then(|value| if gross > 0.0 { Ok(value / gross) } else { Err(Reason::InvalidInput) });
    let mut row = vec![
        // A lot that a what-if opens has no id.
        Cell::or_blank(Some(position.id).filter(|id| *id != 0), Cell::Int),
        Cell::text(&instrument.symbol),
        Cell::text(instrument.kind.as_str()),
        Cell::text(lot.position_type()),
        quantity(position.quantity),
        quantity(instrument.multiplier),
        Cell::Money(position.entry_price),
        Cell::or_missing(view.mark.map(|mark| mark.price), Cell::Money),
        Cell::or_missing(view.mark.map(|mark| mark.date), Cell::Date),
        value(view.market_value),
        Cell::Money(view.cost_basis),
        value(view.unrealized_pnl),
        value(view.day_pnl),
        Cell::or_missing(weight, Cell::Percent),
    ];
    row.extend(greeks(inputs, view, lot));
    row.extend(terms(inputs, lot));
    row.extend([
        Cell::or_missing(view.notional, Cell::Money),
        Cell::or_missing(view.beta_adjusted(), Cell::Money),
    ]);
    row
}

/// Greeks of the position: per unit times quantity times multiplier. Those of a share are its units and zeros.
fn greeks(inputs: &Inputs, view: &PositionView, lot: &Lot) -> Vec<Cell> {
    let greeks = match view.greeks {
        Ok(greeks) => greeks,
        Err(reason) => return vec![Cell::missing(reason); 8],
    };
    let stored = inputs.shared.results.greeks.get(&lot.instrument.id);
    let per_unit = stored.filter(|_| lot.instrument.is_option()).and_then(|row| row.greeks.as_ref().ok());
    let (delta, gamma) = per_unit.map_or((1.0, 0.0), |greeks| (greeks.delta, greeks.gamma));
    vec![
        Cell::number(lot.units() * delta, 4),
        Cell::number(lot.units() * gamma, 4),
        Cell::Money(greeks.theta_per_day),
        Cell::Money(greeks.vega_per_point),
        Cell::Money(greeks.rho_per_point),
        Cell::Money(greeks.delta_dollars),
        Cell::Money(greeks.gamma_dollars_per_1pct),
        Cell::or_blank(per_unit.map(|greeks| greeks.volatility), Cell::Percent),
    ]
}

fn terms(inputs: &Inputs, lot: &Lot) -> Vec<Cell> {
    let terms = lot.instrument.option.as_ref();
    vec![
        Cell::or_blank(terms.map(|terms| terms.underlying.as_str()), Cell::text),
        Cell::or_blank(terms.map(|terms| terms.strike), Cell::Money),
        Cell::or_blank(terms.map(|terms| terms.expiry), Cell::Date),
        Cell::or_blank(terms.map(|terms| (terms.expiry - inputs.as_of).num_days()), Cell::Int),
    ]
}

fn remarks(view: &PositionView, lot: &Lot) -> Vec<Cell> {
    vec![
        Cell::Date(lot.position.entry_date),
        Cell::or_blank(lot.instrument.sector.as_deref(), Cell::text),
        Cell::text(lot.tags.join(";")),
        Cell::or_blank(reason(view), |reason| Cell::text(reason.as_str())),
    ]
}

/// The first thing that is missing: a price before Greeks before loadings.
fn reason(view: &PositionView) -> Option<Reason> {
    view.mark.err().or(view.greeks.err()).or(view.factor_dollars.as_ref().err().copied())
}

/// Whole units without decimals.
pub fn quantity(units: f64) -> Cell {
    Cell::number(units, if units.fract() == 0.0 { 0 } else { 4 })
}

/// The same table with some of its columns.
fn selected(table: &Table, keys: &[&str]) -> Table {
    let places: Vec<usize> =
        keys.iter().filter_map(|key| table.columns.iter().position(|column| column.key == *key)).collect();
    Table {
        columns: places.iter().map(|at| table.columns[*at].clone()).collect(),
        rows: table.rows.iter().map(|row| places.iter().map(|at| row[*at].clone()).collect()).collect(),
    }
}

/// Rows that lead from the lots to the stored totals: what the day earned beside open lots, then the sums.
fn with_sums(inputs: &Inputs, mut table: Table) -> Table {
    let s = &inputs.snapshot;
    let place = |key: &str| table.columns.iter().position(|column| column.key == key);
    let line = |label: &str, values: &[(&str, Cell)]| -> Vec<Cell> {
        let mut row = vec![Cell::Blank; table.columns.len()];
        row[0] = Cell::text(label);
        for (key, cell) in values {
            if let Some(at) = place(key) {
                row[at] = cell.clone();
            }
        }
        row
    };
    let of_lots: f64 = inputs.views.iter().filter_map(|view| view.day_pnl).sum();
    let other = s.day_pnl - of_lots;
    let optional = |value: Option<f64>| Cell::or_missing(value.ok_or(Reason::NotComputed), Cell::Money);
    let total = line(
        "Total",
        &[
            ("market_value_usd", Cell::Money(s.net)),
            ("unrealized_pnl_usd", Cell::Money(s.unrealized_pnl)),
            ("day_pnl_usd", Cell::Money(s.day_pnl)),
            ("delta_dollars", optional(s.delta_dollars)),
            ("beta_adjusted_usd", optional(beta_dollars(inputs))),
        ],
    );
    let ledger = line("Exits, expiries, interest and fees", &[("day_pnl_usd", Cell::Money(other))]);
    if other.abs() >= 0.005 {
        table.push(ledger);
    }
    with_total(table, total)
}

/// The stored total of beta-adjusted exposure.
fn beta_dollars(inputs: &Inputs) -> Option<f64> {
    let total = sigma_core::model::Dimension::Total;
    inputs.exposures.iter().find(|row| row.dimension == total)?.beta_adjusted
}
