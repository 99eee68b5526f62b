//! Financial Modeling Prep: recorded bodies, the faults of the service, and prices against a market that is known.

mod actions;
mod bars;
mod faults;
mod legacy;
mod plan;
mod quotes;
mod reference;
mod support;

use sigma_providers::fmp::bars::Shape;
use sigma_providers::fmp::{
    actions as corporate, bars as prices, fault, legacy as v3, quote, reference as facts,
};
use support::{answer, payloads};

/// Every recorded body has a reader, which gets as many rows out of it as there are.
#[test]
fn every_recorded_body_is_read() {
    let rows = |file: &str, shape| prices::parse(&answer(file), shape, "ACME").unwrap().bars.len();
    for file in payloads().files(&["fmp"]) {
        let given = answer(&file);
        if file.starts_with("fmp/errors/") {
            assert!(fault::classify(&given, true).is_some(), "{file}");
            continue;
        }
        assert_eq!(fault::classify(&given, true), None, "{file}");
        let (read, expected) = match file.trim_start_matches("fmp/") {
            "stable_historical_price_eod_full.json" => (rows(&file, Shape::Full), 4),
            "stable_historical_price_eod_light.json" => (rows(&file, Shape::Light), 4),
            "stable_historical_price_eod_dividend_adjusted.json" => (rows(&file, Shape::Adjusted), 4),
            "stable_empty.json" => (rows(&file, Shape::Full), 0),
            "legacy_empty.json" => (rows(&file, Shape::Legacy), 0),
            "legacy_historical_price_full.json" => (rows(&file, Shape::Legacy), 4),
            "legacy_historical_price_full_multi.json" => {
                (v3::histories::<serde_json::Value>(&given).unwrap().len(), 2)
            }
            "stable_splits.json" => (corporate::parse_splits(&given, "SPLT", false).unwrap().rows.len(), 1),
            "stable_dividends.json" => (corporate::parse_dividends(&given, "ACME", false).unwrap().len(), 2),
            "stable_batch_quote.json" => (quote::parse(&given).unwrap().len(), 2),
            "stable_batch_quote_short.json" | "stable_quote.json" | "legacy_quote.json" => {
                (quote::parse(&given).unwrap().len(), 1)
            }
            "stable_profile.json" => (usize::from(facts::parse_profile(&given, "ACME").is_ok()), 1),
            "stable_profile_fund_nulls.json" => {
                (usize::from(facts::parse_profile(&given, "VFUND").is_ok()), 1)
            }
            "treasury_rates.json" => (facts::parse_yields(&given).unwrap().len(), 2),
            other => panic!("nobody reads {other}"),
        };
        assert_eq!(read, expected, "{file}");
    }
}
