//! Cells of a row, which are not always what they should be: `null`, `""`, `"None"`, numbers as texts. Such a cell is
//! unknown; it does not spoil the other rows of an answer.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A finite number, or nothing.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let number = match Value::deserialize(from)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(number.filter(|number| number.is_finite()))
}

/// A text that is not blank, or nothing.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Value::deserialize(from)?.as_str().map(str::to_owned);
    Ok(crate::security::text(text))
}

/// A date, or nothing; a time of day behind it is left out.
pub(super) fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NaiveDate>, D::Error> {
    let text = Value::deserialize(from)?;
    Ok(text.as_str().and_then(|text| text.trim().get(..10)).and_then(|text| text.parse().ok()))
}

/// A flag, or nothing.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(Value::deserialize(from)?.as_bool())
}
