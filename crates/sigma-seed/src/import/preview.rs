//! What an import did or would do, as tables.

use chrono::NaiveDate;
use sigma_brokers::statement::Account;
use sigma_cli::{Cell, Column, Table};
use sigma_core::model::Book;

use super::plan::Comparison;

/// Changes shown at most: more are in the database, and nobody reads them here.
pub const CHANGES_SHOWN: usize = 500;

/// One row for each portfolio.
pub fn summary(rows: &[(&Book, &Comparison, NaiveDate)]) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("as_of", "As of"),
        Column::number("positions", "Positions"),
        Column::number("opened", "Opened"),
        Column::number("closed", "Closed"),
        Column::number("changed", "Changed"),
        Column::number("unchanged", "Unchanged"),
        Column::number("realized_usd", "Realised").unit("USD"),
        Column::text("cash_entry", "Cash entry"),
        Column::number("cash_change_usd", "Cash change").unit("USD"),
        Column::number("cash_stated_usd", "Cash stated").unit("USD"),
    ]);
    for (book, comparison, as_of) in rows {
        let (counts, cash) = (&comparison.counts, comparison.changes.cash.as_ref());
        table.push(vec![
            Cell::text(&book.portfolio.slug),
            Cell::Date(*as_of),
            Cell::Int(counts.positions as i64),
            Cell::Int(counts.opened as i64),
            Cell::Int(counts.closed as i64),
            Cell::Int(counts.changed as i64),
            Cell::Int(comparison.changes.unchanged.len() as i64),
            Cell::Money(comparison.realized_usd),
            Cell::or_blank(cash, |cash| Cell::text(cash.kind.as_str())),
            Cell::or_blank(cash, |cash| Cell::Money(cash.amount)),
            Cell::or_blank(cash, |cash| Cell::Money(cash.stated)),
        ]);
    }
    table
}

/// One row for each change, and how many there are.
pub fn changes(rows: &[(&Book, &Comparison, NaiveDate)]) -> (Table, usize) {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("change", "Change"),
        Column::text("symbol", "Symbol"),
        Column::number("quantity", "Quantity"),
        Column::number("price_usd", "Price").unit("USD"),
        Column::text("date", "Date"),
        Column::text("price_source", "Price from"),
        Column::number("realized_usd", "Realised").unit("USD"),
        Column::number("row", "Row"),
    ]);
    let total = rows.iter().map(|(_, comparison, _)| number_of_changes(comparison)).sum();
    for (book, comparison, _) in rows {
        let slug = &book.portfolio.slug;
        let changes = &comparison.changes;
        for closing in changes.closings.iter().take(left(&table)) {
            table.push(vec![
                Cell::text(slug),
                Cell::text(match closing.delivery {
                    Some(delivery) => delivery.as_str(),
                    None if closing.is_reduction => "reduced",
                    None => "closed",
                }),
                Cell::text(&closing.symbol),
                shortest(-closing.quantity),
                price(closing.price),
                Cell::Date(closing.date),
                Cell::text(closing.source.as_str()),
                Cell::Money(closing.realized_usd),
                Cell::Blank,
            ]);
        }
        for opening in changes.openings.iter().take(left(&table)) {
            let change = match (opening.delivery, opening.exit, opening.is_increase) {
                (Some(delivery), ..) => delivery.as_str(),
                (None, Some(_), _) => "closed lot",
                (None, None, true) => "increased",
                (None, None, false) => "opened",
            };
            table.push(vec![
                Cell::text(slug),
                Cell::text(change),
                Cell::text(&opening.instrument.symbol),
                shortest(opening.quantity),
                price(opening.price),
                Cell::Date(opening.date),
                Cell::text(opening.source.as_str()),
                Cell::Blank,
                Cell::Int(opening.row as i64),
            ]);
        }
        for symbol in changes.expired.iter().take(left(&table)) {
            let mut row = vec![Cell::text(slug), Cell::text("expired"), Cell::text(symbol)];
            row.resize(table.columns.len(), Cell::Blank);
            table.push(row);
        }
        for lot in changes.adjusted.iter().take(left(&table)) {
            let mut row = vec![Cell::text(slug), Cell::text("counts split"), Cell::text(&lot.symbol)];
            row.extend([shortest(lot.quantity), Cell::Blank, Cell::Date(lot.through)]);
            row.resize(table.columns.len(), Cell::Blank);
            table.push(row);
        }
        for split in changes.splits.iter().take(left(&table)) {
            let mut row = vec![Cell::text(slug), Cell::text("split"), Cell::text(&split.symbol)];
            row.push(shortest(split.stated - split.held));
            row.resize(table.columns.len(), Cell::Blank);
            table.push(row);
        }
    }
    (table, total)
}

