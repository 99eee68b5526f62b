//! A PostgreSQL server of one's own for a test: started on a free loopback port, gone with the value.
//!
//! # What this module does not do
//! It installs nothing and touches no server that it did not start, except the one named by `TEST_DATABASE_URL`, in
//! which it creates databases with names of their own.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// Names a server to use instead of a private one: a URL of a database in which databases may be created.
pub const URL_VARIABLE: &str = "TEST_DATABASE_URL";
/// Set to 1 where there is no PostgreSQL: its tests are then skipped, visibly.
pub const SQLITE_ONLY_VARIABLE: &str = "SIGMA_TEST_SQLITE_ONLY";

const INSTALL: &str = "PostgreSQL server programs (initdb, pg_ctl, postgres) were not found on PATH or in \
    /usr/lib/postgresql/*/bin. Install them (Debian and Ubuntu: `apt-get install postgresql`; macOS: `brew install \
    postgresql@16`), or name a server in TEST_DATABASE_URL, or set SIGMA_TEST_SQLITE_ONLY=1 to skip these tests";

/// A server for tests. Stopped and removed on drop, also when a test panics.
pub struct PrivateServer {
    /// URL up to the database name.
    base: String,
    query: String,
    /// Database to connect to for creating others.
    maintenance: String,
    created: Mutex<Vec<String>>,
    private: Option<Private>,
}

struct Private {
    bin: PathBuf,
    user: Option<&'static str>,
    dir: TempDir,
}

impl PrivateServer {
    /// The server to test against; `None` when PostgreSQL tests are switched off. Fails when there is no PostgreSQL.
    pub fn start() -> Result<Option<PrivateServer>> {
        if variable(SQLITE_ONLY_VARIABLE).is_some_and(|value| value == "1") {
            tell(&format!("SKIPPED on PostgreSQL: {SQLITE_ONLY_VARIABLE}=1"));
            return Ok(None);
        }
        match variable(URL_VARIABLE).filter(|url| !url.is_empty()) {
            Some(url) => PrivateServer::named(&url).map(Some),
            None => PrivateServer::private().map(Some),
        }
    }

    fn named(url: &str) -> Result<PrivateServer> {
        let (url, query) = url.split_once('?').map_or((url, String::new()), |(u, q)| (u, format!("?{q}")));
        let (base, name) = url.rsplit_once('/').context("TEST_DATABASE_URL names no database")?;
        let (base, maintenance) = (base.to_owned(), name.to_owned());
        Ok(PrivateServer { base, query, maintenance, created: Mutex::default(), private: None })
    }

    fn private() -> Result<PrivateServer> {
        let bin = programs().context(INSTALL)?;
        let dir = TempDir::with_prefix("sigma-postgres-")?;
        let user = server_user()?;
        if let Some(user) = user {
            run(Command::new("chown").arg(user).arg(dir.path()))?;
        }
        let private = Private { bin, user, dir };
        let data = private.dir.path().join("data");
        run(private
            .command("initdb")
            .args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data))?;
        let port = private.boot(&data)?;
        Ok(PrivateServer {
            base: format!("postgres://postgres@127.0.0.1:{port}"),
            query: String::new(),
            maintenance: "postgres".to_owned(),
            created: Mutex::default(),
            private: Some(private),
        })
    }

    /// Creates an empty database and returns its URL.
    pub fn create_database(&self) -> Result<String> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("sigma_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        execute(&self.url(&self.maintenance), &format!("CREATE DATABASE {name}"))?;
        self.created.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        Ok(self.url(&name))
    }

    fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.query)
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        // A private server goes with all its databases; a named one must be left as it was found.
        if self.private.is_none() {
            for name in self.created.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
                let maintenance = format!("{}/{}{}", self.base, self.maintenance, self.query);
                let _ = execute(&maintenance, &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
        }
    }
}

