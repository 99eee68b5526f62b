//! Accounts and the portfolios they belong to.

use super::{Folder, Outcome};

const HEADER: &str =
    "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,Cost Basis Total\n";
const IND: &str = "X12341111,Ind,AAA,x,10,$10.00,$100.00,$90.00\nX12341111,Ind,SPAXX**,x,,,$50.00,\n";
const ROTH: &str = "X2222,ROTH,BBB,x,10,$10.00,$100.00,$90.00\nX2222,ROTH,SPAXX**,x,,,$60.00,\n";

fn import(folder: &Folder, rows: &[&str], date: &str, more: &[&str]) -> Outcome {
    let text = format!("{HEADER}{}\n\"Date downloaded {date}\"\n", rows.concat());
    folder.import(&folder.write("file.csv", &text), more)
}

#[track_caller]
fn is_done(outcome: &Outcome) {
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
}

#[track_caller]
fn is_refused(outcome: &Outcome, with: &str) {
    assert!(outcome.code == 2 && outcome.stderr.contains(with), "{}", outcome.stderr);
}

fn slugs(folder: &Folder) -> Vec<String> {
    let rows = folder.rows("portfolio list");
    rows.iter().map(|row| row["portfolio"].as_str().unwrap().to_owned()).collect()
}

/// Another account's file would sell the shares of the first, so it is refused as a part too.
#[test]
fn a_part_of_another_account_is_refused() {
    let folder = Folder::new();
    is_done(&import(&folder, &[IND], "11/04/2025", &[]));
    let state = folder.state();
    for more in [&[][..], &["--merge"]] {
        let refused = import(&folder, &[ROTH], "11/05/2025", more);
        is_refused(&refused, "Own holds the account Ind ...1111");
        assert!(refused.stderr.contains("another --portfolio") && !refused.stderr.contains("--merge\n"));
    }
    // The same last characters are not the same account when the names say otherwise.
    let alike = ROTH.replace("X2222", "Z99991111");
    is_refused(&import(&folder, &[&alike], "11/05/2025", &[]), "Own holds the account Ind ...1111");
    assert_eq!(folder.state(), state);
    is_done(&import(&folder, &[ROTH], "11/05/2025", &["--merge", "--merge-accounts"]));
    assert_eq!(folder.held("own").len(), 2);
}

/// With and without --merge an account finds the portfolio it went into.
#[test]
fn a_part_goes_where_its_account_went() {
    let folder = Folder::new();
    is_done(&import(&folder, &[IND, ROTH], "11/04/2025", &[]));
    let more = "X2222,ROTH,CCC,x,10,$10.00,$100.00,$90.00\n";
    is_done(&import(&folder, &[more], "11/05/2025", &["--merge"]));
    assert_eq!((slugs(&folder).len(), folder.held("own-roth").len()), (2, 2));
}

#[test]
fn merged_accounts_are_remembered() {
    let folder = Folder::new();
    is_done(&import(&folder, &[IND, ROTH], "11/04/2025", &["--merge-accounts"]));
    assert_eq!(folder.rows("imports")[0]["account"], "Ind ...1111 + ROTH ...2222");
    let state = folder.state();
    for rows in [&[IND, ROTH][..], &[ROTH]] {
        let refused = import(&folder, rows, "11/05/2025", &[]);
        is_refused(&refused, "Own holds several accounts in one, Ind ...1111 + ROTH ...2222");
        assert!(refused.stderr.contains("again with --merge-accounts"));
    }
    let lacking = import(&folder, &[ROTH], "11/05/2025", &["--merge-accounts"]);
    is_refused(&lacking, "Own holds the account Ind ...1111 too");
    assert_eq!(folder.state(), state);
    is_done(&import(&folder, &[IND, ROTH], "11/05/2025", &["--merge-accounts"]));
    assert_eq!((slugs(&folder).len(), folder.held("own").len()), (1, 2));
    is_done(&import(&folder, &[ROTH], "11/05/2025", &["--replace"]));
    assert_eq!(folder.held("own").len(), 1);
}

