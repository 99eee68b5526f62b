//! Numbers as brokers write them.
//!
//! # Grammar
//! `number = sign? currency? sign? digits percent?`, or the same in parentheses, which negate. The sign is `+`, `-` or
//! U+2212; thousands are groups of exactly three; `--`, `-`, `n/a`, `N/A`, `Incomplete` and blanks mean that there is no
//! number. Whether the comma or the point is the decimal mark is decided once for a file ([`DecimalMark::decide`]), so
//! that a number in the other style is an error and never a thousandfold.

use serde::{Deserialize, Serialize};

/// Which character parts the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    Point,
    Comma,
}

/// A number and how it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    pub value: f64,
    /// Digits behind the decimal mark, without zeros at the end.
    pub decimals: usize,
    /// Digits between the first and the last that is not zero.
    pub significant_digits: usize,
    /// Whether a `%` followed; the value is as written.
    pub percent: bool,
}

/// Text that is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a number below 1e15")]
pub struct NotANumber(pub String);

/// Decimal digits that a double always keeps.
pub const KEPT_DIGITS: usize = 15;
/// No holding has as much; below it every product of a quantity, a price and a multiplier is finite.
const LIMIT: f64 = 1e15;
/// Longest number looked at, in bytes.
const LONGEST: usize = 64;
const CURRENCIES: [&str; 9] = ["US$", "USD", "EUR", "GBP", "CHF", "$", "\u{20ac}", "\u{a3}", "\u{a5}"];
const NOTHING: [&str; 8] = ["", "-", "--", "\u{2014}", "n/a", "na", "incomplete", "not available"];

/// Whether a cell says that there is no number.
pub fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Reads one cell; `None` where the cell says that there is no number.
pub fn parse(text: &str, mark: DecimalMark) -> Result<Option<Number>, NotANumber> {
    if is_nothing(text) {
        return Ok(None);
    }
    let refused = || NotANumber(text.trim().to_owned());
    if text.len() > LONGEST {
        return Err(refused());
    }
    let mut rest = text.trim();
    let percent = rest.ends_with('%');
    rest = rest.trim_end_matches('%').trim_end();
    let (outer, inner) = take_sign(rest);
    rest = inner;
    let mut negative = outer == Some('-');
    let mut signed = outer.is_some();
    if let Some(inner) = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        if signed {
            return Err(refused());
        }
        (rest, negative, signed) = (inner.trim(), true, true);
    }
    rest = take_currency(rest);
    if let (Some(sign), after) = take_sign(rest) {
        if signed {
            return Err(refused());
        }
        (rest, negative) = (take_currency(after), sign == '-');
    }
    let (digits, decimals) = plain(rest, mark).ok_or_else(refused)?;
    let value = digits.parse::<f64>().ok().filter(|value| value.abs() < LIMIT).ok_or_else(refused)?;
    let significant_digits = significant_digits(&digits);
    // Minus zero is zero.
    let value = if negative { -value } else { value } + 0.0;
    Ok(Some(Number { value, decimals, significant_digits, percent }))
}

fn take_sign(text: &str) -> (Option<char>, &str) {
    for (sign, means) in [('-', '-'), ('\u{2212}', '-'), ('+', '+')] {
        if let Some(rest) = text.strip_prefix(sign) {
            return (Some(means), rest.trim_start());
        }
    }
    (None, text)
}

fn take_currency(text: &str) -> &str {
    let stripped = CURRENCIES.iter().find_map(|currency| text.strip_prefix(currency));
    let text = stripped.unwrap_or(text).trim_start();
    CURRENCIES.iter().find_map(|currency| text.strip_suffix(currency)).unwrap_or(text).trim_end()
}

/// Digits with a decimal point and without thousands, and how many decimals were written.
fn plain(text: &str, mark: DecimalMark) -> Option<(String, usize)> {
    let (mark, thousands): (char, &[char]) = match mark {
        DecimalMark::Point => ('.', &[',', '\'']),
        DecimalMark::Comma => (',', &['.', '\'', ' ', '\u{a0}', '\u{202f}']),
    };
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], &text[at..]),
        None => (text, ""),
    };
    let (whole, fraction) = mantissa.split_once(mark).unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) || !is_exponent(exponent) {
        return None;
    }
    let mut digits = String::with_capacity(text.len() + 2);
    match all_digits(whole) {
        true => digits.push_str(whole),
        false => ungrouped(whole, thousands, &mut digits)?,
    }
    if digits.is_empty() {
        digits.push('0');
    }
    digits.push('.');
    digits.push_str(if fraction.is_empty() { "0" } else { fraction });
    digits.push_str(exponent);
    Some((digits, fraction.trim_end_matches('0').len()))
}

