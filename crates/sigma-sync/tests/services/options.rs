//! Quotes and terms of held contracts, from a plan without snapshots.

use chrono::NaiveDate;
use sigma_core::model::{ExerciseStyle, OptionTerms, parse_occ};
use sigma_store::{NewInstrument, NewPosition};
use sigma_testkit::fake::market::stamp;
use sigma_testkit::fake::{Reply, Request};

use super::fixture::{AS_OF, Fixture, Market, Run, day, exchange, sessions, symbols};

const CALL: &str = "S000250919C00100000";
const PUT: &str = "S000250919P00090000";

/// Two contracts on S000 in the portfolio, bought on the first of its days.
fn hold_contracts(fixture: &Fixture) {
    fixture.store(async |store| {
        let portfolio_id = store.portfolios(&["core".into()]).await.unwrap()[0].id;
        for symbol in [CALL, PUT] {
            let occ = parse_occ(symbol).unwrap();
            let terms = OptionTerms {
                underlying: occ.root,
                kind: occ.kind,
                strike: occ.strike,
                expiry: occ.expiry,
                style: ExerciseStyle::American,
                standard_deliverable: true,
            };
            let new = NewInstrument { option: Some(terms), ..NewInstrument::of_symbol(symbol) };
            let instrument_id = store.upsert_instruments(vec![new]).await.unwrap().ids[symbol];
            let (entry_date, entry_price) = (day("2025-06-02"), 5.0);
            let new = NewPosition {
                portfolio_id,
                instrument_id,
                quantity: 1.0,
                entry_price,
                entry_date,
                exit: None,
            };
            store.add_position(new).await.unwrap();
        }
    });
}

