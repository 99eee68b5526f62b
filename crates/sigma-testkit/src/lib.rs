//! Test support: private PostgreSQL server, demo-market generator, golden comparison

pub mod demo_market;
