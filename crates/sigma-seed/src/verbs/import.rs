//! `import`: a broker's file into a portfolio.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use sigma_brokers::{BROKERS, BrokerId, Mapping, Options};
use sigma_cli::args::{parse_date, parse_symbol};
use sigma_cli::{App, Document, DryRun, ExitStatus, LockArgs, OutputArgs, open_input, store_error};
use sigma_store::{ImportPlan, Saved, Store};

use super::import_stored::readiness;
use super::import_work::{Account, Work, prepare_accounts};
use super::{recorded, usage};
use crate::decimal::Decimal;
use crate::import::findings::{self, Finding};
use crate::import::source::{self, Source};
use crate::import::{plan, preview};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV, XLSX or Flex XML as the broker wrote it; "-" for standard input
    pub file: PathBuf,
    /// Portfolio by its slug or name; a new name makes a new portfolio
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub portfolio: String,
    /// Owner of a new portfolio
    #[arg(long, value_name = "EMAIL", default_value = "owner@localhost")]
    pub user: String,
    /// Format of the file; auto tells it by the header
    #[arg(long, value_name = "auto|FORMAT", default_value = "auto", value_parser = parse_broker)]
    pub broker: Format,
    /// Day the holdings are of [default: as the file says, else the last completed session]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub as_of: Option<NaiveDate>,
    /// Cash of the account on that day, US dollars [default: as the file says]
    #[arg(long, value_name = "AMOUNT", value_parser = Decimal::parse, allow_negative_numbers = true)]
    pub cash: Option<Decimal>,
    /// Price at which a symbol that is no longer in the file was sold; repeatable [default: the stored close of the day]
    #[arg(long = "exit", value_name = "SYMBOL=PRICE", value_parser = parse_exit)]
    pub exits: Vec<(String, f64)>,
    /// Description of the columns of a file in no known format, TOML
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Only this account of the file, by name or by the end of its number
    #[arg(long, value_name = "NAME", conflicts_with = "merge_accounts")]
    pub account: Option<String>,
    /// All accounts of the file into one portfolio [default: one portfolio each, NAME / account]
    #[arg(long)]
    pub merge_accounts: bool,
    /// Warnings are errors
    #[arg(long)]
    pub strict: bool,
    /// Import the rows without errors; what an error may be about stays, and so does what the file does not name
    #[arg(long)]
    pub partial: bool,
    /// Start the portfolio anew from the file: its lots, cash and results go
    #[arg(long, conflicts_with = "merge")]
    pub replace: bool,
    /// The file is a part of the account: what it does not name stays as it is
    #[arg(long)]
    pub merge: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// A format by name, or none for `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format(pub Option<BrokerId>);

fn parse_broker(text: &str) -> Result<Format, String> {
    if text == "auto" {
        return Ok(Format(None));
    }
    BrokerId::parse(text).map(|id| Format(Some(id))).ok_or_else(|| {
        let known: Vec<&str> = BROKERS.iter().map(|broker| broker.id.as_str()).collect();
        format!("use auto or one of: {}", known.join(", "))
    })
}

/// `ACME=12.50`; nothing is a price, as of an option that ended worthless.
fn parse_exit(text: &str) -> Result<(String, f64), String> {
    let (symbol, price) = text.rsplit_once('=').ok_or("write it like ACME=12.50")?;
    let symbol = parse_symbol(symbol)?;
    let price = Decimal::parse(price)?.value;
    if price >= 0.0 { Ok((symbol, price)) } else { Err(format!("a price of {price} is below 0")) }
}

/// Reads, compares, and writes all or nothing.
pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("import");
    let source = source(&args, app)?;
    let document = import(&args, app, source, None).await?;
    app.write(&args.output, &document.0)?;
    Ok(document.1)
}

/// The file as it was read. One that cannot be read at all is refused before anything else is done.
pub(super) fn source(args: &Args, app: &App) -> anyhow::Result<Source> {
    if let (Some(_), Some(id)) = (&args.mapping, args.broker.0) {
        let message = format!("--mapping describes the columns, and so does --broker {}", id.as_str());
        return Err(usage(message, "give one of the two"));
    }
    let source = read(args, app)?;
    match source.reading.statement {
        Some(_) => Ok(source),
        None => Err(refuse(args, app, &findings_of(args, &source))?),
    }
}

fn findings_of(args: &Args, source: &Source) -> Vec<Finding> {
    let mut found: Vec<Finding> = source.reading.problems.iter().cloned().map(Finding::from).collect();
    if args.strict {
        findings::strict(&mut found);
    }
    found
}

