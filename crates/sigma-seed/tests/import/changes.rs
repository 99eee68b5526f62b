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

const ACTIVITY: &str = "Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount\n\
    11/03/2025,Reinvest Shares,SWVXX,x,5,$1,,-$5.00\n11/03/2025,Reinvest Dividend,SWVXX,x,,,,$5.00\n\
    11/03/2025,MoneyLink Transfer,,x,,,,\"$1,000.00\"\n10/30/2025,Buy,ACME,x,10,$100,,\"-$1,000.00\"\n\
    10/29/2025,MoneyLink Transfer,,x,,,,\"$50,000.00\"\n";

/// Units of a money market fund bought by a transaction are no balance.
#[test]
fn activity_brings_its_own_cash() {
    let folder = Folder::new();
    let outcome = folder.import(
        &folder.write("activity.csv", ACTIVITY),
        &["--as-of", "2025-10-28", "--cash", "0", "--merge"],
    );
    assert_eq!(outcome.code, 2, "trades after the day of the file: {}", outcome.stderr);
    let first = "ticker,quantity,entry_price,entry_date\nZZZ,1,10,2025-10-28\n";
    assert_eq!(
        folder.import(&folder.write("first.csv", first), &["--as-of", "2025-10-28", "--cash", "100"]).code,
        0
    );
    let outcome = folder.import(&folder.write("activity.csv", ACTIVITY), &[]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    assert_eq!(folder.held("own"), [("ACME".to_owned(), 10.0, 100.0), ("ZZZ".to_owned(), 1.0, 10.0)]);
    let cash: f64 = folder.cash("own").iter().map(|(_, amount)| amount).sum();
    assert_eq!(cash, 100.0 + 50_000.0 + 1_000.0 + 5.0);
}

/// Activity of a part of the time says nothing of what was held before.
#[test]
fn later_activity_closes_nothing_it_does_not_know() {
    let folder = Folder::new();
    let row =
        |row: &str| format!("Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount\n{row}\n");
    let first = row("03/03/2025,Buy,ACME,x,10,$10.00,,-$100.00\n03/03/2025,Buy,BBB,x,10,$10.00,,-$100.00");
    assert_eq!(folder.import(&folder.write("a.csv", &first), &["--as-of", "2025-03-03"]).code, 0);
    let state = folder.state();
    for later in ["09/03/2025,Sell,BBB,x,4,$12.00,,$48.00", "09/03/2025,Buy,BBB,x,4,$12.00,,-$48.00"] {
        let refused = folder.import(&folder.write("b.csv", &row(later)), &[]);
        assert_eq!(refused.code, 2, "{}", refused.stdout);
        assert!(refused.codes().contains(&"ERR_IMP_013".to_owned()), "{:?}", refused.codes());
        assert_eq!(folder.state(), state);
    }
    let other = folder.write("c.csv", &row("09/03/2025,Buy,CCC,x,4,$12.00,,-$48.00"));
    assert_eq!(folder.import(&other, &[]).code, 0);
    assert_eq!(folder.held("own").len(), 3);
}

const FIDELITY: &str =
    "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,Cost Basis Total\n";

/// A third account with a name that is there already, and a file of one account only, find their portfolios.
#[test]
fn an_account_goes_where_it_went_before() {
    let folder = Folder::new();
    let row = |number: &str, name: &str, symbol: &str| {
        format!("{number},{name},{symbol},x,10,$10.00,$100.00,$90.00\n")
    };
    let [ind, roth] = [row("X1111", "Ind", "ACME"), row("X2222", "ROTH", "BBB")];
    let third = row("X3333", "Ind", "CCC");
    for (name, rows) in
        [("1.csv", [&ind, &roth, ""]), ("2.csv", [&ind, &roth, &third]), ("3.csv", [&roth, "", ""])]
    {
        let outcome = folder.import(&folder.write(name, &(FIDELITY.to_owned() + &rows.concat())), &[]);
        assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    }
    let mut slugs: Vec<String> = folder
        .rows("portfolio list")
        .iter()
        .map(|row| row["portfolio"].as_str().unwrap().to_owned())
        .collect();
    slugs.sort();
    assert_eq!(slugs, ["own-ind", "own-ind-3333", "own-roth"]);
    assert_eq!(folder.held("own-roth").len(), 1);
    let one = folder.import(&folder.write("4.csv", &(FIDELITY.to_owned() + &ind)), &["--portfolio", "Else"]);
    assert_eq!(one.code, 0);
    let other =
        folder.import(&folder.write("5.csv", &(FIDELITY.to_owned() + &roth)), &["--portfolio", "Else"]);
    assert!(
        other.code == 2 && other.stderr.contains("Else holds the account Ind ...1111"),
        "{}",
        other.stderr
    );
}

/// What is gone may be given its price, and a contract that ended is told and not counted.
#[test]
fn exits_at_a_given_price_and_expired_contracts() {
    let folder = Folder::new();
    let first = "ticker,quantity,entry_price,entry_date\nBBB,50,30,2025-10-01\nSPY251017C00450000,1,5,2025-10-01\n\
        QQQ260116P00400000,1,4,2025-10-01\nCCC,1,1,2025-10-01\n";
    assert_eq!(folder.import(&folder.write("1.csv", first), &["--as-of", "2025-10-01"]).code, 0);
    let second = folder.write("2.csv", "ticker,quantity,entry_price,entry_date\nCCC,1,1,2025-10-01\n");
    let outcome = folder.import(
        &second,
        &["--as-of", "2025-11-05", "--exit", "bbb=22", "--exit", "QQQ 01/16/2026 400.00 P=3"],
    );
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let summary = &outcome.section("summary")[0];
    assert_eq!((summary["positions"].as_i64(), summary["closed"].as_i64()), (Some(1), Some(2)));
    assert_eq!(summary["realized_usd"], -400.0 - 100.0);
    let changes = outcome.section("changes");
    assert!(changes.iter().any(|row| row["change"] == "expired" && row["symbol"] == "SPY251017C00450000"));
    let again = folder.import(&second, &["--as-of", "2025-11-05", "--exit", "BBB=22"]);
    assert!(again.code == 0 && again.closing_line().contains(" changed=0 "), "{}", again.stderr);
    let slip = folder.import(&second, &["--as-of", "2025-11-05", "--exit", "NOPE=3"]);
    assert!(
        slip.code == 2 && slip.stderr.contains("--exit NOPE names what is neither held"),
        "{}",
        slip.stderr
    );
    let wrong = folder.import(&second, &["--as-of", "2025-11-05", "--exit", "BBB=-1"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("below 0"), "{}", wrong.stderr);
}

/// A holding that changed sides was closed and opened.
#[test]
fn a_change_of_sides_is_a_close_and_an_opening() {
    let folder = Folder::new();
    let file = |name: &str, quantity: &str, date: &str| {
        let row = format!("ACME,{quantity},10,{date}");
        folder.write(name, &format!("ticker,quantity,entry_price,entry_date\n{row}\n"))
    };
    let first = file("1.csv", "10", "2025-10-01");
    assert_eq!(folder.import(&first, &["--as-of", "2025-10-01"]).code, 0);
    let second = file("2.csv", "-5", "2025-11-04");
    let outcome = folder.import(&second, &["--as-of", "2025-11-05", "--exit", "ACME=12"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let changes: Vec<_> = outcome.section("changes").iter().map(|row| row["change"].clone()).collect();
    assert_eq!(changes, ["closed", "opened"]);
    let summary = &outcome.section("summary")[0];
    assert_eq!([&summary["opened"], &summary["closed"], &summary["changed"]], [1, 1, 0]);
}
