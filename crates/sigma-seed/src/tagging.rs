//! What the tags of positions become, checked whole before anything is written.

use std::collections::BTreeSet;

use sigma_core::model::{Lot, TAGS_PER_POSITION, TAGS_PER_USER, TagError, tag_named, with_tag};

/// A change to the tags of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// These and no others.
    Exactly(&'a [String]),
    /// One more.
    On(&'a str),
    /// One less.
    Off(&'a str),
}

/// New tags by position; only positions that change.
pub type Plan = Vec<(i64, Vec<String>)>;

/// The names that texts ask for, given the tags of the user; each once, in alphabetical order.
pub fn names(texts: &[String], stored: &[String]) -> Result<Vec<String>, TagError> {
    let stored = || stored.iter().map(String::as_str);
    let found: Result<BTreeSet<String>, TagError> =
        texts.iter().map(|text| tag_named(text, stored())).collect();
    let mut names: Vec<String> = found?.into_iter().collect();
    // Two new names that differ in capitals only are one: the first.
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.to_ascii_lowercase()));
    Ok(names)
}

/// The tags of each lot after a change by resolved names; refused whole when a rule is broken.
pub fn plan(lots: &[&Lot], change: Change<'_>, stored: &[String]) -> Result<Plan, TagError> {
    let mut plan = Plan::new();
    for lot in lots {
        let tags = match change {
            Change::Exactly(names) => names.to_vec(),
            Change::On(name) => with_tag(&lot.tags, name, true),
            Change::Off(name) => with_tag(&lot.tags, name, false),
        };
        if tags.len() > TAGS_PER_POSITION && tags.len() > lot.tags.len() {
            let what = format!("position {} ({})", lot.position.id, lot.instrument.symbol);
            return Err(TagError::TooManyOnPosition { what, count: tags.len() });
        }
        if tags != lot.tags {
            plan.push((lot.position.id, tags));
        }
    }
    check_user(plan.iter().flat_map(|(_, tags)| tags), stored)?;
    Ok(plan)
}

/// Refuses more names than a user may have; what is stored already is never refused.
pub fn check_user<'a>(
    names: impl IntoIterator<Item = &'a String>,
    stored: &[String],
) -> Result<(), TagError> {
    let new: BTreeSet<&String> = names.into_iter().filter(|name| !stored.contains(name)).collect();
    let count = stored.len() + new.len();
    match !new.is_empty() && count > TAGS_PER_USER {
        true => Err(TagError::TooManyOfUser { count }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use sigma_core::model::{Instrument, InstrumentKind, Position};

    use super::*;

    fn lot(id: i64, tags: &[String]) -> Lot {
        let date = "2025-06-30".parse().unwrap();
        Lot {
            position: Position {
                id,
                portfolio_id: 1,
                instrument_id: 1,
                quantity: 1.0,
                entry_price: 1.0,
                entry_date: date,
                exit_price: None,
                exit_date: None,
                adjusted_through: None,
            },
            instrument: Instrument {
                id: 1,
                symbol: "AAPL".into(),
                kind: InstrumentKind::Stock,
                name: None,
                sector: None,
                industry: None,
                exchange: None,
                country: None,
                currency: "USD".into(),
                market_cap: None,
                dividend_yield: None,
                duration: None,
                convexity: None,
                multiplier: 1.0,
                option: None,
            },
            tags: tags.to_vec(),
        }
    }

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("tag_{i:03}")).collect()
    }

    #[test]
    fn only_what_changes_is_planned() {
        let core = ["Core".to_owned()];
        let (a, b) = (lot(1, &core), lot(2, &[]));
        let lots = [&a, &b];
        assert_eq!(plan(&lots, Change::On("Core"), &core).unwrap(), [(2, core.to_vec())]);
        assert_eq!(plan(&lots, Change::Off("Core"), &core).unwrap(), [(1, vec![])]);
        assert_eq!(plan(&lots, Change::Exactly(&core), &core).unwrap(), [(2, core.to_vec())]);
    }

    #[test]
    fn names_resolve_and_repeat_once() {
        let texts = ["core", "Core", "New", "new"].map(str::to_owned);
        assert_eq!(names(&texts, &["Core".to_owned()]).unwrap(), ["Core", "New"]);
        assert!(names(&["a b".to_owned()], &[]).is_err());
    }

    #[test]
    fn limits_hold_for_what_grows() {
        let full = lot(1, &numbered(20));
        let error = plan(&[&full], Change::On("x"), &numbered(20)).unwrap_err();
        assert_eq!(error.to_string(), "position 1 (AAPL) would have 21 tags; at most 20 are allowed");
        assert!(plan(&[&full], Change::Off("tag_000"), &numbered(20)).is_ok());
        // A position that has too many already can lose some.
        let over = lot(1, &numbered(25));
        assert!(plan(&[&over], Change::Off("tag_000"), &numbered(25)).is_ok());
        let empty = lot(2, &[]);
        let error = plan(&[&empty], Change::On("x"), &numbered(100)).unwrap_err();
        assert_eq!(error, TagError::TooManyOfUser { count: 101 });
        assert!(plan(&[&empty], Change::On("tag_000"), &numbered(100)).is_ok());
    }
}
