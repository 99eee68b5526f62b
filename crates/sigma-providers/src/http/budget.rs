//! Requests that a service allows, counted across processes.
//!
//! # Rule
//! A limit `n/T` allows at most `n` requests in **any** stretch of length `T`: request `k` may be sent once `T` has
//! passed since request `k - n`. A token bucket that refills while it is drained lets up to `2n` through in one such
//! stretch, which a service that counts strictly answers with 429; hence the times of the last `n` requests are kept.
//! `T` is lengthened by 1/60 (at least 100 ms), because requests may travel faster than those before them.
//!
//! # State
//! One file a service, in a folder that the caller names. A request is on record before it is sent, under a lock that
//! other processes respect, so a killed run cannot forget what it asked.
//!
//! # Silence
//! A service may ask for silence. It is kept for a day at most, whatever was asked for, and is one key's: with another
//! key the service is asked again. The file holds 32 bits of a hash of the key for that (`key_mark`): enough to tell
//! two keys apart, and nothing that a key could be found from. Silence that ends more than a day ahead was written by
//! a clock that was wrong, and is forgotten.
//!
//! # Verified by
//! A simulated clock over random limits and arrivals below: no stretch holds more than its limit, and no request waits
//! when there is room.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::limit::{DAY, Limit, Window};
use crate::fault::FaultKind;

/// The caller's clock: real time, which this crate does not read itself.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Why a request may not be sent now, and when it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub kind: FaultKind,
    pub wait: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct State {
    /// When the last requests were sent, in milliseconds since 1970, ascending.
    sent: VecDeque<i64>,
    #[serde(default)]
    silence: Option<Silence>,
}

/// What the service has asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Silence {
    /// In milliseconds since 1970.
    until: i64,
    is_quota: bool,
    /// The mark of the key that was sent.
    key: Option<u32>,
}

impl Silence {
    fn kind(&self) -> FaultKind {
        if self.is_quota { FaultKind::QuotaExhausted } else { FaultKind::RateLimited }
    }
}

/// 32 bits by which an account tells two keys apart (FNV-1a): each of them is shared by more keys than can be tried.
fn key_mark(key: &SecretString) -> u32 {
    mark(key.expose_secret().bytes())
}

/// FNV-1a of some bytes.
pub(super) fn mark(bytes: impl Iterator<Item = u8>) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    bytes.fold(0x811c_9dc5, mix)
}

/// The account of one service.
pub struct Budget {
    limit: Limit,
    file: Option<PathBuf>,
    clock: Clock,
    key: Option<u32>,
    state: Mutex<State>,
}

impl Budget {
    /// `file` keeps the account between processes; without it, it lives as long as the value.
    pub fn new(limit: Limit, file: Option<PathBuf>, clock: Clock) -> Budget {
        Budget { limit, file, clock, key: None, state: Mutex::new(State::default()) }
    }

    /// For requests that carry this key.
    pub fn of_key(mut self, key: Option<&SecretString>) -> Budget {
        self.key = key.map(key_mark);
        self
    }

    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Whether the account can be kept: writes it as it is.
    pub fn check(&self) -> std::io::Result<()> {
        self.with_state(Writing::Always, |_, _, _| ())
    }

    /// Takes one request, or tells when there is one.
    pub fn take(&self) -> std::io::Result<Result<(), Refusal>> {
        self.with_state(Writing::Changes, |state, limit, now| {
            if let Some(refusal) = refusal(state, limit, now) {
                return Err(refusal);
            }
            if !limit.windows.is_empty() {
                state.sent.push_back(now);
                let excess = state.sent.len().saturating_sub(limit.memory());
                state.sent.drain(..excess);
            }
            Ok(())
        })
    }

    /// Whether a request could be sent now, as far as this process knows.
    pub fn is_free(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        refusal(&state, &self.limit, self.now().timestamp_millis()).is_none()
    }

    /// Requests left in each window, as the account stands; it is only read.
    pub fn left(&self) -> std::io::Result<Vec<(Window, usize)>> {
        let (state, now) = self.read()?;
        let left = |window: &Window| {
            let start = now.saturating_sub(stretched(window.length));
            let used = state.sent.iter().filter(|at| **at > start).count();
            if state.silence.is_some() { 0 } else { window.requests.saturating_sub(used) }
        };
        Ok(self.limit.windows.iter().map(|window| (*window, left(window))).collect())
    }

