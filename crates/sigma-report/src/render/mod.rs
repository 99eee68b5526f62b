//! Files of a report: pure, text out, nothing written.

mod csv;
mod json;
mod markdown;

use clap::ValueEnum;
use sigma_cli::render::RenderError;

use crate::report::Report;

/// Version of the JSON form. It changes only when a key is renamed, removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Form of a report file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Md,
    Json,
    Csv,
}

impl ReportFormat {
    /// Name of the file in the folder of a report.
    pub fn file_name(self) -> &'static str {
        match self {
            ReportFormat::Md => "portfolio_report.md",
            ReportFormat::Json => "portfolio_report.json",
            ReportFormat::Csv => "portfolio_report.csv",
        }
    }
}

/// The text of a report in one form.
pub fn render(report: &Report, format: ReportFormat) -> Result<String, RenderError> {
    match format {
        ReportFormat::Md => markdown::render(report),
        ReportFormat::Json => json::render(report),
        ReportFormat::Csv => csv::render(report),
    }
}
