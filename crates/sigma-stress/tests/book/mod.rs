//! A database in a temporary folder with one book, and the tool run in that folder.

use std::collections::HashMap;
use std::path::PathBuf;

use assert_cmd::Command;
use chrono::NaiveDate;
use sigma_core::model::*;
use sigma_store::*;
use tempfile::TempDir;

pub const FIRST: &str = "2025-06-27";
pub const LAST: &str = "2025-06-30";

pub struct Book {
    pub folder: TempDir,
}

pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl Book {
    pub fn new() -> Book {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("sigma.db").display());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(fill(&url));
        Book { folder }
    }

    pub fn tool(&self, args: &[&str]) -> Output {
        let output = Command::cargo_bin("sigma-stress")
            .unwrap()
            .current_dir(self.folder.path())
            .env_clear()
            .env("SIGMA_NOW", "2025-07-01T12:00:00Z")
            .args(args)
            .output()
            .unwrap();
        Output {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// 100 SPY at 600, 200 BND at 50 and 30,000 in cash: a NAV of 100,000.
async fn fill(url: &str) {
    Store::migrate(url).await.unwrap();
    let mut store = Store::open(url).await.unwrap();
    let user_id = store.upsert_user("ann@example.com", "Ann").await.unwrap();
    let portfolio = NewPortfolio {
        user_id,
        slug: "two-funds".into(),
        name: "Two funds".into(),
        currency: "USD".into(),
        opened_on: date(FIRST),
        is_demo: false,
    };
    let portfolio_id = store.upsert_portfolio(portfolio).await.unwrap().id;
    let cash = NewCashEntry {
        portfolio_id,
        date: date(FIRST),
        kind: CashKind::Opening,
        amount: 30_000.0,
        note: None,
    };
    store.add_cash(cash).await.unwrap();
    let fund =
        |symbol: &str| NewInstrument { kind: Some(InstrumentKind::Etf), ..NewInstrument::of_symbol(symbol) };
    let bond = NewInstrument { duration: Some(6.0), convexity: Some(37.0), ..fund("BND") };
    let ids = store.upsert_instruments(vec![fund("SPY"), bond]).await.unwrap().ids;
    for (symbol, quantity, price) in [("SPY", 100.0, 600.0), ("BND", 200.0, 50.0)] {
        hold(&mut store, portfolio_id, ids[symbol], quantity, price).await;
    }
    define(&mut store).await;
    results(&mut store, &ids).await;
}

async fn hold(store: &mut Store, portfolio_id: i64, instrument_id: i64, quantity: f64, price: f64) {
    let position = NewPosition {
        portfolio_id,
        instrument_id,
        quantity,
        entry_price: price,
        entry_date: date(FIRST),
        exit: None,
    };
    store.add_position(position).await.unwrap();
    let bar = |on: &str| PriceBar {
        date: date(on),
        open: None,
        high: None,
        low: None,
        close: price,
        adj_close: None,
        volume: None,
        source: "file".into(),
        basis: CloseBasis::AsTraded,
    };
    store.save_prices(instrument_id, &[bar(FIRST), bar(LAST)]).await.unwrap();
}

async fn define(store: &mut Store) {
    let factor = |name: &str, kind, proxy: &str| FactorDefinition {
        name: name.into(),
        kind,
        proxy: proxy.into(),
        description: String::new(),
    };
    let factors = [factor(MARKET, FactorKind::Market, "SPY"), factor(RATES, FactorKind::Rates, "DGS10")];
    store.save_factors(&factors).await.unwrap();
    let scenario = |id: &str, active, shock| Scenario {
        id: id.into(),
        name: id.into(),
        category: "test".into(),
        severity: "mild".into(),
        note: None,
        active,
        shocks: vec![shock],
    };
    let market = Shock::Factor { factor: MARKET.into(), size: -0.1, basis: ShockBasis::Return };
    let scenarios = [
        scenario("market_down_10", true, market.clone()),
        scenario("rates_up_100bp", true, Shock::RatesBp { bp: 100.0 }),
        scenario("switched_off", false, market),
    ];
    store.save_scenarios(&scenarios).await.unwrap();
}

/// Loadings and an uncorrelated covariance, on the last date only.
async fn results(store: &mut Store, ids: &HashMap<String, i64>) {
    let run = NewRun {
        tool: "sigma-factors".into(),
        verb: "run".into(),
        as_of: Some(date(LAST)),
        from: None,
        parameters: serde_json::json!({}),
        version: "test".into(),
        username: "test".into(),
        started_at: "2025-07-01T12:00:00Z".into(),
    };
    let run = store.begin_run(run).await.unwrap();
    let fit = |status, loadings: &[(&str, f64)]| FactorFit {
        loadings: loadings
            .iter()
            .map(|&(factor, coefficient)| FactorLoading {
                factor: factor.into(),
                coefficient,
                std_error: None,
                t_value: None,
                p_value: None,
                vif: None,
            })
            .collect(),
        ..FactorFit::without_numbers(status, 252)
    };
    let fits = vec![
        (ids["SPY"], date(LAST), fit(FitStatus::Identity, &[(MARKET, 1.0)])),
        (ids["BND"], date(LAST), fit(FitStatus::Ok, &[(MARKET, 0.0), (RATES, -6.0)])),
    ];
    let day = Scope::all(date(LAST), date(LAST));
    store.save_factor_fits(run, &day, "prior", fits).await.unwrap();
    let covariance = FactorMatrix {
        as_of: date(LAST),
        method: "ledoit_wolf_252".into(),
        factors: vec![MARKET.into(), RATES.into()],
        packed: vec![1e-4, 0.0, 2.5e-7],
        observations: 252,
        shrinkage: None,
    };
    let saved = store.save_factor_matrices(run, date(LAST), date(LAST), "ledoit_wolf_252", vec![covariance]);
    saved.await.unwrap();
}
