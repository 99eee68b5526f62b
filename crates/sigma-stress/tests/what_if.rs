//! Portfolios before and after trades: a book that can be worked out by hand, and the demo books.

mod book;
mod demo;

use book::{Book, LAST};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{value} instead of {expected}"));
    assert!((value - expected).abs() < 1e-6 * expected.abs().max(1.0), "{value} instead of {expected}");
}

/// A row of a section by its subject and measure.
fn measure<'a>(document: &'a Value, section: &str, subject: &str, key: &str) -> &'a Value {
    let rows = document["tables"][section].as_array().unwrap_or_else(|| panic!("no section {section}"));
    let found = rows.iter().find(|row| row["subject"] == subject && row["measure"] == key);
    found.unwrap_or_else(|| panic!("no {key} of {subject} in {section}"))
}

/// The answer of a what-if on the hand-made book: 100 SPY at 600, 200 BND at 50, 30,000 in cash.
fn what_if(book: &Book, trades: &str, more: &[&str]) -> Value {
    let file = book.write("trades.csv", trades);
    let output = book.tool(&[&["what-if", &file, "--format", "json"], more].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
    json(&output.stdout)
}

const TRADES: &str =
    "symbol,action,quantity,dollars,price,tag\nSPY,SELL,40,,,\nBND,BUY,,5025,,bonds\nSPY,SELL,10,,598,\n";

#[test]
fn before_and_after_stand_side_by_side_and_nothing_is_written() {
    let book = Book::new();
    let stored = || std::fs::read(book.folder.path().join("sigma.db")).unwrap();
    let before = stored();
    let document = what_if(&book, TRADES, &[]);
    assert_eq!(before, stored(), "the database is as it was");

    let names: Vec<&str> = document["tables"].as_object().unwrap().keys().map(String::as_str).collect();
    let sections = ["value", "exposures", "concentration", "greeks", "factors", "stress", "market_risk"];
    assert_eq!(names[..2], ["trades", "cost"]);
    assert_eq!(names[2..], sections);
    assert_eq!(document["as_of"], LAST);

    // 10 SPY are sold two dollars below the close.
    let nav = measure(&document, "value", "", "nav_usd");
    close(&nav["before"], 100_000.0);
    close(&nav["after"], 99_980.0);
    close(&document["tables"]["cost"][0]["cost_usd"], 20.0);
    close(&document["tables"]["trades"][1]["left_over_usd"], 25.0);
    close(&measure(&document, "value", "", "cash_usd")["change"], 24_000.0 - 5_000.0 + 5_980.0);
    close(&measure(&document, "exposures", "", "gross_usd")["after"], 50.0 * 600.0 + 300.0 * 50.0);
    close(&measure(&document, "exposures", "", "delta_adjusted_usd")["change"], -25_000.0);
    close(&measure(&document, "factors", "Market", "dollar_exposure_usd")["change"], -30_000.0);
    close(&measure(&document, "factors", "Rates", "dollar_exposure_usd")["after"], -6.0 * 15_000.0);
    let crash = measure(&document, "stress", "market_down_10", "direct_pnl_usd");
    close(&crash["before"], -6_000.0);
    close(&crash["after"], -3_000.0);
    let rates = measure(&document, "market_risk", "rates_up_100bp", "pnl_usd");
    close(&rates["after"], 15_000.0 * (-0.06 + (37.0 - 36.0) * 0.0001 / 2.0f64).exp_m1());
}

#[test]
fn before_is_what_the_run_stores() {
    let book = Book::new();
    assert_eq!(book.tool(&["run", "--as-of", LAST]).code, 0);
    let document = what_if(&book, "symbol,action,quantity\nSPY,BUY,1\n", &[]);
    for (verb, section, key) in
        [("show", "stress", "direct_pnl_usd"), ("market-risk", "market_risk", "pnl_usd")]
    {
        let shown = json(&book.tool(&[verb, "--format", "json"]).stdout);
        for row in shown["rows"].as_array().unwrap() {
            let found = measure(&document, section, row["scenario"].as_str().unwrap(), key);
            close(&found["before"], row[key].as_f64().unwrap());
        }
    }
}

#[test]
fn every_problem_is_told_in_one_go() {
    let book = Book::new();
    let file = book.write(
        "bad.csv",
        "symbol,action,quantity,dollars,price\nXYZ,BUY,1,,\nSPY,SELL,101,,\nSPY,HOLD,1,,\nBND,BUY,1,5,\nBND,BUY,0,,\nBND,BUY,1.5,,\nBND,BUY,many,,\n",
    );
    let output = book.tool(&["what-if", &file, "--format", "json"]);
    assert_eq!(output.code, 2);
    let document = json(&output.stdout);
    let told: Vec<(u64, &str)> = document["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["row"].as_u64().unwrap(), row["column"].as_str().unwrap()))
        .collect();
    let expected = [
        (2, "symbol"),
        (3, "quantity"),
        (4, "action"),
        (5, "dollars"),
        (6, "quantity"),
        (7, "quantity"),
        (8, "quantity"),
    ];
    assert_eq!(told, expected);
    assert!(output.stderr.contains("7 problems in the trades of"), "{}", output.stderr);
    let empty = book.write("empty.csv", "symbol,action,quantity\n");
    assert_eq!(book.tool(&["what-if", &empty]).code, 2);
    assert_eq!(book.tool(&["what-if", "no-such.csv"]).code, 2);
    let parts = book.write("parts.csv", "symbol,action,quantity\nBND,BUY,1.5\n");
    assert_eq!(book.tool(&["what-if", &parts, "--fractional"]).code, 0);
}

#[test]
fn tags_obey_the_rules_of_tags() {
    let book = Book::new();
    let long = "x".repeat(80);
    let file = book.write(
        "tags.csv",
        &format!("symbol,action,quantity,tag\nSPY,BUY,1,\"=HYPERLINK(\"\"x\"\")\"\nSPY,BUY,1,{long}\nBND,BUY,1,bonds\nBND,BUY,1,Core Book\n"),
    );
    for keep in [&["--to-portfolio", "other"][..], &["--save", "s"], &[]] {
        let output = book.tool(&[&["what-if", &file, "--format", "json"], keep].concat());
        assert_eq!(output.code, 2, "{}", output.stderr);
        let rows = json(&output.stdout)["rows"].as_array().unwrap().clone();
        let told: Vec<(u64, &str)> =
            rows.iter().map(|row| (row["row"].as_u64().unwrap(), row["column"].as_str().unwrap())).collect();
        assert_eq!(told, [(2, "tag"), (3, "tag"), (5, "tag")]);
    }
    // Names that differ in capitals only are one.
    let named = "symbol,action,quantity,tag\nSPY,BUY,1,Hedges\nBND,BUY,1,hedges\nBND,BUY,1,#STRATEGY:Carry\n";
    let document = what_if(&book, named, &["--save", "named"]);
    let tags: Vec<&str> = document["tables"]["trades"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["tag"].as_str().unwrap())
        .collect();
    assert_eq!(tags, ["Hedges", "Hedges", "strategy:Carry"]);
    let many: String = (0..101).map(|i| format!("SPY,BUY,1,t{i}\n")).collect();
    let many = book.write("many.csv", &format!("symbol,action,quantity,tag\n{many}"));
    let refused = book.tool(&["what-if", &many, "--format", "json"]);
    assert_eq!((refused.code, json(&refused.stdout)["rows"][0]["row"].as_u64()), (2, Some(102)));
}

#[test]
fn a_run_that_fails_leaves_the_file_of_the_last_answer() {
    let book = Book::new();
    let answer = book.write("answer.json", "the last answer");
    let bad = book.write("bad.csv", "symbol,action,quantity\nXYZ,BUY,1\n");
    let output = book.tool(&["what-if", &bad, "--format", "json", "-o", &answer]);
    assert_eq!((output.code, output.stdout.as_str()), (2, ""));
    assert!(output.stderr.contains("XYZ") && output.stderr.contains("state a price"), "{}", output.stderr);
    assert_eq!(std::fs::read_to_string(answer).unwrap(), "the last answer");
}

#[test]
fn an_unknown_share_counts_at_its_stated_price_and_is_named() {
    let book = Book::new();
    let trades = "symbol,action,quantity,price\nZZZZ,BUY,100,25\nSPY,BUY,1,\n";
    let file = book.write("trades.csv", trades);
    let output = book.tool(&["what-if", &file, "--format", "json", "--to-portfolio", "with-z"]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    assert!(output.stderr.contains("insufficient_history: ZZZZ: no loadings"), "{}", output.stderr);
    let document = json(&output.stdout);
    let trade = &document["tables"]["trades"][0];
    assert_eq!((trade["price_from"].as_str(), trade["cost_usd"].as_f64()), (Some("stated"), Some(0.0)));
    close(&measure(&document, "value", "", "nav_usd")["change"], 0.0);
    close(&measure(&document, "exposures", "", "gross_usd")["change"], 2_500.0 + 600.0);
    close(&measure(&document, "factors", "Market", "dollar_exposure_usd")["change"], 600.0);
    let told = "no_price: ZZZZ: no stored price: left out of with-z until synced";
    assert!(output.stderr.contains(told), "{}", output.stderr);
    // What was made is stored with the portfolio that holds it.
    let next = book.write("next.csv", "symbol,action,quantity,price\nZZZZ,SELL,100,25\n");
    let sold = book.tool(&["what-if", &next, "--portfolio", "with-z", "--format", "json"]);
    close(&measure(&json(&sold.stdout), "exposures", "", "gross_usd")["change"], -2_500.0);
}

/// The compact notation of a broker names a contract of a hundred shares, not a share.
#[test]
fn options_in_notations_of_brokers_are_options() {
    let book = Book::new();
    for symbol in ["SPY250815P570", "-SPY250815P570", "SPY 15AUG25 570 P", "SPY 08/15/2025 570.00 P"] {
        let file = book.write("notation.csv", &format!("symbol,action,quantity,price\n{symbol},BUY,2,3.5\n"));
        let output = book.tool(&["what-if", &file, "--format", "json"]);
        let document = json(&output.stdout);
        let trade = &document["tables"]["trades"][0];
        assert_eq!(trade["symbol"], "SPY250815P00570000", "{symbol}: {}", output.stdout);
        close(&trade["amount_usd"], 700.0);
    }
    let refused = book.tool(&["hedge", "--with", "SPY250815", "--target", "beta=0"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("\"SPY250815\" looks like an option"), "{}", refused.stderr);
}

#[test]
fn what_is_no_symbol_is_refused_at_any_price() {
    let book = Book::new();
    let file = book.write(
        "bad.csv",
        "symbol,action,quantity,price\nAAPL250631C00500000,BUY,1,5\n=cmd,BUY,1,5\nVFIAX,SHORT,1,500\nVFIAX,BUY,1.5,500\n",
    );
    let output = book.tool(&["what-if", &file, "--format", "csv"]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    let told = [
        "2,symbol,AAPL250631C00500000,looks like an option symbol and is none,",
        "3,symbol,'=CMD,not a symbol,",
        "4,action,SHORT,a mutual fund cannot be sold short,",
    ];
    for line in told {
        assert!(output.stdout.contains(line), "{line}: {}", output.stdout);
    }
    assert!(output.stderr.contains("3 problems in"), "{}", output.stderr);
    // Spellings of brokers and providers are the symbol that they mean.
    let spelled = "symbol,action,quantity,price\nBRK-B,BUY,1,500\nbrk/b,BUY,1,500\n^spx,BUY,1,5\n";
    let refused = book.tool(&["what-if", &book.write("spelled.csv", spelled), "--format", "csv"]);
    assert!(refused.stdout.contains("4,symbol,SPX,an index cannot be traded"), "{}", refused.stdout);
    assert!(refused.stderr.contains("1 problem in"), "{}", refused.stderr);
    let file = book.write("spelled.csv", &spelled.replace("^spx,BUY,1,5\n", ""));
    let output = book.tool(&["what-if", &file, "--format", "json"]);
    let document = json(&output.stdout);
    let symbols: Vec<&str> = document["tables"]["trades"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["symbol"].as_str().unwrap())
        .collect();
    assert_eq!(symbols, ["BRK.B", "BRK.B"]);
}

#[test]
fn what_nobody_trades_is_refused() {
    let book = Book::new();
    let file = book.write(
        "zero.csv",
        "symbol,action,quantity,price\nSPY,BUY,1,0\nBND,BUY,1e16,\nBND,BUY,1,-0\nSPX,BUY,1,6000\n",
    );
    let output = book.tool(&["what-if", &file, "--format", "csv"]);
    assert_eq!(output.code, 2);
    let told = [
        "2,price,0,not a price,",
        "3,quantity,10000000000000000,too large for a trade,",
        "4,price,0,not a price,",
        "5,symbol,SPX,an index cannot be traded,",
    ];
    for line in told {
        assert!(output.stdout.contains(line), "{line}: {}", output.stdout);
    }
}

#[test]
fn borrowed_cash_is_remarked_on() {
    let book = Book::new();
    let document = what_if(&book, "symbol,action,quantity\nSPY,BUY,100\n", &[]);
    let notes = document["notes"].to_string();
    assert!(notes.contains("Cash after the trades is -30000.00"), "{notes}");
}

#[test]
fn sessions_are_kept_and_become_portfolios() {
    let book = Book::new();
    let tried = what_if(&book, TRADES, &["--save", "less-spy", "--to-portfolio", "other", "--dry-run"]);
    let dry = book.tool(&[
        "what-if",
        &book.write("trades.csv", TRADES),
        "--save",
        "less-spy",
        "--to-portfolio",
        "other",
        "--dry-run",
    ]);
    for told in [
        "would keep 3 trades as session less-spy",
        "would store portfolio other with 3 positions and 54980.00 in cash",
    ] {
        assert!(dry.stderr.contains(told), "{}", dry.stderr);
    }
    let first = what_if(&book, TRADES, &["--save", "less-spy"]);
    assert_eq!(tried, first, "a dry run answers the same and keeps nothing");
    let again = book.tool(&["what-if", &book.write("trades.csv", TRADES), "--save", "less-spy"]);
    assert_eq!((again.code, again.stderr.contains("sessions rm less-spy")), (2, true), "{}", again.stderr);
    let kept = book.tool(&["what-if", "--session", "less-spy", "--format", "json"]);
    assert_eq!(json(&kept.stdout)["tables"], first["tables"]);
    let list = json(&book.tool(&["sessions", "list", "--format", "json"]).stdout);
    assert_eq!(
        (list["rows"][0]["session"].as_str(), list["rows"][0]["trades"].as_u64()),
        (Some("less-spy"), Some(3))
    );
    let shown = json(&book.tool(&["sessions", "show", "less-spy", "--format", "json"]).stdout);
    close(&shown["rows"][1]["filled_quantity"], 100.0);

    let stored = book.tool(&["what-if", "--session", "less-spy", "--to-portfolio", "two-funds-lighter"]);
    assert_eq!(stored.code, 0, "{}", stored.stderr);
    let taken = book.tool(&["what-if", "--session", "less-spy", "--to-portfolio", "two-funds"]);
    assert_eq!((taken.code, taken.stderr.contains("stored already")), (2, true), "{}", taken.stderr);
    assert_eq!(book.tool(&["what-if", "--session", "less-spy", "--to-portfolio", "No Slug"]).code, 2);
    // The stored portfolio is what the session showed.
    let next = book.write("next.csv", "symbol,action,quantity\nSPY,BUY,1\n");
    let new = book.tool(&["what-if", &next, "--portfolio", "two-funds-lighter", "--format", "json"]);
    assert_eq!(new.code, 0, "{}", new.stderr);
    for (section, subject, key) in [
        ("value", "", "nav_usd"),
        ("value", "", "cash_usd"),
        ("exposures", "", "gross_usd"),
        ("stress", "rates_up_100bp", "direct_pnl_usd"),
    ] {
        let expected = measure(&first, section, subject, key)["after"].as_f64().unwrap();
        close(&measure(&json(&new.stdout), section, subject, key)["before"], expected);
    }
    let two = book.tool(&["what-if", &next]);
    assert_eq!((two.code, two.stderr.contains("two-funds, two-funds-lighter")), (2, true), "{}", two.stderr);

    assert_eq!(book.tool(&["sessions", "rm", "less-spy", "--dry-run"]).code, 0);
    assert_eq!(book.tool(&["sessions", "rm", "less-spy"]).code, 0);
    let gone = book.tool(&["what-if", "--session", "less-spy"]);
    assert_eq!((gone.code, gone.stderr.contains("kept sessions: none")), (2, true), "{}", gone.stderr);
}

#[test]
fn show_answers_for_the_book_after_trades() {
    let book = Book::new();
    let file = book.write("trades.csv", "symbol,action,quantity\nSPY,SHORT,150\n");
    let shown = book.tool(&["show", "--what-if", &file, "--format", "json"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let document = json(&shown.stdout);
    assert_eq!(document["title"], "Stress scenarios, pro forma after trades.csv");
    let rows = document["rows"].as_array().unwrap();
    let crash = rows.iter().find(|row| row["scenario"] == "market_down_10").unwrap();
    close(&crash["direct_pnl_usd"], 3_000.0);
    let parts = book.tool(&[
        "show",
        "--what-if",
        &file,
        "--positions",
        "--scenario",
        "market_down_10",
        "--format",
        "json",
    ]);
    let spy = json(&parts.stdout)["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["symbol"] == "SPY")
        .cloned()
        .unwrap();
    close(&spy["market_value_usd"], -30_000.0);
    assert!(spy["position_id"].is_null(), "a lot that is not stored has no id");
    let moves = book.tool(&["market-risk", "--what-if", &file, "--format", "json"]);
    assert_eq!(moves.code, 0, "{}", moves.stderr);
    let moves = json(&moves.stdout);
    assert_eq!(moves["title"], "Market-risk moves, pro forma after trades.csv");
    let up =
        moves["rows"].as_array().unwrap().iter().find(|row| row["scenario"] == "market_up_10pct").cloned();
    close(&up.unwrap()["pnl_usd"], -3_000.0);
    assert_eq!(book.tool(&["show"]).code, 1, "nothing was stored");

    // A kept session says the same.
    assert_eq!(book.tool(&["what-if", &file, "--save", "short"]).code, 0);
    let kept = json(&book.tool(&["show", "--session", "short", "--format", "json"]).stdout);
    assert_eq!(kept["title"], "Stress scenarios, pro forma after session short");
    assert_eq!(kept["rows"], document["rows"]);
    let kept = json(&book.tool(&["market-risk", "--session", "short", "--format", "json"]).stdout);
    assert_eq!(kept["rows"], moves["rows"]);
    for wrong in [
        &["show", "--session", "long"][..],
        &["show", "--session", "short", "--what-if", &file],
        &["show", "--what-if", &file, "--type", "etf"],
        &["market-risk", "--session", "short", "--underlying", "SPY"],
    ] {
        assert_eq!(book.tool(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn a_suggested_hedge_reaches_its_target() {
    let book = Book::new();
    let hedge = |more: &[&str]| book.tool(&[&["hedge", "--portfolio", "two-funds"], more].concat());
    // 0.6 of market beta falls to 0.25 by selling 35,000 of SPY: 58.33 units, so 58 whole ones.
    let targets = ["--with", "SPY,BND", "--target", "market_beta=0.25", "--target", "factor:Rates=-30000"];
    let output = hedge(&[&targets[..], &["--format", "csv"]].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.stdout, "symbol,action,quantity\nSPY,SELL,58\nBND,SELL,100\n");
    assert!(output.stderr.contains("Arithmetic, not advice"), "{}", output.stderr);
    let after = what_if(&book, &output.stdout, &[]);
    close(&measure(&after, "factors", "Market", "beta")["after"], 0.6 - 58.0 * 600.0 / 100_000.0);
    close(&measure(&after, "factors", "Rates", "dollar_exposure_usd")["after"], -30_000.0);

    let parts = hedge(&[&targets[..], &["--fractional", "--format", "csv"]].concat());
    let exact = what_if(&book, &parts.stdout, &["--fractional"]);
    close(&measure(&exact, "factors", "Market", "beta")["after"], 0.25);

    let through = hedge(&["--with", "SPY", "--target", "delta_dollars=0", "--format", "csv"]);
    assert_eq!(through.stdout, "symbol,action,quantity\nSPY,SELL,100\nSPY,SHORT,17\n");
}

#[test]
fn a_hedge_tells_what_its_trades_are_worth_and_what_to_doubt() {
    let book = Book::new();
    let ask = ["hedge", "--with", "SPY", "--target", "beta=-3.5", "--format", "json"];
    let output = book.tool(&ask);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let document = json(&output.stdout);
    let [sell, short] = [0, 1].map(|at| document["tables"]["trades"][at].clone());
    assert_eq!((sell["action"].as_str(), short["action"].as_str()), (Some("SELL"), Some("SHORT")));
    for (order, quantity, dollars) in [(&sell, 100.0, -60_000.0), (&short, 583.0, -349_800.0)] {
        close(&order["quantity"], quantity);
        close(&order["price_usd"], 600.0);
        close(&order["dollars_usd"], dollars);
        close(&order["nav_fraction"], dollars / 100_000.0);
    }
    let notes = document["notes"].to_string();
    assert!(notes.contains("SPY: the trade is 5.9 times the gross exposure"), "{notes}");
    // Names of limits and those of before are the same.
    let old = json(
        &book.tool(&["hedge", "--with", "SPY", "--target", "market_beta=-3.5", "--format", "json"]).stdout,
    );
    assert_eq!(old["tables"]["trades"], document["tables"]["trades"]);
    assert!(book.tool(&["hedge", "--help"]).stdout.contains("beta_adjusted_usd"));
}

#[test]
fn a_hedge_names_what_it_cannot_see() {
    let book = Book::new();
    let with = book.write("with.csv", "symbol,action,quantity,price\nZZZZ,BUY,100,25\n");
    assert_eq!(book.tool(&["what-if", &with, "--to-portfolio", "with-z"]).code, 3);
    let ask = ["hedge", "--with", "SPY", "--target", "beta=0", "--portfolio", "with-z", "--format", "csv"];
    let output = book.tool(&ask);
    assert_eq!(output.code, 3, "{}", output.stderr);
    assert_eq!(output.stdout, "symbol,action,quantity\nSPY,SELL,100\n");
    assert!(
        output
            .stderr
            .contains("no_price: ZZZZ: ZZZZ is not in beta and not hedged (3.45 % of gross at its cost)"),
        "{}",
        output.stderr
    );
    let twice = [&ask[..], &["--target", "factor:Market=5"]].concat();
    let refused = book.tool(&twice);
    assert_eq!((refused.code, refused.stderr.contains("one exposure")), (2, true), "{}", refused.stderr);
    let unknown = book.tool(&["hedge", "--with", "FOO", "--target", "beta=0", "--format", "csv"]);
    assert_eq!((unknown.code, unknown.stdout.contains("state a price")), (2, false), "{}", unknown.stdout);
}

#[test]
fn targets_out_of_reach_say_how_near_they_come() {
    let book = Book::new();
    let output = book.tool(&["hedge", "--with", "SPY", "--target", "factor:Rates=0", "--format", "json"]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    let document = json(&output.stdout);
    assert_eq!(document["tables"]["trades"], Value::Array(Vec::new()));
    assert_eq!(document["tables"]["targets"][0]["reached"], false);
    close(&document["tables"]["targets"][0]["exact"], -60_000.0);
    for (args, told) in [
        (["hedge", "--with", "SPY", "--target", "carry=0"], "vega_per_point"),
        (["hedge", "--with", "SPY", "--target", "factor:Carry=0"], "defined: Market, Rates"),
        (["hedge", "--with", "XYZ", "--target", "net=0"], "1 problem"),
    ] {
        let refused = book.tool(&args);
        assert_eq!((refused.code, refused.stderr.contains(told)), (2, true), "{}", refused.stderr);
    }
}
