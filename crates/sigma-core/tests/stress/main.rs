//! Scenarios: responses, repricing, conditional moves and sums of parts against hand-worked figures and identities.

mod correlated;
mod factor_moves;
mod options;
mod properties;
mod scenarios;
mod stressed;
#[path = "../support/mod.rs"]
mod support;
