//! Listed option contracts.

use sigma_core::model::{ExerciseStyle, OptionKind};

use super::{always, day, list, reply, serve};

const CALL_105: &str = "ACME260116C00105000";

#[tokio::test]
async fn contracts_as_listed() {
    let (server, polygon) = serve(|request| match request.query("cursor") {
        None => reply("options_contracts.json"),
        Some(_) => list(""),
    });
    let contracts = polygon.contracts("ACME", day("2025-11-04")).await.unwrap();
    let found: Vec<_> =
        contracts.iter().map(|c| (&*c.symbol, &*c.underlying, c.is_standard, c.style)).collect();
    assert_eq!(
        found,
        [
            (CALL_105, "ACME", true, ExerciseStyle::American),
            ("ACME1260116C00090000", "ACME", false, ExerciseStyle::American),
            ("SPXW251121P06500000", "SPX", true, ExerciseStyle::European),
        ]
    );
    let put = &contracts[2];
    assert_eq!(
        (put.kind, put.strike, put.expiry, put.multiplier),
        (OptionKind::Put, 6500.0, day("2025-11-21"), 100.0)
    );
    assert_eq!(
        server.log()[0].request.target,
        "/v3/reference/options/contracts?underlying_ticker=ACME&as_of=2025-11-04&limit=1000"
    );
}

#[tokio::test]
async fn contracts_that_cannot_be_read_are_told() {
    let row = |ticker: &str, kind: &str, style: &str, strike: &str| {
        format!(
            r#"{{"ticker":"O:{ticker}","contract_type":"{kind}","exercise_style":"{style}","strike_price":{strike},
            "expiration_date":"2026-01-16","shares_per_contract":10,"underlying_ticker":"ACME"}}"#
        )
    };
    let rows = [
        row("ACME260116C000105000", "call", "american", "105"),
        row(CALL_105, "other", "american", "105"),
        row(CALL_105, "call", "bermudan", "105"),
        row(CALL_105, "call", "american", "10.5"),
        row(CALL_105, "call", "american", "105"),
    ];
    let (_server, polygon) = always(list(&rows.join(",")));
    let found = polygon.contract_list("ACME", day("2025-11-04")).await.unwrap();
    // Ten shares each, and nothing but shares.
    assert_eq!(found.contracts.len(), 1);
    assert_eq!((found.contracts[0].multiplier, found.contracts[0].is_standard), (10.0, true));
    assert_eq!(
        found.problems,
        [
            "O:ACME260116C000105000: not an option symbol".to_owned(),
            format!("O:{CALL_105}: other is neither a call nor a put"),
            format!("O:{CALL_105}: exercise style bermudan is not valued"),
            format!("O:{CALL_105}: its terms are call 10.5 of 2026-01-16, not those of its symbol"),
        ]
    );
}
