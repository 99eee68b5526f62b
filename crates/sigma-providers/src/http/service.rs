//! One service: its address, key, budget and patience. A request is sent until it is answered or patience ends.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;
use secrecy::ExposeSecret;

use super::{Answer, Budget, Limit, Patience, Refusal, Settings, scrub, sending};
use crate::fault::{Fault, FaultKind};

/// A resource to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(super) url: Url,
}

/// A service that can be asked.
pub struct Service {
    pub(super) name: &'static str,
    pub(super) client: reqwest::Client,
    pub(super) settings: Settings,
    budget: Budget,
    /// By how much the clock of this machine is ahead of the service's, as of its last answer that told the time.
    pub(super) ahead: Mutex<Option<TimeDelta>>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).field("address", &self.settings.address).finish()
    }
}

/// Longest pause between two attempts that no limit asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Service {
    /// Opens a service by the name that is printed (`FMP`); the account of its requests is kept under that name in
    /// lower case.
    pub fn open(name: &'static str, settings: Settings) -> Result<Service, Fault> {
        let client = sending::client(name, &settings)?;
        let budget = settings.account(name);
        Ok(Service { name, client, settings, budget, ahead: Mutex::new(None) })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn limit(&self) -> &Limit {
        self.budget.limit()
    }

    pub fn patience(&self) -> &Patience {
        &self.settings.patience
    }

    /// 32 bits that tell two accesses apart, an access being a key and an address: what one is refused, another may get.
    /// Nothing of the key can be found from it.
    pub fn access_mark(&self) -> String {
        let address = self.settings.address.resource(&[], &[]);
        let key = self.settings.sign.key().map(|key| key.expose_secret()).unwrap_or_default();
        let bytes = address.as_str().bytes().chain([0]).chain(key.bytes());
        format!("{:08x}", super::budget::mark(bytes))
    }

    /// By how much the clock of this machine is ahead of the service's; `None` as long as no answer told the time.
    pub fn clock_ahead(&self) -> Option<TimeDelta> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Real time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.budget.now()
    }

    /// The time that data is asked at: what decides which session is the last one, and which day is today.
    pub fn data_now(&self) -> DateTime<Utc> {
        (self.settings.data_clock)()
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
        // It could be kept when the service was opened: the disk is full, or the folder was changed since.
        Fault::new(self.name, FaultKind::Transient, detail)
    }

    /// A text without the key.
    pub(super) fn scrub(&self, text: &str) -> String {
        match self.settings.sign.key() {
            Some(key) => scrub::without_key(text, key.expose_secret()),
            None => text.to_owned(),
        }
    }
}

fn until_midnight(now: DateTime<Utc>) -> Duration {
    Duration::from_secs(u64::try_from(86_400 - now.timestamp().rem_euclid(86_400)).unwrap_or(0))
}

/// A length of time in words: `45 s`, `12 min`, `3 h 20 min`.
pub(super) fn spoken(length: Duration) -> String {
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
    fn a_day_ends_at_midnight_in_greenwich() {
        let now = DateTime::parse_from_rfc3339("2025-11-04T21:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(until_midnight(now), Duration::from_secs(3 * 3600));
        assert_eq!(spoken(until_midnight(now)), "3 h");
    }
}
