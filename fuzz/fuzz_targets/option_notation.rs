//! Any text as an option: what is read has an OCC symbol that reads back to the same contract.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sigma_brokers::notation::{contract, under};
use sigma_brokers::occ::{Contract, flags};
use sigma_core::model::parse_occ;

fn check(found: &Contract) {
    let again = contract(&found.symbol).expect("an option").expect("readable");
    assert_eq!((&again.symbol, &again.root), (&found.symbol, &found.root));
    assert_eq!(
        (again.terms.expiry, again.terms.kind, again.terms.strike),
        (found.terms.expiry, found.terms.kind, found.terms.strike)
    );
    // The root of a FLEX contract begins with a digit, which the stored form of an option does not.
    if found.root.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let occ = parse_occ(&found.symbol).expect("an OCC symbol");
        assert_eq!(
            (&occ.root, occ.expiry, occ.strike),
            (&found.root, found.terms.expiry, found.terms.strike)
        );
    }
    let _ = flags(found);
}

fuzz_target!(|text: &str| {
    for found in [contract(text), under("SPY", text)].into_iter().flatten().flatten() {
        check(&found);
    }
    if let Some(occ) = parse_occ(text) {
        assert!(occ.strike > 0.0 && occ.strike < 100_000.0 && (1..=6).contains(&occ.root.len()));
    }
});
