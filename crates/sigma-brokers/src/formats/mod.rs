//! The formats, one file each: the columns that tell it, and how its rows are read.

pub mod etrade;
pub mod fidelity;
pub mod flex_xml;
pub mod generic;
pub mod ghostfolio;
pub mod ibkr_activity;
pub mod ibkr_flex;
mod lot;
pub mod mapped;
pub mod merrill;
pub mod portfolio_performance;
pub mod robinhood;
pub mod schwab;
pub mod schwab_transactions;
pub mod template;
pub mod thinkorswim;
pub mod vanguard;
