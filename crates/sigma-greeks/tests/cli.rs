//! `sigma-greeks` as a shell sees it: on the demo books, and as a filter on high-precision tables.

use std::collections::HashMap;
use std::process::Output;

use assert_cmd::Command;
use sigma_store::{Scope, Store};
use sigma_testkit::demo_store::DemoStore;

fn tool(url: &str, line: &str) -> Output {
    let mut command = Command::cargo_bin("sigma-greeks").unwrap();
    command.env_clear().args(["--database-url", url]).args(line.split_whitespace());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Standard output of a call that ends with the code.
fn answer(url: &str, line: &str, code: i32) -> (String, String) {
    let output = tool(url, line);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{line}: {stderr}");
    (stdout, stderr)
}

fn rows(csv: &str) -> Vec<HashMap<String, String>> {
    csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect()
}

async fn stored(store: &mut Store, date: &str) -> Vec<sigma_core::model::GreeksRow> {
    let date = date.parse().unwrap();
    store.greeks(&Scope::all(date, date)).await.unwrap()
}

#[tokio::test]
async fn the_demo_contracts_are_priced_once_and_stored_once() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let url = demo.url.clone();
    let (_, stderr) = answer(&url, "show", 1);
    assert!(stderr.contains("hint: run `sigma-greeks run`"), "{stderr}");

    let (stdout, _) = answer(&url, "run --as-of 2025-06-30 --dry-run --format csv", 0);
    assert_eq!(rows(&stdout).len(), 8);
    assert!(stored(&mut demo.store, "2025-06-30").await.is_empty());
    assert!(demo.store.runs(None, 10).await.unwrap().is_empty(), "a dry run leaves no trace");

    let (_, stderr) = answer(&url, "run --as-of 2025-06-30", 0);
    assert!(
        stderr.contains("sigma-greeks ok as_of=2025-06-30 options=8 stored=8 changed=8 skipped=0"),
        "{stderr}"
    );
    let (_, stderr) = answer(&url, "run --as-of 2025-06-30", 0);
    assert!(stderr.contains("stored=8 changed=0"), "{stderr}");

    let (stdout, _) = answer(&url, "show --format json --sort symbol", 0);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["as_of"], "2025-06-30");
    let contracts = json["rows"].as_array().unwrap();
    assert_eq!(contracts.len(), 8);
    let vix = contracts.iter().find(|row| row["underlying"] == "VIX").unwrap();
    assert_eq!(vix["method"], "black_76");
    assert!(vix["delta"].as_f64().is_some_and(|delta| 0.0 < delta && delta < 1.0));

    let (stdout, _) = answer(&url, "show --positions --format csv", 0);
    let positions = rows(&stdout);
    assert_eq!(positions.len(), 8);
    for position in &positions {
        let contract = contracts.iter().find(|row| row["symbol"] == position["symbol"].as_str()).unwrap();
        let number = |name: &str| position[name].parse::<f64>().unwrap();
        let units = number("quantity") * 100.0;
        let expected = units * contract["delta"].as_f64().unwrap() * contract["spot_usd"].as_f64().unwrap();
        assert!((number("delta_dollars") - expected).abs() < 1e-6, "{position:?}");
    }
    for (line, count) in [("--type SP", 3), ("--positions --type SP", 3), ("--positions --underlying VIX", 1)]
    {
        let (stdout, _) = answer(&url, &format!("show --format csv {line}"), 0);
        assert_eq!(rows(&stdout).len(), count, "{line}");
    }
    let (_, stderr) = answer(&url, "show --tag Cor", 2);
    assert!(stderr.contains("no position has the tag \"Cor\""), "{stderr}");
    let (_, stderr) = answer(&url, "run --portfolio nobody", 2);
    assert!(stderr.contains("demo-hnw"), "{stderr}");
}

#[tokio::test]
async fn a_replay_equals_single_days_and_spares_other_rows() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let url = demo.url.clone();
    let (_, stderr) = answer(&url, "run --from 2025-06-24 --to 2025-06-30", 0);
    assert!(stderr.contains("options=8 stored=40 changed=40"), "{stderr}");
    for line in
        ["run --as-of 2025-06-25", "run --portfolio demo-hedgefundstyle --from 2025-06-24 --to 2025-06-30"]
    {
        let (_, stderr) = answer(&url, line, 0);
        assert!(stderr.contains("changed=0"), "{line}: {stderr}");
    }
    let (_, stderr) = answer(&url, "run --portfolio demo-hnw --from 2025-06-24 --to 2025-06-30", 0);
    assert!(stderr.contains("options=0 stored=0 changed=0"), "{stderr}");
    assert_eq!(stored(&mut demo.store, "2025-06-25").await.len(), 8);
}

