//! Splits and dividends that providers date differently, move and take back: each is stored once, as it is told last.

use sigma_core::model::{Dividend, PriceHistory, Split};
use sigma_testkit::fake::market::{self, Listing};
use sigma_testkit::fake::{Reply, Request};

use crate::fixture::{AS_OF, Fixture, Market, Run, day, exchange, sessions, symbols};

const EARLIER: &str = "2025-06-27";

/// S000 splits, and pays, in the week before the as-of date.
fn market() -> Market {
    let split = market::Split { date: day("2025-06-26"), from: 1.0, to: 4.0 };
    let listing = Listing::generated("S000", &sessions(40), &[split]).dividend(day("2025-06-24"), 0.5);
    Market::open(exchange(&symbols(1), 40).list(listing))
}

fn sync(fixture: &Fixture, market: &Market, providers: &[&str], as_of: &str, more: &[&str]) -> Run {
    let mut command = fixture.command(market, providers);
    let morning = day(as_of).succ_opt().unwrap();
    command.env("SIGMA_NOW", format!("{morning}T12:00:00Z"));
    command.args(["prices", "--as-of", as_of, "--window", "20"]).args(more);
    Run::new(command.output().unwrap())
}

fn history(fixture: &Fixture) -> PriceHistory {
    fixture.histories().remove("S000").unwrap()
}

fn split(date: &str) -> Split {
    Split { date: day(date), from: 1.0, to: 4.0 }
}

fn paid(date: &str) -> Dividend {
    Dividend { ex_date: day(date), amount: 0.5 }
}

/// Answers about splits and dividends have other dates; where Polygon is down, those of FMP.
fn redate(market: &Market, is_polygon_down: bool, dates: &'static [(&'static str, &'static str)]) {
    let listed = market.exchange.clone();
    market.answer(move |request: &Request| {
        let is_polygon = request.path.starts_with("/v2/") || request.path.starts_with("/stocks/");
        if is_polygon && is_polygon_down {
            return Some(Reply::text(503, "down"));
        }
        let is_action = request.path.ends_with("/splits") || request.path.ends_with("/dividends");
        is_action.then(|| {
            let body = String::from_utf8(listed.reply(request).body().to_vec()).unwrap();
            Reply::json(200, dates.iter().fold(body, |body, (from, to)| body.replace(from, to)))
        })
    });
}

#[test]
fn what_one_provider_has_told_another_one_does_not_tell_again_on_another_day() {
    let (fixture, market) = (Fixture::new(&symbols(1)), market());
    sync(&fixture, &market, &["polygon", "fmp"], EARLIER, &[]).ends(0);
    assert_eq!(
        (history(&fixture).splits, history(&fixture).dividends),
        (vec![split("2025-06-26")], vec![paid("2025-06-24")])
    );
    // Polygon is down, and FMP dates both a day later.
    redate(&market, true, &[("2025-06-26", "2025-06-27"), ("2025-06-24", "2025-06-25")]);
    sync(&fixture, &market, &["polygon", "fmp"], AS_OF, &[]).ends(0);
    assert_eq!(
        (history(&fixture).splits, history(&fixture).dividends),
        (vec![split("2025-06-26")], vec![paid("2025-06-24")])
    );
    assert_eq!(history(&fixture).bars.last().unwrap().date, day(AS_OF));
}

#[test]
fn a_provider_that_moves_a_dividend_has_told_it_once() {
    let (fixture, market) = (Fixture::new(&symbols(1)), market());
    sync(&fixture, &market, &["polygon"], EARLIER, &[]).ends(0);
    redate(&market, false, &[("2025-06-24", "2025-06-30")]);
    let run = sync(&fixture, &market, &["polygon"], AS_OF, &[]);
    run.ends(0).says("Polygon does not tell the dividend of 0.5 on 2025-06-24 any more: it is taken out");
    assert_eq!(history(&fixture).dividends, [paid("2025-06-30")]);
    assert_eq!(history(&fixture).splits, [split("2025-06-26")], "told as before");
}

/// Polygon tells a split on the last session that never comes.
fn tell_a_split_that_is_none(market: &Market) {
    market.answer(|request| {
        request.path.ends_with("/v1/splits").then(|| {
            let rows = r#"[{"id":"E1","ticker":"S000","execution_date":"2025-06-27","split_from":1,"split_to":30,"adjustment_type":"forward_split"}]"#;
            Reply::json(200, format!(r#"{{"status":"OK","request_id":"1","results":{rows}}}"#))
        })
    });
}

#[test]
fn a_split_that_is_taken_back_is_taken_out_and_its_good_bars_are_stored() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    tell_a_split_that_is_none(&market);
    sync(&fixture, &market, &["polygon"], EARLIER, &[]).ends(3).says("is a move by a factor of");
    assert_eq!(history(&fixture).splits, [Split { to: 30.0, ..split(EARLIER) }]);
    market.heal();
    let run = sync(&fixture, &market, &["polygon"], AS_OF, &[]);
    run.ends(0).says("Polygon does not tell the 30-for-1 split of 2025-06-27 any more: it is taken out");
    assert!(!run.stderr.contains("apply-split"), "{}", run.stderr);
    let history = history(&fixture);
    assert_eq!((history.splits, history.bars.len()), (vec![], 22 + 1));
}

#[test]
fn a_split_that_was_applied_to_a_position_is_kept_and_what_to_do_is_told() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    tell_a_split_that_is_none(&market);
    sync(&fixture, &market, &["polygon"], EARLIER, &[]);
    let id = fixture.store(async |store| {
        let portfolio = store.portfolios(&[]).await.unwrap()[0].id;
        let position = store.positions(&[portfolio]).await.unwrap().remove(0);
        store.split_position(position.id, day(EARLIER), 3000.0, 50.0 / 30.0).await.unwrap();
        position.id
    });
    market.heal();
    let run = sync(&fixture, &market, &["polygon"], AS_OF, &[]);
    run.says(&format!("applied to position {id}")).says(&format!("apply-split {id} --undo"));
    assert_eq!(history(&fixture).splits, [Split { to: 30.0, ..split(EARLIER) }]);
    fixture.store(async |store| store.unsplit_position(id).await.unwrap());
    sync(&fixture, &market, &["polygon"], AS_OF, &["--refresh"]).ends(0).says("it is taken out");
    assert_eq!(history(&fixture).splits, []);
}
