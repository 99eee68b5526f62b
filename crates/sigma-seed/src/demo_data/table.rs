//! A CSV file whose rows must all be sound, by column name and with line numbers.

use std::path::Path;

use chrono::NaiveDate;
use csv::StringRecord;

use super::{FileError, unreadable};
use crate::decimal::Decimal;

/// One row with its header and place.
pub struct Row<'a> {
    path: &'a Path,
    header: &'a StringRecord,
    record: &'a StringRecord,
    text: &'a str,
}

impl Row<'_> {
    /// Line of the file on which the row begins.
    fn line(&self) -> usize {
        line_at(self.text, self.record.position())
    }

    /// An error at this row.
    pub fn error(&self, problem: impl Into<String>, remedy: impl Into<String>) -> FileError {
        FileError::new(self.path, Some(format!("line {}", self.line())), problem, remedy)
    }

    /// A cell's text; `None` when blank or when there is no such column.
    pub fn text(&self, column: &str) -> Option<&str> {
        let index = self.header.iter().position(|name| name == column)?;
        self.record.get(index).map(str::trim).filter(|text| !text.is_empty())
    }

    pub fn needed(&self, column: &str) -> Result<&str, FileError> {
        self.text(column)
            .ok_or_else(|| self.error(format!("`{column}` is blank"), format!("fill in `{column}`")))
    }

    pub fn date(&self, column: &str) -> Result<NaiveDate, FileError> {
        sigma_cli::args::parse_date(self.needed(column)?).map_err(|problem| {
            self.error(
                format!("`{column}` is \"{}\"", self.text(column).unwrap_or_default()),
                format!("{column}: {problem}"),
            )
        })
    }

    /// A number; what cannot be stored to its last digit is added to the warnings.
    pub fn number(
        &self,
        column: &str,
        parse: fn(&str) -> Result<Decimal, String>,
        warnings: &mut Vec<String>,
    ) -> Result<f64, FileError> {
        let number = parse(self.needed(column)?)
            .map_err(|problem| self.error(format!("`{column}`: {problem}"), format!("correct `{column}`")))?;
        let place = format!("{}, line {}", self.path.display(), self.line());
        warnings.extend(number.warning().map(|warning| format!("{place}: `{column}` {warning}")));
        Ok(number.value)
    }
}

/// Reads every row with `take`; the first one that it refuses is the error.
pub fn read<T>(
    path: &Path,
    columns: &[&str],
    mut take: impl FnMut(&Row<'_>) -> Result<T, FileError>,
) -> Result<Vec<T>, FileError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(path, &error))?;
    // Spreadsheets put a byte order mark in front of the first name.
    let header: StringRecord = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
    if let Some(column) = columns.iter().find(|column| header.iter().all(|name| name != **column)) {
        let found = header.iter().collect::<Vec<_>>().join(", ");
        let problem = format!("the column `{column}` is missing; the header has {found}");
        return Err(FileError::new(
            path,
            Some("line 1".into()),
            problem,
            format!("columns: {}", columns.join(",")),
        ));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let place = error.position().map(|position| format!("line {}", line_at(&text, Some(position))));
            FileError::new(path, place, error.to_string(), "give every row as many fields as the header")
        })?;
        rows.push(take(&Row { path, header: &header, record: &record, text: &text })?);
    }
    Ok(rows)
}

/// The reader's own count lags behind in files with Windows line ends: a position may lie before the last line feed.
fn line_at(text: &str, position: Option<&csv::Position>) -> usize {
    let start =
        position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0).min(text.len());
    let bytes = text.as_bytes();
    let line_ends = bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes[..start + line_ends].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_line() {
        for end in ["\n", "\r\n"] {
            let text = ["a,b", "1,2", "", "3,4", "\"5", "5\",6", "7,8"].join(end);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            reader.headers().unwrap();
            let records: Vec<StringRecord> = reader.records().map(Result::unwrap).collect();
            let lines: Vec<usize> = records.iter().map(|record| line_at(&text, record.position())).collect();
            assert_eq!(lines, [2, 4, 5, 7]);
        }
    }
}
