use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::*;

fn clock() -> (Arc<AtomicI64>, Clock) {
    let now = Arc::new(AtomicI64::new(1_750_000_000_000));
    let read = now.clone();
    (now, Arc::new(move || DateTime::from_timestamp_millis(read.load(Ordering::SeqCst)).unwrap()))
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

#[test]
fn silence_lasts_a_day_at_most_and_is_one_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("polygon.json");
    let (now, clock) = clock();
    let open = |key: &str| {
        let key = (!key.is_empty()).then(|| SecretString::from(key));
        Budget::new(Limit::default(), Some(file.clone()), clock.clone()).of_key(key.as_ref())
    };
    open("first-key").block(FaultKind::RateLimited, Duration::MAX).unwrap();
    assert_eq!(open("first-key").take().unwrap(), Err(Refusal { kind: FaultKind::RateLimited, wait: DAY }));
    let (until, kind) = open("first-key").silent_until().unwrap().unwrap();
    assert_eq!((until, kind), (open("first-key").now() + DAY, FaultKind::RateLimited));
    assert_eq!(open("second-key").silent_until().unwrap(), None);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("first-key"));
    // A clock that was two hours ahead when it was written.
    now.fetch_sub(7_200_000, Ordering::SeqCst);
    assert_eq!(open("first-key").take().unwrap(), Ok(()));
    // That silence is gone, and does not come back when its last day begins.
    now.fetch_add(7_200_000, Ordering::SeqCst);
    assert_eq!(open("first-key").take().unwrap(), Ok(()));
    open("first-key").block(FaultKind::RateLimited, DAY).unwrap();
    assert_eq!(open("second-key").take().unwrap(), Ok(()), "another key");
    open("").block(FaultKind::QuotaExhausted, DAY).unwrap();
    assert!(open("").take().unwrap().is_err(), "a service without keys");
}

#[test]
fn an_account_that_cannot_be_kept_is_found_out_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    std::fs::write(&file, "").unwrap();
    let budget = |file| Budget::new(Limit::default(), Some(file), clock().1);
    assert!(budget(file.join("polygon.json")).check().is_err());
    let good = folder.path().join("new").join("polygon.json");
    budget(good.clone()).check().unwrap();
    assert!(good.is_file());
}
