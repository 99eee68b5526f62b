//! What can go wrong when a service is asked: one taxonomy for all of them.
//!
//! A status alone decides nothing: services answer errors with 200, put plain text where JSON is due, and proxies put
//! HTML there. Each provider classifies by status, content type and body together; [`Answer::fault_by_status`] is what
//! holds where the body says nothing.
//!
//! [`Answer::fault_by_status`]: crate::http::Answer::fault_by_status

use std::fmt;
use std::time::Duration;

/// Kinds of fault. `is_provider_wide` tells the ones that the next request would meet again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// The key is missing, unknown or revoked.
    Auth,
    /// The plan does not include the endpoint.
    PlanEndpoint,
    /// The plan does not include this symbol.
    PlanSymbol,
    /// The plan does not reach back, or forward, that far.
    PlanTimeframe,
    /// Too many requests for now.
    RateLimited,
    /// The day's or the month's allowance is used up.
    QuotaExhausted,
    /// The symbol or series is unknown to the provider.
    NotFound,
    /// Known, but nothing between the dates.
    NoData,
    /// The provider refused the request as wrong.
    BadRequest,
    /// The answer is not what the provider documents: HTML, truncated JSON, another shape.
    Malformed,
    /// Down, overloaded, timed out, connection lost.
    Transient,
}

impl FaultKind {
    pub const ALL: [FaultKind; 11] = [
        FaultKind::Auth,
        FaultKind::PlanEndpoint,
        FaultKind::PlanSymbol,
        FaultKind::PlanTimeframe,
        FaultKind::RateLimited,
        FaultKind::QuotaExhausted,
        FaultKind::NotFound,
        FaultKind::NoData,
        FaultKind::BadRequest,
        FaultKind::Malformed,
        FaultKind::Transient,
    ];

    /// The printed and stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            FaultKind::Auth => "Auth",
            FaultKind::PlanEndpoint => "PlanEndpoint",
            FaultKind::PlanSymbol => "PlanSymbol",
            FaultKind::PlanTimeframe => "PlanTimeframe",
            FaultKind::RateLimited => "RateLimited",
            FaultKind::QuotaExhausted => "QuotaExhausted",
            FaultKind::NotFound => "NotFound",
            FaultKind::NoData => "NoData",
            FaultKind::BadRequest => "BadRequest",
            FaultKind::Malformed => "Malformed",
            FaultKind::Transient => "Transient",
        }
    }

    /// Parses the stored form.
    pub fn parse(text: &str) -> Option<FaultKind> {
        FaultKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether other symbols of the same dataset would meet it too.
    pub fn is_provider_wide(self) -> bool {
        matches!(
            self,
            FaultKind::Auth | FaultKind::PlanEndpoint | FaultKind::RateLimited | FaultKind::QuotaExhausted
        )
    }

    /// Whether the same request may succeed in a moment.
    pub fn is_retryable(self) -> bool {
        matches!(self, FaultKind::RateLimited | FaultKind::Malformed | FaultKind::Transient)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A request that brought nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Name of the provider as printed: `FMP`.
    pub provider: &'static str,
    pub kind: FaultKind,
    /// HTTP status; absent when there was no answer.
    pub status: Option<u16>,
    /// What the provider said, or what is wrong with it; never holds the key.
    pub detail: String,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
}

impl Fault {
    pub fn new(provider: &'static str, kind: FaultKind, detail: impl Into<String>) -> Fault {
        Fault { provider, kind, status: None, detail: detail.into(), retry_after: None }
    }

    /// `FMP 402`, or `FMP` where there was no answer.
    pub fn origin(&self) -> String {
        match self.status {
            Some(status) => format!("{} {status}", self.provider),
            None => self.provider.to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.kind, self.origin(), self.detail)
    }
}

impl std::error::Error for Fault {}
