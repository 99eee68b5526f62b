//! Repricing of options: volatility moves, parts, and volatility indices.

use proptest::prelude::*;
use sigma_core::analytics::black_scholes::{self, PricingInputs};
use sigma_core::analytics::black76::{self, ForwardInputs};
use sigma_core::analytics::repricing::{VolatilityMove, reprice};
use sigma_core::analytics::shocks::{FactorShocks, Response, respond};
use sigma_core::model::*;

use crate::stressed::*;
use crate::support::*;

fn greeks_of(terms: &OptionTerms, spot: f64, volatility: f64, years: f64) -> OptionGreeks {
    let inputs = PricingInputs {
        spot,
        strike: terms.strike,
        years,
        rate: 0.04,
        dividend_yield: 0.01,
        volatility,
        kind: terms.kind,
    };
    let g = black_scholes::price_and_greeks(&inputs).unwrap();
    OptionGreeks {
        spot,
        market_price: None,
        volatility,
        volatility_source: VolatilitySource::Quoted,
        rate: 0.04,
        dividend_yield: 0.01,
        years,
        model_price: g.price,
        delta: g.delta,
        gamma: g.gamma,
        theta_per_day: g.theta_per_day(),
        vega_per_point: g.vega_per_point(),
        rho_per_point: g.rho_per_point(),
        flags: vec![],
    }
}

fn terms(underlying: &str, kind: OptionKind, strike: f64) -> OptionTerms {
    OptionTerms {
        underlying: underlying.into(),
        kind,
        strike,
        expiry: date("2025-09-19"),
        style: ExerciseStyle::European,
        standard_deliverable: true,
    }
}

fn price(terms: &OptionTerms, greeks: &OptionGreeks, spot: f64, volatility: f64, rate: f64) -> f64 {
    let inputs = PricingInputs {
        spot,
        strike: terms.strike,
        years: greeks.years,
        rate,
        dividend_yield: greeks.dividend_yield,
        volatility,
        kind: terms.kind,
    };
    black_scholes::price_and_greeks(&inputs).unwrap().price
}

#[test]
fn volatility_moves_by_hand() {
    let stated = VolatilityMove::Stated(1.5);
    close_to(stated.multiplier(10.0), 2.5, 1e-15);
    close_to(stated.multiplier(30.0), 2.5, 1e-15);
    // sqrt(30 / 120) = 1/2.
    close_to(stated.multiplier(120.0), 2.5f64.sqrt(), 1e-15);
    close_to(VolatilityMove::Market(-0.1).multiplier(7.0), 0.9f64.powi(-3), 1e-15);
    close_to(VolatilityMove::Market(-0.1).multiplier(270.0), 0.9f64.powi(-1), 1e-14);
    assert_eq!(VolatilityMove::Unchanged.multiplier(7.0), 1.0);
}

proptest! {
    #[test]
    fn option_parts_sum_to_the_repriced_difference(
        strike in 60.0..160.0f64,
        call in any::<bool>(),
        market in -0.6..0.6f64,
        value in -0.3..0.3f64,
        v in -0.5..1.5f64,
        dy in -0.02..0.02f64,
        days in 0u32..700,
    ) {
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let terms = terms("XYZ", kind, strike);
        let greeks = greeks_of(&terms, 100.0, 0.25, f64::from(days) / 365.0);
        let world = shares(&[("XYZ", 100.0, &full(&[("Market", 1.1), ("Value", -0.8), (RATES, -2.0)]))]);
        let instrument = &world.instruments["XYZ"];
        let shocks = FactorShocks {
            moves: vec![("Market".into(), market), ("Value".into(), value)],
            rate_change: Some(dy),
            ..FactorShocks::default()
        };
        let underlying = respond(instrument, Ok(&world.results.fits[&instrument.id]), &shocks).unwrap();
        let found = reprice(&terms, &greeks, Ok(&underlying), VolatilityMove::Stated(v), Some(dy)).unwrap();
        let weight = (30.0 / f64::from(days.max(1))).sqrt().min(1.0);
        let expected = price(&terms, &greeks, 100.0 * (1.0 + underlying.total), 0.25 * (1.0 + v).powf(weight), 0.04 + dy)
            - greeks.model_price;
        prop_assert!((found.total - expected).abs() < 1e-10);
        let parts: f64 = found.parts.iter().map(|(_, part)| part).sum();
        prop_assert!((parts - found.total).abs() < 1e-9, "{} {}", parts, found.total);
    }
}

