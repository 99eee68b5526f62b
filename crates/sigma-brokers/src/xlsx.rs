//! The first sheet of a workbook that holds anything, as rows of text.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx, open_workbook_from_rs};
use csv::StringRecord;

use crate::problem::Problem;
use crate::rows::{MAX_ROWS_AND_NOTES, Row, too_many_rows};

/// Most bytes a workbook may unpack to.
const MAX_UNPACKED: u64 = 200 * 1024 * 1024;
/// Columns beyond this one are not read: no broker has as many.
const MAX_COLUMNS: usize = 256;
/// Magic number of a ZIP archive, which every XLSX file is.
pub const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// The rows of the first sheet that `is_table` knows, else of the first with cells: some workbooks have a cover.
pub fn rows(
    bytes: &[u8],
    is_table: impl Fn(&[Row]) -> bool + std::panic::UnwindSafe,
) -> Result<Vec<Row>, Box<Problem>> {
    check_unpacked_size(bytes)?;
    // The library panics on cell references that overflow; a damaged file must not take the program down.
    std::panic::catch_unwind(move || sheets(bytes, is_table))
        .unwrap_or_else(|_| Err(unreadable("it is damaged").into()))
}

fn sheets(bytes: &[u8], is_table: impl Fn(&[Row]) -> bool) -> Result<Vec<Row>, Box<Problem>> {
    let mut book: Xlsx<Cursor<&[u8]>> = open_workbook_from_rs(Cursor::new(bytes)).map_err(unreadable)?;
    let mut first = Vec::new();
    for sheet in book.sheet_names() {
        let rows = sheet_rows(&mut book, &sheet)?;
        if is_table(&rows) {
            return Ok(rows);
        }
        if first.is_empty() {
            first = rows;
        }
    }
    Ok(first)
}

/// Refuses archives that unpack to more than any statement: a few kilobytes can hold gigabytes of zeros.
fn check_unpacked_size(bytes: &[u8]) -> Result<(), Box<Problem>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut left = MAX_UNPACKED;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(unreadable)?;
        let unpacked = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink()).map_err(unreadable)?;
        left = left
            .checked_sub(unpacked)
            .ok_or_else(|| Problem::of_file("ERR_CSV_001", "the workbook unpacks to more than 200 MB"))?;
    }
    Ok(())
}

fn sheet_rows(book: &mut Xlsx<Cursor<&[u8]>>, sheet: &str) -> Result<Vec<Row>, Box<Problem>> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(unreadable)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut cells: Vec<String> = Vec::new();
    let mut current = None;
    while let Some(cell) = reader.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        if column as usize >= MAX_COLUMNS {
            continue;
        }
        if current != Some(row) {
            push(&mut rows, current, &mut cells)?;
            current = Some(row);
        }
        let column = column as usize;
        cells.resize(cells.len().max(column + 1), String::new());
        cells[column] = text(cell.get_value());
    }
    push(&mut rows, current, &mut cells)?;
    Ok(rows)
}

fn push(rows: &mut Vec<Row>, row: Option<u32>, cells: &mut Vec<String>) -> Result<(), Box<Problem>> {
    let Some(row) = row else { return Ok(()) };
    let filled = std::mem::take(cells);
    let comment = filled.first().is_some_and(|first| first.starts_with('#'));
    if comment || filled.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(());
    }
    if rows.len() >= MAX_ROWS_AND_NOTES {
        return Err(too_many_rows().into());
    }
    rows.push(Row { line: u64::from(row) + 1, cells: StringRecord::from(filled) });
    Ok(())
}

/// A cell as a CSV file would hold it: numbers with a decimal point, dates as YYYY-MM-DD.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        // Fifteen digits are all that a spreadsheet keeps and shows; the rest is noise of its formulas.
        DataRef::Float(number) => format!("{number:.14e}").parse().unwrap_or(*number).to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(moment) if moment.is_datetime() && moment.as_f64() > 0.0 => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::DateTime(moment) => moment.as_f64().to_string(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn unreadable(error: impl std::fmt::Display) -> Problem {
    Problem::of_file("ERR_CSV_006", format!("the workbook cannot be read: {error}"))
}
