//! Yields: their publisher stands before everybody else.

use chrono::NaiveDate;
use sigma_testkit::fake::{Reply, Request};

use super::fixture::{AS_OF, Fixture, Market, Run, day, exchange, sessions, symbols};

/// A session without a bond market.
const CLOSED: &str = "2025-06-11";

/// A market whose yields are published on the next day, and a closure of the bond market among the sessions.
fn published() -> Market {
    let market = exchange(&symbols(1), 40);
    let value = |date: NaiveDate| (date != day(CLOSED)).then_some(3.33);
    let yields: Vec<_> =
        sessions(40).into_iter().filter(|date| *date < day(AS_OF)).map(|date| (date, value(date))).collect();
    Market::open(market.rates("DGS3MO", yields.clone()).rates("DGS10", yields))
}

/// The provider after the publisher tells other yields; the publisher may be down.
fn tell_others(market: &Market, is_down: bool) {
    let listed = market.exchange.clone();
    market.answer(move |request: &Request| {
        if request.path.contains("/graph/") {
            return is_down.then(|| Reply::text(500, "busy"));
        }
        (request.path == "/stable/treasury-rates").then(|| {
            let body = String::from_utf8(listed.reply(request).body().to_vec()).unwrap();
            Reply::json(200, body.replace("3.33", "4.1"))
        })
    });
}

fn rates(fixture: &Fixture, market: &Market, more: &[&str]) -> Run {
    let mut command = fixture.command(market, &["fmp"]);
    command.env("SIGMA_NOW", format!("{AS_OF}T22:00:00Z"));
    command.args(["rates", "--as-of", AS_OF, "--window", "20"]).args(more);
    Run::new(command.output().unwrap())
}

/// The values that are stored of a series.
fn stored(fixture: &Fixture) -> Vec<f64> {
    let series = ["DGS10".to_owned()];
    let rates =
        fixture.store(async |store| store.rates(&series, day("2025-01-01"), day(AS_OF)).await.unwrap());
    rates["DGS10"].iter().map(|point| point.percent).collect()
}

#[test]
fn another_provider_only_fills_what_the_publisher_has_not() {
    let (fixture, market) = (Fixture::new(&symbols(1)), published());
    tell_others(&market, false);
    for _ in 0..3 {
        // From the second run of the evening on, the publisher has nothing of what is missing.
        rates(&fixture, &market, &[]).ends(0);
        let values = stored(&fixture);
        assert!(values.len() == 20 && values.iter().all(|value| *value == 3.33), "{values:?}");
    }
    let earlier = |target: &&String| target.starts_with("/stable/") && target.contains("2025-06-1");
    assert_eq!(market.asked().iter().find(earlier), None, "the publisher has answered for them");
    // Asked for everything again while the publisher is down.
    tell_others(&market, true);
    rates(&fixture, &market, &["--refresh"]);
    assert!(stored(&fixture).iter().all(|value| *value == 3.33));
}

#[test]
fn what_another_provider_stood_in_for_comes_from_the_publisher_later() {
    let (fixture, market) = (Fixture::new(&symbols(1)), published());
    tell_others(&market, true);
    rates(&fixture, &market, &[]).ends(0);
    assert!(stored(&fixture).iter().all(|value| *value == 4.1));
    tell_others(&market, false);
    rates(&fixture, &market, &[]).ends(0);
    assert!(stored(&fixture).iter().all(|value| *value == 3.33));
    // And is not asked for a third time.
    market.asked();
    rates(&fixture, &market, &[]).ends(0);
    let asked = market.asked();
    assert!(asked.iter().all(|target| !target.contains("cosd=2025-05")), "{asked:?}");
}
