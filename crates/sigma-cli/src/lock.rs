//! One writing run at a time for a database.
//!
//! An advisory lock on a file beside the SQLite database, or for a server in the temporary folder, named by a hash of
//! the URL without password and parameters; so runs on different machines do not see each other. The operating
//! system frees the lock when the process ends, however it ends. The file itself stays: removing it would let two
//! runs lock two files of one name.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::exit::{ExitStatus, fail};
use crate::redact::redact_url;

const POLL: Duration = Duration::from_millis(100);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct RunLock {
    /// None for a database in memory: no other process can reach it.
    file: Option<File>,
}

impl RunLock {
    /// Takes the lock of a database, waiting for another run for at most `wait`. `holder` tells others who has it.
    pub async fn acquire(database_url: &str, wait: Duration, holder: &str) -> anyhow::Result<RunLock> {
        let Some(path) = lock_path(database_url) else {
            return Ok(RunLock { file: None });
        };
        let mut file = open(&path)?;
        let deadline = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => tokio::time::sleep(POLL).await,
                Err(TryLockError::WouldBlock) => return Err(held(database_url, &mut file)),
                Err(TryLockError::Error(err)) => {
                    return Err(err).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
        // Only for the message of another run; the lock holds without it.
        let note = format!("{holder}, process {}\n", std::process::id());
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes()));
        Ok(RunLock { file: Some(file) })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _ = file.set_len(0);
            let _ = file.unlock();
        }
    }
}

/// The file that stands for a database; none for a database in memory.
pub fn lock_path(database_url: &str) -> Option<PathBuf> {
    let Some(path) = sqlite_path(database_url) else {
        let shown = redact_url(database_url);
        let identity = shown.split(['?', '#']).next().unwrap_or_default();
        return Some(
            std::env::temp_dir().join(format!("sigma-{:016x}.lock.pid", fnv1a(identity.as_bytes()))),
        );
    };
    if path.is_empty() || path.starts_with(":memory:") {
        return None;
    }
    // One database, one lock: whichever way, or through whichever link, it is named.
    let path = Path::new(path);
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut name = path.file_name()?.to_os_string();
    name.push(".lock.pid");
    Some(path.with_file_name(name))
}

/// The path in `sqlite:PATH`, `sqlite://PATH`, `file:PATH?mode=..` or a bare path; none for a server.
fn sqlite_path(url: &str) -> Option<&str> {
    let path = match url.split_once(':') {
        Some(("sqlite" | "sqlite3" | "file", rest)) => rest.strip_prefix("//").unwrap_or(rest),
        _ if url.contains("://") => return None,
        _ => url,
    };
    Some(path.split('?').next().unwrap_or_default())
}

fn open(path: &Path) -> anyhow::Result<File> {
    // The temporary folder belongs to everybody: never write through a link somebody put there.
    if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        let message = format!("the lock file {} is a link", path.display());
        return Err(fail(ExitStatus::Failed, message, "remove it and run again"));
    }
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
    match opened {
        // Another user's file can still be locked.
        Err(err) if err.kind() == io::ErrorKind::PermissionDenied && path.exists() => File::open(path),
        other => other,
    }
    .map_err(|err| {
        let message = format!("cannot open the lock file {}: {err}", path.display());
        fail(ExitStatus::Failed, message, "the folder of the database must be there and writable")
    })
}

fn held(database_url: &str, file: &mut File) -> anyhow::Error {
    let mut holder = String::new();
    // Where locks are mandatory the note cannot be read; the message does without it.
    let _ = file.take(200).read_to_string(&mut holder);
    let holder = holder.trim();
    let by = if holder.is_empty() { "another run".to_string() } else { format!("another run ({holder})") };
    let message = format!("{} is locked by {by}", redact_url(database_url));
    fail(ExitStatus::Locked, message, "wait for it to end, or add --wait-lock 300")
}

/// FNV-1a, 64 bits: the same in every process and version, unlike the hasher of the standard library.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{error_lines, status_of};

    #[test]
    fn one_database_has_one_lock() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        std::fs::write(&database, "").unwrap();
        let path = database.to_str().unwrap();
        let expected = std::fs::canonicalize(folder.path()).unwrap().join("a.db.lock.pid");
        for url in [
            format!("sqlite:{path}"),
            format!("sqlite://{path}"),
            path.to_string(),
            format!("file:{path}?mode=rw"),
        ] {
            assert_eq!(lock_path(&url).as_ref(), Some(&expected), "{url}");
        }
        assert_eq!(lock_path("sqlite:sigma-none.db"), Some(PathBuf::from("sigma-none.db.lock.pid")));
        assert_eq!(lock_path("sqlite::memory:"), None);
    }

    #[test]
    fn servers_are_told_apart_without_their_passwords() {
        let lock = |url| lock_path(url).unwrap();
        assert_eq!(lock("postgres://a:one@h/d"), lock("postgres://a:two@h/d?sslmode=require"));
        assert_ne!(lock("postgres://a@h/d"), lock("postgres://a@h/e"));
        assert!(lock("postgres://a@h/d").starts_with(std::env::temp_dir()));
        // Published test vectors of FNV-1a.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[tokio::test]
    async fn a_second_run_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let first = RunLock::acquire(&url, Duration::ZERO, "sigma-sync run").await.unwrap();
        let err = RunLock::acquire(&url, Duration::ZERO, "sigma-greeks run").await.unwrap_err();
        assert_eq!(status_of(&err), ExitStatus::Locked);
        assert!(
            error_lines("t", &err).contains(&format!("(sigma-sync run, process {})", std::process::id()))
        );
        drop(first);
        drop(RunLock::acquire(&url, Duration::ZERO, "sigma-greeks run").await.unwrap());
    }

    #[tokio::test]
    async fn a_run_can_wait_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let first = RunLock::acquire(&url, Duration::ZERO, "first").await.unwrap();
        let waiting = RunLock::acquire(&url, Duration::from_secs(60), "second");
        let release = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(waiting, release);
        second.unwrap();
        let gone = RunLock::acquire("sqlite:/does/not/exist/a.db", Duration::ZERO, "x").await.unwrap_err();
        assert_eq!(status_of(&gone), ExitStatus::Failed);
    }
}
