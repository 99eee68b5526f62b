//! Splits and dividends.

use std::collections::BTreeMap;

use sigma_core::model::{Dividend, Split};
use sigma_providers::FaultKind;
use sigma_providers::ask::Actions;
use sigma_providers::polygon::Polygon;
use sigma_testkit::fake::Reply;

use super::{always, day, list, reply, serve, symbols};

async fn two_years(polygon: &Polygon, names: &[&str]) -> BTreeMap<String, Actions> {
    polygon.actions(&symbols(names), day("2024-01-01"), day("2025-12-31")).await.unwrap()
}

#[tokio::test]
async fn one_request_for_the_splits_and_one_for_the_dividends_of_many_symbols() {
    let (server, polygon) = serve(|request| match &*request.path {
        "/stocks/v1/splits" => reply("splits_stocks_v1.json"),
        _ => reply("dividends_stocks_v1.json"),
    });
    let found = two_years(&polygon, &["ACME", "SPLT", "KIM.PL"]).await;
    assert_eq!(found["SPLT"].splits, [Split { date: day("2025-06-09"), from: 1.0, to: 4.0 }]);
    assert_eq!(found["ACME"].dividends, [Dividend { ex_date: day("2025-11-10"), amount: 0.24 }]);
    assert_eq!(found["KIM.PL"], Actions::default());
    let log = server.log();
    assert_eq!(log.len(), 2);
    for (logged, (path, sort)) in log
        .iter()
        .zip([("/stocks/v1/splits", "execution_date.asc"), ("/stocks/v1/dividends", "ex_dividend_date.asc")])
    {
        let query = |name: &str| logged.request.query(name).unwrap();
        assert_eq!((&*logged.request.path, query("ticker.any_of")), (path, "ACME,KIMpL,SPLT"));
        assert_eq!((query("limit"), query("sort")), ("5000", sort));
        let field = sort.trim_end_matches(".asc");
        assert_eq!(query(&format!("{field}.gte")), "2024-01-01");
        assert_eq!(query(&format!("{field}.lte")), "2025-12-31");
    }
}

