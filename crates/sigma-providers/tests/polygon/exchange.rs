//! The client against a market whose prices as traded are known.

use chrono::{Days, NaiveDate};
use sigma_core::calendar::Calendar;
use sigma_providers::FaultKind;
use sigma_testkit::fake::market::{Listing, Split};
use sigma_testkit::fake::{Exchange, Provider, Reply};

use super::{KEY, ask, day, serve, symbols};

fn market() -> (Listing, Listing, Vec<NaiveDate>) {
    let sessions = Calendar::nyse().sessions_between(day("2025-02-03"), day("2025-11-04")).unwrap();
    let splits = [
        Split { date: day("2025-06-09"), from: 1.0, to: 4.0 },
        Split { date: day("2025-09-02"), from: 20.0, to: 1.0 },
    ];
    let split = Listing::generated("SPLT", &sessions, &splits).dividend(day("2025-05-12"), 1.5);
    (split, Listing::generated("BRK.B", &sessions, &[]), sessions)
}

#[tokio::test]
async fn bars_sessions_and_actions_agree_with_what_was_traded() {
    let (split, plain, sessions) = market();
    let exchange = Exchange::new().list(split.clone()).list(plain).require_key(Provider::Polygon, KEY);
    let (_server, polygon) = serve(move |request| exchange.reply(request));

    let series = polygon.bars(&ask("SPLT", "2025-01-01", "2025-11-04")).await.unwrap();
    let traded: Vec<_> =
        split.bars.iter().map(|bar| (bar.date, Some(bar.open), bar.close, Some(bar.volume))).collect();
    let found: Vec<_> = series.bars.iter().map(|bar| (bar.date, bar.open, bar.close, bar.volume)).collect();
    assert_eq!(found, traded);
    assert_eq!(found.len(), sessions.len());

    let session = polygon.session_bars(day("2025-05-12")).await.unwrap();
    assert_eq!(session.bars.keys().collect::<Vec<_>>(), ["BRK.B", "SPLT"]);
    assert!(series.bars.contains(&session.bars["SPLT"]));
    assert!(polygon.session_bars(day("2025-07-04")).await.unwrap().bars.is_empty());

    let found =
        polygon.actions(&symbols(&["SPLT", "BRK.B"]), day("2025-01-01"), day("2025-11-04")).await.unwrap();
    let splits: Vec<_> =
        found["SPLT"].splits.iter().map(|split| (split.date, split.from, split.to)).collect();
    assert_eq!(splits, [(day("2025-06-09"), 1.0, 4.0), (day("2025-09-02"), 20.0, 1.0)]);
    // As paid, not divided by the split that came later.
    assert_eq!(found["SPLT"].dividends[0].amount, 1.5);
    assert_eq!(found["BRK.B"], Default::default());

    assert_eq!(
        polygon.bars(&ask("NONE", "2025-01-01", "2025-11-04")).await.unwrap_err().kind,
        FaultKind::NoData
    );
    let closures = polygon.upcoming_closures().await.unwrap();
    assert!(closures.iter().any(|closure| closure.date == day("2025-11-27") && closure.is_closed));
}

#[tokio::test]
async fn a_short_plan_answers_with_less_and_that_is_no_fault() {
    let (split, _, _) = market();
    let exchange = Exchange::new().list(split);
    let first = day("2025-11-04") - Days::new(60);
    let (_server, polygon) = serve(move |request| {
        let target = request.target.replace("2025-01-01", &first.to_string());
        match exchange.reply(&sigma_testkit::fake::Request::get(&target)) {
            reply if reply.status() == 200 => reply,
            reply => Reply::text(reply.status(), reply.body()),
        }
    });
    let series = polygon.bars(&ask("SPLT", "2025-01-01", "2025-11-04")).await.unwrap();
    assert_eq!(series.bars[0].date, day("2025-09-05"));
    assert!(series.problems.is_empty());
}
