//! Bytes to text: byte order mark, UTF-16, UTF-8, else windows-1252 with a warning.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::problem::Problem;

/// Bytes looked at to tell UTF-16 without a byte order mark.
const PROBE: usize = 512;

/// The text of a file, and whether it had to be guessed.
pub fn decode(bytes: &[u8]) -> Result<(String, Option<Problem>), Box<Problem>> {
    let (encoding, body) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None => (utf16_without_mark(bytes).unwrap_or(UTF_8), bytes),
    };
    let (text, malformed) = encoding.decode_without_bom_handling(body);
    let (text, warning) = match malformed {
        false => (text.into_owned(), None),
        true if encoding == UTF_8 => {
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(body);
            (text.into_owned(), Some(Problem::of_file("ERR_CSV_008", "not UTF-8; read as windows-1252")))
        }
        true => {
            return Err(Problem::of_file("ERR_CSV_006", format!("not valid {}", encoding.name())).into());
        }
    };
    if text.contains('\0') {
        return Err(Problem::of_file("ERR_CSV_002", "the file is not text").into());
    }
    Ok((text, warning))
}

/// Text of ASCII letters in UTF-16 has a zero in every other byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let probe = &bytes[..bytes.len().min(PROBE)];
    let zeros = |odd: usize| probe.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let most = probe.len() * 2 / 5;
    match (zeros(0), zeros(1)) {
        (0, low) if low > 0 && low >= most => Some(UTF_16LE),
        (high, 0) if high > 0 && high >= most => Some(UTF_16BE),
        _ => None,
    }
}
