//! `template`: the file to fill in.

use std::path::PathBuf;

use sigma_cli::{App, Destination, ExitStatus};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write to a file, whole or not at all [default: stdout, also "-"]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

const TEMPLATE: &str = include_str!("../import/template.csv");

/// Prints the template.
pub fn run(args: &Args, _app: &App) -> anyhow::Result<ExitStatus> {
    Destination::new(args.output.as_deref()).write_text(TEMPLATE)?;
    Ok(ExitStatus::Done)
}
