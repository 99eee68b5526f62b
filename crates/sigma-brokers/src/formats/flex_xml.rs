//! Flex XML as rows: one row for each `OpenPosition`, under a header of the attribute names.

use csv::StringRecord;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::input::tail_of;
use crate::money::{self, DecimalMark};
use crate::problem::Problem;
use crate::rows::{Lines, MAX_ROWS, Row, too_many_rows};
use crate::statement::{Account, CashBalance, CashBasis, Statement};

/// Attributes of a position that are used.
const ATTRIBUTES: [&str; 15] = [
    "accountId",
    "acctAlias",
    "currency",
    "assetCategory",
    "symbol",
    "description",
    "underlyingSymbol",
    "multiplier",
    "reportDate",
    "position",
    "markPrice",
    "positionValue",
    "costBasisPrice",
    "costBasisMoney",
    "levelOfDetail",
];

/// Cash of one account.
pub struct AccountCash {
    number_tail: Option<String>,
    balance: CashBalance,
}

/// Positions as rows, and the cash of every account.
pub fn rows(text: &str, problems: &mut Vec<Problem>) -> Result<(Vec<Row>, Vec<AccountCash>), Box<Problem>> {
    let header = Row { line: 1, cells: StringRecord::from(ATTRIBUTES.to_vec()) };
    let (mut rows, mut cash, mut is_flex) = (vec![header], Vec::new(), false);
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { text: text.as_bytes(), offset: 0, line: 1 };
    let mut open = 0_usize;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| Problem::of_file("ERR_CSV_006", format!("the XML cannot be read: {error}")))?;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Eof if open > 0 => {
                return Err(
                    Problem::of_file("ERR_CSV_006", "the XML ends before its elements are closed").into()
                );
            }
            Event::Eof => break,
            Event::End(_) => open = open.saturating_sub(1),
            Event::Start(element) | Event::Empty(element) => {
                open += usize::from(is_start);
                let line = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(text.len()));
                match element.name().as_ref() {
                    "FlexQueryResponse" => is_flex = true,
                    "OpenPosition" if is_flex => rows.push(Row { line, cells: cells(&element) }),
                    "CashReportCurrency" if is_flex => cash.extend(account_cash(&element, line, problems)),
                    _ => {}
                }
                if rows.len() > MAX_ROWS {
                    return Err(too_many_rows().into());
                }
            }
            _ => {}
        }
    }
    if is_flex {
        Ok((rows, cash))
    } else {
        Err(Problem::of_file("ERR_CSV_002", "the file is no Flex query in XML").into())
    }
}

/// Adds cash to the accounts of a statement.
pub fn add_cash(statement: &mut Statement, cash: Vec<AccountCash>) {
    for AccountCash { number_tail, balance } in cash {
        let known = statement.accounts.iter_mut().find(|account| account.number_tail == number_tail);
        match known {
            Some(account) => account.cash.push(balance),
            None => {
                let account = Account { number_tail, cash: vec![balance], ..Account::default() };
                statement.accounts.push(account);
            }
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let found = element.try_get_attribute(name).ok().flatten();
    let raw = found.map(|attribute| attribute.value.into_owned()).unwrap_or_default();
    // Entities the file declares itself stay as they are written.
    quick_xml::escape::unescape(&raw).map(std::borrow::Cow::into_owned).unwrap_or(raw)
}

fn cells(element: &BytesStart<'_>) -> StringRecord {
    ATTRIBUTES.iter().map(|name| attribute(element, name)).collect()
}

fn account_cash(element: &BytesStart<'_>, line: u64, problems: &mut Vec<Problem>) -> Option<AccountCash> {
    let currency = attribute(element, "currency");
    let text = attribute(element, "endingCash");
    if currency == "BASE_SUMMARY" {
        return None;
    }
    match money::parse(&text, DecimalMark::Point) {
        Ok(number) => {
            let amount = number?.value;
            let basis = CashBasis::Balance;
            let balance = CashBalance { row: Some(line), currency, amount, basis, held_in: None };
            Some(AccountCash { number_tail: tail_of(&attribute(element, "accountId")), balance })
        }
        Err(error) => {
            problems.push(Problem::of_row("ERR_POS_026", line, error.to_string()).at("endingCash", &text));
            None
        }
    }
}
