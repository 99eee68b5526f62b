//! One value of a table, and how a person reads it.
//!
//! Rounding happens here and only here: machine formats carry the value itself.

use std::cmp::Ordering;
use std::fmt::Display;

use chrono::NaiveDate;

/// A value with the form it is shown in.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Int(i64),
    /// An amount of money: two decimals.
    Money(f64),
    Number {
        value: f64,
        decimals: usize,
    },
    /// A fraction, shown in percent with two decimals; machine formats keep the fraction.
    Percent(f64),
    Date(NaiveDate),
    Bool(bool),
    /// A number that should be there and is not, with its reason code.
    Missing(String),
    /// Nothing belongs here: the exit date of an open position.
    Blank,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    pub fn number(value: f64, decimals: usize) -> Cell {
        Cell::Number { value, decimals }
    }

    pub fn missing(reason: impl Display) -> Cell {
        Cell::Missing(reason.to_string())
    }

    /// The cell made of a value, or `Missing` with the reason there is none.
    pub fn or_missing<T, R: Display>(value: Result<T, R>, cell: impl FnOnce(T) -> Cell) -> Cell {
        value.map_or_else(Cell::missing, cell)
    }

    /// The cell made of a value, or `Blank` where none belongs.
    pub fn or_blank<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
        value.map_or(Cell::Blank, cell)
    }

    /// As a person reads it: rounded, with thousands separators.
    pub fn shown(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Int(value) => grouped(&value.to_string()),
            Cell::Money(value) => decimal(*value, 2),
            Cell::Number { value, decimals } => decimal(*value, *decimals),
            Cell::Percent(fraction) => format!("{}%", decimal(fraction * 100.0, 2)),
            Cell::Date(date) => date.to_string(),
            Cell::Bool(value) => if *value { "yes" } else { "no" }.to_string(),
            Cell::Missing(reason) => format!("n/a ({reason})"),
            Cell::Blank => String::new(),
        }
    }

    /// The floating-point value behind the cell.
    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            Cell::Money(value) | Cell::Number { value, .. } | Cell::Percent(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether there is no value: such cells sort last whatever the direction.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Cell::Missing(_) | Cell::Blank)
    }

    /// Order within a column: by value, numbers of all forms together.
    pub(crate) fn order(&self, other: &Cell) -> Ordering {
        match (self, other) {
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
            (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
            (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
            _ => match (self.sort_value(), other.sort_value()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => (a.is_none(), self.shown()).cmp(&(b.is_none(), other.shown())),
            },
        }
    }

    fn sort_value(&self) -> Option<f64> {
        match self {
            Cell::Int(value) => Some(*value as f64),
            _ => self.float(),
        }
    }
}

/// Fixed decimals with thousands separators; a value that rounds to zero has no sign.
fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    grouped(if is_zero { text.trim_start_matches('-') } else { &text })
}

/// Puts a comma between groups of three digits of the integer part.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (integer, fraction) = digits.find('.').map_or((digits, ""), |dot| digits.split_at(dot));
    let mut shown = String::from(sign);
    for (i, digit) in integer.chars().enumerate() {
        if i > 0 && (integer.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (value, shown) in [
            (0.0, "0.00"),
            (999.994, "999.99"),
            (999.995, "1,000.00"),
            (1_234_567.891, "1,234,567.89"),
            (-1_234.5, "-1,234.50"),
            (-100.0, "-100.00"),
            (-0.001, "0.00"),
            (1e15, "1,000,000,000,000,000.00"),
        ] {
            assert_eq!(Cell::Money(value).shown(), shown);
        }
        assert_eq!(Cell::Int(-1_000_000).shown(), "-1,000,000");
        assert_eq!(Cell::Int(i64::MIN).shown(), "-9,223,372,036,854,775,808");
        assert_eq!(Cell::number(12_345.678_9, 0).shown(), "12,346");
        assert_eq!(Cell::number(-0.512_34, 4).shown(), "-0.5123");
    }

    #[test]
    fn other_forms() {
        assert_eq!(Cell::Percent(0.123_45).shown(), "12.35%");
        assert_eq!(Cell::Percent(-12.5).shown(), "-1,250.00%");
        assert_eq!(Cell::Bool(true).shown(), "yes");
        assert_eq!(Cell::missing("no_price").shown(), "n/a (no_price)");
        assert_eq!(Cell::Blank.shown(), "");
        assert_eq!(Cell::or_missing(Err::<f64, _>("no_vol"), Cell::Money), Cell::Missing("no_vol".into()));
        assert_eq!(Cell::or_missing(Ok::<_, &str>(2.0), Cell::Money), Cell::Money(2.0));
        assert_eq!(Cell::or_blank(None, Cell::Date), Cell::Blank);
    }
}
