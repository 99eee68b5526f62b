//! Results of every engine: saved, read back, saved again without a change, refused.

use chrono::NaiveDate;
use sigma_core::model::*;
use sigma_store::*;

use crate::{CALL, Database, begin, date};

const DAY: &str = "2025-03-03";

/// Ids that results refer to.
struct Ids {
    portfolio: i64,
    call: i64,
    stock: i64,
}

async fn ids(store: &mut Store, portfolio: i64) -> Ids {
    let symbols = [CALL.to_owned(), "AAPL".to_owned()];
    let found = store.instruments_by_symbol(&symbols).await.unwrap();
    let id = |symbol: &str| found.iter().find(|i| i.symbol == symbol).unwrap().id;
    Ids { portfolio, call: id(CALL), stock: id("AAPL") }
}

fn greeks(instrument_id: i64, method: GreeksMethod) -> GreeksRow {
    let greeks = OptionGreeks {
        spot: 0.1 + 0.2,
        market_price: None,
        volatility: 0.25,
        volatility_source: VolatilitySource::Quoted,
        rate: 0.04,
        dividend_yield: 0.0,
        years: 0.5,
        model_price: 12.0,
        delta: 0.55,
        gamma: 0.01,
        theta_per_day: -0.03,
        vega_per_point: 0.4,
        rho_per_point: 0.2,
        flags: vec!["forward_is_spot".into()],
    };
    GreeksRow { instrument_id, as_of: date(DAY), method, greeks: Ok(greeks) }
}

fn fit() -> FactorFit {
    let loading = |factor: &str, coefficient| FactorLoading {
        factor: factor.into(),
        coefficient,
        std_error: Some(0.1),
        t_value: Some(coefficient / 0.1),
        p_value: None,
        vif: Some(1.5),
    };
    FactorFit {
        alpha_per_day: Some(1e-5),
        alpha_p_value: Some(0.5),
        r_squared: Some(0.7),
        effective_parameters: Some(2.5),
        loadings: vec![loading(MARKET, 1.1), loading("Growth", -0.2)],
        flags: vec!["prior".into()],
        ..FactorFit::without_numbers(FitStatus::Ok, 252)
    }
}

fn fits(ids: &Ids) -> Vec<(i64, NaiveDate, FactorFit)> {
    let short = FactorFit::without_numbers(FitStatus::InsufficientHistory, 12);
    vec![(ids.call, date(DAY), short), (ids.stock, date(DAY), fit())]
}

fn matrix() -> FactorMatrix {
    FactorMatrix {
        as_of: date(DAY),
        method: "ledoit_wolf_252".into(),
        factors: vec![MARKET.into(), "Growth".into()],
        packed: vec![1e-4, -3e-5, 2e-4],
        observations: 252,
        shrinkage: Some(0.1),
    }
}

fn exposures() -> Vec<FactorExposure> {
    let exposure = |factor: &str| FactorExposure {
        factor: factor.into(),
        dollar_exposure: 1234.5678,
        std_error_usd: Some(3.0),
        t_value: None,
        beta: Some(0.9),
        coverage_fraction: 1.0,
    };
    vec![exposure(MARKET), exposure("Growth")]
}

fn correlation() -> PortfolioCorrelation {
    let cluster = CorrelationCluster {
        name: "A, B".into(),
        average_correlation: 0.8,
        value: 100.0,
        weight_fraction: Some(0.5),
        members: vec!["A".into(), "B".into()],
    };
    PortfolioCorrelation {
        method: "pearson_63".into(),
        window_sessions: 63,
        average_correlation: Some(0.5),
        effective_bets: Some(2.0),
        min_eigenvalue: Some(0.1),
        repaired: false,
        excluded: 1,
        symbols: vec!["A".into(), "B".into(), "C".into()],
        pairs: vec![Some(0.8), None, Some(-0.25)],
        clusters: vec![cluster],
    }
}

fn total(pnl: f64) -> ScenarioPnl {
    let part = FactorPnl { factor: MARKET.into(), pnl };
    ScenarioPnl { pnl, fraction: Some(pnl / 7.0), by_factor: vec![part] }
}

fn stress(scenario: &str) -> StressResult {
    let implied = ImpliedMove { factor: "Growth".into(), size: -0.1 / 3.0, conditional_deviation: 0.02 };
    StressResult {
        scenario_id: scenario.into(),
        direct: Ok(total(-1000.0 / 3.0)),
        correlated: Err(Reason::RankDeficient),
        implied_moves: vec![implied],
        distance: Some(2.2),
        extrapolated: true,
        excluded_value: 0.0,
    }
}

