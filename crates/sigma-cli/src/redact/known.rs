//! The secrets that this process holds, masked wherever they turn up in a text.
//!
//! The last line of defence: nobody is meant to put a key into a message, but an answer that echoes its request, or
//! the error of a library, may do it.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

use super::MASK;

/// Shorter ones could be ordinary words (the public key `demo`), and masking them would spoil the answers.
const SHORTEST: usize = 8;

static KNOWN: RwLock<Vec<SecretString>> = RwLock::new(Vec::new());

/// Masks this value in everything that the process says from here on.
pub(crate) fn remember(secret: &SecretString) {
    if secret.expose_secret().len() >= SHORTEST {
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
    }
}

/// The text without the secrets of this process; nothing else is changed.
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let secrets: Vec<&[u8]> = known.iter().map(|secret| secret.expose_secret().as_bytes()).collect();
    mask(text, &secrets)
}

fn mask<'a>(text: &'a str, secrets: &[&[u8]]) -> Cow<'a, str> {
    let (mut shown, mut kept, mut at) = (String::new(), 0, 0);
    while !secrets.is_empty() && at < text.len() {
        let rest = &text.as_bytes()[at..];
        // Of two keys that begin alike, the longer one is meant.
        let length = secrets.iter().filter_map(|secret| matched_length(rest, secret)).max();
        match length {
            Some(length) => {
                shown.push_str(&text[kept..at]);
                shown.push_str(MASK);
                at += length;
                kept = at;
            }
            None => at += 1,
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[kept..]);
    Cow::Owned(shown)
}

/// Bytes of the secret at the start of the text, each as it is, percent-encoded, or behind a backslash. Letters count in
/// either case: a server that quotes a key in capitals has told it.
///
/// Encoders differ in what they encode, so every byte is judged on its own. Secrets are ASCII: a match begins and
/// ends between characters.
fn matched_length(text: &[u8], secret: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in secret {
        at += match &text[at..] {
            [found, ..] if found.eq_ignore_ascii_case(byte) => 1,
            [b'\\', found, ..] if found.eq_ignore_ascii_case(byte) => 2,
            [b'%', high, low, ..]
                if hex(*high, *low).is_some_and(|found| found.eq_ignore_ascii_case(byte)) =>
            {
                3
            }
            _ => return None,
        };
    }
    Some(at)
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_secret_is_masked() {
        let secrets = [b"a+b/c\"d=".as_slice(), b"a+b/c\"d=long"];
        for (text, shown) in [
            ("key a+b/c\"d= refused", "key *** refused"),
            ("?k=a%2Bb%2Fc%22d%3D&x=1", "?k=***&x=1"),
            ("?k=a%2bb/c%22d%3d", "?k=***"),
            ("{\"key\":\"a+b/c\\\"d=\"}", "{\"key\":\"***\"}"),
            ("a+b/c\"d=longé", "***é"),
            ("A+B/c\"D=LONG", "***"),
            ("a+b/c\"d=a+b/c\"d=", "******"),
        ] {
            assert_eq!(mask(text, &secrets), shown);
        }
        for text in ["", "a+b", "é a+b/c\"d", "100% of a%2Bb", "%", "a%2"] {
            assert!(matches!(mask(text, &secrets), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(mask("all", &[]), "all");
    }

    #[test]
    fn remembered_secrets_are_masked_and_short_words_are_not() {
        assert_eq!(mask_secrets("CANARY-known-1"), "CANARY-known-1");
        remember(&SecretString::from("CANARY-known-1"));
        remember(&SecretString::from("demo"));
        assert_eq!(mask_secrets("demo CANARY%2Dknown%2D1."), "demo ***.");
        assert_eq!(
            super::super::redact_text("CANARY-known-1 of postgres://a:b@h"),
            "*** of postgres://a:***@h"
        );
    }
}
