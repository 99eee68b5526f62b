//! The demo books with loadings and Greeks of their last session, but for an instrument and a contract that what-ifs
//! have to work out themselves.

use std::collections::{BTreeSet, HashMap};

use assert_cmd::Command;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::analytics::contracts::Inputs;
use sigma_core::analytics::factor_fit::FitSpec;
use sigma_core::analytics::factor_model::{
    DEFAULT_METHOD, ReturnPanel, covariance_method, factor_covariance, fit_date,
};
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    ExerciseStyle, FactorFit, GreeksRow, Instrument, InstrumentKind, OptionKind, OptionTerms,
};
use sigma_store::{NewInstrument, NewPosition, NewRun, Scope, Store};
use sigma_testkit::demo_store::DemoStore;

use super::{close, json, measure};

const AS_OF: &str = "2025-06-30";
const CALL: &str = "SPY250919C00460000";
const SHARE: &str = "TSLA";

struct Computed {
    fits: Vec<(i64, FactorFit)>,
    greeks: Vec<GreeksRow>,
    by_symbol: HashMap<String, Instrument>,
}

fn as_of() -> NaiveDate {
    AS_OF.parse().unwrap()
}

/// Computes and stores; without what belongs to `left_out`.
async fn engines(store: &mut Store, left_out: &[&str]) -> Computed {
    let calendar = Calendar::nyse();
    let instruments = store.instruments().await.unwrap();
    let definitions = store.factors().await.unwrap();
    let spec = FitSpec::default();
    let warm_up = calendar.sessions_back(as_of(), spec.window).unwrap();
    let market = store.market(&instruments, warm_up, as_of()).await.unwrap();
    let rates = store.rates(&[], warm_up, as_of()).await.unwrap();
    let sessions = calendar.sessions_between(warm_up, as_of()).unwrap();
    let panel = ReturnPanel::new(&market, &rates, &definitions, sessions.clone());
    let shares: Vec<&Instrument> = instruments.iter().filter(|i| !i.is_option()).collect();
    let fits = fit_date(&panel, &definitions, &shares, as_of(), spec).unwrap().value;
    let contracts: BTreeSet<i64> = instruments.iter().filter(|i| i.is_option()).map(|i| i.id).collect();
    let greeks = Inputs::new(instruments.clone(), market, rates, sessions)
        .greeks(&contracts, calendar, as_of())
        .unwrap();

    let day = Scope::all(as_of(), as_of());
    let run = NewRun {
        tool: "test".into(),
        verb: "run".into(),
        as_of: Some(as_of()),
        from: None,
        parameters: serde_json::json!({}),
        version: "test".into(),
        username: "test".into(),
        started_at: "2025-07-01T12:00:00Z".into(),
    };
    let run = store.begin_run(run).await.unwrap();
    let by_symbol: HashMap<String, Instrument> =
        instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect();
    let is_left_out = |id: i64| left_out.iter().any(|symbol| by_symbol[*symbol].id == id);
    let kept_fits =
        fits.iter().filter(|(id, _)| !is_left_out(*id)).map(|(id, fit)| (*id, as_of(), fit.clone()));
    store.save_factor_fits(run, &day, DEFAULT_METHOD, kept_fits.collect()).await.unwrap();
    let kept_greeks = greeks.iter().filter(|row| !is_left_out(row.instrument_id)).cloned();
    store.save_greeks(run, &day, kept_greeks.collect()).await.unwrap();
    let covariance = factor_covariance(&panel, as_of(), spec).unwrap();
    store
        .save_factor_matrices(run, as_of(), as_of(), &covariance_method(spec.window), vec![covariance])
        .await
        .unwrap();
    Computed { fits, greeks, by_symbol }
}

