//! Running the real binary in a folder of its own.

use std::path::Path;

use assert_cmd::Command;

/// What a run left behind.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Panics with the messages unless the run ended with `code`.
    pub fn ended(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

/// Runs `sigma-report` with arguments split at spaces, at a fixed time.
pub fn report(folder: &Path, line: &str) -> Ran {
    report_at(folder, line, "2025-07-01T12:00:00Z")
}

pub fn report_at(folder: &Path, line: &str, now: &str) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_sigma-report"))
        .current_dir(folder)
        .env_clear()
        .env("SIGMA_NOW", now)
        .env("DATABASE_URL", "sqlite:sigma.db")
        .args(line.split_whitespace())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Files of a report in a folder, in the order md, json, csv.
pub fn files(folder: &Path, name: &str) -> [String; 3] {
    ["md", "json", "csv"].map(|form| {
        let path = folder.join("reports").join(name).join(format!("portfolio_report.{form}"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    })
}
