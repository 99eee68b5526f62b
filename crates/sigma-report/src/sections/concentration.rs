//! How much of the portfolio sits in few names.

use sigma_cli::Cell;

use super::absent;
use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, number};

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let s = &inputs.snapshot;
    let cell = |value: Option<f64>, cell: fn(f64) -> Cell| {
        Cell::or_missing(value.ok_or(absent::CONCENTRATION), cell)
    };
    Section::new("concentration", "Concentration")
        .fact(number("hhi", "Herfindahl-Hirschman index (0 to 10,000)"), cell(s.hhi, |v| Cell::number(v, 2)))
        .fact(
            number("effective_positions", "Effective number of positions"),
            cell(s.effective_positions, |v| Cell::number(v, 2)),
        )
        .fact(fraction("top_3_fraction", "Largest 3, share of gross"), cell(s.top_3_fraction, Cell::Percent))
        .fact(
            fraction("top_10_fraction", "Largest 10, share of gross"),
            cell(s.top_10_fraction, Cell::Percent),
        )
}
