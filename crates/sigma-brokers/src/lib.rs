//! Position and activity files of brokers and trackers, read into one [`Statement`].
//!
//! # Why it is a crate
//! Parsers of spreadsheets and XML stay out of the binaries that do not import, and the readers of foreign files can be
//! fuzzed alone.
//!
//! # Map
//! - [`read`]: bytes in, [`Reading`] out: what could be read, and every problem with row, column, value and code.
//! - [`BROKERS`]: the formats; one file each in `formats`. [`Mapping`]: a description of any other file.
//! - [`statement`]: accounts, positions, cash, stated totals. [`problem::CODES`]: the table of codes.
//! - [`money`], [`dates`], [`symbols`], [`notation`], [`occ`]: how brokers write numbers, dates and instruments.
//!
//! # What this crate does not do
//! It opens no file and no socket, reads no clock and no environment, prints nothing and stores nothing. It does not
//! look up prices or securities, so it cannot tell a fund from a share, nor whether a symbol exists.

mod activity;
mod broker;
mod columns;
mod detect;
mod formats;
mod holding;
mod input;
mod mapping;
pub mod money;
pub mod notation;
pub mod occ;
pub mod problem;
mod replay;
mod rows;
pub mod statement;
pub mod symbols;
mod text;
mod xlsx;

use chrono::NaiveDate;

pub use sigma_core::dates;

pub use broker::{BROKERS, Broker, BrokerId};
use broker::{Dates, Parsed};
use columns::Columns;
pub use columns::Role;
use dates::{DateOrder, OrderFound};
use detect::Found;
use input::Input;
pub use mapping::{Mapping, MappingError};
use money::DecimalMark;
pub use problem::{Problem, Severity};
use rows::Row;
pub use rows::{MAX_BYTES, MAX_ROWS, MAX_ROWS_AND_NOTES};
pub use statement::Statement;

/// What a caller knows about a file.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The format; told by the header when absent.
    pub broker: Option<BrokerId>,
    /// Columns of a file in no known format.
    pub mapping: Option<&'a Mapping>,
    /// Day the holdings are of, instead of what the file says.
    pub as_of: Option<NaiveDate>,
    /// Entry dates after this day are errors.
    pub today: NaiveDate,
}

/// What came out of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The rows without errors; `None` when the file as a whole cannot be read.
    pub statement: Option<Statement>,
    /// Everything found, file first, then by row.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Whether anything had to be left out.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(Problem::is_error)
    }
}

/// Reads one file. `file_name` is for its extension only.
pub fn read(bytes: &[u8], file_name: &str, options: &Options<'_>) -> Reading {
    let mut problems = Vec::new();
    let statement = match parse(bytes, file_name, options, &mut problems) {
        Ok(statement) => Some(statement),
        Err(fatal) => {
            problems.extend(fatal);
            None
        }
    };
    let empty = |statement: &Statement| {
        let mut accounts = statement.accounts.iter();
        accounts.all(|a| a.positions.is_empty() && a.cash.is_empty() && a.flows.is_empty())
    };
    if statement.as_ref().is_some_and(empty) && !problems.iter().any(Problem::is_error) {
        problems.push(Problem::of_file("ERR_CSV_011", "no positions and no cash in the file"));
    }
    problems.sort_by_key(|problem| problem.row);
    Reading { statement, problems }
}

/// Findings that take the whole file away.
type Fatal = Vec<Problem>;

fn parse(
    bytes: &[u8],
    file_name: &str,
    options: &Options<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Statement, Fatal> {
    if bytes.len() > MAX_BYTES {
        return Err(vec![Problem::of_file("ERR_CSV_001", format!("{} bytes", bytes.len()))]);
    }
    if bytes.starts_with(xlsx::ZIP_MAGIC) {
        let is_table = |rows: &[Row]| match options.mapping {
            Some(mapping) => formats::mapped::header(rows, mapping).is_ok(),
            None => !detect::candidates(rows, options.broker).is_empty(),
        };
        let rows = xlsx::rows(bytes, is_table).map_err(|problem| vec![*problem])?;
        return from_rows(&rows, b',', options, problems);
    }
    refuse_other_kinds(bytes, file_name)?;
    let (text, warning) = text::decode(bytes).map_err(|problem| vec![*problem])?;
    problems.extend(warning);
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(vec![Problem::of_file("ERR_CSV_003", "the file is empty")]);
    }
    if text.trim_start().starts_with('<') {
        let rows = formats::flex_xml::rows(&text).map_err(|problem| vec![*problem])?;
        return from_rows(&rows, b',', options, problems);
    }
    let delimiter = delimiter_of(&text, options).map_err(|problem| vec![*problem])?;
    let rows = rows::all(&text, delimiter).map_err(|problem| vec![*problem])?;
    from_rows(&rows, delimiter, options, problems)
}

