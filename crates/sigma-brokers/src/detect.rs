//! Which format a file is, by the exact cells of its header.

use crate::broker::{BROKERS, Broker, BrokerId};
use crate::columns::{Columns, Header};
use crate::problem::Problem;
use crate::rows::Row;

/// Rows in which the header must come.
pub const HEADER_WITHIN: usize = 40;

/// A format, and where its header is.
pub struct Found {
    pub broker: &'static Broker,
    pub header: usize,
    pub columns: Columns,
}

/// The first header of each format among the first rows.
pub fn candidates(rows: &[Row], wanted: Option<BrokerId>) -> Vec<Found> {
    let brokers = BROKERS.iter().filter(|broker| wanted.is_none_or(|id| id == broker.id));
    brokers.filter_map(|broker| header_of(rows, broker)).collect()
}

fn header_of(rows: &[Row], broker: &'static Broker) -> Option<Found> {
    rows.iter().take(HEADER_WITHIN).enumerate().find_map(|(header, row)| {
        let columns = broker.layouts.iter().find_map(|layout| Columns::of(row, layout))?;
        Some(Found { broker, header, columns })
    })
}

/// The finding of a header that fits several formats.
pub fn ambiguous(found: &[Found]) -> Problem {
    let ids: Vec<&str> = found.iter().map(|found| found.broker.id.as_str()).collect();
    Problem::of_file("ERR_CSV_007", format!("the header fits {}", ids.join(" and ")))
}

/// The findings of a file without a known header: the columns that are missing when a row is one column short of a
/// format, or any number short of the format that was asked for; else the list of formats.
pub fn unknown(rows: &[Row], wanted: Option<BrokerId>) -> Vec<Problem> {
    let near = nearest(rows, wanted);
    if let Some((broker, row, missing)) = near {
        let finding = |name: &&str| {
            let message = format!("the header has no column \"{name}\" of the format {}", broker.id.as_str());
            Problem { column: Some((*name).to_owned()), ..Problem::of_row("ERR_CSV_004", row, message) }
        };
        return missing.iter().map(finding).collect();
    }
    let other = wanted.and_then(|_| candidates(rows, None).into_iter().next());
    let message = match (wanted, other) {
        (Some(wanted), Some(other)) => {
            format!("no header of {}; the file looks like {}", wanted.as_str(), other.broker.id.as_str())
        }
        (Some(wanted), None) => format!("no header of {} in the first {HEADER_WITHIN} rows", wanted.as_str()),
        (None, _) => {
            let known: Vec<&str> = BROKERS.iter().map(|broker| broker.id.as_str()).collect();
            format!("no known header in the first {HEADER_WITHIN} rows; known are {}", known.join(", "))
        }
    };
    vec![Problem::of_file("ERR_CSV_005", message)]
}

type Near = (&'static Broker, u64, Vec<&'static str>);

fn nearest(rows: &[Row], wanted: Option<BrokerId>) -> Option<Near> {
    let mut best: Option<Near> = None;
    for row in rows.iter().take(HEADER_WITHIN) {
        let header = Header::of(row);
        for broker in BROKERS.iter().filter(|broker| wanted.is_none_or(|id| id == broker.id)) {
            for layout in broker.layouts {
                let required = layout.iter().filter(|column| column.required).count();
                let missing = header.missing(layout);
                let most = if wanted.is_some() { required / 2 } else { 1 };
                let near = required >= 3 && (1..=most).contains(&missing.len());
                if near && best.as_ref().is_none_or(|(.., fewest)| missing.len() < fewest.len()) {
                    best = Some((broker, row.line, missing));
                }
            }
        }
    }
    best
}
