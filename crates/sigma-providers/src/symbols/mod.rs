//! Symbols as each provider spells them, and symbols that have changed.
//!
//! | canonical | Polygon | FMP, Tiingo, Yahoo |
//! |---|---|---|
//! | `BRK.B` share class | `BRK.B` | `BRK-B` |
//! | `KIM.PL` preferred share | `KIMpL` | `KIM-PL` |
//! | `VIX`, `SPX` index | `I:VIX`, `I:SPX` | `^VIX`, `^GSPC` (Tiingo has none) |
//! | `SPY250919C00460000` option | `O:SPY250919C00460000` | |

mod rename;

pub use rename::{Rename, Span, names_between, renamed_on};
pub use sigma_core::model::is_fund_like;
use sigma_core::model::{Instrument, InstrumentKind};

/// How a provider spells symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Classes after a point, indices after `I:`.
    Polygon,
    /// Classes after a dash, indices after `^`.
    Dash,
}

/// Indices whose symbol with a caret is another one.
const CARET_NAMES: [(&str, &str); 3] = [("SPX", "GSPC"), ("DJX", "DJI"), ("XSP", "XSP")];

/// A canonical symbol in a provider's spelling.
pub fn spell(symbol: &str, kind: Option<InstrumentKind>, dialect: Dialect) -> String {
    let is_index = kind == Some(InstrumentKind::Index) || Instrument::is_volatility_index(symbol);
    match (dialect, is_index, symbol.rsplit_once('.')) {
        (Dialect::Polygon, true, _) => format!("I:{symbol}"),
        (Dialect::Dash, true, _) => {
            let name =
                CARET_NAMES.iter().find(|(known, _)| *known == symbol).map_or(symbol, |(_, name)| name);
            format!("^{name}")
        }
        (Dialect::Polygon, false, Some((root, suffix))) if is_preferred(suffix) => {
            format!("{root}p{}", &suffix[1..])
        }
        (Dialect::Dash, false, Some((root, suffix))) => format!("{root}-{suffix}"),
        _ => symbol.to_owned(),
    }
}

/// A provider's spelling as canonical symbol.
pub fn canonical(spelled: &str, dialect: Dialect) -> String {
    let spelled = spelled.trim();
    match dialect {
        Dialect::Polygon => {
            let bare = spelled.strip_prefix("I:").or_else(|| spelled.strip_prefix("O:")).unwrap_or(spelled);
            match bare.rsplit_once('p') {
                Some((root, series))
                    if series.len() <= 1 && is_upper(root) && (series.is_empty() || is_upper(series)) =>
                {
                    format!("{root}.P{series}")
                }
                _ => bare.to_ascii_uppercase(),
            }
        }
        Dialect::Dash => match spelled.strip_prefix('^') {
            Some(index) => {
                let known = CARET_NAMES.iter().find(|(_, name)| *name == index);
                known.map_or(index, |(symbol, _)| symbol).to_ascii_uppercase()
            }
            None => spelled.to_ascii_uppercase().replace('-', "."),
        },
    }
}

/// Whether a symbol can be one of a quoted security. Brokers list cash funds with asterisks (`SPAXX**`) and bonds by
/// their nine characters of CUSIP (`912828YK0`): no provider knows these.
pub fn is_ticker_like(symbol: &str) -> bool {
    let is_alphanumeric = symbol.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_cusip = symbol.len() == 9 && is_alphanumeric && symbol.bytes().any(|b| b.is_ascii_digit());
    !symbol.is_empty() && !symbol.contains('*') && !is_cusip
}

fn is_preferred(suffix: &str) -> bool {
    suffix.len() == 2 && suffix.starts_with('P')
}

fn is_upper(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_comes_back() {
        let index = Some(InstrumentKind::Index);
        for (symbol, kind, polygon, dash) in [
            ("AAPL", None, "AAPL", "AAPL"),
            ("BRK.B", None, "BRK.B", "BRK-B"),
            ("KIM.PL", None, "KIMpL", "KIM-PL"),
            ("SPX", index, "I:SPX", "^GSPC"),
            ("VIX", None, "I:VIX", "^VIX"),
            ("VFIAX", Some(InstrumentKind::MutualFund), "VFIAX", "VFIAX"),
        ] {
            assert_eq!(spell(symbol, kind, Dialect::Polygon), polygon);
            assert_eq!(spell(symbol, kind, Dialect::Dash), dash);
            assert_eq!(canonical(polygon, Dialect::Polygon), symbol);
            assert_eq!(canonical(dash, Dialect::Dash), symbol);
        }
        assert_eq!(canonical("O:SPY250919C00460000", Dialect::Polygon), "SPY250919C00460000");
        assert_eq!(canonical(" brk-b ", Dialect::Dash), "BRK.B");
    }

    #[test]
    fn funds_by_their_five_letters() {
        assert!(is_fund_like("VFIAX"));
        for symbol in ["GOOGL", "SPXX", "VF1AX", "spaxx"] {
            assert!(!is_fund_like(symbol), "{symbol}");
        }
    }

    #[test]
    fn what_no_provider_knows() {
        for symbol in ["AAPL", "BRK.B", "KIM.PL", "VFIAX", "VIX", "SPY250919C00460000", "X"] {
            assert!(is_ticker_like(symbol), "{symbol}");
        }
        for symbol in ["SPAXX**", "FDRXX**", "912828YK0", "037833100", "38141GXZ2", ""] {
            assert!(!is_ticker_like(symbol), "{symbol}");
        }
    }
}
