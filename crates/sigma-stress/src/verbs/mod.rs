//! One file a verb, and one for each part of an answer that two verbs share.

pub mod market_risk;
mod positions;
pub mod run;
pub mod scenarios;
pub mod show;
mod tables;
