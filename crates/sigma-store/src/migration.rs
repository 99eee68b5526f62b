//! The schema's history: which migrations this program carries and which the database has.

use diesel::{
    ExpressionMethods, QueryDsl,
    migration::{Migration, MigrationSource},
    sql_types::Bool,
};
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{
    connection::{Conn, Db, Pg},
    error::{Result, StoreError},
    url::redact,
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Any number will do, as long as every process takes the same one.
const MIGRATION_LOCK: i64 = 7_446_240_801;

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
        run_on -> Timestamp,
    }
}

/// Versions this program carries, ascending.
pub(crate) fn embedded() -> Result<Vec<String>> {
    let migrations = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&MIGRATIONS)
        .map_err(|e| StoreError::Database(e.to_string()))?;
    let mut versions: Vec<String> =
        migrations.iter().map(|migration| migration.name().version().to_string()).collect();
    versions.sort();
    Ok(versions)
}

/// Versions the database has, ascending; none when it has no schema.
pub(crate) async fn applied(db: &mut Db) -> Result<Vec<String>> {
    db.read(async move |c| {
        if !has_schema(c).await? {
            return Ok(Vec::new());
        }
        use __diesel_schema_migrations::dsl as m;
        load!(c, m::__diesel_schema_migrations.select(m::version).order(m::version.asc()))
    })
    .await
}

/// The one place where the two databases are asked different questions: each has its own catalogue.
async fn has_schema(c: &mut Conn<'_>) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let sql = match c {
        Conn::Sqlite(_) => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations') AS found"
        }
        Conn::Pg(_) => "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS found",
    };
    let found: Found = get_result!(c, diesel::sql_query(sql))?;
    Ok(found.found)
}

/// Checks that the database has exactly the migrations this program carries.
pub(crate) async fn require_current(db: &mut Db, url: &str) -> Result<()> {
    refuse_newer(db).await?;
    let (applied, embedded) = (applied(db).await?, embedded()?);
    match applied.last() {
        None => Err(StoreError::NotMigrated { url: redact(url) }),
        Some(found) if applied != embedded => Err(StoreError::SchemaTooOld {
            found: found.clone(),
            needed: embedded.last().cloned().unwrap_or_default(),
        }),
        Some(_) => Ok(()),
    }
}

/// Refuses a database with migrations that this program does not know.
pub(crate) async fn refuse_newer(db: &mut Db) -> Result<()> {
    let (applied, embedded) = (applied(db).await?, embedded()?);
    match applied.iter().find(|version| !embedded.contains(version)) {
        Some(found) => Err(StoreError::SchemaTooNew {
            found: found.clone(),
            known: embedded.last().cloned().unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

/// Applies what is missing and returns the names of what was applied. On PostgreSQL other processes wait meanwhile.
pub(crate) async fn apply(db: Db) -> Result<(Db, Vec<String>)> {
    match db {
        Db::Sqlite(mut lite) => {
            let names = lite
                .spawn_blocking(|c| {
                    // Exclusive: a second process that migrates at the same time waits, then finds nothing to do.
                    Ok(c.exclusive_transaction(|c| {
                        c.run_pending_migrations(MIGRATIONS)
                            .map(|versions| versions.iter().map(ToString::to_string).collect())
                            .map_err(|e| StoreError::Database(e.to_string()))
                    }))
                })
                .await??;
            Ok((Db::Sqlite(lite), names))
        }
        Db::Pg(pg) => {
            let mut pg = pg.connection;
            pg.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
            let mut harness = AsyncMigrationHarness::new(pg);
            let applied = harness
                .run_pending_migrations(MIGRATIONS)
                .map(|versions| versions.iter().map(ToString::to_string).collect())
                .map_err(|e| StoreError::Database(e.to_string()));
            let mut pg = harness.into_inner();
            pg.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await?;
            Ok((Db::Pg(Pg::new(pg)), applied?))
        }
    }
}
