//! Settings: flag, else environment, else `sigma.toml` in the current folder, else default.
//!
//! [`Key::ALL`] is the whole list. The key in `sigma.toml` is the name in lower case; the environment variable is
//! `SIGMA_` and the name in capitals, except `DATABASE_URL`. A secret can also come from a file whose path stands in
//! the variable with `_FILE` at its end; nobody but its owner may be able to read it. Empty variables count as not set.

mod key;
mod secret;

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

pub use self::key::{Key, KeyInfo, Kind};
use self::secret::{is_key, loose_mode, read_key_file};
use crate::environment::variable;
use crate::exit::ToolError;
use crate::redact::redact_url;

/// The file of settings, looked for in the current folder.
pub const FILE_NAME: &str = "sigma.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag,
    /// The variable, by name.
    Environment(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("command line"),
            Origin::Environment(name) => f.write_str(name),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A key with its value and origin.
#[derive(Clone)]
pub struct Setting {
    pub key: Key,
    value: Option<Value>,
    pub origin: Origin,
}

#[derive(Clone)]
enum Value {
    Text(String),
    Secret(SecretString),
}

impl Setting {
    /// The value as it may be printed: no secret, no password.
    pub fn shown(&self) -> String {
        match &self.value {
            None => "not set".to_string(),
            Some(Value::Secret(_)) => "set (not shown)".to_string(),
            Some(Value::Text(value)) => redact_url(value),
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.key.info().name, self.shown(), self.origin)
    }
}

/// Every setting, decided once at the start.
#[derive(Debug, Clone)]
pub struct Settings {
    settings: Vec<Setting>,
    /// Whether the file of settings holds a key or a password, used or not.
    has_secret_in_file: bool,
    loose_secret_file: Option<PathBuf>,
    problems: Vec<Problem>,
}

/// A setting that cannot be used, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub message: String,
    pub hint: Option<String>,
}

impl Settings {
    /// Settings of this process: the flags given, its environment, `sigma.toml` in the current folder.
    pub fn load(flags: &[(Key, String)]) -> Result<Settings, ToolError> {
        let (settings, errors) = Settings::load_all(flags);
        errors.into_iter().next().map_or(Ok(settings), Err)
    }

    /// The same without those that cannot be used: they count as not set.
    pub fn load_usable(flags: &[(Key, String)]) -> Settings {
        let (mut settings, errors) = Settings::load_all(flags);
        let problem = |error: ToolError| Problem { message: error.message, hint: error.hint };
        settings.problems = errors.into_iter().map(problem).collect();
        settings
    }

    fn load_all(flags: &[(Key, String)]) -> (Settings, Vec<ToolError>) {
        let path = Path::new(FILE_NAME);
        let (text, unreadable) = match std::fs::read_to_string(path) {
            Ok(text) => (Some(text), None),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => (None, None),
            Err(err) => (None, Some(ToolError::usage(format!("cannot read {FILE_NAME}: {err}")))),
        };
        let file = text.as_deref().map(|text| (path, text));
        let (mut settings, errors) = Settings::resolve_all(flags, variable, file);
        let is_loose = || std::fs::metadata(path).is_ok_and(|metadata| loose_mode(&metadata).is_some());
        if settings.has_secret_in_file && is_loose() {
            settings.loose_secret_file = Some(path.to_path_buf());
        }
        (settings, unreadable.into_iter().chain(errors).collect())
    }

    /// The same from given sources. Every value that is used is checked; the message names its source.
    pub fn resolve(
        flags: &[(Key, String)],
        environment: impl Fn(&str) -> Option<String>,
        file: Option<(&Path, &str)>,
    ) -> Result<Settings, ToolError> {
        let (settings, errors) = Settings::resolve_all(flags, environment, file);
        errors.into_iter().next().map_or(Ok(settings), Err)
    }

    /// Settings without those that cannot be used, and what is wrong with these.
    fn resolve_all(
        flags: &[(Key, String)],
        environment: impl Fn(&str) -> Option<String>,
        file: Option<(&Path, &str)>,
    ) -> (Settings, Vec<ToolError>) {
        let mut errors = Vec::new();
        let in_file = file.map(|(path, text)| parse_file(path, text, &mut errors)).unwrap_or_default();
        let mut settings = Vec::with_capacity(Key::ALL.len());
        for key in Key::ALL {
            let flag =
                flags.iter().find(|(name, _)| *name == key).map(|(_, value)| (value.clone(), Origin::Flag));
            let (value, origin) = match flag {
                Some(found) => Some(found),
                None => from_environment(key.info(), &environment).unwrap_or_else(|error| {
                    errors.push(error);
                    None
                }),
            }
            .or_else(|| {
                in_file.iter().find(|setting| setting.0 == key).map(|(_, v, o)| (v.clone(), o.clone()))
            })
            .map_or((None, Origin::Default), |(value, origin)| (Some(value), origin));
            let default = || key.info().default.map(str::to_string);
            let value = value.or_else(default).map(|value| checked(key, value, &origin));
            let value = value.and_then(|value| {
                value.map_err(|error| errors.push(error)).ok().or_else(|| Some(Value::Text(default()?)))
            });
            settings.push(Setting { key, value, origin });
        }
        let has_secret_in_file = in_file.iter().any(|(key, value, _)| match key.info().kind {
            Kind::Secret => true,
            Kind::DatabaseUrl => redact_url(value) != *value,
            _ => false,
        });
        let settings =
            Settings { settings, has_secret_in_file, loose_secret_file: None, problems: Vec::new() };
        (settings, errors)
    }

