//! The content of a report, before it takes a form: sections of facts, tables and notes.
//!
//! Markdown and JSON are two readings of the same sections, so they cannot disagree; CSV is one of the tables.

use chrono::NaiveDate;
use sigma_cli::{Cell, Column, Table};

use crate::availability::Availability;

/// A report on one portfolio at one close.
#[derive(Debug, Clone)]
pub struct Report {
    pub header: Header,
    pub availability: Vec<Availability>,
    pub sections: Vec<Section>,
    /// One row a lot: the CSV.
    pub positions: Table,
}

/// What the report is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    pub slug: String,
    pub name: String,
    pub owner: String,
    pub currency: String,
    pub opened_on: NaiveDate,
    pub as_of: NaiveDate,
    /// UTC, RFC 3339: the only thing that differs between two runs over the same results.
    pub generated_at: String,
    /// One line: shares of positions that the numbers cover.
    pub data_quality: String,
}

/// One part of a report.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Key in JSON.
    pub key: &'static str,
    /// Heading in Markdown.
    pub title: &'static str,
    /// Why the section is empty or incomplete, with the command that completes it.
    pub not_available: Option<String>,
    pub facts: Vec<Fact>,
    pub tables: Vec<NamedTable>,
    pub notes: Vec<String>,
}

/// One number with its name.
#[derive(Debug, Clone)]
pub struct Fact {
    pub column: Column,
    pub cell: Cell,
}

/// One table of a section.
#[derive(Debug, Clone)]
pub struct NamedTable {
    pub key: &'static str,
    pub title: &'static str,
    /// All rows, as JSON has them.
    pub table: Table,
    /// What Markdown shows in its place: fewer columns or rows, totals.
    pub shown: Option<Table>,
}

impl Section {
    pub fn new(key: &'static str, title: &'static str) -> Section {
        Section { key, title, ..Section::default() }
    }

    /// Adds a fact.
    pub fn fact(mut self, column: Column, cell: Cell) -> Section {
        self.facts.push(Fact { column, cell });
        self
    }

    /// Adds a table that reads the same in both forms.
    pub fn table(self, key: &'static str, title: &'static str, table: Table) -> Section {
        self.tables(key, title, table, None)
    }

    /// Adds a table with another view for Markdown.
    pub fn tables(
        mut self,
        key: &'static str,
        title: &'static str,
        table: Table,
        shown: Option<Table>,
    ) -> Section {
        self.tables.push(NamedTable { key, title, table, shown });
        self
    }

    /// Adds a remark.
    pub fn note(mut self, note: impl Into<String>) -> Section {
        self.notes.push(note.into());
        self
    }

    /// Says what is missing when an engine has not delivered.
    pub fn needs(mut self, availability: &Availability) -> Section {
        self.not_available = availability.sentence();
        self
    }
}

/// A column of dollars.
pub fn money(key: impl Into<String>, title: impl Into<String>) -> Column {
    Column::number(key, title).unit("$")
}

/// A column of plain numbers.
pub fn number(key: impl Into<String>, title: impl Into<String>) -> Column {
    Column::number(key, title)
}

/// A column of fractions, shown in percent.
pub fn fraction(key: impl Into<String>, title: impl Into<String>) -> Column {
    Column::number(key, title)
}
