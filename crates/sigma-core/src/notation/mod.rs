//! Instruments in the spelling of people and of their brokers.
//!
//! [`symbol`] is how every tool reads a symbol that somebody wrote, on a command line or in a file of trades or limits, so
//! that a contract is the same contract wherever it is named. What looks like an option and cannot be read is an error
//! there and never a share: a contract stands for a hundred of them.

mod contract;
mod options;

pub use contract::{Contract, ContractError};
pub use options::{contract, right_and_strike, right_of};

use chrono::NaiveDate;

use crate::model::{is_malformed_option, is_symbol, parse_occ, traded_symbol};

/// A text that is no symbol.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SymbolError {
    #[error("there is no symbol")]
    Missing,
    #[error(
        "\"{0}\" is not a symbol: letters, digits and . - _ ^ = only, a letter or digit first, at most 32"
    )]
    Malformed(String),
    #[error("\"{0}\" looks like an option symbol and is none")]
    OptionLike(String),
    #[error("\"{text}\" looks like an option: {error}")]
    Contract { text: String, error: ContractError },
}

impl SymbolError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            SymbolError::Missing => "name the instrument",
            SymbolError::Malformed(_) => "write shares like BRK.B and options like SPY250919C00460000",
            SymbolError::OptionLike(_) | SymbolError::Contract { .. } => {
                "write options like SPY250919C00460000: root, YYMMDD, C or P, strike in eight digits; or SPY250919C460"
            }
        }
    }
}

/// The canonical symbol of what somebody wrote: a share, fund or index in any spelling, an option in any notation.
pub fn symbol(text: &str) -> Result<String, SymbolError> {
    let told = || text.trim().to_owned();
    let symbol = traded_symbol(text);
    if symbol.is_empty() {
        return Err(SymbolError::Missing);
    }
    if parse_occ(&symbol).is_some() {
        return Ok(symbol);
    }
    match contract(text) {
        Some(Ok(contract)) => return Ok(contract.symbol),
        Some(Err(ContractError::Unreadable(_))) => return Err(SymbolError::OptionLike(told())),
        Some(Err(error)) => return Err(SymbolError::Contract { text: told(), error }),
        None => {}
    }
    if is_malformed_option(&symbol) || names_an_expiry(&symbol) {
        return Err(SymbolError::OptionLike(told()));
    }
    if is_symbol(&symbol) { Ok(symbol) } else { Err(SymbolError::Malformed(told())) }
}

/// Whether there is a date of six digits behind one to six letters, as in options and in no share: `AAPL250815`.
fn names_an_expiry(symbol: &str) -> bool {
    let bare = symbol.trim_start_matches(['-', '.']);
    let (root, rest) = bare.split_at(bare.bytes().take_while(u8::is_ascii_uppercase).count());
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = |range| rest.get(range).and_then(|text: &str| text.parse::<u32>().ok());
    let date = number(0..2).zip(number(2..4)).zip(number(4..6));
    let is_date = |((year, month), day)| NaiveDate::from_ymd_opt(2000 + year as i32, month, day).is_some();
    (1..=6).contains(&root.len()) && digits == 6 && date.is_some_and(is_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_the_same_in_every_notation() {
        for text in [
            "AAPL250815P00210000",
            "aapl  250815p00210000",
            "O:AAPL250815P00210000",
            "o:aapl250815p210",
            "AAPL250815P210",
            "-AAPL250815P210",
            ".AAPL250815P210",
            " -AAPL250815P210.00",
            "AAPL_P210_20250815",
            "AAPL 08/15/2025 210.00 P",
            "AAPL 15AUG25 210 P",
            "AAPL 8/15/2025 Put $210.00",
            "AAPL Aug 15 '25 $210 Put",
        ] {
            assert_eq!(symbol(text).as_deref(), Ok("AAPL250815P00210000"), "{text}");
        }
        assert_eq!(symbol("SPX 19SEP25 6,000 C").as_deref(), Ok("SPX250919C06000000"));
        assert_eq!(symbol("BRK B 15AUG25 400 P").as_deref(), Ok("BRKB250815P00400000"));
        assert_eq!(symbol("KIM PRL 15AUG25 20 P").as_deref(), Ok("KIMPL250815P00020000"));
    }

    #[test]
    fn shares_keep_their_spellings() {
        for (text, wanted) in
            [("brk/b", "BRK.B"), ("BTC-USD", "BTC-USD"), ("^SPX", "SPX"), ("3M", "3M"), ("LP2031", "LP2031")]
        {
            assert_eq!(symbol(text).as_deref(), Ok(wanted), "{text}");
        }
        for text in ["912828C57", "US0378331005", "FUND_2040", "MAR_2025_A"] {
            assert_eq!(symbol(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_looks_like_an_option_is_never_a_share() {
        for text in [
            "AAPL250815",
            "AAPL250815P",
            "AAPL250815X210",
            "-AAPL250815P",
            "AAPL250815P2100000",
            "AAPL250231P00210000",
            "AAPL 210 P",
            "AAPL250815P0",
            "AAPLAAP250815P210",
        ] {
            let error = symbol(text).unwrap_err();
            let told = error.to_string();
            assert!(told.starts_with(&format!("\"{text}\" looks like an option")), "{told}");
            assert!(error.remedy().contains("SPY250919C00460000"), "{text}");
        }
        for text in ["-AAPL", "A B", "=CMD", "A;B"] {
            assert_eq!(symbol(text), Err(SymbolError::Malformed(text.to_owned())));
        }
        assert_eq!(symbol(" "), Err(SymbolError::Missing));
    }
}
