//! Direct moves of the market, styles and yields, and the market-risk table, by hand.

use sigma_core::analytics::shocks::{FactorShocks, respond};
use sigma_core::analytics::stress::{market_risk, run_scenario};
use sigma_core::model::*;

use crate::stressed::*;
use crate::support::*;

#[test]
fn a_hundred_long_and_a_hundred_short_have_no_market_risk() {
    let loadings = full(&[("Market", 1.0)]);
    let world = shares(&[("A", 10.0, &loadings), ("B", 25.0, &loadings)]);
    let stressed = Stressed::new(world, &[("A", 10.0), ("B", -4.0)], 100.0);
    let set = sigma_core::analytics::snapshot::assemble(
        &stressed.book,
        std::slice::from_ref(&stressed.day),
        0,
        &stressed.views,
    );
    assert_eq!(set.snapshot.market_beta, Some(0.0));
    for result in market_risk(&stressed.inputs()) {
        close_to(result.outcome.unwrap().pnl, 0.0, 1e-12);
    }
    for pnl in both(&stressed.run(vec![factor(MARKET, -0.1)])) {
        close_to(pnl.pnl, 0.0, 1e-12);
    }
}

#[test]
fn a_pure_market_book_loses_exactly_the_market_move_in_both_modes() {
    let mut world = World::default();
    world.price("SPY", &[(ON, 530.0)]);
    world.fit("SPY", FitStatus::Identity, &[("Market", 1.0)]);
    let stressed = Stressed::new(world, &[("SPY", 400.0)], 0.0);
    let result = stressed.run(vec![factor(MARKET, -0.10)]);
    for pnl in both(&result) {
        close_to(pnl.pnl, -21_200.0, 1e-8);
        close_to(pnl.fraction.unwrap(), -0.10, 1e-12);
        close_to(part(pnl, MARKET), -21_200.0, 1e-8);
    }
    assert_eq!(result.implied_moves.len(), 7, "styles and yields");
    // 10 % in annual deviations of the market alone.
    close_to(result.distance.unwrap(), 0.1 / (0.011 * 252f64.sqrt()), 1e-12);
    assert!(!result.extrapolated);
}

#[test]
fn a_style_shock_given_as_return_ends_at_that_return() {
    let mut world = World::default();
    world.price("VTV", &[(ON, 100.0)]);
    world.fit("VTV", FitStatus::Identity, &[("Market", 1.0), ("Value", 1.0)]);
    let stressed = Stressed::new(world, &[("VTV", 10.0)], 0.0);
    let shocks = read(vec![factor(MARKET, -0.35), as_return("Value", -0.40)]);
    close_to(shocks.factor("Value").unwrap(), 0.60 / 0.65 - 1.0, 1e-15);
    let result = run_scenario(&stressed.inputs(), "covid", &shocks);
    close_to(result.direct.unwrap().pnl, -400.0, 1e-10);
    // As a spread it comes on top.
    let spread = stressed.run(vec![factor(MARKET, -0.35), factor("Value", -0.40)]);
    close_to(spread.direct.unwrap().pnl, 1000.0 * (0.65 * 0.60 - 1.0), 1e-10);
    // Without a market move both are the same.
    let alone = stressed.run(vec![as_return("Value", -0.40)]);
    close_to(alone.direct.unwrap().pnl, -400.0, 1e-10);
}

#[test]
fn the_response_follows_its_formula_by_hand() {
    // Gains 1.5 x 0.02 + 0.5 x 0.04 = 0.05, then a loss of 0.8^2 on the negative loading, then yields.
    let loadings = full(&[("Market", 1.5), ("Value", 0.5), ("Size", -2.0), (RATES, -4.0)]);
    let world = shares(&[("A", 10.0, &loadings)]);
    let instrument = &world.instruments["A"];
    let fit = &world.results.fits[&instrument.id];
    let shocks = FactorShocks {
        moves: vec![("Market".into(), 0.02), ("Value".into(), 0.04), ("Size".into(), 0.2)],
        rate_change: Some(0.01),
        ..FactorShocks::default()
    };
    let found = respond(instrument, Ok(fit), &shocks).unwrap();
    let logs = [1.05f64.ln() * 0.6, 1.05f64.ln() * 0.4, 2.0 * 0.8f64.ln(), -0.04];
    let total = 1.05 * 0.64 * (-0.04f64).exp() - 1.0;
    close_to(found.total, total, 1e-14);
    for ((_, part), log) in found.parts.iter().zip(logs) {
        close_to(*part, log * total / total.ln_1p(), 1e-14);
    }
}

