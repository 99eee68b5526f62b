//! What is wrong or doubtful in a file: findings of its reader, and those that show only against the database.

use std::collections::HashMap;

use sigma_brokers::{Problem, Severity};
use sigma_cli::{Cell, Column, Table};

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Slug of the portfolio whose account it is about; `None` for the file as a whole.
    pub portfolio: Option<String>,
    pub row: Option<u64>,
    pub column: Option<String>,
    pub value: Option<String>,
    /// The symbol it is about, where that is known.
    pub symbol: Option<String>,
    pub code: String,
    pub severity: Severity,
    pub message: String,
    pub remedy: String,
}

/// Findings that need the database, as (code, severity, remedy). `IMP` is about importing.
const CODES: [(&str, Severity, &str); 21] = [
    ("ERR_IMP_001", Severity::Error, "convert it to US dollars, or delete the row"),
    ("ERR_IMP_002", Severity::Error, "add an entry price, or run `sigma-sync prices` and import again"),
    (
        "ERR_IMP_003",
        Severity::Error,
        "give it with --exit SYMBOL=PRICE, or run `sigma-sync prices` for the date of the file and import again",
    ),
    ("ERR_IMP_004", Severity::Error, "import a newer export, or start anew with --replace"),
    ("ERR_IMP_005", Severity::Error, "correct the date, or give --as-of"),
    ("ERR_IMP_006", Severity::Warning, "compare the rows with the account; a row may be missing"),
    (
        "ERR_IMP_007",
        Severity::Warning,
        "run `sigma-seed position apply-split ID` for each lot named, with --counted if its units count the split already",
    ),
    ("ERR_IMP_008", Severity::Warning, "nothing: the stored lots stay; --replace takes those of the file"),
    ("ERR_IMP_009", Severity::Warning, "give --cash, or enter it with `sigma-seed cash add`"),
    ("ERR_IMP_010", Severity::Warning, "give a price, or its value with --mapping"),
    ("ERR_IMP_011", Severity::Warning, "nothing, or rename the tag in the file: letters, digits and _"),
    ("ERR_IMP_012", Severity::Warning, "nothing if it is meant so: its cost is not known"),
    ("ERR_IMP_013", Severity::Error, "export the activity from the opening of the account"),
    ("ERR_IMP_014", Severity::Warning, "give its exit date and price, if it is to count as a closed lot"),
    ("ERR_IMP_015", Severity::Error, "take tags away in the file"),
    (
        "ERR_IMP_016",
        Severity::Warning,
        "import it under the name it had, or see that it does not count twice",
    ),
    ("ERR_IMP_017", Severity::Warning, "nothing, or enter its value in dollars with `sigma-seed cash add`"),
    (
        "ERR_IMP_018",
        Severity::Error,
        "run `sigma-seed position apply-split ID` for its lots (`position list`), and import again",
    ),
    (
        "ERR_IMP_019",
        Severity::Error,
        "run `sigma-sync prices` for the portfolio to learn the split, then `sigma-seed position apply-split ID`, and \
         import again; if there was none, correct the cost in the file",
    ),
    (
        "ERR_IMP_020",
        Severity::Warning,
        "`sigma-seed position apply-split ID` (`position list`) for units of before the split; with --counted for units of \
         after it",
    ),
    (
        "ERR_IMP_021",
        Severity::Warning,
        "run `sigma-sync prices`, or enter it as interest with `sigma-seed cash add`; its cash counts then",
    ),
];

impl Finding {
    /// A finding of one of the codes above; an unknown code would be an error without remedy.
    pub fn new(code: &'static str, row: Option<u64>, message: impl Into<String>) -> Finding {
        let entry = CODES.iter().find(|entry| entry.0 == code);
        Finding {
            portfolio: None,
            row,
            column: None,
            value: None,
            symbol: None,
            code: code.to_owned(),
            severity: entry.map_or(Severity::Error, |entry| entry.1),
            message: message.into(),
            remedy: entry.map_or("", |entry| entry.2).to_owned(),
        }
    }

    /// The same with what was found.
    pub fn of(self, column: &str, value: impl Into<String>) -> Finding {
        Finding { column: Some(column.to_owned()), value: Some(value.into()), ..self }
    }

    /// The same with the symbol it is about.
    pub fn about(self, symbol: &str) -> Finding {
        Finding { symbol: Some(symbol.to_owned()), ..self }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Finding {
        let Problem { row, column, value, symbol, code, severity, message, remedy } = problem;
        let (code, remedy) = (code.to_owned(), remedy.to_owned());
        Finding { portfolio: None, row, column, value, symbol, code, severity, message, remedy }
    }
}

/// Says of what one account was found to lack that it is that one's: an account's line must not read like another's.
pub fn name_portfolio(findings: &mut [Finding], slug: &str) {
    findings.iter_mut().for_each(|finding| finding.portfolio = Some(slug.to_owned()));
}

/// The same of what the reader of the file found in the rows of accounts, by their portfolios.
pub fn name_rows(findings: &mut [Finding], portfolios: &HashMap<u64, &str>) {
    for finding in findings.iter_mut().filter(|finding| finding.portfolio.is_none()) {
        let of_row = finding.row.and_then(|row| portfolios.get(&row));
        finding.portfolio = of_row.map(|slug| (*slug).to_owned());
    }
}

/// Makes warnings errors.
pub fn strict(findings: &mut [Finding]) {
    findings.iter_mut().for_each(|finding| finding.severity = Severity::Error);
}

/// Warnings shown at most: a file of a hundred thousand rows may have as many. Errors are shown all.
pub const WARNINGS_SHOWN: usize = 500;

/// One row for each finding, in the order of the file.
pub fn table(findings: &[Finding]) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::number("row", "Row"),
        Column::text("column", "Column"),
        Column::text("value", "Value"),
        Column::text("code", "Code"),
        Column::text("severity", "Severity"),
        Column::text("message", "Message"),
        Column::text("remedy", "What to do"),
    ]);
    let mut warnings = 0;
    let is_shown = |finding: &&Finding| {
        warnings += usize::from(!finding.is_error());
        finding.is_error() || warnings <= WARNINGS_SHOWN
    };
    let mut sorted: Vec<&Finding> = findings.iter().filter(is_shown).collect();
    sorted.sort_by_key(|finding| finding.row);
    for finding in sorted {
        table.push(vec![
            Cell::or_blank(finding.portfolio.clone(), Cell::Text),
            Cell::or_blank(finding.row, |row| Cell::Int(row as i64)),
            Cell::or_blank(finding.column.clone(), Cell::Text),
            Cell::or_blank(finding.value.clone(), Cell::Text),
            Cell::text(&finding.code),
            Cell::text(if finding.is_error() { "error" } else { "warning" }),
            Cell::text(&finding.message),
            Cell::text(&finding.remedy),
        ]);
    }
    table
}
