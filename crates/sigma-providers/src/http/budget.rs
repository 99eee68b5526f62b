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
//! # Verified by
//! A simulated clock over random limits and arrivals below: no stretch holds more than its limit, and no request waits
//! when there is room.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fault::FaultKind;

/// The caller's clock: real time, which this crate does not read itself.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// So many requests in any stretch of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub requests: usize,
    pub length: Duration,
}

/// What a service allows; no window at all is unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limit {
    pub windows: Vec<Window>,
}

/// A limit that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a limit; write it like 5/min, 300/min,250/day, 1/2s or unlimited")]
pub struct LimitError(pub String);

const DAY: Duration = Duration::from_secs(86_400);

impl Limit {
    /// Parses `5/min`, `300/min,250/day`, `1/2s` or `unlimited`.
    pub fn parse(text: &str) -> Result<Limit, LimitError> {
        let error = || LimitError(text.to_owned());
        if text.trim().eq_ignore_ascii_case("unlimited") {
            return Ok(Limit::default());
        }
        let windows = text.split(',').map(|part| parse_window(part.trim()).ok_or_else(error));
        Ok(Limit { windows: windows.collect::<Result<_, _>>()? })
    }

    /// The shortest window: how long a refusal without a stated wait is likely to last.
    pub fn shortest(&self) -> Option<Duration> {
        self.windows.iter().map(|window| window.length).min()
    }

    /// Whether a whole day's requests are counted, as free plans do.
    pub fn is_daily(&self) -> bool {
        self.windows.iter().any(|window| window.length >= DAY)
    }

    fn memory(&self) -> usize {
        self.windows.iter().map(|window| window.requests).max().unwrap_or(0)
    }
}

fn parse_window(text: &str) -> Option<Window> {
    let (requests, length) = text.split_once('/')?;
    let requests = requests.trim().parse().ok().filter(|&n| n > 0)?;
    let length = length.trim();
    let digits = length.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = length.split_at(digits);
    let count: u32 = if count.is_empty() { 1 } else { count.parse().ok().filter(|&n| n > 0)? };
    let unit = match unit.trim() {
        "ms" => Duration::from_millis(1),
        "s" | "sec" | "second" => Duration::from_secs(1),
        "m" | "min" | "minute" => Duration::from_secs(60),
        "h" | "hour" => Duration::from_secs(3600),
        "d" | "day" => DAY,
        _ => return None,
    };
    Some(Window { requests, length: unit.checked_mul(count)? })
}

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
    /// The service has asked for silence until then.
    #[serde(default)]
    blocked_until: Option<i64>,
    #[serde(default)]
    blocked_by_quota: bool,
}

/// The account of one service.
pub struct Budget {
    limit: Limit,
    file: Option<PathBuf>,
    clock: Clock,
    state: Mutex<State>,
}