fn tool(demo: &DemoStore, args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("sigma-stress")
        .unwrap()
        .current_dir(demo.dir.path())
        .env_clear()
        .env("DATABASE_URL", &demo.url)
        .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn what_if(demo: &DemoStore, portfolio: &str, trades: &str) -> (Value, String) {
    std::fs::write(demo.dir.path().join("trades.csv"), trades).unwrap();
    let (code, stdout, stderr) =
        tool(demo, &["what-if", "trades.csv", "--portfolio", portfolio, "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    (json(&stdout), stderr)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_engine_has_stored_is_computed_in_memory() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let computed = engines(&mut demo.store, &[CALL, SHARE]).await;
    let trades = format!("symbol,action,quantity\n{CALL},BUY,5\n{SHARE},SHORT,100\n");
    let (document, stderr) = what_if(&demo, "demo-hnw", &trades);
    for symbol in [CALL, SHARE] {
        assert!(stderr.contains(symbol) && stderr.contains("computed for this answer only"), "{stderr}");
    }
    let nav = measure(&document, "value", "", "nav_usd");
    close(&nav["change"], 0.0);

    let id = |symbol: &str| computed.by_symbol[symbol].id;
    let row = computed.greeks.iter().find(|row| row.instrument_id == id(CALL)).unwrap();
    let greeks = row.greeks.as_ref().unwrap();
    close(&measure(&document, "greeks", "", "vega_usd_per_point")["change"], 500.0 * greeks.vega_per_point);
    let delta_dollars = 500.0 * greeks.delta * greeks.spot;
    let loading = |symbol: &str, factor: &str| {
        let (_, fit) = computed.fits.iter().find(|(fitted, _)| *fitted == id(symbol)).unwrap();
        fit.known_loading(factor).unwrap()
    };
    let short = document["tables"]["trades"][1]["amount_usd"].as_f64().unwrap();
    for factor in ["Market", "Value", "Rates"] {
        let expected = delta_dollars * loading("SPY", factor) + short * loading(SHARE, factor);
        close(&measure(&document, "factors", factor, "dollar_exposure_usd")["change"], expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_books_go_through_every_engine() {
    let mut demo = DemoStore::with_market().await.unwrap();
    engines(&mut demo.store, &[]).await;
    let (code, _, stderr) = tool(&demo, &["run", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{stderr}");
    let (_, shown, _) = tool(&demo, &["show", "--format", "json"]);
    for portfolio in ["demo-individual", "demo-hnw", "demo-hedgefundstyle"] {
        let (document, _) =
            what_if(&demo, portfolio, "symbol,action,dollars\nSPY,SHORT,50000\nAAPL,BUY,20000\n");
        close(&measure(&document, "value", "", "nav_usd")["change"], 0.0);
        let rows = json(&shown)["rows"].as_array().unwrap().clone();
        for row in rows.iter().filter(|row| row["portfolio"] == portfolio) {
            for key in ["direct_pnl_usd", "correlated_pnl_usd"] {
                let found = measure(&document, "stress", row["scenario"].as_str().unwrap(), key);
                close(&found["before"], row[key].as_f64().unwrap());
            }
        }

        let targets =
            ["--target", "market_beta=0.1", "--target", "factor:Value=0", "--target", "beta:Momentum=0"];
        let ask = [
            "hedge",
            "--portfolio",
            portfolio,
            "--with",
            "SPY,VTV,MTUM,VUG",
            "--format",
            "csv",
            "--fractional",
        ];
        let (code, trades, stderr) = tool(&demo, &[&ask[..], &targets[..]].concat());
        assert_eq!(code, 0, "{stderr}");
        std::fs::write(demo.dir.path().join("hedge.csv"), trades).unwrap();
        let args = ["what-if", "hedge.csv", "--portfolio", portfolio, "--format", "json", "--fractional"];
        let (code, stdout, stderr) = tool(&demo, &args);
        assert_eq!(code, 0, "{stderr}");
        let hedged = json(&stdout);
        for (factor, key, target) in
            [("Market", "beta", 0.1), ("Value", "dollar_exposure_usd", 0.0), ("Momentum", "beta", 0.0)]
        {
            close(&measure(&hedged, "factors", factor, key)["after"], target);
        }
    }
}

const NEW_CALL: &str = "SPY250919C00700000";
const NEW_PUT: &str = "SPY250919P00555000";
const HELD: &str = "AAPL250919C00300000";

/// A contract that is held and never quoted.
async fn hold_unquoted(store: &mut Store) {
    let contract = NewInstrument {
        kind: Some(InstrumentKind::Option),
        option: Some(OptionTerms {
            underlying: "AAPL".into(),
            kind: OptionKind::Call,
            strike: 300.0,
            expiry: "2025-09-19".parse().unwrap(),
            style: ExerciseStyle::American,
            standard_deliverable: true,
        }),
        ..NewInstrument::of_symbol(HELD)
    };
    let instrument_id = store.upsert_instruments(vec![contract]).await.unwrap().ids[HELD];
    let portfolio_id = store.portfolios(&["demo-hnw".to_owned()]).await.unwrap()[0].id;
    let position = NewPosition {
        portfolio_id,
        instrument_id,
        quantity: 3.0,
        entry_price: 1.0,
        entry_date: as_of(),
        exit: None,
    };
    store.add_position(position).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_stored_or_not_quoted_is_valued_all_the_same() {
    let mut demo = DemoStore::with_market().await.unwrap();
    hold_unquoted(&mut demo.store).await;
    let computed = engines(&mut demo.store, &[]).await;
    let trades =
        format!("symbol,action,quantity,price\n{NEW_CALL},BUY,2,\n{NEW_PUT},BUY,1,27.5\n{HELD},BUY,1,\n");
    let (document, stderr) = what_if(&demo, "demo-hnw", &trades);
    for told in [
        format!("{NEW_CALL}: no quote: valued at its model price"),
        format!("{NEW_PUT}: no price of the close: valued at the stated 27.5"),
        format!("{HELD}: no quote: valued at its model price"),
    ] {
        assert!(stderr.contains(&told), "{told}: {stderr}");
    }
    let rows = document["tables"]["trades"].as_array().unwrap();
    let from: Vec<&str> = rows.iter().map(|row| row["price_from"].as_str().unwrap()).collect();
    assert_eq!(from, ["model", "stated", "model"]);
    close(&measure(&document, "value", "", "nav_usd")["change"], 0.0);
    let bought: f64 = rows.iter().map(|row| row["amount_usd"].as_f64().unwrap()).sum();
    close(&measure(&document, "exposures", "", "gross_usd")["change"], bought);
    assert!(measure(&document, "greeks", "", "vega_usd_per_point")["change"].as_f64().unwrap() > 0.0);
    let id = computed.by_symbol[HELD].id;
    let row = computed.greeks.iter().find(|row| row.instrument_id == id).unwrap();
    close(&rows[2]["price_usd"], row.greeks.as_ref().unwrap().model_price);

    let stored = ["what-if", "trades.csv", "--portfolio", "demo-hnw", "--to-portfolio", "more"];
    assert_eq!(tool(&demo, &stored).0, 0);
    let made = demo.store.instruments_by_symbol(&[NEW_CALL.to_owned()]).await.unwrap();
    assert_eq!(made[0].option.as_ref().map(|terms| terms.underlying.as_str()), Some("SPY"));

    // What stays unknown says how it could be counted.
    std::fs::write(
        demo.dir.path().join("bad.csv"),
        "symbol,action,quantity\nZZZZ,BUY,1\nZZZZ250919C00010000,BUY,1\nVIX,BUY,1\n",
    )
    .unwrap();
    let (code, told, _) = tool(&demo, &["what-if", "bad.csv", "--portfolio", "demo-hnw", "--format", "csv"]);
    assert_eq!(code, 2);
    for text in ["state a price", "neither it nor what it is written on", "an index cannot be traded"] {
        assert!(told.contains(text), "{text}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stated_price_is_where_scenarios_begin() {
    let mut demo = DemoStore::with_market().await.unwrap();
    hold_unquoted(&mut demo.store).await;
    engines(&mut demo.store, &[]).await;
    // Far from what the volatility of the underlying gives; the last is held, with stored Greeks of that volatility.
    let asked = [(NEW_CALL, 100.0, 0.02), ("AAPL250919P00190000", 100.0, 0.5), (HELD, 50.0, 0.25)];
    let rows: String = asked.iter().map(|(s, q, p)| format!("{s},BUY,{q},{p}\n")).collect();
    let (_, stderr) = what_if(&demo, "demo-hnw", &format!("symbol,action,quantity,price\n{rows}"));
    assert!(stderr.contains("valued at the stated 0.5, volatility"), "{stderr}");
    assert_eq!(stderr.matches("% (implied_stated)").count(), 3, "{stderr}");
    for scenario in ["market_rally_25", "market_crash_35"] {
        let ask = ["show", "--what-if", "trades.csv", "--portfolio", "demo-hnw", "--positions"];
        let (code, stdout, stderr) =
            tool(&demo, &[&ask[..], &["--scenario", scenario, "--format", "json"]].concat());
        assert_eq!(code, 0, "{stderr}");
        let shown = json(&stdout);
        for (symbol, _, price) in asked {
            let of_symbol = shown["rows"].as_array().unwrap().iter().filter(|row| row["symbol"] == symbol);
            for row in of_symbol {
                let paid = row["market_value_usd"].as_f64().unwrap();
                assert!(paid % (100.0 * price) < 1e-6, "{row}");
                for key in ["direct_pnl_usd", "correlated_pnl_usd"] {
                    assert!(row[key].as_f64().unwrap() >= -paid - 1e-6, "{row}");
                }
            }
        }
    }
    // Prices that no volatility gives: under the intrinsic value, and over what the contract can ever be worth.
    std::fs::write(
        demo.dir.path().join("bad.csv"),
        "symbol,action,quantity,price\nAAPL250919P00240000,BUY,100,2\nAAPL250919C00240000,BUY,1,1000\nSPY,BUY,1,\n",
    )
    .unwrap();
    let (code, told, _) = tool(&demo, &["what-if", "bad.csv", "--portfolio", "demo-hnw", "--format", "csv"]);
    assert_eq!(code, 2);
    for line in [
        "2,price,2,\"not above 15.0000,",
        "3,price,1000,\"not below 224.7804,",
        "the least that the contract is worth at any volatility",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_on_volatility_hedge_nothing() {
    let mut demo = DemoStore::with_market().await.unwrap();
    engines(&mut demo.store, &[]).await;
    let ask = ["hedge", "--portfolio", "demo-hedgefundstyle", "--target", "beta=0", "--with"];
    let (code, _, told) = tool(&demo, &[&ask[..], &["VIX250716C00025000"]].concat());
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("VIX250716C00025000 cannot hedge: it stands for volatility itself"), "{told}");
    let (code, _, told) = tool(&demo, &[&ask[..], &["VIX"]].concat());
    assert_eq!((code, told.contains("1 problem")), (2, true), "{told}");
    // The position in the book is named; it is no gap, for no factor moves it.
    let (code, _, told) = tool(&demo, &[&ask[..], &["SPY"]].concat());
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("factor_proxy: VIX250716C00025000"), "{told}");
}
