//! Pairwise correlations against pandas, eigenvalues against numpy, the repair against an independent Higham run.

use std::collections::HashMap;

use ndarray::Array2;
use proptest::prelude::*;
use sigma_core::analytics::correlation::{CorrelationError, PackedCorrelation, ewma, pearson};
use sigma_core::analytics::linalg::symmetric_eigenvalues;
use sigma_core::analytics::nearest_correlation::{
    NearestError, is_semidefinite, nearest_correlation, repair,
};

use crate::golden::{Wide, Worst, number, table};

const WINDOWS: [&str; 6] = [
    "2016-12-30|252|0pct",
    "2016-12-30|252|5pct",
    "2016-12-30|30|25pct",
    "2018-12-31|252|0pct",
    "2018-12-31|252|5pct",
    "2018-12-31|30|25pct",
];

/// Half-life of the decay 0.94 per session.
fn half_life() -> f64 {
    0.5_f64.ln() / 0.94_f64.ln()
}

fn inputs(window: &str) -> Wide {
    Wide::read(&format!("corr_inputs_{}_dev.csv", window.replace('|', "_")))
}

fn slices(wide: &Wide) -> Vec<&[Option<f64>]> {
    wide.columns.iter().map(Vec::as_slice).collect()
}

fn place(wide: &Wide, row: &HashMap<String, String>) -> (usize, usize) {
    let at = |column: &str| wide.names.iter().position(|n| *n == row[column]).unwrap();
    (at("a"), at("b"))
}

#[test]
fn pairwise_correlations_match_pandas() {
    let rows = table("corr_dev.csv");
    let mut worst = Worst::default();
    for window in WINDOWS {
        let wide = inputs(window);
        let plain = pearson(&slices(&wide), 2).unwrap();
        let decayed = ewma(&slices(&wide), half_life(), 2).unwrap();
        for row in rows.iter().filter(|row| row["window"] == window) {
            let (i, j) = place(&wide, row);
            assert_eq!(f64::from(plain.count(i, j)), number(row, "n_pairs").unwrap());
            for (got, column) in
                [(plain.get(i, j), "pearson_pairwise"), (decayed.get(i, j), "ewma094_weighted_mean")]
            {
                let truth = number(row, column);
                assert_eq!(got.is_some(), truth.is_some(), "{row:?}");
                if let Some((got, truth)) = got.zip(truth) {
                    worst.note(got, truth, 1.0, || format!("{row:?} {column}"));
                }
            }
        }
    }
    assert!(worst.compared > 2 * rows.len() - 10);
    worst.below(1e-12);
}

#[test]
fn eigenvalues_match_numpy() {
    let rows = table("corr_eig_dev.csv");
    let mut worst = Worst::default();
    for window in WINDOWS.into_iter().filter(|w| !w.ends_with("|5pct")) {
        let wide = inputs(window);
        let matrix = pearson(&slices(&wide), 2).unwrap().to_matrix().unwrap();
        let eigenvalues = symmetric_eigenvalues(&matrix).unwrap();
        for row in rows.iter().filter(|row| row["window"] == window) {
            let rank = number(row, "rank_ascending").unwrap() as usize;
            worst.note(eigenvalues[rank], number(row, "eigenvalue").unwrap(), 1.0, || format!("{row:?}"));
        }
        assert_eq!(is_semidefinite(&matrix), eigenvalues[0] >= -1e-10 * 26.0);
    }
    assert_eq!(worst.compared, rows.len());
    worst.below(1e-12);
}

#[test]
fn repair_matches_an_independent_nearest_correlation() {
    let rows = table("corr_nearest_dev.csv");
    let mut worst = Worst::default();
    for window in ["2016-12-30|30|25pct", "2018-12-31|30|25pct"] {
        let wide = inputs(window);
        let raw = pearson(&slices(&wide), 2).unwrap();
        let repaired = repair(&raw).unwrap();
        assert!(repaired.smallest_eigenvalue.unwrap() < -0.5 && repaired.distance > 0.5);
        assert_eq!(repaired.correlation.counts, raw.counts);
        for row in rows.iter().filter(|row| row["window"] == window) {
            let (i, j) = place(&wide, row);
            let got = repaired.correlation.get(i, j).unwrap();
            worst.note(got, number(row, "higham_nearest").unwrap(), 1.0, || format!("{row:?}"));
        }
    }
    assert_eq!(worst.compared, rows.len());
    worst.below(1e-10);
}

#[test]
fn a_semidefinite_matrix_is_left_alone() {
    let wide = inputs("2016-12-30|252|0pct");
    let raw = pearson(&slices(&wide), 20).unwrap();
    let repaired = repair(&raw).unwrap();
    assert_eq!((repaired.correlation, repaired.smallest_eigenvalue), (raw, None));
}