/// Daily closes of the call, no snapshots, and the put in the list as an adjusted contract.
fn answer(request: &Request) -> Option<Reply> {
    if request.path.starts_with("/v3/snapshot/options/") {
        let body =
            r#"{"status":"NOT_AUTHORIZED","request_id":"1","message":"You are not entitled to this data."}"#;
        return Some(Reply::json(403, body));
    }
    if request.path.starts_with("/v3/reference/options/contracts") {
        let row = |ticker: &str, kind: &str, strike: f64, more: &str| {
            format!(
                r#"{{"ticker":"O:{ticker}","contract_type":"{kind}","exercise_style":"american","expiration_date":"2025-09-19",
                "shares_per_contract":100,"strike_price":{strike},"underlying_ticker":"S000"{more}}}"#
            )
        };
        let adjusted = r#","additional_underlyings":[{"type":"currency","underlying":"USD","amount":6.5}]"#;
        let rows = [row(CALL, "call", 100.0, ""), row(PUT, "put", 90.0, adjusted)].join(",");
        return Some(Reply::json(200, format!(r#"{{"results":[{rows}],"status":"OK"}}"#)));
    }
    let contract = request.path.strip_prefix("/v2/aggs/ticker/O:")?.split('/').next()?;
    let rows: Vec<String> = sessions(20)
        .into_iter()
        .filter(|_| contract == CALL)
        .map(|date| format!(r#"{{"t":{},"o":5,"h":6,"l":4,"c":5.5,"v":10}}"#, stamp::midnight_ms(date)))
        .collect();
    let body = format!(r#"{{"ticker":"O:{contract}","status":"OK","results":[{}]}}"#, rows.join(","));
    Some(Reply::json(200, body))
}

#[test]
fn closes_value_contracts_where_the_plan_has_no_snapshots() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    hold_contracts(&fixture);
    market.answer(answer);
    let run = fixture.sync(&market, &["polygon"], "run", &[]);
    // The put has not traded: it is missing, and named.
    run.ends(3).says(&format!("no_price: {PUT}: no quote at all")).says(&format!("{PUT}: NoData (Polygon"));
    let (quotes, contracts) = fixture.store(async |store| {
        let contracts = store.instruments_by_symbol(&[CALL.into(), PUT.into()]).await.unwrap();
        let ids: Vec<i64> = contracts.iter().map(|contract| contract.id).collect();
        (store.option_quotes(&ids, day("2025-01-01"), day(AS_OF)).await.unwrap(), contracts)
    });
    let of = |symbol: &str| contracts.iter().find(|contract| contract.symbol == symbol).unwrap();
    let stored = &quotes[&of(CALL).id];
    let dates: Vec<NaiveDate> = stored.iter().map(|quote| quote.date).collect();
    assert_eq!((dates.len(), dates.first(), dates.last()), (20, Some(&day("2025-06-02")), Some(&day(AS_OF))));
    assert!(stored.iter().all(|quote| quote.close == Some(5.5) && quote.source == "polygon"));
    // What the contract delivers is known now.
    let is_standard = |symbol: &str| of(symbol).option.as_ref().unwrap().standard_deliverable;
    assert_eq!((is_standard(CALL), is_standard(PUT)), (true, false));
    market.asked();
    fixture.sync(&market, &["polygon"], "options", &[]).ends(3);
    let asked = market.asked();
    assert!(asked.iter().all(|target| !target.contains(CALL)), "{asked:?}");
}

/// What the snapshot of the chain says of the call after the close of the as-of date.
fn snapshot(request: &Request) -> Option<Reply> {
    if !request.path.starts_with("/v3/snapshot/options/S000") {
        return answer(request);
    }
    let closing = (stamp::midnight_ms(day(AS_OF)) + 16 * 3_600_000) * 1_000_000;
    let row = format!(
        r#"{{"details":{{"ticker":"O:{CALL}","contract_type":"call","exercise_style":"american",
        "expiration_date":"2025-09-19","strike_price":100,"shares_per_contract":100}},
        "day":{{"close":5.4,"last_updated":{closing}}},"last_quote":{{"bid":5.3,"ask":5.5,"last_updated":{closing}}},
        "greeks":{{"delta":0.52,"gamma":0.03,"theta":-0.04,"vega":0.18}},"implied_volatility":0.27,"open_interest":1234}}"#
    );
    Some(Reply::json(200, format!(r#"{{"results":[{row}],"status":"OK","request_id":"1"}}"#)))
}

/// The tool's clock stands at the morning after the as-of date, whatever the machine's clock says.
#[test]
fn a_snapshot_of_the_last_session_is_stored_with_volatility_and_greeks() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    hold_contracts(&fixture);
    market.answer(snapshot);
    fixture.sync(&market, &["polygon"], "run", &[]).ends(3).says(&format!("{PUT}: no quote at all"));
    let quote = fixture.store(async |store| {
        let id = store.instruments_by_symbol(&[CALL.into()]).await.unwrap()[0].id;
        let quotes = store.option_quotes(&[id], day(AS_OF), day(AS_OF)).await.unwrap();
        quotes[&id].last().unwrap().clone()
    });
    assert_eq!((quote.date, quote.source.as_str()), (day(AS_OF), "polygon"));
    assert_eq!((quote.bid, quote.ask, quote.close), (Some(5.3), Some(5.5), Some(5.4)));
    assert_eq!((quote.implied_volatility, quote.open_interest), (Some(0.27), Some(1234.0)));
    let greeks = quote.greeks.unwrap();
    assert_eq!((greeks.delta, greeks.gamma), (Some(0.52), Some(0.03)));
    assert_eq!((greeks.theta_per_day, greeks.vega_per_point), (Some(-0.04), Some(0.18)));
}

/// The snapshot of the chain after the close of a day: these contracts are quoted.
fn chain(request: &Request, date: &str, quoted: &[&str]) -> Option<Reply> {
    if !request.path.starts_with("/v3/snapshot/options/S000") {
        return answer(request);
    }
    let closing = (stamp::midnight_ms(day(date)) + 16 * 3_600_000) * 1_000_000;
    let row = |contract: &&str| {
        format!(
            r#"{{"details":{{"ticker":"O:{contract}"}},"last_quote":{{"bid":5.3,"ask":5.5,"last_updated":{closing}}},
            "day":{{"close":5.4,"last_updated":{closing}}},"implied_volatility":0.27,"open_interest":1234}}"#
        )
    };
    let rows: Vec<String> = quoted.iter().map(row).collect();
    Some(Reply::json(200, format!(r#"{{"results":[{}],"status":"OK"}}"#, rows.join(","))))
}

/// Date, bid and close of each stored row of the call since a day.
fn calls_since(fixture: &Fixture, from: &str) -> Vec<(String, Option<f64>, Option<f64>)> {
    let quotes = fixture.store(async |store| {
        let id = store.instruments_by_symbol(&[CALL.into()]).await.unwrap()[0].id;
        store.option_quotes(&[id], day(from), day(AS_OF)).await.unwrap().remove(&id).unwrap()
    });
    quotes.into_iter().map(|quote| (quote.date.to_string(), quote.bid, quote.close)).collect()
}

#[test]
fn quotes_of_a_snapshot_are_never_replaced_by_closes() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    hold_contracts(&fixture);
    let on = |date: &'static str, quoted: &'static [&'static str], more: &[&str]| {
        market.answer(move |request| chain(request, date, quoted));
        market.asked();
        let mut command = fixture.command(&market, &["polygon"]);
        command.env("SIGMA_NOW", format!("{date}T22:00:00Z"));
        command.args(["options", "--as-of", date, "--window", "20"]).args(more);
        Run::new(command.output().unwrap()).ends(0);
        market.asked()
    };
    // On the second day the put is not quoted.
    on("2025-06-26", &[CALL, PUT], &[]);
    market.answer(|request| chain(request, "2025-06-27", &[CALL]));
    let mut command = fixture.command(&market, &["polygon"]);
    command.env("SIGMA_NOW", "2025-06-27T22:00:00Z").args([
        "options",
        "--as-of",
        "2025-06-27",
        "--window",
        "20",
    ]);
    Run::new(command.output().unwrap()).ends(3);
    let row = |date: &str| (date.to_owned(), Some(5.3), Some(5.4));
    assert_eq!(calls_since(&fixture, "2025-06-26"), ["2025-06-26", "2025-06-27"].map(row));
    // On the third it is asked for both days, and the call for the third alone.
    let asked = on(AS_OF, &[CALL, PUT], &[]);
    assert!(asked.iter().any(|target| target.contains(&format!("/O:{PUT}/"))), "{asked:?}");
    assert!(asked.iter().all(|target| !target.contains(&format!("/O:{CALL}/"))), "{asked:?}");
    let rows = ["2025-06-26", "2025-06-27", AS_OF].map(row);
    assert_eq!(calls_since(&fixture, "2025-06-26"), rows);
    // Asked for everything again, it has closes of all days: 5.5 on each of them.
    let asked = on(AS_OF, &[CALL, PUT], &["--refresh"]);
    assert!(asked.iter().any(|target| target.contains(&format!("/O:{CALL}/"))), "{asked:?}");
    assert_eq!(calls_since(&fixture, "2025-06-26"), rows);
    assert_eq!(
        calls_since(&fixture, "2025-06-24")[..2].to_vec(),
        ["2025-06-24", "2025-06-25"].map(|date| (date.to_owned(), None, Some(5.5)))
    );
}

#[test]
fn a_file_may_take_back_a_quote() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    hold_contracts(&fixture);
    let folder = fixture.dir.path().join("market");
    std::fs::create_dir(&folder).unwrap();
    let read = |row: &str| {
        let text = format!("symbol,date,bid,ask,close\n{CALL},{AS_OF},{row}\n");
        std::fs::write(folder.join("options.csv"), text).unwrap();
        let mut command = fixture.command(&market, &[]);
        command.args(["options", "--as-of", AS_OF, "--window", "20", "--path"]).arg(&folder);
        Run::new(command.output().unwrap());
        calls_since(&fixture, AS_OF)
    };
    assert_eq!(read("5.3,5.5,5.4"), [(AS_OF.to_owned(), Some(5.3), Some(5.4))]);
    assert_eq!(read(",,5.4"), [(AS_OF.to_owned(), None, Some(5.4))]);
}
