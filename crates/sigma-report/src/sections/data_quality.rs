//! How much of the portfolio the numbers cover, by count and by value, and where its prices came from.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_cli::{Cell, Column, Table};
use sigma_core::analytics::positions::{PositionView, gross_weight};
use sigma_core::model::Reason;

use crate::availability::Availability;
use crate::inputs::Inputs;
use crate::report::{Section, fraction, number};

/// A share of the positions.
struct Coverage {
    measure: &'static str,
    count: usize,
    total: usize,
    value: f64,
    total_value: f64,
}

impl Coverage {
    fn count_fraction(&self) -> Result<f64, Reason> {
        (self.total > 0).then(|| self.count as f64 / self.total as f64).ok_or(Reason::InvalidInput)
    }

    fn value_fraction(&self) -> Result<f64, Reason> {
        (self.total_value > 0.0).then(|| self.value / self.total_value).ok_or(Reason::InvalidInput)
    }
}

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let mut table = Table::new(vec![
        Column::text("measure", "Positions with"),
        number("positions", "Count"),
        number("of_positions", "Of"),
        fraction("count_fraction", "By count"),
        fraction("value_fraction", "By value"),
    ]);
    for coverage in coverages(inputs) {
        table.push(vec![
            Cell::text(coverage.measure),
            Cell::Int(coverage.count as i64),
            Cell::Int(coverage.total as i64),
            Cell::or_missing(coverage.count_fraction(), Cell::Percent),
            Cell::or_missing(coverage.value_fraction(), Cell::Percent),
        ]);
    }
    Section::new("data_quality", "Data quality")
        .table("coverage", "Coverage", table)
        .table("price_sources", "Sources of prices", sources(inputs))
        .note("By value: absolute market value; a position without a price weighs its cost.")
}

/// The same in one line, for the header.
pub fn sentence(inputs: &Inputs) -> String {
    if inputs.views.is_empty() {
        return "no position is held".to_owned();
    }
    let percent = |fraction: Result<f64, Reason>| Cell::or_missing(fraction, Cell::Percent).shown();
    let part = |coverage: &Coverage| {
        let Coverage { measure, count, total, .. } = coverage;
        format!("{measure}: {} by value, {count} of {total} positions", percent(coverage.value_fraction()))
    };
    coverages(inputs).iter().map(part).collect::<Vec<_>>().join("; ")
}

fn coverages(inputs: &Inputs) -> [Coverage; 3] {
    let total_value = gross_weight(&inputs.views);
    let coverage = |measure: &'static str, has: fn(&PositionView) -> bool| {
        let covered: Vec<&PositionView> = inputs.views.iter().filter(|view| has(view)).collect();
        let value = covered.iter().map(|view| view.weight().abs()).sum();
        Coverage { measure, count: covered.len(), total: inputs.views.len(), value, total_value }
    };
    [
        coverage("price", |view| view.market_value.is_some()),
        coverage("delta", |view| view.greeks.is_ok()),
        coverage("factor loadings", |view| view.factor_dollars.is_ok()),
    ]
}

/// Provider of the price of a position.
pub fn price_source<'a>(inputs: &'a Inputs, view: &PositionView) -> Option<&'a str> {
    let mark = view.mark.ok()?;
    let market = &inputs.shared.market;
    let instrument = &inputs.book.lots[view.lot].instrument;
    if !instrument.is_option() {
        let bar = market.histories.get(&instrument.id)?.on(mark.date)?;
        return Some(&bar.source);
    }
    let quote =
        market.quote_at_or_before(instrument.id, mark.date).filter(|quote| quote.date == mark.date)?;
    Some(&quote.source)
}

fn sources(inputs: &Inputs) -> Table {
    let mut table = Table::new(vec![
        Column::text("source", "Source"),
        number("positions", "Positions"),
        Column::text("oldest_price_date", "Oldest price of"),
    ]);
    let mut by_source: BTreeMap<&str, (i64, NaiveDate)> = BTreeMap::new();
    for view in &inputs.views {
        let Ok(mark) = view.mark else { continue };
        let source = price_source(inputs, view).unwrap_or("derived");
        let entry = by_source.entry(source).or_insert((0, mark.date));
        *entry = (entry.0 + 1, entry.1.min(mark.date));
    }
    for (source, (count, oldest)) in by_source {
        table.push(vec![Cell::text(source), Cell::Int(count), Cell::Date(oldest)]);
    }
    table
}
