//! Contracts that ended as shares between two files, end to end: no flow, and a line for each.

use serde_json::Value;

use super::{Folder, Outcome};

fn file(date: &str, rows: &[&str], cash: &str) -> String {
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    format!(
        "\"Positions for account Joint ...987 as of 04:05 PM ET, {date}\"\n\n\
         \"Symbol\",\"Description\",\"Quantity\",\"Price\",\"Market Value\",\"Cost Basis\",\"Asset Type\",\n{rows}\
         \"Cash & Cash Investments\",\"--\",\"--\",\"--\",\"{cash}\",\"--\",\"Cash and Money Market\",\n"
    )
}

/// The underlying closes at `close` on the expiry, 17 October, and at 230 on the day of the second file.
fn two(first: &[&str], close: f64, second: &[&str], cash: &str, more: &[&str]) -> (Folder, Outcome) {
    let folder = Folder::new();
    let outcome = folder.import(&folder.write("1.csv", &file("2025/10/10", first, "$50,000.00")), &[]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    folder.price("ACME", "2025-10-17", close);
    folder.price("ACME", "2025-11-05", 230.0);
    let second = folder.write("2.csv", &file("2025/11/05", second, cash));
    let outcome = folder.import(&second, more);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    assert_eq!(folder.cash("own"), [("opening".to_owned(), 50_000.0)], "{}", outcome.stdout);
    assert!(!outcome.codes().contains(&"ERR_IMP_012".to_owned()), "{}", outcome.stdout);
    assert!(folder.import(&second, &[]).closing_line().contains(" changed=0 "));
    (folder, outcome)
}

fn lines(outcome: &Outcome) -> Vec<(String, String, f64)> {
    let line = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        assert_eq!(
            (row["price_source"].as_str(), row["date"].as_str()),
            (Some("strike"), Some("2025-10-17"))
        );
        (text("change"), text("symbol"), row["price_usd"].as_f64().unwrap())
    };
    outcome.section("changes").iter().map(line).collect()
}

fn told(change: &str, symbol: &str, price: f64) -> (String, String, f64) {
    (change.to_owned(), symbol.to_owned(), price)
}

#[test]
fn a_covered_call_is_called_away() {
    let first = [
        "\"ACME\",\"A\",\"100\",\"$220.00\",\"--\",\"$20,000.00\",\"Equity\",",
        "\"ACME 10/17/2025 200.00 C\",\"C\",\"-1\",\"$21.00\",\"--\",\"-$500.00\",\"Option\",",
    ];
    for more in [&[][..], &["--exit", "ACME=200"]] {
        let (folder, outcome) = two(&first, 222.0, &[], "$70,000.00", more);
        let expected = [told("called away", "ACME", 200.0), told("assigned", "ACME251017C00200000", 0.0)];
        assert_eq!(lines(&outcome), expected);
        assert_eq!(outcome.section("summary")[0]["realized_usd"], 500.0);
        assert!(folder.held("own").is_empty());
    }
}

#[test]
fn an_assigned_put_whose_premium_is_in_the_basis() {
    let first = ["\"ACME 10/17/2025 300.00 P\",\"P\",\"-1\",\"$51.00\",\"--\",\"-$1,000.00\",\"Option\","];
    for basis in ["$29,000.00", "$30,000.00"] {
        let second = format!("\"ACME\",\"A\",\"100\",\"$255.00\",\"--\",\"{basis}\",\"Equity\",");
        let (folder, outcome) = two(&first, 237.0, &[&second], "$20,000.00", &[]);
        let expected = [told("assigned", "ACME251017P00300000", 0.0), told("delivered", "ACME", 300.0)];
        assert_eq!(lines(&outcome), expected);
        assert_eq!(folder.held("own"), [("ACME".to_owned(), 100.0, 300.0)]);
    }
}

#[test]
fn an_exercised_call_whose_premium_is_in_the_basis() {
    let first = [
        "\"ACME\",\"A\",\"200\",\"$210.00\",\"--\",\"$40,000.00\",\"Equity\",",
        "\"ACME 10/17/2025 210.00 C\",\"C\",\"2\",\"$5.00\",\"--\",\"$900.00\",\"Option\",",
    ];
    let second = ["\"ACME\",\"A\",\"400\",\"$225.00\",\"--\",\"$82,900.00\",\"Equity\","];
    let (folder, outcome) = two(&first, 221.0, &second, "$8,000.00", &[]);
    let expected = [told("exercised", "ACME251017C00210000", 0.0), told("delivered", "ACME", 210.0)];
    assert_eq!(lines(&outcome), expected);
    assert_eq!(folder.held("own"), [("ACME".to_owned(), 200.0, 200.0), ("ACME".to_owned(), 200.0, 210.0)]);
}
