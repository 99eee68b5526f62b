//! Opening a database, its schema version, and the two ways to talk to it: reads and transactions.

use async_recursion::async_recursion as boxed;
use std::{future::Future, path::Path, pin::pin, task, time::Duration};

use backon::{BlockingRetryable, ConstantBuilder};
use diesel::{Connection, QueryResult, SqliteConnection, connection::SimpleConnection};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, sync_connection_wrapper::SyncConnectionWrapper,
};

use crate::{
    Store,
    error::{Result, StoreError},
    migration,
    url::{Target, parse, redact},
};

type Lite = SyncConnectionWrapper<SqliteConnection>;

/// Two connections live in most installations (a run and a reader), so waiting for a lock is normal, and readers must
/// not wait for writers.
///
/// `synchronous = NORMAL` syncs the log at checkpoints, not at every commit. With a write-ahead log a power cut then
/// corrupts nothing: it may take the last transactions, each of them whole. Market data goes together with the
/// `fetches` that say it was answered, so what was lost is asked again; results are computed again.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; \
    PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824;";

/// As long as `busy_timeout`, in steps short enough not to be felt.
const BUSY: ConstantBuilder =
    ConstantBuilder::new().with_delay(Duration::from_millis(5)).with_max_times(1_000);

/// The connection of a store.
pub(crate) enum Db {
    Sqlite(Lite),
    Pg(Box<Pg>),
}

/// A PostgreSQL connection that knows of a transaction whose future was dropped half way, as Ctrl-C does.
pub(crate) struct Pg {
    pub connection: AsyncPgConnection,
    in_transaction: bool,
}

impl Pg {
    pub(crate) fn new(connection: AsyncPgConnection) -> Box<Pg> {
        Box::new(Pg { connection, in_transaction: false })
    }

    async fn begin(&mut self) -> Result<()> {
        self.leave_abandoned().await?;
        self.in_transaction = true;
        Ok(self.connection.batch_execute("BEGIN").await?)
    }

    async fn end(&mut self, statement: &str) -> Result<()> {
        self.connection.batch_execute(statement).await?;
        self.in_transaction = false;
        Ok(())
    }

    async fn leave_abandoned(&mut self) -> Result<()> {
        if self.in_transaction { self.end("ROLLBACK").await } else { Ok(()) }
    }
}

/// The connection as the body of a read or a transaction sees it.
pub(crate) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Pg(&'c mut AsyncPgConnection),
}

impl Conn<'_> {
    /// Most values one statement may bind.
    pub(crate) fn bind_limit(&self) -> usize {
        match self {
            Conn::Sqlite(_) => 32_766,
            Conn::Pg(_) => 65_535,
        }
    }
}

impl Db {
    /// Runs statements that only read.
    pub(crate) async fn read<T, F>(&mut self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a, 'c> AsyncFnOnce(&'a mut Conn<'c>) -> Result<T> + Send + 'static,
    {
        match self {
            Db::Sqlite(lite) => {
                lite.spawn_blocking(move |c| Ok(complete(body(&mut Conn::Sqlite(c))))).await?
            }
            Db::Pg(pg) => {
                pg.leave_abandoned().await?;
                body(&mut Conn::Pg(&mut pg.connection)).await
            }
        }
    }

    /// Runs statements in one transaction: all of them take effect, or none.
    pub(crate) async fn write<T, F>(&mut self, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a, 'c> AsyncFnOnce(&'a mut Conn<'c>) -> Result<T> + Send + 'static,
    {
        match self {
            // Immediate: a transaction that reads first and then writes could otherwise fail when another process
            // wrote in between, without the busy timeout being honoured.
            Db::Sqlite(lite) => {
                lite.spawn_blocking(move |c| {
                    Ok(c.immediate_transaction(|c| complete(body(&mut Conn::Sqlite(c)))))
                })
                .await?
            }
            Db::Pg(pg) => {
                pg.begin().await?;
                match body(&mut Conn::Pg(&mut pg.connection)).await {
                    Ok(value) => {
                        pg.end("COMMIT").await?;
                        Ok(value)
                    }
                    Err(error) => {
                        // The first error is the one worth telling; the rollback may fail on a lost connection.
                        let _ = pg.end("ROLLBACK").await;
                        Err(error)
                    }
                }
            }
        }
    }
}

/// Value of a future that never waits: on SQLite every statement runs synchronously.
fn complete<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(result) => result,
        task::Poll::Pending => Err(StoreError::Database("a SQLite statement waited".to_owned())),
    }
}