#[test]
fn small_shocks_of_options_are_delta_and_vega() {
    let terms = terms("XYZ", OptionKind::Put, 105.0);
    let greeks = greeks_of(&terms, 100.0, 0.3, 20.0 / 365.0);
    let h = 1e-5;
    let underlying =
        Response { total: h, parts: vec![("Market".into(), 3.0 * h), ("Value".into(), -2.0 * h)] };
    let found = reprice(&terms, &greeks, Ok(&underlying), VolatilityMove::Stated(h), Some(h)).unwrap();
    let part = |name: &str| found.parts.iter().filter(|(n, _)| n == name).map(|(_, p)| p).sum::<f64>();
    let second_order = 100.0 * 100.0 * greeks.gamma * h * h * 5.0;
    close_to(part("Market"), greeks.delta * 100.0 * 3.0 * h, second_order);
    close_to(part("Value"), greeks.delta * 100.0 * -2.0 * h, second_order);
    close_to(part(VOLATILITY), greeks.vega_per_point * 100.0 * 0.3 * h, second_order);
    close_to(part(RATES), greeks.rho_per_point * 100.0 * h, second_order);
}

#[test]
fn parts_sum_where_the_factors_cancel() {
    let terms = terms("XYZ", OptionKind::Call, 100.0);
    // The kink of the day of expiry, where delta is one half and the value moves by all or nothing.
    let greeks = greeks_of(&terms, 100.0, 0.3, 0.0);
    for total in [0.0, 5e-8, -5e-8, 1e-15] {
        let underlying =
            Response { total, parts: vec![("Market".into(), 0.1 + total), ("Value".into(), -0.1)] };
        let found = reprice(&terms, &greeks, Ok(&underlying), VolatilityMove::Unchanged, None).unwrap();
        close_to(found.total, 100.0 * total.max(0.0), 1e-12);
        close_to(found.parts.iter().map(|(_, part)| part).sum(), found.total, 1e-13);
        close_to(found.parts[0].1, 5.0, 1e-5);
    }
}

/// A world with one option that has Greeks.
fn with_option(symbol: &str, spot: f64, quantity: f64) -> (Stressed, OptionGreeks) {
    let mut world = World::default();
    let instrument = world.instrument(symbol).clone();
    let terms = instrument.option.clone().unwrap();
    let years = 109.0 / 365.0;
    let mut greeks = greeks_of(&terms, spot, 0.25, years);
    if Instrument::is_volatility_index(&terms.underlying) {
        greeks.volatility = 0.9;
        greeks.dividend_yield = 0.0;
    }
    let underlying = terms.underlying.clone();
    world.price(&underlying, &[(ON, spot)]);
    world.fit(&underlying, FitStatus::Ok, &full(&[("Market", if underlying == "VIX" { -5.0 } else { 1.0 })]));
    world.price(symbol, &[(ON, greeks.model_price)]);
    let row = GreeksRow {
        instrument_id: instrument.id,
        as_of: date(ON),
        method: GreeksMethod::BlackScholesMerton,
        greeks: Ok(greeks.clone()),
    };
    world.results.greeks.insert(instrument.id, row);
    (Stressed::new(world, &[(symbol, quantity)], 1e6), greeks)
}

#[test]
fn short_options_lose_what_long_ones_gain() {
    let symbol = "SPX250919P00090000";
    let shocks = vec![factor(MARKET, -0.2), Shock::Volatility { size: 0.5 }];
    let (long, greeks) = with_option(symbol, 100.0, 3.0);
    let (short, _) = with_option(symbol, 100.0, -3.0);
    let [gain, _] = both(&long.run(shocks.clone())).map(|p| p.pnl);
    let [loss, _] = both(&short.run(shocks)).map(|p| p.pnl);
    let terms = terms("SPX", OptionKind::Put, 90.0);
    let volatility = 0.25 * 1.5f64.powf((30.0 / 109.0f64).sqrt());
    let expected = 300.0 * (price(&terms, &greeks, 80.0, volatility, 0.04) - greeks.model_price);
    assert!(gain > 0.0);
    close_to(gain, expected, 1e-8);
    close_to(loss, -gain, 1e-8);
}

#[test]
fn correlated_mode_lifts_volatilities_when_the_market_falls() {
    let (stressed, greeks) = with_option("SPX250919P00090000", 100.0, 1.0);
    let result = stressed.run(vec![factor(MARKET, -0.1)]);
    let [direct, correlated] = both(&result);
    let terms = terms("SPX", OptionKind::Put, 90.0);
    assert_eq!(part(direct, VOLATILITY), 0.0);
    close_to(direct.pnl, 100.0 * (price(&terms, &greeks, 90.0, 0.25, 0.04) - greeks.model_price), 1e-9);
    // The implied yield move is 0.3 x 0.0006 / 0.011 x -0.1.
    let dy = 0.3 * 0.0006 / 0.011 * -0.1;
    let lifted = 0.25 * 0.9f64.powf(-3.0 * (30.0 / 109.0f64).sqrt());
    let expected = 100.0 * (price(&terms, &greeks, 90.0, lifted, 0.04 + dy) - greeks.model_price);
    close_to(correlated.pnl, expected, 1e-8);
    assert!(part(correlated, VOLATILITY) > 0.0);
}

