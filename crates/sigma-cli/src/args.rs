//! Options that all tools share, as structs to `#[command(flatten)]`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use sigma_core::notation;

use crate::exit::ToolError;
use crate::table::Table;

/// Options before or after any verb.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Database [env: DATABASE_URL] [default: sqlite:sigma.db]; postgres://user@host/db works as well
    #[arg(long, value_name = "URL", global = true)]
    pub database_url: Option<String>,
    /// Only errors and the closing line on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// More detail on stderr; twice for all of it
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Colour of messages [env: SIGMA_COLOR; NO_COLOR is honoured] [default: auto]
    #[arg(long, value_enum, value_name = "WHEN", global = true)]
    pub color: Option<ColorChoice>,
    /// No progress bars [env: SIGMA_PROGRESS=false]
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// When messages are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// One date.
#[derive(Debug, Clone, Default, Args)]
pub struct AsOfArgs {
    /// Date of the numbers [default: the last completed session for runs, the latest stored date for lists]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub as_of: Option<NaiveDate>,
}

/// One date or a range of them.
#[derive(Debug, Clone, Default, Args)]
pub struct RangeArgs {
    /// Date to run for [default: the last completed session]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date, conflicts_with_all = ["from", "to"])]
    pub as_of: Option<NaiveDate>,
    /// First date of a range
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub from: Option<NaiveDate>,
    /// Last date of the range [default: the last completed session]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date, requires = "from")]
    pub to: Option<NaiveDate>,
}

/// First and last calendar date, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl RangeArgs {
    /// The dates asked for; `last_completed` stands in for a date that is not given.
    pub fn resolve(&self, last_completed: NaiveDate) -> Result<DateRange, ToolError> {
        let to = self.as_of.or(self.to).unwrap_or(last_completed);
        let from = self.from.unwrap_or(to);
        if from > to {
            return Err(ToolError::usage(format!("--from {from} is after --to {to}"))
                .hint("swap the two dates, or give --to as well"));
        }
        Ok(DateRange { from, to })
    }
}

/// Which portfolios.
#[derive(Debug, Clone, Default, Args)]
pub struct PortfolioArgs {
    /// Portfolio by its slug; repeatable [default: all]
    #[arg(long = "portfolio", value_name = "SLUG", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub portfolios: Vec<String>,
}

impl PortfolioArgs {
    /// Whether a portfolio is asked for.
    pub fn includes(&self, slug: &str) -> bool {
        self.portfolios.is_empty() || self.portfolios.iter().any(|wanted| wanted == slug)
    }
}

/// Form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Csv,
    Md,
}

/// Form and place of the answer.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputArgs {
    /// Form of the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Write to a file, whole or not at all [default: stdout, also "-"]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Order and window of a list.
#[derive(Debug, Clone, Default, Args)]
pub struct ListArgs {
    /// Sort by a column; with "-" in front from high to low
    #[arg(long, value_name = "[-]COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// At most that many rows
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
    /// Skip that many rows first
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    pub offset: usize,
}

impl ListArgs {
    /// Sorts the rows, then cuts the window out of them. Returns the number of rows before the cut.
    pub fn apply(&self, table: &mut Table) -> Result<usize, ToolError> {
        if let Some(column) = &self.sort {
            table.sort_by(column)?;
        }
        let total = table.rows.len();
        table.window(self.offset, self.limit);
        Ok(total)
    }
}

/// For everything that writes to the database.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DryRun {
    /// Say what would be written and write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// For runs that hold the lock.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct LockArgs {
    /// Wait that long for another run to end [env: SIGMA_WAIT_LOCK_SECONDS] [default: 0]
    #[arg(long, value_name = "SECS")]
    pub wait_lock: Option<u64>,
}

/// Parses `YYYY-MM-DD`, and nothing looser.
pub fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.filter(|date| date.to_string() == text)
        .ok_or_else(|| "expected a calendar date as YYYY-MM-DD, such as 2025-06-30".to_string())
}

/// The canonical symbol of an instrument to be traded or added, in any notation.
pub fn parse_symbol(text: &str) -> Result<String, String> {
    notation::symbol(text).map_err(|error| format!("{error}; {}", error.remedy()))
}

