//! The frame around a tool: parse, start, run, tell, exit.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use sigma_core::model::{Issue, Severity};

use crate::args::{ColorChoice, Format, GlobalArgs, LockArgs, OutputArgs};
use crate::clock::Clock;
use crate::config::{Key, Settings};
use crate::document::Document;
use crate::environment::variable;
use crate::exit::{EXIT_CODES, ExitStatus, ToolError, error_lines, status_of};
use crate::lock::RunLock;
use crate::meta::MetaCommand;
use crate::outcome::{RunSummary, issue_lines, status_of_issues};
use crate::output::Destination;
use crate::progress::{Progress, is_progress_shown};
use crate::redact::{redact_text, remember};
use crate::render::render;
use crate::runtime::block_on;
use crate::terminal::Terminal;

/// The parsed command line of a tool.
pub trait ToolArgs: clap::Parser {
    /// The flattened [`GlobalArgs`].
    fn global(&self) -> &GlobalArgs;

    /// Whether the verb goes on without settings that cannot be used, and tells them itself ([`Settings::problems`]).
    fn forgives_settings(&self) -> bool {
        false
    }

    /// The flattened [`MetaCommand`], when it was the verb.
    fn meta(&self) -> Option<&MetaCommand> {
        None
    }
}

/// Implements [`ToolArgs`] for a parser with the fields `global` ([`GlobalArgs`]) and `verb`, whose enum has a variant
/// `Meta` ([`MetaCommand`]).
#[macro_export]
macro_rules! tool_args {
    ($cli:ident, $verb:ident) => {
        impl $crate::ToolArgs for $cli {
            fn global(&self) -> &$crate::GlobalArgs {
                &self.global
            }

            fn meta(&self) -> Option<&$crate::MetaCommand> {
                match &self.verb {
                    $verb::Meta(meta) => Some(meta),
                    _ => None,
                }
            }
        }
    };
}

/// How many subjects an issue line names; `-v` names all.
const NAMED_SUBJECTS: usize = 8;

/// What a running tool has at hand: settings, clock, streams.
#[derive(Debug)]
pub struct App {
    pub name: String,
    pub settings: Settings,
    pub clock: Clock,
    pub is_quiet: bool,
    pub verbosity: u8,
    terminal: Terminal,
    summary: Mutex<Option<RunSummary>>,
}

impl App {
    /// An app from given parts, for tests as well.
    pub fn new(name: &str, global: &GlobalArgs, settings: Settings, clock: Clock, terminal: Terminal) -> App {
        let (is_quiet, verbosity) = (global.quiet, global.verbose);
        App { name: name.into(), settings, clock, is_quiet, verbosity, terminal, summary: Mutex::new(None) }
    }

    fn start(name: &str, global: &GlobalArgs, forgives_settings: bool) -> Result<App, ToolError> {
        let settings = match forgives_settings {
            true => Settings::load_usable(&flags(global)),
            false => Settings::load(&flags(global))?,
        };
        settings.all().iter().filter_map(|setting| settings.secret(setting.key)).for_each(remember);
        Ok(App::new(name, global, settings, Clock::from_environment()?, Terminal::detect()))
    }

    /// Begins a run: from here on the last line on stderr is its summary, whatever happens.
    pub fn begin(&self, verb: &'static str) {
        *self.summary() = Some(RunSummary::new(&self.name, verb));
    }

    /// Tells the summary the date of the run.
    pub fn set_as_of(&self, as_of: NaiveDate) {
        if let Some(summary) = self.summary().as_mut() {
            summary.as_of = Some(as_of);
        }
    }

    /// Adds `name=value` to the summary.
    pub fn record(&self, name: &'static str, value: impl std::fmt::Display) {
        if let Some(summary) = self.summary().as_mut() {
            summary.record(name, value);
        }
    }

    /// A remark on stderr; silent with `-q`.
    pub fn note(&self, message: &str) {
        if !self.is_quiet {
            say(&format!("{}: {message}", self.name));
        }
    }

