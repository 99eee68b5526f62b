//! One row a position; text that a spreadsheet would run as a formula is guarded by the shared renderer.

use sigma_cli::render::RenderError;
use sigma_cli::{Document, Format};

use crate::report::Report;

pub(super) fn render(report: &Report) -> Result<String, RenderError> {
    sigma_cli::render(&Document::single(report.positions.clone()), Format::Csv, None)
}
