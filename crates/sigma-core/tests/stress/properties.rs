//! No book loses more than it can, and parts sum to totals, over random loadings and shocks.

use proptest::prelude::*;
use sigma_core::analytics::repricing::VolatilityMove;
use sigma_core::analytics::shocks::{FactorShocks, respond};
use sigma_core::analytics::stress::{position_pnls, read_scenarios, run_scenario};
use sigma_core::model::*;

use crate::stressed::*;
use crate::support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// No cap exists, and none is needed.
    #[test]
    fn unlevered_long_books_never_lose_more_than_everything(
        loadings in prop::collection::vec(prop::collection::vec(-3.0..3.0f64, 7), 1..5),
        rates in prop::collection::vec(-30.0..30.0f64, 5),
        quantities in prop::collection::vec(1.0..1e4f64, 5),
    ) {
        let symbols = ["A", "B", "C", "D", "E"];
        let mut world = World::default();
        let mut holdings = Vec::new();
        for (i, b) in loadings.iter().enumerate() {
            let mut named: Vec<(&str, f64)> = std::iter::once(MARKET).chain(STYLES).zip(b.iter().copied()).collect();
            named.push((RATES, rates[i]));
            world.price(symbols[i], &[(ON, 10.0)]);
            world.fit(symbols[i], FitStatus::Ok, &named);
            holdings.push((symbols[i], quantities[i]));
        }
        let stressed = Stressed::new(world, &holdings, 0.0);
        for (id, shocks) in read_scenarios(&inherited(), &factors()).unwrap() {
            let result = run_scenario(&stressed.inputs(), &id, &shocks);
            for pnl in both(&result) {
                prop_assert!(pnl.fraction.unwrap() >= -1.0, "{}", id);
                prop_assert!(pnl.pnl.is_finite());
                let parts: f64 = pnl.by_factor.iter().map(|f| f.pnl).sum();
                let size: f64 = pnl.by_factor.iter().map(|f| f.pnl.abs()).sum();
                prop_assert!((parts - pnl.pnl).abs() <= 1e-9 * (1.0 + size), "{}: {} {}", id, parts, pnl.pnl);
            }
            let positions = position_pnls(&stressed.inputs(), &shocks, VolatilityMove::Unchanged);
            let total: f64 = positions.iter().map(|p| p.outcome.as_ref().unwrap().total).sum();
            prop_assert!((total - result.direct.as_ref().unwrap().pnl).abs() <= 1e-9 * (1.0 + total.abs()));
        }
    }

    #[test]
    fn no_response_is_below_minus_one_and_its_parts_sum(
        b in prop::collection::vec(-3.0..3.0f64, 7),
        s in prop::collection::vec(-0.99..0.99f64, 7),
        beta_rate in -30.0..30.0f64,
        dy in -0.05..0.05f64,
    ) {
        let named: Vec<(&str, f64)> =
            std::iter::once(MARKET).chain(STYLES).zip(b.iter().copied()).chain([(RATES, beta_rate)]).collect();
        let world = shares(&[("A", 1.0, &named)]);
        let instrument = &world.instruments["A"];
        let moves = factors().into_iter().zip(s).collect();
        let shocks = FactorShocks { moves, rate_change: Some(dy), ..FactorShocks::default() };
        let found = respond(instrument, Ok(&world.results.fits[&instrument.id]), &shocks).unwrap();
        prop_assert!(found.total >= -1.0 && found.total.is_finite());
        let sum: f64 = found.parts.iter().map(|(_, part)| part).sum();
        let size: f64 = found.parts.iter().map(|(_, part)| part.abs()).sum();
        prop_assert!((sum - found.total).abs() <= 1e-12 * (1.0 + size));
    }
}
