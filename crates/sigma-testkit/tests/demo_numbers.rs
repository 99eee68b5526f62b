//! The stored results of the demo books against numbers worked out by other programs.
//!
//! `fixtures/demo_numbers.csv` holds what a separate Python program computes for 2025-06-30 from `demo-data` alone, with
//! no part of this workspace: NumPy 2 (books, scenarios, augmented least squares for the loadings), SciPy (normal and
//! Student distributions; implied volatilities by bisection), statsmodels (residual variance, VIF), scikit-learn
//! (Ledoit-Wolf) and pandas (pairwise correlations). When `demo-data/market` changes, the numbers have to be computed
//! again in the same way.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use sigma_store::{Scope, Store};
use sigma_testkit::demo_store::DemoStore;

/// Relative; the programs agree to about 1e-11, the worst being loadings close to zero.
const TOLERANCE: f64 = 1e-8;

const AS_OF: &str = "2025-06-30";

type Found = HashMap<(String, String, String), f64>;

/// A tool beside this test's own program: both are built by `cargo test --workspace`.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap();
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Runs one engine over the last session.
fn run(demo: &DemoStore, tool: &str, verb: &str) {
    let output = Command::new(program(tool))
        .args([verb, "--as-of", AS_OF])
        .env_clear()
        .env("DATABASE_URL", &demo.url)
        .current_dir(demo.dir.path())
        .output()
        .unwrap_or_else(|error| panic!("{tool}: {error}; run `cargo build --workspace` first"));
    assert_eq!(output.status.code(), Some(0), "{tool}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// What is stored, under the names of the fixture.
struct Collector {
    found: Found,
    names: HashMap<i64, String>,
    slugs: HashMap<i64, String>,
    scope: Scope,
}

impl Collector {
    async fn new(store: &mut Store) -> Collector {
        let instruments = store.instruments().await.unwrap();
        let books = store.books(&[]).await.unwrap();
        let as_of = AS_OF.parse().unwrap();
        Collector {
            found: Found::new(),
            names: instruments.into_iter().map(|i| (i.id, i.symbol)).collect(),
            slugs: books.into_iter().map(|b| (b.portfolio.id, b.portfolio.slug)).collect(),
            scope: Scope::all(as_of, as_of),
        }
    }

    fn put(&mut self, table: &str, key: &str, field: &str, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into() {
            self.found.insert((table.to_owned(), key.to_owned(), field.to_owned()), value);
        }
    }

    async fn books(&mut self, store: &mut Store) {
        for (id, s) in store.snapshots(&self.scope).await.unwrap() {
            let slug = self.slugs[&id].clone();
            self.put("snapshot", &slug, "nav", s.nav);
            self.put("snapshot", &slug, "unrealized_pnl", s.unrealized_pnl);
            self.put("snapshot", &slug, "day_pnl", s.day_pnl);
            self.put("snapshot", &slug, "cumulative_return", s.cumulative_return);
            self.put("snapshot", &slug, "drawdown", s.drawdown);
            self.put("snapshot", &slug, "realized_vol_21", s.realized_vol_21);
            self.put("snapshot", &slug, "realized_vol_63", s.realized_vol_63);
            self.put("snapshot", &slug, "delta_dollars", s.delta_dollars);
            self.put("snapshot", &slug, "market_beta", s.market_beta);
        }
        for (id, _, exposures) in store.factor_exposures(&self.scope, "prior").await.unwrap() {
            let slug = self.slugs[&id].clone();
            for e in exposures {
                self.put("exposure", &slug, &e.factor, e.dollar_exposure);
                self.put("exposure_std_error", &slug, &e.factor, e.std_error_usd);
            }
        }
        for (id, _, correlation) in store.correlations(&self.scope, "pearson_63").await.unwrap() {
            let slug = self.slugs[&id].clone();
            self.put("correlation", &slug, "average", correlation.average_correlation);
            self.put("correlation", &slug, "effective_bets", correlation.effective_bets);
        }
    }

    async fn instruments(&mut self, store: &mut Store) {
        for row in store.greeks(&self.scope).await.unwrap() {
            let symbol = self.names[&row.instrument_id].clone();
            let g = row.greeks.unwrap();
            self.put("greeks", &symbol, "volatility", g.volatility);
            self.put("greeks", &symbol, "model_price", g.model_price);
            self.put("greeks", &symbol, "delta", g.delta);
            self.put("greeks", &symbol, "gamma", g.gamma);
            self.put("greeks", &symbol, "theta_per_day", g.theta_per_day);
            self.put("greeks", &symbol, "vega_per_point", g.vega_per_point);
            self.put("greeks", &symbol, "rho_per_point", g.rho_per_point);
        }
        for (id, _, fit) in store.factor_fits(&self.scope, "prior").await.unwrap() {
            let symbol = self.names[&id].clone();
            self.put("loading", &symbol, "alpha", fit.alpha_per_day);
            self.put("std_error", &symbol, "alpha", fit.alpha_std_error);
            self.put("fit", &symbol, "r_squared", fit.r_squared);
            self.put("fit", &symbol, "adj_r_squared", fit.adj_r_squared);
            self.put("fit", &symbol, "residual_vol_per_day", fit.residual_vol_per_day);
            self.put("fit", &symbol, "condition_number", fit.condition_number);
            self.put("fit", &symbol, "effective_parameters", fit.effective_parameters);
            self.put("fit", &symbol, "observations", fit.observations as f64);
            for loading in fit.loadings {
                self.put("loading", &symbol, &loading.factor, loading.coefficient);
                self.put("std_error", &symbol, &loading.factor, loading.std_error);
                self.put("vif", &symbol, &loading.factor, loading.vif);
            }
        }
    }

    async fn covariance(&mut self, store: &mut Store) {
        let as_of = AS_OF.parse().unwrap();
        let stored = store.factor_matrices(as_of, as_of, "ledoit_wolf_252").await.unwrap();
        let covariance = &stored[0];
        self.put("covariance", "factors", "shrinkage", covariance.shrinkage);
        let matrix = covariance.matrix();
        for ((i, j), value) in matrix.indexed_iter() {
            self.put("covariance", &covariance.factors[i], &covariance.factors[j], *value);
        }
    }

    async fn scenarios(&mut self, store: &mut Store) {
        for (id, _, result) in store.stress_results(&self.scope, "loadings").await.unwrap() {
            let slug = self.slugs[&id].clone();
            let scenario = &result.scenario_id;
            self.put("distance", scenario, "", result.distance);
            for implied in &result.implied_moves {
                self.put("implied_move", scenario, &implied.factor, implied.size);
            }
            for (mode, outcome) in [("direct", &result.direct), ("correlated", &result.correlated)] {
                let outcome = outcome.as_ref().unwrap();
                self.put(mode, &slug, scenario, outcome.pnl);
                for part in &outcome.by_factor {
                    self.put(&format!("{mode}_{scenario}"), &slug, &part.factor, part.pnl);
                }
            }
        }
        for (id, _, result) in store.market_risk_results(&self.scope, "loadings").await.unwrap() {
            let slug = self.slugs[&id].clone();
            self.put("market_risk", &slug, &result.scenario_id, result.outcome.unwrap().pnl);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stored_results_equal_an_independent_computation() {
    let mut demo = DemoStore::with_market().await.unwrap();
    for (tool, verb) in [
        ("sigma-greeks", "run"),
        ("sigma-factors", "run"),
        ("sigma-stress", "run"),
        ("sigma-report", "snapshot"),
    ] {
        run(&demo, tool, verb);
    }
    let mut stored = Collector::new(&mut demo.store).await;
    stored.books(&mut demo.store).await;
    stored.instruments(&mut demo.store).await;
    stored.covariance(&mut demo.store).await;
    stored.scenarios(&mut demo.store).await;

    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/demo_numbers.csv");
    let rows: Vec<(String, String, String, f64)> =
        csv::Reader::from_path(fixture).unwrap().deserialize().map(Result::unwrap).collect();
    assert!(rows.len() > 400, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (table, key, field, expected) in rows {
        let name = format!("{table} {key} {field}");
        match stored.found.get(&(table, key, field)) {
            Some(value) if (value - expected).abs() <= TOLERANCE * expected.abs() => {}
            value => wrong.push(format!("{name}: {value:?} instead of {expected}")),
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
