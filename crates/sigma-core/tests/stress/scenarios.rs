//! Which positions and which scenarios are left out or refused, and the inherited scenarios.

use sigma_core::analytics::exposures::exposures;
use sigma_core::analytics::factor_model;
use sigma_core::analytics::repricing::VolatilityMove;
use sigma_core::analytics::shocks::{FactorShocks, ShockError};
use sigma_core::analytics::snapshot::assemble;
use sigma_core::analytics::stress::{self, position_pnls, read_scenarios};
use sigma_core::model::*;

use crate::stressed::*;
use crate::support::*;

#[test]
fn positions_without_loadings_are_left_out_by_name_with_their_value() {
    let mut world = shares(&[("A", 10.0, &full(&[("Market", 1.0)])), ("NEW", 50.0, &[])]);
    world.fit("NEW", FitStatus::InsufficientHistory, &[]);
    world.price("ART", &[(ON, 30.0)]);
    world.instrument("ART").kind = InstrumentKind::Private;
    let stressed = Stressed::new(world, &[("A", 10.0), ("NEW", -2.0), ("ART", 1.0), ("NEW", -1.0)], 0.0);
    let result = stressed.run(vec![factor(MARKET, -0.1)]);
    close_to(result.direct.as_ref().unwrap().pnl, -10.0, 1e-12);
    assert_eq!(result.excluded_value, 180.0);
    let shocks = read(vec![factor(MARKET, -0.1)]);
    let pnls = position_pnls(&stressed.inputs(), &shocks, VolatilityMove::Unchanged);
    let named: Vec<_> = stress::exclusions(&stressed.inputs(), &pnls)
        .into_iter()
        .map(|e| (e.issue.subject, e.issue.reason, e.value, e.weight_fraction))
        .collect();
    assert_eq!(
        named,
        [
            ("ART".to_owned(), Reason::PrivateAsset, Some(30.0), Some(30.0 / 280.0)),
            ("NEW".to_owned(), Reason::InsufficientHistory, Some(-150.0), Some(100.0 / 280.0 + 50.0 / 280.0)),
        ]
    );
}

#[test]
fn what_has_no_price_weighs_its_cost() {
    // Lots of 100 AAPL at 200, and of MYSTERY that cost a dollar each.
    let world = shares(&[("AAPL", 200.0, &full(&[("Market", 1.0)]))]);
    let holdings = [("AAPL", 100.0), ("MYSTERY", 40_000.0), ("MYSTERY", 10_000.0)];
    let stressed = Stressed::new(world, &holdings, 0.0);
    let on = stressed.inputs();
    let result = stressed.run(vec![factor(MARKET, -0.1)]);
    close_to(result.direct.as_ref().unwrap().pnl, -2_000.0, 1e-9);
    assert_eq!(result.excluded_value, 50_000.0);
    assert!(stress::market_risk(&on).iter().all(|moved| moved.excluded_value == 50_000.0));
    let pnls = position_pnls(&on, &read(vec![factor(MARKET, -0.1)]), VolatilityMove::Unchanged);
    let left_out = stress::exclusions(&on, &pnls).remove(0);
    assert_eq!(left_out.value, Some(50_000.0));
    close_to(left_out.weight_fraction.unwrap(), 5.0 / 7.0, 1e-12);
    assert!(left_out.issue.detail.ends_with("(it weighs its cost here)"), "{}", left_out.issue.detail);
    let definitions = [FactorDefinition {
        name: MARKET.into(),
        kind: FactorKind::Market,
        proxy: "SPY".into(),
        description: String::new(),
    }];
    let market = factor_model::exposures(on.book, on.views, on.market, on.results, &definitions, on.nav);
    close_to(market.unwrap()[0].coverage_fraction, 2.0 / 7.0, 1e-12);
    let valued = assemble(on.book, std::slice::from_ref(&stressed.day), 0, on.views).exclusions.remove(0);
    assert_eq!((valued.issue.reason, valued.value), (Reason::NoPrice, Some(50_000.0)));
    close_to(valued.weight_fraction.unwrap(), 5.0 / 7.0, 1e-12);
}

#[test]
fn a_private_asset_has_a_value_and_no_delta() {
    let mut world = shares(&[("A", 10.0, &full(&[("Market", 1.0)]))]);
    world.price("HOUSE", &[(ON, 900.0)]);
    world.instrument("HOUSE").kind = InstrumentKind::Private;
    let stressed = Stressed::new(world, &[("A", 10.0), ("HOUSE", 1.0)], 0.0);
    let house = &stressed.views[1];
    assert_eq!((house.market_value, house.notional), (Some(900.0), Ok(900.0)));
    assert_eq!(house.greeks, Err(Reason::PrivateAsset));
    let total = exposures(&stressed.book, &stressed.views).remove(0);
    assert_eq!((total.gross, total.delta_adjusted, total.beta_adjusted), (1000.0, Some(100.0), Some(100.0)));
    let definitions = [FactorDefinition {
        name: MARKET.into(),
        kind: FactorKind::Market,
        proxy: "SPY".into(),
        description: String::new(),
    }];
    let on = stressed.inputs();
    let market =
        factor_model::exposures(on.book, on.views, on.market, on.results, &definitions, 1000.0).unwrap();
    // The house stays in the denominator as what is left out.
    assert_eq!((market[0].dollar_exposure, market[0].coverage_fraction), (100.0, 0.1));
}

