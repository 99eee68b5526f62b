//! Exposures to the factors.

use sigma_cli::{Cell, Column, Table};
use sigma_core::model::Reason;

use super::with_availability;
use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, money, number};

pub fn section(inputs: &Inputs, availability: &[Availability]) -> Section {
    let mut table = Table::new(vec![
        Column::text("factor", "Factor"),
        number("beta", "Beta"),
        money("dollar_exposure_usd", "Dollars"),
        money("std_error_usd", "Standard error"),
        number("t_value", "t"),
        fraction("coverage_fraction", "Coverage"),
    ]);
    for factor in &inputs.factors {
        // Without an estimated loading among the parts there is no estimation error.
        let exact = || Cell::missing("no estimated loading");
        table.push(vec![
            Cell::text(&factor.factor),
            Cell::or_missing(factor.beta.ok_or(Reason::InvalidInput), |beta| Cell::number(beta, 4)),
            Cell::Money(factor.dollar_exposure),
            factor.std_error_usd.map_or_else(exact, Cell::Money),
            factor.t_value.map_or_else(exact, |t| Cell::number(t, 4)),
            Cell::Percent(factor.coverage_fraction),
        ]);
    }
    with_availability(Section::new("factors", "Factor exposures"), availability, "factors")
        .table("factors", "By factor", table)
        .note(
            "Dollars: delta-adjusted value times loading, summed; the P&L of a factor return of 100% (for Rates: of \
             one unit of yield, 10,000 basis points). Beta: dollars over NAV. Styles are tilts against the market, so a \
             market move is counted once. Standard error: of the loadings, with errors of different instruments taken as \
             independent. Coverage: share of the gross delta-adjusted value that has loadings.",
        )
}
