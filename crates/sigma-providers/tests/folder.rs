//! The folder provider on good and broken files.

use std::collections::HashSet;
use std::path::Path;

use chrono::NaiveDate;
use sigma_providers::ProviderError;
use sigma_providers::folder::{Folder, Wanted};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn wanted(symbols: &[&str]) -> Wanted {
    Wanted {
        symbols: symbols.iter().map(|s| (*s).to_owned()).collect(),
        from: day("2025-06-02"),
        to: day("2025-06-30"),
    }
}

fn folder_with(file: &str, content: &str) -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(file), content).unwrap();
    let folder = Folder::open(dir.path()).unwrap();
    (dir, folder)
}

#[test]
fn columns_come_in_any_order_and_rows_outside_the_request_are_left() {
    let (_dir, folder) = folder_with(
        "prices.csv",
        "\u{feff}date,close,symbol\n2025-06-02,10.5,AAA\n2025-05-30,10,AAA\n2025-06-02,7,BBB\n",
    );
    let offer = folder.prices(&wanted(&["AAA"])).unwrap().unwrap();
    assert!(offer.problems.is_empty());
    assert_eq!(offer.rows.keys().collect::<Vec<_>>(), ["AAA"]);
    assert_eq!(offer.rows["AAA"].iter().map(|bar| bar.close).collect::<Vec<_>>(), [10.5]);
}

#[test]
fn every_broken_row_is_named_and_the_others_stand() {
    let (_dir, folder) = folder_with(
        "prices.csv",
        "symbol,date,close\nAAA,2025-06-02,10\nAAA,02/06/2025,11\nAAA,2025-06-04,ten\nAAA,2025-06-05\n,2025-06-06,9\nAAA,2025-06-09,12\n",
    );
    let offer = folder.prices(&wanted(&["AAA"])).unwrap().unwrap();
    assert_eq!(offer.rows["AAA"].len(), 2);
    let lines: Vec<String> = offer.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "prices.csv:3: `date` is `02/06/2025`, not a date of the form YYYY-MM-DD",
            "prices.csv:4: `close` is `ten`, not a number",
            "prices.csv:5: 2 fields where the header has 3",
            "prices.csv:6: `symbol` is blank",
        ]
    );
}

#[test]
fn zero_and_nan_prices_reach_the_screen() {
    let (_dir, folder) =
        folder_with("prices.csv", "symbol,date,close\nAAA,2025-06-02,0\nAAA,2025-06-03,NaN\n");
    let offer = folder.prices(&wanted(&["AAA"])).unwrap().unwrap();
    assert_eq!(offer.rows["AAA"][0].close, 0.0);
    assert!(offer.rows["AAA"][1].close.is_nan());
}

#[test]
fn a_missing_file_is_not_offered_and_a_missing_column_is_an_error() {
    let (_dir, folder) = folder_with("prices.csv", "symbol,day,close\n");
    assert!(folder.options(&wanted(&["AAA"])).unwrap().is_none());
    let error = folder.prices(&wanted(&["AAA"])).unwrap_err();
    assert!(matches!(error, ProviderError::MissingColumn { column: "date", .. }), "{error}");
    assert!(matches!(Folder::open(Path::new("no-such-folder")), Err(ProviderError::NotAFolder { .. })));
}

#[test]
fn crossed_quotes_are_refused_and_unpublished_yields_are_no_problem() {
    let (_dir, folder) =
        folder_with("options.csv", "symbol,date,bid,ask\nX,2025-06-02,2.0,1.0\nX,2025-06-03,1.0,1.2\n");
    let offer = folder.options(&wanted(&["X"])).unwrap().unwrap();
    assert_eq!((offer.rows["X"].len(), offer.problems.len()), (1, 1));

    let (_dir, folder) = folder_with(
        "rates.csv",
        "series,date,value\nDGS10,2025-06-02,4.2\nDGS10,2025-06-03,.\nDGS10,2025-06-04,\n",
    );
    let rates = folder.rates(day("2025-06-01"), day("2025-06-30")).unwrap().unwrap();
    assert_eq!((rates.rows["DGS10"].len(), rates.problems.len()), (1, 0));
}

#[test]
fn an_unknown_security_type_names_the_known_ones() {
    let (_dir, folder) = folder_with("securities.csv", "symbol,type\nAAA,bondish\nBBB,etf\n");
    let symbols: HashSet<String> = ["AAA".to_owned(), "BBB".to_owned()].into();
    let offer = folder.securities(&symbols).unwrap().unwrap();
    assert_eq!(offer.rows.len(), 1);
    assert!(offer.problems[0].message.contains("known types: stock, etf"), "{}", offer.problems[0]);
}

#[test]
fn of_two_rows_of_one_day_the_first_stands_and_the_second_is_named() {
    let (_dir, folder) = folder_with(
        "dividends.csv",
        "symbol,ex_date,amount\nAAA,2025-06-02,0.2\nAAA,2025-06-02,0.3\nAAA,2025-06-03,0\n",
    );
    let offer = folder.dividends(&wanted(&["AAA"])).unwrap().unwrap();
    assert_eq!(offer.rows["AAA"].iter().map(|dividend| dividend.amount).collect::<Vec<_>>(), [0.2]);
    let told: Vec<_> =
        offer.problems.iter().map(|problem| (problem.line, problem.message.as_str())).collect();
    let second = "a second row for AAA on 2025-06-02; put the sum in one row";
    assert_eq!(told, [(Some(3), second), (Some(4), "`amount` is 0; it must be above zero")]);
}

#[test]
fn symbols_take_their_stored_form_and_zero_is_no_price_of_an_option() {
    let (_dir, folder) = folder_with(
        "options.csv",
        "symbol,date,bid,ask,close\nspy   250919C00460000,2025-06-02,0,0.05,\nSPY250919C00460000,2025-06-03,,,0\n",
    );
    let offer = folder.options(&wanted(&["SPY250919C00460000"])).unwrap().unwrap();
    assert_eq!(offer.rows["SPY250919C00460000"][0].mark(), Some(0.025));
    assert_eq!(offer.rows["SPY250919C00460000"].len(), 1);
    assert!(offer.problems[0].message.starts_with("`close` is 0"), "{}", offer.problems[0]);
}
