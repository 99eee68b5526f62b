//! A file: its bytes, their hash, what its reader makes of them, and the remarks of our own exports.

use std::io::Read;
use std::path::Path;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use sigma_brokers::{MAX_BYTES, Options, Reading};

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Without folders.
    pub file_name: String,
    /// 64 hexadecimal digits.
    pub sha256: String,
    pub reading: Reading,
    pub remarks: Remarks,
}

/// What `sigma-seed export` writes above the header, since the template has no columns for it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Remarks {
    pub as_of: Option<NaiveDate>,
    pub cash: Option<f64>,
}

/// Beginnings of the remarks.
pub const AS_OF_REMARK: &str = "# as of: ";
pub const CASH_REMARK: &str = "# cash: ";
/// Lines that remarks are looked for in.
const REMARKS_WITHIN: usize = 64;

/// Reads a file; one byte more than allowed is enough to know that it is too large.
pub fn read(mut file: impl Read, path: &Path, options: &Options<'_>) -> std::io::Result<Source> {
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let file_name = name.filter(|name| name != "-").unwrap_or_else(|| "stdin".to_owned());
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let remarks = remarks(&bytes);
    let options = Options { as_of: options.as_of.or(remarks.as_of), ..*options };
    let reading = sigma_brokers::read(&bytes, &file_name, &options);
    Ok(Source { file_name, sha256, reading, remarks })
}

fn remarks(bytes: &[u8]) -> Remarks {
    let mut found = Remarks::default();
    for line in bytes.split(|byte| *byte == b'\n').take(REMARKS_WITHIN) {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let line = line.trim().trim_start_matches('\u{feff}').trim_start_matches('"');
        if let Some(text) = line.strip_prefix(AS_OF_REMARK) {
            found.as_of = written(text).parse().ok();
        }
        if let Some(text) = line.strip_prefix(CASH_REMARK) {
            let cash = written(text).parse::<f64>().ok();
            found.cash = cash.filter(|cash| cash.is_finite());
        }
    }
    found
}

/// The value of a remark; spreadsheets fill its line up with commas and may quote it.
fn written(text: &str) -> &str {
    text.trim_end_matches([',', '"', ' ']).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_survive_a_spreadsheet() {
        let text = b"\xef\xbb\xbf# as of: 2025-06-30,,,\r\n\"# cash: -12.5\",,\r\nSymbol,Quantity\n";
        let found = remarks(text);
        assert_eq!((found.as_of, found.cash), (NaiveDate::from_ymd_opt(2025, 6, 30), Some(-12.5)));
        assert_eq!(remarks(b"# cash: much\nSymbol"), Remarks::default());
    }
}
