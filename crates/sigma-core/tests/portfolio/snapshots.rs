//! Volatility, drawdown, returns with flows, and factor dollars of a snapshot.

use sigma_core::analytics::snapshot::assemble;
use sigma_core::model::CashKind::{Contribution, Opening};
use sigma_core::model::*;

use crate::exclusions;
use crate::support::*;

/// Closes that alternate between 100 and 101: returns of +1 % and of 1/1.01 - 1.
#[test]
fn volatilities_need_all_their_returns_and_drawdown_follows_the_index() {
    let all = sessions("2025-01-02", "2025-04-30");
    let mut world = World::default();
    for (i, on) in all.iter().enumerate() {
        world.history("A").bars.push(bar(*on, 100.0 + (i % 2) as f64));
    }
    let lot = world.lot("A", 10.0, 100.0, "2025-01-02");
    let book = book("2025-01-02", vec![lot], &[]);
    let days = world.roll(&book, "2025-04-30");
    let snapshot = |i: usize| exclusions(&world, &book, &days, i).snapshot;
    // n returns, k of them a and the rest b: variance k (n - k) / (n (n - 1)) (a - b)^2.
    let spread = 0.01 - (1.0 / 1.01 - 1.0);
    let vol = |n: f64, k: f64| (252.0 * k * (n - k) / (n * (n - 1.0)) * spread * spread).sqrt();
    assert_eq!((snapshot(20).realized_vol_21, snapshot(62).realized_vol_63), (None, None));
    close_to(snapshot(21).realized_vol_21.unwrap(), vol(21.0, 11.0), 1e-12);
    close_to(snapshot(63).realized_vol_63.unwrap(), vol(63.0, 32.0), 1e-12);
    assert_eq!((snapshot(0).drawdown, snapshot(1).drawdown), (Some(0.0), Some(0.0)));
    close_to(snapshot(2).drawdown.unwrap(), 1.0 / 1.01 - 1.0, 1e-14);
    close_to(snapshot(2).cumulative_return.unwrap(), 0.0, 1e-14);
    close_to(snapshot(1).cumulative_return.unwrap(), 0.01, 1e-14);
}

#[test]
fn flows_do_not_earn_and_the_index_ends_when_nothing_is_invested() {
    let mut world = World::default();
    world.price(
        "A",
        &[("2025-06-02", 10.0), ("2025-06-03", 11.0), ("2025-06-04", 33.0), ("2025-06-05", 33.0)],
    );
    let lot = world.lot("A", -100.0, 10.0, "2025-06-02");
    let cash = [("2025-06-02", Opening, 2_000.0), ("2025-06-03", Contribution, 1_000.0)];
    let book = book("2025-06-02", vec![lot], &cash);
    let days = world.roll(&book, "2025-06-05");
    // NAV 1000; 1000 paid in and 100 lost; 2200 lost, more than there is; NAV -300: no return.
    close_to(days[1].day_return.unwrap(), -0.05, 1e-15);
    assert_eq!(days[2].nav, -300.0);
    close_to(days[2].day_return.unwrap(), -2200.0 / 1900.0, 1e-15);
    assert_eq!((days[3].day_return, days[3].index), (None, None));
    let last = exclusions(&world, &book, &days, 3).snapshot;
    assert_eq!((last.cumulative_return, last.drawdown, last.market_beta), (None, None, None));
    assert_eq!(last.cumulative_pnl, -2300.0);
}

#[test]
fn factor_dollars_are_delta_dollars_times_the_loadings_of_the_underlying() {
    let mut world = World::default();
    world.price("XYZ", &[("2025-06-02", 50.0)]);
    world.price("XYZ250919P00050000", &[("2025-06-02", 3.0)]);
    world.fit("XYZ", FitStatus::Ok, &[("Market", 1.2), ("Value", -0.4)]);
    let lots = vec![
        world.lot("XYZ", -10.0, 50.0, "2025-06-02"),
        world.lot("XYZ250919P00050000", -2.0, 3.0, "2025-06-02"),
    ];
    let greeks = OptionGreeks {
        spot: 50.0,
        market_price: Some(3.0),
        volatility: 0.3,
        volatility_source: VolatilitySource::Quoted,
        rate: 0.05,
        dividend_yield: 0.0,
        years: 0.3,
        model_price: 3.0,
        delta: -0.45,
        gamma: 0.04,
        theta_per_day: -0.02,
        vega_per_point: 0.11,
        rho_per_point: -0.07,
        flags: vec![],
    };
    let id = lots[1].instrument.id;
    let row = GreeksRow {
        instrument_id: id,
        as_of: date("2025-06-02"),
        method: GreeksMethod::EuropeanApproximation,
        greeks: Ok(greeks),
    };
    world.results.greeks.insert(id, row);
    let book = book("2025-06-02", lots, &[("2025-06-02", Opening, 10_000.0)]);
    let days = world.roll(&book, "2025-06-02");
    let views = world.views(&book, &days[0]);
    // -200 units x -0.45 x 50 = +4500; notional -200 x 50 x -1; gamma -200 x 0.04 x 50^2 x 0.01.
    let put = views[1].greeks.unwrap();
    close_to(put.delta_dollars, 4500.0, 1e-9);
    close_to(put.gamma_dollars_per_1pct, -200.0, 1e-9);
    close_to(put.theta_per_day, 4.0, 1e-12);
    close_to(put.vega_per_point, -22.0, 1e-12);
    close_to(put.rho_per_point, 14.0, 1e-12);
    close_to(views[1].notional.unwrap(), 10_000.0, 1e-9);
    assert_eq!(views[0].greeks.unwrap().delta_dollars, -500.0);
    let set = assemble(&book, &days, 0, &views);
    close_to(set.snapshot.delta_dollars.unwrap(), 4000.0, 1e-9);
    // 1.2 x 4000 over the NAV of 10000 - 500 - 600.
    close_to(set.snapshot.market_beta.unwrap(), 4800.0 / 8900.0, 1e-12);
    let value: f64 = views.iter().map(|v| v.factor_dollars.as_ref().unwrap()[1].1).sum();
    close_to(value, -1600.0, 1e-9);
}
