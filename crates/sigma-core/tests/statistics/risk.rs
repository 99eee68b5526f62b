//! Factor risk and conditional moves: closed forms and identities.

use ndarray::{Array2, array};
use proptest::prelude::*;
use sigma_core::analytics::conditional::{ConditionalError, conditional_moves, implied_moves};
use sigma_core::analytics::factor_risk::{
    ShapeError, SpecificRisk, exposures_dollars, factor_risk, instrument_contributions,
};
use sigma_core::analytics::ols::ols;

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1e-300)
}

/// A positive definite matrix from any numbers.
fn covariance(values: &[f64], k: usize) -> Array2<f64> {
    let x = Array2::from_shape_vec((k, values.len() / k), values.to_vec()).unwrap();
    x.dot(&x.t()) + Array2::<f64>::eye(k) * 1e-3
}

#[test]
fn two_factor_risk_by_hand() {
    let f = array![[0.04, 0.01], [0.01, 0.09]];
    let own =
        [SpecificRisk { dollars: 100.0, variance: 0.02 }, SpecificRisk { dollars: -50.0, variance: 0.08 }];
    let risk = factor_risk(&[100.0, -20.0], f.view(), &own).unwrap();
    // 400 - 40 + 36 and 200 + 200
    assert!(close(risk.systematic_variance, 396.0, 1e-14) && close(risk.specific_variance, 400.0, 1e-14));
    assert!(close(risk.factors[0].component_dollars, 100.0 * 3.8 / 796.0_f64.sqrt(), 1e-14));
    assert!(close(risk.specific_component_dollars, 400.0 / 796.0_f64.sqrt(), 1e-14));
    let flat = factor_risk(&[0.0, 0.0], f.view(), &[]).unwrap();
    assert_eq!((flat.volatility_dollars, flat.factors[0].component_dollars), (0.0, 0.0));
    let shape = ShapeError { what: "factor covariance rows", got: 2, expected: 1 };
    assert_eq!(factor_risk(&[1.0], f.view(), &[]), Err(shape));
}

#[test]
fn two_factor_condition_by_hand() {
    // Daily volatilities 1 % and 2 %, correlation one half.
    let s = array![[1e-4, 1e-4], [1e-4, 4e-4]];
    let moves = conditional_moves(s.view(), &[Some(-0.2), None]).unwrap();
    assert!(close(moves.implied[0].expected, -0.2, 1e-14));
    assert!(close(moves.implied[0].deviation_per_year, 0.02 * (0.75_f64 * 252.0).sqrt(), 1e-14));
    assert!(close(moves.distance, 20.0 / 252.0_f64.sqrt(), 1e-14) && !moves.extrapolated);
    let far = conditional_moves(s.view(), &[Some(-0.8), None]).unwrap();
    assert!(close(far.distance, 80.0 / 252.0_f64.sqrt(), 1e-14) && far.extrapolated);
}

#[test]
fn a_style_shock_never_implies_a_market_move() {
    let s = array![[1e-4, 5e-5, -3e-5], [5e-5, 2e-4, 1e-5], [-3e-5, 1e-5, 5e-5]];
    let names = ["Market", "Value", "Size"];
    let moves = implied_moves(&names, "Market", s.view(), &[("Value", 0.1)]).unwrap();
    assert_eq!(moves.implied.iter().map(|m| m.factor).collect::<Vec<_>>(), [2]);
    let same = conditional_moves(s.view(), &[Some(0.0), Some(0.1), None]).unwrap();
    assert_eq!(moves, same);
    let named = implied_moves(&names, "Market", s.view(), &[("Market", -0.1), ("Value", 0.1)]).unwrap();
    assert_eq!(named, conditional_moves(s.view(), &[Some(-0.1), Some(0.1), None]).unwrap());
    let all = implied_moves(&names, "Market", s.view(), &[("Value", 0.1), ("Size", 0.0)]).unwrap();
    assert!(all.implied.is_empty());
}

