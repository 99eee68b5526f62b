//! The assessment as sections.

use sigma_cli::{Cell, Column, Document, Table};
use sigma_core::model::Severity;

use super::recommendations::Recommendation;
use super::{Assessment, Stored};

/// Printed with the score, so that it can be checked by hand.
const FORMULA: &str = "Score = 0.3 portfolios / 3 + 0.2 positions / 63 + 0.3 engines with data / engines \
                       + 0.1 (0.5 when prices are stale) + 0.1 price coverage. READY from 0.90, MOSTLY READY from 0.70.";

pub fn document(stored: &Stored, assessment: &Assessment, recommendations: &[Recommendation]) -> Document {
    Document::sections()
        .title("Books")
        .as_of(stored.as_of)
        .section("readiness", readiness(assessment))
        .section("portfolios", portfolios(assessment))
        .section("engines", engines(assessment))
        .section("findings", findings(assessment))
        .section("recommendations", commands(recommendations))
        .note(FORMULA)
}

fn readiness(assessment: &Assessment) -> Table {
    let mut table = Table::new(vec![
        Column::number("score", "Score"),
        Column::text("verdict", "Verdict"),
        Column::number("portfolios", "Portfolios"),
        Column::number("positions", "Positions"),
        Column::number("engines_with_data", "Engines with data"),
        Column::number("engines", "Engines"),
        Column::text("prices_fresh", "Prices fresh"),
        Column::number("price_coverage_fraction", "Price coverage"),
    ]);
    let inputs = &assessment.inputs;
    let total = |pick: fn(&super::PortfolioRow) -> usize| {
        Cell::Int(assessment.portfolios.iter().map(pick).sum::<usize>() as i64)
    };
    table.push(vec![
        Cell::number(assessment.score, 2),
        Cell::text(assessment.verdict.as_str()),
        total(|_| 1),
        total(|row| row.positions),
        Cell::Int(inputs.engines_with_data as i64),
        Cell::Int(inputs.engines as i64),
        Cell::Bool(inputs.prices_fresh),
        Cell::Percent(inputs.price_coverage_fraction),
    ]);
    table
}

fn portfolios(assessment: &Assessment) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("name", "Name"),
        Column::text("is_demo", "Demo"),
        Column::number("positions", "Positions"),
        Column::number("expected_positions", "Expected"),
        Column::number("priced", "Priced"),
        Column::number("stale", "Stale"),
        Column::number("oldest_price_sessions", "Oldest price").unit("sessions"),
    ]);
    for row in &assessment.portfolios {
        table.push(vec![
            Cell::text(&row.slug),
            Cell::text(&row.name),
            Cell::Bool(row.is_demo),
            Cell::Int(row.positions as i64),
            Cell::or_blank(row.expected, |n| Cell::Int(n as i64)),
            Cell::Int(row.priced as i64),
            Cell::Int(row.stale as i64),
            Cell::or_blank(row.oldest_sessions, |n| Cell::Int(n as i64)),
        ]);
    }
    table
}

fn engines(assessment: &Assessment) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("engine", "Engine"),
        Column::text("status", "Status"),
        Column::number("rows", "Rows"),
        Column::number("expected_rows", "At least"),
    ]);
    for row in &assessment.engines {
        table.push(vec![
            Cell::text(&row.portfolio),
            Cell::text(row.engine.as_str()),
            Cell::text(row.status.as_str()),
            Cell::Int(row.rows as i64),
            Cell::Int(row.expected as i64),
        ]);
    }
    table
}

fn findings(assessment: &Assessment) -> Table {
    let mut table = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("subject", "Subject"),
        Column::text("finding", "Finding"),
        Column::text("severity", "Severity"),
        Column::text("detail", "Detail"),
    ]);
    for finding in &assessment.findings {
        let severity = match finding.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        table.push(vec![
            Cell::text(&finding.portfolio),
            Cell::text(&finding.subject),
            Cell::text(finding.code),
            Cell::text(severity),
            Cell::text(&finding.detail),
        ]);
    }
    table
}

fn commands(recommendations: &[Recommendation]) -> Table {
    let mut table = Table::new(vec![Column::text("command", "Command"), Column::text("why", "Why")]);
    for recommendation in recommendations {
        table.push(vec![Cell::text(&recommendation.command), Cell::text(&recommendation.why)]);
    }
    table
}
