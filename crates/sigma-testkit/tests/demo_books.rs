//! The hand-written demo files: complete, in the model's form, and valued by the demo market.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use sigma_core::calendar::Calendar;
use sigma_core::model::{FactorDefinition, FactorKind, Scenario, Shock, ShockBasis, parse_occ};
use sigma_testkit::demo_market::{DemoMarket, OPTION_SESSIONS, last_session};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../demo-data")
}

fn records(file: &str) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(folder().join(file)).unwrap().deserialize().map(Result::unwrap).collect()
}

/// The array of tables `key` of a file.
fn tables<T: serde::de::DeserializeOwned>(file: &str, key: &str) -> Vec<T> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let mut document: BTreeMap<String, Vec<T>> = toml::from_str(&text).unwrap();
    document.remove(key).unwrap()
}

#[test]
fn books_hold_sixty_three_positions() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in records("demo_positions.csv") {
        *counts.entry(row["portfolio"].clone()).or_default() += 1;
        if let Some(occ) = parse_occ(&row["symbol"]) {
            assert_eq!(row["underlying"], occ.root);
            assert_eq!(row["expiry"], occ.expiry.to_string());
            assert_eq!(row["strike"].parse::<f64>().unwrap(), occ.strike);
        }
        let short = row["quantity"].starts_with('-');
        assert_eq!(short, matches!(row["position_type"].as_str(), "SHORT" | "SC" | "SP"), "{row:?}");
    }
    let expected = [("demo-hedgefundstyle", 30), ("demo-hnw", 17), ("demo-individual", 16)];
    assert_eq!(counts, expected.map(|(slug, n)| (slug.to_owned(), n)).into());
}

#[test]
fn books_open_on_the_first_session_with_quotes() {
    let start = Calendar::nyse().sessions_back(last_session(), OPTION_SESSIONS - 1).unwrap().to_string();
    let held: BTreeSet<String> =
        records("demo_positions.csv").into_iter().map(|row| row["portfolio"].clone()).collect();
    let books = records("demo_portfolios.csv");
    assert_eq!(books.iter().map(|row| row["slug"].clone()).collect::<BTreeSet<_>>(), held);
    assert!(books.iter().all(|row| row["opened_on"] == start));
}

/// Every position has a price on the last session, and the books come to their stated size.
#[test]
fn the_market_values_the_books() {
    let market = DemoMarket::generate().unwrap();
    let price = |symbol: &str| match parse_occ(symbol) {
        Some(_) => {
            let quote = market.quotes.iter().rfind(|q| q.symbol == symbol).unwrap();
            (quote.bid + quote.ask) / 2.0 * 100.0
        }
        None => market.series_of(symbol).unwrap().bars.last().unwrap().close,
    };
    let mut nav: BTreeMap<String, f64> = records("demo_portfolios.csv")
        .into_iter()
        .map(|row| (row["slug"].clone(), row["opening_cash"].parse().unwrap()))
        .collect();
    for row in records("demo_positions.csv") {
        let value = row["quantity"].parse::<f64>().unwrap() * price(&row["symbol"]);
        *nav.get_mut(&row["portfolio"]).unwrap() += value;
    }
    assert!((nav["demo-individual"] - 485_000.00).abs() < 0.005);
    assert!((nav["demo-hnw"] - 2_850_000.00).abs() < 0.005);
    assert!((nav["demo-hedgefundstyle"] / 5_100_000.0 - 1.0).abs() < 0.03, "{nav:?}");
}

#[test]
fn factors_are_one_market_six_styles_and_rates() {
    let factors: Vec<FactorDefinition> = tables("factors.toml", "factor");
    let proxies: Vec<&str> = factors.iter().map(|f| f.proxy.as_str()).collect();
    assert_eq!(proxies, ["SPY", "VTV", "VUG", "MTUM", "QUAL", "SIZE", "USMV", "DGS10"]);
    let count = |kind| factors.iter().filter(|f| f.kind == kind).count();
    assert_eq!((count(FactorKind::Market), count(FactorKind::Style), count(FactorKind::Rates)), (1, 6, 1));
}

#[test]
fn scenarios_are_in_the_models_form() {
    let factors: Vec<FactorDefinition> = tables("factors.toml", "factor");
    let scenarios: Vec<Scenario> = tables("scenarios.toml", "scenario");
    let ids: BTreeSet<&str> = scenarios.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids.len(), scenarios.len());
    let active: Vec<&Scenario> = scenarios.iter().filter(|s| s.active).collect();
    assert_eq!(active.len(), 18);
    assert!(active.iter().all(|s| s.note.as_deref() == Some("inherited, not a replay")));
    let is_market = |shock: &Shock| matches!(shock, Shock::Factor { factor, .. } if factor == "Market");
    for scenario in &scenarios {
        let has_market = scenario.shocks.iter().any(is_market);
        for shock in &scenario.shocks {
            let Shock::Factor { factor, size, basis } = shock else { continue };
            assert!(factors.iter().any(|f| &f.name == factor) && size.abs() < 1.0, "{}", scenario.id);
            let is_return = is_market(shock) || (has_market && *size < 0.0);
            assert_eq!(*basis == ShockBasis::Return, is_return, "{} {factor}", scenario.id);
        }
    }
    let vix = scenarios.iter().find(|s| s.id == "vix_spike_150").unwrap();
    assert!(vix.shocks.contains(&Shock::Volatility { size: 1.5 }));
}