#[test]
fn conditions_without_an_answer_are_named() {
    let s = array![[1e-4, 1e-4], [1e-4, 1e-4]];
    let both = conditional_moves(s.view(), &[Some(0.1), Some(0.2)]);
    assert_eq!(both, Err(ConditionalError::NotPositiveDefinite));
    assert_eq!(conditional_moves(s.view(), &[None, None]), Err(ConditionalError::NoShock));
    let shape = ConditionalError::Shape { got: 1, expected: 2 };
    assert_eq!(conditional_moves(s.view(), &[None]), Err(shape));
    assert_eq!(conditional_moves(s.view(), &[Some(f64::NAN), None]), Err(ConditionalError::NonFinite(0)));
    let unknown = implied_moves(&["Market", "Value"], "Market", s.view(), &[("Oil", 0.1)]);
    assert_eq!(unknown, Err(ConditionalError::UnknownFactor("Oil".into())));
    let dead = array![[1e-4, 0.0], [0.0, 0.0]];
    assert_eq!(
        conditional_moves(dead.view(), &[Some(0.1), None]),
        Err(ConditionalError::NotPositiveDefinite)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn components_sum_to_the_volatility(
        values in prop::collection::vec(-1.0..1.0_f64, 32), loadings in prop::collection::vec(-2.0..2.0_f64, 24),
        dollars in prop::collection::vec(-1e6..1e6_f64, 6), variances in prop::collection::vec(0.0..0.1_f64, 6),
    ) {
        let f = covariance(&values, 4);
        let b = Array2::from_shape_vec((6, 4), loadings).unwrap();
        let own: Vec<SpecificRisk> =
            dollars.iter().zip(&variances).map(|(d, v)| SpecificRisk { dollars: *d, variance: *v }).collect();
        let x = exposures_dollars(b.view(), &dollars).unwrap();
        let risk = factor_risk(&x, f.view(), &own).unwrap();
        let by_factor: f64 = risk.factors.iter().map(|c| c.component_dollars).sum();
        let volatility = risk.volatility_dollars;
        prop_assert!(close(by_factor + risk.specific_component_dollars, volatility, 1e-10));
        let by_instrument = instrument_contributions(b.view(), f.view(), &own).unwrap();
        let sum: f64 = by_instrument.iter().map(|c| c.component_dollars).sum();
        prop_assert!(close(sum, volatility, 1e-10));
        // The marginal is the derivative: central difference over one exposure.
        let shift = 1e-4 * volatility;
        let bumped = |sign: f64| {
            let mut moved = x.clone();
            moved[0] += sign * shift;
            factor_risk(&moved, f.view(), &own).unwrap().volatility_dollars
        };
        let slope = (bumped(1.0) - bumped(-1.0)) / (2.0 * shift);
        prop_assert!((slope - risk.factors[0].marginal).abs() < 1e-6);
    }

    #[test]
    fn conditional_means_are_regressions_on_the_shocked_factors(
        values in prop::collection::vec(-1.0..1.0_f64, 120), shocks in prop::collection::vec(-0.3..0.3_f64, 2),
    ) {
        // The sample covariance and least squares of the same data must agree.
        let x = Array2::from_shape_vec((40, 3), values).unwrap();
        let s = sigma_core::analytics::covariance::sample_covariance(x.view()).unwrap();
        let moves = conditional_moves(s.view(), &[Some(shocks[0]), Some(shocks[1]), None]).unwrap();
        let columns: Vec<Vec<f64>> = (0..3).map(|j| x.column(j).to_vec()).collect();
        let fit = ols(&columns[2], &[&columns[0], &columns[1]]).unwrap();
        let expected: f64 = fit.coefficients[1..].iter().zip(&shocks).map(|(c, s)| c.value * s).sum();
        prop_assert!((moves.implied[0].expected - expected).abs() < 1e-12);
        let residual: f64 = fit.residuals.iter().map(|e| e * e).sum::<f64>() / 39.0;
        prop_assert!(close(moves.implied[0].deviation_per_year, (residual * 252.0).sqrt(), 1e-10));
    }
}
