//! Daily prices: raw prices out of split-adjusted ones, and rows that are not as they should be.

use chrono::NaiveDate;
use proptest::prelude::*;
use sigma_core::calendar::Calendar;
use sigma_core::model::{CloseBasis, Split};
use sigma_providers::FaultKind;
use sigma_providers::fmp::bars::{Shape, parse};
use sigma_testkit::fake::market::{Listing, Split as ListedSplit};
use sigma_testkit::fake::{Exchange, Reply, Request, Server};

use crate::support::*;

const FULL: &str = "/stable/historical-price-eod/full";
const SPLITS: &str = "/stable/splits";

fn exchange(listing: Listing, today: &str) -> Server {
    let exchange = Exchange::new().list(listing);
    exchange.set_today(day(today));
    Server::start(move |request: &Request| exchange.reply(request))
}

fn sessions(from: &str, to: &str) -> Vec<NaiveDate> {
    Calendar::nyse().sessions_between(day(from), day(to)).unwrap()
}

#[tokio::test]
async fn recorded_prices() {
    let server = serve(&[(FULL, payloads().reply("fmp/stable_historical_price_eod_full.json").gzip())]);
    let series = client(&server).bars(&acme()).await.unwrap();
    let expected = [
        ("2025-11-04".to_owned(), 101.65),
        ("2025-11-03".to_owned(), 104.75),
        ("2025-10-31".to_owned(), 103.55),
        ("2025-10-30".to_owned(), 102.9),
    ];
    assert_eq!(closes(&series.bars), expected);
    let bar = &series.bars[0];
    assert_eq!((bar.open, bar.high, bar.low), (Some(104.5), Some(104.9), Some(101.2)));
    assert_eq!((bar.volume, bar.adj_close), (Some(6_102_341.0), None));
    assert_eq!((bar.source.as_str(), bar.basis), ("fmp", CloseBasis::Rebuilt));
    assert_eq!((series.splits, series.dividends), (Some(Vec::new()), None));
    assert_eq!(paths(&server), [FULL, SPLITS]);
    let log = server.log();
    let asked = |name| log[0].request.query(name);
    assert_eq!(
        [asked("symbol"), asked("from"), asked("to")].map(Option::unwrap),
        ["ACME", "2025-10-30", "2025-11-04"]
    );
}

/// Four for one and one for twenty, the second after the dates asked for: closes come back as they were traded.
#[tokio::test]
async fn prices_before_splits_come_back_as_traded() {
    let splits = [("2025-03-10", 1.0, 4.0), ("2025-10-06", 20.0, 1.0)];
    let splits = splits.map(|(date, from, to)| ListedSplit { date: day(date), from, to });
    let listing = Listing::generated("BRK.B", &sessions("2024-06-03", "2025-11-05"), &splits);
    let traded = listing.bars.clone();
    let server = exchange(listing, "2025-11-05");
    let series = client(&server).bars(&ask("BRK.B", "2025-01-02", "2025-09-30")).await.unwrap();
    let asked: Vec<_> =
        traded.iter().filter(|bar| day("2025-01-02") <= bar.date && bar.date <= day("2025-09-30")).collect();
    assert_eq!(series.bars.len(), asked.len());
    for (bar, traded) in series.bars.iter().rev().zip(asked) {
        // The service rounds to a ten thousandth of an adjusted dollar: at most 0.5e-4 x 4 / 20 after turning back.
        assert!((bar.close - traded.close).abs() < 2.1e-4, "{bar:?} {traded:?}");
        assert_eq!(bar.date, traded.date);
        let volume = bar.volume.unwrap();
        assert!((volume / traded.volume - 1.0).abs() < 1e-4, "{bar:?} {traded:?}");
    }
    let told = series.splits.unwrap();
    assert_eq!(told[0], Split { date: day("2025-03-10"), from: 1.0, to: 4.0 });
    assert_eq!(told[1], Split { date: day("2025-10-06"), from: 20.0, to: 1.0 });
    assert!(server.log().iter().all(|logged| logged.request.query("symbol") == Some("BRK-B")));
}

/// A split that is announced and not yet effective has adjusted nothing.
#[tokio::test]
async fn a_split_to_come_changes_no_price() {
    let listing = Listing::new("SPLT", &[(day("2025-11-03"), 400.0), (day("2025-11-04"), 402.0)]);
    let server = exchange(listing.split(day("2025-12-01"), 1.0, 4.0), "2025-11-05");
    let series = client(&server).bars(&ask("SPLT", "2025-11-03", "2025-11-05")).await.unwrap();
    assert_eq!(series.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [402.0, 400.0]);
    assert_eq!(series.splits, Some(Vec::new()));
}

