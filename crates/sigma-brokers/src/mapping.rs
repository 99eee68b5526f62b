//! Mapping files: what the columns of any other file mean.
//!
//! ```toml
//! delimiter = ";"            # optional: , ; tab |
//! decimal_comma = true       # optional: told by the file otherwise
//! date_order = "day_first"   # optional: month_first, day_first, year_first
//! skip_rows = 3              # optional: lines above the header
//! currency = "EUR"           # optional: USD otherwise
//!
//! [columns]                  # role = header as the file spells it
//! symbol = "Ticker"
//! quantity = "Anzahl"
//! entry_price = "Einstand"
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::columns::Role;
use crate::dates::DateOrder;

/// A mapping file, read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub delimiter: Option<String>,
    pub decimal_comma: Option<bool>,
    pub date_order: Option<DateOrder>,
    #[serde(default)]
    pub skip_rows: usize,
    pub currency: Option<String>,
    /// Headers by role.
    pub columns: BTreeMap<Role, String>,
}

/// Why a mapping file cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MappingError {
    #[error("{0}")]
    Toml(String),
    #[error("the mapping names no column for the role {0}")]
    MissingRole(&'static str),
    #[error("the delimiter \"{0}\" is not one of , ; tab |")]
    Delimiter(String),
}

impl Mapping {
    /// Reads a mapping file.
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| MappingError::Toml(error.to_string()))?;
        if !mapping.columns.contains_key(&Role::Quantity) {
            return Err(MappingError::MissingRole("quantity"));
        }
        let names_it = [Role::Symbol, Role::Underlying, Role::Description];
        if !names_it.iter().any(|role| mapping.columns.contains_key(role)) {
            return Err(MappingError::MissingRole("symbol"));
        }
        mapping.delimiter_byte()?;
        Ok(mapping)
    }

    /// The delimiter, when one is given.
    pub fn delimiter_byte(&self) -> Result<Option<u8>, MappingError> {
        match self.delimiter.as_deref() {
            None => Ok(None),
            Some("tab" | "\t") => Ok(Some(b'\t')),
            Some(",") => Ok(Some(b',')),
            Some(";") => Ok(Some(b';')),
            Some("|") => Ok(Some(b'|')),
            Some(other) => Err(MappingError::Delimiter(other.to_owned())),
        }
    }
}
