//! Files as brokers write them, and files with mistakes.

use super::{Folder, sample};

#[test]
fn a_statement_becomes_positions_cash_and_totals() {
    let folder = Folder::new();
    let file = sample("schwab_positions_single_2024plus.csv");
    let empty = folder.state();
    let dry = folder.import(&file, &["--dry-run"]);
    assert_eq!((dry.code, folder.state()), (0, empty), "{}", dry.stderr);
    let missing: Vec<_> =
        dry.section("readiness").iter().map(|row| row["missing"].as_i64().unwrap()).collect();
    assert_eq!(missing, [4, 4, 2, 4], "nothing has a price, a history, a volatility or loadings yet");

    let first = folder.import(&file, &[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let held = [
        ("ACME".to_owned(), 1200.0, 80.0),
        ("ACME260116C00105000".to_owned(), -5.0, 6.8),
        ("ACME260116P00095000".to_owned(), 5.0, 3.3),
        ("BRK.B".to_owned(), 40.0, 482.5),
    ];
    assert_eq!(folder.held("own"), held);
    assert_eq!(folder.cash("own"), [("opening".to_owned(), 60_337.62)]);
    assert_eq!(first.codes(), ["ERR_IMP_012"], "one holding states no cost");
    let total = &first.section("totals")[0];
    assert_eq!(total["stated_usd"], 199_942.62);
    assert!(total["difference_usd"].as_f64().unwrap().abs() < 1e-6);
    assert!(first.closing_line().contains(" positions=4 opened=4 closed=0 "), "{}", first.stderr);

    let state = folder.state();
    let second = folder.import(&file, &[]);
    assert!(second.closing_line().contains(" changed=0 "), "{}", second.stderr);
    assert_eq!(folder.state(), state);
    let imports = folder.rows("imports");
    assert_eq!((imports.len(), &imports[0]["as_of"]), (1, &"2025-11-04".into()));
    assert_eq!(imports[0]["sha256"].as_str().unwrap().len(), 64);

    let strict = folder.import(&file, &["--strict", "--portfolio", "Other"]);
    assert_eq!(strict.code, 2, "{}", strict.stderr);
    assert_eq!(folder.state(), state);
}

#[test]
fn every_mistake_is_listed_at_once_and_nothing_is_written() {
    let folder = Folder::new();
    let empty = folder.state();
    let outcome = folder.import(&sample("sigmasight_invalid_cases.csv"), &[]);
    assert_eq!((outcome.code, folder.state()), (2, empty), "{}", outcome.stderr);
    let codes = outcome.codes();
    for code in ["003", "005", "006", "007", "010", "013", "014", "016", "023"] {
        assert!(codes.contains(&format!("ERR_POS_{code}")), "{code} is not among {codes:?}");
    }
    let rows = outcome.section("problems");
    let row = rows.iter().find(|row| row["code"] == "ERR_POS_005").unwrap();
    assert_eq!((&row["row"], &row["column"], &row["value"]), (&3.into(), &"Quantity".into(), &"LOTS".into()));
    assert!(row["remedy"].as_str().unwrap().contains("1234.5"));
    assert!(outcome.stderr.contains("nothing was written") && outcome.stderr.contains("--partial"));

    let partial = folder.import(&sample("sigmasight_invalid_cases.csv"), &["--partial"]);
    assert_eq!(partial.code, 3, "{}", partial.stderr);
    assert!(folder.held("own").contains(&("PG".to_owned(), 365.0, 168.75)));
    assert_eq!(folder.rows("imports")[0]["status"], "partial");
}

#[test]
fn every_sample_imports_once() {
    let folder = Folder::new();
    let mut names: Vec<_> =
        std::fs::read_dir(sample("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for (i, file) in names.iter().enumerate() {
        if file.ends_with("sigmasight_invalid_cases.csv") {
            continue;
        }
        let portfolio = format!("Book {i}");
        let options = ["--portfolio", &portfolio];
        let first = folder.import(file, &options);
        assert_eq!(first.code, 0, "{}: {}\n{}", file.display(), first.stdout, first.stderr);
        let state = folder.state();
        let second = folder.import(file, &options);
        assert!(second.closing_line().contains(" changed=0 "), "{}: {}", file.display(), second.stderr);
        assert_eq!(folder.state(), state, "{}", file.display());
    }
}

#[test]
fn several_accounts_are_several_portfolios() {
    let folder = Folder::new();
    let file = sample("fidelity_positions_sentencecase_2026.csv");
    assert_eq!(folder.import(&file, &[]).code, 0);
    let slugs: Vec<_> = folder.rows("portfolio list").iter().map(|row| row["portfolio"].clone()).collect();
    assert_eq!(slugs, ["own-individual-tod", "own-roth-ira"]);
    // The sweep fund is cash, with what is pending; the bond is held at its stated value.
    assert_eq!(folder.cash("own-individual-tod"), [("opening".to_owned(), 4_251.07)]);
    let note = folder.rows("cash list --portfolio own-individual-tod")[0]["note"].clone();
    assert!(note.as_str().unwrap().contains("SPAXX"), "{note}");
    let held = folder.rows("position list --portfolio own-individual-tod");
    assert!(held.iter().any(|row| row["kind"] == "private" && row["quantity"] == 44_000.0));

    let one = folder.import(&file, &["--account", "roth ira", "--portfolio", "Roth"]);
    assert_eq!((one.code, folder.held("roth").len()), (0, 1), "{}", one.stderr);
    let all = folder.import(&file, &["--merge-accounts", "--portfolio", "All"]);
    assert_eq!((all.code, folder.held("all").len()), (0, 4), "{}", all.stderr);
    let none = folder.import(&file, &["--account", "HSA", "--portfolio", "None"]);
    assert!(none.code == 2 && none.stderr.contains("ROTH IRA"), "{}", none.stderr);
    let cash = folder.import(&file, &["--cash", "5", "--portfolio", "None"]);
    assert!(cash.code == 2 && cash.stderr.contains("--cash is of one account"), "{}", cash.stderr);
}

#[test]
fn what_is_no_portfolio_file_is_refused() {
    let folder = Folder::new();
    for (name, text, code) in [
        ("empty.csv", "", "ERR_CSV_003"),
        ("other.csv", "a,b,c\n1,2,3\n", "ERR_CSV_005"),
        (
            "euro.csv",
            "ticker,quantity,entry_price,entry_date,currency\nSAP,5,100,2025-01-02,EUR\n",
            "ERR_IMP_001",
        ),
    ] {
        let outcome = folder.import(&folder.write(name, text), &[]);
        assert!(outcome.code == 2 && outcome.codes().contains(&code.to_owned()), "{}", outcome.stdout);
    }
    let missing = folder.run(&["import", "none.csv", "--portfolio", "Own"]);
    assert!(missing.code == 2 && missing.stderr.contains("cannot read none.csv"), "{}", missing.stderr);
    let broker = folder.run(&["import", "empty.csv", "--portfolio", "Own", "--broker", "acme"]);
    assert!(broker.code == 2 && broker.stderr.contains("schwab"), "{}", broker.stderr);
    assert!(folder.rows("portfolio list").is_empty());
}

#[test]
fn onboarding_ends_with_the_next_commands() {
    let folder = Folder(tempfile::TempDir::new().unwrap());
    let template = folder.run(&["template"]);
    let file = folder.write("template.csv", &template.stdout);
    let outcome = folder.run(&["onboard", file.to_str().unwrap(), "--portfolio", "Own", "--format", "json"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let steps = outcome.section("next_steps");
    assert_eq!(steps[0]["command"], "sigma-sync run --as-of 2025-11-06 --portfolio own");
    assert_eq!((steps.len(), &steps[6]["step"]), (7, &"report".into()));
    assert!(folder.in_store(async |store| !store.factors().await.unwrap().is_empty()));
}

/// A first look needs no database and leaves none.
#[test]
fn a_dry_onboarding_in_an_empty_folder() {
    let folder = Folder(tempfile::TempDir::new().unwrap());
    let file = sample("schwab_positions_single_2024plus.csv");
    let args = ["onboard", file.to_str().unwrap(), "--portfolio", "Own", "--format", "json", "--dry-run"];
    let outcome = folder.run(&args);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(!outcome.section("changes").is_empty() && !outcome.section("readiness").is_empty());
    assert!(!folder.0.path().join("sigma.db").exists());
}

/// A row of cash is cash, and cash in other currencies does not stand in the way.
#[test]
fn rows_of_cash_are_no_shares() {
    let folder = Folder::new();
    let text = "ticker,quantity,entry_price,entry_date,currency\nCASH,5000,1,2025-01-02,USD\nUSD,100,,,USD\n\
        US DOLLAR,10,1.00,2025-01-02,USD\nCASH,2,45.5,2025-01-03,USD\nUSD,7,1,2025-01-03,EUR\n";
    let outcome = folder.import(&folder.write("cash.csv", text), &[]);
    assert_eq!((outcome.code, outcome.codes()), (0, vec!["ERR_IMP_017".to_owned()]), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("cash of 7 EUR is left out"));
    assert_eq!(folder.held("own"), [("CASH".to_owned(), 2.0, 45.5)]);
    assert_eq!(folder.cash("own"), [("opening".to_owned(), 5110.0)]);

    let vanguard = "Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,\n\
        1234,Cash,CASH,20,1.0,20.00,\n1234,Acme,ACME,10,10.0,100.00,\n";
    let outcome = folder.import(&folder.write("v.csv", vanguard), &["--portfolio", "V"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    assert_eq!((folder.held("v").len(), folder.cash("v")), (1, vec![("opening".to_owned(), 20.0)]));
}

/// What cannot be read leaves no database.
#[test]
fn onboarding_of_nothing_makes_nothing() {
    let folder = Folder(tempfile::TempDir::new().unwrap());
    folder.write("other.csv", "a,b,c\n1,2,3\n");
    for file in ["none.csv", "other.csv"] {
        let outcome = folder.run(&["onboard", file, "--portfolio", "Own"]);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(!folder.0.path().join("sigma.db").exists(), "{file}");
    }
}
