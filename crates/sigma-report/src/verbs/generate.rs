//! `sigma-report generate`: report files of portfolios.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use sigma_cli::{
    App, AsOfArgs, Destination, DryRun, ExitStatus, Key, PortfolioArgs, ToolError, fail,
    write_file_atomically,
};
use sigma_core::model::{Issue, Portfolio, Reason};

use crate::checks::{Mismatch, reconcile};
use crate::inputs::{self, Inputs};
use crate::render::{ReportFormat, render};
use crate::sections;
use crate::verbs::stored_dates;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub as_of: AsOfArgs,
    #[command(flatten)]
    pub portfolio: PortfolioArgs,
    /// Forms of the report, separated by commas [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMATS")]
    pub format: Vec<ReportFormat>,
    /// Folder of the reports [env: SIGMA_OUTPUT_DIR] [default: reports]
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// The rendered files of one portfolio, and what they lack.
struct Rendered {
    files: Vec<(PathBuf, String)>,
    issues: Vec<Issue>,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("generate");
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    let (found, without) = stored_dates::find(app, &mut store, &args.portfolio, &args.as_of).await?;
    let latest = found.iter().map(|(_, date)| *date).max();
    latest.into_iter().for_each(|date| app.set_as_of(date));
    let loaded = inputs::load(&mut store, &calendar, found).await?;
    let mut issues: Vec<Issue> = without.iter().map(|portfolio| no_snapshot(portfolio, &args)).collect();
    let (mut written, mut refused) = (Vec::new(), Vec::new());
    for inputs in &loaded {
        match rendered(inputs, &args, app)? {
            Err(error) => refused.push(error),
            Ok(rendered) => {
                issues.extend(rendered.issues);
                if !args.dry_run.dry_run {
                    write(&rendered.files)?;
                }
                written.extend(rendered.files.into_iter().map(|(path, _)| path));
            }
        }
    }
    tell(app, &args, loaded.len() - refused.len(), &written)?;
    let status = app.tell_issues(&issues);
    match refused.into_iter().reduce(|first, next| first_and_next(app, first, &next)) {
        Some(error) => Err(error.into()),
        None => Ok(status),
    }
}

/// One error ends the tool; others are told as remarks before.
fn first_and_next(app: &App, first: ToolError, next: &ToolError) -> ToolError {
    app.note(&format!("error: {}", next.message));
    first
}

/// All files of a portfolio, or why its stored numbers cannot be reported.
fn rendered(inputs: &Inputs, args: &Args, app: &App) -> anyhow::Result<Result<Rendered, ToolError>> {
    if let Some(mismatch) = reconcile(inputs).into_iter().next() {
        return Ok(Err(disagreement(inputs, &mismatch)));
    }
    let report = sections::build(inputs, &app.clock.generation_timestamp());
    let folder = folder(args, app, &inputs.book.portfolio, inputs)?;
    let formats = if args.format.is_empty() { ReportFormat::value_variants() } else { &args.format };
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for format in formats {
        let path = folder.join(format.file_name());
        if files.iter().all(|(known, _)| *known != path) {
            files.push((path, render(&report, *format)?));
        }
    }
    let missing = report.availability.iter().filter(|engine| !engine.is_complete());
    let issue = |engine: &crate::availability::Availability| {
        let detail = format!("{} in the report; run `{}`", engine.status.as_str(), engine.command);
        Issue::error(format!("{} {}", inputs.book.portfolio.slug, engine.engine), Reason::NotComputed, detail)
    };
    Ok(Ok(Rendered { files, issues: missing.map(issue).collect() }))
}

fn disagreement(inputs: &Inputs, mismatch: &Mismatch) -> ToolError {
    let (slug, as_of) = (&inputs.book.portfolio.slug, inputs.as_of);
    let message = format!("stored numbers of {slug} on {as_of} do not agree: {mismatch}");
    let after = if mismatch.tool.starts_with("sigma-report") {
        String::new()
    } else {
        format!(", then `sigma-report snapshot --as-of {as_of}`")
    };
    ToolError::new(ExitStatus::Failed, message)
        .hint(format!("run `{} --as-of {as_of}`{after}, then generate again", mismatch.tool))
}

/// `reports/{slug}_{date}`.
fn folder(args: &Args, app: &App, portfolio: &Portfolio, inputs: &Inputs) -> anyhow::Result<PathBuf> {
    let slug = &portfolio.slug;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if slug.starts_with('.') || !slug.chars().all(is_plain) {
        let message = format!("the slug {slug:?} cannot be the name of a folder");
        return Err(fail(ExitStatus::Failed, message, "rename the portfolio: letters, digits and hyphens"));
    }
    let setting = app.settings.text(Key::OutputDir).unwrap_or("reports");
    let root = args.output_dir.clone().unwrap_or_else(|| PathBuf::from(setting));
    Ok(root.join(format!("{slug}_{}", inputs.as_of)))
}

fn write(files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    for (path, text) in files {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        write_file_atomically(path, text.as_bytes())?;
    }
    Ok(())
}

fn tell(app: &App, args: &Args, portfolios: usize, written: &[PathBuf]) -> anyhow::Result<()> {
    app.record("portfolios", portfolios);
    app.record("files", if args.dry_run.dry_run { 0 } else { written.len() });
    if args.dry_run.dry_run {
        app.note("dry run: the files below would be written");
    }
    let paths: String = written.iter().map(|path| format!("{}\n", path.display())).collect();
    Destination::Stdout.write_text(&paths)
}

fn no_snapshot(portfolio: &Portfolio, args: &Args) -> Issue {
    let on = args.as_of.as_of.map(|date| format!(" --as-of {date}")).unwrap_or_default();
    let detail = format!("no snapshot, no report; run `sigma-report snapshot{on}`");
    Issue::error(&portfolio.slug, Reason::NotComputed, detail)
}
