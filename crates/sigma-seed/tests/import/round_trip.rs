//! Import, export, import: the same book.

use serde_json::Value;

use super::{Folder, sample};

/// Lots without ids and portfolio, sorted.
fn lots(folder: &Folder, slug: &str) -> Vec<Value> {
    let mut rows = folder.rows(&format!("position list --all --portfolio {slug}"));
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        row.remove("position_id");
        row.remove("portfolio");
    }
    rows.sort_by_key(Value::to_string);
    rows
}

fn export(folder: &Folder, slug: &str, as_of: &str) -> String {
    let outcome = folder.run(&["export", "--portfolio", slug, "--as-of", as_of, "--format", "csv"]);
    let is_open = outcome.stderr.contains("no close of its underlying settles it");
    assert_eq!(outcome.code, if is_open { 3 } else { 0 }, "{}", outcome.stderr);
    outcome.stdout
}

fn comes_back(folder: &Folder, slug: &str, as_of: &str, user: &str) {
    let text = export(folder, slug, as_of);
    let file = folder.write("exported.csv", &text);
    let outcome = folder.import(&file, &["--portfolio", "Copy", "--user", user]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    assert_eq!(lots(folder, "copy"), lots(folder, slug));
    let again = export(folder, "copy", as_of);
    assert_eq!(again.lines().skip(1).collect::<Vec<_>>(), text.lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn closed_lots_options_private_assets_and_cash() {
    let folder = Folder::new();
    let outcome = folder.import(&sample("sigmasight_template.csv"), &["--cash", "-123.45"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let lots = lots(&folder, "own");
    assert!(lots.iter().any(|lot| lot["exit_date"] == "2024-01-16" && lot["exit_price_usd"] == 215.0));
    assert!(lots.iter().any(|lot| lot["kind"] == "private"));
    assert!(lots.iter().any(|lot| lot["kind"] == "option" && lot["quantity"] == -5.0));
    let private = lots.iter().find(|lot| lot["kind"] == "private").unwrap()["symbol"].as_str().unwrap();
    folder.price(private, "2025-11-05", 1234.5);
    let state = folder.in_store(async |store| store.price_coverage().await.unwrap());
    comes_back(&folder, "own", "2025-11-06", "owner@localhost");
    assert_eq!(folder.cash("copy"), [("opening".to_owned(), -123.45)]);
    let values = folder.in_store(async |store| store.price_coverage().await.unwrap());
    assert_eq!(values, state, "the stated value stays, and the entry price takes no place of it");

    let text = export(&folder, "own", "2025-11-06");
    let other = Folder::new();
    let file = other.write("exported.csv", &text);
    assert_eq!(other.import(&file, &["--portfolio", "Copy"]).code, 0);
    assert_eq!(
        export(&other, "copy", "2025-11-06").lines().skip(1).collect::<Vec<_>>(),
        text.lines().skip(1).collect::<Vec<_>>()
    );
    assert!(text.contains(",1234.5,"), "{text}");
}

#[test]
fn tags_and_hand_made_books() {
    let folder = Folder::new();
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo-data");
    assert_eq!(folder.run(&["demo", "--data-dir", demo.to_str().unwrap()]).code, 0);
    let books = folder.rows("portfolio list");
    let book = books.iter().find(|row| row["portfolio"] == "demo-hedgefundstyle").unwrap();
    let user = book["owner"].as_str().unwrap().to_owned();
    let id = folder.rows("position list --portfolio demo-hedgefundstyle")[0]["position_id"].to_string();
    let close = ["position", "close", &id, "--price", "900.5", "--date", "2025-05-01", "--quantity", "7"];
    assert_eq!(folder.run(&close).code, 0);
    comes_back(&folder, "demo-hedgefundstyle", "2025-06-30", &user);
}

/// Lots of one day, shares that cost nothing, eight decimals, an adjusted contract with its own multiplier.
#[test]
fn what_the_template_alone_cannot_say() {
    let folder = Folder::new();
    let text = "# as of: 2025-06-30\n# cash: 10\nSymbol,Quantity,Entry Price Per Share,Entry Date,Tags,Lot,Multiplier\n\
        ACME,10,90,2025-06-02,,1,\nACME,20,85.123456789012345,2025-06-02,,2,\nACME,0.12345678,0,2025-06-03,,3,\n\
        GME1260116C00020000,2,1.5,2025-06-03,,4,150\nSPY250516C00450000,1,5,2025-05-01,,5,100\n";
    let file = folder.write("book.csv", text);
    let outcome = folder.import(&file, &[]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let own = lots(&folder, "own");
    assert_eq!(own.len(), 5, "the expired contract is held, since nothing settles it: {own:#?}");
    comes_back(&folder, "own", "2025-06-30", "owner@localhost");
    let text = export(&folder, "own", "2025-06-30");
    assert!(text.contains("GME1260116C00020000,2,1.5,2025-06-03,OPTIONS,,,,,,,,,4,150"), "{text}");
    let again = folder.write("again.csv", &text);
    let outcome = folder.import(&again, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("opened=0 closed=0"), "{}", outcome.stderr);
    assert_eq!(lots(&folder, "own"), own);
}

/// A row with a number of its lot is what was stored, whatever its symbol and tags look like.
#[test]
fn rows_of_an_export_are_taken_as_they_are() {
    let folder = Folder::new();
    let text = "# as of: 2025-06-30\n# cash: 10\n\
        Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Tags,Lot\n\
        SPAXX,10,1,2025-06-02,PUBLIC,MUTUAL_FUND,\"Deep Value,core; held\",1\n^SPX,1,5000,2025-06-02,PUBLIC,STOCK,,2\n\
        037833100,3,90,2025-06-02,PUBLIC,STOCK,,3\nES=F,1,5000,2025-06-02,PUBLIC,STOCK,,4\nCASH,2,1,2025-06-02,PUBLIC,STOCK,,5\n";
    let outcome = folder.import(&folder.write("book.csv", text), &[]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.codes().is_empty(), "{}", outcome.stdout);
    let held: Vec<String> = folder.held("own").into_iter().map(|(symbol, ..)| symbol).collect();
    assert_eq!(held, ["037833100", "CASH", "ES=F", "SPAXX", "^SPX"]);
    let lots = lots(&folder, "own");
    assert!(lots.iter().all(|lot| lot["kind"] != "private"), "{lots:#?}");
    let fund = lots.iter().find(|lot| lot["symbol"] == "SPAXX").unwrap();
    assert!(fund.to_string().contains("Deep Value") && fund.to_string().contains("core; held"), "{fund}");
    comes_back(&folder, "own", "2025-06-30", "another@localhost");
}

/// What the cash does not hold is not left out.
#[test]
fn an_expired_contract_without_a_settlement_is_written() {
    let folder = Folder::new();
    let text =
        "ticker,quantity,entry_price,entry_date\nSPY250620C00450000,1,5,2025-06-02\nSPY,1,500,2025-06-02\n";
    let file = folder.write("book.csv", text);
    assert_eq!(folder.import(&file, &["--as-of", "2025-06-02", "--cash", "10"]).code, 0);
    let export = |more: &str| {
        let outcome = folder.run(&["export", "--portfolio", "own", "--as-of", "2025-06-30"]);
        assert!(outcome.stderr.contains(more), "{}", outcome.stderr);
        outcome
    };
    let open = export("no close of its underlying settles it");
    assert_eq!((open.code, open.stdout.contains("SPY250620C00450000")), (3, true));
    comes_back(&folder, "own", "2025-06-30", "owner@localhost");
    folder.price("SPY", "2025-06-20", 600.0);
    let settled = export("its settlement is in the cash");
    assert_eq!((settled.code, settled.stdout.contains("SPY250620C00450000")), (0, false));
}
