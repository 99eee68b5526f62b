//! Several providers and one run: who is asked for what, and what is made of their answers.

use std::os::unix::fs::PermissionsExt;

use chrono::NaiveDate;
use sigma_core::model::{Dataset, InstrumentKind, PriceHistory};
use sigma_store::{NewInstrument, NewPortfolio, NewPosition};
use sigma_testkit::fake::market::{Kind, Listing};
use sigma_testkit::fake::{Reply, Request};

use crate::fixture::{AS_OF, CANARY, Fixture, Market, Run, day, exchange, sessions, symbols};

fn close_on(market: &Market, symbol: &str, date: NaiveDate) -> f64 {
    let listing = market.exchange.listing(symbol).unwrap();
    listing.bars.iter().find(|bar| bar.date == date).unwrap().close
}

fn sources(history: &PriceHistory) -> Vec<(NaiveDate, &str)> {
    history.bars.iter().map(|bar| (bar.date, bar.source.as_str())).collect()
}

#[test]
fn a_fund_is_asked_for_where_funds_are_known() {
    let names = vec!["S000".to_owned(), "VFIAX".to_owned()];
    for other in ["fmp", "tiingo"] {
        let fund =
            Listing::generated("VFIAX", &sessions(40), &[]).profile(|profile| profile.kind = Kind::Fund);
        let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40).list(fund)));
        let run = fixture.sync(&market, &["polygon", other], "run", &[]);
        run.ends(0).says("missing=0").says("sufficient=3/3");
        let asked = market.asked();
        let of_polygon = |target: &&String| target.starts_with("/v") || target.starts_with("/stocks");
        let wrong: Vec<_> = asked.iter().filter(of_polygon).filter(|t| t.contains("VFIAX")).collect();
        assert_eq!(wrong, [""; 0], "Polygon knows no funds");
        let histories = fixture.histories();
        assert!(histories["VFIAX"].bars.iter().all(|bar| bar.source == other));
        assert_eq!(histories["VFIAX"].bars.len(), 22);
        assert!(histories["S000"].bars.iter().all(|bar| bar.source == "polygon"));
        if other == "fmp" {
            let instruments = fixture.store(async |store| store.instruments().await.unwrap());
            let fund = instruments.iter().find(|known| known.symbol == "VFIAX").unwrap();
            assert_eq!(fund.kind, InstrumentKind::MutualFund);
        }
    }
}

/// A book that has held FB since 2021, when that was its symbol. Another FB is traded today.
#[test]
fn a_renamed_company_is_asked_for_by_its_new_symbol() {
    for provider in ["polygon", "fmp", "tiingo", "yahoo"] {
        let names = symbols(8);
        let listed = [names.clone(), vec!["META".to_owned(), "FB".to_owned()]].concat();
        let paying = Listing::generated("META", &sessions(40), &[]).dividend(day("2025-06-10"), 0.5);
        let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&listed, 40).list(paying)));
        let entry_date = day("2021-03-01");
        fixture.store(async |store| {
            let user_id = store.users().await.unwrap()[0].id;
            let new = NewPortfolio {
                user_id,
                slug: "old".into(),
                name: "Old".into(),
                currency: "USD".into(),
                opened_on: day("2025-06-02"),
                is_demo: false,
            };
            let portfolio_id = store.upsert_portfolio(new).await.unwrap().id;
            let new = vec![NewInstrument::of_symbol("FB")];
            let instrument_id = store.upsert_instruments(new).await.unwrap().ids["FB"];
            let (quantity, entry_price) = (10.0, 260.0);
            let new =
                NewPosition { portfolio_id, instrument_id, quantity, entry_price, entry_date, exit: None };
            store.add_position(new).await.unwrap();
        });
        let as_meta = |histories: &std::collections::BTreeMap<String, PriceHistory>, count: usize| {
            let bars = &histories["FB"].bars;
            assert_eq!(bars.len(), count, "{provider}");
            assert!(bars.iter().all(|bar| bar.close == close_on(&market, "META", bar.date)), "{provider}");
            let paid: Vec<_> = histories["FB"].dividends.iter().map(|paid| paid.ex_date).collect();
            assert_eq!(paid, [day("2025-06-10")], "{provider}");
        };
        // The last three sessions come by another way: they are asked for with those of all other symbols.
        let morning = |fixture: &Fixture, as_of: &str| {
            let mut command = fixture.command(&market, &[provider]);
            command.env("SIGMA_NOW", format!("{}T12:00:00Z", day(as_of).succ_opt().unwrap()));
            command.args(["run", "--as-of", as_of, "--window", "18"]);
            Run::new(command.output().unwrap())
        };
        morning(&fixture, "2025-06-26").says("FB trades as META since 2022-06-09").says("missing=0");
        as_meta(&fixture.histories(), 20);
        morning(&fixture, AS_OF).says("missing=0");
        as_meta(&fixture.histories(), 22);
        if provider == "polygon" {
            let fetches = fixture.store(async |store| store.fetches().await.unwrap());
            let is_of = |f: &&sigma_store::Fetch| f.subject == "FB" && f.dataset == Dataset::Prices;
            let fetch = fetches.iter().find(is_of).unwrap();
            let first = fixture.histories()["FB"].bars[0].date;
            assert_eq!((fetch.from, fetch.to), (Some(first), day(AS_OF)), "one answer continues the other");
        }
        let asked = market.asked();
        let is_old = |target: &&String| {
            target.split(['/', '?', '&', '=', ',']).any(|part| part == "FB") || target.contains("%2CFB")
        };
        assert_eq!(asked.iter().find(is_old), None, "{provider}");
        if provider == "polygon" {
            assert!(asked.iter().any(|target| target.contains("/grouped/")), "{asked:?}");
        }
    }
}

