//! Where a filter reads from: a file, or standard input when something is piped into it.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use crate::exit::{ExitStatus, ToolError, fail};

/// Opens the input of a filter: no name and `-` are standard input, which must not be a terminal unless `-` asks for it.
pub fn open_input(file: Option<&Path>) -> anyhow::Result<Box<dyn Read>> {
    match file {
        None if io::stdin().is_terminal() => Err(ToolError::usage("no input: standard input is a terminal")
            .hint("name a FILE, or pipe CSV into the command")
            .into()),
        Some(path) if path != Path::new("-") => {
            let file = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
                true => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
                false => Ok(file),
            });
            let message = |error| format!("cannot read {}: {error}", path.display());
            Ok(Box::new(file.map_err(|error| {
                fail(
                    ExitStatus::Usage,
                    message(error),
                    "give the name of a CSV file, or - for standard input",
                )
            })?))
        }
        _ => Ok(Box::new(io::stdin().lock())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::status_of;

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none.csv"), folder.path().to_path_buf()] {
            let error = open_input(Some(&path)).err().unwrap();
            assert_eq!(status_of(&error), ExitStatus::Usage);
            assert!(error.to_string().contains(&*path.to_string_lossy()));
        }
    }
}
