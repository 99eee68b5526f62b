//! One file on its way through a format: rows, header, how numbers and dates are written.

use std::collections::HashMap;

use chrono::{Months, NaiveDate};

use crate::Options;
use crate::columns::{Columns, Role};
use crate::dates::{self, DateOrder};
use crate::money::{self, DecimalMark, KEPT_DIGITS, Number};
use crate::problem::Problem;
use crate::rows::Row;
use crate::statement::Account;

/// What a format gets.
pub struct Input<'a> {
    pub rows: &'a [Row],
    /// Index of the header row.
    pub header: usize,
    pub columns: Columns,
    pub options: &'a Options<'a>,
    pub mark: DecimalMark,
    pub order: DateOrder,
}

impl<'a> Input<'a> {
    /// Rows above the header.
    pub fn preamble(&self) -> &'a [Row] {
        &self.rows[..self.header]
    }

    /// Rows below the header.
    pub fn body(&self) -> &'a [Row] {
        self.rows.get(self.header + 1..).unwrap_or_default()
    }

    /// A row under the first header.
    pub fn line<'b>(&'b self, row: &'b Row) -> Line<'b> {
        Line { row, columns: &self.columns, input: self }
    }
}

/// A row and the header it stands under.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub row: &'a Row,
    pub columns: &'a Columns,
    pub input: &'a Input<'a>,
}

/// Codes for a number that is not one.
pub const OTHER_NUMBER: &str = "ERR_POS_026";

impl<'a> Line<'a> {
    /// The cell under a role; `None` when it is empty or there is no such column.
    pub fn text(&self, role: Role) -> Option<&'a str> {
        self.columns.index(role).map(|at| self.row.cell(at)).filter(|cell| !cell.is_empty())
    }

    /// A finding about the cell under a role.
    pub fn problem(&self, code: &'static str, role: Role, message: impl Into<String>) -> Problem {
        let value = self.text(role).unwrap_or_default();
        Problem::of_row(code, self.row.line, message).at(self.columns.name(role), value)
    }

    /// The number under a role; what is no number becomes a finding with `code`.
    pub fn number(&self, role: Role, code: &'static str, problems: &mut Vec<Problem>) -> Option<Number> {
        match money::parse(self.text(role)?, self.input.mark) {
            Ok(number) => {
                let number = number?;
                if number.significant_digits > KEPT_DIGITS {
                    let message =
                        format!("more than {KEPT_DIGITS} significant digits; read as {}", number.value);
                    problems.push(self.problem("ERR_POS_027", role, message));
                }
                Some(number)
            }
            Err(error) => {
                problems.push(self.problem(code, role, error.to_string()));
                None
            }
        }
    }

    /// The value of a number that is not about quantity or entry price.
    pub fn value(&self, role: Role, problems: &mut Vec<Problem>) -> Option<f64> {
        self.number(role, OTHER_NUMBER, problems).map(|number| number.value)
    }

    /// The date under a role, checked to lie in the past hundred years.
    pub fn past_date(&self, role: Role, problems: &mut Vec<Problem>) -> Option<NaiveDate> {
        let text = self.text(role).filter(|text| !money::is_nothing(text))?;
        let today = self.input.options.today;
        let finding = match dates::parse(text, self.input.order) {
            None => self.problem("ERR_POS_013", role, format!("\"{text}\" is not a date of this format")),
            Some(date) if date > today => {
                self.problem("ERR_POS_014", role, format!("{date} lies in the future"))
            }
            Some(date) if today.checked_sub_months(Months::new(1200)).is_some_and(|oldest| date < oldest) => {
                self.problem("ERR_POS_015", role, format!("{date} lies more than a hundred years back"))
            }
            Some(date) => return Some(date),
        };
        problems.push(finding);
        None
    }
}

/// Accounts in the order of the file.
#[derive(Default)]
pub struct Accounts {
    accounts: Vec<Account>,
    index: HashMap<(String, String), usize>,
    last: Option<(String, String, usize)>,
}

impl Accounts {
    /// The account with this name and number, new when it has not been seen.
    pub fn of(&mut self, name: &str, number: &str) -> &mut Account {
        let at = match &self.last {
            Some((last_name, last_number, at)) if last_name == name && last_number == number => *at,
            _ => self.find(name, number),
        };
        &mut self.accounts[at]
    }

    fn find(&mut self, name: &str, number: &str) -> usize {
        let key = (name.to_owned(), number.to_owned());
        let at = *self.index.entry(key).or_insert_with(|| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            self.accounts.push(Account {
                name: some(name),
                number_tail: tail_of(number),
                ..Account::default()
            });
            self.accounts.len() - 1
        });
        self.last = Some((name.to_owned(), number.to_owned(), at));
        at
    }

    /// The account of the row before, or one without a name.
    pub fn latest(&mut self) -> &mut Account {
        let (name, number, _) = self.last.clone().unwrap_or_default();
        self.of(&name, &number)
    }

    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    pub fn into_vec(self) -> Vec<Account> {
        self.accounts
    }
}

/// The last four letters and digits of an account number.
pub fn tail_of(number: &str) -> Option<String> {
    let characters: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let tail: String = characters[characters.len().saturating_sub(4)..].iter().collect();
    (!tail.is_empty()).then_some(tail)
}

/// Name and number of `Individual ...123`, `Individual Brokerage -1234`, `Joint XXXX-1234`, `Joint XXXX1234`.
pub fn name_and_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let digits_at = text.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
    let (name, number) = text.split_at(digits_at);
    if let Some(digits) = number.strip_prefix("XXX").map(|rest| rest.trim_start_matches('X'))
        && digits.len() >= 3
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return (name.trim_end(), digits);
    }
    let marked = name.ends_with(['.', '-', '\u{2026}', '*']) && number.chars().any(|c| c.is_ascii_digit());
    if marked {
        (name.trim_end_matches(['.', '-', '\u{2026}', '*', ' ']).trim_end_matches("XXXX").trim_end(), number)
    } else {
        (text, "")
    }
}
