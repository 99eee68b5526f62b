//! Market data providers. Each provider is one module that turns what a source offers into the model's types; the
//! registry [`PROVIDERS`] lists them.
//!
//! # Map
//! - [`registry`]: the list; [`connect`]: opening a service; [`ask`]: what is asked for and answered; [`fault`]: what can go wrong;
//! - [`http`]: requests with keys, budgets and retries; [`symbols`]: spellings and renames; [`moment`]: trading dates;
//! - [`polygon`], [`fmp`], [`tiingo`], [`fred`], [`yahoo`]: services; [`folder`]: files.
//!
//! # What this crate does not do
//! It stores nothing and judges nothing: screening for impossible prices is the core's, saving is the store's. It reads
//! no clock and no environment.

pub mod ask;
mod error;
pub mod fault;
pub mod fmp;
pub mod folder;
pub mod fred;
pub mod http;
pub mod moment;
pub mod polygon;
mod provider;
pub mod registry;
mod security;
pub mod symbols;
pub mod tiingo;
mod unadjust;
pub mod yahoo;

pub use error::{ProviderError, RowProblem};
pub use fault::{Fault, FaultKind};
pub use provider::{Config, ConnectError, Provider, connect};
pub use registry::{Data, PROVIDERS, ProviderEntry, ProviderId, order};
pub use security::{Security, continuous_yield};

/// Rows read from a source, and the rows of it that could not be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Offer<T> {
    pub rows: T,
    pub problems: Vec<RowProblem>,
}
