//! Splits between two files of an account, end to end.

use serde_json::Value;
use sigma_core::model::Split;

use super::Folder;

fn split(folder: &Folder, symbol: &str, date: &str, to: f64) {
    let split = Split { date: date.parse().unwrap(), from: 1.0, to };
    folder.in_store(async |store| {
        let id = store.instruments_by_symbol(&[symbol.to_owned()]).await.unwrap()[0].id;
        store.save_splits(id, &[split], "file").await.unwrap();
    });
}

fn id_of(folder: &Folder, symbol: &str) -> i64 {
    let rows = folder.rows("position list --portfolio own");
    rows.iter().find(|row| row["symbol"] == symbol).unwrap()["position_id"].as_i64().unwrap()
}

fn counted(folder: &Folder) -> Vec<Option<String>> {
    let books = folder.in_store(async |store| store.books(&[]).await.unwrap());
    let lots = books.iter().flat_map(|book| &book.lots);
    lots.map(|lot| lot.position.adjusted_through.map(|day| day.to_string())).collect()
}

const REPLAY: &str = "\"Activity Date\",\"Process Date\",\"Settle Date\",\"Instrument\",\"Description\",\"Trans Code\",\"Quantity\",\"Price\",\"Amount\"\n\
    \"10/15/2024\",\"10/15/2024\",\"10/15/2024\",\"SIZE\",\"Split\",\"SPL\",\"10S\",\"\",\"\"\n\
    \"1/16/2024\",\"1/16/2024\",\"1/18/2024\",\"SIZE\",\"Size\",\"Buy\",\"10\",\"$257.00\",\"($2,570.00)\"\n";

/// The replay has multiplied the units: the split is neither due nor applied again, whenever it becomes known.
#[test]
fn a_replay_that_contains_its_split_stays_as_it_is() {
    for date in ["2024-10-15", "2024-10-14", "2024-10-16"] {
        let folder = Folder::new();
        let file = folder.write("rh.csv", REPLAY);
        let first = folder.import(&file, &["--broker", "robinhood"]);
        assert_eq!(first.code, 0, "{}\n{}", first.stdout, first.stderr);
        split(&folder, "SIZE", date, 2.0);
        let state = folder.state();
        let again = folder.import(&file, &["--broker", "robinhood"]);
        assert!(again.closing_line().contains(" changed=0 "), "{}", again.stderr);
        assert_eq!(again.codes(), ["ERR_ACT_002", "ERR_IMP_009"], "neither due nor counted twice");
        assert_eq!(folder.state(), state);
        assert_eq!(folder.held("own"), [("SIZE".to_owned(), 20.0, 128.5)]);
        let id = id_of(&folder, "SIZE").to_string();
        let refused = folder.run(&["position", "apply-split", &id]);
        assert!(
            refused.code == 2 && refused.stderr.contains("up to which its units count"),
            "{}",
            refused.stderr
        );
    }
}

const BY_HAND: &str = "ticker,quantity,entry_price,entry_date\nSIZE,10,120,2024-01-16\n";

#[test]
fn the_same_file_after_an_applied_split_changes_nothing() {
    let folder = Folder::new();
    let file = folder.write("1.csv", BY_HAND);
    assert_eq!(folder.import(&file, &["--cash", "0"]).code, 0);
    folder.price("SIZE", "2024-01-16", 121.0);
    folder.price("SIZE", "2025-11-05", 75.0);
    split(&folder, "SIZE", "2024-10-15", 2.0);
    let told = folder.import(&file, &["--cash", "0"]);
    assert_eq!(told.codes(), ["ERR_IMP_007"], "the price is that of before: {}", told.stdout);
    let id = id_of(&folder, "SIZE").to_string();
    assert_eq!(folder.run(&["position", "apply-split", &id]).code, 0);
    let state = folder.state();
    let again = folder.import(&file, &["--cash", "0"]);
    assert!(again.closing_line().contains(" changed=0 ") && again.codes().is_empty(), "{}", again.stdout);
    assert_eq!(folder.state(), state);
}