#[test]
fn small_shocks_are_linear() {
    let loadings = full(&[("Market", 1.3), ("Value", -0.7), ("Momentum", 0.4), (RATES, 2.0)]);
    let world = shares(&[("A", 10.0, &loadings)]);
    let instrument = &world.instruments["A"];
    let shocks = FactorShocks {
        moves: vec![("Market".into(), -1e-6), ("Value".into(), 2e-6), ("Momentum".into(), 3e-6)],
        rate_change: Some(1e-6),
        ..FactorShocks::default()
    };
    let found = respond(instrument, Ok(&world.results.fits[&instrument.id]), &shocks).unwrap();
    for ((name, part), expected) in found.parts.iter().zip([-1.3e-6, -1.4e-6, 1.2e-6, 2e-6]) {
        assert!((part - expected).abs() < 2e-11, "{name}: {part}");
    }
}

#[test]
fn a_bond_fund_falls_by_its_duration_with_convexity_to_second_order() {
    let mut world =
        shares(&[("BND", 100.0, &full(&[(RATES, -5.0)])), ("PLAIN", 100.0, &full(&[(RATES, -6.0)]))]);
    world.instrument("BND").duration = Some(6.0);
    world.instrument("BND").convexity = Some(50.0);
    let stressed = Stressed::new(world, &[("BND", 1000.0)], 0.0);
    let up = stressed.run(vec![Shock::RatesBp { bp: 100.0 }]).direct.unwrap();
    close_to(up.fraction.unwrap(), -0.06, 0.003);
    close_to(part(&up, RATES), up.pnl, 1e-9);
    // -D dy + C dy^2 / 2; what remains is of third order: D^3 dy^3 / 6 and its like.
    for bp in [-25.0, 25.0, -1.0, 1.0] {
        let dy = bp / 10_000.0;
        let pnl = stressed.run(vec![Shock::RatesBp { bp }]).direct.unwrap();
        let series = -6.0 * dy + 50.0 * dy * dy / 2.0;
        close_to(pnl.fraction.unwrap(), series, 300.0 * dy.abs().powi(3));
    }
    let market: Vec<(String, f64)> = market_risk(&stressed.inputs())
        .into_iter()
        .map(|row| (row.scenario_id, row.outcome.unwrap().pnl))
        .collect();
    assert!(market.iter().all(|(id, pnl)| id.starts_with("market") && *pnl == 0.0
        || id.starts_with("rates_up") && *pnl < 0.0
        || id.starts_with("rates_down") && *pnl > 0.0));
}

#[test]
fn market_risk_names_and_signs() {
    let world = shares(&[("A", 10.0, &full(&[("Market", 1.2), (RATES, 0.5)]))]);
    let stressed = Stressed::new(world, &[("A", 100.0)], 0.0);
    let rows = market_risk(&stressed.inputs());
    let ids: Vec<&str> = rows.iter().map(|row| row.scenario_id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "market_down_20pct",
            "market_down_10pct",
            "market_down_5pct",
            "market_up_5pct",
            "market_up_10pct",
            "market_up_20pct",
            "rates_down_200bp",
            "rates_down_100bp",
            "rates_down_50bp",
            "rates_down_25bp",
            "rates_up_25bp",
            "rates_up_50bp",
            "rates_up_100bp",
            "rates_up_200bp",
        ]
    );
    for row in &rows {
        let pnl = row.outcome.as_ref().unwrap().pnl;
        assert_eq!(pnl > 0.0, row.scenario_id.contains("_up_"), "{}: {pnl}", row.scenario_id);
    }
    close_to(rows[4].outcome.as_ref().unwrap().pnl, 120.0, 1e-10);
    close_to(rows[13].outcome.as_ref().unwrap().pnl, 1000.0 * (0.01f64.exp() - 1.0), 1e-10);
}
