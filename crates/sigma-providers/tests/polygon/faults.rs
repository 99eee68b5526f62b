//! Answers that are none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sigma_providers::FaultKind;
use sigma_providers::http::Answer;
use sigma_providers::polygon::{Polygon, classify};
use sigma_testkit::fake::{Reply, Server};

use super::{KEY, acme, always, raw, recorded, reply, serve};

/// One answer first, the recorded bars afterwards.
fn first(answer: Reply) -> (Server, Polygon) {
    let count = AtomicUsize::new(0);
    serve(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => answer.clone(),
        _ => raw("aggs_day.json"),
    })
}

#[tokio::test]
async fn a_passing_fault_is_tried_again() {
    let whole = raw("aggs_day.json");
    let half = whole.body().len() / 2;
    for (what, answer) in [
        ("truncated JSON", whole.clone().truncated(half)),
        ("truncated JSON in a whole archive", whole.clone().truncated(half).gzip()),
        ("a reset connection", whole.clone().reset_after(half)),
        ("an early end", whole.clone().hang_up_after(half)),
        ("a bad gateway", recorded().reply("common/502_bad_gateway.html")),
        ("a page of HTML", Reply::html(200, "<html><body>Just a moment</body></html>")),
        ("a page of HTML without a type", Reply::json(200, "<!DOCTYPE html><p>Just a moment")),
        ("a rate limit without a time", reply("errors/429_rate_limit.json")),
        ("a rate limit", reply("errors/429_rate_limit.json").header("Retry-After", "0")),
    ] {
        let (server, polygon) = first(answer);
        let series = polygon.bars(&acme()).await.unwrap_or_else(|fault| panic!("{what}: {fault}"));
        assert_eq!((series.bars.len(), server.count()), (4, 2), "{what}");
    }
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    let (_server, polygon) = always(raw("aggs_day.json").gzip());
    assert_eq!(polygon.bars(&acme()).await.unwrap().bars.len(), 4);
}

#[tokio::test]
async fn a_long_wait_is_reported_and_not_waited_for() {
    // The clock stands at 21:30:00 on the first request.
    for (wait, least) in [("3600", 3600), ("Tue, 04 Nov 2025 22:30:00 GMT", 3500)] {
        let (server, polygon) = always(reply("errors/429_rate_limit.json").header("Retry-After", wait));
        let fault = polygon.bars(&acme()).await.unwrap_err();
        assert_eq!((fault.kind, fault.status, server.count()), (FaultKind::RateLimited, Some(429), 1));
        let told = fault.retry_after.unwrap();
        assert!(Duration::from_secs(least) <= told && told <= Duration::from_secs(3600), "{told:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_asked_for_once() {
    for file in [
        "errors/200_not_authorized.json",
        "errors/400_bad_request.json",
        "errors/401_unknown_key.json",
        "errors/403_not_entitled.json",
        "errors/404_ticker.json",
    ] {
        let (server, polygon) = always(reply(file));
        polygon.bars(&acme()).await.unwrap_err();
        assert_eq!(server.count(), 1, "{file}");
    }
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_not_repeated() {
    let encoded = "canary%2Fkey%2B0f9a";
    for answer in [
        Reply::json(401, format!(r#"{{"status":"ERROR","error":"Unknown API Key {KEY}"}}"#)),
        Reply::json(400, format!(r#"{{"status":"ERROR","message":"apiKey={encoded}"}}"#)),
        Reply::json(200, format!(r#"{{"status":"OK","results":"{KEY}"}}"#)),
        Reply::text(500, format!("while authorising Bearer {KEY}")),
        Reply::json(200, format!(r#"{{"ticker":"{KEY}","results":[]}}"#)),
        Reply::json(200, format!(r#"{{"results":[],"next_url":"https://evil.example/{KEY}"}}"#)),
    ] {
        let (_server, polygon) = always(answer);
        let fault = polygon.bars(&acme()).await.unwrap_err();
        let told = format!("{fault} {fault:?}");
        assert!(!told.contains(KEY) && !told.contains(encoded), "{told}");
    }
    let (_server, polygon) = always(Reply::json(200, "{}"));
    assert!(!format!("{polygon:?}").contains(KEY));
}

#[test]
fn status_word_and_text_decide_together() {
    let kind = |status: u16, content_type: &str, body: &str| {
        classify(&Answer::new("Polygon", status, content_type, body)).err().map(|fault| fault.kind)
    };
    let json = |status, body| kind(status, "application/json", body);
    for body in [r#"{"status":"OK"}"#, r#"{"status":"DELAYED"}"#, r#"{"status":"ok"}"#, "{}", "[]", "[{}]"] {
        assert_eq!(json(200, body), None, "{body}");
    }
    // Identifiers may be of any type, and unknown fields may come.
    assert_eq!(json(200, r#"{"status":"OK","request_id":17,"new":[{}]}"#), None);
    let limited = r#"{"status":"ERROR","error":"You've exceeded the maximum requests per minute"}"#;
    assert_eq!(json(200, limited), Some(FaultKind::RateLimited));
    assert_eq!(json(200, r#"{"status":"ERROR","error":"oops"}"#), Some(FaultKind::BadRequest));
    assert_eq!(json(200, r#"{"status":"NOT_FOUND"}"#), Some(FaultKind::NotFound));
    assert_eq!(json(200, r#"{"status":"MAYBE"}"#), Some(FaultKind::Malformed));
    assert_eq!(json(400, r#"{"status":"ERROR","error":"API Key was not provided"}"#), Some(FaultKind::Auth));
    assert_eq!(json(403, r#"{"status":"NOT_AUTHORIZED","message":17}"#), Some(FaultKind::PlanEndpoint));
    assert_eq!(json(503, r#"{"error":"API key service down"}"#), Some(FaultKind::Transient));
    for status in [413, 499, 500, 504] {
        assert_eq!(json(status, "{}"), Some(FaultKind::Transient), "{status}");
    }
    assert_eq!(json(302, ""), Some(FaultKind::Malformed));
    assert_eq!(json(418, "short and stout"), Some(FaultKind::BadRequest));
    for (status, expected) in [
        (200, FaultKind::Malformed),
        (403, FaultKind::Malformed),
        (404, FaultKind::BadRequest),
        (429, FaultKind::RateLimited),
        (502, FaultKind::Transient),
    ] {
        assert_eq!(kind(status, "text/html; charset=utf-8", "<html>"), Some(expected), "{status}");
    }
}
