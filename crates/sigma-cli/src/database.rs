//! Opening the database that the settings name, and what its errors mean to a user.

use sigma_store::{Store, StoreError};

use crate::app::App;
use crate::exit::{ExitStatus, ToolError};

impl App {
    /// Opens the database; a missing or old schema is an error with its remedy.
    pub async fn open_store(&self) -> anyhow::Result<Store> {
        Store::open(self.settings.database_url()).await.map_err(store_error)
    }
}

/// Gives an error of the store its exit code and hint.
pub fn store_error(error: StoreError) -> anyhow::Error {
    let status = match &error {
        StoreError::Missing { .. } | StoreError::Conflict { .. } | StoreError::BadUrl { .. } => {
            ExitStatus::Usage
        }
        StoreError::NoServer { .. } => ExitStatus::Network,
        StoreError::Busy => ExitStatus::Locked,
        _ => ExitStatus::Failed,
    };
    let hint = error.hint();
    let error = ToolError::from_cause(status, error);
    match hint {
        Some(hint) => error.hint(hint).into(),
        None => error.into(),
    }
}