#[tokio::test]
async fn a_split_without_a_clear_ratio_makes_prices_before_it_unusable() {
    let prices = payloads().reply("fmp/stable_historical_price_eod_full.json");
    for rows in [
        r#"[{"date": "2025-11-03", "numerator": 4, "denominator": null}]"#,
        r#"[{"date": "2025-11-03", "numerator": 4, "denominator": 1}, {"date": "2025-11-03", "numerator": 5, "denominator": 1}]"#,
    ] {
        let server = serve(&[(FULL, prices.clone()), (SPLITS, Reply::json(200, rows))]);
        let series = client(&server).bars(&acme()).await.unwrap();
        assert_eq!(series.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [101.65, 104.75]);
        assert!(series.problems[0].contains("split of 2025-11-03"), "{:?}", series.problems);
    }
    let server = serve(&[(FULL, prices), (SPLITS, Reply::json(200, r#"[{"date": "", "numerator": 4}]"#))]);
    assert_eq!(client(&server).bars(&acme()).await.unwrap_err().kind, FaultKind::Malformed);
}

/// The same split told twice, in two notations, counts once.
#[tokio::test]
async fn a_split_told_twice_counts_once() {
    let rows = r#"[{"date": "2025-11-03", "numerator": 4, "denominator": 1}, {"date": "2025-11-03", "numerator": "8", "denominator": "2"}]"#;
    let prices = payloads().reply("fmp/stable_historical_price_eod_full.json");
    let server = serve(&[(FULL, prices), (SPLITS, Reply::json(200, rows))]);
    let series = client(&server).bars(&acme()).await.unwrap();
    assert_eq!(series.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [101.65, 104.75, 414.2, 411.6]);
}

#[test]
fn odd_cells_are_unknown_and_odd_rows_are_named() {
    let rows = parse(
        &json(
            r#"[
            {"symbol": "ACME", "date": "2025-11-07", "close": -3, "volume": 1e7, "open": ""},
            {"symbol": "ACME", "date": "2025-11-06", "close": 0},
            {"symbol": "ACME", "date": "2025-11-05", "close": "None"},
            {"symbol": "ACME", "date": "2025-11-04", "close": "."},
            {"symbol": "ACME", "date": "2025-11-03", "close": ""},
            {"symbol": "ACME", "date": "2025-10-31", "close": "NaN"},
            {"symbol": "ACME", "date": "2025-10-30"},
            {"symbol": "acme", "date": "2025-10-29", "close": "12.5", "unknown": {}},
            {"symbol": "OTHER", "date": "2025-10-28", "close": 1.0},
            {"symbol": "ACME", "date": null, "close": 1.0}
        ]"#,
        ),
        Shape::Full,
        "ACME",
    )
    .unwrap();
    // What no price can be is the screen's to refuse, with the bar before it.
    assert_eq!(rows.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [-3.0, 0.0, 12.5]);
    assert_eq!((rows.bars[0].volume, rows.bars[0].open), (Some(1e7), None));
    let mut expected: Vec<String> =
        [5, 4, 3].into_iter().map(|d| format!("2025-11-0{d}: no close")).collect();
    expected.extend(["2025-10-31: no close", "2025-10-30: no close"].map(str::to_owned));
    expected.extend(["1 rows of another symbol", "1 rows without a readable date"].map(str::to_owned));
    assert_eq!(rows.problems, expected);
}

#[tokio::test]
async fn doubled_rows_merge_contested_ones_stay_and_strays_go() {
    let body = r#"[
        {"date": "2025-10-30", "close": 10.0}, {"date": "2025-11-04", "close": 11.0},
        {"date": "2025-10-31", "close": 10.5}, {"date": "2025-10-30", "close": 10.0},
        {"date": "2025-10-31", "close": 10.6}, {"date": "2025-10-29", "close": 9.0},
        {"date": "2025-11-05", "close": 12.0}]"#;
    let server = serve(&[(FULL, Reply::json(200, body))]);
    let series = client(&server).bars(&acme()).await.unwrap();
    let expected = [("2025-10-30", 10.0), ("2025-11-04", 11.0), ("2025-10-31", 10.5), ("2025-10-31", 10.6)];
    assert_eq!(closes(&series.bars), expected.map(|(date, close)| (date.to_owned(), close)));
    assert_eq!(series.problems, ["2 rows beyond 2025-10-30 to 2025-11-04"]);
}

#[tokio::test]
async fn long_histories_come_in_stretches_of_five_years() {
    let listing = Listing::generated("ACME", &sessions("2012-01-03", "2025-11-04"), &[]);
    let dates: Vec<NaiveDate> = listing.bars.iter().map(|bar| bar.date).rev().collect();
    let server = exchange(listing, "2025-11-05");
    let series = client(&server).bars(&ask("ACME", "2012-01-01", "2025-11-05")).await.unwrap();
    assert_eq!(series.bars.iter().map(|bar| bar.date).collect::<Vec<_>>(), dates);
    assert_eq!(series.problems, Vec::<String>::new());
    assert_eq!(paths(&server), [FULL, FULL, FULL, SPLITS]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the dates, requests cover them without a gap, without overlap, and none spans more than five years.
    #[test]
    fn stretches_cover_the_dates(start in 0i64..9000, length in 0i64..8000) {
        let from = day("2000-01-01") + chrono::Days::new(start as u64);
        let to = from + chrono::Days::new(length as u64);
        let server = serve(&[]);
        let mut asked = ask("ACME", "2000-01-01", "2000-01-01");
        (asked.from, asked.to) = (from, to);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let fault = runtime.block_on(client(&server).bars(&asked)).unwrap_err();
        prop_assert_eq!(fault.kind, FaultKind::NoData);
        let log = server.log();
        let mut stretches: Vec<(NaiveDate, NaiveDate)> = log
            .iter()
            .map(|logged| ["from", "to"].map(|name| day(logged.request.query(name).unwrap())).into())
            .collect();
        stretches.sort();
        prop_assert_eq!((stretches[0].0, stretches[stretches.len() - 1].1), (from, to));
        prop_assert!(stretches.windows(2).all(|pair| pair[0].1.succ_opt() == Some(pair[1].0)));
        let five_years = chrono::Months::new(60);
        prop_assert!(stretches.iter().all(|(first, last)| *last < *first + five_years));
    }
}
