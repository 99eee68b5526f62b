//! Markdown tables, rounded like those on the terminal.

use super::{clean, shown};
use crate::document::{Document, section_heading};
use crate::table::{ColumnKind, Table};

pub(super) fn render(document: &Document) -> String {
    let mut blocks = Vec::new();
    blocks.extend(document.heading().map(|heading| format!("# {}\n", escaped(&clean(&heading)))));
    for (name, table) in &document.tables {
        if !name.is_empty() {
            blocks.push(format!("## {}\n", escaped(&clean(&section_heading(name)))));
        }
        blocks.push(piped(table));
    }
    if !document.notes.is_empty() {
        blocks.push(document.notes.iter().map(|note| format!("- {}\n", escaped(&clean(note)))).collect());
    }
    blocks.join("\n")
}

fn piped(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(table.columns.iter().map(|column| escaped(&clean(&column.heading()))).collect());
    text += &line(table.columns.iter().map(|column| rule(column.kind).to_string()).collect());
    for row in &table.rows {
        text += &line(row.iter().map(|cell| escaped(&shown(cell))).collect());
    }
    text
}

/// Whether what follows an ampersand makes it a character reference; the one of `P&L` is just itself.
fn opens_reference(rest: &str) -> bool {
    rest.find(';')
        .is_some_and(|end| end > 0 && rest[..end].chars().all(|c| c.is_ascii_alphanumeric() || c == '#'))
}

fn rule(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => ":---",
        ColumnKind::Number => "---:",
    }
}

/// Names come from files of other people: they must not open a cell, a tag, a link or emphasis.
/// An underscore between letters is literal in Markdown and stays readable.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' if opens_reference(&text[at + 1..]) => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '[' | ']' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_character_references_are_escaped() {
        assert_eq!(escaped("P&L; of S&P 500"), "P&amp;L; of S&P 500");
        assert_eq!(escaped("Day P&L"), "Day P&L");
        assert_eq!(escaped("&#39;x"), "&amp;#39;x");
        assert_eq!(escaped("a & b; c"), "a & b; c");
    }
}
