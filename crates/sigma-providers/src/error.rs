//! What can go wrong at a source.

use std::path::PathBuf;

/// A source that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("{} is not a folder", path.display())]
    NotAFolder { path: PathBuf },
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: csv::Error },
    #[error("{} has no column `{column}` (its columns: {found})", path.display())]
    MissingColumn { path: PathBuf, column: &'static str, found: String },
}

/// One row that could not be read. The other rows stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// File name without its folder; from a service, what was asked for.
    pub file: String,
    /// Line of the file; services have none.
    pub line: Option<u64>,
    pub message: String,
}

impl std::fmt::Display for RowProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
