//! The sending of requests, against a server on this machine: patience, limits, and where keys may not go.

mod asking;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use asking::{KEY, always, now, settings, with_retries};
use chrono::DateTime;
use sigma_providers::Fault;
use sigma_providers::FaultKind::{self, *};
use sigma_providers::http::{Address, Answer, Limit, Service, Settings, Sign};
use sigma_testkit::fake::{Reply, Server, most_within};

const NAME: &str = "Fake";

fn open(settings: Settings) -> Service {
    Service::open(NAME, settings).unwrap()
}

/// What most providers do with an answer.
fn read(answer: &Answer) -> Result<Vec<u32>, Fault> {
    answer.fault_by_status().map_or(Ok(()), Err)?;
    answer.json()
}

async fn get(service: &Service) -> Result<Vec<u32>, Fault> {
    service.get(&service.request(&["data"], &[]), read).await
}

fn kind(result: Result<Vec<u32>, Fault>) -> Result<Vec<u32>, FaultKind> {
    result.map_err(|fault| fault.kind)
}

/// Answers one after another; the last one for ever.
fn in_turn(replies: Vec<Reply>) -> Server {
    let next = AtomicUsize::new(0);
    Server::start(move |_| {
        let turn = next.fetch_add(1, Ordering::SeqCst);
        replies[turn.min(replies.len() - 1)].clone()
    })
}

fn good() -> Reply {
    Reply::json(200, "[1, 2, 3]")
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for passing in [
        Reply::text(500, "oops"),
        Reply::html(502, "<html>502 Bad Gateway</html>"),
        Reply::text(429, "slow down"),
        good().truncated(4),
        good().reset_after(4),
        good().hang_up_after(4),
        Reply::html(200, "<html>one moment</html>"),
    ] {
        let server = in_turn(vec![passing.clone(), passing, good()]);
        let service = open(with_retries(&server, Sign::None, 2));
        assert_eq!(kind(get(&service).await), Ok(vec![1, 2, 3]));
        assert_eq!(server.count(), 3);
    }
}

#[tokio::test]
async fn patience_ends_and_refusals_are_not_tried_again() {
    for (reply, expected, requests) in [
        (Reply::text(503, "busy"), Transient, 3),
        (good().truncated(4), Malformed, 3),
        (good().reset_after(4), Transient, 3),
        (good().hang_up_after(4), Transient, 3),
        (Reply::text(429, "slow down"), RateLimited, 3),
        (Reply::text(401, "who are you"), Auth, 1),
        (Reply::text(402, "pay"), PlanEndpoint, 1),
        (Reply::text(403, "no"), PlanEndpoint, 1),
        (Reply::text(404, "none"), NotFound, 1),
        (Reply::text(400, "what"), BadRequest, 1),
    ] {
        let server = always(reply);
        let service = open(with_retries(&server, Sign::None, 2));
        assert_eq!(kind(get(&service).await), Err(expected));
        assert_eq!(server.count(), requests, "{expected}");
    }
}

#[tokio::test]
async fn pauses_between_attempts_grow() {
    let server = always(Reply::text(500, "oops"));
    let mut patient = with_retries(&server, Sign::None, 3);
    patient.patience.backoff = Duration::from_millis(40);
    assert!(get(&open(patient)).await.is_err());
    let log = server.log();
    for (pause, pair) in [40, 80, 160].into_iter().zip(log.windows(2)) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(pause));
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_in_seconds_and_as_a_date() {
    let slow_down = |status, wait: &str| Reply::text(status, "slow down").header("Retry-After", wait);
    for status in [429, 503] {
        let server = in_turn(vec![slow_down(status, "1"), good()]);
        let service = open(with_retries(&server, Sign::None, 1));
        assert_eq!(kind(get(&service).await), Ok(vec![1, 2, 3]));
        let log = server.log();
        assert!(log[1].at - log[0].at >= Duration::from_secs(1), "{status}");

        let date = DateTime::from_timestamp(now().timestamp() + 2, 0).unwrap();
        let wait = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let server = in_turn(vec![slow_down(status, &wait), good()]);
        let service = open(with_retries(&server, Sign::None, 1));
        assert_eq!(kind(get(&service).await), Ok(vec![1, 2, 3]));
        assert!(now() >= date, "{status}");
    }
}

