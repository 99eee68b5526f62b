//! The date of the stored results that a list shows, and what to say when there are none.

use chrono::NaiveDate;
use sigma_store::{Engine, Store};

use crate::app::App;
use crate::args::AsOfArgs;
use crate::database::store_error;
use crate::exit::{ExitStatus, fail};
use crate::sessions::calendar_error;

/// Results of an engine, what errors call them, and the command that stores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredResults {
    pub engine: Engine,
    /// A plural, such as `stress results`.
    pub what: &'static str,
    /// Without a date, such as `sigma-stress run`.
    pub command: &'static str,
}

/// The session that a list shows, and the latest that it could show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredDate {
    pub as_of: NaiveDate,
    latest: NaiveDate,
    command: &'static str,
}

impl App {
    /// The session that `--as-of` asks for: a date without a session stands for the last one before it.
    pub fn asked_session(&self, args: &AsOfArgs) -> anyhow::Result<Option<NaiveDate>> {
        let Some(date) = args.as_of else { return Ok(None) };
        let session = self.calendar()?.session_on_or_before(date).map_err(calendar_error)?;
        if session != date {
            self.note(&format!("{date} is not a session; {session} stands for it"));
        }
        Ok(Some(session))
    }

    /// The session asked for, or the latest with results of these instruments or portfolios. Without any results there
    /// is nothing to show on any date.
    pub async fn stored_date(
        &self,
        store: &mut Store,
        results: StoredResults,
        ids: Option<&[i64]>,
        args: &AsOfArgs,
    ) -> anyhow::Result<StoredDate> {
        let StoredResults { engine, what, command } = results;
        let latest = store.latest_as_of(engine, ids).await.map_err(store_error)?;
        let Some(latest) = latest else {
            let message = format!("no {what} are stored");
            return Err(fail(ExitStatus::Failed, message, format!("run `{command}`")));
        };
        let as_of = self.asked_session(args)?.unwrap_or(latest);
        Ok(StoredDate { as_of, latest, command })
    }
}

impl StoredDate {
    /// The error of a list that finds nothing of its date.
    pub fn nothing(&self, what: &str) -> anyhow::Error {
        let StoredDate { as_of, latest, command } = self;
        let mut hint = format!("run `{command} --as-of {as_of}`");
        if latest != as_of {
            hint.push_str(&format!("; the latest stored date is {latest}"));
        }
        fail(ExitStatus::Failed, format!("no {what} are stored for {as_of}"), hint)
    }
}
