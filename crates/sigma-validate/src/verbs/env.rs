//! `env`: what a tool finds around it, one line each, with the remedy where something is wrong.

use std::path::{Path, PathBuf};

use sigma_cli::{App, Cell, Column, Document, ExitStatus, Key, OutputArgs, Table, redact_url};
use sigma_core::calendar::YEARS;
use sigma_store::{RunStatus, Store};

use crate::books::DEMO_BOOKS;

/// Options of `env`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Ok,
    Warn,
    Fail,
}

/// One check.
struct Line {
    check: String,
    health: Health,
    detail: String,
    fix: Option<String>,
}

impl Line {
    fn new(check: &str, health: Health, detail: impl Into<String>) -> Line {
        Line { check: check.to_owned(), health, detail: detail.into(), fix: None }
    }

    fn fix(mut self, fix: impl Into<String>) -> Line {
        self.fix = Some(fix.into());
        self
    }
}

/// Sessions without a successful sync from which it is a warning and a failure.
const SYNC_WARN_SESSIONS: usize = 1;
const SYNC_FAIL_SESSIONS: usize = 2;

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut lines = vec![Line::new("version", Health::Ok, env!("CARGO_PKG_VERSION"))];
    let (database, store) = database(app).await;
    lines.push(database);
    lines.push(folder("folder of the database", &database_folder(app)));
    lines.push(folder("folder of reports", Path::new(app.settings.text(Key::OutputDir).unwrap_or("."))));
    lines.push(calendar(app));
    lines.push(clock(app));
    if let Some(mut store) = store {
        lines.push(demo(&mut store).await);
        lines.push(last_sync(app, &mut store).await);
    }
    lines.extend(settings(app));
    let failed = lines.iter().any(|line| line.health == Health::Fail);
    app.write(&args.output, &Document::single(table(lines)).title("Environment"))?;
    Ok(ExitStatus::partial_if(failed))
}

fn table(lines: Vec<Line>) -> Table {
    let mut table = Table::new(vec![
        Column::text("check", "Check"),
        Column::text("status", "Status"),
        Column::text("detail", "Detail"),
        Column::text("fix", "Fix"),
    ]);
    for line in lines {
        let health = match line.health {
            Health::Ok => "ok",
            Health::Warn => "warn",
            Health::Fail => "fail",
        };
        let fix = Cell::or_blank(line.fix, Cell::Text);
        table.push(vec![Cell::Text(line.check), Cell::text(health), Cell::Text(line.detail), fix]);
    }
    table
}

async fn database(app: &App) -> (Line, Option<Store>) {
    let url = redact_url(app.settings.database_url());
    match Store::open(app.settings.database_url()).await {
        Err(error) => {
            let line = Line::new("database", Health::Fail, error.to_string());
            let fix = error.hint().unwrap_or("check --database-url or DATABASE_URL");
            (line.fix(fix), None)
        }
        Ok(mut store) => {
            let version = store.schema_version().await.unwrap_or_else(|error| error.to_string());
            let detail = format!("{url} ({}, schema {version})", store.backend());
            (Line::new("database", Health::Ok, detail), Some(store))
        }
    }
}

/// The folder of the SQLite file, else the current one.
fn database_folder(app: &App) -> PathBuf {
    let path = app.settings.database_url().strip_prefix("sqlite:").unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    match Path::new(path).parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether a file can be made there. A folder that is not there yet counts as its nearest parent.
fn folder(check: &str, folder: &Path) -> Line {
    let existing = folder.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let probe = existing.join(format!(".sigma-probe-{}", std::process::id()));
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&probe);
    match made {
        Ok(_) => {
            // Left behind at worst: an empty file of a telling name.
            let _ = std::fs::remove_file(&probe);
            Line::new(check, Health::Ok, format!("{} is writable", folder.display()))
        }
        Err(error) => Line::new(check, Health::Fail, format!("{}: {error}", folder.display()))
            .fix("choose a folder you may write to"),
    }
}