/// The same for what is looked up among what is stored: private assets may have symbols of their own making, and what
/// nothing has is told by the lookup.
pub fn parse_stored_symbol(text: &str) -> Result<String, String> {
    Ok(notation::symbol(text).unwrap_or_else(|_| text.trim().to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::exit::ExitStatus;

    #[derive(Debug, Parser)]
    #[command(name = "sigma-test")]
    struct Cli {
        #[command(flatten)]
        global: GlobalArgs,
        #[command(subcommand)]
        verb: Verb,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Verb {
        Run {
            #[command(flatten)]
            range: RangeArgs,
            #[command(flatten)]
            portfolio: PortfolioArgs,
            #[command(flatten)]
            dry_run: DryRun,
            #[command(flatten)]
            lock: LockArgs,
        },
        Show {
            #[command(flatten)]
            as_of: AsOfArgs,
            #[command(flatten)]
            output: OutputArgs,
            #[command(flatten)]
            list: ListArgs,
        },
    }

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("sigma-test").chain(line.split_whitespace()))
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_command_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_and_after_the_verb() {
        for line in [
            "--database-url sqlite:a.db -vv --no-progress run",
            "run -vv --no-progress --database-url sqlite:a.db",
        ] {
            let cli = parse(line).unwrap();
            assert_eq!(cli.global.database_url.as_deref(), Some("sqlite:a.db"));
            assert_eq!((cli.global.verbose, cli.global.no_progress, cli.global.quiet), (2, true, false));
        }
        assert_eq!(parse("run -q -v").unwrap_err().exit_code(), 2);
        assert_eq!(parse("run --color never").unwrap().global.color, Some(ColorChoice::Never));
    }

    #[test]
    fn a_wrong_date_is_a_usage_error_that_says_the_form() {
        for text in
            ["2025-13-01", "2025-6-3", "30.06.2025", "2025-02-29", "today", "+2025-06-30", "2025-06-30 "]
        {
            assert!(parse_date(text).is_err(), "{text}");
        }
        let err = parse("show --as-of 2025-6-3").unwrap_err();
        assert_eq!(err.exit_code(), 2);
        let first = err.to_string().lines().next().unwrap_or_default().to_string();
        assert_eq!(
            first,
            "error: invalid value '2025-6-3' for '--as-of <YYYY-MM-DD>': \
             expected a calendar date as YYYY-MM-DD, such as 2025-06-30"
        );
        assert_eq!(parse_date("2024-02-29").unwrap(), date("2024-02-29"));
    }

    #[test]
    fn ranges_resolve() {
        let resolve = |line: &str| match parse(line).unwrap().verb {
            Verb::Run { range, .. } => range.resolve(date("2025-06-30")),
            Verb::Show { .. } => panic!("not a run"),
        };
        let range = |from, to| DateRange { from: date(from), to: date(to) };
        assert_eq!(resolve("run").unwrap(), range("2025-06-30", "2025-06-30"));
        assert_eq!(resolve("run --as-of 2025-06-27").unwrap(), range("2025-06-27", "2025-06-27"));
        assert_eq!(resolve("run --from 2025-06-02").unwrap(), range("2025-06-02", "2025-06-30"));
        let both = resolve("run --from 2025-06-02 --to 2025-06-06").unwrap();
        assert_eq!(both, range("2025-06-02", "2025-06-06"));
        let err = resolve("run --from 2025-06-06 --to 2025-06-02").unwrap_err();
        assert_eq!(err.status, ExitStatus::Usage);
        assert!(parse("run --to 2025-06-02").is_err());
        assert!(parse("run --as-of 2025-06-02 --from 2025-06-01").is_err());
    }

    #[test]
    fn lists_and_writes_parse() {
        let Verb::Show { output, list, .. } =
            parse("show --format md -o out.md --sort -value --limit 5 --offset 2").unwrap().verb
        else {
            panic!("not show");
        };
        assert_eq!((output.format, output.output), (Format::Md, Some(PathBuf::from("out.md"))));
        assert_eq!((list.sort.as_deref(), list.limit, list.offset), (Some("-value"), Some(5), 2));
        let Verb::Run { portfolio, dry_run, lock, .. } =
            parse("run --portfolio a --portfolio b --dry-run --wait-lock 30").unwrap().verb
        else {
            panic!("not run");
        };
        assert_eq!(portfolio.portfolios, ["a", "b"]);
        assert!(
            portfolio.includes("b") && !portfolio.includes("c") && PortfolioArgs::default().includes("c")
        );
        assert!(dry_run.dry_run);
        assert_eq!(lock.wait_lock, Some(30));
        assert_eq!(parse("show --format yaml").unwrap_err().exit_code(), 2);
    }
}
