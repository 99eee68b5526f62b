//! Reading a CSV file by column name, row by row, with one message for each row that cannot be read.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

use chrono::NaiveDate;
use csv::StringRecord;

use crate::{Offer, ProviderError, RowProblem};

/// One row with its header.
pub struct Row<'a> {
    header: &'a StringRecord,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// A cell's text; `None` when the column is absent or the cell is blank.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let index = self.header.iter().position(|name| name.eq_ignore_ascii_case(column))?;
        self.record.get(index).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A cell that must not be blank.
    pub fn needed(&self, column: &str) -> Result<&'a str, String> {
        self.text(column).ok_or_else(|| format!("`{column}` is blank"))
    }

    /// A symbol in its stored form: capitals, and no spaces (option symbols are often padded).
    pub fn symbol(&self, column: &str) -> Result<Cow<'a, str>, String> {
        let text = self.needed(column)?;
        let is_stored_form = !text.contains(|c: char| c.is_whitespace() || c.is_ascii_lowercase());
        Ok(match is_stored_form {
            true => Cow::Borrowed(text),
            false => text.split_whitespace().collect::<String>().to_ascii_uppercase().into(),
        })
    }

    /// A date `YYYY-MM-DD`.
    pub fn date(&self, column: &str) -> Result<NaiveDate, String> {
        let text = self.needed(column)?;
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_err(|_| format!("`{column}` is `{text}`, not a date of the form YYYY-MM-DD"))
    }

    /// A number, or nothing when blank.
    pub fn number(&self, column: &str) -> Result<Option<f64>, String> {
        self.text(column)
            .map(|text| text.parse().map_err(|_| format!("`{column}` is `{text}`, not a number")))
            .transpose()
    }

    /// A number that must not be blank.
    pub fn needed_number(&self, column: &str) -> Result<f64, String> {
        self.number(column)?.ok_or_else(|| format!("`{column}` is blank"))
    }

    /// A finite number above zero that must not be blank.
    pub fn positive(&self, column: &str) -> Result<f64, String> {
        let value = self.needed_number(column)?;
        match value.is_finite() && value > 0.0 {
            true => Ok(value),
            false => Err(format!("`{column}` is {value}; it must be above zero")),
        }
    }
}

/// Keys met so far: a symbol and date, of which a file may hold one row.
#[derive(Default)]
pub struct Keys {
    seen: HashSet<(String, NaiveDate)>,
}

impl Keys {
    /// Refuses a second row. Which of two is right cannot be known; the first one stands.
    pub fn take(&mut self, name: &str, date: NaiveDate) -> Result<(), String> {
        match self.seen.insert((name.to_owned(), date)) {
            true => Ok(()),
            false => Err(format!("a second row for {name} on {date}")),
        }
    }
}

/// Reads a file, handing each row to `take`. `None` when there is no such file.
pub fn read<T: Default>(
    path: &Path,
    needed_columns: &[&'static str],
    mut take: impl FnMut(&mut T, &Row<'_>) -> Result<(), String>,
) -> Result<Option<Offer<T>>, ProviderError> {
    if !path.exists() {
        return Ok(None);
    }
    let unreadable = |source: csv::Error| ProviderError::Unreadable { path: path.to_owned(), source };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).map_err(unreadable)?;
    let header = without_byte_order_mark(reader.headers().map_err(unreadable)?);
    for column in needed_columns {
        if !header.iter().any(|name| name.eq_ignore_ascii_case(column)) {
            let found = header.iter().collect::<Vec<_>>().join(", ");
            return Err(ProviderError::MissingColumn { path: path.to_owned(), column, found });
        }
    }
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut offer = Offer::default();
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        let message = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) if record.len() != header.len() => {
                Some(format!("{} fields where the header has {}", record.len(), header.len()))
            }
            Ok(true) => take(&mut offer.rows, &Row { header: &header, record: &record }).err(),
            Err(error) if error.is_io_error() => return Err(unreadable(error)),
            Err(error) => Some(format!("not readable as UTF-8 CSV: {error}")),
        };
        let line = Some(record.position().map_or(line, |position| position.line()));
        offer.problems.extend(message.map(|message| RowProblem { file: file.clone(), line, message }));
    }
    Ok(Some(offer))
}

fn without_byte_order_mark(header: &StringRecord) -> StringRecord {
    header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect()
}
