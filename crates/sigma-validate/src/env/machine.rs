//! The machine: folders, free space, clock and calendar.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use sigma_cli::{App, Key};
use sigma_core::calendar::YEARS;

use super::{Health, Line};

/// Free space below which it is a warning and a failure, in bytes.
const DISK_WARN: u64 = 1 << 30;
const DISK_FAIL: u64 = 100 << 20;

pub fn lines(app: &App) -> Vec<Line> {
    let database = database_folder(app);
    let reports = PathBuf::from(app.settings.text(Key::OutputDir).unwrap_or("."));
    let mut lines = vec![
        folder("folder of the database", &database),
        folder("folder of reports", &reports),
        folder("folder of request budgets", &app.state_dir()),
    ];
    lines.extend(disk(&database));
    lines.push(calendar(app));
    lines.push(clock(app));
    lines
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

/// A folder that is not there yet counts as its nearest parent.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."))
}

/// Whether a file can be made there.
fn folder(check: &str, folder: &Path) -> Line {
    let probe = existing(folder).join(format!(".sigma-probe-{}", std::process::id()));
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

/// Free space where the database grows. No line where the system does not tell.
#[cfg(unix)]
fn disk(folder: &Path) -> Option<Line> {
    let told = rustix::fs::statvfs(existing(folder)).ok()?;
    Some(free_space(folder, told.f_bavail.saturating_mul(told.f_frsize)))
}

#[cfg(not(unix))]
fn disk(_: &Path) -> Option<Line> {
    None
}

#[cfg_attr(not(unix), allow(dead_code))]
fn free_space(folder: &Path, bytes: u64) -> Line {
    let size = match bytes >> 30 {
        0 => format!("{} MiB", bytes >> 20),
        gigabytes => format!("{gigabytes} GiB"),
    };
    let health = match bytes {
        n if n < DISK_FAIL => Health::Fail,
        n if n < DISK_WARN => Health::Warn,
        _ => Health::Ok,
    };
    let line = Line::new("disk", health, format!("{size} free at {}", folder.display()));
    if health == Health::Ok { line } else { line.fix("make room, or move the database and the reports") }
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

/// Beyond this the last session and the budgets of requests may be wrong.
const LARGEST_OFFSET_SECONDS: i64 = 120;

/// The clock of this machine (`SIGMA_NOW` does not count) against what a service says the time is.
pub fn clock_beside(label: &str, ahead: TimeDelta) -> Line {
    let seconds = ahead.num_seconds();
    let check = format!("clock beside {label}'s");
    if seconds.abs() <= LARGEST_OFFSET_SECONDS {
        return Line::new(check, Health::Ok, format!("within {} s", seconds.abs().max(1)));
    }
    let direction = if seconds > 0 { "ahead" } else { "behind" };
    Line::new(check, Health::Fail, format!("{} s {direction}", seconds.abs()))
        .fix("set the clock of this machine")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_before_it_stops_a_run() {
        let of = |bytes| free_space(Path::new("."), bytes);
        assert_eq!((of(DISK_FAIL - 1).health, of(DISK_FAIL).health), (Health::Fail, Health::Warn));
        assert_eq!((of(DISK_WARN - 1).health, of(DISK_WARN).health), (Health::Warn, Health::Ok));
        assert_eq!(of(5 << 30).detail, "5 GiB free at .");
        assert_eq!(of(300 << 20).detail, "300 MiB free at .");
    }

    #[test]
    fn a_clock_that_is_wrong_by_minutes_fails() {
        let line = |seconds| clock_beside("FMP", TimeDelta::seconds(seconds));
        assert_eq!((line(-3).health, line(-3).detail.as_str()), (Health::Ok, "within 3 s"));
        assert_eq!((line(301).health, line(301).detail.as_str()), (Health::Fail, "301 s ahead"));
        assert_eq!(line(-121).detail, "121 s behind");
    }
}
