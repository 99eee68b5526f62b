//! Details, delistings, renames, closures, and what a key may do.

use chrono::NaiveTime;
use sigma_core::model::InstrumentKind;
use sigma_providers::symbols::Rename;
use sigma_providers::{FaultKind, Security};
use sigma_testkit::fake::Reply;

use super::{KEY, always, day, reply, serve};

#[tokio::test]
async fn details_of_a_company() {
    let (_server, polygon) = always(reply("ticker_details.json"));
    let text = |text: &str| Some(text.to_owned());
    let expected = Security {
        name: text("Acme Industries Inc. Common Stock"),
        kind: Some(InstrumentKind::Stock),
        industry: text("Electronic Computers"),
        exchange: text("XNAS"),
        country: text("US"),
        currency: text("USD"),
        market_cap: Some(52_345_678_901.25),
        ..Security::of_symbol("ACME")
    };
    assert_eq!(polygon.profile("ACME").await.unwrap(), expected);
}

#[tokio::test]
async fn what_is_left_out_stays_unknown() {
    let (_server, polygon) = always(reply("ticker_details_etf_sparse.json"));
    let security = polygon.profile("AETF").await.unwrap();
    assert_eq!(security.kind, Some(InstrumentKind::Etf));
    assert_eq!((security.sector, security.industry, security.market_cap), (None, None, None));
    // Another symbol's details are not these.
    assert_eq!(polygon.profile("ACME").await.unwrap_err().kind, FaultKind::Malformed);

    let odd = r#"{"results":{"ticker":"ODD","type":"WARRANT","locale":"global","currency_name":"Dollar",
        "market_cap":0,"sic_description":"SERVICES-MEN'S & BOYS' CLOTHING OF THE YEAR"}}"#;
    let (_server, polygon) = always(Reply::json(200, odd));
    let security = polygon.profile("ODD").await.unwrap();
    let industry = Some("Services-Men's & Boys' Clothing of the Year".to_owned());
    assert_eq!(security, Security { industry, ..Security::of_symbol("ODD") });
}

