//! What the tools find around them: one [`Line`] a check, with the remedy where something is wrong.
//!
//! # Map
//! - [`database`]: the database, its schema, the lock, the demo books, the last sync;
//! - [`machine`]: folders, free space, the clock, the calendar; [`settings`]: files, keys and other settings;
//! - [`providers`]: what each provider answers to a few cheap requests; [`plan`]: what a refusal means to the user;
//! - [`budgets`]: requests that are left; [`closures`]: the calendar against the closures a provider announces.

pub mod budgets;
pub mod closures;
pub mod database;
pub mod machine;
pub mod plan;
pub mod providers;
pub mod settings;

use sigma_cli::{Cell, Column, ExitStatus, Table, redact_text};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Ok,
    Warn,
    Fail,
    /// A failure that only another key can mend.
    Refused,
}

impl Health {
    fn as_str(self) -> &'static str {
        match self {
            Health::Ok => "ok",
            Health::Warn => "warn",
            Health::Fail | Health::Refused => "fail",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub check: String,
    pub health: Health,
    pub detail: String,
    pub fix: Option<String>,
}

impl Line {
    pub fn new(check: impl Into<String>, health: Health, detail: impl Into<String>) -> Line {
        Line { check: check.into(), health, detail: detail.into(), fix: None }
    }

    pub fn fix(mut self, fix: impl Into<String>) -> Line {
        self.fix = Some(fix.into());
        self
    }
}

/// The lines as a table. Providers repeat what they were sent, so every text goes the way of messages.
pub fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(vec![
        Column::text("check", "Check"),
        Column::text("status", "Status"),
        Column::text("detail", "Detail"),
        Column::text("fix", "Fix"),
    ]);
    for Line { check, health, detail, fix } in lines {
        let fix = Cell::or_blank(fix.as_deref(), |fix| Cell::text(redact_text(fix)));
        let detail = Cell::text(redact_text(detail));
        table.push(vec![Cell::text(check), Cell::text(health.as_str()), detail, fix]);
    }
    table
}

/// `24 checks: 21 ok, 2 warn, 1 fail.`
pub fn sentence(lines: &[Line]) -> String {
    let count = |word| lines.iter().filter(|line| line.health.as_str() == word).count();
    let counts = ["ok", "warn", "fail"].map(|word| format!("{} {word}", count(word)));
    format!("{} checks: {}.", lines.len(), counts.join(", "))
}

/// `Credentials` when nothing but keys is wrong, `Partial` for any other failure.
pub fn status(lines: &[Line]) -> ExitStatus {
    let any = |health| lines.iter().any(|line| line.health == health);
    match (any(Health::Fail), any(Health::Refused)) {
        (true, _) => ExitStatus::Partial,
        (false, true) => ExitStatus::Credentials,
        (false, false) => ExitStatus::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_key_alone_has_its_own_code() {
        let lines = |healths: &[Health]| -> Vec<Line> {
            healths.iter().map(|health| Line::new("check", *health, "")).collect()
        };
        use Health::*;
        assert_eq!(status(&lines(&[Ok, Warn])), ExitStatus::Done);
        assert_eq!(status(&lines(&[Ok, Refused])), ExitStatus::Credentials);
        assert_eq!(status(&lines(&[Refused, Fail])), ExitStatus::Partial);
        assert_eq!(sentence(&lines(&[Ok, Warn, Refused, Fail])), "4 checks: 1 ok, 1 warn, 2 fail.");
    }
}
