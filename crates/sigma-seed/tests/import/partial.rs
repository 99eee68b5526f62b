//! Rows with errors are left out, and what they are about stays as it is.

use super::{Folder, Outcome};

const HEADER: &str =
    "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,Cost Basis Total\n";

fn row(account: &str, symbol: &str, quantity: &str) -> String {
    let (number, name) = account.split_once(' ').unwrap();
    let cost = quantity.parse::<f64>().map_or(90.0, |units| units * 9.0);
    format!("{number},{name},{symbol},x,{quantity},$10.00,,${cost}\n")
}

fn file(rows: &[String], date: &str) -> String {
    let cash = "X1111,A,SPAXX**,x,,,$50.00,\nX2222,B,SPAXX**,x,,,$50.00,\n";
    format!("{HEADER}{}{cash}\n\"Date downloaded {date}\"\n", rows.concat())
}

/// Two accounts: AAA and ACME of 30 in the first, CCC in the second.
fn book() -> Folder {
    let folder = Folder::new();
    let rows = [row("X1111 A", "AAA", "10"), row("X1111 A", "ACME", "30"), row("X2222 B", "CCC", "10")];
    let first = folder.import(&folder.write("1.csv", &file(&rows, "11/04/2025")), &[]);
    assert_eq!(first.code, 0, "{}\n{}", first.stdout, first.stderr);
    folder
}

fn second(folder: &Folder, rows: &[String], more: &[&str]) -> Outcome {
    folder.import(&folder.write("2.csv", &file(rows, "11/05/2025")), more)
}

fn units(folder: &Folder, slug: &str) -> Vec<(String, f64)> {
    folder.held(slug).into_iter().map(|(symbol, quantity, _)| (symbol, quantity)).collect()
}

/// One of two rows of ACME cannot be read: neither is it reduced to the other one, nor is anything closed.
#[test]
fn a_symbol_with_a_row_that_cannot_be_read_stays() {
    let folder = book();
    let rows = [
        row("X1111 A", "AAA", "15"),
        row("X1111 A", "ACME", "10"),
        row("X1111 A", "ACME", "2O"),
        row("X2222 B", "CCC", "4"),
    ];
    let outcome = second(&folder, &rows, &["--partial"]);
    assert_eq!((outcome.code, outcome.codes()), (3, vec!["ERR_POS_005".to_owned()]), "{}", outcome.stderr);
    let held = [("AAA".to_owned(), 5.0), ("AAA".to_owned(), 10.0), ("ACME".to_owned(), 30.0)];
    assert_eq!(units(&folder, "own-a"), held);
    assert_eq!(units(&folder, "own-b"), [("CCC".to_owned(), 4.0)], "what the errors are not about is traded");
}

/// The symbol of the row is not known, so it may be any.
#[test]
fn a_row_of_no_known_symbol_lets_nothing_be_sold() {
    let folder = book();
    let rows = [row("X1111 A", "AAA", "5"), row("X1111 A", "A;B", "5"), row("X2222 B", "DDD", "4")];
    let outcome = second(&folder, &rows, &["--partial", "--exit", "ACME=12"]);
    assert_eq!((outcome.code, outcome.codes()), (3, vec!["ERR_POS_003".to_owned()]), "{}", outcome.stdout);
    assert_eq!(units(&folder, "own-a"), [("AAA".to_owned(), 10.0), ("ACME".to_owned(), 30.0)]);
    // The other account is of the same file.
    assert_eq!(units(&folder, "own-b"), [("CCC".to_owned(), 10.0), ("DDD".to_owned(), 4.0)]);
}

/// Nothing tells at what price CCC went: then ACME, which is gone too and has a price, is not closed either.
#[test]
fn errors_of_the_comparison_count() {
    let folder = book();
    folder.price("ACME", "2025-11-05", 12.0);
    let rows = [row("X1111 A", "AAA", "10"), row("X2222 B", "DDD", "4")];
    let outcome = second(&folder, &rows, &["--partial"]);
    assert_eq!((outcome.code, outcome.codes()), (3, vec!["ERR_IMP_003".to_owned()]), "{}", outcome.stdout);
    assert_eq!(units(&folder, "own-a"), [("AAA".to_owned(), 10.0), ("ACME".to_owned(), 30.0)]);
    assert_eq!(units(&folder, "own-b"), [("CCC".to_owned(), 10.0), ("DDD".to_owned(), 4.0)]);
    assert_eq!(folder.rows("imports").iter().filter(|row| row["status"] == "partial").count(), 2);
}

/// Strictness makes errors of warnings before anything is planned.
#[test]
fn strict_and_partial_together_close_nothing() {
    let folder = book();
    folder.price("ACME", "2025-11-05", 12.0);
    let bare = "X1111,A,NEW,x,1,$10.00,$10.00,\n".to_owned();
    let rows = [row("X1111 A", "AAA", "10"), bare, row("X2222 B", "CCC", "10")];
    let outcome = second(&folder, &rows, &["--partial", "--strict"]);
    assert_eq!((outcome.code, outcome.codes()), (3, vec!["ERR_IMP_012".to_owned()]), "{}", outcome.stdout);
    assert_eq!(units(&folder, "own-a"), [("AAA".to_owned(), 10.0), ("ACME".to_owned(), 30.0)]);
}
