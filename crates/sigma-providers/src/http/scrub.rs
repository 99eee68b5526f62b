//! Texts without a key: servers repeat what they were sent, as it was or as a URL spells it.

/// Shows that something stood there.
const HIDDEN: &str = "***";

/// A beginning of a key shorter than this tells nothing.
const TELLING: usize = 4;

/// The text without the key: plain or percent-encoded, in letters of either case, and its beginning where a quotation
/// breaks off within it.
pub(super) fn without_key(text: &str, key: &str) -> String {
    if key.is_empty() {
        return text.to_owned();
    }
    let forms = [key.to_owned(), encoded(key)];
    let whole = forms.iter().fold(text.to_owned(), |text, form| replaced(&text, form, HIDDEN));
    forms.iter().fold(whole, |text, form| without_beginning(text, form))
}

fn encoded(key: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://h", [("k", key)]).ok();
    let value = url.as_ref().and_then(|url| url.query()?.strip_prefix("k="));
    value.unwrap_or(key).to_owned()
}

/// The text with something else for each occurrence of a word, whatever the case of its ASCII letters.
fn replaced(text: &str, word: &str, other: &str) -> String {
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    // Lower case of ASCII letters moves no byte.
    while let Some(at) = lower[from..].find(&word) {
        shown.push_str(&text[from..from + at]);
        shown.push_str(other);
        from += at + word.len();
    }
    shown.push_str(&text[from..]);
    shown
}

/// Quotations end with three points, or with the text.
fn without_beginning(mut text: String, key: &str) -> String {
    for (end, _) in key.char_indices().rev().filter(|(end, _)| *end >= TELLING) {
        let beginning = &key[..end];
        text = replaced(&text, &format!("{beginning}..."), &format!("{HIDDEN}..."));
        let cut = text.len().checked_sub(beginning.len()).and_then(|at| text.split_at_checked(at));
        if let Some((rest, tail)) = cut
            && tail.eq_ignore_ascii_case(beginning)
        {
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
            ("KEY A1+B2/C3 IS WRONG", "KEY *** IS WRONG"),
            ("the key a1+b2...", "the key ***..."),
            ("the key A1+B2...", "the key ***..."),
            ("the key a1%2Bb2%", "the key ***"),
            ("a1+ b2/c3", "a1+ b2/c3"),
        ] {
            assert_eq!(without_key(text, key), left);
        }
        assert_eq!(without_key("text", ""), "text");
    }
}
