//! A table of results, independent of the form it is printed in.

use crate::cell::Cell;
use crate::exit::ToolError;

/// What a column holds: decides its alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Left-aligned; may be wrapped on a narrow terminal.
    Text,
    /// Right-aligned; never broken.
    Number,
}

/// A column: `key` in machine formats, `title` and `unit` for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Stable, snake_case, with the unit last: `market_value_usd`.
    pub key: String,
    pub title: String,
    pub unit: Option<String>,
    pub kind: ColumnKind,
}

impl Column {
    pub fn text(key: impl Into<String>, title: impl Into<String>) -> Column {
        Column { key: key.into(), title: title.into(), unit: None, kind: ColumnKind::Text }
    }

    pub fn number(key: impl Into<String>, title: impl Into<String>) -> Column {
        Column { key: key.into(), title: title.into(), unit: None, kind: ColumnKind::Number }
    }

    pub fn unit(mut self, unit: impl Into<String>) -> Column {
        self.unit = Some(unit.into());
        self
    }

    /// The heading people read: title and unit.
    pub fn heading(&self) -> String {
        match &self.unit {
            Some(unit) => format!("{} ({unit})", self.title),
            None => self.title.clone(),
        }
    }
}

/// Columns and rows of cells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: Vec<Column>) -> Table {
        Table { columns, rows: Vec::new() }
    }

    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Sorts the rows by the column with that key, from high to low when it begins with `-`.
    ///
    /// Rows that are equal keep their order; rows without a value come last either way.
    pub fn sort_by(&mut self, key: &str) -> Result<(), ToolError> {
        let (descending, name) = key.strip_prefix('-').map_or((false, key), |name| (true, name));
        let position = |wanted: &str| self.columns.iter().position(|column| column.key == wanted);
        // A key may itself begin with a hyphen: then the whole of it names the column.
        let (descending, index) = match (position(name), position(key)) {
            (Some(index), _) => (descending, index),
            (None, Some(index)) => (false, index),
            (None, None) => return Err(self.unknown_column(name)),
        };
        let absent = |row: &[Cell]| row.get(index).is_none_or(Cell::is_absent);
        self.rows.sort_by(|a, b| {
            let by_value = match (a.get(index), b.get(index)) {
                (Some(a), Some(b)) if !a.is_absent() && !b.is_absent() => a.order(b),
                _ => std::cmp::Ordering::Equal,
            };
            let by_value = if descending { by_value.reverse() } else { by_value };
            absent(a).cmp(&absent(b)).then(by_value)
        });
        Ok(())
    }

    /// Keeps at most `limit` rows after the first `offset`.
    pub fn window(&mut self, offset: usize, limit: Option<usize>) {
        self.rows.drain(..offset.min(self.rows.len()));
        self.rows.truncate(limit.unwrap_or(usize::MAX));
    }

    fn unknown_column(&self, name: &str) -> ToolError {
        let keys: Vec<&str> = self.columns.iter().map(|column| column.key.as_str()).collect();
        ToolError::usage(format!("no column \"{name}\" to sort by"))
            .hint(format!("use one of: {}", keys.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ListArgs;
    use crate::exit::ExitStatus;

    fn table() -> Table {
        let mut table = Table::new(vec![Column::text("symbol", "Symbol"), Column::number("value", "Value")]);
        for (symbol, value) in [
            ("A", Cell::Money(10.0)),
            ("B", Cell::missing("no_price")),
            ("C", Cell::Int(-5)),
            ("D", Cell::Money(9.5)),
            ("E", Cell::Money(10.0)),
        ] {
            table.push(vec![Cell::text(symbol), value]);
        }
        table
    }

    fn symbols(table: &Table) -> String {
        table.rows.iter().map(|row| row[0].shown()).collect()
    }

    #[test]
    fn sorting_is_stable_and_keeps_the_missing_last() {
        for (key, order) in [("value", "CDAEB"), ("-value", "AEDCB"), ("-symbol", "EDCBA")] {
            let mut table = table();
            table.sort_by(key).unwrap();
            assert_eq!(symbols(&table), order, "{key}");
        }
    }

    #[test]
    fn lists_sort_before_they_cut() {
        let mut table = table();
        let list = ListArgs { sort: Some("-value".into()), limit: Some(2), offset: 1 };
        assert_eq!(list.apply(&mut table).unwrap(), 5);
        assert_eq!(symbols(&table), "ED");
        let mut beyond = table.clone();
        beyond.window(9, None);
        assert!(beyond.rows.is_empty());
    }

    #[test]
    fn an_unknown_column_names_the_valid_ones() {
        let err = table().sort_by("-price").unwrap_err();
        assert_eq!(err.status, ExitStatus::Usage);
        assert_eq!(err.message, "no column \"price\" to sort by");
        assert_eq!(err.hint.as_deref(), Some("use one of: symbol, value"));
    }
}
