//! Market-data services on a loopback port, for tests of the clients that talk to them.
//!
//! - [`Server`]: HTTP/1.1 over threads; a closure answers, every request is logged with its arrival time.
//! - [`Reply`]: bodies, and the faults of real services: silence, a reset in mid-body, a truncated document.
//! - [`payloads`]: recorded bodies listed in a manifest, with a record of which of them a test used.
//! - [`market`]: price series and the bodies every provider would make of them.
//! - [`exchange`]: listings that answer the paths of all providers.
//!
//! # What this does not do
//! TLS, HTTP/2, chunked bodies. Nothing outside this machine is reached.

pub mod exchange;
pub mod market;
pub mod payloads;
mod reply;
mod request;
mod server;
#[cfg(test)]
mod server_tests;

pub use exchange::{Exchange, Provider};
pub use payloads::Payloads;
pub use reply::Reply;
pub use request::Request;
pub use server::{Logged, Server, most_within};