#[tokio::test]
async fn old_prices_are_flagged_then_refused_and_named() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let url = demo.url.clone();
    // The demo market ends on the 30th of June.
    let (_, stderr) = answer(&url, "run --as-of 2025-07-01", 0);
    assert!(stderr.contains("warning: stale_price"), "{stderr}");
    for row in stored(&mut demo.store, "2025-07-01").await {
        let flags = row.greeks.unwrap().flags;
        assert!(flags.contains(&"stale_quote".to_owned()), "{flags:?}");
    }
    let (_, stderr) = answer(&url, "run --as-of 2025-07-02", 3);
    assert!(stderr.contains("error: no_price") && stderr.contains("sigma-sync prices"), "{stderr}");
    assert!(stderr.contains("stored=8 changed=8 skipped=8"), "{stderr}");
    let books = demo.store.books(&["demo-hedgefundstyle".to_owned()]).await.unwrap();
    let date = "2025-07-02".parse().unwrap();
    let scope = Scope::day(date, &[books[0].portfolio.id]);
    let excluded = demo.store.exclusions(&scope, Some("greeks")).await.unwrap();
    assert_eq!(excluded.len(), 8);
}

fn price(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("sigma-greeks").unwrap();
    let output = command.env_clear().arg("price").args(arguments).write_stdin(input).output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn fixture(name: &str) -> Vec<HashMap<String, String>> {
    rows(&std::fs::read_to_string(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap())
}

fn number(row: &HashMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

#[test]
fn the_filter_prices_like_sixty_digit_arithmetic() {
    let truth = fixture("greeks_european_dev.csv");
    let mut input = "type,volatility,dividend_yield,rate,years,strike,spot\n".to_owned();
    for r in &truth {
        input += &[&r["type"], &r["sigma"], &r["q"], &r["r"], &r["t_years"], &r["k"], &r["s"]]
            .map(String::as_str)
            .join(",");
        input += "\n";
    }
    let (code, stdout, stderr) = price(&["-"], &input);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let priced = rows(&stdout);
    assert_eq!(priced.len(), truth.len());
    for (row, truth) in priced.iter().zip(&truth) {
        assert_eq!((&row["spot"], row["status"].as_str()), (&truth["s"], "ok"));
        let spot = number(truth, "s");
        for (found, expected, unit, scale) in [
            ("model_price", "price", 1.0, spot),
            ("delta", "delta", 1.0, 1.0),
            ("gamma", "gamma", 1.0, 1.0 / spot),
            ("theta_per_day", "theta_per_year", 1.0 / 365.0, spot),
            ("vega_per_point", "vega_per_1.0", 0.01, spot),
            ("rho_per_point", "rho_per_1.0", 0.01, spot),
        ] {
            let (found, expected) = (number(row, found), unit * number(truth, expected));
            assert!((found - expected).abs() <= 1e-11 * scale, "{found} instead of {expected}: {truth:?}");
        }
    }
}

#[test]
fn the_filter_implies_volatilities_or_says_why_not() {
    let truth = fixture("implied_vol_dev.csv");
    let mut input = "price,spot,strike,years,rate,dividend_yield,type\n".to_owned();
    for r in &truth {
        input += &[&r["price"], &r["s"], &r["k"], &r["t_years"], &r["r"], &r["q"], &r["type"]]
            .map(String::as_str)
            .join(",");
        input += "\n";
    }
    let (code, stdout, _) = price(&[], &input);
    assert_eq!(code, Some(0));
    for (row, truth) in rows(&stdout).iter().zip(&truth) {
        let status = row["status"].as_str();
        match truth["status"].as_str() {
            "ok" => {
                let (found, sigma) = (number(row, "implied_volatility"), number(truth, "sigma"));
                let ulp = number(truth, "s").next_up() - number(truth, "s");
                let per_ulp = 20.0 * ulp / number(truth, "vega_per_1.0_at_sigma");
                let slack = 20.0 * number(truth, "sigma_err_per_price_ulp") + per_ulp;
                assert!((found - sigma).abs() <= slack.max(1e-12 * sigma), "{found}: {truth:?}");
            }
            "at_or_above_upper_bound" => assert_eq!(status, "above_bound", "{truth:?}"),
            "below_intrinsic" => assert_eq!(status, "below_intrinsic", "{truth:?}"),
            "at_intrinsic" => assert_eq!(status, "at_intrinsic", "{truth:?}"),
            _ => assert_ne!(status, "invalid_input", "{truth:?}"),
        }
    }
}

#[test]
fn rows_that_make_no_sense_get_a_status_and_the_others_stand() {
    let input = "id,spot,strike,years,rate,dividend_yield,volatility,price,type,style,status\n\
                 a,100,100,1,0.05,0,0.2,,c,american,old\n\
                 b,abc,100,1,0.05,0,0.2,,c,,\n\
                 c,100,100,1,0.05,0,0.2,,straddle,,\n\
                 d,100,100,1\n\
                 e,100,100,-1,0.05,0,0.2,,p,european,\n\
                 f,100,100,1,0.05,0,,,p,,\n\
                 \"g, h\",100,100,1,0.05,0,0.2,,PUT,,\n";
    let (code, stdout, stderr) = price(&[], input);
    assert_eq!(code, Some(0));
    assert!(
        stdout
            .starts_with("id,spot,strike,years,rate,dividend_yield,volatility,price,type,style,model_price,")
    );
    let found: Vec<(String, String)> = rows(&stdout)
        .into_iter()
        .map(|mut row| (row.remove("id").unwrap(), row.remove("status").unwrap()))
        .collect();
    let expected = [
        ("a", "ok"),
        ("b", "invalid_input"),
        ("c", "invalid_input"),
        ("d", "invalid_input"),
        ("e", "expired"),
        ("f", "invalid_input"),
        ("g, h", "ok"),
    ];
    assert_eq!(found, expected.map(|(id, status)| (id.to_owned(), status.to_owned())));
    assert_eq!(stderr.matches("priced as European").count(), 1, "{stderr}");
}

#[test]
fn a_missing_column_is_named() {
    for (header, name) in [
        ("spot,strike,rate,dividend_yield,volatility,type", "years"),
        ("spot,strike,years,rate,dividend_yield,type", "volatility"),
        ("spot,spot,strike,years,rate,dividend_yield,volatility,type", "spot"),
    ] {
        let (code, stdout, stderr) = price(&[], &format!("{header}\n"));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{header}");
        assert!(stderr.contains(&format!("the column {name}")), "{stderr}");
    }
}

#[test]
fn repeated_text_that_a_spreadsheet_would_run_stays_text() {
    let input = "id,note,spot,strike,years,rate,dividend_yield,volatility,type\n\
                 =1+1,-0.5,100,100,1,-0.01,0,0.2,c\n@x,+y,100,100,1,0.05,0,0.2,c\n";
    let (_, stdout, _) = price(&[], input);
    let found = rows(&stdout);
    assert_eq!((found[0]["id"].as_str(), found[0]["note"].as_str()), ("'=1+1", "-0.5"));
    assert_eq!((found[0]["rate"].as_str(), found[0]["status"].as_str()), ("-0.01", "ok"));
    assert_eq!((found[1]["id"].as_str(), found[1]["note"].as_str()), ("'@x", "'+y"));
}

#[tokio::test]
async fn a_what_if_shows_contracts_that_are_not_held_yet() {
    let demo = DemoStore::with_market().await.unwrap();
    answer(&demo.url, "run --as-of 2025-06-30", 0);
    let file = demo.dir.path().join("trades.csv");
    std::fs::write(&file, "symbol,action,quantity\nSPY250919C00460000,BUY,2\nAAPL,SELL,1\n").unwrap();
    let line = format!("show --portfolio demo-hnw --format csv --what-if {}", file.display());
    let (stdout, _) = answer(&demo.url, &line, 0);
    let contract = rows(&stdout).remove(0);
    assert_eq!(contract["symbol"], "SPY250919C00460000");
    let (stdout, _) = answer(&demo.url, &format!("{line} --positions"), 0);
    let positions = rows(&stdout);
    assert_eq!(positions.len(), 1, "the book holds no other option");
    let expected = 200.0 * number(&contract, "delta") * number(&contract, "spot_usd");
    assert!((number(&positions[0], "delta_dollars") - expected).abs() < 1e-6);
    let (stdout, _) = answer(&demo.url, "show --portfolio demo-hnw --positions --format csv", 0);
    assert_eq!(rows(&stdout).len(), 0, "nothing was stored");
}
