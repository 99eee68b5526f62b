//! Test support: private PostgreSQL server, demo-market generator, golden comparison

pub mod postgres;