#[tokio::test]
async fn a_wait_beyond_patience_is_told_at_once_and_kept_by_the_next_process() {
    for (first, expected) in [(RateLimited, RateLimited), (QuotaExhausted, QuotaExhausted)] {
        let folder = tempfile::tempdir().unwrap();
        let server = always(Reply::text(429, "slow down").header("Retry-After", "3600"));
        let settings = || {
            let mut settings = with_retries(&server, Sign::None, 5);
            settings.limit = Limit::parse("100/min").unwrap();
            settings.state_dir = Some(folder.path().to_owned());
            settings
        };
        let refuse = |answer: &Answer| -> Result<(), Fault> { Err(answer.fault(first, answer.quote())) };
        let service = open(settings());
        let began = Instant::now();
        let fault = service.get(&service.request(&["data"], &[]), refuse).await.unwrap_err();
        assert_eq!((fault.kind, fault.retry_after), (expected, Some(Duration::from_secs(3600))));
        drop(service);
        for _ in 0..2 {
            let fault = get(&open(settings())).await.unwrap_err();
            assert_eq!((fault.kind, fault.status), (expected, None));
            let left = fault.retry_after.unwrap();
            assert!(left > Duration::from_secs(3500) - began.elapsed() && left <= Duration::from_secs(3600));
        }
        assert_eq!(server.count(), 1, "nobody asks a service that wants silence");
    }
}

#[tokio::test]
async fn silence_is_a_timeout() {
    for reply in [Reply::stall(), good().delay(Duration::from_secs(3600))] {
        let server = always(reply);
        let mut settings = with_retries(&server, Sign::None, 1);
        settings.patience.timeout = Duration::from_millis(150);
        let fault = get(&open(settings)).await.unwrap_err();
        assert_eq!((fault.kind, server.count()), (Transient, 2));
        assert_eq!(fault.detail, "no answer from 127.0.0.1 within 150 ms");
    }
}

#[tokio::test]
async fn compressed_answers_are_read() {
    assert_eq!(kind(get(&open(settings(&always(good().gzip()), Sign::None))).await), Ok(vec![1, 2, 3]));
    let broken = always(good().truncated(4).gzip());
    assert_eq!(kind(get(&open(settings(&broken, Sign::None))).await), Err(Malformed));
    let cut = always(Reply::json(200, format!("[{}1]", "1,".repeat(5000))).gzip().truncated(30));
    let result = kind(get(&open(settings(&cut, Sign::None))).await);
    assert!(matches!(result, Err(Transient | Malformed)), "{result:?}");
}

#[tokio::test]
async fn a_key_goes_to_no_other_address() {
    for sign in signs() {
        let elsewhere = always(good());
        for status in [301, 302, 307, 308] {
            let target = format!("{}/stolen", elsewhere.url());
            let server = always(Reply::text(status, "moved").header("Location", &target));
            let service = open(settings(&server, sign.clone()));
            assert_eq!(kind(get(&service).await), Err(Malformed), "{status}");
            let link = format!("{}/data?cursor=2", elsewhere.url());
            let fault = service.next_page(&link, &["api.example.com"]).unwrap_err();
            assert_eq!(fault.kind, Malformed);
            // A known host is a name for this address: its path and query are asked for here.
            let known = service.next_page("https://api.example.com/data?cursor=2", &["api.example.com"]);
            let _ = service.get(&known.unwrap(), read).await;
            assert_eq!(server.log()[1].request.query("cursor"), Some("2"));
        }
        assert_eq!(elsewhere.count(), 0);
    }
}

fn signs() -> [Sign; 4] {
    let key = || KEY.to_owned().into();
    [Sign::Bearer(key()), Sign::Token(key()), Sign::Header("apikey", key()), Sign::Query("apikey", key())]
}