    /// What was wrong, on stderr, also with `-q`.
    pub fn tell(&self, message: &str) {
        say(&format!("{}: {message}", self.name));
    }

    /// A remark for `-v`.
    pub fn detail(&self, message: &str) {
        if self.verbosity > 0 {
            self.note(message);
        }
    }

    /// Tells what is missing, and whether the run is `Done` or `Partial` for it. `-q` leaves out warnings.
    pub fn tell_issues(&self, issues: &[Issue]) -> ExitStatus {
        let told = |issue: &&Issue| !self.is_quiet || issue.severity == Severity::Error;
        let told: Vec<Issue> = issues.iter().filter(told).cloned().collect();
        let names = if self.verbosity > 0 { usize::MAX } else { NAMED_SUBJECTS };
        for line in issue_lines(&told, names) {
            say(&format!("{}: {line}", self.name));
        }
        status_of_issues(issues)
    }

    /// Writes the answer where and as it was asked for.
    pub fn write(&self, output: &OutputArgs, document: &Document) -> anyhow::Result<()> {
        let destination = Destination::new(output.output.as_deref());
        let width = self.terminal.width.filter(|_| destination == Destination::Stdout);
        destination.write_text(&render(document, output.format, width)?)?;
        if output.format == Format::Csv {
            document.notes.iter().for_each(|note| self.note(note));
        }
        Ok(())
    }

    /// A progress bar, or a silent one where none belongs.
    pub fn progress(&self, total: usize, label: &str) -> Progress {
        let is_off = !self.settings.is_on(Key::Progress);
        let Terminal { stderr_is_terminal, is_dumb, .. } = self.terminal;
        Progress::new(is_progress_shown(stderr_is_terminal, is_dumb, is_off, self.is_quiet), total, label)
    }

    /// Takes the lock that writing runs hold.
    pub async fn lock(&self, args: &LockArgs) -> anyhow::Result<RunLock> {
        let setting = self.settings.integer(Key::WaitLockSeconds);
        let wait = Duration::from_secs(args.wait_lock.or(setting).unwrap_or(0));
        let verb = self.summary().as_ref().map_or("", |summary| summary.verb);
        let holder = format!("{} {verb}", self.name);
        RunLock::acquire(self.settings.database_url(), wait, holder.trim()).await
    }

    /// Prints the error and the summary, and decides the exit status.
    fn finish(&self, result: anyhow::Result<ExitStatus>) -> ExitStatus {
        let status = result.unwrap_or_else(|err| {
            let choice = self.settings.text(Key::Color).and_then(parse_color).unwrap_or_default();
            tell_error(&self.name, &err, self.terminal.is_colored(choice));
            failure_status(&err)
        });
        if let Some(summary) = self.summary().as_ref() {
            say(&summary.line(status, summary.started.elapsed()));
        }
        status
    }

