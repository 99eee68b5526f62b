//! What an answer of Financial Modeling Prep means.
//!
//! | status | body | kind |
//! |---|---|---|
//! | 401 | `Invalid API KEY` | Auth |
//! | 402, plain text | `Premium Query Parameter`: this value of `'symbol'` | PlanSymbol |
//! | 402, plain text or JSON | `Restricted Endpoint`, `Exclusive Endpoint` | PlanEndpoint |
//! | 403 | `Legacy Endpoint` | PlanEndpoint |
//! | 429 or 200 | `Limit Reach` | QuotaExhausted where days are counted (free plans), else RateLimited |
//! | 429 | `Bandwidth Limit Reach`: the volume of 30 days | QuotaExhausted |
//! | any | `{"error": ".."}` or `{"Error Message": ".."}` that says something else | by status; BadRequest with 200 |
//! | below 500 | a page of HTML: it tells nothing about a key, a plan or a symbol | Malformed |

use serde_json::Value;

use crate::fault::{Fault, FaultKind};
use crate::http::Answer;

/// Tells why an answer is not data; `None` when it may be parsed. `is_daily`: the plan counts the requests of a day.
pub fn classify(answer: &Answer, is_daily: bool) -> Option<Fault> {
    if answer.is_html() {
        let is_telling = answer.status == 429 || answer.status >= 500;
        return match answer.fault_by_status() {
            Some(fault) if is_telling => Some(fault),
            _ => Some(answer.fault(FaultKind::Malformed, "a page of HTML instead of JSON")),
        };
    }
    let (said, is_error) = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(body) => match error_message(&body) {
            Some(message) => (message, true),
            None => (String::new(), false),
        },
        Err(_) => (answer.text().into_owned(), false),
    };
    if let Some(kind) = kind_of(&said, is_daily) {
        return Some(answer.fault(kind, one_line(&said)));
    }
    match answer.fault_by_status() {
        Some(fault) if is_error => Some(Fault { detail: one_line(&said), ..fault }),
        None if is_error => Some(answer.fault(FaultKind::BadRequest, one_line(&said))),
        other => other,
    }
}

/// The message of an object that stands where data is due.
fn error_message(body: &Value) -> Option<String> {
    let object = body.as_object()?;
    let message = ["Error Message", "error", "Error"].iter().find_map(|name| object.get(*name))?;
    Some(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
}

const ENDPOINT_REFUSED: [&str; 3] = ["restricted endpoint", "exclusive endpoint", "legacy endpoint"];

fn kind_of(said: &str, is_daily: bool) -> Option<FaultKind> {
    let said = said.to_ascii_lowercase();
    // Data that happens to be cut short is no message.
    if said.trim_start().starts_with(['[', '{']) {
        return None;
    }
    let has = |marker: &str| said.contains(marker);
    let names = |parameters: [&str; 2]| parameters.into_iter().any(has);
    let is_parameter = has("premium query parameter");
    Some(if has("invalid api key") {
        FaultKind::Auth
    } else if is_parameter && names(["'symbol'", "'symbols'"]) {
        FaultKind::PlanSymbol
    } else if is_parameter && names(["'from'", "'to'"]) {
        FaultKind::PlanTimeframe
    } else if is_parameter || ENDPOINT_REFUSED.into_iter().any(has) {
        FaultKind::PlanEndpoint
    } else if has("bandwidth limit reach") || (has("limit reach") && is_daily) {
        FaultKind::QuotaExhausted
    } else if has("limit reach") {
        FaultKind::RateLimited
    } else {
        return None;
    })
}

/// Letters of a message that are told.
const LONGEST: usize = 240;

fn one_line(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