fn market_risk(scenario: &str, shock: MarketRiskShock) -> MarketRiskResult {
    MarketRiskResult { scenario_id: scenario.into(), shock, outcome: Ok(total(50.5)), excluded_value: 10.0 }
}

fn exposure_row(dimension: Dimension, bucket: &str) -> ExposureRow {
    ExposureRow {
        dimension,
        bucket: bucket.into(),
        position_count: 3,
        gross: 300.0,
        net: 100.0,
        long_value: 200.0,
        short_value: -100.0,
        notional: None,
        delta_adjusted: Some(90.0),
        beta_adjusted: Some(80.0),
    }
}

/// Every column different, so that two swapped ones would be seen.
fn snapshot(as_of: NaiveDate) -> Snapshot {
    Snapshot {
        as_of,
        nav: 1_100.0,
        cash: 1_000.0,
        short_proceeds: 20.0,
        long_value: 250.0,
        short_value: -150.0,
        gross: 400.0,
        net: 100.0,
        unrealized_pnl: 1.0,
        realized_pnl: 2.0,
        day_pnl: 3.0,
        flows: 4.0,
        day_return: Some(0.01),
        cumulative_pnl: 5.0,
        cumulative_return: Some(0.02),
        realized_vol_21: None,
        realized_vol_63: Some(0.03),
        drawdown: Some(-0.04),
        market_beta: Some(0.05),
        delta_dollars: Some(6.0),
        gamma_dollars_per_1pct: Some(7.0),
        theta_per_day: Some(8.0),
        vega_per_point: Some(9.0),
        rho_per_point: Some(10.0),
        hhi: Some(0.06),
        effective_positions: Some(11.0),
        top_3_fraction: Some(0.07),
        top_10_fraction: Some(0.08),
        position_count: 12,
        excluded_count: 13,
    }
}

fn exclusion(subject: &str) -> Exclusion {
    let issue = Issue::error(subject, Reason::NoPrice, "no price on or before the date");
    Exclusion { issue, value: None, weight_fraction: Some(0.25) }
}

/// Saves one set of results of every engine.
async fn save_all(store: &mut Store, ids: &Ids) -> Vec<Saved> {
    let run = begin(store).await;
    let day = date(DAY);
    let (books, contracts) = (Scope::day(day, &[ids.portfolio]), Scope::day(day, &[ids.call]));
    let both = Scope::day(day, &[ids.call, ids.stock]);
    let p = ids.portfolio;
    let greeks = vec![greeks(ids.call, GreeksMethod::BlackScholesMerton)];
    let stress = vec![(p, day, stress("rates-up")), (p, day, stress("all-down"))];
    let market_risk = vec![
        (p, day, market_risk("up", MarketRiskShock::Market(0.1))),
        (p, day, market_risk("rates", MarketRiskShock::RatesBp(-50.0))),
    ];
    let exposures = exposures();
    let buckets = vec![
        (p, day, exposure_row(Dimension::Total, "")),
        (p, day, exposure_row(Dimension::AssetType, "stock")),
    ];
    vec![
        store.save_greeks(run, &contracts, greeks).await.unwrap(),
        store.save_factor_fits(run, &both, "prior", fits(ids)).await.unwrap(),
        store.save_factor_matrices(run, day, day, "ledoit_wolf_252", vec![matrix()]).await.unwrap(),
        store.save_factor_exposures(run, &books, "prior", vec![(p, day, exposures)]).await.unwrap(),
        store.save_correlations(run, &books, "pearson_63", vec![(p, day, correlation())]).await.unwrap(),
        store.save_stress_results(run, &books, "prior", stress).await.unwrap(),
        store.save_market_risk_results(run, &books, "prior", market_risk).await.unwrap(),
        store.save_exposures(run, &books, buckets).await.unwrap(),
        store.save_snapshots(run, &books, &[(p, snapshot(day))]).await.unwrap(),
        store.save_exclusions(run, &books, "stress", vec![(p, day, exclusion("XYZ"))]).await.unwrap(),
    ]
}

pub async fn are_saved_once(store: &mut Store, portfolio: i64) {
    let ids = ids(store, portfolio).await;
    let counts = [1, 4, 1, 2, 2, 2, 2, 2, 1, 1];
    let first: Vec<Saved> = counts.map(|n| Saved { stored: n, changed: n }).into();
    let again: Vec<Saved> = counts.map(|n| Saved { stored: n, changed: 0 }).into();
    assert_eq!(save_all(store, &ids).await, first);
    assert_eq!(save_all(store, &ids).await, again, "an identical rerun changes no row");
    are_read_back(store, &ids).await;
    differ_by_rows(store, &ids).await;
    show_in_coverage(store, &ids).await;
}

