//! Exposures and loadings as tables.

use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_cli::{Cell, Column, Table};
use sigma_core::model::{Book, FactorExposure, FactorFit, FactorLoading, Reason};

/// Decimals of loadings, betas and statistics.
const DECIMALS: usize = 4;

/// One row per portfolio, date and factor.
pub fn exposure_table(books: &[Book], exposures: &[(i64, NaiveDate, Vec<FactorExposure>)]) -> Table {
    let mut table = Table::new(vec![
        Column::text("as_of", "Date"),
        Column::text("portfolio", "Portfolio"),
        Column::text("factor", "Factor"),
        Column::number("dollar_exposure_usd", "Exposure").unit("$"),
        Column::number("std_error_usd", "Standard error").unit("$"),
        Column::number("t_value", "t"),
        Column::number("beta", "Beta"),
        Column::number("coverage_fraction", "Coverage"),
    ]);
    let slugs: HashMap<i64, &str> =
        books.iter().map(|b| (b.portfolio.id, b.portfolio.slug.as_str())).collect();
    for (id, date, rows) in exposures {
        for exposure in rows {
            table.push(vec![
                Cell::Date(*date),
                Cell::or_blank(slugs.get(id), |slug| Cell::text(*slug)),
                Cell::text(&exposure.factor),
                Cell::Money(exposure.dollar_exposure),
                Cell::or_blank(exposure.std_error_usd, Cell::Money),
                number(exposure.t_value),
                Cell::or_missing(exposure.beta.ok_or("nav_not_positive"), |beta| {
                    Cell::number(beta, DECIMALS)
                }),
                Cell::Percent(exposure.coverage_fraction),
            ]);
        }
    }
    table
}

/// Columns of [`push_loadings`].
pub fn loadings_table() -> Table {
    Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("factor", "Factor"),
        Column::number("loading", "Loading"),
        Column::number("std_error", "Standard error"),
        Column::number("t_value", "t"),
        Column::number("p_value", "p"),
        Column::number("vif", "VIF"),
        Column::number("r_squared", "R2"),
        Column::number("adj_r_squared", "Adjusted R2"),
        Column::number("observations", "n"),
        Column::number("residual_volatility_per_day", "Residual volatility").unit("per day"),
        Column::number("condition_number", "Condition"),
        Column::text("status", "Status"),
        Column::text("flags", "Remarks"),
    ])
}

/// One row per loading; one row with the reason for a fit without numbers.
pub fn push_loadings(table: &mut Table, symbol: &str, fit: &FactorFit) {
    for loading in &fit.loadings {
        table.push(cells(symbol, Ok(loading), fit));
    }
    if fit.loadings.is_empty() {
        table.push(cells(symbol, Err(fit.status.reason().unwrap_or(Reason::NotComputed)), fit));
    }
}

fn cells(symbol: &str, loading: Result<&FactorLoading, Reason>, fit: &FactorFit) -> Vec<Cell> {
    let own = |of: fn(&FactorLoading) -> Option<f64>| number(loading.ok().and_then(of));
    vec![
        Cell::text(symbol),
        loading.map_or(Cell::Blank, |l| Cell::text(&l.factor)),
        Cell::or_missing(loading, |l| Cell::number(l.coefficient, DECIMALS)),
        own(|l| l.std_error),
        own(|l| l.t_value),
        own(|l| l.p_value),
        own(|l| l.vif),
        number(fit.r_squared),
        number(fit.adj_r_squared),
        Cell::Int(fit.observations as i64),
        Cell::or_blank(fit.residual_vol_per_day, Cell::Percent),
        number(fit.condition_number),
        Cell::text(fit.status.as_str()),
        Cell::text(fit.flags.join(", ")),
    ]
}

fn number(value: Option<f64>) -> Cell {
    Cell::or_blank(value, |value| Cell::number(value, DECIMALS))
}
