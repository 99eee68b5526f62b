//! Streams, exit codes and signals of a tool, as a shell sees them. Called with `--as-tool` this program is the tool;
//! else it runs itself.

mod keys;

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::Duration;

use clap::{Parser, Subcommand};
use sigma_cli::{
    App, Cell, Column, Document, DryRun, ExitStatus, GlobalArgs, ListArgs, LockArgs, MetaCommand, OutputArgs,
    RangeArgs, Table, ToolArgs, fail, main_from,
};
use sigma_core::model::{Issue, Reason};

/// A tool to test with
#[derive(Debug, Parser)]
#[command(name = "sigma-test", version, before_help = "Examples:\n  sigma-test run")]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run to an end of choice
    Run {
        #[command(flatten)]
        range: RangeArgs,
        #[command(flatten)]
        dry_run: DryRun,
        #[command(flatten)]
        lock: LockArgs,
        #[arg(long, default_value = "done")]
        end: String,
    },
    /// Show rows
    Show {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        list: ListArgs,
        #[arg(long, default_value_t = 3)]
        rows: i64,
    },
    #[command(flatten)]
    Meta(MetaCommand),
}

impl ToolArgs for Cli {
    fn global(&self) -> &GlobalArgs {
        &self.global
    }

    fn meta(&self) -> Option<&MetaCommand> {
        match &self.verb {
            Verb::Meta(meta) => Some(meta),
            _ => None,
        }
    }
}

async fn run(cli: Cli, app: &App) -> anyhow::Result<ExitStatus> {
    match cli.verb {
        Verb::Run { range, lock, end, .. } => {
            app.begin("run");
            let dates = range.resolve(app.clock.new_york_local().date())?;
            app.set_as_of(dates.to);
            let _lock = app.lock(&lock).await?;
            end_as(&end, app).await
        }
        Verb::Show { output, list, rows } => {
            let mut table = Table::new(vec![Column::number("n", "N"), Column::number("square", "Square")]);
            (1..=rows).for_each(|n| table.push(vec![Cell::Int(n), Cell::Money((n * n) as f64)]));
            list.apply(&mut table)?;
            app.write(&output, &Document::single(table))?;
            Ok(ExitStatus::Done)
        }
        Verb::Meta(_) => Ok(ExitStatus::Done),
    }
}

async fn end_as(end: &str, app: &App) -> anyhow::Result<ExitStatus> {
    match end {
        "done" => {
            app.note("remark");
            app.detail("detail");
            app.record("stored", 8);
            Ok(app.tell_issues(&[Issue::warning("SPY", Reason::StalePrice, "one session old")]))
        }
        "partial" => Ok(app.tell_issues(&[Issue::error("AAPL", Reason::NoPrice, "no close")])),
        "network" => Err(fail(ExitStatus::Network, "polygon answered 503", "try again later")),
        "plain" => Err(anyhow::anyhow!("refused for postgres://a:s3cret@h/d").context("no database")),
        "panic" => panic!("broken"),
        "hold" => {
            app.note("holding");
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(ExitStatus::Done)
        }
        "spin" => {
            app.note("holding");
            std::thread::sleep(Duration::from_secs(60));
            Ok(ExitStatus::Done)
        }
        "loose" => {
            app.note(&format!("{:?}", app.settings.loose_secret_file()));
            Ok(ExitStatus::Done)
        }
        "leak" => keys::leak(app).await,
        "leak-panic" => panic!("url {}", keys::leaked(app)),
        other => Err(fail(ExitStatus::Usage, format!("no end \"{other}\""), "use --end done")),
    }
}

/// A name to select it by, and the test itself, given an empty folder.
type Test = (&'static str, fn(&Path));

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|first| first == "--as-tool") {
        return main_from(args, run);
    }
    let tests: [Test; 10] = [
        ("exit_codes", exit_codes),
        ("summary_and_quiet", summary_and_quiet),
        ("usage_errors", usage_errors),
        ("settings_file", settings_file),
        ("keys_are_never_told", keys::keys_are_never_told),
        ("open_file_of_settings", keys::open_file_of_settings),
        ("answers", answers),
        ("closed_pipe", closed_pipe),
        ("lock_and_interrupt", lock_and_interrupt),
        ("completions_and_manual", completions_and_manual),
    ];
    let wanted = args.iter().filter_map(|arg| arg.to_str()).find(|arg| !arg.starts_with('-'));
    for (_, test) in tests.iter().filter(|(name, _)| wanted.is_none_or(|wanted| name.contains(wanted))) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // A failed assertion panics, and so fails the whole test program.
        test(folder.path());
    }
    ExitCode::SUCCESS
}

fn tool(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--as-tool").args(line.split_whitespace()).current_dir(folder).env_clear();
    command.env("SIGMA_NOW", "2025-07-01T02:00:00Z").stdin(Stdio::null());
    command
}

