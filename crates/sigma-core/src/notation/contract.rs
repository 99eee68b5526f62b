//! One option contract, whatever notation it came in.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use crate::model::{Deliverable, OptionKind, OptionTerms, option_root, traded_symbol};

/// A contract with its compact OCC symbol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contract {
    /// Root, YYMMDD, C or P, strike in eight digits of thousandths.
    pub symbol: String,
    pub root: String,
    pub terms: OptionTerms,
    /// 100; ten for mini contracts. Not known for adjusted ones, whose `terms` say so.
    pub multiplier: f64,
}

/// Why something that looks like a contract is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ContractError {
    #[error("\"{0}\" looks like an option and cannot be read")]
    Unreadable(String),
    #[error("\"{0}\" has a strike of nine digits or more")]
    NineDigitStrike(String),
    #[error("a strike of {0} is not above 0 and below 100,000 with at most three decimals")]
    Strike(f64),
    #[error("\"{0}\" is not an option root: one to six letters and digits")]
    Root(String),
}

/// Strikes are kept in thousandths with eight digits.
const STRIKE_LIMIT: f64 = 100_000.0;

impl Contract {
    /// A contract on `name`, a root or the symbol of the underlying in any spelling.
    pub fn new(
        name: &str,
        expiry: NaiveDate,
        kind: OptionKind,
        strike: f64,
    ) -> Result<Contract, ContractError> {
        let thousandths = strike * 1000.0;
        let exact = (thousandths - thousandths.round()).abs() < 1e-9 * thousandths.abs().max(1.0);
        if !(strike > 0.0 && strike < STRIKE_LIMIT && exact && thousandths.round() >= 1.0) {
            return Err(ContractError::Strike(strike));
        }
        if !(2000..2100).contains(&expiry.year()) {
            return Err(ContractError::Unreadable(format!("{name} {expiry}")));
        }
        let named = spelled(name);
        let root = named.replace('.', "");
        let well_formed = (1..=6).contains(&root.len())
            && root.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && root.bytes().any(|byte| byte.is_ascii_alphabetic());
        if !well_formed {
            return Err(ContractError::Root(name.to_owned()));
        }
        let read = option_root(&root);
        let underlying = if named.contains('.') { named.clone() } else { read.underlying };
        let right = if kind.sign() > 0.0 { 'C' } else { 'P' };
        Ok(Contract {
            symbol: format!("{root}{}{right}{:08.0}", expiry.format("%y%m%d"), thousandths.round()),
            multiplier: read.deliverable.multiplier(),
            terms: OptionTerms {
                underlying,
                kind,
                strike: thousandths.round() / 1000.0,
                expiry,
                style: read.style,
                standard_deliverable: read.deliverable != Deliverable::Adjusted,
            },
            root,
        })
    }

    /// The same contract with another expiry: the proposed Friday instead of a Saturday.
    pub fn expiring(&self, expiry: NaiveDate) -> Result<Contract, ContractError> {
        Contract::new(&self.root, expiry, self.terms.kind, self.terms.strike)
    }
}

/// The symbol of a root or an underlying in any spelling. Interactive Brokers puts a blank before a share class.
fn spelled(name: &str) -> String {
    let bare = name.trim().trim_end_matches('*').trim_start_matches(['$', '^']);
    traded_symbol(&bare.split_whitespace().collect::<Vec<&str>>().join("/"))
}
