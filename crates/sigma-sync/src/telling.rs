//! Refused rows by name, and the table of a dry run.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use sigma_cli::{App, Cell, Column, Document, Table};
use sigma_core::analytics::screen::Refused;
use sigma_core::model::{Issue, Reason};
use sigma_providers::RowProblem;

use crate::decisions::Decisions;
use crate::intake::Intake;

/// Lines told of each kind; `-v` tells all.
const TOLD_LINES: usize = 10;

/// Names rows that could not be read and bars that were refused, but for those that the user has dropped.
pub fn tell_refusals(
    app: &App,
    problems: &[RowProblem],
    refused: &[(String, Refused)],
    decisions: &Decisions,
) {
    // What services leave out is told by symbol, among the issues.
    let unreadable: Vec<&RowProblem> = problems.iter().filter(|problem| problem.line.is_some()).collect();
    tell_lines(app, "rows could not be read", unreadable.iter().map(ToString::to_string));
    let bar = |(symbol, Refused { bar, reason, detail }): &(String, Refused)| {
        format!("quarantine: {symbol} {}: {}: {detail}", bar.date, reason.as_str())
    };
    let is_dropped = |(symbol, Refused { bar, reason, .. }): &&(String, Refused)| {
        decisions.is_dropped(symbol, bar, reason.as_str())
    };
    let told: Vec<&(String, Refused)> = refused.iter().filter(|refused| !is_dropped(refused)).collect();
    tell_lines(app, "bars are in quarantine", told.into_iter().map(bar));
}

/// Says what has changed among stored splits and dividends.
pub fn tell_notes(app: &App, notes: &[String]) {
    tell_lines(app, "splits and dividends are told otherwise", notes.iter().cloned());
}

fn tell_lines(app: &App, what: &str, lines: impl ExactSizeIterator<Item = String>) {
    let total = lines.len();
    let told = if app.verbosity > 0 { total } else { TOLD_LINES };
    lines.take(told).for_each(|line| app.note(&line));
    if total > told {
        app.note(&format!("... {} more; {total} {what} (-v names all)", total - told));
    }
}

/// One issue for each file or symbol with rows that could not be read, and for quotes on days without a session.
pub fn refusal_issues(problems: &[RowProblem], closed_days: &BTreeMap<String, Vec<NaiveDate>>) -> Vec<Issue> {
    let mut counts: BTreeMap<(&str, bool), (usize, &str)> = BTreeMap::new();
    // A service that is asked twice in a run says the same twice.
    let mut told = HashSet::new();
    for problem in problems.iter().filter(|p| told.insert((&p.file, p.line, &p.message))) {
        let key = (problem.file.as_str(), problem.line.is_some());
        counts.entry(key).or_insert((0, &problem.message)).0 += 1;
    }
    let unreadable = counts.into_iter().map(|((name, is_file), (count, first))| {
        let rows = if count == 1 { "row" } else { "rows" };
        match is_file {
            true => Issue::error(name, Reason::ProviderError, format!("{count} {rows} could not be read")),
            // What a service leaves out is missing only if nobody else has it, which is told apart.
            false if count == 1 => Issue::warning(name, Reason::ProviderError, first),
            false => {
                let detail = format!("{first} (and {} more of the kind)", count - 1);
                Issue::warning(name, Reason::ProviderError, detail)
            }
        }
    });
    let closed = closed_days.iter().filter_map(|(symbol, days)| {
        let detail = format!("quotes of days without a session left out, the first of {}", days.first()?);
        Some(Issue::warning(symbol, Reason::ProviderError, detail))
    });
    unreadable.chain(closed).collect()
}

/// What would be stored.
pub fn dry_run_document(intake: &Intake) -> Document {
    let mut table = Table::new(vec![
        Column::text("dataset", "Dataset"),
        Column::number("entities", "Entities"),
        Column::number("rows", "Rows"),
    ]);
    let mut push = |name: &str, entities: usize, rows: usize| {
        table.push(vec![Cell::text(name), count(entities), count(rows)]);
    };
    push("prices", intake.symbols.len(), intake.bars);
    push("quarantine", 0, intake.refused.len());
    push("splits", intake.splits.0, intake.splits.1);
    push("dividends", intake.dividends.0, intake.dividends.1);
    push("options", intake.contracts.len(), intake.quotes);
    push("rates", intake.series.len(), intake.rates);
    push("profiles", intake.profiles, intake.profiles);
    Document::single(table).title("Offered; nothing was written (dry run)")
}

/// A count; the tables of this tool are far below the limit.
pub fn count(value: usize) -> Cell {
    Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
}
