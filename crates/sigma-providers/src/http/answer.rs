//! An answer with everything that decides what it means.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::fault::{Fault, FaultKind};

/// Status, content type and body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Name of the provider as printed.
    pub provider: &'static str,
    pub status: u16,
    /// Without parameters, in lower case; empty when the header is missing.
    pub content_type: String,
    /// From `Retry-After`, as a length of time from the arrival of the answer.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// Letters of a body that a message quotes.
const QUOTED: usize = 160;

impl Answer {
    pub fn new(provider: &'static str, status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Answer { provider, status, content_type, retry_after: None, body: body.into() }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text, for markers in error messages.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Whether the body is a page for people: by its content type or by its beginning.
    pub fn is_html(&self) -> bool {
        let start: Vec<u8> = self.body.iter().copied().skip_while(u8::is_ascii_whitespace).take(14).collect();
        let start = String::from_utf8_lossy(&start).to_ascii_lowercase();
        self.content_type == "text/html" || start.starts_with("<html") || start.starts_with("<!doctype html")
    }

    /// The body as JSON of a documented shape; a body that is cut short or of another shape is malformed.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        if self.is_html() {
            return Err(self.fault(FaultKind::Malformed, "a page of HTML instead of JSON"));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let what = if error.is_eof() { "the JSON is cut short" } else { "not the documented JSON" };
            self.fault(FaultKind::Malformed, format!("{what}: {error}: {}", self.quote()))
        })
    }

    /// A fault of this answer.
    pub fn fault(&self, kind: FaultKind, detail: impl Into<String>) -> Fault {
        Fault {
            provider: self.provider,
            kind,
            status: Some(self.status),
            detail: detail.into(),
            retry_after: self.retry_after,
        }
    }

    /// The beginning of the body on one line.
    pub fn quote(&self) -> String {
        let text = self.text();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None if line.is_empty() => "an empty body".to_owned(),
            None => line,
        }
    }

    /// What a status means where the body says nothing more; `None` for a success.
    pub fn fault_by_status(&self) -> Option<Fault> {
        let kind = match self.status {
            200..=299 => return None,
            401 | 407 => FaultKind::Auth,
            402 | 403 => FaultKind::PlanEndpoint,
            404 | 410 => FaultKind::NotFound,
            429 => FaultKind::RateLimited,
            408 | 425 | 500..=599 => FaultKind::Transient,
            // A page that says to look elsewhere is not an answer of a data service.
            300..=399 => FaultKind::Malformed,
            _ => FaultKind::BadRequest,
        };
        let said = if self.is_html() { "a page of HTML".to_owned() } else { self.quote() };
        Some(self.fault(kind, said))
    }
}
