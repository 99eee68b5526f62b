//! What the engines left out or qualified, by name.

use sigma_cli::{Cell, Column, Table};
use sigma_core::model::Severity;

use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, money};

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let mut table = Table::new(vec![
        Column::text("engine", "Engine"),
        Column::text("subject", "Subject"),
        Column::text("severity", "Severity"),
        Column::text("reason", "Reason"),
        Column::text("detail", "Detail"),
        money("value_usd", "Value"),
        fraction("weight_fraction", "Of gross"),
    ]);
    for (engine, exclusion) in &inputs.exclusions {
        let issue = &exclusion.issue;
        let severity = match issue.severity {
            Severity::Error => "left out",
            Severity::Warning => "remark",
        };
        // A subject without a value (a factor, an expired contract) has none to show.
        table.push(vec![
            Cell::text(engine),
            Cell::text(&issue.subject),
            Cell::text(severity),
            Cell::text(issue.reason.as_str()),
            Cell::text(&issue.detail),
            Cell::or_blank(exclusion.value, Cell::Money),
            Cell::or_blank(exclusion.weight_fraction, Cell::Percent),
        ]);
    }
    let section = Section::new("exclusions", "Exclusions and remarks");
    let section = match inputs.views.iter().all(|view| view.market_value.is_some()) {
        true => section,
        false => section.note(
            "A position without a price weighs its cost, here and in what factor coverage and scenarios leave out.",
        ),
    };
    match table.rows.is_empty() {
        true => section.table("rows", "By engine", table).note("Nothing was left out or qualified."),
        false => section.table("rows", "By engine", table),
    }
}
