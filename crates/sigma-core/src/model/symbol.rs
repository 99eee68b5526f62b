//! Symbols by their spelling alone.
//!
//! | canonical | also written |
//! |---|---|
//! | `BRK.B` share class | `BRK-B`, `brk/b` |
//! | `KIM.PL` preferred share | `KIM-PL`, `KIM/PRL` |
//! | `SPY250919P00500000` option | `O:SPY250919P00500000`, `SPY   250919P00500000` |
//! | `SPX` index | `^SPX`, `$SPX`, `I:SPX` |

use super::instrument::{Instrument, parse_occ};

/// Longest symbol that is made of what somebody wrote.
const LONGEST: usize = 32;

/// Fewest characters of an option symbol, and fewest digits at its end, from which a text means to be one.
const OPTION_LIKE: (usize, usize) = (15, 6);

/// The canonical form of a symbol that somebody wrote; what is none stays as it is, in capitals.
pub fn traded_symbol(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    let bare = upper.strip_prefix("O:").or_else(|| upper.strip_prefix("I:")).unwrap_or(&upper);
    if parse_occ(bare).is_some() {
        return bare.chars().filter(|c| !c.is_whitespace()).collect();
    }
    if let Some(index) = bare.strip_prefix(['^', '$']).filter(|rest| Instrument::is_index(rest)) {
        return index.to_owned();
    }
    let classed = bare.rsplit_once(['/', '-']).and_then(|(root, class)| {
        let is_share = !root.is_empty() && is_upper(root);
        is_share.then(|| series(class).map(|class| format!("{root}.{class}")))?
    });
    classed.unwrap_or_else(|| bare.to_owned())
}

/// A share class, one letter, or a series of preferred shares, `P` or `PR` and a letter.
fn series(text: &str) -> Option<String> {
    let letter = match text.len() {
        1 => return is_upper(text).then(|| text.to_owned()),
        2 => text.strip_prefix('P')?,
        3 => text.strip_prefix("PR")?,
        _ => return None,
    };
    is_upper(letter).then(|| format!("P{letter}"))
}

fn is_upper(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether a text can be a symbol: letters, digits and `. - _ ^ =`, a letter or digit first. Spreadsheets take what
/// begins with other signs for a formula.
pub fn is_symbol(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_^=".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= LONGEST
        && text.chars().all(allowed)
}

/// Whether a text means to be an option symbol and is none: long, with digits at its end, of no date or strike there is.
pub fn is_malformed_option(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = compact.bytes().rev().take_while(u8::is_ascii_digit).count();
    compact.len() >= OPTION_LIKE.0 && digits >= OPTION_LIKE.1 && parse_occ(&compact).is_none()
}

/// Whether a symbol reads like an open-end fund of the United States: five letters that end in X.
pub fn is_fund_like(symbol: &str) -> bool {
    symbol.len() == 5 && symbol.ends_with('X') && is_upper(symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_brokers_and_providers_are_one_symbol() {
        for (text, symbol) in [
            (" aapl ", "AAPL"),
            ("BRK-B", "BRK.B"),
            ("brk/b", "BRK.B"),
            ("A B", "A B"),
            ("brk.b", "BRK.B"),
            ("KIM-PL", "KIM.PL"),
            ("KIM/PRL", "KIM.PL"),
            ("BTC-USD", "BTC-USD"),
            ("O:SPY250919P00500000", "SPY250919P00500000"),
            ("spy   250919c00460000", "SPY250919C00460000"),
            ("^spx", "SPX"),
            ("I:VIX", "VIX"),
            ("=A-B", "=A-B"),
            ("", ""),
        ] {
            assert_eq!(traded_symbol(text), symbol, "{text}");
        }
    }

    #[test]
    fn what_no_symbol_is_is_told() {
        for text in ["AAPL", "BRK.B", "BTC-USD", "ES=F", "3M"] {
            assert!(is_symbol(text) && !is_malformed_option(text), "{text}");
        }
        for text in ["", "=CMD", "-A", "@A", "^X", "A B", "A;B", "ABC\u{e9}", &"A".repeat(33)] {
            assert!(!is_symbol(text), "{text}");
        }
        for text in ["AAPL250631C00500000", "SPY250919C00000000", "SPY250919X00460000", "AAPL250919C0050000"]
        {
            assert!(is_malformed_option(text), "{text}");
        }
        assert!(!is_malformed_option("AAPL250919C00500000"));
        assert!(is_fund_like("VFIAX") && !is_fund_like("NFLX") && !is_fund_like("AB1CX"));
    }
}