    /// Settings that cannot be used; only of [`Settings::load_usable`].
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All of them, in the order of [`Key::ALL`].
    pub fn all(&self) -> &[Setting] {
        &self.settings
    }

    /// The value of a setting; never that of a secret.
    pub fn text(&self, key: Key) -> Option<&str> {
        match self.find(key)?.value.as_ref()? {
            Value::Text(value) => Some(value),
            Value::Secret(_) => None,
        }
    }

    /// The value of a `Secret` setting.
    pub fn secret(&self, key: Key) -> Option<&SecretString> {
        match self.find(key)?.value.as_ref()? {
            Value::Text(_) => None,
            Value::Secret(value) => Some(value),
        }
    }

    /// The file of settings, when it holds a key or a password and others than its owner can read it.
    pub fn loose_secret_file(&self) -> Option<PathBuf> {
        self.loose_secret_file.clone()
    }

    /// Whether a `Bool` setting is on.
    pub fn is_on(&self, key: Key) -> bool {
        self.text(key) == Some("true")
    }

    /// The value of an `Integer` setting.
    pub fn integer(&self, key: Key) -> Option<u64> {
        self.text(key)?.parse().ok()
    }

    pub fn origin(&self, key: Key) -> &Origin {
        self.find(key).map_or(&Origin::Default, |setting| &setting.origin)
    }

    fn find(&self, key: Key) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// The database, with its password: for the connection only, never for a message.
    pub fn database_url(&self) -> &str {
        self.text(Key::DatabaseUrl).unwrap_or_default()
    }
}

fn from_environment(
    info: KeyInfo,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Option<(String, Origin)>, ToolError> {
    if let Some(value) = environment(info.variable).filter(|value| !value.is_empty()) {
        return Ok(Some((value, Origin::Environment(info.variable.to_string()))));
    }
    if info.kind != Kind::Secret {
        return Ok(None);
    }
    let name = format!("{}_FILE", info.variable);
    let Some(path) = environment(&name).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    Ok(Some((read_key_file(&name, &path)?, Origin::Environment(name))))
}

type FileValue = (Key, String, Origin);

fn parse_file(path: &Path, text: &str, errors: &mut Vec<ToolError>) -> Vec<FileValue> {
    let shown = path.display();
    let table = text.parse().unwrap_or_else(|err: toml::de::Error| {
        let line = err.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let error = ToolError::usage(format!("{shown}, line {line}: {}", err.message()));
        errors.push(error.hint("lines read: key = \"value\""));
        toml::Table::new()
    });
    let values = table.into_iter().map(|(name, value)| file_value(path, &name, value));
    values.filter_map(|value| value.map_err(|error| errors.push(error)).ok()).collect()
}

fn file_value(path: &Path, name: &str, value: toml::Value) -> Result<FileValue, ToolError> {
    let shown = path.display();
    let Some(key) = Key::parse(name) else {
        let names = Key::ALL.map(|key| key.info().name).join(", ");
        return Err(
            ToolError::usage(format!("{shown}: unknown key \"{name}\"")).hint(format!("keys are: {names}"))
        );
    };
    let text = match (value, key.info().kind) {
        (toml::Value::Boolean(value), Kind::Bool) => value.to_string(),
        (toml::Value::Integer(value), Kind::Integer) => value.to_string(),
        (toml::Value::String(value), Kind::Text | Kind::DatabaseUrl | Kind::Secret | Kind::Choice(_)) => {
            value
        }
        (other, _) => {
            // The value itself is not shown: it could be a secret.
            let (wanted, found) = (wanted(key.info().kind), other.type_str());
            return Err(ToolError::usage(format!(
                "{shown}: {name} is {wanted}, found a value of type {found}"
            )));
        }
    };
    Ok((key, text, Origin::File(path.to_path_buf())))
}

fn checked(key: Key, value: String, origin: &Origin) -> Result<Value, ToolError> {
    let info = key.info();
    let good = match info.kind {
        Kind::Secret => return secret(info.name, &value, origin),
        Kind::Text | Kind::DatabaseUrl => !value.is_empty(),
        Kind::Bool => matches!(value.as_str(), "true" | "false"),
        Kind::Integer => value.parse::<u64>().is_ok(),
        Kind::Choice(choices) => choices.contains(&value.as_str()),
    };
    if good {
        return Ok(Value::Text(value));
    }
    let (name, shown, wanted) = (info.name, redact_url(&value), wanted(info.kind));
    Err(ToolError::usage(format!("{name} \"{shown}\" (from {origin}) is not {wanted}")))
}

/// A key without the white space around it. One that cannot be a key is not shown: most of it may be one.
fn secret(name: &str, value: &str, origin: &Origin) -> Result<Value, ToolError> {
    let value = value.trim();
    if is_key(value) {
        return Ok(Value::Secret(SecretString::from(value)));
    }
    let fault =
        if value.is_empty() { "is empty" } else { "holds a blank, a line break or another sign no key has" };
    Err(ToolError::usage(format!("{name} (from {origin}) {fault}")).hint("copy the key again, as one word"))
}

fn wanted(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::DatabaseUrl | Kind::Secret => "a text that is not empty".to_string(),
        Kind::Bool => "true or false".to_string(),
        Kind::Integer => "a whole number, zero or more".to_string(),
        Kind::Choice(choices) => format!("one of {}", choices.join(", ")),
    }
}

#[cfg(test)]
mod tests;
