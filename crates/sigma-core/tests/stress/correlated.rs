//! Conditional moves of what a scenario does not name, by hand; what happens without a covariance.

use sigma_core::analytics::stress::{StressInputs, run_scenario};
use sigma_core::model::*;

use crate::stressed::*;
use crate::support::*;

#[test]
fn correlated_moves_are_conditional_expectations() {
    let loadings: &[(&str, f64)] = &[("Market", 1.0), ("Value", 0.5), ("Size", 1.0)];
    let world = shares(&[("A", 10.0, loadings)]);
    let mut stressed = Stressed::new(world, &[("A", 100.0)], 0.0);
    // In units of 1e-5: named [[4, 1], [1, 2]], Size with them (1.5, -0.5), its own variance 2.
    // S_us S_ss^-1 = (1.5, -0.5) [[2, -1], [-1, 4]] / 7 = (0.5, -0.5).
    stressed.covariance = FactorMatrix {
        factors: ["Market", "Value", "Size"].map(str::to_owned).to_vec(),
        packed: [4.0, 1.0, 2.0, 1.5, -0.5, 2.0].map(|v| v * 1e-5).to_vec(),
        ..stressed.covariance
    };
    let result = stressed.run(vec![factor(MARKET, -0.1), factor("Value", 0.05)]);
    let implied = &result.implied_moves;
    assert_eq!((implied.len(), implied[0].factor.as_str()), (1, "Size"));
    close_to(implied[0].size, -0.075, 1e-15);
    // 2 - (0.5 x 1.5 + 0.5 x 0.5) = 1.
    close_to(implied[0].conditional_deviation, (1e-5f64 * 252.0).sqrt(), 1e-15);
    // s' S_ss^-1 s = (0.025 + 0.015) / 7 x 1e5.
    close_to(result.distance.unwrap(), (0.04 / 7.0 * 1e5 / 252.0f64).sqrt(), 1e-12);
    let [direct, correlated] = both(&result);
    close_to(direct.pnl, 1000.0 * (1.025 * 0.9 - 1.0), 1e-10);
    close_to(correlated.pnl, 1000.0 * (1.025 * 0.9 * 0.925 - 1.0), 1e-10);
    // A style alone is conditioned on a market that stands still: (0, 0.05) gives -0.025.
    let style = stressed.run(vec![factor("Value", 0.05)]);
    assert_eq!(style.implied_moves.len(), 1);
    close_to(style.implied_moves[0].size, -0.025, 1e-15);
    // Ten times the market's deviation is not in the data.
    assert!(stressed.run(vec![factor(MARKET, -0.55)]).extrapolated);
}

#[test]
fn without_a_covariance_only_direct_mode_answers() {
    let world = shares(&[("A", 10.0, &full(&[("Market", 1.0)]))]);
    let stressed = Stressed::new(world, &[("A", 100.0)], 0.0);
    let inputs = StressInputs { covariance: None, ..stressed.inputs() };
    let result = run_scenario(&inputs, "m", &read(vec![factor(MARKET, -0.1)]));
    close_to(result.direct.unwrap().pnl, -100.0, 1e-12);
    assert_eq!((result.correlated, result.distance), (Err(Reason::NotComputed), None));
    let no_rates = FactorMatrix { factors: vec![MARKET.to_owned()], packed: vec![1e-4], ..covariance(0) };
    let inputs = StressInputs { covariance: Some(&no_rates), ..stressed.inputs() };
    let result = run_scenario(&inputs, "r", &read(vec![Shock::RatesBp { bp: 50.0 }]));
    assert_eq!(result.correlated, Err(Reason::NoRate));
}
