//! One attempt at a request: the client, the key in its place, the answer with its headers.

use std::sync::{Once, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{StatusCode, header};
use secrecy::ExposeSecret;

use super::service::spoken;
use super::{Answer, Request, Service, Settings, Sign};
use crate::fault::{Fault, FaultKind};

/// An answer larger than this is none of market data.
const LARGEST_BODY: usize = 128 << 20;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The client of a service. Redirects are not followed: they could carry the key elsewhere.
pub(super) fn client(name: &'static str, settings: &Settings) -> Result<reqwest::Client, Fault> {
    install_crypto();
    let mut builder = reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .timeout(settings.patience.timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(settings.patience.timeout))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
    if settings.address.is_loopback() {
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| Fault::new(name, FaultKind::Transient, format!("no HTTP client: {error}")))
}

impl Service {
    /// One attempt.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        let mut url = request.url.clone();
        if let Sign::Query(name, key) = &self.settings.sign {
            url.query_pairs_mut().append_pair(name, key.expose_secret());
        }
        let mut sending = self.client.get(url);
        let (name, value) = match &self.settings.sign {
            Sign::Bearer(key) => (header::AUTHORIZATION.as_str(), format!("Bearer {}", key.expose_secret())),
            Sign::Token(key) => (header::AUTHORIZATION.as_str(), format!("Token {}", key.expose_secret())),
            Sign::Header(name, key) => (*name, key.expose_secret().to_owned()),
            Sign::None | Sign::Query(..) => ("", String::new()),
        };
        if !name.is_empty() {
            let mut value = header::HeaderValue::from_str(&value).map_err(|_| {
                Fault::new(self.name, FaultKind::Auth, "the key holds characters that no key has")
            })?;
            value.set_sensitive(true);
            sending = sending.header(name, value);
        }
        let mut response = sending.send().await.map_err(|error| self.transport_fault(error))?;
        let head = |name: header::HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (content_type, wait) = (head(header::CONTENT_TYPE), head(header::RETRY_AFTER));
        self.note_clock(&head(header::DATE));
        let status: StatusCode = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport_fault(error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_BODY {
                return Err(Fault::new(self.name, FaultKind::Malformed, "an answer of more than 128 MB"));
            }
        }
        let mut answer = Answer::new(self.name, status.as_u16(), &content_type, body);
        answer.retry_after = parse_retry_after(&wait, self.now());
        Ok(answer)
    }

    /// Remembers by how much the clock of this machine is ahead of the service's, which tells whole seconds.
    fn note_clock(&self, date: &str) {
        if let Ok(told) = DateTime::parse_from_rfc2822(date.trim()) {
            let ahead = self.now() - told.with_timezone(&Utc);
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
    }

    fn transport_fault(&self, error: reqwest::Error) -> Fault {
        let error = error.without_url();
        let detail = if error.is_timeout() {
            format!(
                "no answer from {} within {}",
                self.settings.address.host(),
                spoken(self.settings.patience.timeout)
            )
        } else {
            let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
            let cause = causes.last().map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{}: {error}{cause}", self.settings.address.host())
        };
        Fault::new(self.name, FaultKind::Transient, self.scrub(&detail))
    }
}

/// reqwest takes the process's default; a second call changes nothing.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another part of the process has chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// `Retry-After` in seconds or as an HTTP date.
fn parse_retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
    Some((at - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_both_forms() {
        let now = DateTime::parse_from_rfc3339("2025-11-04T21:00:00Z").unwrap().with_timezone(&Utc);
        let wait = |text: &str| parse_retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(wait("17"), Some(17));
        assert_eq!(wait("Tue, 04 Nov 2025 21:00:42 GMT"), Some(42));
        assert_eq!(wait("Tue, 04 Nov 2025 20:00:00 GMT"), Some(0));
        assert_eq!(wait("soon"), None);
    }
}
