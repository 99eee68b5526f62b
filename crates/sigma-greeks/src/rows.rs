//! Greeks as tables: per contract, and per position in dollars.

use std::collections::HashMap;

use sigma_cli::{Cell, Column, Table};
use sigma_core::analytics::positions::PositionView;
use sigma_core::model::{Book, GreeksRow, Instrument, OptionGreeks, Reason};

/// Decimals of prices, volatilities and Greeks.
const DECIMALS: usize = 4;

/// One row per contract and date.
pub fn contract_table(rows: &[GreeksRow], instruments: &HashMap<i64, &Instrument>) -> Table {
    let number = Column::number;
    let mut table = Table::new(vec![
        Column::text("as_of", "Date"),
        Column::text("symbol", "Contract"),
        Column::text("underlying", "Underlying"),
        Column::text("method", "Method"),
        Column::text("volatility_source", "Volatility from"),
        number("spot_usd", "Spot").unit("$"),
        number("volatility_fraction", "Volatility"),
        number("market_price_usd", "Market").unit("$"),
        number("model_price_usd", "Model").unit("$"),
        number("delta", "Delta"),
        number("gamma", "Gamma"),
        number("theta_per_day", "Theta").unit("per day"),
        number("vega_per_point", "Vega").unit("per point"),
        number("rho_per_point", "Rho").unit("per point"),
        Column::text("flags", "Remarks"),
    ]);
    rows.iter().for_each(|row| table.push(contract_cells(row, instruments)));
    table
}

fn contract_cells(row: &GreeksRow, instruments: &HashMap<i64, &Instrument>) -> Vec<Cell> {
    let instrument = instruments.get(&row.instrument_id);
    let greeks = row.greeks.as_ref().map_err(|reason| *reason);
    let number =
        |of: fn(&OptionGreeks) -> f64| Cell::or_missing(greeks.map(of), |v| Cell::number(v, DECIMALS));
    let text = |text: Option<&str>| Cell::or_blank(text, Cell::text);
    vec![
        Cell::Date(row.as_of),
        text(instrument.map(|i| i.symbol.as_str())),
        text(instrument.map(|i| i.risk_symbol())),
        Cell::text(row.method.as_str()),
        Cell::or_missing(greeks, |g| Cell::text(g.volatility_source.as_str())),
        number(|g| g.spot),
        Cell::or_missing(greeks, |g| Cell::Percent(g.volatility)),
        market_price(greeks),
        number(|g| g.model_price),
        number(|g| g.delta),
        number(|g| g.gamma),
        number(|g| g.theta_per_day),
        number(|g| g.vega_per_point),
        number(|g| g.rho_per_point),
        Cell::text(greeks.map_or(String::new(), |g| g.flags.join(", "))),
    ]
}

fn market_price(greeks: Result<&OptionGreeks, Reason>) -> Cell {
    match greeks {
        Err(reason) => Cell::missing(reason),
        Ok(greeks) => {
            greeks.market_price.map_or(Cell::missing(Reason::NoPrice), |p| Cell::number(p, DECIMALS))
        }
    }
}

/// Columns of [`push_positions`].
pub fn position_table() -> Table {
    let dollars = |key: &str, title: &str| Column::number(key, title).unit("$");
    Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("symbol", "Contract"),
        Column::number("quantity", "Contracts"),
        dollars("market_value_usd", "Market value"),
        dollars("notional_usd", "Notional"),
        dollars("delta_dollars", "Delta"),
        Column::number("gamma_dollars_per_1pct", "Gamma").unit("$ per 1%"),
        Column::number("theta_usd_per_day", "Theta").unit("$ per day"),
        Column::number("vega_usd_per_point", "Vega").unit("$ per point"),
        Column::number("rho_usd_per_point", "Rho").unit("$ per point"),
    ])
}

/// One row per option lot of a portfolio.
pub fn push_positions(table: &mut Table, book: &Book, views: &[PositionView]) {
    for view in views {
        let lot = &book.lots[view.lot];
        if !lot.instrument.is_option() {
            continue;
        }
        let money = |value: Result<f64, Reason>| Cell::or_missing(value, Cell::Money);
        let no_value = view.mark.err().unwrap_or(Reason::NoPrice);
        table.push(vec![
            Cell::text(&book.portfolio.slug),
            Cell::text(&lot.instrument.symbol),
            Cell::number(lot.position.quantity, 0),
            money(view.market_value.ok_or(no_value)),
            money(view.notional),
            money(view.greeks.map(|g| g.delta_dollars)),
            money(view.greeks.map(|g| g.gamma_dollars_per_1pct)),
            money(view.greeks.map(|g| g.theta_per_day)),
            money(view.greeks.map(|g| g.vega_per_point)),
            money(view.greeks.map(|g| g.rho_per_point)),
        ]);
    }
}
