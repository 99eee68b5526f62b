//! The files of demo books: users, portfolios and positions as CSV, factors and scenarios as TOML.

mod books;
mod definitions;
mod table;

use std::path::{Path, PathBuf};

use sigma_core::model::{FactorDefinition, Scenario};

pub use books::{DemoPortfolio, DemoPosition};
pub use definitions::{parse_factors, parse_scenarios, standard};

/// A file that cannot be used: which, where in it, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}", place.as_deref().map(|place| format!(", {place}")).unwrap_or_default())]
pub struct FileError {
    pub file: String,
    /// `line 5` or `scenario 3 "market_up_10"`.
    pub place: Option<String>,
    pub problem: String,
    pub remedy: String,
}

impl FileError {
    fn new(
        file: &Path,
        place: Option<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> FileError {
        let file = file.display().to_string();
        FileError { file, place, problem: problem.into(), remedy: remedy.into() }
    }
}

/// Everything in a folder of demo data but its market.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoData {
    pub portfolios: Vec<DemoPortfolio>,
    pub positions: Vec<DemoPosition>,
    pub factors: Vec<FactorDefinition>,
    pub scenarios: Vec<Scenario>,
    /// Numbers that cannot be stored to their last digit.
    pub warnings: Vec<String>,
}

impl DemoData {
    /// Reads and checks all files before anything is written anywhere.
    pub fn read(folder: &Path) -> Result<DemoData, FileError> {
        if !folder.is_dir() {
            let remedy = "run in the folder that holds demo-data, or name the folder with --data-dir";
            return Err(FileError::new(folder, None, "no such folder", remedy));
        }
        let mut warnings = Vec::new();
        let portfolios = books::read_portfolios(&folder.join("demo_portfolios.csv"), &mut warnings)?;
        let positions =
            books::read_positions(&folder.join("demo_positions.csv"), &portfolios, &mut warnings)?;
        let (path, text) = read_text(folder, "factors.toml")?;
        let factors = parse_factors(&path, &text)?;
        let (path, text) = read_text(folder, "scenarios.toml")?;
        let scenarios = parse_scenarios(&path, &text, &factors)?;
        Ok(DemoData { portfolios, positions, factors, scenarios, warnings })
    }
}

fn read_text(folder: &Path, name: &str) -> Result<(PathBuf, String), FileError> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => Err(unreadable(&path, &error)),
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> FileError {
    FileError::new(
        path,
        None,
        format!("cannot be read: {error}"),
        "name the folder of the demo data with --data-dir",
    )
}
