//! The history of runs: one row per execution of a writing verb.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use serde_json::Value;

use crate::{
    Store,
    connection::Conn,
    error::{Result, StoreError},
    ids,
    save::describe,
    schema::runs::dsl as t,
    value::code,
};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    Running,
    Ok,
    /// Done, with errors or missing rows.
    Partial,
    Failed,
}

impl RunStatus {
    /// The stored and printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            RunStatus::Running => "running",
            RunStatus::Ok => "ok",
            RunStatus::Partial => "partial",
            RunStatus::Failed => "failed",
        }
    }

    /// Parses the stored form.
    pub fn parse(text: &str) -> Option<RunStatus> {
        [RunStatus::Running, RunStatus::Ok, RunStatus::Partial, RunStatus::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// What is known when a run begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    pub tool: String,
    pub verb: String,
    pub as_of: Option<NaiveDate>,
    /// First date of a run over several.
    pub from: Option<NaiveDate>,
    pub parameters: Value,
    pub version: String,
    pub username: String,
    /// UTC, RFC 3339.
    pub started_at: String,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutcome {
    /// UTC, RFC 3339.
    pub finished_at: String,
    pub status: RunStatus,
    pub expected: Option<u64>,
    pub stored: Option<u64>,
    pub changed: Option<u64>,
    pub skipped: Option<u64>,
    pub message: Option<String>,
}

/// A run with its outcome, when it has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: i64,
    pub run: NewRun,
    pub status: RunStatus,
    pub finished_at: Option<String>,
    pub expected: Option<u64>,
    pub stored: Option<u64>,
    pub changed: Option<u64>,
    pub skipped: Option<u64>,
    pub message: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::runs)]
struct Row {
    id: i64,
    tool: String,
    verb: String,
    as_of: Option<NaiveDate>,
    from_date: Option<NaiveDate>,
    started_at: String,
    finished_at: Option<String>,
    status: String,
    expected: Option<i64>,
    stored: Option<i64>,
    changed: Option<i64>,
    skipped: Option<i64>,
    parameters: Value,
    version: String,
    username: String,
    message: Option<String>,
}

impl Store {
    /// Records the beginning of a run and returns its id. Runs hold the lock of their database, so one that is stored
    /// as running has died, by Ctrl-C or worse: it becomes failed.
    #[boxed]
    pub async fn begin_run(&mut self, run: NewRun) -> Result<i64> {
        self.db.write(async move |c: &mut Conn<'_>| begin(c, run).await).await
    }

    /// Records the end of a run.
    #[boxed]
    pub async fn finish_run(&mut self, id: i64, outcome: RunOutcome) -> Result<()> {
        let finished = self.db.write(async move |c: &mut Conn<'_>| {
            let RunOutcome { finished_at, status, expected, stored, changed, skipped, message } = outcome;
            execute!(
                c,
                diesel::update(t::runs.filter(t::id.eq(id))).set((
                    t::finished_at.eq(Some(&finished_at)),
                    t::status.eq(status.as_str()),
                    t::expected.eq(expected.map(signed)),
                    t::stored.eq(stored.map(signed)),
                    t::changed.eq(changed.map(signed)),
                    t::skipped.eq(skipped.map(signed)),
                    t::message.eq(message.as_ref()),
                ))
            )
        });
        match finished.await? {
            0 => Err(StoreError::missing(format!("run with id {id}"))),
            _ => Ok(()),
        }
    }

    /// The newest runs first, of one tool or of all, at most `limit`.
    #[boxed]
    pub async fn runs(&mut self, tool: Option<&str>, limit: u32) -> Result<Vec<Run>> {
        let tool = tool.map(str::to_owned);
        let rows: Vec<Row> = self
            .db
            .read(async move |c: &mut Conn<'_>| {
                load!(c, {
                    let mut query = t::runs.select(Row::as_select()).into_boxed();
                    if let Some(tool) = &tool {
                        query = query.filter(t::tool.eq(tool));
                    }
                    query.order(t::id.desc()).limit(i64::from(limit))
                })
            })
            .await?;
        rows.into_iter().map(Row::into_run).collect()
    }
}

/// Counts of rows are far below the limit of the column.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

async fn begin(c: &mut Conn<'_>, run: NewRun) -> Result<i64> {
    execute!(
        c,
        diesel::update(t::runs.filter(t::status.eq(RunStatus::Running.as_str()))).set((
            t::status.eq(RunStatus::Failed.as_str()),
            t::message.eq(Some("did not end: interrupted or killed"))
        ))
    )?;
    let id = ids::allocate(c, "runs", 1).await?;
    let NewRun { tool, verb, as_of, from, parameters, version, username, started_at } = run;
    let row = Row {
        id,
        tool,
        verb,
        as_of,
        from_date: from,
        started_at,
        finished_at: None,
        status: RunStatus::Running.as_str().to_owned(),
        expected: None,
        stored: None,
        changed: None,
        skipped: None,
        parameters,
        version,
        username,
        message: None,
    };
    execute!(c, diesel::insert_into(t::runs).values(&row))?;
    Ok(id)
}

impl Row {
    fn into_run(self) -> Result<Run> {
        let status = code(|| describe("runs", &self.id), &self.status, RunStatus::parse(&self.status))?;
        let count = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        let run = NewRun {
            tool: self.tool,
            verb: self.verb,
            as_of: self.as_of,
            from: self.from_date,
            parameters: self.parameters,
            version: self.version,
            username: self.username,
            started_at: self.started_at,
        };
        Ok(Run {
            id: self.id,
            run,
            status,
            finished_at: self.finished_at,
            expected: count(self.expected),
            stored: count(self.stored),
            changed: count(self.changed),
            skipped: count(self.skipped),
            message: self.message,
        })
    }
}
