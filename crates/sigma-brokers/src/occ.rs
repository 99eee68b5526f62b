//! What files are told about contracts: their flags, and the codes of what is none.

use chrono::{Datelike, NaiveDate, Weekday};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Deliverable, option_root};
pub use sigma_core::notation::{Contract, ContractError};

use crate::statement::Flag;

/// Before this day standard monthly contracts expired on Saturdays.
const SATURDAYS_ENDED: NaiveDate = NaiveDate::from_ymd_opt(2015, 2, 1).expect("a calendar date");

/// The code of the problem table.
pub fn code(error: &ContractError) -> &'static str {
    match error {
        ContractError::NineDigitStrike(_) => "ERR_OPT_002",
        ContractError::Strike(_) => "ERR_POS_020",
        ContractError::Unreadable(_) | ContractError::Root(_) => "ERR_OPT_001",
    }
}

/// What is unusual about a contract.
pub fn flags(contract: &Contract) -> Vec<Flag> {
    let mut flags = Vec::new();
    if !contract.terms.standard_deliverable {
        flags.push(Flag::AdjustedContract);
    }
    if contract.multiplier == Deliverable::Mini.multiplier() {
        flags.push(Flag::MiniContract);
    }
    if option_root(&contract.root).is_flex {
        flags.push(Flag::FlexContract);
    }
    flags.extend(expiry_flag(contract.terms.expiry));
    flags
}

/// Outside the years of the calendar nothing is known, so nothing is said.
fn expiry_flag(expiry: NaiveDate) -> Option<Flag> {
    let calendar = Calendar::nyse();
    match expiry.weekday() {
        Weekday::Sat if expiry < SATURDAYS_ENDED => None,
        Weekday::Sat => {
            let proposed = calendar.session_on_or_before(expiry).ok()?;
            Some(Flag::SaturdayExpiry { proposed })
        }
        _ => (calendar.is_session(expiry) == Ok(false)).then_some(Flag::ExpiryWithoutSession),
    }
}
