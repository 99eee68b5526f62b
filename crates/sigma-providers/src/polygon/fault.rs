//! What an answer means: status, word in the body and text together.
//!
//! | HTTP | body | kind |
//! |---|---|---|
//! | 200 | `status` is `OK`, `DELAYED` or absent | success |
//! | 401, or any with a text about the key | | Auth |
//! | 200, 403 | `NOT_AUTHORIZED`, text about a timeframe or the end of the day | PlanTimeframe |
//! | 200, 403 | `NOT_AUTHORIZED` otherwise | PlanEndpoint |
//! | 404 | `NOT_FOUND` | NotFound |
//! | 404 | plain text: there is no such path | BadRequest |
//! | 429, or any with a text about requests per minute | | RateLimited |
//! | 413, 499, 5xx | | Transient |
//! | 200, 403 | a page of HTML, from something in between | Malformed |

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fault::{Fault, FaultKind};
use crate::http::Answer;

/// What every body may say about itself. The text is under either name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    status: Value,
    error: Value,
    message: Value,
}

impl Said {
    fn text(&self) -> Option<&str> {
        let texts = [&self.error, &self.message].into_iter().filter_map(Value::as_str);
        texts.map(str::trim).find(|text| !text.is_empty())
    }
}

/// Tells a success from every kind of fault.
pub fn classify(answer: &Answer) -> Result<(), Fault> {
    if answer.is_html() {
        return Err(of_html(answer));
    }
    // A body that is cut short or is no object says nothing about itself.
    let said: Option<Said> = serde_json::from_slice(&answer.body).ok();
    let is_json = said.is_some();
    let said = said.unwrap_or_default();
    let word = said.status.as_str().unwrap_or_default().to_ascii_uppercase();
    if answer.is_success() && matches!(word.as_str(), "" | "OK" | "DELAYED") {
        return Ok(());
    }
    let text = said.text().unwrap_or_default().to_ascii_lowercase();
    // A server that is down may talk about anything.
    let told = of_text(&text).filter(|_| answer.status < 500);
    let kind = told.unwrap_or(match (answer.status, word.as_str()) {
        (401, _) => FaultKind::Auth,
        (429, _) => FaultKind::RateLimited,
        (413 | 499, _) => FaultKind::Transient,
        (404, _) if !is_json => FaultKind::BadRequest,
        (200..=299 | 403, "NOT_AUTHORIZED") => FaultKind::PlanEndpoint,
        (200..=299, "NOT_FOUND") => FaultKind::NotFound,
        // An error in an answer that calls itself a success.
        (200..=299, "ERROR") => FaultKind::BadRequest,
        _ => answer.fault_by_status().map_or(FaultKind::Malformed, |fault| fault.kind),
    });
    let detail = said.text().map_or_else(|| answer.quote(), str::to_owned);
    Err(answer.fault(kind, detail))
}

/// A success parsed as what is documented.
pub(super) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    classify(answer)?;
    answer.json()
}

/// What a text says whatever the status is.
fn of_text(text: &str) -> Option<FaultKind> {
    let says = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    if says(&["api key", "apikey"]) {
        Some(FaultKind::Auth)
    } else if says(&["maximum requests", "requests per minute"]) {
        Some(FaultKind::RateLimited)
    } else if says(&["timeframe", "before end of day"]) {
        Some(FaultKind::PlanTimeframe)
    } else {
        None
    }
}

fn of_html(answer: &Answer) -> Fault {
    let said = "a page of HTML instead of JSON";
    match answer.status {
        // A page for people in place of data, or of a gateway that does not let through: neither tells about the plan.
        200..=299 | 403 => answer.fault(FaultKind::Malformed, said),
        404 => answer.fault(FaultKind::BadRequest, said),
        _ => answer.fault_by_status().unwrap_or_else(|| answer.fault(FaultKind::Malformed, said)),
    }
}
