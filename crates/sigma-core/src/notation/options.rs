//! Option notations, each read from the right, since roots may hold digits and blanks.
//!
//! | notation | example |
//! |---|---|
//! | OCC, padded or compact | `ACME  260116C00105000`, `O:ACME260116C00105000` |
//! | plain strike (Fidelity, thinkorswim) | ` -ACME260116C105`, `.ACME260116C105` |
//! | underscores | `ACME_C105_20260116` |
//! | Schwab | `ACME 01/16/2026 105.00 C` |
//! | Interactive Brokers | `ACME 16JAN26 105 C` |
//! | Robinhood | `ACME 1/16/2026 Call $105.00` |
//! | E*TRADE | `ACME Jan 16 '26 $105 Call` |

use chrono::NaiveDate;

use super::contract::{Contract, ContractError};
use crate::dates::{self, DateOrder};
use crate::model::OptionKind;

/// Longest text taken for a contract, in bytes.
const LONGEST: usize = 80;

/// The contract a text names: `None` when it does not look like one, an error when it does and is none.
pub fn contract(text: &str) -> Option<Result<Contract, ContractError>> {
    // Every notation holds digits, and few symbols do.
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if text.len() > LONGEST || !text.is_ascii() {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    let text = upper.trim().trim_start_matches(['-', '.']).trim();
    let text = text.strip_prefix("O:").unwrap_or(text).trim_end_matches('*');
    underscored(text).or_else(|| compact(text)).or_else(|| spaced(text))
}

/// Root, six digits, right, strike: eight digits are thousandths, fewer a plain number.
fn compact(text: &str) -> Option<Result<Contract, ContractError>> {
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let right_at = joined.rfind(|c: char| !c.is_ascii_digit() && c != '.')?;
    let kind = right_of(&joined[right_at..=right_at])?;
    let (head, strike) = (&joined[..right_at], &joined[right_at + 1..]);
    let (root, date) = head.split_at_checked(head.len().checked_sub(6)?)?;
    if root.is_empty() || root.len() > 7 || strike.is_empty() || !date.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let unreadable = || ContractError::Unreadable(text.to_owned());
    let digits = strike.bytes().all(|byte| byte.is_ascii_digit());
    Some(match (digits, strike.len()) {
        (true, 9..) => Err(ContractError::NineDigitStrike(text.to_owned())),
        // Six or seven digits are neither thousandths nor a strike below 100,000.
        (true, 6..=7) => Err(unreadable()),
        (thousandths, length) => (|| {
            let expiry = short_date(date).ok_or_else(unreadable)?;
            let strike = strike.parse::<f64>().map_err(|_| unreadable())?;
            let strike = if thousandths && length == 8 { strike / 1000.0 } else { strike };
            Contract::new(root, expiry, kind, strike)
        })(),
    })
}

/// `ROOT_C105_20260116`.
fn underscored(text: &str) -> Option<Result<Contract, ContractError>> {
    let (head, date) = text.rsplit_once('_')?;
    let (root, right_strike) = head.rsplit_once('_')?;
    let kind = right_of(right_strike.get(..1)?)?;
    let strike = right_strike[1..].parse::<f64>().ok()?;
    let eight_digits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let expiry = eight_digits.then(|| dates::parse(date, DateOrder::YearFirst)).flatten();
    let unreadable = || ContractError::Unreadable(text.to_owned());
    Some(expiry.ok_or_else(unreadable).and_then(|expiry| Contract::new(root, expiry, kind, strike)))
}

/// Words: root, date in one or three words, then strike and right in either order.
fn spaced(text: &str) -> Option<Result<Contract, ContractError>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (rest, kind, strike) = right_and_strike(&words)?;
    let dated = (|| {
        let (last, before) = rest.split_last()?;
        if let Some(date) = joined_date(last).or_else(|| dates::parse(last, DateOrder::MonthFirst)) {
            return Some((date, before));
        }
        let (before, date) = rest.split_at_checked(rest.len().checked_sub(3)?)?;
        Some((dates::parse(&date.join(" "), DateOrder::MonthFirst)?, before))
    })();
    let root = |words: &[&str]| words.join(" ");
    match dated {
        Some((_, [])) => None,
        Some((expiry, before)) => Some(Contract::new(&root(before), expiry, kind, strike)),
        None if rest.is_empty() => None,
        None => Some(Err(ContractError::Unreadable(text.to_owned()))),
    }
}

/// The last two words as right and strike, in either order, and the words before them.
pub fn right_and_strike<'a>(words: &'a [&'a str]) -> Option<(&'a [&'a str], OptionKind, f64)> {
    let (last, rest) = words.split_last()?;
    let (before, rest) = rest.split_last()?;
    match (right_of(last), right_of(before)) {
        (Some(kind), _) => Some((rest, kind, strike_of(before)?)),
        (None, Some(kind)) => Some((rest, kind, strike_of(last)?)),
        (None, None) => None,
    }
}

/// Dollars, with or without their sign and commas between groups of three digits.
fn strike_of(word: &str) -> Option<f64> {
    let plain = word.strip_prefix("US").unwrap_or(word).trim_start_matches('$');
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (first, rest) = whole.split_once(',').map_or((whole, None), |(first, rest)| (first, Some(rest)));
    let is_grouped = rest.is_none_or(|rest| {
        (1..=3).contains(&first.len()) && rest.split(',').all(|group| group.len() == 3 && is_digits(group))
    });
    let is_number = is_grouped && is_digits(first) && is_digits(fraction) && whole.len() + fraction.len() > 0;
    is_number.then(|| plain.replace(',', "").parse().ok()).flatten()
}

/// `16JAN26`.
fn joined_date(word: &str) -> Option<NaiveDate> {
    let (head, year) = word.split_at_checked(word.len().checked_sub(2)?)?;
    let (day, month) = head.split_at_checked(head.len().checked_sub(3)?)?;
    let month = dates::month_of(month)?;
    NaiveDate::from_ymd_opt(2000 + year.parse::<i32>().ok()?, month, day.parse().ok()?)
}

/// `260116`.
fn short_date(digits: &str) -> Option<NaiveDate> {
    dates::parse(&format!("20{digits}"), DateOrder::YearFirst)
}

/// The right a word names.
pub fn right_of(word: &str) -> Option<OptionKind> {
    match word.to_ascii_uppercase().as_str() {
        "C" | "CALL" => Some(OptionKind::Call),
        "P" | "PUT" => Some(OptionKind::Put),
        _ => None,
    }
}
