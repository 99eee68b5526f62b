//! What a service is opened with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::{Address, Budget, Clock, Limit};

/// How a service wants to see the key.
#[derive(Clone)]
pub enum Sign {
    None,
    /// `Authorization: Bearer KEY`
    Bearer(SecretString),
    /// `Authorization: Token KEY`
    Token(SecretString),
    /// A header of its own.
    Header(&'static str, SecretString),
    /// A parameter of the query, where nothing else is understood.
    Query(&'static str, SecretString),
}

impl Sign {
    pub(super) fn key(&self) -> Option<&SecretString> {
        match self {
            Sign::None => None,
            Sign::Bearer(key) | Sign::Token(key) | Sign::Header(_, key) | Sign::Query(_, key) => Some(key),
        }
    }
}

/// How long and how often a request is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one attempt, its body included.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retries: usize,
    /// Pause before the first retry; it doubles, with jitter.
    pub backoff: Duration,
    /// The longest wait for a limit; what needs longer is a fault.
    pub longest_wait: Duration,
}

/// Everything that a service is opened with.
#[derive(Clone)]
pub struct Settings {
    pub address: Address,
    pub sign: Sign,
    pub limit: Limit,
    /// Folder of the request budgets; without it they end with the process.
    pub state_dir: Option<PathBuf>,
    pub patience: Patience,
    /// Real time, by which requests are counted.
    pub clock: Clock,
    /// The time that data is asked at.
    pub data_clock: Clock,
    pub user_agent: String,
    /// Told before each wait of a second or more for a limit: the provider and the length.
    pub on_wait: Option<Arc<dyn Fn(&'static str, Duration) + Send + Sync>>,
}

impl Settings {
    /// The account of a service's requests, which is kept under its name.
    pub(crate) fn account(&self, name: &str) -> Budget {
        let file = self.state_dir.as_ref().map(|dir| dir.join(format!("{}.json", name.to_ascii_lowercase())));
        Budget::new(self.limit.clone(), file, self.clock.clone()).of_key(self.sign.key())
    }
}
