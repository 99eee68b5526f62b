//! A suggested hedge as tables: the trades, and where they lead.

use sigma_cli::{Cell, Column, Document, Format, Table, WhatIf};

use crate::what_if::suggestion::Suggestion;

/// The trades file alone in CSV; for people and JSON what the trades are worth, and the targets as well.
pub fn document(suggestion: &Suggestion<'_>, what_if: &WhatIf, format: Format) -> Document {
    let title = format!("Trades that bring {} to target", what_if.before.book.portfolio.slug);
    let mut document = match format {
        Format::Csv => Document::single(file(suggestion)),
        _ => Document::sections()
            .section("trades", trades(suggestion, what_if.before.day.nav))
            .section("targets", targets(suggestion)),
    };
    document = document.title(title).as_of(what_if.as_of).note("Arithmetic, not advice: the least sum of squared dollars, at the prices of the close and without commissions.");
    for reading in suggestion.targets.iter().filter(|reading| !reading.is_reached) {
        document = document.note(format!(
            "{} cannot be brought to {} with these instruments; the nearest is {}.",
            reading.target.name,
            reading.target.value,
            plain(reading.exact)
        ));
    }
    suggestion.remarks.iter().fold(document, |document, remark| document.note(remark))
}

/// Four decimals; what rounds to zero has no sign.
fn plain(value: f64) -> String {
    let text = format!("{value:.4}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

/// The columns of a trade file, so that it can be tried as it is.
fn file(suggestion: &Suggestion<'_>) -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("action", "Action"),
        Column::number("quantity", "Quantity"),
    ]);
    for order in &suggestion.trades {
        table.push(vec![
            Cell::text(&order.symbol),
            Cell::text(order.action.as_str()),
            Cell::number(order.quantity, 4),
        ]);
    }
    table
}

fn trades(suggestion: &Suggestion<'_>, nav: f64) -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("action", "Action"),
        Column::number("quantity", "Quantity"),
        Column::number("price_usd", "Price").unit("USD"),
        Column::number("dollars_usd", "Traded").unit("USD"),
        Column::number("nav_fraction", "Traded").unit("of NAV"),
    ]);
    for order in &suggestion.trades {
        let share = (nav > 0.0).then(|| order.dollars / nav);
        table.push(vec![
            Cell::text(&order.symbol),
            Cell::text(order.action.as_str()),
            Cell::number(order.quantity, 4),
            Cell::number(order.price, 4),
            Cell::Money(order.dollars),
            Cell::or_blank(share, Cell::Percent),
        ]);
    }
    table
}

fn targets(suggestion: &Suggestion<'_>) -> Table {
    let mut table = Table::new(vec![
        Column::text("target", "Exposure"),
        Column::number("current", "Current"),
        Column::number("wanted", "Target"),
        Column::number("exact", "Exact solution"),
        Column::number("after_rounding", "With whole units"),
        Column::text("reached", "Reached"),
    ]);
    for reading in &suggestion.targets {
        let number = |value| Cell::number(value, 4);
        table.push(vec![
            Cell::text(&reading.target.name),
            number(reading.current),
            number(reading.target.value),
            number(reading.exact),
            number(reading.rounded),
            Cell::Bool(reading.is_reached),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(
            (plain(-0.00001), plain(-0.5), plain(0.0)),
            ("0.0000".into(), "-0.5000".into(), "0.0000".into())
        );
    }
}
