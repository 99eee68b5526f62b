//! `env`: what a tool finds around it, one line each, with the remedy where something is wrong.

use sigma_cli::{App, Document, ExitStatus, OutputArgs};

use crate::env::{Health, Line, database, machine, providers, sentence, settings, status, table};

/// Options of `env`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask no provider
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut lines = vec![Line::new("version", Health::Ok, env!("CARGO_PKG_VERSION"))];
    lines.extend(database::lines(app).await);
    lines.extend(machine::lines(app));
    lines.extend(settings::lines(app));
    lines.extend(providers::lines(app, args.offline).await);
    let document = Document::single(table(&lines)).title("Environment").note(sentence(&lines));
    app.write(&args.output, &document)?;
    Ok(status(&lines))
}
