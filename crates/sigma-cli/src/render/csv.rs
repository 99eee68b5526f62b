//! CSV: keys as header, full double precision, an empty field for what is missing.

use std::borrow::Cow;

use super::RenderError;
use crate::cell::Cell;
use crate::document::Document;
use crate::table::Table;

pub(super) fn render(document: &Document) -> Result<String, RenderError> {
    let mut blocks = Vec::with_capacity(document.tables.len());
    for (name, table) in &document.tables {
        let heading = if name.is_empty() { String::new() } else { format!("# {name}\n") };
        blocks.push(heading + &rows(table)?);
    }
    Ok(blocks.join("\n"))
}

fn rows(table: &Table) -> Result<String, RenderError> {
    let failed = |err: &dyn std::fmt::Display| RenderError::Csv(err.to_string());
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = table.columns.iter().map(|column| guarded(&column.key).into_owned());
    writer.write_record(header).map_err(|err| failed(&err))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(field)).map_err(|err| failed(&err))?;
    }
    let bytes = writer.into_inner().map_err(|err| failed(&err))?;
    String::from_utf8(bytes).map_err(|err| failed(&err))
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => guarded(text).into_owned(),
        Cell::Int(value) => value.to_string(),
        Cell::Money(value) | Cell::Number { value, .. } | Cell::Percent(value) => number_text(*value),
        Cell::Date(date) => date.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Missing(_) | Cell::Blank => String::new(),
    }
}

/// The shortest text that reads back as the same double; very large and very small ones in scientific notation.
pub fn number_text(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_string()
    } else if (1e-5..1e16).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// Text that a spreadsheet would run as a formula gets a leading apostrophe. Numbers are not text: do not pass them.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A field repeated from an input: a number as it stands, other text guarded.
pub fn guarded_field(field: &[u8]) -> Cow<'_, [u8]> {
    let text = std::str::from_utf8(field).ok();
    let is_number = text.is_some_and(|text| text.trim().parse::<f64>().is_ok());
    match field.first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n') if !is_number => {
            Cow::Owned([b"'", field].concat())
        }
        _ => Cow::Borrowed(field),
    }
}