/// Prices typed as a broker shows them count the split; where no close tells it, the lot is named and the owner asked.
#[test]
fn lots_written_by_hand_in_units_of_today() {
    let folder = Folder::new();
    let file = folder.write("1.csv", &BY_HAND.replace("10,120", "20,60"));
    assert_eq!(folder.import(&file, &["--cash", "0"]).code, 0);
    split(&folder, "SIZE", "2024-10-15", 2.0);
    let asked = folder.import(&file, &["--cash", "0"]);
    assert_eq!((asked.code, asked.codes()), (0, vec!["ERR_IMP_020".to_owned()]), "{}", asked.stdout);
    assert!(asked.stdout.contains("--counted"));
    let id = id_of(&folder, "SIZE").to_string();
    let noted = |more: &[&str]| {
        let outcome = folder.run(&[&["position", "apply-split", &id, "--counted"], more].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        counted(&folder)
    };
    assert_eq!(noted(&["--dry-run"]), [None]);
    assert_eq!(noted(&[]), [Some("2024-10-15".to_owned())]);
    assert!(folder.import(&file, &["--cash", "0"]).codes().is_empty());
    assert_eq!(noted(&["--undo"]), [None]);
    // The close of the entry answers it.
    folder.price("SIZE", "2024-01-16", 121.0);
    let told = folder.import(&file, &["--cash", "0"]);
    assert!(told.codes().is_empty(), "{}", told.stdout);
    let changes: Vec<Value> = told.section("changes").iter().map(|row| row["change"].clone()).collect();
    assert_eq!(changes, ["counts split"]);
    assert_eq!(counted(&folder), [Some("2024-10-15".to_owned())]);
    assert_eq!(folder.held("own"), [("SIZE".to_owned(), 20.0, 60.0)]);
    // And comes back out of an export.
    let export = folder.run(&["export", "--portfolio", "own", "--as-of", "2025-11-06", "--format", "csv"]);
    let copy = folder.import(&folder.write("out.csv", &export.stdout), &["--portfolio", "Copy"]);
    assert_eq!(copy.code, 0, "{}\n{}", copy.stdout, copy.stderr);
    assert_eq!(counted(&folder), [Some("2024-10-15".to_owned()), Some("2024-10-15".to_owned())]);
}

fn schwab(date: &str, quantity: &str) -> String {
    format!(
        "\"Positions for account Joint ...987 as of 04:05 PM ET, {date}\"\n\n\
         \"Symbol\",\"Description\",\"Quantity\",\"Price\",\"Market Value\",\"Cost Basis\",\"Asset Type\",\n\
         \"ACME\",\"ACME\",\"{quantity}\",\"$100.00\",\"--\",\"$8,000.00\",\"Equity\",\n\
         \"Cash & Cash Investments\",\"--\",\"--\",\"--\",\"$1,000.00\",\"--\",\"Cash and Money Market\",\n"
    )
}

/// The file counts a split that is not stored: learn it, apply it, import again.
#[test]
fn a_split_that_is_not_stored_is_no_trade_of_a_holding_either() {
    for (quantity, ratio) in [("100", 10.0), ("1", 0.1)] {
        let folder = Folder::new();
        assert_eq!(folder.import(&folder.write("1.csv", &schwab("2025/10/16", "10")), &[]).code, 0);
        let state = folder.state();
        let second = folder.write("2.csv", &schwab("2025/11/05", quantity));
        let refused = folder.import(&second, &[]);
        assert_eq!(
            (refused.code, refused.codes()),
            (2, vec!["ERR_IMP_019".to_owned()]),
            "{}",
            refused.stdout
        );
        assert!(refused.stdout.contains("sigma-sync prices"));
        assert_eq!(folder.state(), state);
        split(&folder, "ACME", "2025-10-20", ratio);
        let told = folder.import(&second, &[]);
        assert_eq!((told.code, told.codes()), (0, vec!["ERR_IMP_007".to_owned()]), "{}", told.stdout);
        let id = id_of(&folder, "ACME").to_string();
        assert_eq!(folder.run(&["position", "apply-split", &id]).code, 0);
        let done = folder.import(&second, &[]);
        assert!(done.code == 0 && done.codes().is_empty(), "{}", done.stdout);
        assert_eq!(folder.held("own"), [("ACME".to_owned(), quantity.parse().unwrap(), 800.0 / ratio)]);
        assert_eq!(folder.cash("own"), [("opening".to_owned(), 1000.0)]);
    }
}
