//! One object of a result. A field that is absent, `null` or of another type is unknown.

use chrono::NaiveDate;
use serde_json::Value;

use crate::moment;

#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a>(pub &'a Value);

impl<'a> Row<'a> {
    pub fn number(self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64().filter(|value| value.is_finite())
    }

    pub fn above_zero(self, name: &str) -> Option<f64> {
        self.number(name).filter(|value| *value > 0.0)
    }

    pub fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// A date `YYYY-MM-DD`.
    pub fn date(self, name: &str) -> Option<NaiveDate> {
        self.text(name)?.parse().ok()
    }

    /// The date in New York of milliseconds since 1970.
    pub fn date_of_millis(self, name: &str) -> Option<NaiveDate> {
        moment::new_york_date(whole(self.0.get(name)?)?)
    }

    /// The date in New York of nanoseconds since 1970.
    pub fn date_of_nanos(self, name: &str) -> Option<NaiveDate> {
        moment::new_york_date_of_nanos(whole(self.0.get(name)?)?)
    }

    /// An object inside; an absent one has no fields.
    pub fn object(self, name: &str) -> Row<'a> {
        Row(self.0.get(name).unwrap_or(&Value::Null))
    }

    pub fn list(self, name: &str) -> &'a [Value] {
        self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn is_true(self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool) == Some(true)
    }
}

/// A time stamp, which some servers write as `1.7617968e12`.
fn whole(value: &Value) -> Option<i64> {
    let of_float = |value: f64| (value.fract() == 0.0 && value.abs() < 9.2e18).then_some(value as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(of_float))
}
