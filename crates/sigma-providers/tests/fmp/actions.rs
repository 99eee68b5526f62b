//! Splits and dividends.

use sigma_core::model::{Dividend, Split};
use sigma_testkit::fake::Reply;

use crate::support::*;

const SPLITS: &str = "/stable/splits";
const DIVIDENDS: &str = "/stable/dividends";

#[tokio::test]
async fn recorded_actions() {
    let server = serve(&[
        (SPLITS, Reply::json(200, r#"[{"date": "2025-06-09", "numerator": 4, "denominator": 1}]"#)),
        (DIVIDENDS, payloads().reply("fmp/stable_dividends.json")),
    ]);
    let actions = client(&server).actions("BRK.B", day("1999-01-04"), day("2025-12-31")).await.unwrap();
    assert_eq!(actions.splits, [Split { date: day("2025-06-09"), from: 1.0, to: 4.0 }]);
    assert_eq!(actions.dividends, [Dividend { ex_date: day("2025-11-10"), amount: 0.24 }]);
    // In 1999 the amount is known in the shares of today only, and the shares were split in between.
    assert_eq!(actions.problems.len(), 1);
    assert!(actions.problems[0].starts_with("dividend of 1999-11-21"), "{:?}", actions.problems);
    assert!(server.log().iter().all(|logged| logged.request.query("symbol") == Some("BRK-B")));
}

#[tokio::test]
async fn an_adjusted_amount_is_the_amount_paid_without_later_splits() {
    let server = serve(&[(DIVIDENDS, payloads().reply("fmp/stable_dividends.json"))]);
    let actions = client(&server).actions("ACME", day("1999-01-04"), day("2025-11-04")).await.unwrap();
    assert_eq!(actions.dividends, [Dividend { ex_date: day("1999-11-21"), amount: 0.00107 }]);
    assert!(actions.problems.is_empty());
}

#[tokio::test]
async fn amounts_of_one_day_add_up_and_rows_told_twice_do_not() {
    let body = r#"[
        {"date": "2025-09-10", "dividend": 0.25, "declarationDate": "2025-08-01"},
        {"date": "2025-09-10", "dividend": 1.5, "declarationDate": "2025-08-20"},
        {"date": "2025-06-10", "dividend": 0.25, "declarationDate": "2025-05-01"},
        {"date": "2025-06-10", "dividend": 0.25, "declarationDate": "2025-05-01"},
        {"date": "2025-03-10", "dividend": -0.25},
        {"date": "2025-02-10", "dividend": null, "adjDividend": null},
        {"date": "", "dividend": 0.25},
        {"date": "2024-12-10", "dividend": 9.0}]"#;
    let server = serve(&[(DIVIDENDS, Reply::json(200, body))]);
    let actions = client(&server).actions("ACME", day("2025-01-02"), day("2025-11-04")).await.unwrap();
    let expected = [
        Dividend { ex_date: day("2025-06-10"), amount: 0.25 },
        Dividend { ex_date: day("2025-09-10"), amount: 1.75 },
    ];
    assert_eq!(actions.dividends, expected);
    let expected = [
        "1 dividends without a readable date",
        "dividend of 2025-06-10: the same row again, counted once",
        "dividend of 2025-03-10: not a positive amount",
        "dividend of 2025-02-10: no amount",
    ];
    assert_eq!(actions.problems, expected);
}

#[tokio::test]
async fn splits_that_came_with_bars_are_not_asked_for_again() {
    let server = serve(&[
        ("/stable/historical-price-eod/full", payloads().reply("fmp/stable_historical_price_eod_full.json")),
        (SPLITS, payloads().reply("fmp/stable_splits.json")),
    ]);
    let fmp = client(&server);
    fmp.bars(&acme()).await.unwrap();
    let actions = fmp.actions("ACME", day("2025-06-09"), day("2025-06-09")).await.unwrap();
    assert_eq!(actions.splits, [Split { date: day("2025-06-09"), from: 1.0, to: 4.0 }]);
    assert_eq!(paths(&server), ["/stable/historical-price-eod/full", SPLITS, DIVIDENDS]);
    let later = fmp.actions("ACME", day("2025-06-10"), day("2025-11-04")).await.unwrap();
    assert!(later.splits.is_empty());
}

#[tokio::test]
async fn an_unclear_split_is_named() {
    let body = r#"[{"date": "2025-06-09", "numerator": 0, "denominator": 1}]"#;
    let server = serve(&[(SPLITS, Reply::json(200, body))]);
    let actions = client(&server).actions("ACME", day("2025-01-02"), day("2025-11-04")).await.unwrap();
    assert!(actions.splits.is_empty());
    assert_eq!(actions.problems, ["split of 2025-06-09: no clear ratio"]);
}
