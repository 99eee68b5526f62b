//! Money of activity files: the ledger afterwards is what the rows of the file add up to.

use sigma_core::model::Dividend;

use super::{Folder, Outcome};

const SCHWAB: &str = "Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount\n";
const GHOSTFOLIO: &str = "Date,Code,DataSource,Currency,Price,Quantity,Action,Fee,Note\n";

/// Imports the first rows into a new portfolio, then all of them.
fn twice(folder: &Folder, header: &str, first: &str, more: &str) -> Outcome {
    let file = folder.write("first.csv", &format!("{header}{first}"));
    let outcome = folder.import(&file, &["--as-of", "2025-06-02"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let file = folder.write("second.csv", &format!("{header}{more}{first}"));
    let outcome = folder.import(&file, &["--as-of", "2025-06-30"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    outcome
}

fn entries(folder: &Folder) -> Vec<(String, f64)> {
    folder.cash("own").into_iter().filter(|(kind, _)| kind != "opening").collect()
}

fn of(kind: &str, amount: f64) -> (String, f64) {
    (kind.to_owned(), amount)
}

#[test]
fn commissions_and_taxes_are_fees() {
    let folder = Folder::new();
    let more = "06/27/2025,Foreign Tax Paid,ACME,FOREIGN TAX,,,,-$77.00\n\
        06/26/2025,Sell,ACME,ACME,5,$220.00,$50.00,\"$1,050.00\"\n\
        06/25/2025,Service Fee,,FEE,,,,-$20.00\n\
        06/24/2025,Buy,WIDG,WIDG,10,$10.005,,-$100.05\n";
    let outcome = twice(&folder, SCHWAB, "06/02/2025,Buy,ACME,ACME,10,$200.00,,\"-$2,000.00\"\n", more);
    assert_eq!(entries(&folder), [of("fee", -20.0), of("fee", -50.0), of("fee", -77.0)]);
    assert!(!outcome.codes().contains(&"ERR_IMP_021".to_owned()));
}

#[test]
fn costs_of_trackers_are_fees() {
    let folder = Folder::new();
    let more = "25-06-2025,ACME,YAHOO,USD,220,5,sell,100.00,\n26-06-2025,WIDG,YAHOO,USD,250,2,buy,49.5,\n";
    twice(&folder, GHOSTFOLIO, "02-06-2025,ACME,YAHOO,USD,200,10,buy,5.00,first\n", more);
    assert_eq!(entries(&folder), [of("fee", -100.0), of("fee", -49.5)]);
}

/// Shares that came without cash are money of their worth that came in.
#[test]
fn deliveries_are_flows() {
    let folder = Folder::new();
    let header = "Date;Type;Value;Transaction Currency;Shares;ISIN;Ticker Symbol;Security Name\n";
    let more = "2025-06-25 00:00;Delivery (Inbound);1,500.00;USD;10;US0000000001;WIDG;Widgets\n\
        2025-06-26 00:00;Delivery (Outbound);440.00;USD;2;US0000000002;ACME;Acme\n";
    let first = "2025-06-02 00:00;Buy;2,000.00;USD;10;US0000000002;ACME;Acme\n";
    twice(&folder, header, first, more);
    assert_eq!(entries(&folder), [of("contribution", 1500.0), of("withdrawal", -440.0)]);
}

/// The ledger derives dividends; what it has nothing to derive from is told, until it has.
#[test]
fn dividends_that_are_not_stored_are_told() {
    let reinvested = "06/25/2025,Reinvest Shares,ACME,ACME,0.5,$110.00,,-$55.00\n\
        06/25/2025,Qual Div Reinvest,ACME,ACME,,,,$55.00\n";
    let first = "06/02/2025,Buy,ACME,ACME,10,$100.00,,\"-$1,000.00\"\n";
    let folder = Folder::new();
    let outcome = twice(&folder, SCHWAB, first, reinvested);
    let told = outcome.section("problems");
    let told = told.iter().find(|row| row["code"] == "ERR_IMP_021").unwrap();
    assert!(told["message"].as_str().unwrap().contains("ACME paid 55.00 on 2025-06-25"), "{told}");
    assert_eq!(entries(&folder), []);

    let folder = Folder::new();
    let file = folder.write("first.csv", &format!("{SCHWAB}{first}"));
    assert_eq!(folder.import(&file, &["--as-of", "2025-06-02"]).code, 0);
    folder.in_store(async |store| {
        let id = store.instruments_by_symbol(&["ACME".to_owned()]).await.unwrap()[0].id;
        let dividend = Dividend { ex_date: "2025-06-10".parse().unwrap(), amount: 5.5 };
        store.save_dividends(id, &[dividend], "file").await.unwrap();
    });
    let file = folder.write("second.csv", &format!("{SCHWAB}{reinvested}{first}"));
    let outcome = folder.import(&file, &["--as-of", "2025-06-30"]);
    assert!(!outcome.codes().contains(&"ERR_IMP_021".to_owned()), "{}", outcome.stdout);
}

#[test]
fn lots_that_came_and_went_between_two_files_are_realised() {
    let folder = Folder::new();
    let header = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share\n";
    let first = format!("{header}ACME,100,180,2025-05-01,,\nOLD,1,10,2025-01-02,2025-01-03,12\n");
    let outcome = folder.import(&folder.write("a.csv", &first), &["--as-of", "2025-06-02"]);
    let realized = |outcome: &Outcome| outcome.section("summary")[0]["realized_usd"].as_f64().unwrap();
    assert_eq!(realized(&outcome), 0.0, "history is no result");
    let second = format!(
        "{header}ACME,60,180,2025-05-01,,\nACME,40,180,2025-05-01,2025-06-20,220\n\
        WIDG,10,400,2025-06-20,2025-06-27,425\nOLD,1,10,2025-01-02,2025-01-03,12\n"
    );
    let outcome = folder.import(&folder.write("b.csv", &second), &["--as-of", "2025-06-30"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    assert_eq!(realized(&outcome), 40.0 * (220.0 - 180.0) + 10.0 * (425.0 - 400.0));
}
