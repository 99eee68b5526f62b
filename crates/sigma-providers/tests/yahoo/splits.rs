//! Prices and distributions across splits.

use sigma_core::model::{Dividend, Split};
use sigma_testkit::fake::market::Listing;
use sigma_testkit::fake::{Exchange, Request};

use super::*;

const SESSIONS: [&str; 5] = ["2025-10-29", "2025-10-30", "2025-10-31", "2025-11-03", "2025-11-04"];

/// A dividend of 0.96 on 30 October and a split of four for one on 3 November.
fn listing(closes: [f64; 5]) -> Listing {
    let closes: Vec<_> = SESSIONS.map(day).into_iter().zip(closes).collect();
    Listing::new("ACME", &closes).split(day("2025-11-03"), 1.0, 4.0).dividend(day("2025-10-30"), 0.96)
}

const CLOSES: [f64; 5] = [400.0, 402.96, 404.4, 101.9, 101.65];

fn split() -> Split {
    Split { date: day("2025-11-03"), from: 1.0, to: 4.0 }
}

fn paid(amount: f64) -> Option<Vec<Dividend>> {
    Some(vec![Dividend { ex_date: day("2025-10-30"), amount }])
}

/// The exchange's chart as a document, for changes.
fn chart(request: &Request) -> Value {
    let exchange = Exchange::new().list(listing(CLOSES));
    serde_json::from_slice(exchange.reply(request).body()).unwrap()
}

async fn with_dividend(amount: f64) -> Series {
    let server = Server::start(move |request| {
        let mut body = chart(request);
        let events = body["chart"]["result"][0]["events"]["dividends"].as_object_mut().unwrap();
        events.values_mut().for_each(|event| event["amount"] = json!(amount));
        Reply::json(200, body.to_string())
    });
    open(&server).bars(&any()).await.unwrap()
}

#[tokio::test]
async fn closes_come_back_as_traded_even_when_the_split_is_after_the_window() {
    let server = Server::start(|request| Reply::json(200, chart(request).to_string()));
    let yahoo = open(&server);
    let series = yahoo.bars(&any()).await.unwrap();
    let raw: Vec<_> = series.bars.iter().map(|bar| bar.close).collect();
    assert_eq!(raw, CLOSES);
    assert_eq!((series.splits, series.dividends), (Some(vec![split()]), paid(0.96)));
    assert_eq!(series.problems, Vec::<String>::new());

    let before = yahoo.bars(&ask("ACME", "2025-10-01", "2025-10-31")).await.unwrap();
    assert_eq!(before.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), CLOSES[..3]);
    assert_eq!((before.splits, before.dividends), (Some(vec![split()]), paid(0.96)));
}

#[tokio::test]
async fn a_dividend_is_what_the_adjusted_closes_bear_out() {
    assert_eq!(with_dividend(0.24).await.dividends, paid(0.96), "split-adjusted");
    assert_eq!(with_dividend(0.96).await.dividends, paid(0.96), "as paid");
    let neither = with_dividend(0.5).await;
    assert_eq!(neither.dividends, Some(vec![]));
    let said = "2025-10-30: a distribution of 0.5 does not agree with the adjusted closes";
    assert_eq!(neither.problems, [said]);
    assert_eq!(neither.bars.len(), 5);
}

#[tokio::test]
async fn a_reverse_split_is_taken_back_too() {
    let closes: Vec<_> = SESSIONS.map(day).into_iter().zip([1.0, 1.02, 1.05, 20.5, 20.9]).collect();
    let exchange = Exchange::new().list(Listing::new("ACME", &closes).split(day("2025-11-03"), 20.0, 1.0));
    let server = Server::start(move |request| exchange.reply(request));
    let series = open(&server).bars(&any()).await.unwrap();
    assert_eq!(series.bars.iter().map(|bar| (bar.date, bar.close)).collect::<Vec<_>>(), closes);
    assert_eq!(series.splits, Some(vec![Split { date: day("2025-11-03"), from: 20.0, to: 1.0 }]));
}

#[tokio::test]
async fn a_split_without_a_ratio_stops_everything() {
    for part in ["numerator", "denominator"] {
        for value in [json!(0.0), json!(null)] {
            let changed = changed(|chart| {
                let splits = chart["events"]["splits"].as_object_mut().unwrap();
                splits.values_mut().for_each(|split| split[part] = value.clone());
            });
            assert_eq!(changed.await, Err(Malformed));
        }
    }
}

#[tokio::test]
async fn recorded_dividends_agree_with_their_closes() {
    let series = bars(payloads().reply("yahoo/chart_1d.json")).await.unwrap();
    assert_eq!(series.dividends, Some(vec![Dividend { ex_date: day("2025-10-31"), amount: 0.24 }]));
    assert_eq!(series.splits, Some(vec![Split { date: day("2025-10-30"), from: 1.0, to: 4.0 }]));
}

#[tokio::test]
async fn capital_gains_are_added_to_the_dividend_of_their_day() {
    let fund = |amount: f64| Some(vec![Dividend { ex_date: day("2025-11-04"), amount }]);
    let series = bars(payloads().reply("yahoo/chart_fund_capital_gains.json")).await.unwrap();
    assert_eq!((series.dividends, series.problems.len()), (fund(1.02), 0));

    let mut body: Value =
        serde_json::from_slice(&payloads().bytes("yahoo/chart_fund_capital_gains.json")).unwrap();
    let chart = &mut body["chart"]["result"][0];
    chart["events"]["dividends"] = json!({ "1762266600": { "amount": 0.5, "date": 1_762_266_600 } });
    chart["indicators"]["adjclose"][0]["adjclose"][0] = json!(612.3 - 1.52);
    let series = bars(Reply::json(200, body.to_string())).await.unwrap();
    assert_eq!(series.dividends, fund(1.52));
}

#[tokio::test]
async fn an_amount_that_no_closes_can_check_has_one_reading_or_none() {
    let without = |with_split_after: bool| {
        changed(move |chart| {
            chart["indicators"].as_object_mut().unwrap().remove("adjclose");
            if with_split_after {
                let split = json!({ "date": 1_762_266_600, "numerator": 4.0, "denominator": 1.0 });
                chart["events"]["splits"]["1762266600"] = split;
            }
        })
    };
    let kept = without(false).await.unwrap();
    assert_eq!(kept.dividends, Some(vec![Dividend { ex_date: day("2025-10-31"), amount: 0.24 }]));
    let refused = without(true).await.unwrap();
    assert_eq!(refused.dividends, Some(vec![]));
    assert!(refused.problems[0].contains("cannot be checked"), "{:?}", refused.problems);
}
