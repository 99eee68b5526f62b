//! What a provider's refusal means to the user: what the tools do instead, and what to do about it.

use sigma_providers::{Fault, FaultKind, ProviderEntry, ProviderId};

use super::Health;

/// How bad a fault of a probe is.
pub fn health(kind: FaultKind) -> Health {
    use FaultKind as F;
    match kind {
        F::Auth => Health::Refused,
        F::Transient | F::Malformed | F::BadRequest => Health::Fail,
        F::PlanEndpoint | F::PlanSymbol | F::PlanTimeframe => Health::Warn,
        F::RateLimited | F::QuotaExhausted | F::NotFound | F::NoData => Health::Warn,
    }
}

/// Whether a plan leaves something out.
pub fn is_plan(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::PlanEndpoint | FaultKind::PlanSymbol | FaultKind::PlanTimeframe)
}

/// The sentence beside the line.
pub fn fix(entry: &ProviderEntry, ability: &str, fault: &Fault, key: Option<(&str, String)>) -> String {
    use FaultKind as F;
    let name = entry.name;
    match fault.kind {
        F::Auth => match key {
            Some((variable, origin)) => {
                format!("the key from {origin} is refused: correct or unset {variable}")
            }
            None if entry.id == ProviderId::Fred => "set SIGMA_FRED_API_KEY; keys are free".to_owned(),
            None => format!("{} turns requests away at times: try again later", entry.label),
        },
        F::PlanEndpoint | F::PlanSymbol | F::PlanTimeframe => {
            format!("{}; another plan of {} includes it", instead(ability), entry.label)
        }
        F::RateLimited | F::QuotaExhausted => {
            format!("wait; if your plan allows more, set {name}_limit (SIGMA_{}_LIMIT)", name.to_uppercase())
        }
        F::Transient => "check the network, or try again later; --offline leaves this out".to_owned(),
        F::Malformed | F::BadRequest => {
            format!("check {name}_base_url (SIGMA_{}_BASE_URL), or try again later", name.to_uppercase())
        }
        F::NotFound | F::NoData => "try again after the next session".to_owned(),
    }
}

/// What the tools do without an ability.
fn instead(ability: &str) -> &'static str {
    let has = |word: &str| ability.to_ascii_lowercase().contains(word);
    if has("option") {
        "options are valued by their daily closes, and their volatility is implied from these"
    } else if has("split") || has("dividend") {
        "splits and dividends are asked of the next provider, or taken from splits.csv and dividends.csv"
    } else if has("profile") {
        "names and sectors are asked of the next provider, or taken from securities.csv"
    } else if has("yield") {
        "yields are asked of the next provider, or taken from rates.csv"
    } else if has("price") {
        "prices are asked of the next provider"
    } else {
        "the next provider is asked"
    }
}
