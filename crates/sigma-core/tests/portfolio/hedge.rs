//! Hedges against `numpy.linalg.lstsq` (NumPy 2.4.6, `rcond=1e-10`), and what makes a solution the smallest.

use proptest::prelude::*;
use sigma_core::analytics::hedge::{HedgeError, solve, units};

use crate::support::close_to;

fn matrix(rows: &[&[f64]]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| row.to_vec()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn solutions_are_those_of_numpy() {
    let under: [f64; 3] = [-389.5804518211156, 313.047487321346, -717.3812816966341];
    for (rows, gaps, expected) in [
        (matrix(&[&[1.0, 2.0]]), vec![-100.0], vec![-20.0, -40.0]),
        (matrix(&[&[1.0, 0.8, 1.2], &[0.0, 0.5, -0.2]]), vec![-1000.0, 300.0], under.to_vec()),
        (matrix(&[&[1.0], &[0.5]]), vec![-100.0, 20.0], vec![-72.0]),
        (matrix(&[&[1.0, 2.0], &[2.0, 4.0], &[0.0, 0.0]]), vec![10.0, 20.0, 5.0], vec![2.0, 4.0]),
    ] {
        let hedge = solve(&rows, &gaps).unwrap();
        for (found, expected) in hedge.dollars.iter().zip(expected) {
            close_to(*found, expected, 1e-10 * expected.abs());
        }
    }
}

#[test]
fn what_cannot_be_reached_says_how_near_it_comes() {
    let hedge = solve(&matrix(&[&[1.0, 2.0], &[2.0, 4.0], &[0.0, 0.0]]), &[10.0, 20.0, 5.0]).unwrap();
    assert_eq!(hedge.is_reached, [true, true, false]);
    close_to(hedge.moved[1], 20.0, 1e-12);
    assert_eq!(hedge.moved[2], 0.0);
    let nothing = solve(&matrix(&[&[0.0]]), &[7.0]).unwrap();
    assert_eq!((nothing.dollars, nothing.is_reached), (vec![0.0], vec![false]));
}

#[test]
fn systems_without_a_meaning_are_refused() {
    let empty = solve(&[], &[]);
    assert_eq!(empty, Err(HedgeError::Empty { instruments: 0, targets: 0 }));
    assert_eq!(
        solve(&matrix(&[&[1.0]]), &[]),
        Err(HedgeError::Shape { targets: 1, instruments: 1, gaps: 0 })
    );
    assert!(matches!(solve(&matrix(&[&[f64::NAN]]), &[1.0]), Err(HedgeError::NotFinite(_))));
}

#[test]
fn units_round_to_the_nearest_whole_one() {
    assert_eq!((units(1249.0, 500.0, false), units(-1251.0, 500.0, false)), (2.0, -3.0));
    assert_eq!(units(1250.0, 500.0, true), 2.5);
}

proptest! {
    #[test]
    fn reached_with_the_least_dollars(
        values in prop::collection::vec(-2.0..2.0f64, 10),
        gaps in prop::collection::vec(-1e6..1e6f64, 2),
        off in prop::collection::vec(-1.0..1.0f64, 5),
    ) {
        let exposures = [values[..5].to_vec(), values[5..].to_vec()];
        let [a, b] = &exposures;
        prop_assume!(dot(a, a) * dot(b, b) - dot(a, b).powi(2) > 1e-2);
        let hedge = solve(&exposures, &gaps).unwrap();
        prop_assert_eq!(&hedge.is_reached, &[true, true]);
        // A step that moves no exposure is at a right angle to the solution, so any other solution is longer.
        let projected = solve(&exposures, &[dot(a, &off), dot(b, &off)]).unwrap();
        let inner: f64 = (0..5).map(|j| (off[j] - projected.dollars[j]) * hedge.dollars[j]).sum();
        let size: f64 = hedge.dollars.iter().map(|x| x * x).sum::<f64>().sqrt();
        prop_assert!(inner.abs() <= 1e-8 * (1.0 + size), "{}", inner);
    }
}
