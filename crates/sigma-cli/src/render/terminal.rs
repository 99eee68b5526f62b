//! Aligned text for a terminal: ASCII rules, numbers right-aligned and never broken.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle};

use super::{clean, shown};
use crate::document::{Document, section_heading};
use crate::table::{ColumnKind, Table};

pub(super) fn render(document: &Document, width: Option<u16>) -> String {
    let mut blocks = Vec::new();
    blocks.extend(document.heading().map(|heading| clean(&heading) + "\n"));
    for (name, table) in &document.tables {
        let heading = if name.is_empty() { String::new() } else { clean(&section_heading(name)) + "\n" };
        blocks.push(heading + &aligned(table, width));
    }
    if !document.notes.is_empty() {
        blocks.push(document.notes.iter().map(|note| format!("note: {}\n", clean(note))).collect());
    }
    blocks.join("\n")
}

fn aligned(table: &Table, width: Option<u16>) -> String {
    let mut drawn = comfy_table::Table::new();
    // The junction takes a column of its own: with the padding two characters stand between columns.
    drawn.load_style(TableStyle::new().header_separator(LineStyle::none().fill('-').junction('-')));
    drawn.set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    drawn.set_header(table.columns.iter().map(|column| clean(&column.heading())));
    for row in &table.rows {
        drawn.add_row(row.iter().map(shown));
    }
    let last = table.columns.len().saturating_sub(1);
    for (index, (column, kind)) in
        drawn.column_iter_mut().zip(table.columns.iter().map(|c| c.kind)).enumerate()
    {
        column.set_padding((0, if index == last { 0 } else { 1 }));
        if kind == ColumnKind::Number {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text: String = drawn.lines().map(|line| line.trim_end().to_string() + "\n").collect();
    if table.rows.is_empty() {
        text.push_str("(no rows)\n");
    }
    text
}