/// One to three digits, then groups of three behind one and the same separator.
fn ungrouped(whole: &str, separators: &[char], out: &mut String) -> Option<()> {
    let separator = whole.chars().find(|c| separators.contains(c))?;
    for (at, group) in whole.split(separator).enumerate() {
        let length = if at == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        if !length || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        out.push_str(group);
    }
    Some(())
}

/// `E+05`, as spreadsheets leave behind.
fn is_exponent(text: &str) -> bool {
    let Some(power) = text.strip_prefix(['e', 'E']) else { return text.is_empty() };
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    (1..=3).contains(&power.len()) && power.bytes().all(|byte| byte.is_ascii_digit())
}

fn significant_digits(digits: &str) -> usize {
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    let bare = mantissa.bytes().filter(u8::is_ascii_digit);
    let (mut count, mut up_to_last) = (0, 0);
    for digit in bare.skip_while(|digit| *digit == b'0') {
        count += 1;
        if digit != b'0' {
            up_to_last = count;
        }
    }
    up_to_last
}

/// What one file says about its decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub mark: DecimalMark,
    /// No cell tells, and at least one could be read both ways.
    pub guessed: bool,
}

impl DecimalMark {
    /// Counts the cells that allow one reading only; the delimiter decides when there are none or as many of each.
    pub fn decide<'a>(cells: impl Iterator<Item = &'a str>, delimiter: u8) -> Decision {
        let (mut points, mut commas, mut either) = (0_usize, 0_usize, 0_usize);
        for cell in cells {
            match evidence(cell) {
                Some(Evidence::Point) => points += 1,
                Some(Evidence::Comma) => commas += 1,
                Some(Evidence::Either) => either += 1,
                None => {}
            }
        }
        let by_delimiter = if delimiter == b';' { DecimalMark::Comma } else { DecimalMark::Point };
        let mark = match points.cmp(&commas) {
            std::cmp::Ordering::Greater => DecimalMark::Point,
            std::cmp::Ordering::Less => DecimalMark::Comma,
            std::cmp::Ordering::Equal => by_delimiter,
        };
        Decision { mark, guessed: points == commas && either > 0 && mark == DecimalMark::Comma }
    }
}

enum Evidence {
    Point,
    Comma,
    Either,
}

/// What a cell of digits, commas and points says about the mark.
fn evidence(cell: &str) -> Option<Evidence> {
    if cell.len() > LONGEST {
        return None;
    }
    let bytes = cell.as_bytes();
    let start = bytes.iter().position(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))?;
    let end = bytes.iter().rposition(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))? + 1;
    let outside = bytes[..start].iter().chain(&bytes[end..]);
    let body = &bytes[start..end];
    if !body.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
        || outside.clone().any(|b| b.is_ascii_alphabetic())
    {
        return None;
    }
    let count = |mark: u8| body.iter().filter(|b| **b == mark).count();
    let last = |mark: u8| body.iter().rposition(|b| *b == mark);
    match (count(b'.'), count(b',')) {
        (0, 0) => None,
        (1, 0) | (0, 1) => {
            let comma = count(b',') == 1;
            let at = last(b'.').or(last(b','))?;
            let lead = &body[..at];
            let grouped = body.len() - at - 1 == 3 && (1..=3).contains(&lead.len()) && lead[0] != b'0';
            Some(match (grouped, comma) {
                (true, _) => Evidence::Either,
                (false, true) => Evidence::Comma,
                (false, false) => Evidence::Point,
            })
        }
        // Several of one kind are thousands, unless they are the points of a date.
        (0, _) => grouped_by(body, b',').then_some(Evidence::Point),
        (_, 0) => grouped_by(body, b'.').then_some(Evidence::Comma),
        (_, _) if last(b'.') > last(b',') => Some(Evidence::Point),
        (_, _) => Some(Evidence::Comma),
    }
}

fn grouped_by(body: &[u8], separator: u8) -> bool {
    let mut groups = body.split(|b| *b == separator);
    groups.next().is_some_and(|first| (1..=3).contains(&first.len())) && groups.all(|group| group.len() == 3)
}
