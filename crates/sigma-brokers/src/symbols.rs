//! Symbols in the spelling of brokers, as canonical symbols.
//!
//! | canonical | Schwab, thinkorswim | Interactive Brokers | Fidelity | trackers |
//! |---|---|---|---|---|
//! | `BRK.B` share class | `BRK/B` | `BRK B` | `BRKB` | `BRK-B` |
//! | `KIM.PL` preferred share | `KIM/PRL` | `KIM PRL` | | |
//! | `SPX` index | `$SPX` | `SPX` | | `^SPX` |

use sigma_core::model::class_share_of;

/// Longest symbol.
pub const MAX_SYMBOL_LENGTH: usize = 100;

/// A symbol that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    #[error("there is no symbol")]
    Missing,
    #[error("the symbol is longer than {MAX_SYMBOL_LENGTH} characters")]
    TooLong,
    #[error("\"{0}\" is not a symbol: letters, digits and . - _ only, a letter or digit first")]
    Malformed(String),
}

/// The canonical form: capitals, share classes after a point.
pub fn canonical(text: &str) -> Result<String, SymbolError> {
    let bare = text.trim().trim_end_matches('*').trim_start_matches(['$', '^']).trim();
    if bare.is_empty()
        || bare.eq_ignore_ascii_case("n/a")
        || bare.chars().all(|c| "-._\u{2013}\u{2014}".contains(c))
    {
        return Err(SymbolError::Missing);
    }
    if bare.chars().count() > MAX_SYMBOL_LENGTH {
        return Err(SymbolError::TooLong);
    }
    let symbol = bare.to_ascii_uppercase();
    let symbol = match symbol.rsplit_once(['/', '-', ' ', '.']) {
        // The trackers' spelling of a series of preferred shares: `KIM-PL`.
        Some((root, series)) if series.len() == 2 && series.starts_with('P') && symbol.contains('-') => {
            format!("{root}.{series}")
        }
        Some((root, class)) if !root.trim().is_empty() && is_class(class) => {
            let series = class.strip_prefix("PR").map(|series| format!("P{series}"));
            format!("{}.{}", root.trim(), series.as_deref().unwrap_or(class))
        }
        _ => symbol,
    };
    let begins = symbol.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && symbol.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
        Ok(symbol)
    } else {
        Err(SymbolError::Malformed(bare.to_owned()))
    }
}

/// A symbol of an export of our own: as it is stored, without the mark that keeps spreadsheets from taking it for a
/// formula.
pub fn literal(text: &str) -> Result<String, SymbolError> {
    let symbol = unguarded(text.trim());
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_^=".contains(c);
    match symbol.chars().count() {
        0 => Err(SymbolError::Missing),
        length if length > MAX_SYMBOL_LENGTH => Err(SymbolError::TooLong),
        _ if symbol.chars().all(allowed) => Ok(symbol.to_owned()),
        _ => Err(SymbolError::Malformed(symbol.to_owned())),
    }
}

/// Without the apostrophe before what looks like a formula.
pub fn unguarded(text: &str) -> &str {
    let guarded = text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    guarded.unwrap_or(text)
}

/// The canonical form in files that leave out the point of share classes.
pub fn canonical_without_points(text: &str) -> Result<String, SymbolError> {
    let with_class = |symbol: &str| class_share_of(symbol).map(str::to_owned);
    canonical(text).map(|symbol| with_class(&symbol).or_else(|| with_series(&symbol)).unwrap_or(symbol))
}

/// `KIMPRL` is the series L of preferred shares of KIM: no ordinary share has six letters.
fn with_series(symbol: &str) -> Option<String> {
    let (root, letter) = symbol.split_at_checked(symbol.len().checked_sub(1)?)?;
    let root = root.strip_suffix("PR").filter(|root| root.len() >= 3)?;
    letter.bytes().all(|byte| byte.is_ascii_uppercase()).then(|| format!("{root}.P{letter}"))
}

/// `B`, or a series of preferred shares: `PRL`.
fn is_class(text: &str) -> bool {
    let letter = |text: &str| text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    letter(text) || text.strip_prefix("PR").is_some_and(letter)
}

/// Whether a row of this name is cash, when its price is 1: there are shares of the symbols too.
pub fn is_cash_name(text: &str) -> bool {
    let name = text.trim().trim_start_matches('$').replace('.', "");
    let names = ["cash", "usd", "us dollar", "us dollars", "us_dollar"];
    names.iter().any(|cash| name.eq_ignore_ascii_case(cash))
}

/// Five letters that end in XX: a money market fund, by the exchange's convention for fund symbols.
pub fn is_money_market(symbol: &str) -> bool {
    symbol.len() == 5 && symbol.ends_with("XX") && symbol.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Nine characters of the CUSIP alphabet with at least three digits, the last of them a digit.
pub fn is_cusip(symbol: &str) -> bool {
    let digits = symbol.bytes().filter(u8::is_ascii_digit).count();
    symbol.len() == 9
        && symbol.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && digits >= 3
        && symbol.as_bytes()[..3].iter().any(u8::is_ascii_digit)
}

/// A symbol made of a name, for holdings without ticker: `VANGUARD_TARGET_2040`.
pub fn from_name(name: &str) -> Option<String> {
    let mut symbol = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            symbol.push(c.to_ascii_uppercase());
        } else if !symbol.is_empty() && !symbol.ends_with('_') {
            symbol.push('_');
        }
    }
    symbol.truncate(MAX_SYMBOL_LENGTH);
    let symbol = symbol.trim_end_matches('_').to_owned();
    (!symbol.is_empty()).then_some(symbol)
}