impl Store {
    /// Opens a database whose schema is exactly the one this program knows. Creates nothing, except that
    /// `sqlite::memory:`, which starts empty, gets its schema.
    #[boxed]
    pub async fn open(url: &str) -> Result<Store> {
        let target = parse(url)?;
        let mut db = match &target {
            Target::File(path) if !path.exists() => {
                return Err(StoreError::NotMigrated { url: redact(url) });
            }
            target => connect(url, target).await?,
        };
        if target == Target::Memory {
            db = migration::apply(db).await?.0;
        }
        migration::require_current(&mut db, url).await?;
        Ok(Store { db })
    }

    /// Creates the database file when absent, applies the migrations that are missing, and returns their names.
    #[boxed]
    pub async fn migrate(url: &str) -> Result<Vec<String>> {
        let mut db = connect(url, &parse(url)?).await?;
        migration::refuse_newer(&mut db).await?;
        Ok(migration::apply(db).await?.1)
    }

    /// Version of the newest migration applied.
    #[boxed]
    pub async fn schema_version(&mut self) -> Result<String> {
        let applied = migration::applied(&mut self.db).await?;
        applied.last().cloned().ok_or_else(|| StoreError::missing("applied migration"))
    }

    /// Name of the database product: `SQLite` or `PostgreSQL`.
    pub fn backend(&self) -> &'static str {
        match self.db {
            Db::Sqlite(_) => "SQLite",
            Db::Pg(_) => "PostgreSQL",
        }
    }
}

async fn connect(url: &str, target: &Target) -> Result<Db> {
    let unreachable =
        |reason: String| StoreError::Unreachable { url: redact(url), reason: without_password(url, reason) };
    match target {
        Target::Memory => connect_sqlite(Path::new(":memory:")).await.map_err(unreachable),
        Target::File(path) => connect_sqlite(path).await.map_err(unreachable),
        Target::Postgres(url) => {
            let mut pg =
                AsyncPgConnection::establish(url).await.map_err(|e| match unreachable(e.to_string()) {
                    // The driver tells a server that is down from one that refuses only in words.
                    StoreError::Unreachable { url, reason } if reason.contains("connecting to server") => {
                        StoreError::NoServer { url, reason }
                    }
                    refused => refused,
                })?;
            pg.batch_execute("SET client_min_messages = warning").await?;
            Ok(Db::Pg(Pg::new(pg)))
        }
    }
}

async fn connect_sqlite(path: &Path) -> std::result::Result<Db, String> {
    let path = path.to_str().ok_or("the path is not valid UTF-8")?.to_owned();
    let connection = tokio::task::spawn_blocking(move || {
        let mut connection = SqliteConnection::establish(&path).map_err(|e| e.to_string())?;
        connection.batch_execute(PRAGMAS).map_err(|e| e.to_string())?;
        use_write_ahead_log(&mut connection).map_err(|e| e.to_string())?;
        Ok::<_, String>(connection)
    });
    let connection = connection.await.map_err(|e| e.to_string())??;
    Ok(Db::Sqlite(SyncConnectionWrapper::new(connection)))
}

/// Two connections that turn a new file to its log at once hold a read lock each and want the other's gone: there
/// SQLite answers "locked" at once instead of waiting `busy_timeout`.
fn use_write_ahead_log(connection: &mut SqliteConnection) -> QueryResult<()> {
    (|| connection.batch_execute("PRAGMA journal_mode = WAL"))
        .retry(BUSY)
        .when(|error| error.to_string().contains("locked"))
        .call()
}

/// Drivers quote parts of the URL in some of their messages.
fn without_password(url: &str, reason: String) -> String {
    let login = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
    match login.and_then(|login| login.split_once(':')) {
        Some((_, password)) if !password.is_empty() => reason.replace(password, "***"),
        _ => reason,
    }
}
