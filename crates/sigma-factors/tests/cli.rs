//! `sigma-factors run`, `show`, `correlations` and `risk` on the demo books, as a shell sees them.

use std::collections::HashMap;
use std::process::Output;

use assert_cmd::Command;
use chrono::NaiveDate;
use sigma_core::model::{
    GreeksMethod, GreeksRow, Instrument, InstrumentKind, OptionGreeks, VolatilitySource,
};
use sigma_store::{NewRun, Scope, Store};
use sigma_testkit::demo_store::DemoStore;

fn tool(url: &str, line: &str) -> Output {
    let mut command = Command::cargo_bin("sigma-factors").unwrap();
    command.env_clear().args(["--database-url", url]).args(line.split_whitespace());
    command.output().unwrap()
}

fn answer(url: &str, line: &str, code: i32) -> (String, String) {
    let output = tool(url, line);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

fn rows(csv: &str) -> Vec<HashMap<String, String>> {
    csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Greeks of delta one half at a spot of a hundred for every contract, as `sigma-greeks` would have stored them.
async fn store_greeks(store: &mut Store, dates: &[&str]) {
    let run = NewRun {
        tool: "test".into(),
        verb: "run".into(),
        as_of: None,
        from: None,
        parameters: serde_json::Value::Null,
        version: "0".into(),
        username: "test".into(),
        started_at: "2025-06-30T21:00:00Z".into(),
    };
    let run = store.begin_run(run).await.unwrap();
    let instruments = store.instruments().await.unwrap();
    let options: Vec<&Instrument> = instruments.iter().filter(|i| i.is_option()).collect();
    for text in dates {
        let as_of = date(text);
        let row = |option: &&Instrument| GreeksRow {
            instrument_id: option.id,
            as_of,
            method: GreeksMethod::EuropeanApproximation,
            greeks: Ok(OptionGreeks {
                spot: 100.0,
                market_price: None,
                volatility: 0.2,
                volatility_source: VolatilitySource::Quoted,
                rate: 0.04,
                dividend_yield: 0.0,
                years: 0.2,
                model_price: 5.0,
                delta: 0.5,
                gamma: 0.01,
                theta_per_day: -0.01,
                vega_per_point: 0.1,
                rho_per_point: 0.1,
                flags: vec![],
            }),
        };
        let rows = options.iter().map(row).collect();
        store.save_greeks(run, &Scope::all(as_of, as_of), rows).await.unwrap();
    }
}

#[tokio::test]
async fn without_greeks_options_are_excluded_and_the_remedy_is_named() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let url = demo.url.clone();
    for line in ["show", "show --positions", "correlations", "correlations --factors", "risk"] {
        let (_, stderr) = answer(&url, line, 1);
        assert!(stderr.contains("hint: run `sigma-factors run`"), "{line}: {stderr}");
    }
    let (_, stderr) = answer(&url, "run --as-of 2025-06-30", 3);
    assert!(stderr.contains("error: not_computed") && stderr.contains("run `sigma-greeks run"), "{stderr}");
    // A Sunday stands for the Friday before it, of which nothing is stored.
    let (_, stderr) = answer(&url, "show --as-of 2025-06-29", 1);
    assert!(stderr.contains("2025-06-29 is not a session; 2025-06-27 stands for it"), "{stderr}");
    let hint = "run `sigma-factors run --as-of 2025-06-27`; the latest stored date is 2025-06-30";
    assert!(stderr.contains(hint), "{stderr}");
    let as_of = date("2025-06-30");
    let excluded = demo.store.exclusions(&Scope::all(as_of, as_of), Some("factors")).await.unwrap();
    assert_eq!(excluded.len(), 8, "{excluded:?}");
    assert!(excluded.iter().all(|(_, _, _, exclusion)| exclusion.weight_fraction.is_some()));
}

#[tokio::test]
async fn the_demo_books_have_loadings_exposures_correlations_and_risk() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let url = demo.url.clone();
    store_greeks(&mut demo.store, &["2025-06-30"]).await;
    let (stdout, _) = answer(&url, "run --as-of 2025-06-30 --dry-run --format csv", 0);
    assert_eq!(rows(&stdout).len(), 24);
    assert_eq!(demo.store.runs(None, 10).await.unwrap().len(), 1, "a dry run leaves no trace");

    let (_, stderr) = answer(&url, "run --as-of 2025-06-30", 0);
    assert!(
        stderr.contains("sigma-factors ok as_of=2025-06-30 instruments=42 portfolios=3 stored="),
        "{stderr}"
    );
    let (_, stderr) = answer(&url, "run --as-of 2025-06-30", 0);
    assert!(stderr.contains(" changed=0 "), "{stderr}");

    let (stdout, _) = answer(&url, "show --instruments --format csv", 0);
    let loadings = rows(&stdout);
    let instruments = demo.store.instruments().await.unwrap();
    let wanted = |i: &&Instrument| !i.is_option() && i.kind != InstrumentKind::Private;
    for instrument in instruments.iter().filter(wanted) {
        let of = loadings.iter().filter(|row| row["symbol"] == instrument.symbol);
        assert_eq!(of.count(), 8, "{}", instrument.symbol);
    }
    let bond = loadings.iter().find(|row| row["symbol"] == "BND" && row["factor"] == "Rates").unwrap();
    assert!(bond["flags"].contains("duration_from_security_master"), "{bond:?}");

    let (stdout, _) = answer(&url, "show --format json --portfolio demo-hnw", 0);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let market = &json["rows"][0];
    assert_eq!(
        (market["factor"].as_str(), market["coverage_fraction"].as_f64()),
        (Some("Market"), Some(1.0))
    );

    let (stdout, _) = answer(&url, "show --positions --format csv --underlying AAPL --underlying MSFT", 0);
    assert_eq!(rows(&stdout).len(), 16);
    // Exposures of choices that share no position and leave none out add up to those of all.
    let of = |more: &str| {
        let line = format!("show --portfolio demo-hnw --format csv {more}");
        let found = rows(&answer(&url, &line, 0).0);
        let sum = |factor: &str| -> f64 {
            let rows = found.iter().filter(|row| row["factor"] == factor);
            rows.map(|row| row["dollar_exposure_usd"].parse::<f64>().unwrap()).sum()
        };
        ["Market", "Value", "Rates"].map(sum)
    };
    let kinds = ["stock", "etf", "mutual_fund", "option"].map(|kind| of(&format!("--type {kind}")));
    for (at, all) in of("").into_iter().enumerate() {
        let sum: f64 = kinds.iter().map(|kind| kind[at]).sum();
        assert!((sum - all).abs() < 1e-6 * all.abs(), "{sum} instead of {all}");
    }
    let (_, stderr) = answer(&url, "show --underlying AAPL --format csv", 0);
    assert!(stderr.contains("of the positions that match"), "{stderr}");
    let (_, stderr) = answer(&url, "show --underlying AAPL --instruments", 2);
    assert!(stderr.contains("every instrument, held or not"), "{stderr}");

    let (stdout, _) = answer(&url, "correlations --format json", 0);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["tables"]["portfolios"].as_array().unwrap().len(), 3);
    assert!(!json["tables"]["clusters"].as_array().unwrap().is_empty());
    let (stdout, _) = answer(&url, "correlations --matrix --portfolio demo-hnw --format json", 0);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let matrix = json["tables"]["demo-hnw"].as_array().unwrap();
    assert_eq!((matrix.len(), matrix[2][matrix[2]["symbol"].as_str().unwrap()].as_f64()), (17, Some(1.0)));
    let (stdout, _) = answer(&url, "correlations --factors --format csv", 0);
    assert_eq!(rows(&stdout)[3]["Momentum"], "1");
    let (stdout, _) = answer(&url, "definitions --format csv", 0);
    assert_eq!(rows(&stdout).len(), 8);
}