#[test]
fn options_on_volatility_indices_move_by_volatility_only() {
    let (stressed, greeks) = with_option("VIX250919C00025000", 20.0, 10.0);
    let forward_price = |forward: f64, rate: f64| {
        let inputs = ForwardInputs {
            forward,
            strike: 25.0,
            years: greeks.years,
            rate,
            volatility: 0.9,
            kind: OptionKind::Call,
        };
        black76::price_and_greeks(&inputs).unwrap().price
    };
    let base = forward_price(20.0, 0.04);
    let market = stressed.run(vec![factor(MARKET, -0.1)]);
    let [direct, correlated] = both(&market);
    assert_eq!(direct.pnl, 0.0, "a loading of -5 is no way to move a volatility index");
    let dy = 0.3 * 0.0006 / 0.011 * -0.1;
    let lifted = forward_price(20.0 * 0.9f64.powi(-3), 0.04 + dy);
    close_to(correlated.pnl, 1000.0 * (lifted - base), 1e-8);
    let spike = stressed.run(vec![factor(MARKET, -0.15), Shock::Volatility { size: 1.5 }]);
    close_to(spike.direct.as_ref().unwrap().pnl, 1000.0 * (forward_price(50.0, 0.04) - base), 1e-8);
    close_to(part(spike.direct.as_ref().unwrap(), VOLATILITY), spike.direct.as_ref().unwrap().pnl, 1e-9);
    let named = stressed.run(vec![Shock::Symbol { symbol: "VIX".into(), size: 1.0 }]).direct.unwrap();
    close_to(named.pnl, 1000.0 * (forward_price(40.0, 0.04) - base), 1e-8);
    close_to(part(&named, "VIX"), named.pnl, 1e-9);
}

#[test]
fn volatility_indices_have_no_factor_dollars() {
    let (stressed, _) = with_option("VIX250919C00025000", 20.0, 10.0);
    let view = &stressed.views[0];
    assert!(view.delta_adjusted().unwrap() > 0.0, "it has Greeks");
    assert_eq!(view.factor_dollars, Err(Reason::FactorProxy), "a loading of -5 is stored and not used");
    assert_eq!(view.beta_adjusted(), Err(Reason::FactorProxy));
}

#[test]
fn a_volatility_index_moves_as_its_forwards_do() {
    let mut world = World::default();
    world.price("VIX", &[(ON, 20.0)]);
    world.fit("VIX", FitStatus::Ok, &full(&[("Market", -5.0)]));
    let stressed = Stressed::new(world, &[("VIX", 10.0)], 1e6);
    let market = stressed.run(vec![factor(MARKET, -0.1)]);
    let [direct, correlated] = both(&market);
    assert_eq!(direct.pnl, 0.0);
    close_to(correlated.pnl, 200.0 * (0.9f64.powi(-3) - 1.0), 1e-10);
    let spike = stressed.run(vec![Shock::Volatility { size: 0.5 }]).direct.unwrap();
    close_to(part(&spike, VOLATILITY), 100.0, 1e-10);
    let named = stressed.run(vec![Shock::Symbol { symbol: "VIX".into(), size: -0.25 }]).direct.unwrap();
    close_to(part(&named, "VIX"), -50.0, 1e-10);
}

#[test]
fn a_book_of_which_nothing_can_be_repriced_has_no_result() {
    let (mut stressed, _) = with_option("SPX250919P00090000", 100.0, 1.0);
    let id = stressed.book.lots[0].instrument.id;
    stressed.world.results.greeks.get_mut(&id).unwrap().greeks = Err(Reason::NoVol);
    stressed.views = stressed.world.views(&stressed.book, &stressed.day);
    let result = stressed.run(vec![factor(MARKET, -0.1)]);
    assert_eq!((result.direct, result.correlated), (Err(Reason::NoVol), Err(Reason::NoVol)));
    close_to(result.excluded_value, stressed.views[0].market_value.unwrap(), 1e-12);
    assert!(result.excluded_value > 0.0);
    // A book of cash alone has one: nothing moves.
    let cash = Stressed::new(World::default(), &[], 100.0);
    assert_eq!(cash.run(vec![factor(MARKET, -0.1)]).direct.unwrap().pnl, 0.0);
}
