//! Settings: flag, else environment, else `sigma.toml` in the current folder, else default.
//!
//! [`Key::ALL`] is the whole list. The key in `sigma.toml` is the name in lower case; the environment variable is
//! `SIGMA_` and the name in capitals, except `DATABASE_URL`. A secret can also come from a file whose path stands in
//! the variable with `_FILE` at its end. Empty variables count as not set.

mod key;

use std::fmt;
use std::path::{Path, PathBuf};

pub use self::key::{Key, KeyInfo, Kind};
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
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    pub key: Key,
    pub value: Option<String>,
    pub origin: Origin,
}

impl Setting {
    /// The value as it may be printed: no secret, no password.
    pub fn shown(&self) -> String {
        match (&self.value, self.key.info().kind) {
            (None, _) => "not set".to_string(),
            (Some(_), Kind::Secret) => "set (not shown)".to_string(),
            (Some(value), _) => redact_url(value),
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
}

impl Settings {
    /// Settings of this process: the flags given, its environment, `sigma.toml` in the current folder.
    pub fn load(flags: &[(Key, String)]) -> Result<Settings, ToolError> {
        let path = Path::new(FILE_NAME);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => None,
            Err(err) => return Err(ToolError::usage(format!("cannot read {FILE_NAME}: {err}"))),
        };
        Settings::resolve(flags, variable, text.as_deref().map(|text| (path, text)))
    }

    /// The same from given sources. Every value that is used is checked; the message names its source.
    pub fn resolve(
        flags: &[(Key, String)],
        environment: impl Fn(&str) -> Option<String>,
        file: Option<(&Path, &str)>,
    ) -> Result<Settings, ToolError> {
        let in_file = file.map(|(path, text)| parse_file(path, text)).transpose()?.unwrap_or_default();
        let mut settings = Vec::with_capacity(Key::ALL.len());
        for key in Key::ALL {
            let flag =
                flags.iter().find(|(name, _)| *name == key).map(|(_, value)| (value.clone(), Origin::Flag));
            let (value, origin) = match flag {
                Some(found) => Some(found),
                None => from_environment(key.info(), &environment)?,
            }
            .or_else(|| {
                in_file.iter().find(|setting| setting.0 == key).map(|(_, v, o)| (v.clone(), o.clone()))
            })
            .map_or((None, Origin::Default), |(value, origin)| (Some(value), origin));
            let value = value.or_else(|| key.info().default.map(str::to_string));
            let setting = Setting { key, value, origin };
            check(&setting)?;
            settings.push(setting);
        }
        Ok(Settings { settings })
    }

    /// All of them, in the order of [`Key::ALL`].
    pub fn all(&self) -> &[Setting] {
        &self.settings
    }

    pub fn text(&self, key: Key) -> Option<&str> {
        self.settings.iter().find(|setting| setting.key == key)?.value.as_deref()
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
        self.settings
            .iter()
            .find(|setting| setting.key == key)
            .map_or(&Origin::Default, |setting| &setting.origin)
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
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((text.trim().to_string(), Origin::Environment(name)))),
        Err(err) => Err(ToolError::usage(format!("cannot read the file named by {name}: {path}: {err}"))
            .hint(format!("correct or unset {name}"))),
    }
}

type FileValue = (Key, String, Origin);

fn parse_file(path: &Path, text: &str) -> Result<Vec<FileValue>, ToolError> {
    let shown = path.display();
    let table: toml::Table = text.parse().map_err(|err: toml::de::Error| {
        let line = err.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ToolError::usage(format!("{shown}, line {line}: {}", err.message()))
            .hint("lines read: key = \"value\"")
    })?;
    table.into_iter().map(|(name, value)| file_value(path, &name, value)).collect()
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

fn check(setting: &Setting) -> Result<(), ToolError> {
    let info = setting.key.info();
    let Some(value) = setting.value.as_deref() else { return Ok(()) };
    let good = match info.kind {
        Kind::Text | Kind::DatabaseUrl | Kind::Secret => !value.is_empty(),
        Kind::Bool => matches!(value, "true" | "false"),
        Kind::Integer => value.parse::<u64>().is_ok(),
        Kind::Choice(choices) => choices.contains(&value),
    };
    if good {
        return Ok(());
    }
    let (name, shown, wanted) = (info.name, setting.shown(), wanted(info.kind));
    Err(ToolError::usage(format!("{name} \"{shown}\" (from {}) is not {wanted}", setting.origin)))
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
