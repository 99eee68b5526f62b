//! Names of tags: what they may be, and which are strategies.
//!
//! A name has at most 50 letters, digits and underscores of ASCII; `strategy:` in front makes it a strategy. Two names
//! of one user differ by more than their capitals. Names that were stored otherwise (demo books, earlier versions) stay
//! usable as they are.

use std::collections::BTreeSet;

/// Most characters of a name, the mark of a strategy included.
pub const TAG_LENGTH: usize = 50;
/// Most tags on one position.
pub const TAGS_PER_POSITION: usize = 20;
/// Most tags of one user.
pub const TAGS_PER_USER: usize = 100;
/// What the name of a strategy begins with.
pub const STRATEGY_MARK: &str = "strategy:";

/// A tag that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    #[error("a tag has a name")]
    Empty,
    #[error("the tag \"{name}\" has {length} characters; a tag has at most {TAG_LENGTH}")]
    TooLong { name: String, length: usize },
    #[error("the tag \"{name}\" holds {found:?}; a tag is made of letters, digits and _")]
    Character { name: String, found: char },
    #[error("{what} would have {count} tags; at most {TAGS_PER_POSITION} are allowed")]
    TooManyOnPosition { what: String, count: usize },
    #[error("the user would have {count} tags; at most {TAGS_PER_USER} are allowed")]
    TooManyOfUser { count: usize },
}

/// The name that a text asks for: that of the user's tag that is spelled so but for capitals, else a new one.
///
/// `#strategy:Income` and `Strategy:Income` are `strategy:Income`.
pub fn tag_named<'a>(text: &str, stored: impl IntoIterator<Item = &'a str>) -> Result<String, TagError> {
    let plain = text.trim();
    let stored: Vec<&str> = stored.into_iter().collect();
    let known = |wanted: &str| stored.iter().find(|name| name.eq_ignore_ascii_case(wanted));
    if let Some(name) = known(plain) {
        return Ok((*name).to_owned());
    }
    let name = new_name(plain)?;
    Ok(known(&name).map_or(name.clone(), |name| (*name).to_owned()))
}

fn new_name(text: &str) -> Result<String, TagError> {
    let plain = text.strip_prefix('#').unwrap_or(text);
    let (mark, rest) = match plain.get(..STRATEGY_MARK.len()) {
        Some(mark) if mark.eq_ignore_ascii_case(STRATEGY_MARK) => (STRATEGY_MARK, &plain[mark.len()..]),
        // A hash belongs to strategies only.
        _ => ("", text),
    };
    if rest.is_empty() {
        return Err(TagError::Empty);
    }
    let name = format!("{mark}{rest}");
    if let Some(found) = rest.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
        return Err(TagError::Character { name, found });
    }
    match name.chars().count() {
        length if length > TAG_LENGTH => Err(TagError::TooLong { name, length }),
        _ => Ok(name),
    }
}

/// The strategy that a tag stands for.
pub fn strategy_of(tag: &str) -> Option<&str> {
    tag.strip_prefix(STRATEGY_MARK).filter(|name| !name.is_empty())
}

/// Tags of a position with one more or one less, in alphabetical order.
pub fn with_tag(tags: &[String], name: &str, is_on: bool) -> Vec<String> {
    let mut all: BTreeSet<&str> = tags.iter().map(String::as_str).collect();
    match is_on {
        true => all.insert(name),
        false => all.remove(name),
    };
    all.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normal_and_unique_but_for_capitals() {
        let stored = ["Core Holdings", "strategy:Income"];
        for (text, name) in [
            ("Tech_2", "Tech_2"),
            (" core holdings ", "Core Holdings"),
            ("#strategy:Pairs", "strategy:Pairs"),
            ("STRATEGY:Pairs", "strategy:Pairs"),
            ("#Strategy:income", "strategy:Income"),
        ] {
            assert_eq!(tag_named(text, stored).unwrap(), name, "{text}");
        }
    }

    #[test]
    fn wrong_names_say_why() {
        for (text, told) in [
            ("", "a tag has a name"),
            ("strategy:", "a tag has a name"),
            ("a b", "the tag \"a b\" holds ' '; a tag is made of letters, digits and _"),
            ("=cmd", "holds '='"),
            ("#Core", "holds '#'"),
            ("strategy:a:b", "holds ':'"),
            ("Größe", "holds 'ö'"),
            (&"x".repeat(51), "has 51 characters; a tag has at most 50"),
            (&format!("strategy:{}", "x".repeat(42)), "has 51 characters"),
        ] {
            let error = tag_named(text, []).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!(tag_named(&"x".repeat(50), []).is_ok());
    }

    #[test]
    fn strategies_and_changes() {
        assert_eq!(strategy_of("strategy:Income"), Some("Income"));
        assert_eq!((strategy_of("Income"), strategy_of("strategy:")), (None, None));
        let tags = ["B".to_owned(), "A".to_owned()];
        assert_eq!(with_tag(&tags, "C", true), ["A", "B", "C"]);
        assert_eq!(with_tag(&tags, "A", true), ["A", "B"]);
        assert_eq!(with_tag(&tags, "A", false), ["B"]);
    }
}
