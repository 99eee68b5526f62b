//! Refused rows by name, and the table of a dry run.

use std::collections::BTreeMap;

use sigma_cli::{App, Cell, Column, Document, Table};
use sigma_core::analytics::screen::Refused;
use sigma_core::model::{Issue, Reason};
use sigma_providers::RowProblem;

use crate::offer::Offered;
use crate::screening::Judged;

/// Lines told of each kind; `-v` tells all.
const TOLD_LINES: usize = 10;

/// Names rows that could not be read and bars that were refused.
pub fn tell_refusals(app: &App, problems: &[RowProblem], refused: &[(String, Refused)]) {
    tell_lines(app, "rows could not be read", problems.iter().map(ToString::to_string));
    let bar = |(symbol, Refused { bar, reason, detail }): &(String, Refused)| {
        format!("quarantine: {symbol} {}: {}: {detail}", bar.date, reason.as_str())
    };
    tell_lines(app, "bars are in quarantine", refused.iter().map(bar));
}

fn tell_lines(app: &App, what: &str, lines: impl ExactSizeIterator<Item = String>) {
    let total = lines.len();
    let told = if app.verbosity > 0 { total } else { TOLD_LINES };
    lines.take(told).for_each(|line| app.note(&line));
    if total > told {
        app.note(&format!("... {} more; {total} {what} (-v names all)", total - told));
    }
}

/// One issue for each file with rows that could not be read, and for quotes on days without a session.
pub fn refusal_issues(problems: &[RowProblem], judged: &Judged) -> Vec<Issue> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for problem in problems {
        *counts.entry(&problem.file).or_default() += 1;
    }
    let unreadable = counts.into_iter().map(|(file, count)| {
        let rows = if count == 1 { "row" } else { "rows" };
        Issue::error(file, Reason::ProviderError, format!("{count} {rows} could not be read"))
    });
    let closed = judged.closed_days.iter().filter_map(|(symbol, days)| {
        let detail = format!("quotes of days without a session left out, the first of {}", days.first()?);
        Some(Issue::warning(symbol, Reason::ProviderError, detail))
    });
    unreadable.chain(closed).collect()
}

/// What would be stored.
pub fn dry_run_document(offered: &Offered, judged: &Judged) -> Document {
    let mut table = Table::new(vec![
        Column::text("dataset", "Dataset"),
        Column::number("entities", "Entities"),
        Column::number("rows", "Rows"),
    ]);
    let mut push = |name: &str, entities: usize, rows: usize| {
        table.push(vec![Cell::text(name), count(entities), count(rows)]);
    };
    fn total<T>(rows: &BTreeMap<String, Vec<T>>) -> usize {
        rows.values().map(Vec::len).sum()
    }
    push("prices", judged.bars.len(), total(&judged.bars));
    push("quarantine", 0, judged.refused.len());
    push("splits", offered.splits.len(), total(&offered.splits));
    push("dividends", offered.dividends.len(), total(&offered.dividends));
    push("options", judged.quotes.len(), total(&judged.quotes));
    push("rates", offered.rates.len(), total(&offered.rates));
    push("profiles", offered.securities.len(), offered.securities.len());
    Document::single(table).title("Offered; nothing was written (dry run)")
}

/// A count; the tables of this tool are far below the limit.
pub fn count(value: usize) -> Cell {
    Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
}
