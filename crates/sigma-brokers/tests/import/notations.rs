//! One contract in every notation is one contract; symbols in every spelling are one symbol.

use chrono::{Datelike, NaiveDate};
use proptest::prelude::*;
use sigma_brokers::notation::{contract, under};
use sigma_brokers::occ::{Contract, ContractError, flags};
use sigma_brokers::statement::Flag;
use sigma_brokers::symbols::{canonical, canonical_without_points};
use sigma_core::model::{ExerciseStyle, OptionKind, parse_occ};

use crate::day;

fn symbol(text: &str) -> String {
    contract(text).unwrap_or_else(|| panic!("{text} is no contract")).unwrap().symbol
}

#[test]
fn the_notations_of_one_call() {
    for text in [
        "ACME  260116C00105000",
        "ACME260116C00105000",
        "O:ACME260116C00105000",
        " -ACME260116C105",
        ".ACME260116C105",
        "ACME_C105_20260116",
        "ACME 01/16/2026 105.00 C",
        "ACME 16JAN26 105 C",
        "ACME 1/16/2026 Call $105.00",
        "ACME Jan 16 '26 $105 Call",
        "acme260116c00105000",
    ] {
        assert_eq!(symbol(text), "ACME260116C00105000", "{text}");
    }
    assert_eq!(under("ACME", "100 16 JAN 26 105 CALL").unwrap().unwrap().symbol, "ACME260116C00105000");
    assert_eq!(
        under("ACME", "100 (Weeklys) 7 NOV 25 95 PUT").unwrap().unwrap().symbol,
        "ACME251107P00095000"
    );
    assert_eq!(symbol("ACME 16OCT26 133.333 P"), "ACME261016P00133333");
    assert_eq!(symbol("-ACME260116C97.5"), "ACME260116C00097500");
}

#[test]
fn names_are_no_contracts() {
    for text in [
        "",
        "ACME",
        "BRK B",
        "PRIVATE_FUND_A",
        "VANGUARD 500 C",
        "CALL",
        "ACME INDUSTRIES INC",
        "C",
        "SPX",
        "A C 5",
    ] {
        assert!(!matches!(contract(text), Some(Ok(_))), "{text}");
    }
    assert!(contract("BRK B").is_none());
    assert!(contract("PRIVATE_FUND_A").is_none());
}

#[test]
fn what_looks_like_a_contract_and_is_none() {
    let error = |text: &str| contract(text).unwrap().unwrap_err();
    assert!(matches!(error("ACME260116C105000000"), ContractError::NineDigitStrike(_)));
    assert!(matches!(error("ACME260116C0105000"), ContractError::Unreadable(_)));
    assert!(matches!(error("ACME260231C00105000"), ContractError::Unreadable(_)));
    assert!(matches!(error("ACME260116C00000000"), ContractError::Strike(_)));
    assert!(matches!(error("ACME 01/16/2026 105.0001 C"), ContractError::Strike(_)));
    assert!(matches!(error("ACMEACM260116C00105000"), ContractError::Root(_)));
}

#[test]
fn unusual_contracts_are_flagged() {
    let flags = |text: &str| flags(&contract(text).unwrap().unwrap());
    assert_eq!(flags("ACME260116C00105000"), []);
    assert_eq!(flags("ACME1260116C00105000"), [Flag::AdjustedContract]);
    assert_eq!(flags("ACME7260116C00105000"), [Flag::MiniContract]);
    assert_eq!(flags("1ACME260116C00105000"), [Flag::FlexContract]);
    assert_eq!(flags("IWM250920C00220000"), [Flag::SaturdayExpiry { proposed: day(2025, 9, 19) }]);
    // Until 2015 monthly contracts expired on Saturdays.
    assert_eq!(flags("IWM140920C00110000"), []);
    assert_eq!(flags("IWM251225C00220000"), [Flag::ExpiryWithoutSession]);
    // The Friday before is a holiday: the session before it.
    assert_eq!(flags("IWM260620C00220000"), [Flag::SaturdayExpiry { proposed: day(2026, 6, 18) }]);
    let adjusted = contract("ACME1260116C00105000").unwrap().unwrap();
    assert!(!adjusted.terms.standard_deliverable);
    assert_eq!(adjusted.terms.underlying, "ACME");
    let mini = contract("ACME7260116C00105000").unwrap().unwrap();
    assert_eq!((mini.multiplier, mini.terms.underlying.as_str()), (10.0, "ACME"));
    let friday = contract("IWM250920C00220000").unwrap().unwrap().expiring(day(2025, 9, 19)).unwrap();
    assert_eq!(friday.symbol, "IWM250919C00220000");
}

