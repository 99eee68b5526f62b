//! One document in four forms. Pure: text out, nothing printed.

mod csv;
mod json;
mod markdown;
mod terminal;

pub use self::csv::{guarded, guarded_field, number_text};

use crate::args::Format;
use crate::cell::Cell;
use crate::document::Document;

/// Why a document cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("row {row} has {found} cells for {expected} columns")]
    RowLength { row: usize, found: usize, expected: usize },
    #[error("column \"{key}\" of row {row} is not a finite number")]
    NotFinite { key: String, row: usize },
    #[error("CSV: {0}")]
    Csv(String),
    #[error("JSON: {0}")]
    Json(String),
}

/// The document as text that ends with a line feed.
///
/// `width` is that of the terminal; without it lines are as long as they need to be.
pub fn render(document: &Document, format: Format, width: Option<u16>) -> Result<String, RenderError> {
    check(document)?;
    match format {
        Format::Table => Ok(terminal::render(document, width)),
        Format::Md => Ok(markdown::render(document)),
        Format::Csv => csv::render(document),
        Format::Json => json::render(document),
    }
}

/// Every row is whole and every number finite: the forms rely on it.
fn check(document: &Document) -> Result<(), RenderError> {
    for (_, table) in &document.tables {
        let expected = table.columns.len();
        for (index, cells) in table.rows.iter().enumerate() {
            let row = index + 1;
            if cells.len() != expected {
                return Err(RenderError::RowLength { row, found: cells.len(), expected });
            }
            let broken = cells.iter().position(|cell| cell.float().is_some_and(|value| !value.is_finite()));
            if let Some(column) = broken {
                return Err(RenderError::NotFinite { key: table.columns[column].key.clone(), row });
            }
        }
    }
    Ok(())
}

/// A cell for people, without characters that could break a line or drive the terminal.
fn shown(cell: &Cell) -> String {
    clean(&cell.shown())
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
