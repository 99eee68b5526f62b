//! Text to rows: delimiter, quotes, comments.

use csv::{ReaderBuilder, StringRecord};

use crate::problem::Problem;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Most rows of positions or transactions that every file may have.
pub const MAX_ROWS: usize = 100_000;
/// Most rows at all: notes, headers, totals and footers come on top.
pub const MAX_ROWS_AND_NOTES: usize = MAX_ROWS + 1_000;
/// Delimiters that are tried, in this order.
pub const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// One row with the line it starts on.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub line: u64,
    pub cells: StringRecord,
}

impl Row {
    /// The cell without blanks around it; empty when there is none.
    pub fn cell(&self, at: usize) -> &str {
        bare(self.cells.get(at).unwrap_or_default())
    }

    /// The only cell that holds anything, for titles and section lines.
    pub fn single(&self) -> Option<&str> {
        let mut filled = (0..self.cells.len()).map(|at| self.cell(at)).filter(|cell| !cell.is_empty());
        let first = filled.next()?;
        filled.next().is_none().then_some(first)
    }

    /// Whether no cell holds anything.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| bare(cell).is_empty())
    }
}

/// Without blanks, and without the `="..."` that keeps spreadsheets from reading text as a number.
pub fn bare(cell: &str) -> &str {
    let cell = cell.trim();
    match cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.trim(),
        None => cell,
    }
}

/// The first `limit` rows of a text. Rows that start with `#` are comments.
pub fn head(text: &str, delimiter: u8, limit: usize) -> Vec<Row> {
    records(text, delimiter).take(limit).collect()
}

/// All rows of a text.
pub fn all(text: &str, delimiter: u8) -> Result<Vec<Row>, Box<Problem>> {
    let rows: Vec<Row> = records(text, delimiter).take(MAX_ROWS_AND_NOTES + 1).collect();
    if rows.len() > MAX_ROWS_AND_NOTES {
        return Err(too_many_rows().into());
    }
    if let Some(row) = rows.last()
        && !text.trim_end().ends_with('"')
        && text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
        && row.cells.iter().any(|cell| cell.contains('\n'))
    {
        let message = "a quote opens in this row and never closes";
        return Err(Problem::of_row("ERR_CSV_006", row.line, message).into());
    }
    Ok(rows)
}

/// Refuses a cell that swallowed whole rows: a quote that was opened and not closed takes all up to the next quote. Cells
/// with line ends of their own, as some brokers' descriptions, hold no line with as many delimiters as the header.
pub fn check_quotes(rows: &[Row], delimiter: u8) -> Result<(), Box<Problem>> {
    let Some(header) = rows.first().filter(|header| header.cells.len() > 1) else { return Ok(()) };
    let fewest = header.cells.iter().filter(|cell| !cell.is_empty()).count() - 1;
    let is_row = |line: &str| line.bytes().filter(|byte| *byte == delimiter).count() >= fewest.max(1);
    let swallowed = |cell: &str| cell.contains('\n') && cell.lines().skip(1).any(is_row);
    match rows.iter().find(|row| row.cells.iter().any(swallowed)) {
        Some(row) => {
            let message = "a quote opens in this row and takes the rows below it into its cell";
            Err(Problem::of_row("ERR_CSV_006", row.line, message).into())
        }
        None => Ok(()),
    }
}

/// The finding of a file with too many rows.
pub fn too_many_rows() -> Problem {
    Problem::of_file("ERR_CSV_001", format!("more than {MAX_ROWS} rows"))
}

fn records(text: &str, delimiter: u8) -> impl Iterator<Item = Row> + '_ {
    // Spreadsheets in countries with a decimal comma may name the delimiter in a first line of its own.
    let named = text.get(..5).filter(|first| first.starts_with("sep="));
    let (body, skipped) = match named {
        Some(_) => text.split_once('\n').map_or(("", 0), |(_, rest)| (rest, 1)),
        None => (text, 0),
    };
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .from_reader(body.as_bytes());
    let mut lines = Lines { text: body.as_bytes(), offset: 0, line: 1 + skipped };
    reader.into_records().filter_map(Result::ok).map(move |cells| {
        let start = cells.position().map_or(0, csv::Position::byte);
        Row { line: lines.of_record(usize::try_from(start).unwrap_or(usize::MAX)), cells }
    })
}

/// Counts lines while offsets ascend.
pub struct Lines<'a> {
    pub text: &'a [u8],
    pub offset: usize,
    pub line: u64,
}

impl Lines<'_> {
    /// The line at an offset that is not before the last one.
    pub fn at(&mut self, offset: usize) -> u64 {
        let passed = self.text.get(self.offset..offset.min(self.text.len())).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.offset = self.offset.max(offset);
        self.line
    }

    /// The line of the first cell of a record, whose offset may lie before blank lines and comments.
    fn of_record(&mut self, mut offset: usize) -> u64 {
        while let Some(byte) = self.text.get(offset) {
            match byte {
                b'\r' | b'\n' => offset += 1,
                b'#' => {
                    let rest = &self.text[offset..];
                    offset += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                }
                _ => break,
            }
        }
        self.at(offset)
    }
}
