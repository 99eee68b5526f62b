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

/// The symbol that a company has now, if it had another one when it was known by it, and the date of its last change:
/// changes are followed one after another. Whoever has changed and changed back has none.
pub fn renamed_on(symbol: &str, known_as_of: NaiveDate, asked_on: NaiveDate) -> Option<Rename> {
    let next = |name: &str, since: NaiveDate| {
        RENAMES.iter().find(|rename| rename.old == name && since < rename.date && rename.date <= asked_on)
    };
    let first = next(symbol, known_as_of)?;
    let last = std::iter::successors(Some(first), |rename| next(&rename.new, rename.date)).last()?;
    (last.new != symbol).then(|| Rename { old: symbol.to_owned(), ..last.clone() })
}

/// A symbol that a company had from a date to another one, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub symbol: String,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// What the company that has a symbol today was called between two dates, oldest first: one span where it never
/// changed.
pub fn names_between(symbol: &str, from: NaiveDate, to: NaiveDate, today: NaiveDate) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut name, mut end) = (symbol, today.max(to));
    loop {
        let mut before = RENAMES.iter().rev().filter(|rename| rename.new == name && rename.date <= end);
        let change = before.next().filter(|rename| rename.date > from);
        let start = change.map_or(from, |rename| rename.date);
        if start <= to {
            spans.push(Span { symbol: name.to_owned(), from: start, to: end.min(to) });
        }
        let Some((rename, last)) = change.and_then(|rename| Some((rename, rename.date.pred_opt()?))) else {
            break;
        };
        (name, end) = (&rename.old, last);
    }
    spans.reverse();
    spans
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
        let renamed = |symbol, since, on| renamed_on(symbol, day(since), day(on)).map(|rename| rename.new);
        let new = |symbol, since, on| renamed(symbol, since, on).unwrap_or_default();
        assert_eq!(new("FB", "2021-01-04", "2025-06-30"), "META");
        assert_eq!(renamed("FB", "2021-01-04", "2022-06-08"), None);
        // Whoever bought FB after the change bought what trades under it today.
        assert_eq!(renamed("FB", "2025-07-01", "2025-11-04"), None);
        assert_eq!(new("SQ", "2024-01-02", "2025-11-04"), "XYZ");
        assert_eq!(new("ZI", "2024-01-02", "2025-11-04"), "GTM");
        // Changed and changed back.
        assert_eq!(new("FISV", "2022-01-03", "2024-01-02"), "FI");
        assert_eq!(new("FI", "2024-01-02", "2025-12-01"), "FISV");
    }
    #[test]
    fn changes_are_followed_to_the_last_one() {
        let last = renamed_on("VIAC", day("2021-01-04"), day("2026-01-05")).unwrap();
        assert_eq!((&*last.old, &*last.new, last.date), ("VIAC", "PSKY", day("2025-08-07")));
        let one = renamed_on("VIAC", day("2021-01-04"), day("2025-08-06")).unwrap();
        assert_eq!((&*one.new, one.date), ("PARA", day("2022-02-17")));
        assert_eq!(
            renamed_on("FISV", day("2022-01-03"), day("2026-01-05")),
            None,
            "changed and changed back"
        );
    }

    #[test]
    fn a_company_has_one_name_on_each_date() {
        let names = |symbol, from, to| {
            let spans = names_between(symbol, day(from), day(to), day("2026-01-05"));
            spans.into_iter().map(|s| format!("{} {} {}", s.symbol, s.from, s.to)).collect::<Vec<_>>()
        };
        assert_eq!(names("ACME", "2020-01-02", "2026-01-05"), ["ACME 2020-01-02 2026-01-05"]);
        assert_eq!(
            names("FISV", "2023-01-03", "2026-01-05"),
            ["FISV 2023-01-03 2023-06-06", "FI 2023-06-07 2025-11-10", "FISV 2025-11-11 2026-01-05"]
        );
        // Nothing after the dates is told, and what the company was called then is.
        assert_eq!(names("META", "2021-01-04", "2022-01-03"), ["FB 2021-01-04 2022-01-03"]);
        assert_eq!(
            names("PSKY", "2022-02-01", "2022-03-01"),
            ["VIAC 2022-02-01 2022-02-16", "PARA 2022-02-17 2022-03-01"]
        );
        assert_eq!(names("META", "2022-06-09", "2022-06-10"), ["META 2022-06-09 2022-06-10"]);
    }
}