#[tokio::test]
async fn many_symbols_go_in_portions_of_a_hundred() {
    let (server, polygon) = always(Reply::json(200, r#"{"status":"OK"}"#));
    let names: Vec<String> = (0..201).map(|number| format!("T{number:03}")).collect();
    let found = polygon.actions(&names, day("2025-01-01"), day("2025-12-31")).await.unwrap();
    assert_eq!((found.len(), server.count()), (201, 6));
    assert_eq!(server.log()[2].request.query("ticker"), Some("T200"));
    assert!(polygon.actions(&[], day("2025-01-01"), day("2025-12-31")).await.unwrap().is_empty());
    assert_eq!(server.count(), 6);
}

#[tokio::test]
async fn the_older_resources_stand_in() {
    for refusal in ["errors/404_path.txt", "errors/404_ticker.json", "errors/403_not_entitled.json"] {
        let (server, polygon) = serve(move |request| match &*request.path {
            "/v3/reference/splits" => reply("splits_v3.json"),
            "/v3/reference/dividends" if request.query("ticker") == Some("ACME") => {
                reply("dividends_v3.json")
            }
            "/v3/reference/dividends" => Reply::json(200, r#"{"results":[],"status":"OK"}"#),
            _ => reply(refusal),
        });
        let found = two_years(&polygon, &["ACME", "REVR"]).await;
        // Twenty old shares became one.
        assert_eq!(found["REVR"].splits, [Split { date: day("2024-05-20"), from: 20.0, to: 1.0 }]);
        assert_eq!(found["ACME"].dividends.len(), 1);
        // Few symbols over a long time: one by one.
        let tickers = |log: Vec<sigma_testkit::fake::Logged>| -> Vec<Option<String>> {
            let old = log.into_iter().filter(|logged| logged.request.path.starts_with("/v3"));
            old.map(|logged| logged.request.query("ticker").map(str::to_owned)).collect()
        };
        let [acme, revr] = ["ACME", "REVR"].map(|name| Some(name.to_owned()));
        assert_eq!(tickers(server.take_log()), [acme.clone(), revr.clone(), acme.clone(), revr.clone()]);
        // A few days of dividends: the whole market at once; many symbols: so are the splits.
        polygon.actions(&symbols(&["ACME", "REVR"]), day("2025-11-01"), day("2025-11-10")).await.unwrap();
        assert_eq!(tickers(server.take_log()), [acme, revr, None]);
        let names = symbols(&["ACME", "REVR", "A", "B", "C"]);
        polygon.actions(&names, day("2025-11-01"), day("2025-11-10")).await.unwrap();
        assert_eq!(tickers(server.take_log()), [None, None]);
    }
}

#[tokio::test]
async fn a_limit_does_not_lead_to_the_older_resources() {
    let (server, polygon) = always(reply("errors/401_unknown_key.json"));
    let fault = polygon.actions(&symbols(&["ACME"]), day("2025-01-01"), day("2025-12-31")).await.unwrap_err();
    assert_eq!((fault.kind, server.count()), (FaultKind::Auth, 1));
}

#[tokio::test]
async fn dividends_are_cash_in_dollars_as_paid() {
    let row = |id: u32, rest: &str| {
        format!(r#"{{"id":{id},"ticker":"ACME","ex_dividend_date":"2025-06-02",{rest}}}"#)
    };
    let rows = [
        row(1, r#""cash_amount":1.5,"split_adjusted_cash_amount":0.375,"currency":"USD""#),
        row(2, r#""cash_amount":0.25,"currency":"usd","distribution_type":"special""#),
        row(2, r#""cash_amount":0.25,"currency":"USD""#),
        row(3, r#""cash_amount":9,"currency":"CAD""#),
        row(4, r#""cash_amount":9"#),
        row(5, r#""cash_amount":0,"currency":"USD""#),
        row(6, r#""cash_amount":null,"currency":"USD""#),
        r#"{"id":7,"ticker":"ACME","cash_amount":1,"currency":"USD"}"#.to_owned(),
        r#"{"id":8,"ticker":"ACME","ex_dividend_date":"2023-06-02","cash_amount":1,"currency":"USD"}"#
            .to_owned(),
        r#"{"id":9,"ticker":"ELSE","ex_dividend_date":"2025-06-02","cash_amount":1,"currency":"USD"}"#
            .to_owned(),
    ];
    let rows = rows.join(",");
    let (_server, polygon) = serve(move |request| match &*request.path {
        "/stocks/v1/splits" => list(""),
        _ => list(&rows),
    });
    let found = two_years(&polygon, &["ACME"]).await;
    assert_eq!(found.len(), 1);
    let actions = &found["ACME"];
    assert_eq!(actions.dividends, [Dividend { ex_date: day("2025-06-02"), amount: 1.75 }]);
    assert_eq!(
        actions.problems,
        [
            "2025-06-02: a dividend in CAD, not in US dollars",
            "2025-06-02: a dividend in no currency, not in US dollars",
            "2025-06-02: a dividend without an amount above zero",
            "2025-06-02: a dividend without an amount above zero",
            "a dividend without an ex-date",
        ]
    );
}

#[tokio::test]
async fn splits_need_both_numbers_and_one_ratio_a_day() {
    let rows = r#"
        {"ticker":"ACME","execution_date":"2025-06-09","split_from":1,"split_to":4},
        {"ticker":"ACME","execution_date":"2025-06-09","split_from":1.0,"split_to":4.0},
        {"ticker":"ACME","execution_date":"2025-06-09","split_from":1,"split_to":3},
        {"ticker":"ACME","execution_date":"2025-06-10","split_from":0,"split_to":4},
        {"ticker":"ACME","execution_date":"soon","split_from":1,"split_to":4},
        {"ticker":"ACME","execution_date":"2026-06-09","split_from":1,"split_to":4}"#;
    let (_server, polygon) = serve(move |request| match &*request.path {
        "/stocks/v1/splits" => list(rows),
        _ => list(""),
    });
    let actions = &two_years(&polygon, &["ACME"]).await["ACME"];
    assert_eq!(actions.splits, [Split { date: day("2025-06-09"), from: 1.0, to: 4.0 }]);
    assert_eq!(
        actions.problems,
        [
            "2025-06-09: a second split, 3 for 1",
            "2025-06-10: a split without its two numbers",
            "a split without a date"
        ]
    );
}