    fn summary(&self) -> MutexGuard<'_, Option<RunSummary>> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The `main` of a tool: runs it with the arguments of the process.
///
/// The tool runs on the main thread of a runtime with two workers, so that migrations may block in place. Ctrl-C
/// drops it where it waits: an open transaction is rolled back.
pub fn main_with<C: ToolArgs>(run: impl AsyncFnOnce(C, &App) -> anyhow::Result<ExitStatus>) -> ExitCode {
    main_from(std::env::args_os().collect(), run)
}

/// The same with given arguments, the name of the program first.
pub fn main_from<C: ToolArgs>(
    args: Vec<OsString>,
    run: impl AsyncFnOnce(C, &App) -> anyhow::Result<ExitStatus>,
) -> ExitCode {
    std::panic::set_hook(Box::new(tell_panic));
    let command = command::<C>(&args);
    let name = command.get_name().to_string();
    let parsed = command.clone().try_get_matches_from(args).and_then(|matches| C::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(err) => {
            // Help and version come this way too, with code 0; a closed pipe is not an error.
            let _ = err.print();
            return ExitCode::from(u8::try_from(err.exit_code()).unwrap_or(ExitStatus::Usage.code()));
        }
    };
    if let Some(meta) = cli.meta() {
        return match meta.run(command) {
            Ok(()) => ExitStatus::Done.into(),
            Err(err) => stopped(&name, &err),
        };
    }
    let app = match App::start(&name, cli.global(), cli.forgives_settings()) {
        Ok(app) => app,
        Err(err) => return stopped(&name, &err.into()),
    };
    let result = block_on(&name, run(cli, &app));
    app.finish(result).into()
}

/// The command of a tool with the table of exit codes at the end of its long help.
fn command<C: ToolArgs>(args: &[OsString]) -> clap::Command {
    let command = C::command().color(match early_color(args) {
        ColorChoice::Auto => clap::ColorChoice::Auto,
        ColorChoice::Always => clap::ColorChoice::Always,
        ColorChoice::Never => clap::ColorChoice::Never,
    });
    if command.get_after_long_help().is_some() { command } else { command.after_long_help(EXIT_CODES) }
}

/// Usage errors are coloured too, and they come before the options are known.
fn early_color(args: &[OsString]) -> ColorChoice {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let joined = args.iter().find_map(|arg| arg.strip_prefix("--color=").map(str::to_string));
    let apart = || args.windows(2).find(|pair| pair[0] == "--color").map(|pair| pair[1].to_string());
    let choice = joined.or_else(apart).or_else(|| variable(Key::Color.info().variable));
    choice.as_deref().and_then(parse_color).unwrap_or_default()
}

fn parse_color(text: &str) -> Option<ColorChoice> {
    ColorChoice::from_str(text, false).ok()
}

/// The global options that are settings.
fn flags(global: &GlobalArgs) -> Vec<(Key, String)> {
    let color = global.color.and_then(|color| Some(color.to_possible_value()?.get_name().to_string()));
    let progress = global.no_progress.then(|| "false".to_string());
    let flags =
        [(Key::DatabaseUrl, global.database_url.clone()), (Key::Color, color), (Key::Progress, progress)];
    flags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// The status of a failure: a tool cannot fail with the code of success.
fn failure_status(err: &anyhow::Error) -> ExitStatus {
    match status_of(err) {
        ExitStatus::Done => ExitStatus::Failed,
        status => status,
    }
}

fn stopped(name: &str, err: &anyhow::Error) -> ExitCode {
    tell_error(name, err, Terminal::detect().is_colored(ColorChoice::Auto));
    failure_status(err).into()
}

fn tell_error(name: &str, err: &anyhow::Error, is_colored: bool) {
    let lines = error_lines(name, err);
    if !is_colored {
        return say(&lines);
    }
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    say(&lines.replacen("error:", &format!("{red}error:{red:#}"), 1));
}

/// As the standard hook, but its message may hold anything, so it goes the way of all messages.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    say(&panic.to_string());
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        say(&backtrace.to_string());
    }
}

/// One message on stderr, without passwords and keys. A closed stderr is nobody's error.
fn say(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", redact_text(message));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_are_settings() {
        assert_eq!(flags(&GlobalArgs::default()), []);
        let global = GlobalArgs {
            database_url: Some("sqlite:a.db".into()),
            color: Some(ColorChoice::Never),
            no_progress: true,
            ..GlobalArgs::default()
        };
        let expected = [(Key::DatabaseUrl, "sqlite:a.db"), (Key::Color, "never"), (Key::Progress, "false")];
        assert_eq!(flags(&global), expected.map(|(key, value)| (key, value.to_string())));
    }

    #[test]
    fn colour_is_known_before_parsing() {
        let color = |args: &[&str]| early_color(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(color(&["t", "--color", "never"]), ColorChoice::Never);
        assert_eq!(color(&["t", "run", "--color=always"]), ColorChoice::Always);
        assert_eq!(color(&["t", "--color"]), ColorChoice::Auto);
    }
}
