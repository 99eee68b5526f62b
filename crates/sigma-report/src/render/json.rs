//! JSON: one object per section, numbers in full precision, `null` with `<key>_reason` for what is missing.

use serde_json::{Map, Number, Value, json};
use sigma_cli::render::RenderError;
use sigma_cli::{Cell, Table};

use super::SCHEMA_VERSION;
use crate::report::{Report, Section};

pub(super) fn render(report: &Report) -> Result<String, RenderError> {
    let header = &report.header;
    let mut document = Map::new();
    document.insert("schema_version".into(), json!(SCHEMA_VERSION));
    document.insert(
        "report".into(),
        json!({
            "portfolio": header.slug,
            "name": header.name,
            "owner": header.owner,
            "currency": header.currency,
            "opened_on": header.opened_on.to_string(),
            "as_of": header.as_of.to_string(),
            "generated_at": header.generated_at,
            "data_quality": header.data_quality,
        }),
    );
    document.insert("units".into(), units());
    document.insert("conventions".into(), conventions());
    for section in &report.sections {
        document.insert(section.key.into(), object(section)?);
    }
    let text = serde_json::to_string_pretty(&document).map_err(|err| RenderError::Json(err.to_string()))?;
    Ok(text + "\n")
}

fn units() -> Value {
    json!({
        "_usd": "dollars",
        "_fraction": "decimal fraction, 0.01 is one percent",
        "_usd_per_day": "dollars a calendar day",
        "_usd_per_point": "dollars per volatility point (0.01), for rho per 1% of rate",
        "_per_1pct": "per 1% move of the underlying",
        "_sessions": "exchange sessions",
        "delta, gamma": "units of the underlying, and those per 1.00 of spot",
    })
}

fn conventions() -> Value {
    json!({
        "sign": "quantities and values are signed, negative is short; a loss is negative",
        "missing": "null with <key>_reason; null without one where nothing belongs, as the strike of a share",
        "returns": "simple, per session; annualised with 252 sessions",
        "day_count": "ACT/365 from the close for options",
        "dates": "exchange sessions as YYYY-MM-DD; generated_at in UTC",
    })
}

fn object(section: &Section) -> Result<Value, RenderError> {
    let mut object = Map::new();
    object.insert("available".into(), json!(section.not_available.is_none()));
    if let Some(sentence) = &section.not_available {
        object.insert("available_reason".into(), json!(sentence));
    }
    for fact in &section.facts {
        insert(&mut object, &fact.column.key, &fact.cell, 1)?;
    }
    for named in &section.tables {
        object.insert(named.key.into(), rows(&named.table)?);
    }
    if !section.notes.is_empty() {
        object.insert("notes".into(), json!(section.notes));
    }
    Ok(Value::Object(object))
}

fn rows(table: &Table) -> Result<Value, RenderError> {
    let mut rows = Vec::with_capacity(table.rows.len());
    for (index, cells) in table.rows.iter().enumerate() {
        let mut object = Map::new();
        for (column, cell) in table.columns.iter().zip(cells) {
            insert(&mut object, &column.key, cell, index + 1)?;
        }
        rows.push(Value::Object(object));
    }
    Ok(Value::Array(rows))
}

fn insert(object: &mut Map<String, Value>, key: &str, cell: &Cell, row: usize) -> Result<(), RenderError> {
    let value = match cell {
        Cell::Text(text) => json!(text),
        Cell::Int(value) => json!(value),
        Cell::Money(value) | Cell::Number { value, .. } | Cell::Percent(value) => {
            // Adding zero turns minus zero into zero.
            let number = Number::from_f64(value + 0.0);
            Value::Number(number.ok_or_else(|| RenderError::NotFinite { key: key.to_owned(), row })?)
        }
        Cell::Date(date) => json!(date.to_string()),
        Cell::Bool(value) => json!(value),
        Cell::Missing(_) | Cell::Blank => Value::Null,
    };
    object.insert(key.to_owned(), value);
    if let Cell::Missing(reason) = cell {
        object.insert(format!("{key}_reason"), json!(reason));
    }
    Ok(())
}
