//! A split between two runs: its history comes again, prices as traded stay what they were, returns stay true, and who
//! holds the shares is told.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_core::analytics::returns::daily_returns;
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    CloseBasis, ExerciseStyle, InstrumentKind, OptionKind, OptionTerms, PriceHistory, Split,
};
use sigma_store::{NewInstrument, NewPosition};
use sigma_testkit::fake::Exchange;
use sigma_testkit::fake::market::{self, Listing, Window};

use crate::fixture::{AS_OF, Fixture, Market, Run, day, symbols};

pub const SPLIT: &str = "2025-07-08";
pub const LATER: &str = "2025-07-10";
const CONTRACT: &str = "S000250919C00050000";

fn calendar_sessions() -> Vec<NaiveDate> {
    Calendar::nyse().sessions_between(day("2025-03-03"), day(LATER)).unwrap()
}

/// S000 splits four for one between the runs, and pays before the first and between the two.
pub fn exchange() -> Exchange {
    exchange_with(1.0, 4.0)
}

/// The same with a split of another ratio.
pub fn exchange_with(from: f64, to: f64) -> Exchange {
    let sessions = calendar_sessions();
    let split = market::Split { date: day(SPLIT), from, to };
    let split_listing = Listing::generated("S000", &sessions, &[split])
        .dividend(day("2025-06-10"), 0.5)
        .dividend(day("2025-07-02"), 0.6);
    let plain = ["S001", "SPY", "SHY", "IEF", "TLT"];
    plain.into_iter().fold(Exchange::new().list(split_listing), |exchange, symbol| {
        exchange.list(Listing::generated(symbol, &sessions, &[]))
    })
}

/// The shares, and a call on them.
pub fn book() -> Fixture {
    let fixture = Fixture::new(&symbols(2));
    fixture.store(async |store| {
        let terms = OptionTerms {
            underlying: "S000".into(),
            kind: OptionKind::Call,
            strike: 50.0,
            expiry: day("2025-09-19"),
            style: ExerciseStyle::American,
            standard_deliverable: true,
        };
        let new = NewInstrument {
            kind: Some(InstrumentKind::Option),
            option: Some(terms),
            ..NewInstrument::of_symbol(CONTRACT)
        };
        let instrument_id = store.upsert_instruments(vec![new]).await.unwrap().ids[CONTRACT];
        let portfolio_id = store.portfolios(&[]).await.unwrap()[0].id;
        let new = NewPosition {
            portfolio_id,
            instrument_id,
            quantity: 2.0,
            entry_price: 3.0,
            entry_date: day("2025-06-02"),
            exit: None,
        };
        store.add_position(new).await.unwrap();
    });
    fixture
}

/// `sigma-sync prices` on the morning after a session.
pub fn sync(fixture: &Fixture, market: &Market, provider: &str, as_of: &str) -> Run {
    market.exchange.set_today(day(as_of));
    let mut command = fixture.command(market, &[provider]);
    let morning = day(as_of).succ_opt().unwrap();
    command.env("SIGMA_NOW", format!("{morning}T12:00:00Z"));
    command.args(["prices", "-v", "--as-of", as_of, "--window", "20"]);
    Run::new(command.output().unwrap())
}

/// Total returns by the factors of the adjusted series, an account of its own: `P_t / (P_{t-1} - D_t)` with the split
/// taken out.
fn true_returns(listing: &Listing) -> BTreeMap<NaiveDate, f64> {
    let rows = listing.rows(Window::ALL);
    let adjusted = |row: &market::Row<'_>| row.bar.close * row.split_and_dividend;
    rows.windows(2).map(|pair| (pair[1].bar.date, adjusted(&pair[1]) / adjusted(&pair[0]) - 1.0)).collect()
}

#[track_caller]
fn assert_close(value: f64, expected: f64, relative: f64, what: &str) {
    assert!((value - expected).abs() <= relative * expected.abs(), "{what}: {value}, not {expected}");
}

pub fn assert_as_traded(provider: &str, history: &PriceHistory, listing: &Listing) {
    let (basis, tolerance) = match provider {
        "fmp" | "yahoo" => (CloseBasis::Rebuilt, 1e-6),
        _ => (CloseBasis::AsTraded, 0.0),
    };
    for bar in &history.bars {
        let traded = listing.bars.iter().find(|traded| traded.date == bar.date).unwrap();
        assert_close(bar.close, traded.close, tolerance, &format!("{provider} {}", bar.date));
        assert_eq!((bar.basis, bar.source.as_str()), (basis, provider));
    }
}

/// The first date that the bars of S000 were asked for from.
pub fn asked_from(provider: &str, targets: &[String]) -> Option<NaiveDate> {
    let of_symbol = targets.iter().find(|target| match provider {
        "polygon" => target.contains("/aggs/ticker/S000/"),
        "fmp" => target.contains("historical-price-eod/full?symbol=S000"),
        "tiingo" => target.contains("/tiingo/daily/S000/prices"),
        _ => target.contains("/chart/S000"),
    })?;
    let after = |mark: &str| of_symbol.split(mark).nth(1).unwrap();
    match provider {
        "polygon" => after("/range/1/day/").get(..10)?.parse().ok(),
        "fmp" => after("from=").get(..10)?.parse().ok(),
        "tiingo" => after("startDate=").get(..10)?.parse().ok(),
        _ => {
            let seconds = after("period1=").split('&').next()?.parse().ok()?;
            Some(chrono::DateTime::from_timestamp(seconds, 0)?.date_naive())
        }
    }
}

