//! Companies that trade under another symbol since a day.
//!
//! `renames.csv` holds them: old symbol, new symbol, first session of the new one. A symbol may be taken by somebody
//! else afterwards, and one company may change twice, so a rename is only valid with its date.

use std::sync::LazyLock;

use chrono::NaiveDate;

/// One change of symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    pub old: String,
    pub new: String,
    /// First session under the new symbol.
    pub date: NaiveDate,
}

static RENAMES: LazyLock<Vec<Rename>> = LazyLock::new(|| {
    let lines = include_str!("renames.csv").lines().skip(1);
    let rename = |line: &str| {
        let mut cells = line.split(',');
        let (old, new) = (cells.next()?.to_owned(), cells.next()?.to_owned());
        Some(Rename { old, new, date: cells.next()?.parse().ok()? })
    };
    lines.filter_map(rename).collect()
});

/// The change that a symbol made on or before a date, if it had that symbol until then: the company's prices of all
/// dates are now found under the new one.
pub fn renamed_on(symbol: &str, known_as_of: NaiveDate, asked_on: NaiveDate) -> Option<&'static Rename> {
    RENAMES.iter().find(|rename| rename.old == symbol && known_as_of < rename.date && rename.date <= asked_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_table_is_whole() {
        let lines = include_str!("renames.csv").lines().count() - 1;
        assert_eq!(RENAMES.len(), lines);
        assert!(RENAMES.is_sorted_by_key(|rename| rename.date));
    }

    #[test]
    fn a_rename_holds_for_who_had_the_symbol_before() {
        let new =
            |symbol, since, on| renamed_on(symbol, day(since), day(on)).map(|rename| rename.new.as_str());
        assert_eq!(new("FB", "2021-01-04", "2025-06-30"), Some("META"));
        assert_eq!(new("FB", "2021-01-04", "2022-06-08"), None);
        // Whoever bought FB after the change bought what trades under it today.
        assert_eq!(new("FB", "2025-07-01", "2025-11-04"), None);
        assert_eq!(new("SQ", "2024-01-02", "2025-11-04"), Some("XYZ"));
        assert_eq!(new("ZI", "2024-01-02", "2025-11-04"), Some("GTM"));
        // Changed and changed back.
        assert_eq!(new("FISV", "2022-01-03", "2024-01-02"), Some("FI"));
        assert_eq!(new("FI", "2024-01-02", "2025-12-01"), Some("FISV"));
    }
}
