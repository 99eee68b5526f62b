//! Why a number is missing, and results that carry such reasons.

use serde::{Deserialize, Serialize};

/// Reason code of a missing or excluded number. The text forms are stored and printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No price on or before the as-of date.
    NoPrice,
    /// The latest price is older than the staleness limit in sessions.
    StalePrice,
    /// Fewer common observations than the method needs.
    InsufficientHistory,
    /// The contract has expired and cannot be settled from stored prices.
    Expired,
    /// No volatility could be found for an option.
    NoVol,
    /// The option price lies below its no-arbitrage bound.
    BelowIntrinsic,
    /// The contract does not deliver the standard hundred shares.
    NonstandardDeliverable,
    /// A private asset, held at its stated value and outside market-risk engines.
    PrivateAsset,
    /// The data provider failed.
    ProviderError,
    /// The engine has not run for this date.
    NotComputed,
    /// A split took place that has not been applied to the position.
    SplitUnapplied,
    /// The instrument stands for a factor itself: a volatility index is moved by volatility alone and has no loadings.
    FactorProxy,
    /// No published interest rate on the date.
    NoRate,
    /// The regressors are linearly dependent.
    RankDeficient,
    /// The series never moves.
    ConstantSeries,
    /// A defining quantity of the calculation is not positive or not finite.
    InvalidInput,
}

impl Reason {
    /// Every reason, in documentation order.
    pub const ALL: [Reason; 16] = [
        Reason::NoPrice,
        Reason::StalePrice,
        Reason::InsufficientHistory,
        Reason::Expired,
        Reason::NoVol,
        Reason::BelowIntrinsic,
        Reason::NonstandardDeliverable,
        Reason::PrivateAsset,
        Reason::ProviderError,
        Reason::NotComputed,
        Reason::SplitUnapplied,
        Reason::FactorProxy,
        Reason::NoRate,
        Reason::RankDeficient,
        Reason::ConstantSeries,
        Reason::InvalidInput,
    ];

    /// The stored and printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoPrice => "no_price",
            Reason::StalePrice => "stale_price",
            Reason::InsufficientHistory => "insufficient_history",
            Reason::Expired => "expired",
            Reason::NoVol => "no_vol",
            Reason::BelowIntrinsic => "below_intrinsic",
            Reason::NonstandardDeliverable => "nonstandard_deliverable",
            Reason::PrivateAsset => "private_asset",
            Reason::ProviderError => "provider_error",
            Reason::NotComputed => "not_computed",
            Reason::SplitUnapplied => "split_unapplied",
            Reason::FactorProxy => "factor_proxy",
            Reason::NoRate => "no_rate",
            Reason::RankDeficient => "rank_deficient",
            Reason::ConstantSeries => "constant_series",
            Reason::InvalidInput => "invalid_input",
        }
    }

    /// Parses the stored form.
    pub fn parse(text: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an issue takes a number away or only qualifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The number stands, with a remark.
    Warning,
    /// The number is missing.
    Error,
}

/// One thing that is missing or doubtful, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// What it concerns: a symbol, a factor, a scenario.
    pub subject: String,
    pub reason: Reason,
    pub severity: Severity,
    /// One sentence: what is missing, and what to do about it.
    pub detail: String,
}

impl Issue {
    /// An issue that takes a number away.
    pub fn error(subject: impl Into<String>, reason: Reason, detail: impl Into<String>) -> Issue {
        Issue { subject: subject.into(), reason, severity: Severity::Error, detail: detail.into() }
    }

    /// An issue that only qualifies a number.
    pub fn warning(subject: impl Into<String>, reason: Reason, detail: impl Into<String>) -> Issue {
        Issue { subject: subject.into(), reason, severity: Severity::Warning, detail: detail.into() }
    }
}

/// A result together with everything that could not go into it: one bad symbol never sinks a portfolio.
#[derive(Debug, Clone, PartialEq)]
pub struct Partial<T> {
    pub value: T,
    pub issues: Vec<Issue>,
}
