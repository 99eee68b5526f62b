//! `price`: options of a CSV table, priced row by row without a database.
//!
//! Rows are read, priced and written in pieces, so that a table of any length runs in little memory. Numbers are
//! written with the fewest digits that read back as the same double.

use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args as ClapArgs;
use csv::ByteRecord;
use rayon::prelude::*;
use sigma_cli::render::{guarded_field, number_text};
use sigma_cli::{App, Destination, ExitStatus, ToolError, open_input};
use sigma_core::analytics::option_filter::{FilterResult, FilterRow, FilterStatus, evaluate};
use sigma_core::model::{ExerciseStyle, OptionKind};

/// Rows read before they are priced together.
const PIECE: usize = 8192;

/// Columns of the answer after those of the input.
const ANSWER: [&str; 8] = [
    "model_price",
    "delta",
    "gamma",
    "theta_per_day",
    "vega_per_point",
    "rho_per_point",
    "implied_volatility",
    "status",
];

#[derive(Debug, ClapArgs)]
pub struct Args {
    /// CSV with spot,strike,years,rate,dividend_yield,volatility,price,type,style in any order [default: stdin, also "-"]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write to a file, whole or not at all [default: stdout, also "-"]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut input = csv::ReaderBuilder::new().flexible(true).from_reader(open_input(args.file.as_deref())?);
    let columns = Columns::find(&input.byte_headers().context("cannot read the header")?.clone())?;
    let destination = Destination::new(args.output.as_deref());
    let mut american = 0;
    destination.write_with(|out| {
        american = price_all(&mut input, &columns, out)?;
        Ok(())
    })?;
    if american > 0 {
        app.note(&format!("{american} American options are priced as European, without early exercise"));
    }
    Ok(ExitStatus::Done)
}

/// Prices every row, in order; returns the number of American ones.
fn price_all(
    input: &mut csv::Reader<Box<dyn Read>>,
    columns: &Columns,
    out: &mut dyn Write,
) -> anyhow::Result<usize> {
    let mut out = csv::Writer::from_writer(out);
    out.write_byte_record(&columns.header).context("cannot write")?;
    let mut american = 0;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        let mut record = ByteRecord::new();
        while piece.len() < PIECE && input.read_byte_record(&mut record).context("cannot read the table")? {
            piece.push(std::mem::take(&mut record));
        }
        if piece.is_empty() {
            break;
        }
        let priced: Vec<(ByteRecord, bool)> = piece.par_iter().map(|record| columns.answer(record)).collect();
        for (record, is_american) in &priced {
            out.write_byte_record(record).context("cannot write")?;
            american += usize::from(*is_american);
        }
    }
    out.flush().context("cannot write")?;
    Ok(american)
}

/// Where the columns of the input are.
struct Columns {
    spot: usize,
    strike: usize,
    years: usize,
    rate: usize,
    dividend_yield: usize,
    volatility: Option<usize>,
    price: Option<usize>,
    kind: usize,
    style: Option<usize>,
    /// Columns of the input that are repeated in the answer; those that the answer renews are not.
    repeated: Vec<usize>,
    width: usize,
    header: ByteRecord,
}

impl Columns {
    fn find(header: &ByteRecord) -> anyhow::Result<Columns> {
        let names: Vec<String> = header
            .iter()
            .map(|name| {
                String::from_utf8_lossy(name).trim().trim_start_matches('\u{feff}').to_ascii_lowercase()
            })
            .collect();
        let optional = |wanted: &str| -> anyhow::Result<Option<usize>> {
            let mut found = names.iter().enumerate().filter(|(_, name)| *name == wanted).map(|(i, _)| i);
            match (found.next(), found.next()) {
                (_, Some(_)) => Err(usage(format!("the column {wanted} is there twice"))),
                (first, None) => Ok(first),
            }
        };
        let needed = |wanted: &str| -> anyhow::Result<usize> {
            optional(wanted)?.ok_or_else(|| usage(format!("the column {wanted} is missing")))
        };
        let (volatility, price) = (optional("volatility")?, optional("price")?);
        if volatility.is_none() && price.is_none() {
            return Err(usage(
                "the column volatility is missing, and so is price: one of them is needed".into(),
            ));
        }
        let repeated: Vec<usize> =
            (0..names.len()).filter(|i| !ANSWER.contains(&names[*i].as_str())).collect();
        let mut answer: ByteRecord = repeated.iter().map(|i| guarded_field(names[*i].as_bytes())).collect();
        answer.extend(ANSWER.iter().map(|name| name.as_bytes()));
        Ok(Columns {
            spot: needed("spot")?,
            strike: needed("strike")?,
            years: needed("years")?,
            rate: needed("rate")?,
            dividend_yield: needed("dividend_yield")?,
            volatility,
            price,
            kind: needed("type")?,
            style: optional("style")?,
            repeated,
            width: names.len(),
            header: answer,
        })
    }

    /// The input columns with the answer behind them, and whether the option is American.
    fn answer(&self, record: &ByteRecord) -> (ByteRecord, bool) {
        let row = if record.len() == self.width { self.row(record) } else { None };
        let invalid = || evaluate(&FilterRow { spot: f64::NAN, ..BLANK });
        let result = row.as_ref().map_or_else(invalid, evaluate);
        let field = |i: &usize| guarded_field(record.get(*i).unwrap_or_default());
        let mut out: ByteRecord = self.repeated.iter().map(field).collect();
        for value in numbers(&result) {
            out.push_field(value.map(number_text).unwrap_or_default().as_bytes());
        }
        out.push_field(result.status.as_str().as_bytes());
        let is_american = row.is_some_and(|row| row.style == ExerciseStyle::American);
        (out, is_american && result.status != FilterStatus::InvalidInput)
    }

    /// The row, unless its type or style says nothing known.
    fn row(&self, record: &ByteRecord) -> Option<FilterRow> {
        let text = |i: usize| std::str::from_utf8(&record[i]).ok().map(str::trim);
        let number = |i: usize| text(i).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
        // A blank cell is no number given; any other text is a number or a mistake.
        let given = |i: Option<usize>| i.filter(|i| text(*i) != Some("")).map(number);
        Some(FilterRow {
            spot: number(self.spot),
            strike: number(self.strike),
            years: number(self.years),
            rate: number(self.rate),
            dividend_yield: number(self.dividend_yield),
            volatility: given(self.volatility),
            price: given(self.price),
            kind: match text(self.kind)?.to_ascii_lowercase().as_str() {
                "call" | "c" => OptionKind::Call,
                "put" | "p" => OptionKind::Put,
                _ => return None,
            },
            style: match self.style.map_or(Some(""), text)?.to_ascii_lowercase().as_str() {
                "" | "european" => ExerciseStyle::European,
                "american" => ExerciseStyle::American,
                _ => return None,
            },
        })
    }
}

/// A row without content, for input that cannot be read as one.
const BLANK: FilterRow = FilterRow {
    spot: 0.0,
    strike: 0.0,
    years: 0.0,
    rate: 0.0,
    dividend_yield: 0.0,
    volatility: None,
    price: None,
    kind: OptionKind::Call,
    style: ExerciseStyle::European,
};

fn numbers(result: &FilterResult) -> [Option<f64>; 7] {
    [
        result.model_price,
        result.delta,
        result.gamma,
        result.theta_per_day,
        result.vega_per_point,
        result.rho_per_point,
        result.implied_volatility,
    ]
}

fn usage(message: String) -> anyhow::Error {
    let hint = "columns: spot,strike,years,rate,dividend_yield,volatility,price,type,style (either volatility or price)";
    ToolError::usage(message).hint(hint).into()
}
