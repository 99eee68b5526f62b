//! A plan with fewer requests a day than a book has symbols: each day brings some of them whole, until all are.

use std::collections::BTreeSet;

use sigma_core::model::Dataset;

use crate::fixture::{Fixture, Market, Run, exchange, symbols};

/// Sessions of the last week of the listings.
const DAYS: [&str; 4] = ["2025-06-25", "2025-06-26", "2025-06-27", "2025-06-30"];

/// Symbols with bars, and with all their splits and dividends.
fn whole(fixture: &Fixture) -> (usize, usize) {
    let histories = fixture.histories().into_values();
    let with_bars = histories.filter(|history| !history.bars.is_empty()).count();
    let fetches = fixture.store(async |store| store.fetches().await.unwrap());
    let actions = fetches.iter().filter(|fetch| fetch.dataset == Dataset::Actions && fetch.outcome == "ok");
    (with_bars, actions.map(|fetch| fetch.subject.as_str()).collect::<BTreeSet<_>>().len())
}

#[test]
fn a_daily_quota_brings_prices_first_and_completes_the_book_over_days() {
    let names = symbols(10);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let mut reached = Vec::new();
    for day in DAYS {
        let _ = std::fs::remove_dir_all(fixture.dir.path().join("state"));
        market.exchange.set_today(day.parse().unwrap());
        let mut command = fixture.command(&market, &["fmp"]);
        command.env("SIGMA_FMP_LIMIT", "100/1s,20/day").env("SIGMA_PROVIDER_WAIT_SECONDS", "1");
        command.env("SIGMA_NOW", format!("{day}T23:00:00Z"));
        command.args(["prices", "--as-of", day, "--window", "10"]);
        let run = Run::new(command.output().unwrap());
        assert!(matches!(run.code, 0 | 5), "{}", run.stderr);
        assert!(market.asked().len() <= 20);
        reached.push(whole(&fixture));
    }
    // Prices and splits of nine or ten symbols, by what was on its way at the end; then of the others, three of which are
    // only asked for in case they are offered.
    assert!(reached[0].0 >= 8 && reached[0].1 == 0, "{reached:?}");
    assert_eq!(reached[1].0, 14);
    assert!(reached[1].1 > 0, "{reached:?}");
    assert_eq!(reached[3], (14, 11), "{reached:?}");
}
