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
    let contracts = polygon.contract_list("ACME", day("2025-11-04")).await.unwrap().contracts;
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

#[tokio::test]
async fn terms_of_held_contracts_cost_one_request_an_expiry() {
    let (server, polygon) = serve(|request| match request.query("cursor") {
        None => reply("options_contracts.json"),
        Some(_) => list(""),
    });
    let held = ["ACME260116C00105000", "ACME1260116C00090000", "ACME260220P00100000"].map(str::to_owned);
    let found = polygon.terms("ACME", &held, day("2025-11-04")).await.unwrap();
    // The chain also tells contracts that nobody holds; the expiry of February is listed with the same rows.
    let mut told: Vec<_> = found.contracts.iter().map(|c| (c.symbol.as_str(), c.is_standard)).collect();
    told.dedup();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, [("ACME1260116C00090000", false), ("ACME260116C00105000", true)]);
    let log = server.log();
    let first: Vec<_> = log.iter().filter(|logged| logged.request.query("cursor").is_none()).collect();
    let asked =
        |name: &str| first.iter().map(|l| l.request.query(name).unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(asked("expiration_date"), ["2026-01-16", "2026-02-20"]);
    assert_eq!(asked("strike_price.gte"), ["90", "100"]);
    assert_eq!(asked("strike_price.lte"), ["105", "100"]);
}
