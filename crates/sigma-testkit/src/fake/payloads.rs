//! Recorded bodies listed in a manifest, and a record of which were used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Reply;

#[derive(Deserialize)]
struct Manifest {
    payloads: Vec<Entry>,
}

/// One line of the manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// Relative to the folder, with `/`.
    pub file: String,
    pub http_status: u16,
    pub content_type: String,
}

/// A folder with `manifest.json`: `{"payloads": [{"file", "http_status", "content_type"}]}`.
///
/// Unknown names panic with the name: they are mistakes of the test.
pub struct Payloads {
    folder: PathBuf,
    entries: BTreeMap<String, Entry>,
    used: Mutex<BTreeSet<String>>,
}

impl Payloads {
    pub fn open(folder: impl AsRef<Path>) -> Result<Payloads> {
        let folder = folder.as_ref().to_owned();
        let path = folder.join("manifest.json");
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let manifest: Manifest = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        let entries = manifest.payloads.into_iter().map(|entry| (entry.file.clone(), entry)).collect();
        Ok(Payloads { folder, entries, used: Mutex::default() })
    }

    /// The recorded answer: body, status and content type.
    pub fn reply(&self, file: &str) -> Reply {
        let entry = self.entry(file);
        Reply::bytes(entry.http_status, &entry.content_type, self.bytes(file))
    }

    pub fn bytes(&self, file: &str) -> Vec<u8> {
        let path = self.folder.join(&self.entry(file).file);
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(file.to_owned());
        bytes
    }

    pub fn entry(&self, file: &str) -> &Entry {
        self.entries.get(file).unwrap_or_else(|| panic!("{file:?} is not in the manifest"))
    }

    /// Every file of the manifest below one of the folders.
    pub fn files(&self, folders: &[&str]) -> Vec<String> {
        let below = |file: &str| {
            let rest = |folder: &str| file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
            folders.iter().any(|folder| rest(folder))
        };
        self.entries.keys().filter(|file| below(file)).cloned().collect()
    }

    /// The files of those folders that nobody asked for.
    pub fn unused(&self, folders: &[&str]) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.files(folders).into_iter().filter(|file| !used.contains(file)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves_the_manifest_and_remembers_use() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir_all(folder.path().join("fmp/errors")).unwrap();
        write("fmp/empty.json", "[]");
        write("fmp/errors/402.txt", "Restricted");
        let entries =
            [("fmp/empty.json", 200, "application/json"), ("fmp/errors/402.txt", 402, "text/plain")];
        let lines = entries.map(|(file, status, kind)| {
            format!(r#"{{"file":"{file}","http_status":{status},"content_type":"{kind}"}}"#)
        });
        write("manifest.json", &format!(r#"{{"payloads":[{}]}}"#, lines.join(",")));

        let payloads = Payloads::open(folder.path()).unwrap();
        let reply = payloads.reply("fmp/errors/402.txt");
        assert_eq!((reply.status(), reply.body()), (402, &b"Restricted"[..]));
        assert_eq!(payloads.unused(&["fmp"]), ["fmp/empty.json"]);
        assert!(payloads.unused(&["fm", "fred"]).is_empty());
    }
}
