//! An answer: one table, or several with names.

use chrono::NaiveDate;

use crate::table::Table;

/// Version of the JSON form. It changes only when a key is renamed, removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What a tool prints: title, date, tables, notes.
///
/// An unnamed table is the whole answer: `rows` in JSON, plain rows in CSV. Named tables are sections: `tables` by
/// name in JSON, and in CSV each is headed by a line `# name`, with an empty line between two. So the form depends
/// on how a verb names its tables, never on how many it found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    pub title: Option<String>,
    pub as_of: Option<NaiveDate>,
    /// Name (snake_case; empty for an unnamed table) and table.
    pub tables: Vec<(String, Table)>,
    /// What a reader must know about the numbers. CSV has no place for them.
    pub notes: Vec<String>,
}

impl Document {
    /// The answer that is one table.
    pub fn single(table: Table) -> Document {
        Document { tables: vec![(String::new(), table)], ..Document::default() }
    }

    /// The answer that has sections; add them with [`Document::section`].
    pub fn sections() -> Document {
        Document::default()
    }

    pub fn title(mut self, title: impl Into<String>) -> Document {
        self.title = Some(title.into());
        self
    }

    pub fn as_of(mut self, as_of: NaiveDate) -> Document {
        self.as_of = Some(as_of);
        self
    }

    pub fn section(mut self, name: impl Into<String>, table: Table) -> Document {
        self.tables.push((name.into(), table));
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Document {
        self.notes.push(note.into());
        self
    }

    /// `Title, as of 2025-06-30`, as far as they are given.
    pub(crate) fn heading(&self) -> Option<String> {
        match (&self.title, self.as_of) {
            (Some(title), Some(as_of)) => Some(format!("{title}, as of {as_of}")),
            (Some(title), None) => Some(title.clone()),
            (None, Some(as_of)) => Some(format!("As of {as_of}")),
            (None, None) => None,
        }
    }
}

/// A section's heading for people: `by_sector` reads `By sector`.
pub(crate) fn section_heading(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
