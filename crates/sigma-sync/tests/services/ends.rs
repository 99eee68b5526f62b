//! What a run ends with: what keeps prices away is neither hidden by a remark nor by a price of the day.

use sigma_store::{NewPortfolio, NewPosition};
use sigma_testkit::fake::{Reply, Request};

use crate::fixture::{Fixture, Market, day, exchange, symbols};

fn is_history(request: &Request) -> bool {
    request.path.contains("/historical-price-eod/")
}

fn premium(parameter: &str) -> Reply {
    let said = format!(
        "Premium Query Parameter: 'Special Endpoint : This value set for '{parameter}' is not available under your \
         current subscription please visit our subscription page to upgrade your plan"
    );
    Reply::text(402, said)
}

#[test]
fn a_remark_does_not_hide_that_bars_are_missing() {
    let names = symbols(1);
    for with_a_row_that_is_none in [false, true] {
        let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
        let listed = market.exchange.clone();
        market.answer(move |request| {
            request.path.contains("/aggs/ticker/S000/").then(|| {
                let mut body: serde_json::Value =
                    serde_json::from_slice(listed.reply(request).body()).unwrap();
                let rows = body["results"].as_array_mut().unwrap();
                (rows[7]["c"], rows[8]["c"]) = ((-5.0).into(), (-5.0).into());
                if with_a_row_that_is_none {
                    rows[11]["c"] = serde_json::Value::Null;
                }
                Reply::json(200, body.to_string())
            })
        });
        let run = fixture.sync(&market, &["polygon"], "prices", &[]);
        run.ends(3).says("bars in quarantine (not_positive)");
    }
}

#[test]
fn the_price_of_the_day_is_no_history() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(|request| is_history(request).then(|| premium("symbol")));
    let refused = fixture.sync(&market, &["fmp"], "run", &[]);
    refused.ends(4).says("no daily bar at all (held), only the last price of 2025-06-30");
    refused.says("sufficient=0/3").says("PlanSymbol (FMP 402)");
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(|request| is_history(request).then(|| Reply::json(200, "[]")));
    fixture.sync(&market, &["fmp"], "run", &[]).ends(3).says("no daily bar at all");
}

#[test]
fn a_plan_that_does_not_reach_back_to_the_opening_gives_what_it_has() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    fixture.store(async |store| {
        let user_id = store.users().await.unwrap()[0].id;
        let portfolio = NewPortfolio {
            user_id,
            slug: "old".into(),
            name: "Old".into(),
            currency: "USD".into(),
            opened_on: day("2018-06-04"),
            is_demo: false,
        };
        let portfolio_id = store.upsert_portfolio(portfolio).await.unwrap().id;
        let instrument_id = store.instruments_by_symbol(&names).await.unwrap()[0].id;
        let entry_date = day("2018-06-04");
        let (quantity, entry_price) = (10.0, 50.0);
        let new = NewPosition { portfolio_id, instrument_id, quantity, entry_price, entry_date, exit: None };
        store.add_position(new).await.unwrap();
    });
    market.answer(|request| {
        (is_history(request) && request.query("from") < Some("2020-07-01")).then(|| premium("from"))
    });
    let run = fixture.sync(&market, &["fmp"], "prices", &[]);
    run.ends(0).says("sufficient=2/2").says("nothing before 2023-06-");
    assert_eq!(fixture.histories()["S000"].bars.len(), 40);
}
