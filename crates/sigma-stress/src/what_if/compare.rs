//! Two states side by side, and the trades between them.

use sigma_cli::{Cell, Column, Document, Table, WhatIf};
use sigma_core::analytics::performance::Day;
use sigma_core::analytics::pro_forma::Fill;
use sigma_core::model::Reason;

use super::Thought;
use super::sections::{Form, Measure, SECTIONS};

/// The trades, their cost, and every section.
pub fn document(thought: &Thought, title: String) -> Document {
    let what_if = &thought.what_if;
    let mut document = Document::sections().title(title).as_of(what_if.as_of);
    document = document.section("trades", fills(what_if)).section("cost", cost(&what_if.fills));
    for (name, section) in SECTIONS {
        document = document.section(name, table(&section(&thought.before()), &section(&thought.after())));
    }
    for remark in negative(&what_if.after.day) {
        document = document.note(remark);
    }
    document
        .note("A trade at the price of the close leaves the NAV as it is; its cost is what it pays beyond that price. No commission is assumed.")
        .note("A rate factor counts per 1.00 of yield: divide by 10,000 for one basis point.")
        .note("The stored portfolio is as it was.")
}

/// One row for each number that either state has.
pub fn table(before: &[Measure], after: &[Measure]) -> Table {
    let mut table = Table::new(vec![
        Column::text("subject", "Of"),
        Column::text("measure", "Measure"),
        Column::number("before", "Before"),
        Column::number("after", "After"),
        Column::number("change", "Change"),
    ]);
    let same = |a: &Measure, b: &Measure| a.subject == b.subject && a.key == b.key;
    let only_after = after.iter().filter(|new| !before.iter().any(|old| same(old, new)));
    for measure in before.iter().chain(only_after) {
        let find = |side: &[Measure]| side.iter().find(|m| same(m, measure)).map(|m| m.value);
        let values = [before, after].map(|side| find(side).unwrap_or(Err(Reason::NotComputed)));
        let change = values[1].and_then(|after| Ok(after - values[0]?));
        let cell = |value: Result<f64, Reason>| Cell::or_missing(value, |value| shown(measure.form, value));
        table.push(vec![
            Cell::text(&measure.subject),
            Cell::text(measure.key),
            cell(values[0]),
            cell(values[1]),
            cell(change),
        ]);
    }
    table
}

fn shown(form: Form, value: f64) -> Cell {
    match form {
        Form::Money => Cell::Money(value),
        Form::Percent => Cell::Percent(value),
        Form::Number(decimals) => Cell::number(value, decimals),
    }
}

/// What no account lets happen silently.
fn negative(after: &Day) -> Vec<String> {
    let mut remarks = Vec::new();
    if after.cash < 0.0 {
        remarks.push(format!(
            "Cash after the trades is {:.2}: that much has to be borrowed or paid in, and no interest is assumed.",
            after.cash
        ));
    }
    if after.nav <= 0.0 {
        remarks.push(format!("NAV after the trades is {:.2}: shares of it have no meaning.", after.nav));
    }
    remarks
}

fn fills(what_if: &WhatIf) -> Table {
    let mut table = Table::new(vec![
        Column::number("row", "Row"),
        Column::text("symbol", "Symbol"),
        Column::text("action", "Action"),
        Column::number("quantity", "Change of holding"),
        Column::number("price_usd", "Price").unit("USD"),
        Column::text("price_from", "Price from"),
        Column::number("amount_usd", "Paid").unit("USD"),
        Column::number("cost_usd", "Cost").unit("USD"),
        Column::number("left_over_usd", "Left by rounding").unit("USD"),
        Column::text("tag", "Tag"),
    ]);
    let price_from = |fill: &Fill| match what_if.price_sources.get(&fill.trade.symbol) {
        _ if fill.trade.price.is_some() => "stated",
        Some(source) => source.as_str(),
        None => "close",
    };
    for fill in &what_if.fills {
        table.push(vec![
            Cell::Int(fill.trade.row as i64),
            Cell::text(&fill.trade.symbol),
            Cell::text(fill.trade.action.as_str()),
            Cell::number(fill.quantity, 4),
            Cell::number(fill.price, 4),
            Cell::text(price_from(fill)),
            Cell::Money(fill.amount),
            Cell::Money(fill.cost()),
            Cell::or_blank(fill.left_over, Cell::Money),
            Cell::or_blank(fill.trade.tag.as_deref(), Cell::text),
        ]);
    }
    table
}

fn cost(fills: &[Fill]) -> Table {
    let sum = |pick: fn(&Fill) -> f64| Cell::Money(fills.iter().map(pick).sum::<f64>() + 0.0);
    let mut table = Table::new(vec![
        Column::number("traded_usd", "Traded").unit("USD"),
        Column::number("cash_change_usd", "Change of cash").unit("USD"),
        Column::number("cost_usd", "Cost against the close").unit("USD"),
    ]);
    table.push(vec![sum(|fill| fill.amount.abs()), sum(|fill| -fill.amount), sum(Fill::cost)]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_state_lacks_is_missing_not_zero() {
        let measure = |subject: &str, value| Measure {
            subject: subject.into(),
            key: "beta",
            form: Form::Number(4),
            value,
        };
        let before = [measure("Market", Ok(1.0)), measure("Value", Err(Reason::NoRate))];
        let after = [measure("Market", Ok(0.25)), measure("Size", Ok(2.0))];
        let table = table(&before, &after);
        let shown: Vec<Vec<String>> =
            table.rows.iter().map(|row| row.iter().map(Cell::shown).collect()).collect();
        assert_eq!(shown[0], ["Market", "beta", "1.0000", "0.2500", "-0.7500"]);
        assert_eq!(shown[1][2..], ["n/a (no_rate)", "n/a (not_computed)", "n/a (not_computed)"]);
        assert_eq!(shown[2][2..], ["n/a (not_computed)", "2.0000", "n/a (not_computed)"]);
    }
}
