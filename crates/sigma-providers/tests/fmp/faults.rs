//! What answers mean, and that a fault leaves the client able to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sigma_providers::FaultKind::{self, *};
use sigma_providers::fmp::{Fmp, fault};
use sigma_providers::http::Answer;
use sigma_testkit::fake::{Reply, Request, Server};

use crate::support::*;

fn kind_of(status: u16, content_type: &str, body: &str) -> Option<FaultKind> {
    fault::classify(&Answer::new("FMP", status, content_type, body), false).map(|fault| fault.kind)
}

#[test]
fn recorded_refusals() {
    for (file, per_day, per_minute) in [
        ("fmp/errors/401_invalid_key.json", Auth, Auth),
        ("fmp/errors/402_premium_symbol.txt", PlanSymbol, PlanSymbol),
        ("fmp/errors/402_restricted_endpoint.txt", PlanEndpoint, PlanEndpoint),
        ("fmp/errors/402_exclusive_endpoint.json", PlanEndpoint, PlanEndpoint),
        ("fmp/errors/403_legacy_endpoint.json", PlanEndpoint, PlanEndpoint),
        ("fmp/errors/429_limit_reach.json", QuotaExhausted, RateLimited),
        ("fmp/errors/200_limit_reach.json", QuotaExhausted, RateLimited),
        ("fmp/errors/429_bandwidth.json", QuotaExhausted, QuotaExhausted),
        ("common/502_bad_gateway.html", Transient, Transient),
    ] {
        let kind = |is_daily| fault::classify(&answer(file), is_daily).map(|fault| fault.kind);
        assert_eq!((kind(true), kind(false)), (Some(per_day), Some(per_minute)), "{file}");
    }
}