#[test]
fn yields_need_no_key() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    fixture.sync(&market, &["polygon"], "rates", &[]).ends(0).says("missing=0");
    let asked = market.asked();
    assert!(asked.iter().all(|target| target.starts_with("/graph/fredgraph.csv")), "{asked:?}");
    let rates = fixture.store(async |store| store.rates(&[], day("2025-01-01"), day(AS_OF)).await.unwrap());
    assert_eq!(rates.len(), 2);
    assert!(
        rates.values().all(|points| points.len() == 22 && points.iter().all(|point| point.percent == 4.25))
    );
}

#[test]
fn a_named_provider_is_asked_alone() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let run = fixture.sync(&market, &["polygon", "fmp", "tiingo"], "prices", &["--provider", "tiingo"]);
    run.ends(0).says("missing=0");
    let asked = market.asked();
    assert!(!asked.is_empty() && asked.iter().all(|target| target.starts_with("/tiingo/")), "{asked:?}");
    let run = fixture.sync(&market, &["polygon"], "prices", &["--provider", "fmp"]);
    run.ends(4).says("SIGMA_FMP_API_KEY");
    assert_eq!(market.asked(), [""; 0]);
}

#[test]
fn without_a_key_and_without_a_folder_nothing_is_asked() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let run = fixture.sync(&market, &[], "run", &[]);
    run.ends(2)
        .says("no provider is configured")
        .says("SIGMA_POLYGON_API_KEY")
        .says("--provider file --path");
    assert_eq!(market.asked(), [""; 0]);
}

#[test]
fn a_folder_beside_services_fills_what_they_left_open() {
    let names = symbols(2);
    let gaps = [day("2025-06-11"), day("2025-06-12")];
    let mut holed = Listing::generated("S001", &sessions(40), &[]);
    let whole = holed.bars.clone();
    holed.bars.retain(|bar| !gaps.contains(&bar.date));
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40).list(holed)));
    let folder = fixture.dir.path().join("market");
    std::fs::create_dir(&folder).unwrap();
    // The folder's closes are a little higher, to tell them apart.
    let row = |symbol: &str, date: NaiveDate, close: f64| format!("{symbol},{date},{:.4}\n", close * 1.001);
    let mut prices = "symbol,date,close\n".to_owned();
    for bar in &whole {
        prices += &row("S001", bar.date, bar.close);
        prices += &row("S000", bar.date, close_on(&market, "S000", bar.date));
    }
    std::fs::write(folder.join("prices.csv"), prices).unwrap();
    let mut command = fixture.command(&market, &["polygon"]);
    command.env("SIGMA_PROVIDER_PATH", &folder);
    command.args(["prices", "--as-of", AS_OF, "--window", "20"]);
    Run::new(command.output().unwrap()).ends(0).says("missing=0").says("sufficient=3/3");
    let histories = fixture.histories();
    assert!(histories["S000"].bars.iter().all(|bar| bar.source == "polygon"));
    assert_eq!(histories["S001"].bars.len(), 22);
    for (date, source) in sources(&histories["S001"]) {
        assert_eq!(source, if gaps.contains(&date) { "file" } else { "polygon" }, "{date}");
    }
}

