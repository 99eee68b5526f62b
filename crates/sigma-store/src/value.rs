//! Between model values and columns: numbers that must be finite, text codes, JSON and packed doubles.

use chrono::NaiveDate;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sigma_core::model::Reason;

use crate::error::{Result, StoreError};

/// A column, as far as numbers in it must be checked.
pub(crate) trait Field {
    fn number(&self) -> Option<f64> {
        None
    }
}

impl Field for f64 {
    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl<T: Field> Field for Option<T> {
    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(Field::number)
    }
}

impl Field for i64 {}
impl Field for i32 {}
impl Field for bool {}
impl Field for String {}
impl Field for NaiveDate {}
impl Field for Value {}
impl Field for Vec<u8> {}

/// Refuses NaN and infinity: neither ever reaches the database.
pub(crate) fn check_finite(
    row: impl FnOnce() -> String,
    numbers: &[(&'static str, Option<f64>)],
) -> Result<()> {
    match numbers.iter().find(|(_, number)| number.is_some_and(|x| !x.is_finite())) {
        Some((name, number)) => {
            let shown = number.map(|x| x.to_string()).unwrap_or_default();
            Err(StoreError::invalid(row(), format!("{name} is {shown}")))
        }
        None => Ok(()),
    }
}

/// Parses a stored text code; the error names the row.
pub(crate) fn code<T>(row: impl FnOnce() -> String, text: &str, parsed: Option<T>) -> Result<T> {
    parsed.ok_or_else(|| StoreError::invalid(row(), format!("unknown code {text:?}")))
}

/// Parses a stored reason code.
pub(crate) fn reason(row: impl FnOnce() -> String, text: &str) -> Result<Reason> {
    code(row, text, Reason::parse(text))
}

/// A column that must be present in rows of this kind.
pub(crate) fn present<T>(row: impl FnOnce() -> String, name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| StoreError::invalid(row(), format!("{name} is missing")))
}

/// A count that fits the column.
pub(crate) fn count(row: impl FnOnce() -> String, name: &str, value: usize) -> Result<i64> {
    i64::try_from(value).map_err(|_| StoreError::invalid(row(), format!("{name} {value} is too large")))
}

/// A stored count.
pub(crate) fn size(row: impl FnOnce() -> String, name: &str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| StoreError::invalid(row(), format!("{name} is {value}")))
}

/// JSON of a list without optional parts. JSON writes NaN and infinity as null, so a null is a number that is not
/// finite.
pub(crate) fn to_json<T: Serialize>(row: impl FnOnce() -> String, name: &str, value: &T) -> Result<Value> {
    match serde_json::to_value(value) {
        Ok(json) if holds_null(&json) => {
            Err(StoreError::invalid(row(), format!("a number in {name} is not finite")))
        }
        Ok(json) => Ok(json),
        Err(error) => Err(StoreError::invalid(row(), format!("{name}: {error}"))),
    }
}

fn holds_null(json: &Value) -> bool {
    match json {
        Value::Null => true,
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        _ => false,
    }
}

pub(crate) fn from_json<T: DeserializeOwned>(
    row: impl FnOnce() -> String,
    name: &str,
    json: Value,
) -> Result<T> {
    serde_json::from_value(json).map_err(|error| StoreError::invalid(row(), format!("{name}: {error}")))
}

/// Doubles as consecutive little-endian bytes.
pub(crate) fn pack(row: impl FnOnce() -> String, name: &'static str, values: &[f64]) -> Result<Vec<u8>> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(i) => Err(StoreError::invalid(row(), format!("{name}[{i}] is {}", values[i]))),
        None => Ok(values.iter().flat_map(|x| x.to_le_bytes()).collect()),
    }
}

pub(crate) fn unpack(row: impl FnOnce() -> String, name: &str, bytes: &[u8]) -> Result<Vec<f64>> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(StoreError::invalid(
            row(),
            format!("{name} has {} bytes, not a multiple of 8", bytes.len()),
        ));
    }
    Ok(chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect())
}

/// Optional doubles: first one bit for each (bit `i % 8` of byte `i / 8`, set when present), then the present ones as
/// little-endian doubles. So an absent value takes one bit, and no NaN stands for it.
pub(crate) fn pack_optional(
    row: impl FnOnce() -> String,
    name: &'static str,
    values: &[Option<f64>],
) -> Result<Vec<u8>> {
    let mut bytes = vec![0u8; values.len().div_ceil(8)];
    for (i, _) in values.iter().enumerate().filter(|(_, value)| value.is_some()) {
        bytes[i / 8] |= 1 << (i % 8);
    }
    let present: Vec<f64> = values.iter().flatten().copied().collect();
    bytes.extend(pack(row, name, &present)?);
    Ok(bytes)
}

/// Reads `len` optional doubles back.
pub(crate) fn unpack_optional(
    row: impl Fn() -> String,
    name: &str,
    len: usize,
    bytes: &[u8],
) -> Result<Vec<Option<f64>>> {
    let wrong = || StoreError::invalid(row(), format!("{name} does not hold {len} values"));
    let (mask, rest) = bytes.split_at_checked(len.div_ceil(8)).ok_or_else(wrong)?;
    let is_present = |i: usize| mask[i / 8] & (1 << (i % 8)) != 0;
    let present = unpack(&row, name, rest)?;
    if present.len() != (0..len).filter(|&i| is_present(i)).count() {
        return Err(wrong());
    }
    let mut next = present.into_iter();
    Ok((0..len).map(|i| if is_present(i) { next.next() } else { None }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> String {
        "row".to_owned()
    }

    #[test]
    fn optional_doubles_come_back() {
        for len in [0, 1, 7, 8, 9, 45] {
            let values: Vec<Option<f64>> =
                (0..len).map(|i| (i % 3 != 1).then_some(i as f64 / 7.0 - 1.0)).collect();
            let bytes = pack_optional(row, "pairs", &values).unwrap();
            assert_eq!(unpack_optional(row, "pairs", len, &bytes).unwrap(), values);
        }
        assert_eq!(pack_optional(row, "pairs", &[None; 9]).unwrap(), [0, 0]);
    }

    #[test]
    fn damaged_bytes_and_numbers_are_refused() {
        assert!(pack_optional(row, "pairs", &[Some(f64::NAN)]).is_err());
        assert!(unpack_optional(row, "pairs", 9, &[0]).is_err());
        assert!(unpack_optional(row, "pairs", 1, &[1]).is_err());
        assert!(unpack(row, "packed", &[0; 9]).is_err());
        assert!(to_json(row, "moves", &[1.0, f64::INFINITY]).is_err());
    }
}
