//! Any other file, with the columns that a mapping file names.

use std::collections::HashMap;

use super::lot::{Rules, Seen, lot};
use crate::broker::Parsed;
use crate::columns::{Columns, Role};
use crate::detect::HEADER_WITHIN;
use crate::holding::{currency, holding, named, untickered};
use crate::input::{Accounts, Input, Line};
use crate::mapping::Mapping;
use crate::money;
use crate::problem::Problem;
use crate::rows::Row;
use crate::statement::ImportedPosition;

/// The columns of a header row, or the headers it lacks.
fn columns(row: &Row, mapping: &Mapping) -> Result<Columns, Vec<String>> {
    Columns::named(row, mapping.columns.iter().map(|(role, name)| (*role, name.as_str())))
}

/// The header row, below the lines to skip.
pub fn header(rows: &[Row], mapping: &Mapping) -> Result<(usize, Columns), Vec<Problem>> {
    let skipped = rows.partition_point(|row| row.line <= mapping.skip_rows as u64);
    let heads = rows[skipped..].iter().take(HEADER_WITHIN).enumerate();
    let mut fewest: Option<Vec<String>> = None;
    for (at, row) in heads {
        match columns(row, mapping) {
            Ok(columns) => return Ok((skipped + at, columns)),
            Err(missing) if fewest.as_ref().is_none_or(|known| missing.len() < known.len()) => {
                fewest = Some(missing);
            }
            Err(_) => {}
        }
    }
    let finding = |name: String| {
        let message = format!("no header with the column \"{name}\" of the mapping file");
        Problem { column: Some(name), ..Problem::of_file("ERR_CSV_004", message) }
    };
    let missing = fewest.unwrap_or_else(|| mapping.columns.values().cloned().collect());
    Err(missing.into_iter().map(finding).collect())
}

/// Lots when the file has entry dates or exits, else holdings as brokers state them.
pub fn parse(input: &Input<'_>, mapping: &Mapping, problems: &mut Vec<Problem>) -> Parsed {
    let mut accounts = Accounts::default();
    let mut seen: HashMap<(&str, &str), Seen> = HashMap::new();
    let mut as_of = None;
    let lot_roles = [Role::EntryDate, Role::ExitDate, Role::Class, Role::Strike];
    let as_lots = lot_roles.iter().any(|role| input.columns.index(*role).is_some());
    for row in input.body().iter().filter(|row| !row.is_blank()) {
        let line = input.line(row);
        as_of = as_of.max(line.past_date(Role::AsOf, problems));
        if is_total(&line) {
            problems.push(line.problem("ERR_CSV_012", Role::Symbol, "a row of totals was passed over"));
            continue;
        }
        let account = [Role::AccountName, Role::Account].map(|role| line.text(role).unwrap_or_default());
        let position = match as_lots {
            true => {
                let seen = seen.entry((account[0], account[1])).or_default();
                lot(&line, Rules { entry_required: false }, seen, problems)
            }
            false => plain(&line, problems),
        };
        if let Some(mut position) = position {
            if let (None, Some(currency)) = (line.text(Role::Currency), &mapping.currency) {
                position.currency = currency.to_ascii_uppercase();
            }
            accounts.of(account[0], account[1]).positions.push(position);
        }
    }
    Parsed { as_of, accounts: accounts.into_vec() }
}

/// A row of sums, as spreadsheets have one at the end: called so, and without a price of one unit.
fn is_total(line: &Line<'_>) -> bool {
    let name = line.text(Role::Symbol).or(line.text(Role::Description)).unwrap_or_default();
    let name = name.trim_end_matches([':', ' ']);
    let prices = [Role::Price, Role::EntryPrice, Role::AverageCost];
    ["total", "totals", "sum", "summe", "gesamt"].iter().any(|total| name.eq_ignore_ascii_case(total))
        && prices.iter().all(|role| line.text(*role).is_none_or(money::is_nothing))
}

fn plain(line: &Line<'_>, problems: &mut Vec<Problem>) -> Option<ImportedPosition> {
    let Some(symbol) = line.text(Role::Symbol) else { return untickered(line, problems) };
    let named = named(symbol, line.row.line, line.columns.name(Role::Symbol), problems)?;
    let mut position = holding(line, named, problems)?;
    position.currency = currency(line);
    Some(position)
}
