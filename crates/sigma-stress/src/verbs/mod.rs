//! One file a verb, and one for each part of an answer that two verbs share.

pub mod hedge;
mod hedge_tables;
pub mod market_risk;
mod positions;
pub mod run;
pub mod scenarios;
pub mod sessions;
pub mod show;
mod show_what_if;
mod tables;
pub mod what_if;