#[tokio::test]
async fn each_sign_puts_the_key_in_its_place() {
    let server = always(good());
    for sign in signs() {
        get(&open(settings(&server, sign))).await.unwrap();
    }
    let log = server.log();
    assert_eq!(log[0].request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(log[1].request.header("authorization"), Some(format!("Token {KEY}").as_str()));
    assert_eq!(log[2].request.header("apikey"), Some(KEY));
    assert_eq!(log[3].request.query("apikey"), Some(KEY));
    assert!(log[..3].iter().all(|logged| !logged.target_contains("cAnArY")));
}

/// Where a key could show, whole or in part.
fn has_canary(text: &str) -> bool {
    text.contains("cAnArY")
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_in_no_message() {
    let encoded = "cAnArY%2B7f3e%2F9b%3D0d5a%266c1%2582";
    let small = "cAnArY%2b7f3e%2f9b%3d0d5a%266c1%2582";
    let server = Server::start(|request| {
        let status = request.query("status").and_then(|status| status.parse().ok()).unwrap_or(200);
        Reply::text(status, request.query("body").unwrap_or_default()).header("Location", "/cAnArY")
    });
    for sign in signs() {
        let service = open(settings(&server, sign));
        let fault = async |status: u16, body: String| {
            let query = [("status", status.to_string()), ("body", body)];
            service.get(&service.request(&["data"], &query), read).await.unwrap_err()
        };
        for said in [KEY, encoded, small] {
            // Up to where a quotation breaks off, so that it breaks off within the key.
            for before in [0, 100, 130, 140, 150] {
                for status in [200, 302, 400, 401, 403, 404, 429, 500] {
                    let body = format!("{} {said} is wrong{}", "x".repeat(before), "y".repeat(200));
                    let fault = fault(status, body).await;
                    assert!(!has_canary(&format!("{fault} {fault:?}")), "{status} {before} {fault}");
                }
            }
        }
        let fault = fault(200, format!("[\"{KEY}\"]")).await;
        assert!(fault.kind == Malformed && !has_canary(&format!("{fault:?}")), "{fault}");
    }
}

#[tokio::test]
async fn a_key_is_in_no_message_about_the_way_there() {
    for sign in signs() {
        let silent = always(Reply::stall());
        let mut settings = settings(&silent, sign.clone());
        settings.patience.timeout = Duration::from_millis(100);
        let service = open(settings.clone());
        let request = service.request(&["data"], &[("symbol", "ACME".to_owned())]);
        assert!(!has_canary(&format!("{service:?} {request:?} {:?}", service.limit())));
        let mut faults = vec![service.get(&request, read).await.unwrap_err()];
        drop(silent);
        faults.push(get(&service).await.unwrap_err());
        settings.address = Address::parse("https://127.0.0.1:1").unwrap();
        faults.push(get(&open(settings)).await.unwrap_err());
        for fault in faults {
            assert_eq!(fault.kind, Transient);
            assert!(!has_canary(&format!("{fault} {fault:?}")), "{fault}");
        }
        let link = format!("https://evil.example/?k={KEY}");
        let fault = service.next_page(&link, &[]).unwrap_err();
        assert!(!has_canary(&format!("{fault:?}")), "{fault}");
    }
}

#[tokio::test]
async fn two_processes_share_one_limit() {
    let folder = tempfile::tempdir().unwrap();
    let server = always(good());
    let open_one = || {
        let mut settings = settings(&server, Sign::None);
        settings.limit = Limit::parse("5/2s").unwrap();
        settings.state_dir = Some(folder.path().to_owned());
        open(settings)
    };
    let (one, other) = (open_one(), open_one());
    let ask = async |service: &Service, times: usize| {
        for _ in 0..times {
            get(service).await.unwrap();
        }
    };
    tokio::join!(ask(&one, 7), ask(&other, 6));
    let log = server.log();
    assert_eq!(log.len(), 13);
    assert!(most_within(&log, Duration::from_secs(2)) <= 5);
}

#[tokio::test]
async fn waits_are_told_before_they_begin() {
    let server = always(good());
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut settings = settings(&server, Sign::None);
    settings.limit = Limit::parse("1/2s").unwrap();
    let seen = told.clone();
    settings.on_wait = Some(std::sync::Arc::new(move |name, wait| seen.lock().unwrap().push((name, wait))));
    let service = open(settings);
    get(&service).await.unwrap();
    get(&service).await.unwrap();
    let told = told.lock().unwrap();
    assert!(matches!(told[..], [(NAME, wait)] if wait <= Duration::from_millis(2100)), "{told:?}");
}
