//! Option contracts in files: every notation of [`contract`], and rows that stand under their underlying, as thinkorswim
//! writes them: `100 (Weeklys) 16 JAN 26 105 CALL`.

use sigma_core::dates::{self, DateOrder};
use sigma_core::model::{Deliverable, series_of_index};
use sigma_core::notation::{Contract, ContractError, right_and_strike};
pub use sigma_core::notation::{contract, right_of};

/// Longest text taken for a contract, in bytes.
const LONGEST: usize = 80;

/// A row below its underlying: multiplier, remarks in parentheses or brackets, day, month, year, strike, right. A remark
/// of another series (`(Weeklys)`) tells the root of an index apart, ten shares a mini contract.
pub fn under(underlying: &str, text: &str) -> Option<Result<Contract, ContractError>> {
    let text = text.trim();
    if text.len() > LONGEST || !text.is_ascii() {
        return None;
    }
    let text = text.to_ascii_uppercase();
    let (remarks, words): (Vec<&str>, Vec<&str>) =
        text.split_whitespace().partition(|word| word.starts_with(['(', '[']));
    let (rest, kind, strike) = right_and_strike(&words)?;
    let [multiplier, day, month, year] = rest else { return None };
    let expiry = dates::parse(&format!("{day} {month} {year}"), DateOrder::YearFirst);
    let is_series = remarks.iter().any(|remark| matches!(*remark, "(WEEKLYS)" | "(QUARTERLYS)" | "(EOM)"));
    let root = match *multiplier {
        "100" if is_series => Some(series_of_index(underlying).unwrap_or(underlying).to_owned()),
        "100" => Some(underlying.to_owned()),
        "10" => Some(format!("{}7", underlying.replace('.', ""))),
        _ => None,
    };
    let unreadable = || ContractError::Unreadable(text.clone());
    let read = root.zip(expiry).ok_or_else(unreadable);
    Some(read.and_then(|(root, expiry)| {
        let mut contract = Contract::new(&root, expiry, kind, strike)?;
        if *multiplier == "10" {
            // The row says so, whichever symbols had such contracts.
            contract.multiplier = Deliverable::Mini.multiplier();
            contract.terms.standard_deliverable = true;
        }
        Ok(contract)
    }))
}

/// Whether one of the last two words is a right and there is a digit, as in no name of a share.
pub fn names_a_right(text: &str) -> bool {
    let is_right = |word: &str| word.eq_ignore_ascii_case("call") || word.eq_ignore_ascii_case("put");
    text.split_whitespace().rev().take(2).any(is_right) && text.bytes().any(|byte| byte.is_ascii_digit())
}