#[test]
fn a_position_that_only_correlated_mode_leaves_out_is_counted() {
    // A has no loading on yields: direct mode does not ask for it, the implied yield move does.
    let world =
        shares(&[("A", 10.0, &full(&[("Market", 1.0)])[..7]), ("B", 20.0, &full(&[("Market", 1.0)]))]);
    let stressed = Stressed::new(world, &[("A", 10.0), ("B", 10.0)], 0.0);
    let result = stressed.run(vec![factor(MARKET, -0.1)]);
    close_to(result.direct.unwrap().pnl, -30.0, 1e-12);
    close_to(result.correlated.unwrap().pnl, -20.0, 1e-12);
    assert_eq!(result.excluded_value, 100.0);
}

#[test]
fn symbols_move_as_stated_and_nothing_else_does() {
    let world = shares(&[("A", 10.0, &full(&[("Market", 2.0)])), ("B", 10.0, &full(&[("Market", 1.0)]))]);
    let stressed = Stressed::new(world, &[("A", 10.0), ("B", 10.0)], 0.0);
    let shocks = vec![factor(MARKET, -0.1), Shock::Symbol { symbol: "A".into(), size: 0.5 }];
    let result = stressed.run(shocks);
    let direct = result.direct.unwrap();
    close_to(direct.pnl, 50.0 - 10.0, 1e-12);
    assert_eq!((part(&direct, "A"), part(&direct, MARKET)), (50.0, -10.0));
}

#[test]
fn scenarios_that_cannot_be_applied_are_refused() {
    let refused =
        |shocks: Vec<Shock>| FactorShocks::from_scenario(&scenario("s", shocks), &factors()).unwrap_err();
    for size in [-1.0, 1.0, 1.5, f64::NAN] {
        assert!(matches!(refused(vec![factor(MARKET, size)]), ShockError::TooLarge { .. }), "{size}");
    }
    // (1 + 0.5) / (1 - 0.4) - 1 = 1.5
    let wide = vec![factor(MARKET, -0.4), as_return("Value", 0.5)];
    assert!(matches!(refused(wide), ShockError::TooLarge { subject, .. } if subject == "Value"));
    assert!(
        matches!(refused(vec![factor("Oil", 0.1)]), ShockError::UnknownFactor { factor, .. } if factor == "Oil")
    );
    let symbol = |size| Shock::Symbol { symbol: "A".into(), size };
    for shocks in [
        vec![factor(MARKET, 0.1), factor(MARKET, 0.2)],
        vec![Shock::RatesBp { bp: 1.0 }, Shock::RatesBp { bp: 2.0 }],
        vec![Shock::RatesBp { bp: 1.0 }, factor(RATES, 0.01)],
        vec![Shock::Volatility { size: 0.5 }, Shock::Volatility { size: 0.5 }],
        vec![symbol(0.1), symbol(0.2)],
    ] {
        assert!(matches!(refused(shocks), ShockError::Repeated { .. }));
    }
    for shock in [Shock::Volatility { size: -1.0 }, symbol(-1.0), Shock::RatesBp { bp: f64::INFINITY }] {
        assert!(matches!(refused(vec![shock]), ShockError::TooLarge { .. }));
    }
    assert_eq!(read(vec![factor(RATES, 0.01)]), read(vec![Shock::RatesBp { bp: 100.0 }]));
}

#[test]
fn the_eighteen_inherited_scenarios_can_all_be_read() {
    let all = read_scenarios(&inherited(), &factors()).unwrap();
    assert_eq!(all.len(), 18);
    let of = |id: &str| &all.iter().find(|(found, _)| found == id).unwrap().1;
    assert_eq!(of("rate_spike_300bp").rate_change, Some(0.03));
    assert_eq!(of("vix_spike_150").volatility, Some(1.5));
    close_to(of("vix_spike_150").factor("Low Volatility").unwrap(), 0.75 / 0.85 - 1.0, 1e-15);
    assert_eq!(of("covid_crash_2020").factor("Growth"), Some(0.15));
    close_to(of("dotcom_crash_2000").factor("Growth").unwrap(), 0.40 / 0.55 - 1.0, 1e-15);
    assert_eq!(of("value_rotation_20").factor("Growth"), Some(-0.1), "no market beside it: a spread");
}