fn number_of_changes(comparison: &Comparison) -> usize {
    let changes = &comparison.changes;
    let trades = changes.closings.len() + changes.openings.len() + changes.expired.len();
    trades + changes.adjusted.len() + changes.splits.len()
}

/// Rows that a table may still take.
fn left(table: &Table) -> usize {
    CHANGES_SHOWN.saturating_sub(table.rows.len())
}

/// What the file holds, one row for each of its rows, and how many there are.
pub fn positions(rows: &[(&Book, &Account)]) -> (Table, usize) {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::number("row", "Row"),
        Column::text("symbol", "Symbol"),
        Column::text("position_type", "Type"),
        Column::text("class", "Class"),
        Column::number("quantity", "Quantity"),
        Column::number("entry_price_usd", "Entry").unit("USD"),
        Column::text("entry_date", "Entered on"),
        Column::number("cost_basis_usd", "Cost").unit("USD"),
        Column::number("price_usd", "Price").unit("USD"),
        Column::number("market_value_usd", "Value").unit("USD"),
        Column::text("exit_date", "Exit on"),
    ]);
    for (book, account) in rows {
        for position in account.positions.iter().take(left(&table)) {
            table.push(vec![
                Cell::text(&book.portfolio.slug),
                Cell::Int(position.row as i64),
                Cell::text(&position.symbol),
                Cell::text(position.position_type()),
                Cell::text(position.class.as_str()),
                shortest(position.quantity),
                Cell::or_blank(position.entry_price, price),
                Cell::or_blank(position.entry_date, Cell::Date),
                Cell::or_blank(position.cost_basis, Cell::Money),
                Cell::or_blank(position.price, price),
                Cell::or_blank(position.market_value, Cell::Money),
                Cell::or_blank(position.exit_date, Cell::Date),
            ]);
        }
    }
    (table, rows.iter().map(|(_, account)| account.positions.len()).sum())
}

/// Totals that the file states beside what was read.
pub fn totals(rows: &[(&Book, &Account)]) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("total", "Total in the file"),
        Column::number("stated_usd", "Stated").unit("USD"),
        Column::number("read_usd", "Read").unit("USD"),
        Column::number("difference_usd", "Difference").unit("USD"),
        Column::number("row", "Row"),
    ]);
    for (book, account) in rows {
        let read = account.stated_value();
        for total in &account.totals {
            let read = read.filter(|_| is_of_account(&total.what));
            table.push(vec![
                Cell::text(&book.portfolio.slug),
                Cell::text(&total.what),
                Cell::Money(total.value),
                Cell::or_blank(read, Cell::Money),
                Cell::or_blank(read, |read| Cell::Money(read - total.value)),
                Cell::Int(total.row as i64),
            ]);
        }
    }
    table
}

/// Totals over positions and cash, as brokers call them; others are of a part or of transactions.
fn is_of_account(what: &str) -> bool {
    ["account total", "positions total", "total", "net asset value", "total value"]
        .contains(&what.to_lowercase().as_str())
}

/// The first total of the account that is not what its rows add up to: what it is called, stated, read.
pub fn disagreement(account: &Account) -> Option<(String, f64, f64)> {
    let read = account.stated_value()?;
    // Brokers round prices and values on their own: a dollar, or a tenth of a percent.
    let tolerance = |stated: f64| (stated.abs() / 1000.0).max(1.0);
    let of_account = account.totals.iter().filter(|total| is_of_account(&total.what));
    let mut sums = of_account.filter(|total| (total.value - read).abs() > tolerance(total.value));
    sums.next().map(|total| (total.what.clone(), total.value, read))
}

/// A number with all its digits.
fn shortest(value: f64) -> Cell {
    Cell::number(value + 0.0, decimals(value))
}

fn price(value: f64) -> Cell {
    Cell::number(value, decimals(value).max(2))
}

fn decimals(value: f64) -> usize {
    value.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len())
}