fn split_between_two_runs(provider: &str) {
    let (fixture, market) = (book(), Market::open(exchange()));
    let listing = market.exchange.listing("S000").unwrap().clone();
    let run = sync(&fixture, &market, provider, AS_OF);
    run.ends(0).says("missing=0");
    assert!(!run.stderr.contains("split on"), "{}", run.stderr);
    let before = fixture.histories().remove("S000").unwrap();
    assert_eq!(before.splits, []);
    assert_as_traded(provider, &before, &listing);
    let first = before.bars[0].date;
    market.asked();

    let run = sync(&fixture, &market, provider, LATER);
    run.ends(0).says("missing=0").says("S000: ").says("4-for-1 split on 2025-07-08");
    let positions = fixture.store(async |store| {
        let portfolio = store.portfolios(&[]).await.unwrap()[0].id;
        store.positions(&[portfolio]).await.unwrap()
    });
    let apply = format!("sigma-seed position apply-split {}", positions[0].id);
    run.says(&apply).says(CONTRACT).says("the strike 50").says("2 in core");
    assert!(!run.stderr.contains("could not be downloaded again"), "{}", run.stderr);
    let quantities: Vec<f64> = positions.iter().map(|position| position.quantity).collect();
    assert_eq!(quantities, [100.0, 100.0, 2.0], "nothing is changed silently");

    let from = asked_from(provider, &market.asked()).expect("the bars were asked for");
    assert!(from <= first, "the history is asked for whole: from {from}, stored from {first}");
    let history = fixture.histories().remove("S000").unwrap();
    assert_eq!(history.bars[0].date, first);
    assert_eq!(history.bars.last().unwrap().date, day(LATER));
    assert_as_traded(provider, &history, &listing);
    assert_eq!(history.splits, [Split { date: day(SPLIT), from: 1.0, to: 4.0 }]);
    let paid: Vec<_> = history.dividends.iter().map(|paid| paid.ex_date.to_string()).collect();
    assert_eq!(paid, ["2025-06-10", "2025-07-02"], "each is stored once");
    for (dividend, amount) in history.dividends.iter().zip([0.5, 0.6]) {
        assert_close(dividend.amount, amount, 1e-6, provider);
    }

    let expected = true_returns(&listing);
    let sessions: Vec<_> = calendar_sessions().into_iter().filter(|day| *day >= first).collect();
    let returns = daily_returns(&history, &sessions);
    for (session, value) in sessions.iter().zip(&returns).skip(1) {
        let value = value.unwrap_or_else(|| panic!("{provider}: no return on {session}"));
        assert!((value - expected[session]).abs() < 1e-6, "{provider} {session}: {value}");
    }

    let rerun = sync(&fixture, &market, provider, LATER);
    rerun.ends(0).says("changed=0").says(&apply).says("the strike 50");
    // As the split leaves the lot when it is applied: ended on its day.
    fixture.store(async |store| {
        store.close_position(positions[0].id, 25.0, day(SPLIT), None).await.unwrap();
    });
    let applied = sync(&fixture, &market, provider, LATER);
    assert!(!applied.stderr.contains("apply-split"), "{}", applied.stderr);
    applied.ends(0).says("the strike 50");
}

#[test]
fn polygon_tells_a_split_apart_from_raw_bars() {
    split_between_two_runs("polygon");
}

#[test]
fn fmp_restates_its_prices_and_they_are_made_raw() {
    split_between_two_runs("fmp");
}

#[test]
fn tiingo_tells_a_split_with_its_bars() {
    split_between_two_runs("tiingo");
}

#[test]
fn yahoo_tells_a_split_with_its_bars_and_restates_them() {
    split_between_two_runs("yahoo");
}

/// The split is known, and the bars cannot be had: the next run has the whole task still before it.
#[test]
fn a_history_that_could_not_be_downloaded_again_is_told_and_comes_with_the_next_run() {
    let (fixture, market) = (book(), Market::open(exchange()));
    sync(&fixture, &market, "polygon", AS_OF).ends(0);
    market.answer(|request| {
        let is_bars = request.path.contains("/ticker/S000/");
        is_bars.then(|| sigma_testkit::fake::Reply::html(502, "<html>bad gateway</html>"))
    });
    let run = sync(&fixture, &market, "polygon", LATER);
    run.ends(3).says("bars before its new split could not be downloaded again");
    let listing = market.exchange.listing("S000").unwrap().clone();
    let history = fixture.histories().remove("S000").unwrap();
    assert_as_traded("polygon", &history, &listing);
    assert_eq!(history.bars.last().unwrap().date, day(AS_OF), "what was stored is untouched");
    // The next run gets what is missing.
    market.heal();
    market.asked();
    let run = sync(&fixture, &market, "polygon", LATER);
    run.ends(0).says("missing=0").says("sigma-seed position apply-split").says("the strike 50");
    assert!(!run.stderr.contains("could not be downloaded again"), "{}", run.stderr);
    let from = asked_from("polygon", &market.asked()).expect("the bars were asked for");
    assert!(from <= history.bars[0].date);
    let history = fixture.histories().remove("S000").unwrap();
    assert_as_traded("polygon", &history, &listing);
    assert_eq!(history.bars.last().unwrap().date, day(LATER));
}
