//! The database: can it be opened, is its schema the one of this program, does a run hold it, how old is its data.

use std::fs::{File, TryLockError};
use std::io::Read;

use sigma_cli::{App, lock::lock_path, redact_url};
use sigma_store::{RunStatus, Store, StoreError};

use super::{Health, Line};
use crate::books::DEMO_BOOKS;

/// Sessions without a successful sync from which it is a warning and a failure.
const SYNC_WARN_SESSIONS: usize = 1;
const SYNC_FAIL_SESSIONS: usize = 2;

pub async fn lines(app: &App) -> Vec<Line> {
    let mut lines = Vec::new();
    let url = redact_url(app.settings.database_url());
    match Store::open(app.settings.database_url()).await {
        Err(error) => lines.extend(not_opened(&url, &error)),
        Ok(mut store) => {
            lines.push(Line::new("database", Health::Ok, format!("{url} ({})", store.backend())));
            lines.push(match store.schema_version().await {
                Ok(version) => Line::new("schema", Health::Ok, format!("version {version}, nothing pending")),
                Err(error) => Line::new("schema", Health::Fail, error.to_string()),
            });
            lines.push(demo(&mut store).await);
            lines.push(last_sync(app, &mut store).await);
        }
    }
    lines.extend(lock(app));
    lines
}

/// A database that answers, but with another schema, is told apart from one that does not answer.
fn not_opened(url: &str, error: &StoreError) -> Vec<Line> {
    let fix = error.hint().unwrap_or("check --database-url or DATABASE_URL");
    let is_schema = matches!(
        error,
        StoreError::NotMigrated { .. } | StoreError::SchemaTooOld { .. } | StoreError::SchemaTooNew { .. }
    );
    match is_schema {
        true => vec![
            Line::new("database", Health::Ok, url),
            Line::new("schema", Health::Fail, error.to_string()).fix(fix),
        ],
        false => vec![Line::new("database", Health::Fail, error.to_string()).fix(fix)],
    }
}

/// Whether a run holds the lock; the file is neither made nor written.
fn lock(app: &App) -> Option<Line> {
    let path = lock_path(app.settings.database_url())?;
    let line = |health, detail: String| Line::new("lock", health, detail);
    let Ok(mut file) = File::open(&path) else {
        return Some(line(Health::Ok, "free".to_owned()));
    };
    Some(match file.try_lock_shared() {
        Ok(()) => line(Health::Ok, "free".to_owned()),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only who it is; that it is held is known without it.
            let _ = file.by_ref().take(200).read_to_string(&mut holder);
            let holder = Some(holder.trim()).filter(|holder| !holder.is_empty()).unwrap_or("another run");
            line(Health::Warn, format!("held by {holder}"))
                .fix("wait for it to end; writing runs take --wait-lock 300")
        }
        Err(TryLockError::Error(error)) => line(Health::Fail, format!("{}: {error}", path.display()))
            .fix("the folder of the database must allow locks; network folders often do not"),
    })
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
        // Whoever has books of their own needs none for show.
        0 if !books.is_empty() => {
            Line::new("demo books", Health::Ok, format!("not stored, beside {} others", books.len()))
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
    let ago = |age: usize| match age {
        0 => "the last completed session".to_owned(),
        1 => "1 session ago".to_owned(),
        age => format!("{age} sessions ago"),
    };
    let detail = |age: usize| format!("for {date} at {}, {}", run.run.started_at, ago(age));
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