    /// Until when silence is kept, and why; the account is only read.
    pub fn silent_until(&self) -> std::io::Result<Option<(DateTime<Utc>, FaultKind)>> {
        let silence = self.read()?.0.silence;
        Ok(silence
            .and_then(|silence| Some((DateTime::from_timestamp_millis(silence.until)?, silence.kind()))))
    }

    fn read(&self) -> std::io::Result<(State, i64)> {
        let now = self.now().timestamp_millis();
        let known = match &self.file {
            Some(file) => parse(file)?,
            None => Some(self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        };
        Ok((self.restated(known, now), now))
    }

    /// Keeps silent for that long, but for a day at most, in this process and the next ones.
    pub fn block(&self, kind: FaultKind, length: Duration) -> std::io::Result<()> {
        self.with_state(Writing::Changes, |state, _, now| {
            let until = now.saturating_add(millis(length.min(DAY)));
            let known = state.silence.as_ref().map_or(until, |silence| silence.until);
            let is_quota = kind == FaultKind::QuotaExhausted;
            state.silence = Some(Silence { until: until.max(known), is_quota, key: self.key });
        })
    }

    /// Works on the state under the lock of the file; what changed is on disk before this returns.
    fn with_state<T>(
        &self,
        writing: Writing,
        work: impl FnOnce(&mut State, &Limit, i64) -> T,
    ) -> std::io::Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else {
            let now = self.now().timestamp_millis();
            *state = self.restated(Some(std::mem::take(&mut *state)), now);
            return Ok(work(&mut state, &self.limit, now));
        };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lock = File::options().create(true).append(true).open(file.with_extension("lock"))?;
        lock.lock()?;
        // Read after the lock is held: waiting for it takes time.
        let now = self.now().timestamp_millis();
        let known = parse(file)?;
        *state = self.restated(known.clone(), now);
        let result = work(&mut state, &self.limit, now);
        // What was restated as of now is written too: read again and again, it would never grow old.
        if writing == Writing::Always || known.as_ref() != Some(&*state) {
            let text = serde_json::to_vec(&*state)?;
            let part = file.with_extension("part");
            std::fs::write(&part, text)?;
            std::fs::rename(&part, file)?;
        }
        Ok(result)
    }

    /// An account as of now. One that cannot be understood is full: asking too little is the safe mistake. After the
    /// clock was set back, requests of the future count as of now.
    fn restated(&self, known: Option<State>, now: i64) -> State {
        let full = || State { sent: vec![now; self.limit.memory()].into(), ..State::default() };
        let mut state = known.unwrap_or_else(full);
        state.sent.iter_mut().for_each(|sent| *sent = (*sent).min(now));
        let last = now.saturating_add(millis(DAY));
        let holds = |silence: &Silence| silence.key == self.key && (now + 1..=last).contains(&silence.until);
        state.silence = state.silence.filter(holds);
        state
    }
}

/// When the file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Always,
    Changes,
}

/// The account of a file; `None` when it cannot be understood.
fn parse(file: &std::path::Path) -> std::io::Result<Option<State>> {
    match std::fs::read(file) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Some(State::default())),
        Err(error) => Err(error),
    }
}

fn refusal(state: &State, limit: &Limit, now: i64) -> Option<Refusal> {
    let silence = state.silence.as_ref().filter(|silence| silence.until > now);
    let silence =
        silence.map(|silence| Refusal { kind: silence.kind(), wait: duration(silence.until - now) });
    let full = limit.windows.iter().filter_map(|window| {
        let earliest = state.sent.len().checked_sub(window.requests)?;
        let free_at = state.sent.get(earliest)?.saturating_add(stretched(window.length));
        let daily = window.length >= DAY;
        let kind = if daily { FaultKind::QuotaExhausted } else { FaultKind::RateLimited };
        (free_at > now).then(|| Refusal { kind, wait: duration(free_at - now) })
    });
    silence.into_iter().chain(full).max_by_key(|refusal| refusal.wait)
}

fn stretched(length: Duration) -> i64 {
    millis(length).saturating_add(millis(length / 60).max(100))
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests;