async fn are_read_back(store: &mut Store, ids: &Ids) {
    let (p, day) = (ids.portfolio, date(DAY));
    let books = Scope::day(day, &[p]);
    let instruments = Scope::all(day, day);
    assert_eq!(
        store.greeks(&instruments).await.unwrap(),
        [greeks(ids.call, GreeksMethod::BlackScholesMerton)]
    );
    let mut expected = fits(ids);
    expected.sort_by_key(|fit| fit.0);
    assert_eq!(store.factor_fits(&instruments, "prior").await.unwrap(), expected);
    assert_eq!(store.factor_fits(&instruments, "ols").await.unwrap(), []);
    assert_eq!(store.factor_matrices(day, day, "ledoit_wolf_252").await.unwrap(), [matrix()]);
    assert_eq!(store.factor_exposures(&books, "prior").await.unwrap(), [(p, day, exposures())]);
    assert_eq!(store.correlations(&books, "pearson_63").await.unwrap(), [(p, day, correlation())]);
    let stressed = store.stress_results(&books, "prior").await.unwrap();
    assert_eq!(stressed, [(p, day, stress("rates-up")), (p, day, stress("all-down"))]);
    let moved = store.market_risk_results(&books, "prior").await.unwrap();
    assert_eq!(moved[0].2, market_risk("up", MarketRiskShock::Market(0.1)));
    assert_eq!(moved[1].2, market_risk("rates", MarketRiskShock::RatesBp(-50.0)));
    let buckets = store.exposures(&books).await.unwrap();
    assert_eq!(buckets[0].2, exposure_row(Dimension::Total, ""));
    assert_eq!(buckets[1].2, exposure_row(Dimension::AssetType, "stock"));
    assert_eq!(store.snapshots(&books).await.unwrap(), [(p, snapshot(day))]);
    let left_out = store.exclusions(&books, None).await.unwrap();
    assert_eq!(left_out, [(p, day, "stress".to_owned(), exclusion("XYZ"))]);
}

/// Only the scope is replaced, only rows that differ are written, other methods and engines stay.
async fn differ_by_rows(store: &mut Store, ids: &Ids) {
    let run = begin(store).await;
    let (p, day) = (ids.portfolio, date(DAY));
    let books = Scope::day(day, &[p]);
    let contracts = Scope::day(day, &[ids.call]);

    let black = greeks(ids.call, GreeksMethod::Black76);
    let saved = store.save_greeks(run, &contracts, vec![black.clone()]).await.unwrap();
    assert_eq!(saved, Saved { stored: 1, changed: 2 }, "one row gone, one row new");
    assert_eq!(store.greeks(&contracts).await.unwrap(), [black]);

    let mut altered = stress("rates-up");
    altered.direct = Err(Reason::NoRate);
    let results = vec![(p, day, altered.clone()), (p, day, stress("all-down"))];
    let saved = store.save_stress_results(run, &books, "prior", results).await.unwrap();
    assert_eq!(saved, Saved { stored: 2, changed: 1 });
    let saved = store.save_stress_results(run, &books, "prior", vec![(p, day, altered)]).await.unwrap();
    assert_eq!(saved, Saved { stored: 1, changed: 1 });
    let other = vec![(p, day, stress("rates-up"))];
    store.save_stress_results(run, &books, "ols", other).await.unwrap();
    assert_eq!(store.stress_results(&books, "prior").await.unwrap().len(), 1);

    let next = day + chrono::Days::new(1);
    let days = [(p, snapshot(day)), (p, snapshot(next))];
    let range = Scope::range(day, next, &[p]);
    assert_eq!(store.save_snapshots(run, &range, &days).await.unwrap(), Saved { stored: 2, changed: 1 });
    assert_eq!(store.snapshots(&range).await.unwrap(), days);

    store.save_exclusions(run, &books, "greeks", vec![(p, day, exclusion("ABC"))]).await.unwrap();
    store.save_exclusions(run, &books, "stress", vec![]).await.unwrap();
    let left_out = store.exclusions(&books, None).await.unwrap();
    assert_eq!(left_out, [(p, day, "greeks".to_owned(), exclusion("ABC"))]);

    let outside = store.save_snapshots(run, &books, &days).await;
    assert!(matches!(outside, Err(StoreError::Invalid { .. })), "{outside:?}");
    let twice = store.save_snapshots(run, &range, &[days[0].clone(), days[0].clone()]).await;
    assert!(matches!(twice, Err(StoreError::Invalid { .. })), "{twice:?}");
}

