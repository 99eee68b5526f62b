//! Covariances against scikit-learn and numpy.

use ndarray::{Array2, s};
use proptest::prelude::*;
use sigma_core::analytics::covariance::{
    CovarianceError, correlation_of, ewma_covariance, half_life_weights, ledoit_wolf,
    ledoit_wolf_standardised, sample_covariance,
};
use sigma_core::analytics::linalg::symmetric_eigenvalues;

use crate::golden::{Returns, Worst, number, table};

/// Names and returns of a window like `2015-06-30|60`.
fn window(returns: &Returns, label: &str) -> (Vec<String>, Array2<f64>) {
    let (end, length) = label.split_once('|').unwrap();
    let length = length.parse().unwrap();
    let names = returns.names().to_vec();
    let columns: Vec<Vec<f64>> = names.iter().map(|name| returns.window(name, end, length)).collect();
    (names, Array2::from_shape_fn((length, columns.len()), |(t, i)| columns[i][t]))
}

const WINDOWS: [&str; 6] =
    ["2015-06-30|60", "2015-06-30|252", "2016-12-30|60", "2016-12-30|252", "2018-12-31|60", "2018-12-31|252"];

#[test]
fn shrinkage_and_matrices_match_scikit_learn() {
    let returns = Returns::read();
    let rows = table("ledoit_wolf_dev.csv");
    let (mut shrinkage, mut shrunk, mut sample) = (Worst::default(), Worst::default(), Worst::default());
    for label in WINDOWS {
        let (names, x) = window(&returns, label);
        let (lw, plain) = (ledoit_wolf(x.view()).unwrap(), sample_covariance(x.view()).unwrap());
        let ddof = (x.nrows() as f64 - 1.0) / x.nrows() as f64;
        for row in rows.iter().filter(|row| row["window"] == label) {
            let truth = number(row, "ledoit_wolf").unwrap();
            if row["a"] == "shrinkage" {
                shrinkage.note(lw.shrinkage, truth, truth, || label.into());
                continue;
            }
            let at = |column: &str| names.iter().position(|n| *n == row[column]).unwrap();
            let (i, j) = (at("a"), at("b"));
            let scale = (plain[[i, i]] * plain[[j, j]]).sqrt();
            shrunk.note(lw.covariance[[i, j]], truth, scale, || format!("{row:?}"));
            sample.note(plain[[i, j]] * ddof, number(row, "sample_cov_ddof0").unwrap(), scale, || {
                format!("{row:?}")
            });
        }
    }
    assert_eq!(shrinkage.compared, WINDOWS.len());
    [shrinkage, shrunk, sample].iter().for_each(|worst| worst.below(1e-12));
}

#[test]
fn standardised_shrinkage_keeps_variances_and_scales_correlations() {
    let (_, x) = window(&Returns::read(), "2016-12-30|60");
    let sample = sample_covariance(x.view()).unwrap();
    let shrunk = ledoit_wolf_standardised(x.view()).unwrap();
    let (raw, scaled) = (correlation_of(&sample), correlation_of(&shrunk.covariance));
    for ((i, j), rho) in raw.indexed_iter() {
        if i == j {
            assert!((shrunk.covariance[[i, i]] / sample[[i, i]] - 1.0).abs() < 1e-12);
        } else {
            assert!((scaled[[i, j]] - rho * (1.0 - shrunk.shrinkage)).abs() < 1e-12);
        }
    }
    // The same data in other units: shrinkage does not see them.
    let mut other = x.clone();
    other.column_mut(3).mapv_inplace(|v| v * 1000.0);
    let moved = ledoit_wolf_standardised(other.view()).unwrap();
    assert!((moved.shrinkage - shrunk.shrinkage).abs() < 1e-12);
    assert!((moved.covariance[[3, 5]] / shrunk.covariance[[3, 5]] / 1000.0 - 1.0).abs() < 1e-10);
}

#[test]
fn exponential_weights_halve_and_tend_to_the_sample() {
    let weights = half_life_weights(100, 10.0);
    assert!((weights.sum() - 1.0).abs() < 1e-14 && (weights[89] / weights[99] - 0.5).abs() < 1e-14);
    let (_, x) = window(&Returns::read(), "2016-12-30|60");
    let x = x.slice(s![.., ..4]);
    let (sample, slow) = (sample_covariance(x).unwrap(), ewma_covariance(x, 1e12).unwrap());
    assert!(sample.iter().zip(&slow).all(|(a, b)| (a / b - 1.0).abs() < 1e-9));
    // By the definition, element by element.
    let (w, fast) = (half_life_weights(60, 8.0), ewma_covariance(x, 8.0).unwrap());
    let mean = |i: usize| (0..60).map(|t| w[t] * x[[t, i]]).sum::<f64>();
    let free = 1.0 - w.iter().map(|w| w * w).sum::<f64>();
    let (m0, m2) = (mean(0), mean(2));
    let truth: f64 = (0..60).map(|t| w[t] * (x[[t, 0]] - m0) * (x[[t, 2]] - m2)).sum::<f64>() / free;
    assert!((fast[[0, 2]] / truth - 1.0).abs() < 1e-12);
}

#[test]
fn inputs_without_a_covariance_are_named() {
    let x = Array2::from_shape_vec((3, 2), vec![0.01, 0.5, 0.02, 0.5, -0.01, 0.5]).unwrap();
    let constant = CovarianceError::ConstantColumn { column: 1 };
    assert_eq!(ledoit_wolf_standardised(x.view()), Err(constant));
    assert_eq!(sample_covariance(x.slice(s![..1, ..])), Err(CovarianceError::TooFewRows { rows: 1 }));
    assert_eq!(ewma_covariance(x.view(), 0.0), Err(CovarianceError::HalfLife(0.0)));
    let mut broken = x.clone();
    broken[[2, 0]] = f64::NAN;
    assert_eq!(ledoit_wolf(broken.view()), Err(CovarianceError::NonFinite { column: 0 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shrinkage_is_a_weight_and_the_result_is_definite(
        values in prop::collection::vec(-0.05..0.05_f64, 48), columns in 1_usize..=12,
    ) {
        let rows = 48 / columns;
        prop_assume!(rows >= 2);
        let x = Array2::from_shape_vec((rows, columns), values[..rows * columns].to_vec()).unwrap();
        for shrunk in [ledoit_wolf(x.view()).unwrap(), ledoit_wolf_standardised(x.view()).unwrap()] {
            prop_assert!((0.0..=1.0).contains(&shrunk.shrinkage));
            let smallest = symmetric_eigenvalues(&shrunk.covariance).unwrap()[0];
            let trace: f64 = shrunk.covariance.diag().sum();
            prop_assert!(smallest >= -1e-14 * trace, "{smallest:e}");
        }
    }
}
