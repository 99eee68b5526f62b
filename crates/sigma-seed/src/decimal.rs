//! Numbers as people write them.
//!
//! A number keeps its shortest decimal form; of one with more than fifteen significant digits a double cannot promise
//! the last ones, which is told.

/// Decimal digits that a double always keeps.
const KEPT_DIGITS: usize = 15;

/// A number together with how it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Decimal {
    pub value: f64,
    text: String,
}

impl Decimal {
    /// Parses a plain decimal number; neither thousands separators nor `nan` and `inf` are numbers here.
    pub fn parse(text: &str) -> Result<Decimal, String> {
        let text = text.trim();
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b".+-eE".contains(&b));
        let value = text.parse::<f64>().ok().filter(|value| plain && value.is_finite());
        match value {
            // Minus zero is zero.
            Some(value) => Ok(Decimal { value: value + 0.0, text: text.to_owned() }),
            None => Err(format!("\"{text}\" is not a number; write it like 1234.56")),
        }
    }

    /// What to tell when digits may be lost: the number as written and as stored.
    pub fn warning(&self) -> Option<String> {
        (significant_digits(&self.text) > KEPT_DIGITS).then(|| {
            format!("{} has more than {KEPT_DIGITS} significant digits; stored as {}", self.text, self.value)
        })
    }
}

fn significant_digits(text: &str) -> usize {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

/// A signed number of units; negative is short.
pub fn parse_quantity(text: &str) -> Result<Decimal, String> {
    let decimal = Decimal::parse(text)?;
    match decimal.value == 0.0 {
        true => Err("a quantity of 0 is no position; negative is short".to_owned()),
        false => Ok(decimal),
    }
}

/// A number of units without sign.
pub fn parse_units(text: &str) -> Result<Decimal, String> {
    let decimal = Decimal::parse(text)?;
    match decimal.value > 0.0 {
        true => Ok(decimal),
        false => Err("give the units to close without sign, above 0".to_owned()),
    }
}

/// A price of one unit: zero or more.
pub fn parse_price(text: &str) -> Result<Decimal, String> {
    let decimal = Decimal::parse(text)?;
    match decimal.value >= 0.0 {
        true => Ok(decimal),
        false => Err(format!("a price is 0 or more, not {}; shorts have a negative quantity", decimal.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_finite_numbers() {
        assert_eq!(Decimal::parse(" 1234.50 ").unwrap().value, 1234.5);
        assert_eq!(Decimal::parse("-1e3").unwrap().value, -1000.0);
        for text in ["", "nan", "inf", "-infinity", "1,000", "1e999", "ten", "0x10", "1 0"] {
            assert!(Decimal::parse(text).unwrap_err().contains("not a number"), "{text}");
        }
        assert!(parse_quantity("-0").unwrap_err().contains("quantity of 0"));
        assert!(parse_price("-0.01").unwrap_err().contains("0 or more"));
        assert!(parse_units("-5").is_err() && parse_units("0").is_err());
    }

    #[test]
    fn digits_that_a_double_may_lose_are_told() {
        for text in
            ["123456789012345", "0.00123456789012345", "1000000000000000000000", "1.500000000000000000"]
        {
            assert_eq!(Decimal::parse(text).unwrap().warning(), None, "{text}");
        }
        let warning = Decimal::parse("1.2345678901234567").unwrap().warning().unwrap();
        assert!(warning.starts_with("1.2345678901234567 has more than 15"), "{warning}");
    }
}
