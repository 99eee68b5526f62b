//! What is wrong or doubtful in a file, one entry a finding, all of one file together.

use serde::Serialize;

/// Whether a finding takes something away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row stands, with a remark.
    Warning,
    /// The row (or, without a row, the file) is left out.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// Line of the file, counted from 1 with comments and blank lines; of a spreadsheet the row of the sheet.
    pub row: Option<u64>,
    /// Header of the column as the file spells it.
    pub column: Option<String>,
    /// The text found there.
    pub value: Option<String>,
    /// The canonical symbol that the row is about, where it could be read.
    pub symbol: Option<String>,
    /// One of [`CODES`].
    pub code: &'static str,
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// One line of the table of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub code: &'static str,
    pub severity: Severity,
    pub meaning: &'static str,
    pub remedy: &'static str,
}

/// Longest text quoted from a file, in characters.
const QUOTED: usize = 80;

impl Problem {
    /// A finding about the file as a whole.
    pub(crate) fn of_file(code: &'static str, message: impl Into<String>) -> Problem {
        let entry = entry(code);
        Problem {
            row: None,
            column: None,
            value: None,
            symbol: None,
            code,
            severity: entry.severity,
            message: message.into(),
            remedy: entry.remedy,
        }
    }

    /// A finding about one row.
    pub(crate) fn of_row(
        code: &'static str,
        row: impl Into<Option<u64>>,
        message: impl Into<String>,
    ) -> Problem {
        Problem { row: row.into(), ..Problem::of_file(code, message) }
    }

    /// The same finding with the cell it was found in.
    pub(crate) fn at(self, column: &str, value: &str) -> Problem {
        let some = |text: &str| (!text.is_empty()).then(|| text.chars().take(QUOTED).collect::<String>());
        Problem { column: some(column), value: some(value), ..self }
    }

    /// Says which symbol the findings are about.
    pub(crate) fn about(problems: &mut [Problem], symbol: &str) {
        for problem in problems.iter_mut().filter(|problem| problem.is_error()) {
            problem.symbol = Some(symbol.to_owned());
        }
    }