fn calendar(app: &App) -> Line {
    match app.calendar() {
        Ok(_) => {
            let laid =
                app.settings.text(Key::Calendar).map_or("", |_| ", corrected by the file of the setting");
            Line::new("calendar", Health::Ok, format!("NYSE {} to {}{laid}", YEARS.start(), YEARS.end()))
        }
        Err(error) => {
            Line::new("calendar", Health::Fail, error.to_string()).fix("correct or unset SIGMA_CALENDAR")
        }
    }
}

fn clock(app: &App) -> Line {
    let last = app.calendar().and_then(|calendar| app.last_completed_session(&calendar));
    let now = format!("{}, New York {}", app.clock.timestamp(), app.clock.new_york_local().format("%F %T"));
    match last {
        Ok(session) => Line::new("clock", Health::Ok, format!("{now}, last completed session {session}")),
        Err(error) => Line::new("clock", Health::Fail, format!("{now}: {error}"))
            .fix("set the clock, or unset SIGMA_NOW"),
    }
}

async fn demo(store: &mut Store) -> Line {
    let books = match store.books(&[]).await {
        Ok(books) => books,
        Err(error) => return Line::new("demo books", Health::Fail, error.to_string()),
    };
    let positions = |slug: &str| {
        let book = books.iter().find(|book| book.portfolio.is_demo && book.portfolio.slug == slug);
        book.map_or(0, |book| book.lots.len())
    };
    let found: usize = DEMO_BOOKS.iter().map(|(slug, _)| positions(slug)).sum();
    let expected: usize = DEMO_BOOKS.iter().map(|(_, positions)| positions).sum();
    match found {
        n if n == expected => {
            Line::new("demo books", Health::Ok, format!("{} portfolios, {n} positions", DEMO_BOOKS.len()))
        }
        0 => Line::new("demo books", Health::Warn, "not stored").fix("sigma-seed demo"),
        n => Line::new("demo books", Health::Warn, format!("{n} of {expected} positions"))
            .fix("sigma-seed demo"),
    }
}

async fn last_sync(app: &App, store: &mut Store) -> Line {
    let check = "last sync";
    let runs = match store.runs(Some("sigma-sync"), 100).await {
        Ok(runs) => runs,
        Err(error) => return Line::new(check, Health::Fail, error.to_string()),
    };
    let good = runs.iter().find(|run| matches!(run.status, RunStatus::Ok | RunStatus::Partial));
    let Some(run) = good else {
        return Line::new(check, Health::Warn, "none has succeeded yet").fix("sigma-sync run");
    };
    let age = app.calendar().ok().and_then(|calendar| {
        let last = app.last_completed_session(&calendar).ok()?;
        calendar.age_in_sessions(run.run.as_of?, last).ok()
    });
    let date = run.run.as_of.map_or_else(|| "no date".to_owned(), |date| date.to_string());
    let detail = |age: usize| format!("for {date} at {}, {age} sessions ago", run.run.started_at);
    match age {
        None => Line::new(check, Health::Warn, format!("at {}", run.run.started_at)),
        Some(age) if age >= SYNC_FAIL_SESSIONS => {
            Line::new(check, Health::Fail, detail(age)).fix("sigma-sync run")
        }
        Some(age) if age >= SYNC_WARN_SESSIONS => {
            Line::new(check, Health::Warn, detail(age)).fix("sigma-sync run")
        }
        Some(age) => Line::new(check, Health::Ok, detail(age)),
    }
}

/// Every setting with its origin; secrets are not shown.
fn settings(app: &App) -> Vec<Line> {
    let line = |setting: &sigma_cli::config::Setting| {
        let name = format!("setting {}", setting.key.info().name);
        Line::new(&name, Health::Ok, format!("{} ({})", setting.shown(), setting.origin))
    };
    app.settings.all().iter().map(line).collect()
}