#[test]
fn what_is_known_of_a_security_is_not_overwritten_by_blanks() {
    let names = symbols(1);
    let unknown = Listing::generated("S000", &sessions(40), &[]).profile(|profile| {
        (profile.sector, profile.industry, profile.shares_outstanding) = (None, None, None);
    });
    for provider in ["fmp", "polygon"] {
        let (fixture, market) =
            (Fixture::new(&names), Market::open(exchange(&names, 40).list(unknown.clone())));
        let known = NewInstrument {
            sector: Some("Energy".into()),
            industry: Some("Oil".into()),
            market_cap: Some(5e9),
            country: Some("US".into()),
            ..NewInstrument::of_symbol("S000")
        };
        fixture.store(async |store| store.upsert_instruments(vec![known]).await.unwrap());
        fixture.sync(&market, &[provider], "profiles", &[]).ends(0);
        let instruments = fixture.store(async |store| store.instruments().await.unwrap());
        let after = instruments.iter().find(|instrument| instrument.symbol == "S000").unwrap();
        assert_eq!(after.name.as_deref(), Some("S000 Industries Inc."), "{provider}: what is told is taken");
        assert!(after.exchange.is_some());
        assert_eq!(after.sector.as_deref(), Some("Energy"), "{provider}");
        assert_eq!((after.market_cap, after.country.as_deref()), (Some(5e9), Some("US")), "{provider}");
    }
}

#[test]
fn a_dividend_yield_is_what_was_paid() {
    let names = symbols(2);
    // Before the last year, twice within it, and after the as-of date.
    let paying = ["2024-06-20", "2024-09-20", "2025-06-20"]
        .into_iter()
        .fold(Listing::generated("S000", &sessions(300), &[]), |listing, date| {
            listing.dividend(day(date), 0.75)
        });
    for provider in ["polygon", "fmp"] {
        let market = Market::open(exchange(&names, 300).list(paying.clone()));
        let fixture = Fixture::new(&names);
        let mut command = fixture.command(&market, &[provider]);
        command.args(["run", "--as-of", AS_OF, "--window", "260"]);
        Run::new(command.output().unwrap()).ends(0);
        let instruments = fixture.store(async |store| store.instruments().await.unwrap());
        let stored = |symbol: &str| instruments.iter().find(|i| i.symbol == symbol).unwrap().dividend_yield;
        let expected = (1.0 + 1.5 / close_on(&market, "S000", day(AS_OF))).ln();
        let value = stored("S000").unwrap();
        assert!((value - expected).abs() < 1e-12, "{provider}: {value}, not {expected}");
        assert_eq!(stored("S001"), Some(0.0), "{provider}: nothing paid is a yield of zero");
    }
}

#[test]
fn a_quoted_yield_is_not_overwritten_by_a_list_without_dividends() {
    let names = symbols(1);
    let paying = Listing::generated("S000", &sessions(300), &[]).dividend(day("2025-03-20"), 0.75);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 300).list(paying)));
    let known = NewInstrument { dividend_yield: Some(0.031), ..NewInstrument::of_symbol("S000") };
    fixture.store(async |store| store.upsert_instruments(vec![known]).await.unwrap());
    let run = |more: &[&str]| {
        let mut command = fixture.command(&market, &["polygon"]);
        command.args(["run", "--as-of", AS_OF, "--window", "260"]).args(more);
        Run::new(command.output().unwrap()).ends(0);
        let stored =
            fixture.store(async |store| store.instruments_by_symbol(&["S000".into()]).await.unwrap());
        stored[0].dividend_yield.unwrap()
    };
    let nothing = r#"{"status":"OK","request_id":"1","results":[]}"#;
    market.answer(move |request| request.path.contains("dividends").then(|| Reply::json(200, nothing)));
    assert_eq!(run(&[]), 0.031);
    market.heal();
    let expected = (1.0 + 0.75 / close_on(&market, "S000", day(AS_OF))).ln();
    assert!((run(&["--refresh"]) - expected).abs() < 1e-12);
}