#[test]
fn too_little_in_common_is_no_number() {
    let a: Vec<Option<f64>> = (0..40).map(|t| (t < 25).then_some((t as f64).sin())).collect();
    let b: Vec<Option<f64>> = (0..40).map(|t| (t >= 6).then_some((t as f64).cos())).collect();
    let flat = vec![Some(0.01); 40];
    let packed = pearson(&[&a, &b, &flat], 20).unwrap();
    assert_eq!((packed.get(0, 1), packed.count(0, 1)), (None, 19));
    assert_eq!((packed.get(2, 1), packed.get(2, 2), packed.count(2, 1)), (None, None, 34));
    assert!(packed.get(0, 0) == Some(1.0) && pearson(&[&a, &b], 19).unwrap().get(1, 0).is_some());
    assert_eq!((packed.average(), packed.effective_bets(), packed.to_matrix()), (None, None, None));
    assert_eq!(packed.complete_subset(), [1]);
    assert_eq!(repair(&packed), Err(NearestError::MissingPair));
    let mismatch = CorrelationError::LengthMismatch { series: 1, rows: 39, expected: 40 };
    assert_eq!(pearson(&[&a, &b[1..]], 20), Err(mismatch));
    let broken = [Some(0.0), Some(f64::INFINITY)];
    assert_eq!(pearson(&[&broken], 2), Err(CorrelationError::NonFinite { series: 0 }));
    assert_eq!(ewma(&[&a], -1.0, 2), Err(CorrelationError::HalfLife(-1.0)));
}

#[test]
fn common_rows_far_from_the_mean_keep_their_digits() {
    let wave = |t: usize, f: f64| (t as f64 * f).sin();
    let a: Vec<Option<f64>> =
        (0..140).map(|t| Some(wave(t, 1.3) + if t < 100 { 0.0 } else { 1e4 })).collect();
    let b: Vec<Option<f64>> = (0..140).map(|t| (t >= 100).then(|| wave(t, 1.3) + wave(t, 0.7))).collect();
    let whole = pearson(&[&a, &b], 20).unwrap();
    let common = pearson(&[&a[100..], &b[100..]], 20).unwrap();
    assert!((whole.get(0, 1).unwrap() - common.get(0, 1).unwrap()).abs() < 1e-11);
    assert_eq!(whole.count(0, 1), 40);
    // Weights that underflow leave what is recent.
    let steep = ewma(&[&a, &b], 0.05, 2).unwrap().get(0, 1).unwrap();
    assert!((-1.0..=1.0).contains(&steep));
}

#[test]
fn average_and_bets_by_hand() {
    let matrix = ndarray::array![[1.0, 0.5, -0.2], [0.5, 1.0, 0.0], [-0.2, 0.0, 1.0]];
    let packed = PackedCorrelation::from_matrix(&matrix, 63);
    assert!((packed.average().unwrap() - 0.1).abs() < 1e-15);
    assert!((packed.effective_bets().unwrap() - 9.0 / 3.58).abs() < 1e-14);
    let one = PackedCorrelation::from_matrix(&Array2::eye(1), 63);
    assert_eq!((one.average(), one.effective_bets()), (None, Some(1.0)));
    let same = PackedCorrelation::from_matrix(&Array2::ones((5, 5)), 63);
    assert!((same.effective_bets().unwrap() - 1.0).abs() < 1e-15);
    assert_eq!(packed.subset(&[2, 0]).values, [Some(1.0), Some(-0.2), Some(1.0)]);
}

/// Symmetric, unit diagonal, seldom semidefinite.
fn indefinite(n: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(-1.0..1.0_f64, n * n).prop_map(move |v| {
        Array2::from_shape_fn((n, n), |(i, j)| if i == j { 1.0 } else { v[i.max(j) * n + i.min(j)] })
    })
}

/// The correlation matrix of random vectors.
fn definite(n: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(-1.0..1.0_f64, n * 2 * n).prop_map(move |v| {
        let x = Array2::from_shape_vec((n, 2 * n), v).unwrap();
        let g = x.dot(&x.t());
        Array2::from_shape_fn((n, n), |(i, j)| g[[i, j]] / (g[[i, i]] * g[[j, j]]).sqrt())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_repair_is_a_correlation_matrix_and_none_is_nearer(a in indefinite(6), other in definite(6)) {
        let nearest = nearest_correlation(&a).unwrap();
        prop_assert!(nearest.diag().iter().all(|v| *v == 1.0));
        prop_assert!(symmetric_eigenvalues(&nearest).unwrap()[0] >= -1e-10);
        let distance = |x: &Array2<f64>| (x - &a).iter().map(|v| v * v).sum::<f64>().sqrt();
        prop_assert!(distance(&nearest) <= distance(&other) + 1e-9);
        // Neither is anything on the way from it to another correlation matrix.
        let near = &nearest * 0.999 + &other * 0.001;
        prop_assert!(distance(&nearest) <= distance(&near) + 1e-9);
    }

    #[test]
    fn gaps_and_no_gaps_take_different_roads_to_the_same_number(
        a in prop::collection::vec(-1.0..1.0_f64, 30), b in prop::collection::vec(-1.0..1.0_f64, 30),
    ) {
        let full: Vec<Vec<Option<f64>>> = [&a, &b].iter().map(|s| s.iter().copied().map(Some).collect()).collect();
        let gap: Vec<Vec<Option<f64>>> =
            full.iter().map(|s| std::iter::once(None).chain(s.iter().copied()).collect()).collect();
        let one = pearson(&[&full[0], &full[1]], 2).unwrap().get(0, 1).unwrap();
        let two = pearson(&[&gap[0], &gap[1]], 2).unwrap().get(0, 1).unwrap();
        prop_assert!((one - two).abs() < 1e-14);
        let one = ewma(&[&full[0], &full[1]], 7.0, 2).unwrap().get(0, 1).unwrap();
        let two = ewma(&[&gap[0], &gap[1]], 7.0, 2).unwrap().get(0, 1).unwrap();
        prop_assert!((one - two).abs() < 1e-13);
    }
}
