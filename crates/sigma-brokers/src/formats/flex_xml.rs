//! Flex XML as the rows of the CSV form: the open positions, then the cash, each under a header of the attribute names.

use csv::StringRecord;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::problem::Problem;
use crate::rows::{Lines, MAX_ROWS_AND_NOTES, Row, too_many_rows};

/// Attributes of a position that are used.
const POSITION: [&str; 17] = [
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
    "cusip",
    "isin",
];

/// Attributes of the cash in one currency that are used.
const CASH: [&str; 4] = ["accountId", "acctAlias", "currency", "endingCash"];

/// Positions and cash as rows.
pub fn rows(text: &str) -> Result<Vec<Row>, Box<Problem>> {
    let header = |names: &[&str]| Row { line: 1, cells: StringRecord::from(names.to_vec()) };
    let (mut rows, mut cash, mut is_flex) = (vec![header(&POSITION)], vec![header(&CASH)], false);
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
                    "OpenPosition" if is_flex => rows.push(Row { line, cells: cells(&element, &POSITION) }),
                    "CashReportCurrency" if is_flex => cash.push(Row { line, cells: cells(&element, &CASH) }),
                    _ => {}
                }
                if rows.len() > MAX_ROWS_AND_NOTES {
                    return Err(too_many_rows().into());
                }
            }
            _ => {}
        }
    }
    if is_flex {
        rows.extend(cash);
        Ok(rows)
    } else {
        Err(Problem::of_file("ERR_CSV_002", "the file is no Flex query in XML").into())
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let found = element.try_get_attribute(name).ok().flatten();
    let raw = found.map(|attribute| attribute.value.into_owned()).unwrap_or_default();
    // Entities the file declares itself stay as they are written.
    quick_xml::escape::unescape(&raw).map(std::borrow::Cow::into_owned).unwrap_or(raw)
}

fn cells(element: &BytesStart<'_>, names: &[&str]) -> StringRecord {
    names.iter().map(|name| attribute(element, name)).collect()
}
