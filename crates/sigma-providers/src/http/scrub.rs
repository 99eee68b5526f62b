//! Texts without a key: servers repeat what they were sent, as it was or as a URL spells it.

/// Shows that something stood there.
const HIDDEN: &str = "***";

/// A beginning of a key shorter than this tells nothing.
const TELLING: usize = 4;

/// The text without the key: plain, percent-encoded with digits of either case, and its beginning where a quotation
/// breaks off within it.
pub(super) fn without_key(text: &str, key: &str) -> String {
    if key.is_empty() {
        return text.to_owned();
    }
    let encoded = encoded(key);
    let forms = [key, &encoded, &with_small_digits(&encoded)];
    let whole = forms.iter().fold(text.to_owned(), |text, form| text.replace(form, HIDDEN));
    forms.iter().fold(whole, |text, form| without_beginning(text, form))
}

fn encoded(key: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://h", [("k", key)]).ok();
    let value = url.as_ref().and_then(|url| url.query()?.strip_prefix("k="));
    value.unwrap_or(key).to_owned()
}

fn with_small_digits(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        format!("{text}%{}{rest}", digits.to_ascii_lowercase())
    })
}

/// Quotations end with three points, or with the text.
fn without_beginning(mut text: String, key: &str) -> String {
    for (end, _) in key.char_indices().rev().filter(|(end, _)| *end >= TELLING) {
        let beginning = &key[..end];
        text = text.replace(&format!("{beginning}..."), &format!("{HIDDEN}..."));
        if let Some(rest) = text.strip_suffix(beginning) {
            text = format!("{rest}{HIDDEN}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_key_is_left() {
        let key = "a1+b2/c3";
        for (text, left) in [
            ("key a1+b2/c3 is wrong", "key *** is wrong"),
            ("?k=a1%2Bb2%2Fc3&x", "?k=***&x"),
            ("?k=a1%2bb2%2fc3&x", "?k=***&x"),
            ("the key a1+b2...", "the key ***..."),
            ("the key a1%2Bb2%", "the key ***"),
            ("a1+ b2/c3", "a1+ b2/c3"),
        ] {
            assert_eq!(without_key(text, key), left);
        }
        assert_eq!(without_key("text", ""), "text");
    }
}
