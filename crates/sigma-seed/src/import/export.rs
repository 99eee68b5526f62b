//! A book as a file of the template, which imports back into the same lots, tags and cash.
//!
//! The template has one row for each symbol, entry date and exit date: lots that agree in them are one row with the sum
//! of their units and their average prices, which is told.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_core::model::{Book, InstrumentKind, Lot};

use super::source::{AS_OF_REMARK, CASH_REMARK};

/// The columns of the template and the tags.
const HEADER: [&str; 13] = [
    "Symbol",
    "Quantity",
    "Entry Price Per Share",
    "Entry Date",
    "Investment Class",
    "Investment Subtype",
    "Underlying Symbol",
    "Strike Price",
    "Expiration Date",
    "Option Type",
    "Exit Date",
    "Exit Price Per Share",
    "Tags",
];

/// A written book.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    pub text: String,
    pub rows: usize,
    /// What does not come back as it was.
    pub remarks: Vec<String>,
}

/// Lots entered by `as_of` and the cash of its close.
pub fn template(book: &Book, as_of: NaiveDate, cash: f64) -> Result<Exported, csv::Error> {
    let mut groups: BTreeMap<(&str, NaiveDate, Option<NaiveDate>), Vec<&Lot>> = BTreeMap::new();
    for lot in book.lots.iter().filter(|lot| lot.position.entry_date <= as_of) {
        // What was closed later was open on the day.
        let exit = lot.position.exit_date.filter(|exit| *exit <= as_of);
        groups.entry((&lot.instrument.symbol, lot.position.entry_date, exit)).or_default().push(lot);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    let (mut rows, mut remarks) = (0, Vec::new());
    for ((symbol, entry, exit), lots) in groups {
        let quantity = sum(lots.iter().map(|lot| lot.position.quantity));
        if quantity == 0.0 {
            remarks.push(format!("lots of {symbol} entered on {entry} cancel out and are left out"));
            continue;
        }
        if lots.len() > 1 {
            remarks.push(format!("{} lots of {symbol} entered on {entry} are one row", lots.len()));
        }
        let average = |price: &dyn Fn(&Lot) -> f64| match lots.iter().all(|lot| price(lot) == price(lots[0]))
        {
            true => price(lots[0]),
            false => sum(lots.iter().map(|lot| lot.position.quantity * price(lot))) / quantity,
        };
        let exit_price =
            exit.map(|_| average(&|lot| lot.position.exit_price.unwrap_or_default()).to_string());
        let (class, subtype) = class(lots[0]);
        let mut tags: Vec<&str> = lots.iter().flat_map(|lot| lot.tags.iter().map(String::as_str)).collect();
        tags.sort_unstable();
        tags.dedup();
        writer.write_record([
            symbol,
            &quantity.to_string(),
            &average(&|lot| lot.position.entry_price).to_string(),
            &entry.to_string(),
            class,
            subtype,
            "",
            "",
            "",
            "",
            &exit.map(|exit| exit.to_string()).unwrap_or_default(),
            &exit_price.unwrap_or_default(),
            &guarded(tags.join(",")),
        ])?;
        rows += 1;
    }
    let body = writer.into_inner().map_err(|error| error.into_error())?;
    let body = String::from_utf8_lossy(&body);
    let name = book.portfolio.name.replace(char::is_control, " ");
    let text = format!("# {name}\n{AS_OF_REMARK}{as_of}\n{CASH_REMARK}{cash}\n{body}");
    Ok(Exported { text, rows, remarks })
}

/// Tags of today begin with a letter, a digit or `_`; older ones might be taken for a formula by a spreadsheet.
fn guarded(tags: String) -> String {
    if tags.starts_with(['=', '+', '-', '@']) { format!("'{tags}") } else { tags }
}

/// Sums of decimal numbers without the digits that binary adds.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let sum: f64 = values.sum();
    (sum * 1e9).round() / 1e9
}

fn class(lot: &Lot) -> (&'static str, &'static str) {
    match lot.instrument.kind {
        InstrumentKind::Stock => ("PUBLIC", "STOCK"),
        InstrumentKind::Etf => ("PUBLIC", "ETF"),
        InstrumentKind::MutualFund => ("PUBLIC", "MUTUAL_FUND"),
        InstrumentKind::Index => ("PUBLIC", ""),
        InstrumentKind::Option => ("OPTIONS", ""),
        InstrumentKind::Private => ("PRIVATE", "OTHER"),
    }
}