async fn show_in_coverage(store: &mut Store, ids: &Ids) {
    let day = date(DAY);
    let coverage = store.engine_coverage(ids.portfolio, day).await.unwrap();
    let expected = EngineCoverage {
        greeks: 0,
        greeks_with_numbers: 0,
        factor_exposures: 2,
        correlations: 1,
        stress: 2,
        market_risk: 2,
        snapshots: 1,
        exposures: 2,
    };
    assert_eq!(coverage, expected, "the portfolio holds no contract, so no Greeks are its own");
    let latest = store.latest_as_of(Engine::Snapshots, Some(&[ids.portfolio])).await.unwrap();
    assert_eq!(latest, Some(day + chrono::Days::new(1)));
    assert_eq!(store.latest_as_of(Engine::Greeks, None).await.unwrap(), Some(day));
    assert_eq!(store.latest_as_of(Engine::Stress, Some(&[-1])).await.unwrap(), None);
    assert_eq!(store.result_methods(Engine::Stress, day).await.unwrap(), ["ols", "prior"]);
}

pub async fn are_refused_when_not_finite(store: &mut Store) {
    let run = begin(store).await;
    let portfolio = store.portfolios(&[]).await.unwrap()[0].id;
    let ids = ids(store, portfolio).await;
    let (p, day) = (ids.portfolio, date(DAY));
    let books = Scope::day(day, &[p]);
    let before = store.snapshots(&books).await.unwrap();

    let bad = Snapshot { day_return: Some(f64::NAN), ..snapshot(day) };
    let refused = store.save_snapshots(run, &books, &[(p, bad)]).await.unwrap_err().to_string();
    assert!(refused.contains("snapshots") && refused.contains("day_return is NaN"), "{refused}");
    assert_eq!(store.snapshots(&books).await.unwrap(), before);

    let mut bad = stress("rates-up");
    bad.direct = Ok(ScenarioPnl { pnl: 1.0, ..total(f64::INFINITY) });
    let refused = store.save_stress_results(run, &books, "prior", vec![(p, day, bad)]).await;
    assert!(refused.unwrap_err().to_string().contains("rates-up"));

    let mut bad = correlation();
    bad.pairs[2] = Some(f64::NAN);
    let refused = store.save_correlations(run, &books, "pearson_63", vec![(p, day, bad)]).await;
    assert!(refused.unwrap_err().to_string().contains("pairs"));

    let mut bad = matrix();
    bad.packed.pop();
    let refused = store.save_factor_matrices(run, day, day, "ledoit_wolf_252", vec![bad]).await;
    assert!(refused.unwrap_err().to_string().contains("2 values for 2 factors"));
}

/// A database that drops rows silently: the save must not pass for complete.
pub async fn are_counted_after_the_commit(store: &mut Store, database: &Database) {
    let (portfolio, run) = (store.portfolios(&[]).await.unwrap()[0].id, begin(store).await);
    let day = date("2025-03-10");
    drop_inserts(store, database);
    let scope = Scope::day(day, &[portfolio]);
    let short = store.save_snapshots(run, &scope, &[(portfolio, snapshot(day))]).await;
    assert!(
        matches!(short, Err(StoreError::ShortWrite { table: "snapshots", expected: 1, stored: 0 })),
        "{short:?}"
    );
    match store.backend() {
        "SQLite" => database.raw("DROP TRIGGER lossy"),
        _ => database.raw("DROP TRIGGER lossy ON snapshots"),
    }
    assert_eq!(
        store.save_snapshots(run, &scope, &[(portfolio, snapshot(day))]).await.unwrap(),
        Saved { stored: 1, changed: 1 }
    );
}

fn drop_inserts(store: &Store, database: &Database) {
    match store.backend() {
        "SQLite" => {
            database.raw("CREATE TRIGGER lossy BEFORE INSERT ON snapshots BEGIN SELECT RAISE(IGNORE); END")
        }
        _ => database.raw(
            "CREATE FUNCTION lossy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
             CREATE TRIGGER lossy BEFORE INSERT ON snapshots FOR EACH ROW EXECUTE FUNCTION lossy()",
        ),
    }
}