    /// Whether it takes the row or the file away.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The entry of a code. Codes are written in this crate only, so each is in the table; a test reads the sources.
fn entry(code: &str) -> Code {
    CODES.iter().find(|entry| entry.code == code).copied().unwrap_or(CODES[0])
}

const fn error(code: &'static str, meaning: &'static str, remedy: &'static str) -> Code {
    Code { code, severity: Severity::Error, meaning, remedy }
}

const fn warning(code: &'static str, meaning: &'static str, remedy: &'static str) -> Code {
    Code { code, severity: Severity::Warning, meaning, remedy }
}

/// Every code, its severity, meaning and remedy. `CSV` is about the file, `POS` about a position, `OPT` about a
/// contract, `ACT` about an activity row, `MAP` about a mapping file.
pub const CODES: &[Code] = &[
    error("ERR_CSV_001", "larger than 10 MB or 100,000 rows", "split the file by account or by year"),
    error("ERR_CSV_002", "not a CSV, XLSX or Flex XML file", "export as CSV or XLSX"),
    error("ERR_CSV_003", "the file is empty", "export it again"),
    error("ERR_CSV_004", "a column is missing", "add the column, or describe the columns in a mapping file"),
    error(
        "ERR_CSV_005",
        "no known header",
        "name the format with --broker, or describe the columns in a mapping file",
    ),
    error("ERR_CSV_006", "malformed file", "open it, check quotes and encoding, and save it as UTF-8 CSV"),
    error("ERR_CSV_007", "the header fits several formats", "name the format with --broker"),
    warning(
        "ERR_CSV_008",
        "not UTF-8; read as windows-1252",
        "check names with accents, or save the file as UTF-8",
    ),
    warning(
        "ERR_CSV_009",
        "a comma or point in numbers can mean either",
        "check the quantities, or set decimal_comma in a mapping file",
    ),
    error(
        "ERR_CSV_010",
        "the order of day and month is not told",
        "write dates as YYYY-MM-DD, or set date_order in a mapping file",
    ),
    error("ERR_CSV_011", "neither positions nor cash in the file", "check that the right view was exported"),
    warning(
        "ERR_CSV_012",
        "a row that is not understood was passed over",
        "check whether it holds a position",
    ),
    warning("ERR_CSV_013", "a comma is missing before the exit date", "check the exit, and add the comma"),
    error("ERR_POS_001", "symbol missing", "give a symbol, or the option columns for a contract"),
    error("ERR_POS_002", "symbol longer than 100 characters", "shorten it"),
    error("ERR_POS_003", "symbol with other characters than A-Z 0-9 . - _", "correct the symbol"),
    error("ERR_POS_004", "quantity missing", "give the number of units; negative is short"),
    error("ERR_POS_005", "quantity is not a number", "write it like 1234.5"),
    error("ERR_POS_006", "quantity is zero", "delete the row, or give the units held"),
    error("ERR_POS_007", "quantity with more than six decimals", "round it to six decimals"),
    error("ERR_POS_008", "entry price missing", "give the price of one unit"),
    error("ERR_POS_009", "price is not a number", "write it like 1234.56"),
    error(
        "ERR_POS_010",
        "price is not above zero",
        "give the price of one unit; shorts have a negative quantity",
    ),
    warning("ERR_POS_011", "price with more than two decimals", "nothing if it is meant so"),
    error("ERR_POS_012", "entry date missing", "give the day of purchase as YYYY-MM-DD"),
    error("ERR_POS_013", "date not understood", "write it as YYYY-MM-DD"),
    error("ERR_POS_014", "date in the future", "correct the date"),
    error("ERR_POS_015", "date more than a hundred years ago", "correct the date"),
    error("ERR_POS_016", "unknown investment class", "use PUBLIC, OPTIONS or PRIVATE"),
    error("ERR_POS_017", "unknown investment subtype", "use a subtype of the class"),
    error("ERR_POS_018", "exit before entry", "correct one of the dates"),
    error("ERR_POS_019", "underlying of the option missing", "give the underlying's symbol"),
    error("ERR_POS_020", "strike missing or unusable", "give a strike above 0 and below 100,000"),
    error("ERR_POS_021", "expiration date missing or unusable", "write it as YYYY-MM-DD"),
    error("ERR_POS_022", "option type missing or unknown", "use CALL or PUT"),
    error("ERR_POS_023", "same symbol and entry date twice", "add the quantities in one row"),
    warning(
        "ERR_POS_024",
        "priced per 100 of face value",
        "nothing: quantity is face value and the price was divided by 100",
    ),
    warning(
        "ERR_POS_025",
        "stated value differs from quantity times price",
        "check the row; multipliers and currencies are usual causes",
    ),
    error("ERR_POS_026", "a number is not understood", "write it like 1234.56"),
    warning("ERR_POS_027", "more than fifteen significant digits", "the last digits may be lost"),
    warning("ERR_POS_028", "no ticker; held at its stated value", "give a ticker if one exists"),
    error("ERR_POS_029", "exit price and exit date do not come together", "give both or neither"),
    warning("ERR_POS_030", "a row of zero units was passed over", "nothing, if the position is closed"),
    error("ERR_OPT_001", "looks like an option and cannot be read", "write it like ACME260116C00105000"),
    error("ERR_OPT_002", "strike of nine digits", "write the strike in thousandths with eight digits"),
    warning("ERR_OPT_003", "expires on a Saturday", "use the proposed Friday"),
    warning("ERR_OPT_004", "expires on a day without a session", "check the expiration date"),
    warning(
        "ERR_OPT_005",
        "adjusted contract: it may not deliver 100 shares",
        "it is left out of Greeks totals until its deliverable is known",
    ),
    warning("ERR_OPT_006", "mini contract over 10 shares", "check the multiplier"),
    warning("ERR_OPT_007", "FLEX contract", "check its terms with the broker"),
    error("ERR_OPT_008", "symbol and option columns name two contracts", "correct one of them"),
    warning("ERR_ACT_001", "kind of transaction not known; passed over", "enter its effect by hand"),
    warning(
        "ERR_ACT_002",
        "positions were replayed from transactions; what was held before the first one is not known",
        "export from the opening of the account, or add earlier holdings by hand",
    ),
    warning(
        "ERR_ACT_003",
        "closes or changes more units than the file has opened",
        "export a longer period, or add earlier holdings by hand",
    ),
    warning("ERR_ACT_004", "units moved without a price", "enter the lots with their prices by hand"),
    error("ERR_MAP_001", "mapping file not usable", "correct the mapping file"),
];
