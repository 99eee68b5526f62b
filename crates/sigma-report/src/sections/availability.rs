//! Which engines have results, and what to run for those that have not.

use sigma_cli::{Cell, Column, Table};

use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, number};

pub fn section(_: &Inputs, availability: &[Availability]) -> Section {
    let mut table = Table::new(vec![
        Column::text("engine", "Engine"),
        Column::text("status", "Status"),
        number("rows", "Results"),
        Column::text("detail", "Detail"),
        Column::text("command", "Command to run"),
    ]);
    for engine in availability {
        let command = (!engine.is_complete()).then_some(&engine.command);
        table.push(vec![
            Cell::text(engine.engine),
            Cell::text(engine.status.as_str()),
            Cell::Int(engine.rows as i64),
            Cell::text(&engine.detail),
            Cell::or_blank(command, Cell::text),
        ]);
    }
    Section::new("availability", "Data availability").table("engines", "Engines", table)
}