#[tokio::test]
async fn a_symbol_that_is_gone_says_since_when() {
    let (server, polygon) = serve(|request| match &*request.path {
        "/v3/reference/tickers" => reply("tickers_inactive.json"),
        _ => reply("errors/404_ticker.json"),
    });
    let fault = polygon.profile("GONE").await.unwrap_err();
    assert_eq!((fault.kind, &*fault.detail), (FaultKind::NotFound, "GONE was delisted on 2023-12-14"));
    let query = &server.log()[1].request.query;
    assert_eq!(
        query[..2],
        [("ticker", "GONE"), ("active", "false")].map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    // The list is of another symbol: nothing is known of this one.
    let fault = polygon.profile("LOST").await.unwrap_err();
    assert_eq!((fault.kind, &*fault.detail), (FaultKind::NotFound, "Ticker not found."));
}

#[tokio::test]
async fn a_delisting_at_midnight_in_greenwich_is_a_date() {
    let (_server, polygon) = serve(|request| match &*request.path {
        "/v3/reference/tickers" => super::list(
            r#"{"ticker":"GONE","delisted_utc":"2021-03-22T00:00:00Z"},{"ticker":"GONE","delisted_utc":"2009-01-02T05:00:00Z"}"#,
        ),
        _ => reply("errors/404_ticker.json"),
    });
    assert!(polygon.profile("GONE").await.unwrap_err().detail.ends_with("2021-03-22"));
}

#[tokio::test]
async fn companies_that_were_bought_say_since_when() {
    // Horizon by Amgen, Seagen by Pfizer: gone from the list of active symbols, and nobody's successor.
    let (server, polygon) = serve(|request| match &*request.path {
        "/v3/reference/tickers" => super::list(match request.query("ticker") {
            Some("HZNP") => r#"{"ticker":"HZNP","active":false,"delisted_utc":"2023-10-06T04:00:00Z"}"#,
            _ => r#"{"ticker":"SGEN","active":false,"delisted_utc":"2023-12-14T05:00:00Z"}"#,
        }),
        _ => reply("errors/404_ticker.json"),
    });
    for (symbol, told) in
        [("HZNP", "HZNP was delisted on 2023-10-06"), ("SGEN", "SGEN was delisted on 2023-12-14")]
    {
        let fault = polygon.profile(symbol).await.unwrap_err();
        assert_eq!((fault.kind, &*fault.detail), (FaultKind::NotFound, told));
    }
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn a_company_under_another_symbol_is_named() {
    let (server, polygon) = serve(|request| match &*request.path {
        "/v3/reference/tickers" => super::list(
            r#"{"ticker":"OLDN","delisted_utc":"2022-06-09T04:00:00Z","composite_figi":"BBG000XXXXX9"}"#,
        ),
        "/vX/reference/tickers/BBG000XXXXX9/events" => reply("ticker_events_rename.json"),
        _ => reply("errors/404_ticker.json"),
    });
    let fault = polygon.profile("OLDN").await.unwrap_err();
    assert_eq!((fault.kind, &*fault.detail), (FaultKind::NotFound, "OLDN trades as NEWN since 2022-06-09"));
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn changes_of_symbol() {
    let (server, polygon) = always(reply("ticker_events_rename.json"));
    let rename = Rename { old: "OLDN".to_owned(), new: "NEWN".to_owned(), date: day("2022-06-09") };
    assert_eq!(polygon.renames("NEWN").await.unwrap(), [rename]);
    assert_eq!(server.log()[0].request.target, "/vX/reference/tickers/NEWN/events?types=ticker_change");

    let (_server, polygon) = always(Reply::json(200, r#"{"results":{"name":"No events"},"status":"OK"}"#));
    assert!(polygon.renames("ACME").await.unwrap().is_empty());
    let (_server, polygon) = always(reply("errors/404_ticker.json"));
    assert_eq!(polygon.renames("ACME").await.unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn closures_of_the_exchange() {
    let (_server, polygon) = always(reply("marketstatus_upcoming.json"));
    let closures = polygon.upcoming_closures().await.unwrap();
    let found: Vec<_> = closures.iter().map(|c| (c.date, c.is_closed, c.closes_at)).collect();
    let one = NaiveTime::from_hms_opt(13, 0, 0);
    assert_eq!(found, [(day("2025-11-27"), true, None), (day("2025-11-28"), false, one)]);
    assert_eq!(closures[0].name.as_deref(), Some("Thanksgiving"));

    let other = r#"[{"exchange":"NASDAQ","date":"2025-11-27","status":"closed"},{"exchange":"NYSE","status":"closed"}]"#;
    let (_server, polygon) = always(Reply::json(200, other));
    assert!(polygon.upcoming_closures().await.unwrap().is_empty());
    let (_server, polygon) = always(Reply::json(200, r#"{"closed":true}"#));
    assert_eq!(polygon.upcoming_closures().await.unwrap_err().kind, FaultKind::Malformed);
}

#[tokio::test]
async fn a_free_plan_shows_what_it_lacks() {
    let (server, polygon) = serve(|request| match &*request.path {
        "/v1/marketstatus/upcoming" => reply("marketstatus_upcoming.json"),
        "/v2/aggs/ticker/SPY/prev" => Reply::json(
            200,
            r#"{"ticker":"SPY","adjusted":false,"results":[{"T":"SPY","c":675.24,"t":1762290000000}],"status":"OK"}"#,
        ),
        _ => reply("errors/403_not_entitled.json"),
    });
    let abilities = polygon.probe().await;
    let [key, prices, snapshots] = &abilities[..] else { panic!("{abilities:?}") };
    assert_eq!((key.name, key.outcome.as_deref()), ("key", Ok("accepted; 2 closures of the exchange ahead")));
    assert_eq!(
        (prices.name, prices.outcome.as_deref()),
        ("daily prices", Ok("SPY closed at 675.24 on 2025-11-04"))
    );
    assert_eq!(snapshots.name, "option snapshots");
    assert_eq!(snapshots.outcome.as_ref().unwrap_err().kind, FaultKind::PlanEndpoint);
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_paid_plan_shows_what_snapshots_hold_and_a_wrong_key_is_tried_once() {
    let (server, polygon) = serve(|request| match request.path.starts_with("/v3/snapshot") {
        true => reply("options_chain_snapshot.json"),
        false => Reply::json(200, "[]"),
    });
    let abilities = polygon.probe().await;
    assert_eq!(abilities[2].outcome.as_deref(), Ok("with bid and ask, with Greeks"));
    // The chain behind the first contract is not asked for.
    assert_eq!(server.log().iter().filter(|logged| logged.request.path.contains("snapshot")).count(), 1);

    let (server, polygon) = always(reply("errors/401_unknown_key.json"));
    let abilities = polygon.probe().await;
    assert_eq!((abilities.len(), server.count()), (1, 1));
    let fault = abilities[0].outcome.as_ref().unwrap_err();
    assert_eq!(fault.kind, FaultKind::Auth);
    assert!(!fault.to_string().contains(KEY));
}
