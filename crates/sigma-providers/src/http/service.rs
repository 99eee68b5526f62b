//! One service: its address, key, budget and patience, and the sending of a request with retries.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, Utc};
use reqwest::{StatusCode, Url, header};
use secrecy::{ExposeSecret, SecretString};

use super::{Address, Answer, Budget, Clock, Limit, Refusal};
use crate::fault::{Fault, FaultKind};

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
    fn key(&self) -> Option<&str> {
        match self {
            Sign::None => None,
            Sign::Bearer(key) | Sign::Token(key) | Sign::Header(_, key) | Sign::Query(_, key) => {
                Some(key.expose_secret())
            }
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
    pub clock: Clock,
    pub user_agent: String,
    /// Told before each wait of a second or more for a limit: the provider and the length.
    pub on_wait: Option<Arc<dyn Fn(&'static str, Duration) + Send + Sync>>,
}

/// A resource to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    url: Url,
}

/// A service that can be asked.
pub struct Service {
    name: &'static str,
    client: reqwest::Client,
    settings: Settings,
    budget: Budget,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).field("address", &self.settings.address).finish()
    }
}

/// An answer larger than this is none of market data.
const LARGEST_BODY: usize = 128 << 20;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest pause between two attempts that no limit asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Service {
    /// Opens a service by the name that is printed (`FMP`); the account of its requests is kept under that name in
    /// lower case.
    pub fn open(name: &'static str, settings: Settings) -> Result<Service, Fault> {
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
        let client = builder
            .build()
            .map_err(|error| Fault::new(name, FaultKind::Transient, format!("no HTTP client: {error}")))?;
        let file =
            settings.state_dir.as_ref().map(|dir| dir.join(format!("{}.json", name.to_ascii_lowercase())));
        let budget = Budget::new(settings.limit.clone(), file, settings.clock.clone());
        Ok(Service { name, client, settings, budget })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn has_key(&self) -> bool {
        self.settings.sign.key().is_some()
    }

    pub fn limit(&self) -> &Limit {
        self.budget.limit()
    }

    pub fn patience(&self) -> &Patience {
        &self.settings.patience
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.budget.now()
    }

    /// A resource by its path segments and query; both are encoded.
    pub fn request(&self, segments: &[&str], query: &[(&str, String)]) -> Request {
        Request { url: self.settings.address.resource(segments, query) }
    }

    /// The resource of a link to a next page.
    pub fn next_page(&self, link: &str, known_hosts: &[&str]) -> Result<Request, Fault> {
        let url = self.settings.address.next_page(link, known_hosts);
        url.map(|url| Request { url })
            .map_err(|error| Fault::new(self.name, FaultKind::Malformed, self.scrub(&error.to_string())))
    }

    /// Sends a request until `read` accepts an answer or patience ends. `read` classifies and parses.
    pub async fn get<T>(
        &self,
        request: &Request,
        read: impl Fn(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let Patience { retries, backoff, .. } = self.settings.patience;
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(backoff)
            .with_max_delay(LONGEST_PAUSE.max(backoff))
            .with_max_times(retries)
            .with_jitter()
            .build();
        loop {
            self.wait_for_budget().await?;
            let result = match self.send(request).await {
                Ok(answer) => read(&answer),
                Err(fault) => Err(fault),
            };
            let Err(mut fault) = result else { return result };
            fault.detail = self.scrub(&fault.detail);
            fault.retry_after = self.heed(&fault)?;
            // A key that is refused with a request to wait is tried once more; other faults as often as patience says.
            let once_more = fault.kind == FaultKind::Auth && fault.retry_after.is_some();
            let again = fault.kind.is_retryable() || once_more;
            let Some(pause) = pauses.next().filter(|_| again) else { return Err(fault) };
            let pause = fault.retry_after.unwrap_or(pause);
            if pause > self.settings.patience.longest_wait {
                return Err(fault);
            }
            if once_more {
                pauses = ExponentialBuilder::new().with_max_times(0).build();
            }
            // A limit is waited for at the budget, with every other request to this service.
            if fault.kind != FaultKind::RateLimited || self.budget.is_free() {
                self.tell_wait(pause);
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Remembers what the service said about its limits, and tells how long to wait where that is known.
    fn heed(&self, fault: &Fault) -> Result<Option<Duration>, Fault> {
        let wait = match fault.kind {
            FaultKind::RateLimited => fault.retry_after.or_else(|| self.limit().shortest()),
            FaultKind::QuotaExhausted => {
                Some(fault.retry_after.unwrap_or_else(|| until_midnight(self.now())))
            }
            _ => return Ok(fault.retry_after),
        };
        if let Some(wait) = wait {
            self.budget.block(fault.kind, wait).map_err(|error| self.no_account(&error))?;
        }
        Ok(wait)
    }

    async fn wait_for_budget(&self) -> Result<(), Fault> {
        loop {
            let Err(Refusal { kind, wait }) = self.budget.take().map_err(|error| self.no_account(&error))?
            else {
                return Ok(());
            };
            if wait > self.settings.patience.longest_wait {
                let detail = format!("no request is left; the next one is free in {}", spoken(wait));
                return Err(Fault { retry_after: Some(wait), ..Fault::new(self.name, kind, detail) });
            }
            self.tell_wait(wait);
            tokio::time::sleep(wait).await;
        }
    }

    fn tell_wait(&self, wait: Duration) {
        if let Some(on_wait) = self.settings.on_wait.as_ref().filter(|_| wait >= Duration::from_secs(1)) {
            on_wait(self.name, wait);
        }
    }

    fn no_account(&self, error: &std::io::Error) -> Fault {
        let folder =
            self.settings.state_dir.as_deref().map(|dir| dir.display().to_string()).unwrap_or_default();
        let detail = format!("the account of requests in {folder} cannot be kept: {error}");
        Fault::new(self.name, FaultKind::RateLimited, detail)
    }

    async fn send(&self, request: &Request) -> Result<Answer, Fault> {
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

    /// A text without the key.
    fn scrub(&self, text: &str) -> String {
        self.settings.sign.key().map_or_else(|| text.to_owned(), |key| super::scrub::without_key(text, key))
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

fn until_midnight(now: DateTime<Utc>) -> Duration {
    Duration::from_secs(u64::try_from(86_400 - now.timestamp().rem_euclid(86_400)).unwrap_or(0))
}

/// A length of time in words: `45 s`, `12 min`, `3 h 20 min`.
fn spoken(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h", s / 3600.0),
    }
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
        assert_eq!(until_midnight(now), Duration::from_secs(3 * 3600));
    }
}
