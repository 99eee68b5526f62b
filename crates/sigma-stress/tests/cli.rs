//! The tool on a small book whose scenarios can be worked out by hand: 100 SPY and 200 units of a bond fund of known
//! duration, independent factors.

mod book;

use book::{Book, FIRST, LAST};
use serde_json::Value;

/// SPY closes at 600 and the fund at 50: a tenth of the market is 6 000, 1 % on yields exp(-0.06 + 0.00005) of 10 000.
const SPY_LOSS: f64 = -6_000.0;

fn rows(book: &Book, args: &[&str]) -> Vec<Value> {
    let output = book.tool(&[args, &["--format", "json"]].concat());
    assert_eq!(output.code, 0, "{}", output.stderr);
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    document["rows"].as_array().unwrap().clone()
}

fn row<'a>(rows: &'a [Value], scenario: &str) -> &'a Value {
    rows.iter().find(|row| row["scenario"] == scenario).unwrap()
}

fn close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() < 1e-6, "{value} instead of {expected}");
}

#[test]
fn a_run_stores_every_scenario_and_a_second_one_changes_nothing() {
    let book = Book::new();
    let first = book.tool(&["run", "--as-of", LAST]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let line = first.stderr.lines().last().unwrap();
    let told =
        "sigma-stress ok as_of=2025-06-30 portfolios=1 sessions=1 scenarios=2 stored=16 changed=16 skipped=0";
    assert!(line.starts_with(told), "{line}");
    let again = book.tool(&["run", "--as-of", LAST]);
    assert!(again.stderr.contains("stored=16 changed=0"), "{}", again.stderr);

    let shown = rows(&book, &["show"]);
    let market = row(&shown, "market_down_10");
    close(&market["direct_pnl_usd"], SPY_LOSS);
    close(&market["correlated_pnl_usd"], SPY_LOSS);
    close(&market["direct_fraction"], SPY_LOSS / 100_000.0);
    let rates = row(&shown, "rates_up_100bp");
    close(&rates["direct_pnl_usd"], 10_000.0 * (-0.06 + (37.0 - 36.0) * 0.0001 / 2.0f64).exp_m1());

    let moves = rows(&book, &["market-risk"]);
    assert_eq!(moves.len(), 14);
    close(&row(&moves, "market_up_20pct")["pnl_usd"], -2.0 * SPY_LOSS);
}

#[test]
fn parts_add_up_to_the_total() {
    let book = Book::new();
    assert_eq!(book.tool(&["run", "--as-of", LAST]).code, 0);
    let shown = rows(&book, &["show"]);
    for view in ["--factors", "--positions"] {
        let parts = rows(&book, &["show", view]);
        for total in &shown {
            let of_scenario = parts.iter().filter(|part| part["scenario"] == total["scenario"]);
            let sum: f64 = of_scenario.map(|part| part["correlated_pnl_usd"].as_f64().unwrap()).sum();
            close(&total["correlated_pnl_usd"], sum);
        }
    }
    let implied = rows(&book, &["show", "--implied-moves", "--scenario", "market_down_10"]);
    assert_eq!((implied.len(), &implied[0]["factor"]), (1, &Value::from("Rates")));
    let table = book.tool(&["show", "--positions", "--scenario", "market_down_10"]);
    assert!(table.stdout.contains("total"), "{}", table.stdout);
}

#[test]
fn missing_engines_are_named_and_their_rows_stored_with_the_reason() {
    let book = Book::new();
    let output = book.tool(&["run", "--as-of", FIRST]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    assert!(output.stderr.contains("run `sigma-factors run --as-of 2025-06-27`"), "{}", output.stderr);
    let shown = rows(&book, &["show"]);
    assert_eq!(shown.len(), 2);
    assert!(shown[0]["direct_pnl_usd"].is_null(), "{}", shown[0]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let book = Book::new();
    let output = book.tool(&["run", "--as-of", LAST, "--dry-run", "--format", "csv"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.stdout.lines().count(), 3);
    assert!(output.stderr.contains("would_store=16"), "{}", output.stderr);
    let show = book.tool(&["show"]);
    assert_eq!(show.code, 1);
    assert!(show.stderr.contains("hint: run `sigma-stress run`"), "{}", show.stderr);
}

#[test]
fn scenario_files_replace_the_stored_ones_or_are_refused_by_name() {
    let book = Book::new();
    let shock = |body: &str| format!("[[scenario]]\nid = \"mine\"\nshocks = [{body}]\n");
    let good = shock("{ kind = 'symbol', symbol = 'SPY', size = -0.5 }");
    let run = |text: &str| {
        let file = book.write("mine.toml", text);
        book.tool(&["run", "--as-of", LAST, "--scenarios", &file])
    };
    assert_eq!(run(&good).code, 0);
    let shown = rows(&book, &["show"]);
    assert_eq!(shown.len(), 1);
    close(&shown[0]["direct_pnl_usd"], -30_000.0);
    let stored = rows(&book, &["scenarios"]);
    assert_eq!(stored.len(), 3, "the stored catalogue is as it was");

    for (text, told) in [
        (shock("{ kind = 'factor', factor = 'Carry', size = -0.1, basis = 'spread' }"), "the factor Carry"),
        (
            shock("{ kind = 'factor', factor = 'Market', size = -1.0, basis = 'return' }"),
            "shock of -1 to Market",
        ),
        (shock("{ kind = 'rates_bp', bp = 1.0 }, { kind = 'rates_bp', bp = 2.0 }"), "shocks Rates twice"),
        (shock("{ kind = 'rates', bp = 1.0 }"), "unknown variant"),
    ] {
        let refused = run(&text);
        assert_eq!(refused.code, 2, "{text}");
        let line = refused.stderr.lines().next().unwrap();
        assert!(line.contains("mine.toml") && line.contains("`mine`") && line.contains(told), "{line}");
    }
}

#[test]
fn an_unknown_portfolio_is_a_usage_error_that_names_the_known_ones() {
    let book = Book::new();
    let output = book.tool(&["run", "--as-of", LAST, "--portfolio", "nobody"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("stored portfolios: two-funds"), "{}", output.stderr);
}

#[test]
fn a_choice_of_positions_adds_up_its_parts() {
    let book = Book::new();
    assert_eq!(book.tool(&["run", "--as-of", LAST]).code, 0);
    let rates = 10_000.0 * (-0.06 + (37.0 - 36.0) * 0.0001 / 2.0f64).exp_m1();
    let spy = rows(&book, &["show", "--underlying", "SPY"]);
    close(&row(&spy, "market_down_10")["direct_pnl_usd"], SPY_LOSS);
    close(&row(&spy, "rates_up_100bp")["direct_pnl_usd"], 0.0);
    let bonds = rows(&book, &["show", "--underlying", "bnd"]);
    close(&row(&bonds, "market_down_10")["direct_pnl_usd"], 0.0);
    close(&row(&bonds, "rates_up_100bp")["direct_pnl_usd"], rates);
    close(&row(&bonds, "rates_up_100bp")["direct_fraction"], rates / 100_000.0);
    let parts = rows(&book, &["show", "--underlying", "BND", "--positions"]);
    assert!(parts.iter().all(|part| part["symbol"] == "BND") && parts.len() == 2, "{parts:?}");
    let factors = rows(&book, &["show", "--underlying", "BND", "--factors", "--scenario", "rates_up_100bp"]);
    close(&factors.iter().find(|part| part["factor"] == "Rates").unwrap()["direct_pnl_usd"], rates);
    let moves = rows(&book, &["market-risk", "--type", "etf", "--underlying", "SPY"]);
    assert_eq!(moves.len(), 14);
    close(&row(&moves, "market_up_20pct")["pnl_usd"], -2.0 * SPY_LOSS);
    close(&row(&moves, "rates_up_100bp")["pnl_usd"], 0.0);
    let told = book.tool(&["market-risk", "--underlying", "SPY"]);
    assert!(told.stdout.contains("Of the positions that match: sums of their parts"), "{}", told.stdout);
    for wrong in [
        &["show", "--tag", "none"][..],
        &["market-risk", "--underlying", "QQQ"],
        &["show", "--implied-moves", "--type", "etf"],
    ] {
        assert_eq!(book.tool(wrong).code, 2, "{wrong:?}");
    }
}