fn output(folder: &Path, line: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = tool(folder, line).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// The talk without the elapsed time at its end, which differs from run to run.
fn without_time(stderr: &str) -> &str {
    stderr.trim_end().rsplit_once(' ').map_or("", |(line, _)| line)
}

fn exit_codes(folder: &Path) {
    for (end, code) in [("done", 0), ("partial", 3), ("network", 6), ("plain", 1), ("panic", 1), ("other", 2)]
    {
        let (found, stdout, stderr) = output(folder, &format!("run --end {end}"));
        assert_eq!(found, Some(code), "{end}: {stderr}");
        assert_eq!(stdout, "");
    }
    let (_, _, stderr) = output(folder, "run --end network");
    let expected = "sigma-test: error: polygon answered 503\n  hint: try again later\nsigma-test failed as_of=2025-06-30";
    assert_eq!(without_time(&stderr), expected);
    let (_, _, stderr) = output(folder, "run --end plain");
    assert!(
        stderr.starts_with("sigma-test: error: no database (refused for postgres://a:***@h/d)\n"),
        "{stderr}"
    );
    let (_, _, stderr) = output(folder, "run --end plain --color always");
    assert!(stderr.starts_with("sigma-test: \u{1b}[1m\u{1b}[31merror:\u{1b}[0m no database"), "{stderr:?}");
}

fn summary_and_quiet(folder: &Path) {
    let (_, _, stderr) = output(folder, "run");
    let warning = "sigma-test: warning: stale_price: SPY: one session old\n";
    let closing = "sigma-test ok as_of=2025-06-30 stored=8";
    assert_eq!(without_time(&stderr), format!("sigma-test: remark\n{warning}{closing}"));
    let (_, _, stderr) = output(folder, "run -v");
    assert!(stderr.contains("sigma-test: detail\n"));
    let (_, _, stderr) = output(folder, "run -q");
    assert_eq!(without_time(&stderr), closing);
    let (_, _, stderr) = output(folder, "run -q --end partial --as-of 2025-06-27");
    let error = "sigma-test: error: no_price: AAPL: no close\n";
    assert_eq!(without_time(&stderr), format!("{error}sigma-test partial as_of=2025-06-27"));
}

fn usage_errors(folder: &Path) {
    for line in
        ["", "fly", "run --as-of 2025-02-30", "show --sort x", "run --from 2025-07-02", "show --format yaml"]
    {
        let (code, stdout, stderr) = output(folder, line);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{line}: {stderr}");
        assert!(!stderr.is_empty());
    }
    let (code, stdout, _) = output(folder, "--help");
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("Examples:\n") && stdout.contains("  130  interrupted"), "{stdout}");
    let (code, stdout, _) = output(folder, "--version");
    assert_eq!((code, stdout), (Some(0), format!("sigma-test {}\n", env!("CARGO_PKG_VERSION"))));
}

fn settings_file(folder: &Path) {
    std::fs::write(folder.join("sigma.toml"), "colour = \"never\"\n").unwrap();
    let (code, _, stderr) = output(folder, "show");
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("sigma-test: error: sigma.toml: unknown key \"colour\"\n  hint: keys are: "),
        "{stderr}"
    );
    // Help needs no settings.
    assert_eq!(output(folder, "--help").0, Some(0));
    std::fs::remove_file(folder.join("sigma.toml")).unwrap();
    let bad_clock = tool(folder, "show").env("SIGMA_NOW", "noon").output().unwrap();
    assert_eq!(bad_clock.status.code(), Some(2));
}

fn answers(folder: &Path) {
    let (code, stdout, stderr) = output(folder, "show --sort -n --limit 2 --format csv");
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "n,square\n3,9\n2,4\n", ""));
    let (_, stdout, _) = output(folder, "show");
    assert_eq!(stdout, "N  Square\n---------\n1    1.00\n2    4.00\n3    9.00\n");
    let (code, stdout, _) = output(folder, "show --format csv -o out.csv --offset 2");
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(folder.join("out.csv")).unwrap(), "n,square\n3,9\n");
}

fn closed_pipe(folder: &Path) {
    for line in ["show --rows 200000 --format csv", "completions bash", "--help"] {
        let mut child = tool(folder, line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{line}");
    }
}

#[cfg(unix)]
fn lock_and_interrupt(folder: &Path) {
    for end in ["hold", "spin"] {
        let mut child = tool(folder, &format!("run --end {end}")).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "sigma-test: holding");
        let (code, _, stderr) = output(folder, "run");
        assert_eq!(code, Some(7), "{stderr}");
        let held =
            format!("sqlite:sigma.db is locked by another run (sigma-test run, process {})", child.id());
        assert!(stderr.contains(&held), "{stderr}");
        // A list does not need the lock.
        assert_eq!(output(folder, "show").0, Some(0));
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{end}");
        let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
        assert_eq!(rest[0], "sigma-test: error: interrupted");
        assert_eq!(output(folder, "run").0, Some(0), "the lock is free again");
    }
}

#[cfg(not(unix))]
fn lock_and_interrupt(_: &Path) {}

fn completions_and_manual(folder: &Path) {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, stdout, _) = output(folder, &format!("completions {shell}"));
        assert_eq!(code, Some(0));
        assert!(stdout.contains("sigma-test") && stdout.contains("show"), "{shell}");
    }
    let (code, stdout, _) = output(folder, "man run");
    assert_eq!(code, Some(0));
    assert!(stdout.contains(".TH sigma-test-run 1") && stdout.contains("as\\-of"), "{stdout}");
    assert!(output(folder, "man").1.contains("Exit codes"));
    assert_eq!(output(folder, "man fly").0, Some(2));
    assert_eq!(output(folder, "man --output-dir pages").0, Some(0));
    assert!(folder.join("pages/sigma-test.1").exists() && folder.join("pages/sigma-test-show.1").exists());
}
