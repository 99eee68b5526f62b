//! What the root of an option symbol tells: the underlying, the style of exercise, and what a contract delivers.

use super::instrument::{ExerciseStyle, exercise_style_of};

/// What one contract delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deliverable {
    /// A hundred shares, or a hundred times the index.
    Standard,
    /// Ten shares, which a 7 behind the root marks.
    Mini,
    /// Something else since a corporate action, which another digit behind the root marks.
    Adjusted,
}

/// A root, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionRoot {
    /// Canonical symbol.
    pub underlying: String,
    pub style: ExerciseStyle,
    pub deliverable: Deliverable,
    /// A digit before the root: terms agreed between two parties.
    pub is_flex: bool,
}

/// Roots of further series on an index, the one that settles in the afternoon first.
const INDEX_SERIES: [(&str, &str); 5] =
    [("SPXW", "SPX"), ("NDXP", "NDX"), ("RUTW", "RUT"), ("VIXW", "VIX"), ("XEO", "OEX")];

/// Spellings that leave out the point of a share class, as roots do. A table, since `V` and `VB` are two shares: no rule
/// can tell.
const CLASS_SHARES: [(&str, &str); 10] = [
    ("BRKA", "BRK.A"),
    ("BRKB", "BRK.B"),
    ("BFA", "BF.A"),
    ("BFB", "BF.B"),
    ("LENB", "LEN.B"),
    ("HEIA", "HEI.A"),
    ("MOGA", "MOG.A"),
    ("MOGB", "MOG.B"),
    ("UHALB", "UHAL.B"),
    ("CWENA", "CWEN.A"),
];

/// Reads a root in capitals.
pub fn option_root(root: &str) -> OptionRoot {
    let letters = root.trim_matches(|c: char| c.is_ascii_digit());
    let deliverable = match root.bytes().last() {
        Some(b'7') => Deliverable::Mini,
        Some(b'0'..=b'9') => Deliverable::Adjusted,
        _ => Deliverable::Standard,
    };
    OptionRoot {
        underlying: underlying_of_root(letters),
        // By the root: of the contracts on OEX only the series XEO is European.
        style: exercise_style_of(letters),
        deliverable,
        is_flex: root.starts_with(|c: char| c.is_ascii_digit()),
    }
}

/// The symbol of what a root without digits is written on.
pub fn underlying_of_root(root: &str) -> String {
    let index = INDEX_SERIES.iter().find(|(series, _)| *series == root).map(|(_, index)| *index);
    index.or_else(|| class_share_of(root)).unwrap_or(root).to_owned()
}

/// The share class that is meant by a spelling without its point.
pub fn class_share_of(spelled: &str) -> Option<&'static str> {
    CLASS_SHARES.iter().find(|(known, _)| *known == spelled).map(|(_, symbol)| *symbol)
}

/// The root of the afternoon-settled series beside the standard one of an index.
pub fn series_of_index(index: &str) -> Option<&'static str> {
    let found = INDEX_SERIES.iter().find(|(series, of)| *of == index && *series != "XEO");
    found.map(|(series, _)| *series)
}

impl Deliverable {
    /// Units of the underlying in one contract, as far as the root tells.
    pub fn multiplier(self) -> f64 {
        match self {
            Deliverable::Mini => 10.0,
            Deliverable::Standard | Deliverable::Adjusted => 100.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_tell_underlying_style_and_deliverable() {
        let (european, american) = (ExerciseStyle::European, ExerciseStyle::American);
        for (root, underlying, style, deliverable) in [
            ("SPY", "SPY", american, Deliverable::Standard),
            ("SPXW", "SPX", european, Deliverable::Standard),
            ("OEX", "OEX", american, Deliverable::Standard),
            ("XEO", "OEX", european, Deliverable::Standard),
            ("BRKB", "BRK.B", american, Deliverable::Standard),
            ("BRKB1", "BRK.B", american, Deliverable::Adjusted),
            ("SPY7", "SPY", american, Deliverable::Mini),
            ("GME2", "GME", american, Deliverable::Adjusted),
        ] {
            let read = option_root(root);
            assert_eq!(
                (read.underlying.as_str(), read.style, read.deliverable),
                (underlying, style, deliverable)
            );
            assert!(!read.is_flex);
        }
        assert!(option_root("2SPX").is_flex);
        assert_eq!((series_of_index("NDX"), series_of_index("OEX")), (Some("NDXP"), None));
    }
}
