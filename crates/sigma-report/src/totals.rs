//! Total rows that equal the sum of the rows shown, or a row that says why they do not.
//!
//! # Formula
//! Sums are taken in whole cents of what is shown. `rounding = shown total - sum of shown rows` per money column; a
//! rounding row is added when one is not zero.
//!
//! # Verified by
//! Cases below, and every total of a report in `tests/cli/agreement.rs`.

use sigma_cli::{Cell, Table};

/// Appends `total`, whose first cell names it, and before it a rounding row where cents differ.
///
/// Only columns in which the total is money and no row lacks its value for want of a run are compared.
pub fn with_total(mut table: Table, total: Vec<Cell>) -> Table {
    let differences: Vec<Option<i64>> = total
        .iter()
        .enumerate()
        .map(|(column, cell)| {
            let Cell::Money(value) = cell else { return None };
            let money = |cell: &Cell| if let Cell::Money(value) = cell { Some(*value) } else { None };
            let rows = table.rows.iter().filter_map(|row| row.get(column)).filter_map(money);
            let sum: Option<i64> = rows.map(cents).sum();
            Some(cents(*value)? - sum?)
        })
        .collect();
    if differences.iter().flatten().any(|difference| *difference != 0) {
        let cell = |(column, difference): (usize, &Option<i64>)| match (column, difference) {
            (0, _) => Cell::text("Rounding of the rows above"),
            (_, Some(difference)) => Cell::Money(*difference as f64 / 100.0),
            _ => Cell::Blank,
        };
        table.push(differences.iter().enumerate().map(cell).collect());
    }
    table.push(total);
    table
}

/// Whole cents as shown: read back from the two printed decimals, so that ties round the same way. `None` beyond the range
/// of the integer.
fn cents(value: f64) -> Option<i64> {
    format!("{value:.2}").replace('.', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use sigma_cli::Column;

    use super::*;

    fn table(values: &[f64]) -> Table {
        let mut table = Table::new(vec![Column::text("a", "A"), Column::number("b", "B")]);
        for value in values {
            table.push(vec![Cell::text("row"), Cell::Money(*value)]);
        }
        table
    }

    fn shown(values: &[f64], total: f64) -> Vec<String> {
        let table = with_total(table(values), vec![Cell::text("Total"), Cell::Money(total)]);
        table.rows[values.len()..]
            .iter()
            .map(|row| format!("{} {}", row[0].shown(), row[1].shown()))
            .collect()
    }

    #[test]
    fn a_total_that_agrees_stands_alone() {
        assert_eq!(shown(&[1.25, -3.5], -2.25), ["Total -2.25"]);
        assert_eq!(shown(&[], 0.0), ["Total 0.00"]);
    }

    #[test]
    fn cents_lost_in_rounding_are_named() {
        assert_eq!(shown(&[1.004, 1.004, 1.004], 3.012), ["Rounding of the rows above 0.01", "Total 3.01"]);
        assert_eq!(shown(&[-0.006, -0.006], -0.012), ["Rounding of the rows above 0.01", "Total -0.01"]);
    }

    #[test]
    fn cells_without_a_number_do_not_count() {
        let mut table = table(&[2.0]);
        table.push(vec![Cell::text("x"), Cell::missing("no_price")]);
        let totalled = with_total(table, vec![Cell::text("Total"), Cell::Money(2.0)]);
        assert_eq!(totalled.rows.len(), 3);
    }
}
