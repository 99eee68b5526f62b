//! Scenario files: the form of `demo-data/scenarios.toml`.
//!
//! Only the id and the shocks must be given; a scenario is active unless it says otherwise.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;
use sigma_core::model::{Scenario, Shock};

/// What is wrong with a file. The path is added by the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    #[error("{0}")]
    Unreadable(String),
    #[error("line {line}: {message}")]
    Syntax { line: usize, message: String },
    #[error("unknown key `{0}`; scenarios are written as [[scenario]]")]
    UnknownKey(String),
    #[error("it holds no [[scenario]]")]
    Empty,
    #[error("scenario {which}: {message}")]
    Entry { which: String, message: String },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: Option<String>,
    category: Option<String>,
    severity: Option<String>,
    note: Option<String>,
    active: Option<bool>,
    shocks: Vec<Shock>,
}

impl Entry {
    fn into_scenario(self) -> Scenario {
        let Entry { id, name, category, severity, note, active, shocks } = self;
        Scenario {
            name: name.unwrap_or_else(|| id.clone()),
            category: category.unwrap_or_else(|| "custom".to_owned()),
            severity: severity.unwrap_or_else(|| "unrated".to_owned()),
            note,
            active: active.unwrap_or(true),
            shocks,
            id,
        }
    }
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<Scenario>, FileProblem> {
    let text = std::fs::read_to_string(path).map_err(|error| FileProblem::Unreadable(error.to_string()))?;
    parse(&text)
}

/// Reads the text of a file, in order; ids are unique and every scenario shocks something.
pub fn parse(text: &str) -> Result<Vec<Scenario>, FileProblem> {
    let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text[..start].matches('\n').count() + 1;
        FileProblem::Syntax { line, message: error.message().to_owned() }
    })?;
    let entries = match table.remove("scenario") {
        Some(toml::Value::Array(entries)) if !entries.is_empty() => entries,
        _ if table.is_empty() => return Err(FileProblem::Empty),
        _ => Vec::new(),
    };
    if let Some(key) = table.keys().next() {
        return Err(FileProblem::UnknownKey(key.clone()));
    }
    let mut ids = HashSet::new();
    entries.into_iter().enumerate().map(|(at, value)| entry(at, value, &mut ids)).collect()
}

fn entry(at: usize, value: toml::Value, ids: &mut HashSet<String>) -> Result<Scenario, FileProblem> {
    let id = value.get("id").and_then(toml::Value::as_str).filter(|id| !id.is_empty());
    let which = id.map_or_else(|| format!("number {}", at + 1), |id| format!("`{id}`"));
    let problem = |message: String| FileProblem::Entry { which: which.clone(), message };
    if id.is_none() {
        return Err(problem("it has no id".to_owned()));
    }
    let entry: Entry = value.try_into().map_err(|error: toml::de::Error| problem(error.message().into()))?;
    if entry.shocks.is_empty() {
        return Err(problem("it shocks nothing".to_owned()));
    }
    if !ids.insert(entry.id.clone()) {
        return Err(problem("the id is used twice".to_owned()));
    }
    Ok(entry.into_scenario())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn id_and_shocks_are_enough() {
        let text = "[[scenario]]\nid = 'x'\nshocks = [{ kind = 'rates_bp', bp = 25 }]";
        let scenario = parse(text).unwrap().remove(0);
        assert_eq!((scenario.name.as_str(), scenario.active), ("x", true));
        assert_eq!(scenario.shocks, [Shock::RatesBp { bp: 25.0 }]);
    }

    #[test]
    fn problems_name_the_scenario_or_the_line() {
        assert!(problem("[[scenario]]\nid = 'x'\nshocks = [").starts_with("line 3: "));
        let missing = "[[scenario]]\nid = 'x'\nshocks = [{ kind = 'factor', factor = 'Market' }]";
        assert_eq!(problem(missing), "scenario `x`: missing field `size`");
        let typo = "[[scenario]]\nid = 'x'\nactiv = true\nshocks = [{ kind = 'rates_bp', bp = 1.0 }]";
        assert!(problem(typo).starts_with("scenario `x`: unknown field `activ`"));
        assert_eq!(problem("[[scenario]]\nname = 'y'"), "scenario number 1: it has no id");
        assert_eq!(problem("[[scenario]]\nid = 'x'\nshocks = []"), "scenario `x`: it shocks nothing");
        let one = "[[scenario]]\nid = 'x'\nshocks = [{ kind = 'rates_bp', bp = 1.0 }]\n";
        assert_eq!(problem(&one.repeat(2)), "scenario `x`: the id is used twice");
        assert_eq!(problem(""), "it holds no [[scenario]]");
        assert!(problem("scenarios = 1").starts_with("unknown key `scenarios`"));
    }
}