#[tokio::test]
async fn risk_contributions_sum_to_the_volatility() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let url = demo.url.clone();
    store_greeks(&mut demo.store, &["2025-06-30"]).await;
    answer(&url, "run --as-of 2025-06-30", 0);
    let (stdout, _) = answer(&url, "risk --format json", 0);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    for portfolio in json["tables"]["portfolios"].as_array().unwrap() {
        let number = |row: &serde_json::Value, key: &str| row[key].as_f64().unwrap();
        let (key, name) = ("annual_volatility_contribution_usd", &portfolio["portfolio"]);
        let parts = json["tables"]["contributions"].as_array().unwrap();
        let of = |row: &&serde_json::Value| row["portfolio"] == *name && row["source"] != "total";
        let sum: f64 = parts.iter().filter(of).map(|row| number(row, key)).sum();
        let total = number(portfolio, "annual_volatility_usd");
        assert!(total > 0.0 && (sum - total).abs() < 1e-9 * total, "{name}: {sum} {total}");
        let variance = number(portfolio, "systematic_variance_usd2_per_day")
            + number(portfolio, "specific_variance_usd2_per_day");
        assert!((total * total / 252.0 / variance - 1.0).abs() < 1e-12);
    }
}

#[tokio::test]
async fn a_replay_equals_single_days_and_trials_have_their_own_name() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let url = demo.url.clone();
    store_greeks(&mut demo.store, &["2025-06-26", "2025-06-27", "2025-06-30"]).await;
    answer(&url, "run --from 2025-06-26 --to 2025-06-30", 0);
    for line in ["run --as-of 2025-06-27", "run --as-of 2025-06-26 --portfolio demo-hnw"] {
        let (_, stderr) = answer(&url, line, 0);
        assert!(stderr.contains(" changed=0 "), "{line}: {stderr}");
    }
    answer(&url, "run --as-of 2025-06-30 --penalty gcv", 0);
    let (_, stderr) = answer(&url, "run --as-of 2025-06-30", 0);
    assert!(stderr.contains(" changed=0 "), "{stderr}");
    let (gcv, _) = answer(&url, "show --method gcv --format csv", 0);
    let (prior, _) = answer(&url, "show --format csv", 0);
    assert_ne!(gcv, prior);
    for (line, part) in [
        ("run --portfolio nobody", "demo-hnw"),
        ("run --min-obs 300", "--window 252"),
        ("run --tau=0", "--tau must be positive"),
    ] {
        let (_, stderr) = answer(&url, line, 2);
        assert!(stderr.contains(part), "{line}: {stderr}");
    }
}