#[test]
fn roots_tell_their_underlying() {
    let terms = |text: &str| contract(text).unwrap().unwrap().terms;
    assert_eq!(terms("BRKB260116P00450000").underlying, "BRK.B");
    assert_eq!(terms("BRK/B 01/16/2026 450.00 P"), terms("BRKB260116P00450000"));
    assert_eq!(terms("SPXW260116C05000000").underlying, "SPX");
    assert_eq!(terms("SPXW260116C05000000").style, ExerciseStyle::European);
}

#[test]
fn spellings_of_symbols() {
    for (text, wanted) in [
        ("BRK/B", "BRK.B"),
        ("BRK B", "BRK.B"),
        ("BRK-B", "BRK.B"),
        ("brk.b", "BRK.B"),
        ("KIM/PRL", "KIM.PL"),
        ("KIM PRL", "KIM.PL"),
        ("SPAXX**", "SPAXX"),
        ("$SPX", "SPX"),
        ("^VIX", "VIX"),
        (" acme ", "ACME"),
        ("BTC-USD", "BTC-USD"),
        ("SAP.DE", "SAP.DE"),
    ] {
        assert_eq!(canonical(text).as_deref(), Ok(wanted), "{text}");
    }
    assert_eq!(canonical("BRKB").as_deref(), Ok("BRKB"));
    assert_eq!(canonical_without_points("BRKB").as_deref(), Ok("BRK.B"));
    for text in ["", "A B C", "VT MGX", "A;B", "=CMD", "\u{e9}"] {
        assert!(canonical(text).is_err(), "{text}");
    }
}

/// The contract in each notation.
fn spelled(root: &str, expiry: NaiveDate, kind: OptionKind, thousandths: u32) -> Vec<String> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = (expiry.year(), expiry.month(), expiry.day());
    let name = MONTHS[month as usize - 1];
    let (letter, word) = if kind == OptionKind::Call { ("C", "Call") } else { ("P", "Put") };
    let strike = f64::from(thousandths) / 1000.0;
    let short = expiry.format("%y%m%d");
    vec![
        format!("{root:<6}{short}{letter}{thousandths:08}"),
        format!("{root}{short}{letter}{thousandths:08}"),
        format!("O:{root}{short}{letter}{thousandths:08}"),
        format!(" -{root}{short}{letter}{strike}"),
        format!(".{root}{short}{letter}{strike}"),
        format!("{root}_{letter}{strike}_{}", expiry.format("%Y%m%d")),
        format!("{root} {} {strike} {letter}", expiry.format("%m/%d/%Y")),
        format!("{root} {day:02}{}{:02} {strike} {letter}", name.to_uppercase(), year % 100),
        format!("{root} {month}/{day}/{year} {word} ${strike}"),
        format!("{root} {name} {day} '{:02} ${strike} {word}", year % 100),
    ]
}

proptest! {
    #[test]
    fn every_notation_of_a_contract_is_the_contract(
        root in "[A-Z]{1,5}[1-9]?",
        days in 0_i64..9000,
        call in any::<bool>(),
        thousandths in 1_u32..100_000_000,
    ) {
        let expiry = day(2010, 1, 1) + chrono::Days::new(days as u64);
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let wanted = Contract::new(&root, expiry, kind, f64::from(thousandths) / 1000.0).unwrap();
        for text in spelled(&root, expiry, kind, thousandths) {
            let found = contract(&text).unwrap_or_else(|| panic!("{text} is no contract"));
            prop_assert_eq!(found.as_ref(), Ok(&wanted), "{}", text);
        }
        // The core's own reader of the compact form says the same.
        let occ = parse_occ(&wanted.symbol).unwrap();
        prop_assert_eq!(
            (occ.root, occ.expiry, occ.kind, occ.strike),
            (wanted.root, wanted.terms.expiry, wanted.terms.kind, wanted.terms.strike)
        );
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = contract(&text);
        let _ = under(&text, &text);
        if let Ok(once) = canonical(&text) {
            prop_assert_eq!(canonical(&once), Ok(once.clone()));
        }
    }
}
