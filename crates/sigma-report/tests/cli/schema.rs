//! The schema describes what `generate` writes: a report holds against it, and a broken one does not.

use serde_json::{Value, json};

use crate::book::{Engines, REPORT};
use crate::generate::with_snapshots;
use crate::tool::{files, report};

/// The part of JSON Schema that the file uses. Returns the first place that does not hold.
pub fn check(schema: &Value, root: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/$defs/").unwrap();
        return check(&root["$defs"][name], root, value, place);
    }
    let fail = |what: String| Err(format!("{place}: {what}"));
    if let Some(expected) = schema.get("const")
        && expected != value
    {
        return fail(format!("{value} is not {expected}"));
    }
    if let Some(options) = schema["enum"].as_array()
        && !options.contains(value)
    {
        return fail(format!("{value} is not one of {options:?}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    let is_type = |name: &&str| match *name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        other => panic!("type {other}"),
    };
    if !types.is_empty() && !types.iter().any(is_type) {
        return fail(format!("{value} is not {types:?}"));
    }
    for item in value.as_array().into_iter().flatten() {
        check(&schema["items"], root, item, &format!("{place}[]"))?;
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    for key in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(key.as_str().unwrap()) {
            return fail(format!("{key} is missing"));
        }
    }
    for (key, inner) in object {
        let place = format!("{place}.{key}");
        match (own_schema(schema, key), &schema["additionalProperties"]) {
            (Some(schema), _) => check(schema, root, inner, &place)?,
            (None, Value::Bool(false)) => return Err(format!("{place} is not known")),
            (None, others) => check(others, root, inner, &place)?,
        }
    }
    Ok(())
}

/// The schema of a key by its name, else by the patterns that the file uses.
fn own_schema<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    let patterns = &schema["patternProperties"];
    let by_pattern = || match key {
        _ if key.ends_with("_reason") => patterns.get("_reason$"),
        _ if key.starts_with("factor_") && key.ends_with("_usd") => patterns.get("^factor_.*_usd$"),
        _ => None,
    };
    schema["properties"].get(key).or_else(by_pattern)
}

/// A null of these keys means that nothing belongs there; any other null has its reason beside it.
const MAY_BE_BLANK: [&str; 11] = [
    "command",
    "days_to_expiry",
    "expiry",
    "implied_volatility_fraction",
    "note",
    "reason",
    "sector",
    "strike_usd",
    "underlying",
    "value_usd",
    "weight_fraction",
];

fn nulls_without_reason(value: &Value, found: &mut Vec<String>) {
    value.as_array().into_iter().flatten().for_each(|item| nulls_without_reason(item, found));
    for (key, inner) in value.as_object().into_iter().flatten() {
        let is_explained = value.get(format!("{key}_reason")).is_some_and(Value::is_string);
        if inner.is_null() && !is_explained && !MAY_BE_BLANK.contains(&key.as_str()) {
            found.push(key.clone());
        }
        nulls_without_reason(inner, found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_hold_against_the_schema() {
    for (engines, code) in [(Engines::All, 0), (Engines::None, 3)] {
        let made = with_snapshots(engines).await;
        report(made.dir.path(), "generate").ended(code);
        let schema: Value = serde_json::from_str(&report(made.dir.path(), "schema").ended(0).out).unwrap();
        let [_, json, _] = files(made.dir.path(), REPORT);
        let document: Value = serde_json::from_str(&json).unwrap();
        check(&schema, &schema, &document, "$").unwrap();
        let mut unexplained = Vec::new();
        nulls_without_reason(&document, &mut unexplained);
        assert_eq!(unexplained, Vec::<String>::new());

        let mut broken = document.clone();
        broken["summary"]["nav_usd"] = json!("1");
        assert!(check(&schema, &schema, &broken, "$").is_err());
        let mut broken = document.clone();
        broken["summary"]["surprise"] = json!(1);
        assert!(check(&schema, &schema, &broken, "$").is_err());
        let mut broken = document;
        broken.as_object_mut().unwrap().remove("greeks");
        assert!(check(&schema, &schema, &broken, "$").is_err());
    }
}
