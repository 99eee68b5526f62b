//! Where the answer goes: standard output, or a file that is whole or not there at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::exit::{ExitStatus, fail};
use crate::redact::mask_secrets;

/// Standard output or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    Stdout,
    File(PathBuf),
}

impl Destination {
    /// The place named by `-o`: no name and `-` are standard output.
    pub fn new(output: Option<&Path>) -> Destination {
        match output {
            Some(path) if path != Path::new("-") => Destination::File(path.to_path_buf()),
            _ => Destination::Stdout,
        }
    }

    /// Lets `produce` write the answer, however long. A reader that stops early is not an error.
    pub fn write_with(
        &self,
        produce: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Destination::Stdout => write_through(io::stdout().lock(), produce),
            Destination::File(path) => replace_file(path, produce),
        }
    }

    /// Writes text that is there already, without the secrets of this process.
    pub fn write_text(&self, text: &str) -> anyhow::Result<()> {
        self.write_with(|out| Ok(out.write_all(mask_secrets(text).as_bytes())?))
    }
}

/// Writes a file atomically: to a temporary file beside it, then synced and renamed. Text loses the secrets of this
/// process.
pub fn write_file_atomically(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    match std::str::from_utf8(bytes) {
        Ok(text) => replace_file(path, |out| Ok(out.write_all(mask_secrets(text).as_bytes())?)),
        Err(_) => replace_file(path, |out| Ok(out.write_all(bytes)?)),
    }
}

/// Remembers that the reader has gone: the error it causes may come back in any wrapping.
struct Pipe<W: Write> {
    inner: io::BufWriter<W>,
    is_closed: bool,
}

impl<W: Write> Pipe<W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_closed |= matches!(&result, Err(err) if err.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.note(result)
    }
}

fn write_through(
    out: impl Write,
    produce: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut pipe = Pipe { inner: io::BufWriter::new(out), is_closed: false };
    let result = produce(&mut pipe).and_then(|()| pipe.flush().context("cannot write to standard output"));
    if pipe.is_closed {
        // What is still buffered has no reader; dropping the writer would try once more.
        let _ = pipe.inner.into_parts();
        return Ok(());
    }
    result
}

fn replace_file(
    path: &Path,
    produce: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(fs::Metadata::is_dir) {
        let message = format!("cannot write {}: it is a folder", path.display());
        return Err(fail(ExitStatus::Usage, message, "give the name of a file after -o"));
    }
    // Devices and named pipes cannot be replaced, only written to.
    if old.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        let file = File::options().write(true).open(path);
        return write_through(file.with_context(|| format!("cannot write {}", path.display()))?, produce);
    }
    // A link stays a link: the file it points to is replaced.
    let target = if old.is_some() { fs::canonicalize(path)? } else { path.to_path_buf() };
    let (mut temporary, file) = Temporary::beside(&target)?;
    let mut out = io::BufWriter::new(file);
    let written = || format!("cannot write {}", path.display());
    produce(&mut out).with_context(written)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(written)?;
    if let Some(old) = old {
        file.set_permissions(old.permissions()).with_context(written)?;
    }
    file.sync_all().with_context(written)?;
    drop(file);
    fs::rename(&temporary.path, &target).with_context(written)?;
    temporary.is_done = true;
    Ok(())
}

/// A temporary file that goes away unless it was renamed.
struct Temporary {
    path: PathBuf,
    is_done: bool,
}

impl Temporary {
    fn beside(target: &Path) -> anyhow::Result<(Temporary, File)> {
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for attempt in 0..100 {
            let path = target.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
            match File::create_new(&path) {
                Ok(file) => return Ok((Temporary { path, is_done: false }, file)),
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
                Err(err) => {
                    let message = format!("cannot write {}: {err}", target.display());
                    let hint = "the folder must be there and writable: create it, or name another after -o";
                    return Err(fail(ExitStatus::Failed, message, hint));
                }
            }
        }
        anyhow::bail!("cannot write {}: too many temporary files beside it", target.display())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_hyphen_is_standard_output() {
        assert_eq!(Destination::new(None), Destination::Stdout);
        assert_eq!(Destination::new(Some(Path::new("-"))), Destination::Stdout);
        assert_eq!(Destination::new(Some(Path::new("a"))), Destination::File(PathBuf::from("a")));
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        for text in ["first, longer\n", "second\n"] {
            Destination::File(path.clone()).write_text(text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names(folder.path()), ["out.csv"]);
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        let result = Destination::File(path.clone()).write_with(|out| {
            out.write_all(b"half")?;
            anyhow::bail!("no more numbers")
        });
        assert!(result.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["out.csv"]);
    }

    #[test]
    fn a_missing_folder_is_named_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let err = write_file_atomically(&folder.path().join("none/out.csv"), b"x").unwrap_err();
        assert!(err.to_string().contains("out.csv"));
        assert!(crate::exit::hint_of(&err).is_some());
        let err = write_file_atomically(folder.path(), b"x").unwrap_err();
        assert_eq!(crate::exit::status_of(&err), ExitStatus::Usage);
    }

    #[cfg(unix)]
    #[test]
    fn links_modes_and_devices_are_respected() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_file_atomically(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        write_file_atomically(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_not_an_error_and_others_are() {
        write_through(Closed, |out| Ok(out.write_all(&[b'x'; 100_000])?)).unwrap();
        write_through(Closed, |out| Ok(out.write_all(b"short")?)).unwrap();
        // Wrapped by a library on its way up.
        write_through(Closed, |out| {
            out.write_all(&[b'x'; 100_000]).map_err(|err| anyhow::anyhow!("csv: {err}"))
        })
        .unwrap();
        assert!(write_through(Closed, |_| anyhow::bail!("other")).is_err());
    }
}