/// Kinds of file whose first bytes tell that they hold no table of ours.
fn refuse_other_kinds(bytes: &[u8], file_name: &str) -> Result<(), Fatal> {
    let kind = match bytes {
        [0xd0, 0xcf, 0x11, 0xe0, ..] => "an Excel file of before 2007",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        _ if file_name.to_ascii_lowercase().ends_with(".xlsx") && !bytes.is_empty() => "no workbook",
        _ => return Ok(()),
    };
    Err(vec![Problem::of_file("ERR_CSV_002", format!("the file is {kind}"))])
}

/// The delimiter under which the file has a known header.
fn delimiter_of(text: &str, options: &Options<'_>) -> Result<u8, Box<Problem>> {
    if let Some(mapping) = options.mapping {
        let given = mapping.delimiter_byte();
        let given = given.map_err(|error| Problem::of_file("ERR_MAP_001", error.to_string()))?;
        let missing = |delimiter: &u8| {
            let head = rows::head(text, *delimiter, detect::HEADER_WITHIN);
            formats::mapped::header(&head, mapping).map_or_else(|missing| missing.len(), |_| 0)
        };
        return Ok(given.or(rows::DELIMITERS.into_iter().min_by_key(missing)).unwrap_or(b','));
    }
    let known = |delimiter: &u8| {
        let head = rows::head(text, *delimiter, detect::HEADER_WITHIN);
        !detect::candidates(&head, options.broker).is_empty()
    };
    Ok(rows::DELIMITERS.into_iter().find(known).unwrap_or(b','))
}

fn from_rows(
    rows: &[Row],
    delimiter: u8,
    options: &Options<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Statement, Fatal> {
    if rows.iter().all(Row::is_blank) {
        return Err(vec![Problem::of_file("ERR_CSV_003", "the file is empty")]);
    }
    if let Some(mapping) = options.mapping {
        let (header, columns) = formats::mapped::header(rows, mapping)?;
        rows::check_quotes(&rows[header..], delimiter).map_err(|problem| vec![*problem])?;
        let mark = match mapping.decimal_comma {
            Some(true) => DecimalMark::Comma,
            Some(false) => DecimalMark::Point,
            None => decimal_mark(&rows[header..], delimiter, problems),
        };
        let order = match mapping.date_order {
            Some(order) => order,
            None => order_by_file(&rows[header + 1..], &columns, problems),
        };
        let input = Input { rows, header, columns, options, mark, order };
        return Ok(statement("mapping", formats::mapped::parse(&input, mapping, problems), options));
    }
    let mut found = detect::candidates(rows, options.broker);
    let Some(Found { broker, header, columns }) = found.pop() else {
        return Err(detect::unknown(rows, options.broker));
    };
    if !found.is_empty() {
        found.push(Found { broker, header, columns });
        return Err(vec![detect::ambiguous(&found)]);
    }
    let order = match broker.dates {
        Dates::MonthFirst => DateOrder::MonthFirst,
        Dates::DayFirst => DateOrder::DayFirst,
        Dates::YearFirst => DateOrder::YearFirst,
        Dates::ByFile => order_by_file(&rows[header + 1..], &columns, problems),
    };
    rows::check_quotes(&rows[header..], delimiter).map_err(|problem| vec![*problem])?;
    let mark = decimal_mark(&rows[header..], delimiter, problems);
    let input = Input { rows, header, columns, options, mark, order };
    let parsed = (broker.parse)(&input, problems);
    Ok(statement(broker.id.as_str(), parsed, options))
}

fn statement(format: &'static str, parsed: Parsed, options: &Options<'_>) -> Statement {
    Statement { format, as_of: options.as_of.or(parsed.as_of), accounts: parsed.accounts }
}

fn decimal_mark(rows: &[Row], delimiter: u8, problems: &mut Vec<Problem>) -> DecimalMark {
    let cells = rows.iter().flat_map(|row| row.cells.iter()).map(rows::bare);
    let decision = DecimalMark::decide(cells, delimiter);
    if decision.guessed {
        let message = "no number tells the decimal mark; by the delimiter it is a comma";
        problems.push(Problem::of_file("ERR_CSV_009", message));
    }
    decision.mark
}

/// The order of day and month that reads all dates of the file. Without one, dates are read year first: every other date
/// is then told in its row, beside what else is wrong.
fn order_by_file(rows: &[Row], columns: &Columns, problems: &mut Vec<Problem>) -> DateOrder {
    let dated = [Role::EntryDate, Role::ExitDate, Role::Expiry, Role::Date, Role::AsOf];
    let at: Vec<usize> = dated.iter().filter_map(|role| columns.index(*role)).collect();
    let cells = rows.iter().flat_map(|row| at.iter().map(|at| row.cell(*at)));
    let message = match dates::order_of(cells) {
        OrderFound::NotNeeded => return DateOrder::YearFirst,
        OrderFound::Unique(order) => return order,
        OrderFound::Either => "every date can be read day first and month first",
        OrderFound::Neither => "neither day first nor month first reads all dates",
    };
    problems.push(Problem::of_file("ERR_CSV_010", message));
    DateOrder::YearFirst
}