#[tokio::test]
async fn a_what_if_adds_the_dollars_of_its_trades() {
    let demo = DemoStore::with_market().await.unwrap();
    answer(&demo.url, "run --as-of 2025-06-30 --portfolio demo-hnw", 0);
    let file = demo.dir.path().join("trades.csv");
    std::fs::write(&file, "symbol,action,quantity\nSPY,BUY,100\nVTV,SHORT,10\n").unwrap();
    let show = "show --portfolio demo-hnw --format csv";
    let dollars = |line: &str, factor: &str| {
        let found =
            rows(&answer(&demo.url, line, 0).0).into_iter().find(|row| row["factor"] == factor).unwrap();
        found["dollar_exposure_usd"].parse::<f64>().unwrap()
    };
    let what_if = format!("{show} --what-if {}", file.display());
    let loadings = rows(&answer(&demo.url, &format!("{what_if} --positions"), 0).0);
    assert!(loadings.iter().any(|row| row["symbol"] == "VTV"), "loadings of what would be held");
    // SPY closes at 530, and both funds have loadings by definition.
    let value = dollars(show, "Value") - dollars(&what_if, "Value");
    let market = dollars(&what_if, "Market") - dollars(show, "Market");
    assert!(value > 0.0 && (market - (53_000.0 - value)).abs() < 1e-6, "{market} and {value}");
    let (_, stderr) = answer(&demo.url, &format!("{what_if} --method ols"), 2);
    assert!(stderr.contains("leave --method out"), "{stderr}");
    let (_, stderr) = answer(&demo.url, &format!("show --what-if {}", file.display()), 2);
    assert!(stderr.contains("demo-hnw"), "{stderr}");
}
