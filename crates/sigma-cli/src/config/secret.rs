//! Keys of providers: what one may look like, and files that only their owner may read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::exit::ToolError;

/// Bytes; a file that holds more holds no key.
const LONGEST: u64 = 4096;

/// The key in a file whose path stands in the variable `name`. On Unix the file must be closed to group and others.
pub(super) fn read_key_file(name: &str, path: &str) -> Result<String, ToolError> {
    let cannot_read = |err: std::io::Error| {
        // A key put there by mistake would be shown as the path.
        let shown = if Path::new(path).exists() { format!(" {path}") } else { String::new() };
        ToolError::usage(format!("cannot read the key file{shown} named by {name}: {err}"))
            .hint(format!("{name} holds the path of a file; correct or unset it"))
    };
    let file = File::open(path).map_err(cannot_read)?;
    // Asked of the open file: the path could name another one by now.
    let metadata = file.metadata().map_err(cannot_read)?;
    if metadata.is_dir() {
        let message = format!("key file {path} (from {name}) is a folder, not a file with a key");
        return Err(
            ToolError::usage(message).hint(format!("{name} holds the path of a file; correct or unset it"))
        );
    }
    if let Some(mode) = loose_mode(&metadata) {
        let message =
            format!("key file {path} (from {name}) has mode {mode:04o}: others than its owner can use it");
        return Err(ToolError::usage(message).hint(format!("chmod 600 {path}")));
    }
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(cannot_read)?;
    if text.len() as u64 > LONGEST {
        return Err(ToolError::usage(format!("key file {path} (from {name}) is too long for a key"))
            .hint("the file holds the key and nothing else"));
    }
    if text.trim().is_empty() {
        return Err(ToolError::usage(format!("key file {path} (from {name}) is empty"))
            .hint("write the key into it, and nothing else"));
    }
    Ok(text)
}

/// The permissions of a file when group or others have any.
#[cfg(unix)]
pub(super) fn loose_mode(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode();
    (mode & 0o077 != 0).then_some(mode & 0o7777)
}

#[cfg(not(unix))]
pub(super) fn loose_mode(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// Whether a text can be a key: one word of printable ASCII, which is what a header can carry.
pub(super) fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