#[test]
fn where_a_plan_does_not_reach_the_next_provider_goes_on() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let reach = day("2025-06-13");
    // A plan of two years answers with what it has, and does not say that there is more.
    let short = names.iter().fold(exchange(&names, 40), |exchange, symbol| {
        let mut listing = Listing::generated(symbol, &sessions(40), &[]);
        listing.bars.retain(|bar| bar.date >= reach);
        exchange.list(listing)
    });
    market.answer(move |request: &Request| {
        request.path.contains("/v2/aggs/ticker/S00").then(|| short.reply(request))
    });
    let run = fixture.sync(&market, &["polygon"], "prices", &[]);
    run.says("sufficient=1/3").says("returns").says("Polygon: ok from 2025-05-2");
    let run = fixture.sync(&market, &["polygon", "fmp"], "prices", &[]);
    run.ends(0).says("missing=0").says("sufficient=3/3").says("backfilled=2");
    let histories = fixture.histories();
    for symbol in &names {
        assert_eq!(histories[symbol].bars.len(), 22);
        for (date, source) in sources(&histories[symbol]) {
            assert_eq!(source, if date < reach { "fmp" } else { "polygon" }, "{symbol} {date}");
        }
        let is_right = |bar: &sigma_core::model::PriceBar| {
            (bar.close / close_on(&market, symbol, bar.date) - 1.0).abs() < 1e-6
        };
        assert!(histories[symbol].bars.iter().all(is_right));
    }
    let rerun = fixture.sync(&market, &["polygon", "fmp"], "prices", &[]);
    rerun.ends(0).says("changed=0").says("backfilled=0");
}

#[test]
fn a_short_history_is_counted_and_backfilled_by_the_next_run() {
    let names = symbols(4);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    market.answer(|request: &Request| {
        request.path.contains("/ticker/S002/").then(|| Reply::text(500, "internal error"))
    });
    let run = fixture.sync(&market, &["polygon"], "prices", &[]);
    run.ends(3).says("missing=1").says("sufficient=4/5").says("backfilled=4");
    run.says("S002").says("Transient (Polygon 500)");
    market.heal();
    market.asked();
    let run = fixture.sync(&market, &["polygon"], "prices", &[]);
    run.ends(0).says("missing=0").says("sufficient=5/5").says("backfilled=1");
    let asked = market.asked();
    assert!(asked.len() == 1 && asked[0].contains("/ticker/S002/"), "{asked:?}");
}

#[test]
fn a_key_is_read_from_a_file_that_only_its_owner_may_read() {
    let names = symbols(1);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let file = fixture.dir.path().join("polygon.key");
    std::fs::write(&file, format!("{CANARY}\n")).unwrap();
    let run = |mode: u32| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut command = fixture.command(&market, &[]);
        command.env("SIGMA_POLYGON_API_KEY_FILE", &file);
        command.args(["prices", "--as-of", AS_OF, "--window", "20"]);
        let run = Run::new(command.output().unwrap());
        assert!(!run.stdout.contains(CANARY) && !run.stderr.contains(CANARY), "the key was told");
        run
    };
    run(0o644).ends(2).says("chmod 600").says("0644");
    assert_eq!(market.asked(), [""; 0]);
    run(0o600).ends(0).says("missing=0");
    let log = market.server.take_log();
    let bearer = format!("Bearer {CANARY}");
    assert!(!log.is_empty());
    assert!(log.iter().all(|logged| logged.request.header("authorization") == Some(&bearer)));
    assert!(log.iter().all(|logged| !logged.target_contains(CANARY)), "never in an address");
}