/// Runs one statement on a connection of its own. In a thread, because callers may be inside a runtime already.
pub fn execute(url: &str, sql: &str) -> Result<()> {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    let work = move || -> Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
            let driver = tokio::spawn(connection);
            client.batch_execute(&sql).await.with_context(|| sql.clone())?;
            drop(client);
            Ok(driver.await??)
        })
    };
    std::thread::spawn(work).join().map_err(|_| anyhow::anyhow!("the database thread panicked"))?
}

impl Private {
    /// Starts the server on a port that was free a moment ago; another one when somebody was quicker.
    fn boot(&self, data: &Path) -> Result<u16> {
        let mut last = None;
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let options = format!(
                "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
                 -c full_page_writes=off -c synchronous_commit=off"
            );
            let started = run(self
                .command("pg_ctl")
                .args(["start", "-w", "-t", "60", "-o", &options, "-l"])
                .arg(self.dir.path().join("log"))
                .arg("-D")
                .arg(data));
            match started {
                Ok(()) => return Ok(port),
                Err(error) => last = Some(error),
            }
        }
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt")).context(format!("server log:\n{log}")))
    }

    /// A server program, run as the user who may run it.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(self.dir.path());
        command
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let data = self.dir.path().join("data");
        if data.join("postmaster.pid").exists() {
            // Nothing can be done about a failure here; the directory goes with its TempDir either way.
            let _ = run(self.command("pg_ctl").args(["stop", "-m", "immediate", "-w", "-D"]).arg(&data));
        }
    }
}

/// Folder of the server programs: of PATH, else the newest of Debian's.
fn programs() -> Option<PathBuf> {
    let complete = |dir: &Path| ["initdb", "pg_ctl", "postgres"].iter().all(|name| dir.join(name).exists());
    let path = variable("PATH").unwrap_or_default();
    if let Some(dir) = std::env::split_paths(&path).find(|dir| complete(dir)) {
        return Some(dir);
    }
    let version = |dir: &PathBuf| dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut versions: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.sort_by_key(version);
    versions.into_iter().rev().map(|dir| dir.join("bin")).find(|dir| complete(dir))
}

/// PostgreSQL refuses to run as root: somebody else to run it as, when we are root.
fn server_user() -> Result<Option<&'static str>> {
    let id = |arguments: &[&str]| Command::new("id").args(arguments).output();
    if id(&["-u"])?.stdout != b"0\n" {
        return Ok(None);
    }
    for user in ["postgres", "nobody"] {
        if id(&["-u", user])?.status.success() {
            return Ok(Some(user));
        }
    }
    bail!("running as root, and there is no user `postgres` or `nobody` to run the server as")
}

/// Runs a program to its end. Its output goes to files, not pipes: the server that pg_ctl leaves behind would keep a
/// pipe open.
fn run(command: &mut Command) -> Result<()> {
    let errors = tempfile::NamedTempFile::new()?;
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors.reopen()?)
        .status()
        .with_context(|| format!("cannot run {command:?}"))?;
    let output = Output { status, stdout: Vec::new(), stderr: fs::read(errors.path())? };
    match output.status.success() {
        true => Ok(()),
        false => bail!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment which server to use")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn tell(message: &str) {
    eprintln!("{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_databases_go_when_dropped() {
        let Some(server) = PrivateServer::start().unwrap() else { return };
        let url = server.create_database().unwrap();
        execute(&url, "CREATE TABLE t (x INTEGER)").unwrap();

        let named = PrivateServer::named(&url).unwrap();
        let second = named.create_database().unwrap();
        execute(&second, "SELECT 1").unwrap();
        drop(named);
        assert!(execute(&second, "SELECT 1").is_err(), "a named server is left as it was found");
        execute(&url, "SELECT x FROM t").unwrap();

        let dir = server.private.as_ref().map(|private| private.dir.path().to_owned());
        drop(server);
        if let Some(dir) = dir {
            assert!(execute(&url, "SELECT 1").is_err() && !dir.exists());
        }
    }
}
