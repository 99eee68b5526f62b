//! A book as a file of the template, which imports back into the same lots, tags and cash.
//!
//! Five columns are added to the template's and its tags: the number of the lot, since two lots may agree in symbol and
//! dates, the multiplier of options, which adjusted contracts have of their own, the day through which the units of a lot
//! count splits, where that is after its entry, the value of private assets, which no provider knows, and the name.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use sigma_core::model::{Book, InstrumentKind, Lot, Market};

use super::source::{AS_OF_REMARK, CASH_REMARK};

/// The columns of the template, the tags, and what makes a lot exact.
const HEADER: [&str; 18] = [
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
    "Lot",
    "Multiplier",
    "Adjusted Through",
    "Stated Value Per Share",
    "Name",
];

/// A written book.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    pub text: String,
    pub rows: usize,
    /// What does not come back as it was.
    pub remarks: Vec<String>,
    /// Whether every contract that has expired has settled.
    pub is_complete: bool,
}

/// Lots entered by `as_of` and the cash of its close, which holds what the lots at the indices `settled` brought.
pub fn template(
    book: &Book,
    market: &Market,
    as_of: NaiveDate,
    cash: f64,
    settled: &BTreeSet<usize>,
) -> Result<Exported, csv::Error> {
    let entered = book.lots.iter().enumerate().filter(|(_, lot)| lot.position.entry_date <= as_of);
    let mut lots: Vec<(bool, &Lot)> = entered.map(|(at, lot)| (settled.contains(&at), lot)).collect();
    lots.sort_by(|a, b| order(a.1, b.1));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    let (mut rows, mut remarks, mut is_complete) = (0, Vec::new(), true);
    for (is_settled, lot) in lots {
        // What was closed later was open on the day.
        let exit = lot.position.exit_date.filter(|exit| *exit <= as_of);
        let symbol = &lot.instrument.symbol;
        let terms = lot.instrument.option.as_ref().filter(|_| exit.is_none());
        match terms.map(|terms| terms.expiry) {
            Some(expiry) if is_settled => {
                remarks.push(format!(
                    "{symbol} expired on {expiry} and is left out; its settlement is in the cash"
                ));
                continue;
            }
            Some(expiry) if expiry < as_of => {
                is_complete = false;
                remarks
                    .push(format!("{symbol} expired on {expiry}, and no close of its underlying settles it"));
            }
            _ => {}
        }
        rows += 1;
        writer.write_record(record(lot, exit, rows, stated_value(lot, market, as_of)))?;
    }
    let body = writer.into_inner().map_err(|error| error.into_error())?;
    let body = String::from_utf8_lossy(&body);
    let name = book.portfolio.name.replace(char::is_control, " ");
    let text = format!("# {name}\n{AS_OF_REMARK}{as_of}\n{CASH_REMARK}{cash}\n{body}");
    Ok(Exported { text, rows, remarks, is_complete })
}

/// By what the file shows, so that the same lots make the same file whatever their ids.
fn order(a: &Lot, b: &Lot) -> Ordering {
    let dates = |lot: &Lot| (lot.position.entry_date, lot.position.exit_date.unwrap_or(NaiveDate::MAX));
    let numbers = |lot: &Lot| [lot.position.entry_price, lot.position.quantity];
    let by_number =
        || numbers(a).iter().zip(&numbers(b)).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
    (&a.instrument.symbol, dates(a))
        .cmp(&(&b.instrument.symbol, dates(b)))
        .then_with(|| by_number().unwrap_or(Ordering::Equal))
        .then_with(|| a.tags.cmp(&b.tags))
}

/// The last value of one unit of a private asset.
fn stated_value(lot: &Lot, market: &Market, as_of: NaiveDate) -> Option<f64> {
    let is_private = lot.instrument.kind == InstrumentKind::Private;
    let history = market.histories.get(&lot.instrument.id).filter(|_| is_private)?;
    history.at_or_before(as_of).map(|bar| bar.close)
}

fn record(lot: &Lot, exit: Option<NaiveDate>, number: usize, value: Option<f64>) -> [String; 18] {
    let Lot { position, instrument, tags } = lot;
    let (class, subtype) = class(lot);
    let mut tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    let blank = String::new;
    [
        guarded(instrument.symbol.clone()),
        position.quantity.to_string(),
        position.entry_price.to_string(),
        position.entry_date.to_string(),
        class.to_owned(),
        subtype.to_owned(),
        blank(),
        blank(),
        blank(),
        blank(),
        exit.map(|exit| exit.to_string()).unwrap_or_default(),
        exit.and(position.exit_price).map(|price| price.to_string()).unwrap_or_default(),
        guarded(tags.join(",")),
        number.to_string(),
        if instrument.is_option() { instrument.multiplier.to_string() } else { blank() },
        position.adjusted_through.map(|day| day.to_string()).unwrap_or_default(),
        value.filter(|_| exit.is_none()).map(|value| value.to_string()).unwrap_or_default(),
        guarded(instrument.name.clone().unwrap_or_default()),
    ]
}

/// What begins like a formula must not run in a spreadsheet.
fn guarded(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
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
