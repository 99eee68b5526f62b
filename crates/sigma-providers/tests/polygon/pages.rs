//! Results over several pages.

use sigma_providers::FaultKind;
use sigma_providers::polygon::Polygon;
use sigma_testkit::fake::market::stamp::midnight_ms;
use sigma_testkit::fake::{Reply, Server};

use super::{KEY, acme, day, raw, serve};

fn second_page(next_url: &str) -> Reply {
    let rows = ["2025-11-03", "2025-11-04"]
        .map(|date| format!(r#"{{"o":1,"h":1,"l":1,"c":1,"t":{}}}"#, midnight_ms(day(date))));
    let rows = rows.join(",");
    Reply::json(
        200,
        format!(
            r#"{{"ticker":"ACME","adjusted":false,"results":[{rows}],"status":"DELAYED","next_url":"{next_url}"}}"#
        ),
    )
}

/// The recorded first page, then one that goes on to a link.
fn paged(next_url: &'static str) -> (Server, Polygon) {
    serve(move |request| match request.query("cursor") {
        None => raw("aggs_day_delayed_paged.json"),
        Some(_) => second_page(next_url),
    })
}

#[tokio::test]
async fn pages_are_followed_at_the_configured_address() {
    let (server, polygon) = paged("");
    let series = polygon.bars(&acme()).await.unwrap();
    assert_eq!(series.bars.len(), 4);
    let log = server.log();
    assert_eq!(
        log[1].request.target,
        "/v2/aggs/ticker/ACME/range/1/day/1761969600000/2025-11-04?cursor=bGltaXQ9MiZzb3J0PWFzYw"
    );
    assert!(log.iter().all(|logged| logged.request.header("authorization").is_some()));
    assert!(!log.iter().any(|logged| logged.target_contains(KEY)));
}

#[tokio::test]
async fn a_page_of_another_host_is_never_asked_for() {
    for link in ["https://evil.example/v2/x?cursor=2", "http://api.polygon.io/v2/x?cursor=2"] {
        let (server, polygon) = paged(link);
        let fault = polygon.bars(&acme()).await.unwrap_err();
        assert_eq!((fault.kind, server.count()), (FaultKind::Malformed, 2), "{link}");
    }
}

#[tokio::test]
async fn a_cursor_that_repeats_ends_the_reading() {
    let own = "https://api.polygon.io/v2/aggs/ticker/ACME/range/1/day/1761969600000/2025-11-04?cursor=bGltaXQ9MiZzb3J0PWFzYw";
    let (server, polygon) = paged(own);
    let fault = polygon.bars(&acme()).await.unwrap_err();
    assert_eq!((fault.kind, server.count()), (FaultKind::Malformed, 2));
    assert!(fault.detail.contains("read before"), "{fault}");
}

#[tokio::test]
async fn pages_without_end_end() {
    let (server, polygon) = serve(|request| {
        let page: usize = request.query("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let next = format!(r#"{{"results":[],"status":"OK","next_url":"/next?cursor={}"}}"#, page + 1);
        Reply::json(200, next)
    });
    let fault = polygon.contract_list("ACME", day("2025-11-04")).await.unwrap_err();
    assert_eq!((fault.kind, server.count()), (FaultKind::Malformed, 200));
}

#[tokio::test]
async fn an_error_on_a_later_page_is_not_a_short_answer() {
    let (_server, polygon) = serve(|request| match request.query("cursor") {
        None => raw("aggs_day_delayed_paged.json"),
        Some(_) => super::reply("errors/403_timeframe.json"),
    });
    assert_eq!(polygon.bars(&acme()).await.unwrap_err().kind, FaultKind::PlanTimeframe);
}