/// The import itself; the document is the caller's to write. `instead`: another database to compare with.
pub(super) async fn import(
    args: &Args,
    app: &App,
    source: Source,
    instead: Option<Store>,
) -> anyhow::Result<(Document, ExitStatus)> {
    let mut found = findings_of(args, &source);
    let _lock = match args.dry_run.dry_run {
        true => None,
        false => Some(app.lock(&args.lock).await?),
    };
    let mut store = match instead {
        Some(store) => store,
        None => app.open_store().await?,
    };
    let work = prepare_accounts(args, app, &mut store, &source, &mut found).await?;
    let errors = found.iter().filter(|finding| finding.is_error()).count();
    if errors > 0 && !args.partial {
        return Err(refuse(args, app, &found)?);
    }
    let mut document = document(&work, &found, app);
    if args.dry_run.dry_run {
        let stated: Vec<_> = work.accounts.iter().map(|account| (&account.book, &account.stated)).collect();
        let (positions, total) = preview::positions(&stated);
        if total > preview::CHANGES_SHOWN {
            app.note(&format!("{} of {total} positions are shown", preview::CHANGES_SHOWN));
        }
        document = document
            .section("positions", positions)
            .section("readiness", readiness(&mut store, &work).await?);
        app.note("dry run: nothing was written");
        return Ok((document, ExitStatus::partial_if(errors > 0)));
    }
    write(args, app, &mut store, &source, work, errors).await?;
    Ok((document, ExitStatus::partial_if(errors > 0)))
}

fn read(args: &Args, app: &App) -> anyhow::Result<Source> {
    let mapping = args.mapping.as_ref().map(|path| {
        let text = std::fs::read_to_string(path)
            .map_err(|error| usage(format!("cannot read {}: {error}", path.display()), "check --mapping"))?;
        let remedy = "see `docs/importing.md` for the keys of a mapping file";
        Mapping::parse(&text).map_err(|error| usage(format!("{}: {error}", path.display()), remedy))
    });
    let mapping = mapping.transpose()?;
    let today = app.clock.new_york_local().date();
    let options = Options { broker: args.broker.0, mapping: mapping.as_ref(), as_of: args.as_of, today };
    if let Some(date) = args.as_of {
        super::check_not_future(app, "--as-of", date)?;
    }
    let file = open_input(Some(&args.file))?;
    source::read(file, &args.file, &options)
        .map_err(|error| usage(format!("cannot read {}: {error}", args.file.display()), "check the file"))
}

/// Shows what was found; the error says that nothing was written.
fn refuse(args: &Args, app: &App, found: &[Finding]) -> anyhow::Result<anyhow::Error> {
    let document = Document::sections().title("Problems").section("problems", findings::table(found));
    note_hidden(app, found);
    app.write(&args.output, &document)?;
    let errors = found.iter().filter(|finding| finding.is_error()).count();
    let noun = if errors == 1 { "error" } else { "errors" };
    let message = format!("{errors} {noun} in {}; nothing was written", args.file.display());
    Ok(usage(message, "correct them, or import the rows without errors with --partial"))
}

fn note_hidden(app: &App, found: &[Finding]) {
    let warnings = found.iter().filter(|finding| !finding.is_error()).count();
    if warnings > findings::WARNINGS_SHOWN {
        app.note(&format!("{} of {warnings} warnings are shown", findings::WARNINGS_SHOWN));
    }
}

fn document(work: &Work, found: &[Finding], app: &App) -> Document {
    note_hidden(app, found);
    let rows: Vec<_> = work.accounts.iter().map(|a| (&a.book, &a.comparison, work.as_of)).collect();
    let (changes, total) = preview::changes(&rows);
    let totals: Vec<_> = work.accounts.iter().map(|account| (&account.book, &account.stated)).collect();
    if total > preview::CHANGES_SHOWN {
        app.note(&format!("{} of {total} changes are shown", preview::CHANGES_SHOWN));
    }
    Document::sections()
        .title("Import")
        .as_of(work.as_of)
        .section("summary", preview::summary(&rows))
        .section("changes", changes)
        .section("totals", preview::totals(&totals))
        .section("problems", findings::table(found))
}

async fn write(
    args: &Args,
    app: &App,
    store: &mut Store,
    source: &Source,
    work: Work,
    errors: usize,
) -> anyhow::Result<()> {
    let sum = |count: fn(&plan::Counts) -> usize| -> usize {
        work.accounts.iter().map(|account| count(&account.comparison.counts)).sum()
    };
    app.record("accounts", work.accounts.len());
    app.record("positions", sum(|counts| counts.positions));
    app.record("opened", sum(|counts| counts.opened));
    app.record("closed", sum(|counts| counts.closed));
    app.record("errors", errors);
    app.set_as_of(work.as_of);
    let parameters = json!({
        "portfolio": args.portfolio, "file": source.file_name, "sha256": source.sha256,
        "as_of": work.as_of.to_string(), "partial": args.partial, "replace": args.replace, "merge": args.merge,
    });
    let plans: Vec<ImportPlan> = work.accounts.into_iter().map(Account::into_plan).collect();
    recorded(app, store, "import", parameters, async |store| {
        let applied = store.apply_imports(plans).await.map_err(store_error)?;
        let mut saved = Saved::default();
        applied.iter().for_each(|account| saved += account.saved);
        Ok(((), saved))
    })
    .await
}
