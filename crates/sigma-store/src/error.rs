//! What can go wrong between a tool and its database, with the offending value.

use thiserror::Error;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Error of the store. URLs in it carry no passwords.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("cannot open database {url}: {reason}")]
    Unreachable { url: String, reason: String },
    #[error("no database server answers at {url}: {reason}")]
    NoServer { url: String, reason: String },
    #[error("{url} names no database: {reason}")]
    BadUrl { url: String, reason: String },
    #[error("database {url} has no schema yet")]
    NotMigrated { url: String },
    #[error("the database schema is older than this program: it has {found}, this program needs {needed}")]
    SchemaTooOld { found: String, needed: String },
    #[error("the database schema is newer than this program: it has {found}, this program knows {known}")]
    SchemaTooNew { found: String, known: String },
    #[error("there is no {what}")]
    Missing { what: String },
    #[error("already stored or still in use: {what}")]
    Conflict { what: String },
    #[error("the database is locked by another process")]
    Busy,
    #[error("table {table} holds {stored} rows where {expected} were expected after saving")]
    ShortWrite { table: &'static str, expected: u64, stored: u64 },
    #[error("{row}: {detail}")]
    Invalid { row: String, detail: String },
    #[error("database error: {0}")]
    Database(String),
}

impl StoreError {
    /// What to do about it, where one command or setting helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            StoreError::NoServer { .. } => {
                Some("start the server, or correct --database-url (or DATABASE_URL)")
            }
            StoreError::Unreachable { .. } | StoreError::BadUrl { .. } => {
                Some("check --database-url (or DATABASE_URL): sqlite:FILE or postgres://USER@HOST/NAME")
            }
            StoreError::NotMigrated { .. } | StoreError::SchemaTooOld { .. } => {
                Some("run `sigma-seed migrate`")
            }
            StoreError::SchemaTooNew { .. } => {
                Some("install the version of the tools that made this database")
            }
            StoreError::Busy => Some("wait for the other run to finish and try again"),
            StoreError::ShortWrite { .. } => Some("run `sigma-validate check`, then run the command again"),
            _ => None,
        }
    }

    pub(crate) fn invalid(row: impl Into<String>, detail: impl Into<String>) -> StoreError {
        StoreError::Invalid { row: row.into(), detail: detail.into() }
    }

    pub(crate) fn missing(what: impl Into<String>) -> StoreError {
        StoreError::Missing { what: what.into() }
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> StoreError {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match error {
            Error::DatabaseError(Kind::UniqueViolation | Kind::ForeignKeyViolation, info) => {
                StoreError::Conflict { what: info.message().to_owned() }
            }
            // SQLite reports contention only as text; diesel has no kind for it.
            Error::DatabaseError(_, info) if info.message().contains("database is locked") => {
                StoreError::Busy
            }
            Error::NotFound => StoreError::missing("such row"),
            other => StoreError::Database(other.to_string()),
        }
    }
}
