//! JSON: numbers as they are, `null` for what is missing with its reason in `<key>_reason`.

use serde_json::{Map, Number, Value, json};

use super::RenderError;
use crate::cell::Cell;
use crate::document::{Document, SCHEMA_VERSION};
use crate::table::Table;

pub(super) fn render(document: &Document) -> Result<String, RenderError> {
    let mut object = Map::new();
    object.insert("schema_version".into(), json!(SCHEMA_VERSION));
    if let Some(title) = &document.title {
        object.insert("title".into(), json!(title));
    }
    if let Some(as_of) = document.as_of {
        object.insert("as_of".into(), json!(as_of.to_string()));
    }
    let mut sections = Map::new();
    for (name, table) in &document.tables {
        if name.is_empty() {
            object.insert("rows".into(), rows(table));
        } else {
            sections.insert(name.clone(), rows(table));
        }
    }
    if !sections.is_empty() || document.tables.is_empty() {
        object.insert("tables".into(), Value::Object(sections));
    }
    if !document.notes.is_empty() {
        object.insert("notes".into(), json!(document.notes));
    }
    let text = serde_json::to_string_pretty(&object).map_err(|err| RenderError::Json(err.to_string()))?;
    Ok(text + "\n")
}

fn rows(table: &Table) -> Value {
    table.rows.iter().map(|cells| row(table, cells)).collect()
}

fn row(table: &Table, cells: &[Cell]) -> Value {
    let mut object = Map::new();
    for (column, cell) in table.columns.iter().zip(cells) {
        object.insert(column.key.clone(), value(cell));
        if let Cell::Missing(reason) = cell {
            object.insert(format!("{}_reason", column.key), json!(reason));
        }
    }
    Value::Object(object)
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Int(value) => json!(value),
        // Adding zero turns minus zero into zero. The document was checked: no number is without a value here.
        Cell::Money(value) | Cell::Number { value, .. } | Cell::Percent(value) => {
            Number::from_f64(value + 0.0).map_or(Value::Null, Value::Number)
        }
        Cell::Date(date) => json!(date.to_string()),
        Cell::Bool(value) => json!(value),
        Cell::Missing(_) | Cell::Blank => Value::Null,
    }
}
