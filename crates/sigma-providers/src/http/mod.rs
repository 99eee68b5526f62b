//! Asking a service over HTTP: one [`Service`] a provider, with its address, key, request budget and patience.
//!
//! # Rules
//! - The key travels in a header where the service takes one. It is removed from every message: servers repeat what
//!   they were sent.
//! - Only the configured address is talked to. A link to a next page is followed by its path and query, never by its
//!   host, and redirects are not followed: neither can carry the key elsewhere.
//! - Every attempt, retries among them, is taken from the [`Budget`] before it is sent.

mod address;
mod answer;
mod budget;
mod limit;
mod scrub;
mod sending;
mod service;
mod settings;

pub use address::{Address, AddressError};
pub use answer::Answer;
pub use budget::{Budget, Clock, Refusal};
pub use limit::{Limit, LimitError, Window};
pub use service::{Request, Service};
pub use settings::{Patience, Settings, Sign};