#[test]
fn an_account_in_two_portfolios_is_told() {
    let folder = Folder::new();
    is_done(&import(&folder, &[ROTH], "11/04/2025", &["--portfolio", "Retirement"]));
    let both = import(&folder, &[IND, ROTH], "11/04/2025", &[]);
    is_done(&both);
    assert_eq!(both.codes(), ["ERR_IMP_016"]);
    assert!(both.stdout.contains("the account ROTH ...2222 was imported into Retirement before"));
    let again = import(&folder, &[IND, ROTH], "11/05/2025", &[]);
    assert!(again.code == 0 && again.codes().is_empty(), "told once: {}", again.stdout);
    let alike = ROTH.replace("ROTH", "HSA");
    assert!(import(&folder, &[&alike], "11/05/2025", &["--portfolio", "Health"]).codes().is_empty());
}

#[test]
fn a_longer_mask_of_the_number_is_the_same_account() {
    let folder = Folder::new();
    let file = |mask: &str, date: &str| {
        format!(
            "\"Positions for account Individual {mask} as of 04:05 PM ET, {date}\"\n\n\
            Symbol,Description,Qty (Quantity),Price,Mkt Val (Market Value),Cost Basis,Asset Type\n\
            AAA,A,10,$10.00,$100.00,$90.00,Equity\n"
        )
    };
    is_done(&folder.import(&folder.write("1.csv", &file("...123", "2025/11/04")), &[]));
    is_done(&folder.import(&folder.write("2.csv", &file("XXXX-8123", "2025/11/05")), &[]));
    is_done(&folder.import(&folder.write("4.csv", &file("XXXX8123", "2025/11/06")), &[]));
    is_refused(
        &folder.import(&folder.write("3.csv", &file("XXXX-9999", "2025/11/06")), &[]),
        "Own holds the account Individual ...8123",
    );
}

/// What was replaced is no history: neither its dates nor its account count.
#[test]
fn a_new_start_forgets_what_was_before() {
    let folder = Folder::new();
    is_done(&import(&folder, &[IND], "11/05/2025", &[]));
    is_done(&import(&folder, &[ROTH], "11/03/2025", &["--replace"]));
    assert_eq!(folder.held("own"), [("BBB".to_owned(), 10.0, 9.0)]);
    is_done(&import(&folder, &[ROTH, "X2222,ROTH,CCC,x,1,$1.00,$1.00,$1.00\n"], "11/04/2025", &[]));
    assert_eq!((slugs(&folder).len(), folder.held("own").len()), (1, 2));
    is_refused(&import(&folder, &[IND], "11/05/2025", &[]), "Own holds the account ROTH ...2222");
    assert_eq!(folder.rows("imports").len(), 3, "what was imported is still told");
}

/// What one account lacks is told under the portfolio that it becomes, and never as a line that repeats.
#[test]
fn findings_name_the_portfolio_of_their_account() {
    let folder = Folder::new();
    let rows = ["X1111,Ind,AAA,x,10,$10.00,$100.00,$90.00\n", "X2222,ROTH,BBB,x,10,$10.00,$100.00,\n"];
    let told = |outcome: &Outcome, code: &str| -> Vec<String> {
        let problems = outcome.section("problems");
        let of_code = problems.iter().filter(|row| row["code"] == code);
        of_code.map(|row| row["portfolio"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let done = import(&folder, &rows, "11/04/2025", &["--dry-run"]);
    is_done(&done);
    assert_eq!(told(&done, "ERR_IMP_009"), ["own-ind", "own-roth"]);
    assert_eq!(told(&done, "ERR_IMP_012"), ["own-roth"]);

    let foreign =
        "X2222,ROTH,BBB,x,10,$10.00,$100.00,$90.00\nX2222,ROTH,ACME260117C105,x,1,$1.00,$100.00,$90.00\n";
    let done = import(&folder, &[rows[0], foreign], "11/04/2025", &["--dry-run"]);
    // Found by the reader of the file, which knows no portfolios.
    assert_eq!(told(&done, "ERR_OPT_003"), ["own-roth"], "{}", done.stdout);
}