#[test]
fn status_type_and_body_decide_together() {
    let json = "application/json";
    assert_eq!(kind_of(200, json, r#"{"error": "Limit Reach . Please upgrade"}"#), Some(RateLimited));
    assert_eq!(kind_of(200, json, r#"{"error": "something else"}"#), Some(BadRequest));
    assert_eq!(kind_of(500, json, r#"{"error": "something else"}"#), Some(Transient));
    assert_eq!(kind_of(400, json, r#"{"Error Message": "wrong date"}"#), Some(BadRequest));
    // A plain refusal without its status, and in capitals.
    assert_eq!(kind_of(200, "text/plain", "RESTRICTED ENDPOINT: not available"), Some(PlanEndpoint));
    assert_eq!(kind_of(402, "text/plain", "Payment required"), Some(PlanEndpoint));
    let refused = "Premium Query Parameter: 'Special Endpoint : This value set for 'from' is not available";
    assert_eq!(kind_of(402, "text/plain", refused), Some(PlanTimeframe));
    // A page of a proxy knows nothing of keys, plans and symbols.
    for status in [200, 401, 403, 404] {
        assert_eq!(kind_of(status, "text/html", "<html>no</html>"), Some(Malformed), "{status}");
    }
    assert_eq!(kind_of(503, "text/html", "<html>no</html>"), Some(Transient));
    // Data is not searched for markers.
    let data = r#"[{"symbol": "ACME", "companyName": "Limit Reach Invalid API KEY Inc."}]"#;
    assert_eq!(kind_of(200, json, data), None);
    assert_eq!(kind_of(200, json, &data[..data.len() - 3]), None);
}

fn good() -> Reply {
    payloads().reply("fmp/stable_historical_price_eod_full.json")
}

/// Every fault, what becomes of it, and that the same client or a later one completes the set.
#[tokio::test]
async fn a_fault_is_told_and_a_good_answer_completes() {
    let recorded = |file: &str| payloads().reply(file);
    let object = Reply::json(200, r#"{"symbol": "ACME"}"#);
    let limited = recorded("fmp/errors/429_limit_reach.json");
    let faults = [
        (recorded("fmp/errors/401_invalid_key.json"), Auth),
        (recorded("fmp/errors/402_premium_symbol.txt"), PlanSymbol),
        (recorded("fmp/errors/402_restricted_endpoint.txt"), PlanEndpoint),
        (recorded("fmp/errors/402_exclusive_endpoint.json"), PlanEndpoint),
        (recorded("fmp/errors/403_legacy_endpoint.json"), PlanEndpoint),
        (limited.clone().header("Retry-After", "7"), RateLimited),
        (limited.header("Retry-After", "Wed, 05 Nov 2025 23:59:59 GMT"), RateLimited),
        (recorded("fmp/errors/429_limit_reach.json"), RateLimited),
        (recorded("fmp/errors/200_limit_reach.json"), RateLimited),
        (recorded("fmp/errors/429_bandwidth.json"), QuotaExhausted),
        (Reply::json(404, "[]"), NotFound),
        (Reply::text(500, "oops"), Transient),
        (recorded("common/502_bad_gateway.html"), Transient),
        (Reply::stall(), Transient),
        (good().reset_after(300), Transient),
        (good().hang_up_after(300), Transient),
        (good().truncated(300), Malformed),
        (good().truncated(300).gzip(), Malformed),
        (Reply::html(200, good().body().to_vec()), Malformed),
        (object, Malformed),
        (recorded("fmp/stable_empty.json"), NoData),
        (Reply::json(200, r#"[{"date": "2025-11-04", "close": null}]"#), Malformed),
    ];
    for (number, (reply, kind)) in faults.into_iter().enumerate() {
        let is_broken = Arc::new(AtomicBool::new(true));
        let server = Server::start({
            let is_broken = Arc::clone(&is_broken);
            move |request: &Request| match request.path.as_str() {
                "/stable/historical-price-eod/full" | "/stable/historical-price-eod/light" => {
                    if is_broken.load(Ordering::SeqCst) { reply.clone() } else { good() }
                }
                _ => Reply::json(200, "[]"),
            }
        });
        let mut settings = settings(&server, "300/min");
        settings.patience.timeout = Duration::from_millis(200);
        settings.patience.retries = 0;
        let fault = Fmp::open(settings.clone(), false).unwrap().bars(&acme()).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{number}: {fault}");
        assert_eq!(fault.provider, "FMP");

        is_broken.store(false, Ordering::SeqCst);
        let series = Fmp::open(settings, false).unwrap().bars(&acme()).await.unwrap();
        assert_eq!(series.bars.len(), 4, "{number}");
    }
}

#[tokio::test]
async fn a_day_without_requests_left_is_not_asked_again() {
    let server = serve(&[("/stable/profile", payloads().reply("fmp/errors/200_limit_reach.json"))]);
    let fmp = Fmp::open(settings(&server, "300/min,250/day"), false).unwrap();
    for _ in 0..3 {
        assert_eq!(fmp.profile("ACME").await.unwrap_err().kind, QuotaExhausted);
    }
    assert_eq!(server.count(), 1);
}

/// The server repeats what it was sent, wherever it can.
#[tokio::test]
async fn the_key_is_never_told() {
    let row = format!(r#"{{"symbol":"{KEY}","date":"{KEY}","close":"{KEY}","dividend":"{KEY}"}}"#);
    // Messages are cut short: within the key, if it happens to stand there.
    let padded = |letters: usize| format!("{}{KEY}", "x".repeat(letters));
    let bodies = [
        (400, "text/plain", padded(150)),
        (400, "text/plain", padded(155)),
        (500, "application/json", format!(r#"{{"error": "{}"}}"#, padded(230))),
        (200, "application/json", format!(r#"["{}"]"#, padded(150))),
        (401, "application/json", format!(r#"{{"Error Message": "Invalid API KEY {KEY}"}}"#)),
        (402, "text/plain", format!("Restricted Endpoint: {KEY}")),
        (400, "text/plain", format!("wrong: ?apikey=canary%2Ffmp%2B51f0c7 {KEY}")),
        (500, "application/json", format!(r#"{{"error": {{"key": "{KEY}"}}}}"#)),
        (200, "application/json", format!(r#"{{"key": "{KEY}"}}"#)),
        (200, "application/json", format!("[{row}]")),
        (200, "application/json", format!("[{row}")),
        (200, "text/html", format!("<html>{KEY}</html>")),
    ];
    for (status, content_type, body) in bodies {
        let server = Server::start(move |_: &Request| Reply::bytes(status, content_type, body.clone()));
        let fmp = client(&server);
        let from = day("2025-10-30");
        let told = format!(
            "{fmp:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            fmp.bars(&acme()).await,
            fmp.actions("ACME", from, day("2025-11-04")).await,
            fmp.profile("ACME").await,
            fmp.yields("DGS10", from, day("2025-11-04")).await,
            fmp.session_bars(&["ACME".to_owned()], day("2025-11-04")).await,
            fmp.probe().await,
        );
        assert!(!told.contains("cana"), "{told}");
        let log = server.log();
        assert!(log.iter().all(|logged| logged.request.header("apikey") == Some(KEY)));
        assert!(!log.iter().any(|logged| logged.target_contains("canary")));
    }
}
