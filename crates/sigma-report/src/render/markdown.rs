//! Markdown: headings, one table of facts a section, tables rounded as on the terminal, notes.

use sigma_cli::render::RenderError;
use sigma_cli::{Cell, Column, Document, Format, Table};

use crate::report::{Header, Report, Section};

pub(super) fn render(report: &Report) -> Result<String, RenderError> {
    let mut blocks = vec![header(&report.header)?];
    for section in &report.sections {
        blocks.extend(blocks_of(section)?);
    }
    Ok(blocks.join("\n"))
}

fn header(header: &Header) -> Result<String, RenderError> {
    let facts = [
        ("Portfolio", header.slug.clone()),
        ("Owner", header.owner.clone()),
        ("As of the close of", header.as_of.to_string()),
        ("Currency", header.currency.clone()),
        ("Generated", header.generated_at.clone()),
        ("Data quality", header.data_quality.clone()),
    ];
    let mut table = Table::new(vec![Column::text("fact", "Report"), Column::text("value", "")]);
    for (label, value) in facts {
        table.push(vec![Cell::text(label), Cell::Text(value)]);
    }
    text(Document::single(table).title(&header.name))
}

fn blocks_of(section: &Section) -> Result<Vec<String>, RenderError> {
    let mut blocks = vec![format!("## {}\n", section.title)];
    blocks.extend(section.not_available.iter().map(|sentence| format!("**{sentence}**\n")));
    if !section.facts.is_empty() {
        let mut table = Table::new(vec![Column::text("fact", "Measure"), Column::number("value", "Value")]);
        for fact in &section.facts {
            table.push(vec![Cell::text(fact.column.heading()), Cell::text(fact.cell.shown())]);
        }
        blocks.push(text(Document::single(table))?);
    }
    for named in &section.tables {
        let table = named.shown.as_ref().unwrap_or(&named.table);
        match (table.rows.is_empty(), &section.not_available) {
            // The sentence above has said why there is nothing to show.
            (true, Some(_)) => {}
            (true, None) => blocks.push(format!("### {}\n\nNone.\n", named.title)),
            (false, _) => {
                blocks.push(format!("### {}\n", named.title));
                blocks.push(text(Document::single(table.clone()))?);
            }
        }
    }
    if !section.notes.is_empty() {
        let notes = section.notes.iter().cloned().fold(Document::sections(), Document::note);
        blocks.push(text(notes)?);
    }
    Ok(blocks)
}

fn text(document: Document) -> Result<String, RenderError> {
    sigma_cli::render(&document, Format::Md, None)
}
