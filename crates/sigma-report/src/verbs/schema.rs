//! `sigma-report schema`: the JSON Schema of `portfolio_report.json`.

use std::path::PathBuf;

use sigma_cli::{Destination, ExitStatus};

/// Kept by hand; a test holds generated reports against it.
pub const SCHEMA: &str = include_str!("../../schema/portfolio_report.schema.json");

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write to a file, whole or not at all [default: stdout, also "-"]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

pub fn run(args: &Args) -> anyhow::Result<ExitStatus> {
    Destination::new(args.output.as_deref()).write_text(SCHEMA)?;
    Ok(ExitStatus::Done)
}
