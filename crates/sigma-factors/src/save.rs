//! Storing the results of a run.

use sigma_cli::{EngineRun, RunTotals, SessionRange, store_error};
use sigma_core::analytics::factor_model::{DEFAULT_METHOD, correlation_method, covariance_method};
use sigma_store::{Saved, Scope, Store};

use crate::compute::{HALF_LIFE_SESSIONS, Results, Specs};

/// Saves everything and counts it.
pub async fn save(
    store: &mut Store,
    run: EngineRun,
    dates: &SessionRange,
    portfolios: &[i64],
    (specs, method): (&Specs, &str),
    results: Results,
) -> anyhow::Result<RunTotals> {
    let expected = expected(&results);
    let skipped = results.fits.iter().filter(|(_, _, fit)| !fit.status.has_numbers()).count() as u64;
    let (from, to) = (dates.from, dates.to);
    let books = Scope::range(from, to, portfolios);
    let mut saved = Saved::default();
    saved += store
        .save_factor_fits(run.id, &Scope::all(from, to), method, results.fits)
        .await
        .map_err(store_error)?;
    for (name, matrices) in [
        (covariance_method(specs.fit.window), results.covariances),
        (correlation_method(HALF_LIFE_SESSIONS), results.factor_correlations),
    ] {
        saved += store.save_factor_matrices(run.id, from, to, &name, matrices).await.map_err(store_error)?;
    }
    saved +=
        store.save_factor_exposures(run.id, &books, method, results.exposures).await.map_err(store_error)?;
    saved += store
        .save_correlations(run.id, &books, &specs.correlation.method(), results.correlations)
        .await
        .map_err(store_error)?;
    // A trial with another estimator must not replace what the stored default lacks.
    if method == DEFAULT_METHOD {
        store
            .save_exclusions(run.id, &books, "factors", results.factor_exclusions)
            .await
            .map_err(store_error)?;
    }
    store
        .save_exclusions(run.id, &books, "correlations", results.correlation_exclusions)
        .await
        .map_err(store_error)?;
    Ok(RunTotals { expected, saved, skipped, issues: results.issues })
}

/// Rows that the results make: fits and loadings, matrices, exposures, correlations and clusters.
pub fn expected(results: &Results) -> u64 {
    let fits: usize = results.fits.iter().map(|(_, _, fit)| 1 + fit.loadings.len()).sum();
    let exposures: usize = results.exposures.iter().map(|(_, _, rows)| rows.len()).sum();
    let correlations: usize = results.correlations.iter().map(|(_, _, c)| 1 + c.clusters.len()).sum();
    let matrices = results.covariances.len() + results.factor_correlations.len();
    (fits + exposures + correlations + matrices) as u64
}
