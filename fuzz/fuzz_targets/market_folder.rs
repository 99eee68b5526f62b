//! Any bytes as each file of a folder of market data; the first byte chooses the file.
#![no_main]

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;
use sigma_providers::folder::{FILES, Folder, Wanted};
use tempfile::TempDir;

fn folder() -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| TempDir::new().expect("a temporary folder")).path().to_owned()
}

fuzz_target!(|bytes: &[u8]| {
    let [which, content @ ..] = bytes else { return };
    let file = FILES[usize::from(*which) % FILES.len()];
    let path = folder();
    std::fs::write(path.join(file), content).expect("writable");
    let day = |year| NaiveDate::from_ymd_opt(year, 1, 1).expect("a calendar date");
    let symbols: HashSet<String> = ["SPY", "DGS3MO", "A"].map(str::to_owned).into();
    let wanted = Wanted { symbols, from: day(1990), to: day(2035) };
    let folder = Folder::open(&path).expect("a folder");
    if let Ok(Some(offer)) = folder.prices(&wanted) {
        for bar in offer.rows.values().flatten() {
            assert!(wanted.from <= bar.date && bar.date <= wanted.to);
        }
    }
    let _ = (folder.options(&wanted), folder.splits(&wanted), folder.dividends(&wanted));
    let _ = (folder.securities(&wanted.symbols), folder.rates(wanted.from, wanted.to));
    std::fs::remove_file(path.join(file)).expect("removable");
});