impl Budget {
    /// `file` keeps the account between processes; without it, it lives as long as the value.
    pub fn new(limit: Limit, file: Option<PathBuf>, clock: Clock) -> Budget {
        Budget { limit, file, clock, state: Mutex::new(State::default()) }
    }

    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Takes one request, or tells when there is one.
    pub fn take(&self) -> std::io::Result<Result<(), Refusal>> {
        self.with_state(|state, limit, now| {
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
        let now = self.now().timestamp_millis();
        let state = match &self.file {
            Some(file) => restated(parse(file)?, &self.limit, now),
            None => self.state.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        let is_blocked = state.blocked_until.is_some_and(|until| until > now);
        let left = |window: &Window| {
            let start = now.saturating_sub(stretched(window.length));
            let used = state.sent.iter().filter(|at| **at > start).count();
            if is_blocked { 0 } else { window.requests.saturating_sub(used) }
        };
        Ok(self.limit.windows.iter().map(|window| (*window, left(window))).collect())
    }

    /// Keeps silent for that long, in this process and the next ones.
    pub fn block(&self, kind: FaultKind, length: Duration) -> std::io::Result<()> {
        self.with_state(|state, _, now| {
            let until = now.saturating_add(millis(length));
            state.blocked_until = Some(state.blocked_until.map_or(until, |known| known.max(until)));
            state.blocked_by_quota = kind == FaultKind::QuotaExhausted;
        })
    }

    /// Works on the state under the lock of the file; what changed is on disk before this returns.
    fn with_state<T>(&self, work: impl FnOnce(&mut State, &Limit, i64) -> T) -> std::io::Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else {
            let now = self.now().timestamp_millis();
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
        *state = restated(known.clone(), &self.limit, now);
        let result = work(&mut state, &self.limit, now);
        // What was restated as of now is written too: read again and again, it would never grow old.
        if known.as_ref() != Some(&*state) {
            let text = serde_json::to_vec(&*state)?;
            let part = file.with_extension("part");
            std::fs::write(&part, text)?;
            std::fs::rename(&part, file)?;
        }
        Ok(result)
    }
}

/// The account of a file; `None` when it cannot be understood.
fn parse(file: &std::path::Path) -> std::io::Result<Option<State>> {
    match std::fs::read(file) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Some(State::default())),
        Err(error) => Err(error),
    }
}

/// An account as of now. One that cannot be understood is full: asking too little is the safe mistake. After the clock
/// was set back, requests of the future count as of now.
fn restated(known: Option<State>, limit: &Limit, now: i64) -> State {
    let full = || State { sent: vec![now; limit.memory()].into(), ..State::default() };
    let mut state = known.unwrap_or_else(full);
    state.sent.iter_mut().for_each(|sent| *sent = (*sent).min(now));
    state
}

fn refusal(state: &State, limit: &Limit, now: i64) -> Option<Refusal> {
    let blocked = state.blocked_until.filter(|&until| until > now).map(|until| {
        let quota = state.blocked_by_quota;
        let kind = if quota { FaultKind::QuotaExhausted } else { FaultKind::RateLimited };
        Refusal { kind, wait: duration(until - now) }
    });
    let full = limit.windows.iter().filter_map(|window| {
        let earliest = state.sent.len().checked_sub(window.requests)?;
        let free_at = state.sent.get(earliest)?.saturating_add(stretched(window.length));
        let daily = window.length >= DAY;
        let kind = if daily { FaultKind::QuotaExhausted } else { FaultKind::RateLimited };
        (free_at > now).then(|| Refusal { kind, wait: duration(free_at - now) })
    });
    blocked.into_iter().chain(full).max_by_key(|refusal| refusal.wait)
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
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use proptest::prelude::*;

    use super::*;

    fn clock() -> (Arc<AtomicI64>, Clock) {
        let now = Arc::new(AtomicI64::new(1_750_000_000_000));
        let read = now.clone();
        (now, Arc::new(move || DateTime::from_timestamp_millis(read.load(Ordering::SeqCst)).unwrap()))
    }

    #[test]
    fn limits_are_read_as_they_are_written() {
        let window = |requests, seconds| Window { requests, length: Duration::from_secs(seconds) };
        for (text, windows) in [
            ("5/min", vec![window(5, 60)]),
            ("300/min, 250/day", vec![window(300, 60), window(250, 86_400)]),
            ("1/2s", vec![window(1, 2)]),
            ("50/h", vec![window(50, 3600)]),
            ("unlimited", vec![]),
        ] {
            assert_eq!(Limit::parse(text).unwrap().windows, windows, "{text}");
        }
        for text in ["", "5", "0/min", "5/", "5/fortnight", "/min", "-1/min", "5/0s", "5/min,"] {
            assert!(Limit::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn another_process_sees_what_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state").join("polygon.json");
        let (now, clock) = clock();
        let open = || Budget::new(Limit::parse("2/min").unwrap(), Some(file.clone()), clock.clone());
        assert_eq!(open().take().unwrap(), Ok(()));
        assert_eq!(open().take().unwrap(), Ok(()));
        let wait = Duration::from_secs(61);
        assert_eq!(open().take().unwrap(), Err(Refusal { kind: FaultKind::RateLimited, wait }));
        let left = || open().left().unwrap().first().map(|(_, left)| *left);
        assert_eq!(left(), Some(0));
        now.fetch_add(61_000, Ordering::SeqCst);
        assert_eq!(left(), Some(2));
        assert_eq!(open().take().unwrap(), Ok(()));
        assert_eq!(left(), Some(1));
        open().block(FaultKind::QuotaExhausted, DAY).unwrap();
        assert_eq!(open().take().unwrap(), Err(Refusal { kind: FaultKind::QuotaExhausted, wait: DAY }));
        std::fs::write(&file, "{\"sent\": [1, 2").unwrap();
        assert!(open().take().unwrap().is_err(), "a broken file is a full account");
        now.fetch_add(61_000, Ordering::SeqCst);
        assert_eq!(open().take().unwrap(), Ok(()), "from the day that it was found broken");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_account() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("polygon.json");
        let (now, clock) = clock();
        let open = || Budget::new(Limit::parse("1/min").unwrap(), Some(file.clone()), clock.clone());
        assert_eq!(open().take().unwrap(), Ok(()));
        now.fetch_sub(3_600_000, Ordering::SeqCst);
        assert!(open().take().unwrap().is_err(), "a request of the future counts as of now");
        now.fetch_add(61_000, Ordering::SeqCst);
        assert_eq!(open().take().unwrap(), Ok(()));
    }

    proptest! {
        #[test]
        fn no_stretch_holds_more_than_its_limit(
            windows in prop::collection::vec((1usize..6, 1u64..50), 1..3),
            gaps in prop::collection::vec(0i64..5_000, 1..80),
        ) {
            let windows: Vec<Window> = windows
                .into_iter()
                .map(|(requests, seconds)| Window { requests, length: Duration::from_secs(seconds) })
                .collect();
            let (now, clock) = clock();
            let budget = Budget::new(Limit { windows: windows.clone() }, None, clock);
            let mut sent: Vec<i64> = Vec::new();
            for gap in gaps {
                now.fetch_add(gap, Ordering::SeqCst);
                if let Err(refusal) = budget.take().unwrap() {
                    // It was needed: some window is full without the last millisecond.
                    let almost = now.load(Ordering::SeqCst) + millis(refusal.wait) - 1;
                    let is_full = windows.iter().any(|window| {
                        let start = almost - stretched(window.length);
                        sent.iter().filter(|at| **at > start).count() >= window.requests
                    });
                    prop_assert!(is_full);
                    now.fetch_add(millis(refusal.wait), Ordering::SeqCst);
                    prop_assert_eq!(budget.take().unwrap(), Ok(()));
                }
                sent.push(now.load(Ordering::SeqCst));
            }
            for window in windows {
                for (i, start) in sent.iter().enumerate() {
                    let within = sent[i..].iter().filter(|at| **at < start + millis(window.length)).count();
                    prop_assert!(within <= window.requests);
                }
            }
        }
    }
}
