//! Test support: private PostgreSQL server, demo-market generator, golden comparison, fake market-data services.
//!
//! # What this crate does not do
//! It is never a dependency of a released binary.

pub mod demo_market;
pub mod demo_store;
pub mod fake;
pub mod postgres;
