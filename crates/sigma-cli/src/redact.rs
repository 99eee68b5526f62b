//! Passwords and keys stay out of every message.

mod known;

use std::borrow::Cow;

use serde_json::Value;

pub use self::known::mask_secrets;
pub(crate) use self::known::remember;

/// What stands in place of a password.
const MASK: &str = "***";

/// A database URL as it may be shown: `postgres://user:***@host/db`.
///
/// The password part of the authority is masked, and the value of a parameter such as `password=` or `apikey=`.
pub fn redact_url(url: &str) -> String {
    redact_text(url).into_owned()
}

/// The same for every URL and header inside a longer text, such as the message of a database driver or an HTTP
/// client; and the secrets of this process are masked wherever they stand.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    let masked = chained(mask_secrets(text), mask_authorities);
    chained(masked, mask_keywords)
}

/// The same for every text inside a JSON value.
pub fn redact_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_text(&text).into_owned()),
        Value::Array(values) => values.into_iter().map(redact_json).collect(),
        Value::Object(pairs) => pairs
            .into_iter()
            .map(|(key, value)| (key, redact_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

fn chained<'a>(text: Cow<'a, str>, mask: impl Fn(&str) -> Option<String>) -> Cow<'a, str> {
    mask(&text).map_or(text, Cow::Owned)
}

/// `scheme://user:password@host`: the password runs from the first colon to the last `@` of the authority.
///
/// The authority ends at white space, a quote, or the first `/`, `?`, `#` that follows the last `@`: a password
/// that was not percent-encoded may itself hold these.
fn mask_authorities(text: &str) -> Option<String> {
    if !text.contains("://") {
        return None;
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c)).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        let credentials = url.rfind('@').and_then(|host| Some((url[..host].find(':')?, host)));
        match credentials {
            Some((colon, host)) => {
                shown.push_str(&url[..=colon]);
                shown.push_str(MASK);
                shown.push_str(&url[host..]);
            }
            None => shown.push_str(url),
        }
        rest = tail;
    }
    shown.push_str(rest);
    Some(shown)
}

/// Words before a secret: in a URL, a keyword connection string, a header, or JSON.
const KEYWORDS: [&str; 10] = [
    "password=",
    "apikey=",
    "api_key=",
    "token=",
    "authorization: bearer ",
    "authorization: token ",
    "authorization: basic ",
    "x-api-key:",
    "apikey:",
    "apikey\":",
];

fn mask_keywords(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let next = |from: usize| {
        let ends = KEYWORDS.iter().filter_map(|word| Some(from + lower[from..].find(word)? + word.len()));
        // After a colon a blank may follow.
        ends.min().map(|end| end + usize::from(lower[..end].ends_with(':') && lower[end..].starts_with(' ')))
    };
    let mut value = next(0)?;
    let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
    loop {
        shown.push_str(&text[from..value]);
        shown.push_str(MASK);
        from = value + value_length(&text[value..]);
        match next(from) {
            Some(following) => value = following,
            None => break,
        }
    }
    shown.push_str(&text[from..]);
    Some(shown)
}

/// Length of a value in bytes: with its quotes, or up to white space, `&`, a quote or a closing bracket.
fn value_length(text: &str) -> usize {
    match text.chars().next() {
        Some(quote @ ('\'' | '"')) => text[1..].find(quote).map_or(text.len(), |end| end + 2),
        _ => text.find(|c: char| c.is_whitespace() || "&\"'`)".contains(c)).unwrap_or(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked() {
        for (url, shown) in [
            ("postgres://ann:s3cret@db.example:5432/sigma", "postgres://ann:***@db.example:5432/sigma"),
            ("postgres://ann:p@ss/w?rd@db/sigma", "postgres://ann:***@db/sigma"),
            ("postgres://:s3cret@db/sigma", "postgres://:***@db/sigma"),
            ("postgres://db/sigma?user=a&password=s3cret&x=1", "postgres://db/sigma?user=a&password=***&x=1"),
            ("host=db password='s3 cret' user=a", "host=db password=*** user=a"),
            ("host=db PASSWORD=s3cret", "host=db PASSWORD=***"),
            (
                "(https://api.example/v3?apikey=s3cret) timed out",
                "(https://api.example/v3?apikey=***) timed out",
            ),
            ("https://h/a?x=1&apiKey=s3cret&token=s3cret", "https://h/a?x=1&apiKey=***&token=***"),
            ("password='s3cret never closed", "password=***"),
            ("api_key=\"s3 cret\" refused", "api_key=*** refused"),
            ("sent Authorization: Bearer s3cret, got 401", "sent Authorization: Bearer *** got 401"),
            ("authorization: token s3cret\napikey:s3cret", "authorization: token ***\napikey:***"),
            ("X-API-Key: s3cret refused", "X-API-Key: *** refused"),
            ("{\"apikey\": \"s3cret\", \"x\": 1}", "{\"apikey\": ***, \"x\": 1}"),
        ] {
            assert_eq!(redact_url(url), shown);
            assert!(!redact_url(url).contains("cret"));
        }
    }

    #[test]
    fn what_holds_no_password_is_unchanged() {
        for url in ["sqlite:sigma.db", "postgres://db/sigma", "postgres://ann@db/sigma", "sqlite::memory:"] {
            assert_eq!(redact_url(url), url);
        }
    }

    #[test]
    fn words_about_keys_stay() {
        for text in
            ["SIGMA_FMP_API_KEY: not set", "unrecognized token: #", "ask for an apikey", "https://h/a?x=1"]
        {
            assert_eq!(redact_text(text), text);
        }
    }

    #[test]
    fn json_is_masked_in_its_texts() {
        let value =
            serde_json::json!({"url": "https://h/?token=s3cret", "n": 1, "list": ["password=s3cret", null]});
        let shown =
            serde_json::json!({"url": "https://h/?token=***", "n": 1, "list": ["password=***", null]});
        assert_eq!(redact_json(value), shown);
    }

    #[test]
    fn urls_inside_a_message_are_masked() {
        let text = "cannot open \"postgres://a:b1@h/d\" nor postgres://c:d2@h/e: refused";
        let shown = "cannot open \"postgres://a:***@h/d\" nor postgres://c:***@h/e: refused";
        assert_eq!(redact_text(text), shown);
    }
}
