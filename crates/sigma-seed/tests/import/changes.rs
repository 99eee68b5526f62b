//! A second file of the same account.

use super::Folder;

const FIRST: &str = "\
\"Positions for account Individual ...123 as of 04:05 PM ET, 2025/11/03\"

\"Symbol\",\"Description\",\"Qty (Quantity)\",\"Price\",\"Mkt Val (Market Value)\",\"Cost Basis\",\"Asset Type\",
\"AAA\",\"AAA INC\",\"100\",\"$60.00\",\"$6,000.00\",\"$5,000.00\",\"Equity\",
\"BBB\",\"BBB INC\",\"50\",\"$20.00\",\"$1,000.00\",\"$1,500.00\",\"Equity\",
\"CCC\",\"CCC INC\",\"10\",\"$30.00\",\"$300.00\",\"$250.00\",\"Equity\",
\"Cash & Cash Investments\",\"--\",\"--\",\"--\",\"$1,000.00\",\"--\",\"Cash and Money Market\",
";

/// AAA sold in part, BBB sold, CCC bought, DDD new.
fn second() -> String {
    FIRST
        .replace("2025/11/03", "2025/11/05")
        .replace(
            "\"100\",\"$60.00\",\"$6,000.00\",\"$5,000.00\"",
            "\"60\",\"$65.00\",\"$3,900.00\",\"$3,000.00\"",
        )
        .replace(
            "\"BBB\",\"BBB INC\",\"50\",\"$20.00\",\"$1,000.00\",\"$1,500.00\"",
            "\"DDD\",\"DDD INC\",\"5\",\"$8.00\",\"$40.00\",\"$35.00\"",
        )
        .replace("\"10\",\"$30.00\",\"$300.00\",\"$250.00\"", "\"20\",\"$31.00\",\"$620.00\",\"$550.00\"")
        .replace("$1,000.00\",\"--\"", "$4,000.00\",\"--\"")
}

#[test]
fn a_newer_export_is_traded_and_realised() {
    let folder = Folder::new();
    assert_eq!(folder.import(&folder.write("first.csv", FIRST), &[]).code, 0);
    let state = folder.state();
    let newer = folder.write("second.csv", &second());
    // BBB is gone, and nothing tells at what price.
    let unpriced = folder.import(&newer, &[]);
    assert_eq!((unpriced.code, unpriced.codes()), (2, vec!["ERR_IMP_003".to_owned()]), "{}", unpriced.stderr);
    assert!(unpriced.stdout.contains("sigma-sync prices") && unpriced.stdout.contains("BBB"));
    assert_eq!(folder.state(), state);

    folder.price("BBB", "2025-11-05", 22.0);
    let outcome = folder.import(&newer, &[]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let summary = &outcome.section("summary")[0];
    let count = |key: &str| summary[key].as_i64().unwrap();
    assert_eq!((count("opened"), count("closed"), count("changed"), count("positions")), (1, 1, 2, 3));
    // AAA: 40 x (65 - 50); BBB: 50 x (22 - 30).
    assert_eq!(summary["realized_usd"], 200.0);
    assert_eq!(
        folder.held("own"),
        [
            ("AAA".to_owned(), 60.0, 50.0),
            ("CCC".to_owned(), 10.0, 25.0),
            ("CCC".to_owned(), 10.0, 30.0),
            ("DDD".to_owned(), 5.0, 7.0),
        ]
    );
    // 1000 + 40 x 65 + 50 x 22 - 10 x 30 - 5 x 7 = 4365 against 4000 in the file.
    assert_eq!(folder.cash("own"), [("opening".to_owned(), 1000.0), ("withdrawal".to_owned(), -365.0)]);
    let state = folder.state();
    assert!(folder.import(&newer, &[]).closing_line().contains(" changed=0 "));
    // The older file is known and changes nothing; another of the same day would undo the newer one.
    assert!(folder.import(&folder.write("first.csv", FIRST), &[]).closing_line().contains(" changed=0 "));
    assert_eq!(folder.state(), state);
    let older = folder.import(&folder.write("other.csv", &FIRST.replace("$60.00", "$60.01")), &[]);
    assert!(older.code == 2 && older.stderr.contains("holds an import of 2025-11-05"), "{}", older.stderr);
    assert_eq!(folder.state(), state);
    assert_eq!(folder.rows("imports").len(), 2);
}

#[test]
fn a_part_of_an_account_and_a_new_start() {
    let folder = Folder::new();
    assert_eq!(folder.import(&folder.write("first.csv", FIRST), &[]).code, 0);
    let part = "ticker,quantity,entry_price,entry_date,tags\nEEE,5,10,2025-11-04,\"Core,Income\"\n";
    let part = folder.write("part.csv", part);
    let merged = folder.import(&part, &["--merge", "--as-of", "2025-11-05"]);
    assert_eq!((merged.code, folder.held("own").len()), (0, 4), "{}\n{}", merged.stdout, merged.stderr);
    assert_eq!(folder.cash("own"), [("opening".to_owned(), 1000.0)]);
    let anew = folder.import(&part, &["--replace", "--as-of", "2025-11-05", "--cash", "-20"]);
    assert_eq!(anew.code, 0, "{}", anew.stderr);
    assert_eq!(folder.held("own"), [("EEE".to_owned(), 5.0, 10.0)]);
    assert_eq!(folder.cash("own"), [("opening".to_owned(), -20.0)]);
    assert_eq!(folder.rows("imports").len(), 3, "the history stays");
    let both = folder.import(&part, &["--replace", "--merge"]);
    assert_eq!(both.code, 2);
}
