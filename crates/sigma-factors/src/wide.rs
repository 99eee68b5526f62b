//! Wide CSV tables of prices or returns: a date column, then one column per symbol.
//!
//! A blank cell (or `NA`, `NaN`, `null`) is missing. Prices become simple returns between neighbouring rows; a missing or
//! non-positive price leaves no return in its row and the next. A cell that holds neither a number nor a blank becomes a
//! NaN, so that its series comes out as invalid instead of stopping the table.

use std::io::Read;

use anyhow::Context;
use chrono::NaiveDate;
use sigma_cli::ToolError;

/// The columns of a table, as read.
#[derive(Debug, Clone, PartialEq)]
pub struct WideTable {
    pub symbols: Vec<String>,
    /// By symbol, over the rows.
    pub columns: Vec<Vec<Option<f64>>>,
}

impl WideTable {
    /// Reads a whole table.
    pub fn read(input: impl Read) -> anyhow::Result<WideTable> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        let header = reader.byte_headers().context("cannot read the header")?.clone();
        let symbols = symbols(&header)?;
        let mut columns = vec![Vec::new(); symbols.len()];
        let mut last_date: Option<NaiveDate> = None;
        for record in reader.byte_records() {
            let record = record.context("cannot read the table")?;
            let line = record.position().map_or(0, |position| position.line());
            if record.len() > symbols.len() + 1 {
                let message =
                    format!("line {line} has {} cells, the header {}", record.len(), symbols.len() + 1);
                return Err(usage(message, "give every row the columns of the header"));
            }
            let date = record.get(0).and_then(|cell| text(cell)?.parse::<NaiveDate>().ok());
            if let (Some(before), Some(date)) = (last_date, date)
                && date <= before
            {
                let message = format!("line {line}: {date} does not come after {before}");
                return Err(usage(message, "sort the rows by date, oldest first, one row a date"));
            }
            last_date = date.or(last_date);
            for (at, column) in columns.iter_mut().enumerate() {
                column.push(record.get(at + 1).and_then(cell));
            }
        }
        Ok(WideTable { symbols, columns })
    }

    /// Position of a symbol.
    pub fn position(&self, symbol: &str) -> anyhow::Result<usize> {
        let found = self.symbols.iter().position(|known| known == symbol);
        found.ok_or_else(|| {
            usage(format!("the table has no column {symbol}"), "column names are case-sensitive")
        })
    }

    /// Returns of a column over the rows, or the first price row on when the table holds prices.
    pub fn returns(&self, at: usize, holds_returns: bool) -> Vec<Option<f64>> {
        match holds_returns {
            true => self.columns[at].clone(),
            false => changes(&self.columns[at], |before, after| {
                let priced = |price: f64| price.is_nan() || price > 0.0;
                (priced(before) && priced(after)).then(|| after / before - 1.0)
            }),
        }
    }

    /// Changes of a yield in percent as decimals, or the column itself when the table holds returns.
    pub fn yield_changes(&self, at: usize, holds_returns: bool) -> Vec<Option<f64>> {
        match holds_returns {
            true => self.columns[at].clone(),
            false => changes(&self.columns[at], |before, after| Some((after - before) / 100.0)),
        }
    }
}

/// One value per row but the first, from neighbouring rows.
fn changes(levels: &[Option<f64>], change: impl Fn(f64, f64) -> Option<f64>) -> Vec<Option<f64>> {
    levels.windows(2).map(|pair| change(pair[0]?, pair[1]?)).collect()
}

fn symbols(header: &csv::ByteRecord) -> anyhow::Result<Vec<String>> {
    let mut symbols = Vec::with_capacity(header.len().saturating_sub(1));
    for name in header.iter().skip(1) {
        let name = String::from_utf8_lossy(name).trim().to_owned();
        if name.is_empty() {
            return Err(usage("a column has no name".into(), "the header is: date,SYM1,SYM2,..."));
        }
        symbols.push(name);
    }
    let mut sorted: Vec<&String> = symbols.iter().collect();
    sorted.sort();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(usage(
            format!("the column {} is there twice", pair[0]),
            "give every column its own name",
        ));
    }
    if symbols.is_empty() {
        return Err(usage("the table has no columns of numbers".into(), "the header is: date,SYM1,SYM2,..."));
    }
    Ok(symbols)
}

fn text(cell: &[u8]) -> Option<&str> {
    std::str::from_utf8(cell).ok().map(str::trim)
}

/// `None` for a missing number, NaN for what is no number.
fn cell(cell: &[u8]) -> Option<f64> {
    let Some(text) = text(cell) else { return Some(f64::NAN) };
    if text.is_empty() || ["na", "n/a", "nan", "null"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return None;
    }
    Some(text.parse().ok().filter(|value: &f64| value.is_finite()).unwrap_or(f64::NAN))
}

fn usage(message: String, hint: &str) -> anyhow::Error {
    ToolError::usage(message).hint(hint).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> WideTable {
        WideTable::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn prices_become_returns_and_a_gap_costs_two() {
        let table = table(
            "date,A,B\n2025-06-02,100,\n2025-06-03,110,1\n2025-06-04,,0\n2025-06-05,121,2\n2025-06-06,121,3\n",
        );
        let a = table.returns(0, false);
        assert!((a[0].unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(a[1..], [None, None, Some(0.0)]);
        assert_eq!(table.returns(1, false), [None, None, None, Some(0.5)]);
    }

    #[test]
    fn yields_change_in_decimals_and_may_be_negative() {
        let table = table("date,Y\n1,-0.5\n2,0.25\n3,NaN\n4,1\n");
        assert_eq!(table.yield_changes(0, false), [Some(0.0075), None, None]);
        assert_eq!(table.yield_changes(0, true), [Some(-0.5), Some(0.25), None, Some(1.0)]);
    }

    #[test]
    fn what_is_no_number_is_kept_as_such() {
        let table = table("date,A\n1,abc\n2,inf\n3,1e400\n4\n5,-3\n");
        let returns = table.returns(0, true);
        assert!(returns[..3].iter().all(|r| r.is_some_and(f64::is_nan)), "{returns:?}");
        assert_eq!(returns[3..], [None, Some(-3.0)]);
        assert!(table.returns(0, false)[0].is_some_and(f64::is_nan));
    }

    #[test]
    fn tables_that_cannot_be_read_as_such_are_refused() {
        for (text, part) in [
            ("date,A,A\n", "there twice"),
            ("date\n1\n", "no columns"),
            ("date,A\n1,2,3\n", "line 2"),
            ("date,A\n2025-06-03,1\n2025-06-02,2\n", "does not come after"),
            ("date,A\n2025-06-03,1\n2025-06-03,2\n", "does not come after"),
        ] {
            let error = WideTable::read(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
