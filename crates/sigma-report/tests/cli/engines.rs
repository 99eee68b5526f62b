//! What the engines store for the hand-made book on its last session.
//!
//! Greeks, loadings, covariance and correlations are given numbers; exposures to factors and scenarios come from the
//! core functions that the engines call, so that what is stored hangs together.

use std::collections::HashMap;

use serde_json::json;
use sigma_core::analytics::performance::{self, Day};
use sigma_core::analytics::positions::{self, PositionView};
use sigma_core::analytics::{factor_model, shocks::FactorShocks, stress};
use sigma_core::calendar::Calendar;
use sigma_core::model::*;
use sigma_store::*;

use crate::book::{AS_OF, CALL, PUT, date, factors};

fn greeks(instrument_id: i64, method: GreeksMethod, numbers: [f64; 5], prices: [f64; 2]) -> GreeksRow {
    let [delta, gamma, theta_per_day, vega_per_point, rho_per_point] = numbers;
    let greeks = OptionGreeks {
        spot: prices[0],
        market_price: Some(prices[1]),
        volatility: 0.2,
        volatility_source: VolatilitySource::Quoted,
        rate: 0.0425,
        dividend_yield: 0.0,
        years: 0.2,
        model_price: prices[1],
        delta,
        gamma,
        theta_per_day,
        vega_per_point,
        rho_per_point,
        flags: Vec::new(),
    };
    GreeksRow { instrument_id, as_of: date(AS_OF), method, greeks: Ok(greeks) }
}

fn fit(status: FitStatus, loadings: [f64; 3]) -> FactorFit {
    let is_estimated = status == FitStatus::Ok;
    let loading = |(factor, coefficient): (FactorDefinition, f64)| FactorLoading {
        factor: factor.name,
        coefficient,
        std_error: is_estimated.then_some(0.1),
        t_value: is_estimated.then_some(coefficient / 0.1),
        p_value: None,
        vif: None,
    };
    FactorFit {
        loadings: factors().into_iter().zip(loadings).map(loading).collect(),
        ..FactorFit::without_numbers(status, 252)
    }
}

pub async fn results(store: &mut Store, ids: &HashMap<String, i64>) {
    let run = NewRun {
        tool: "test".into(),
        verb: "run".into(),
        as_of: Some(date(AS_OF)),
        from: None,
        parameters: json!({}),
        version: "0".into(),
        username: "test".into(),
        started_at: "2025-06-30T22:00:00Z".into(),
    };
    let run = store.begin_run(run).await.unwrap();
    instrument_results(store, run, ids).await;
    let matrix = FactorMatrix {
        as_of: date(AS_OF),
        method: factor_model::covariance_method(252),
        factors: factors().map(|factor| factor.name).into(),
        packed: vec![1e-4, -2e-5, 2.5e-5, 1e-6, 5e-7, 4e-7],
        observations: 252,
        shrinkage: Some(0.1),
    };
    let day = date(AS_OF);
    store.save_factor_matrices(run, day, day, &matrix.method.clone(), vec![matrix.clone()]).await.unwrap();
    portfolio_results(store, run, &matrix).await;
}

async fn instrument_results(store: &mut Store, run: i64, ids: &HashMap<String, i64>) {
    let day = date(AS_OF);
    let approximation = GreeksMethod::EuropeanApproximation;
    let rows = vec![
        greeks(ids[CALL], approximation, [0.61, 0.0071, -0.19, 1.1, 0.72], [617.85, 27.05]),
        greeks(ids[PUT], approximation, [-0.19, 0.0083, -0.21, 0.31, -0.05], [497.41, 2.75]),
    ];
    store.save_greeks(run, &Scope::all(day, day), rows).await.unwrap();
    let fits = vec![
        (ids["AAPL"], day, fit(FitStatus::Ok, [1.2, -0.3, -1.5])),
        (ids["TSLA"], day, fit(FitStatus::Ok, [1.9, -0.8, 2.0])),
        (ids["SPY"], day, fit(FitStatus::Identity, [1.0, 0.0, 0.0])),
        (ids["MSFT"], day, fit(FitStatus::Ok, [0.95, 0.1, -0.4])),
    ];
    store.save_factor_fits(run, &Scope::all(day, day), factor_model::DEFAULT_METHOD, fits).await.unwrap();
}

/// What the engines store for the portfolio, from the functions that they call.
async fn portfolio_results(store: &mut Store, run: i64, matrix: &FactorMatrix) {
    let (day, definitions) = (date(AS_OF), factors());
    let book = store.books(&[]).await.unwrap().remove(0);
    let id = book.portfolio.id;
    let scope = Scope::day(day, &[id]);
    let market = store.books_market(std::slice::from_ref(&book), &[], None, day).await.unwrap();
    let results = store.instrument_results(day, day, factor_model::DEFAULT_METHOD).await.unwrap();
    let results = &results[&day];
    let days: Vec<Day> = performance::roll_from_opening(&book, &market, Calendar::nyse(), day).unwrap();
    let today = days.last().unwrap();
    let views: Vec<PositionView> = positions::assess(&book, &today.lots, &market, results);
    let exposures =
        factor_model::exposures(&book, &views, &market, results, &definitions, today.nav).unwrap();
    let method = factor_model::DEFAULT_METHOD;
    store.save_factor_exposures(run, &scope, method, vec![(id, day, exposures)]).await.unwrap();

    let instruments: HashMap<String, Instrument> =
        store.instruments().await.unwrap().into_iter().map(|i| (i.symbol.clone(), i)).collect();
    let inputs = stress::StressInputs {
        book: &book,
        views: &views,
        nav: today.nav,
        market: &market,
        instruments: &instruments,
        results,
        covariance: Some(matrix),
    };
    let names: Vec<String> = definitions.iter().map(|factor| factor.name.clone()).collect();
    let scenarios = store.active_scenarios().await.unwrap();
    let run_one = |scenario: &Scenario| {
        let shocks = FactorShocks::from_scenario(scenario, &names).unwrap();
        (id, day, stress::run_scenario(&inputs, &scenario.id, &shocks))
    };
    let stressed = scenarios.iter().map(run_one).collect();
    store.save_stress_results(run, &scope, stress::METHOD, stressed).await.unwrap();
    let moves = stress::market_risk(&inputs).into_iter().map(|row| (id, day, row)).collect();
    store.save_market_risk_results(run, &scope, stress::METHOD, moves).await.unwrap();
    let private = Exclusion {
        issue: Issue::error("HOUSE", Reason::PrivateAsset, "private assets carry no market risk model"),
        value: Some(50_000.0),
        weight_fraction: Some(0.5),
    };
    store.save_exclusions(run, &scope, "stress", vec![(id, day, private)]).await.unwrap();
    store.save_correlations(run, &scope, "pearson_63", vec![(id, day, correlation())]).await.unwrap();
}

fn correlation() -> PortfolioCorrelation {
    let cluster = CorrelationCluster {
        name: "Technology".into(),
        average_correlation: 0.8125,
        value: 40_000.0,
        weight_fraction: Some(0.25),
        members: vec!["AAPL".into(), "MSFT".into()],
    };
    PortfolioCorrelation {
        method: "pearson_63".into(),
        window_sessions: 63,
        average_correlation: Some(0.5),
        effective_bets: Some(2.0),
        min_eigenvalue: Some(0.1),
        repaired: false,
        excluded: 1,
        symbols: vec!["AAPL".into(), "MSFT".into(), "TSLA".into()],
        pairs: vec![Some(0.8125), None, Some(-0.25)],
        clusters: vec![cluster],
    }
}
