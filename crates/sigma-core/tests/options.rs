//! Option kernels against high-precision tables, printed reference values and identities.

use std::collections::HashMap;

use proptest::prelude::*;
use sigma_core::analytics::black_scholes::{
    EuropeanGreeks, PricingError, PricingInputs, bounds, price_and_greeks, price_and_greeks_batch,
};
use sigma_core::analytics::black76::{self, ForwardInputs};
use sigma_core::analytics::implied_volatility::{
    ImpliedVolatility, implied_volatility, implied_volatility_on_forward,
};
use sigma_core::model::OptionKind::{self, Call, Put};

type Row = HashMap<String, String>;

fn fixture(name: &str) -> Vec<Row> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    csv::Reader::from_path(&path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of row {}: {:?}", row["id"], row[column]))
}

fn inputs_of(row: &Row, volatility: f64) -> PricingInputs {
    PricingInputs {
        spot: number(row, "s"),
        strike: number(row, "k"),
        years: number(row, "t_years"),
        rate: number(row, "r"),
        dividend_yield: number(row, "q"),
        volatility,
        kind: if row["type"] == "c" { Call } else { Put },
    }
}

fn numbers(greeks: &EuropeanGreeks) -> [f64; 6] {
    let g = greeks;
    [g.price, g.delta, g.gamma, g.theta_per_year, g.vega_per_unit, g.rho_per_unit]
}

/// Absolute gate 1e-13 of the natural scale; a gamma larger than that scale (hours at half a percent of volatility)
/// is bounded by its own rounding. Relative gate wherever the value exceeds 1e-10 of the scale.
#[test]
fn greeks_match_sixty_digit_values() {
    let rows = fixture("greeks_european_dev.csv");
    assert_eq!(rows.len(), 2500);
    let columns = ["price", "delta", "gamma", "theta_per_year", "vega_per_1.0", "rho_per_1.0"];
    let (mut worst_absolute, mut worst_tail) = ([0.0_f64; 6], [0.0_f64; 6]);
    for row in &rows {
        let inputs = inputs_of(row, number(row, "sigma"));
        let found = numbers(&price_and_greeks(&inputs).unwrap());
        let spot = inputs.spot;
        for (i, scale) in [spot, 1.0, 1.0 / spot, spot, spot, spot].into_iter().enumerate() {
            let truth = number(row, columns[i]);
            let error = (found[i] - truth).abs();
            worst_absolute[i] = worst_absolute[i].max(error / scale.max(truth.abs()));
            if truth.abs() > 1e-10 * scale {
                worst_tail[i] = worst_tail[i].max(error / truth.abs());
            }
        }
    }
    for i in 0..6 {
        assert!(worst_absolute[i] <= 1e-13, "{}: {:e} of scale", columns[i], worst_absolute[i]);
        assert!(worst_tail[i] <= 5e-12, "{}: {:e} relative", columns[i], worst_tail[i]);
    }
}

fn ulp(value: f64) -> f64 {
    value.abs().next_up() - value.abs()
}

#[test]
fn implied_volatilities_match_forty_digit_roots() {
    let rows = fixture("implied_vol_dev.csv");
    assert_eq!(rows.len(), 934);
    for row in &rows {
        let (price, inputs) = (number(row, "price"), inputs_of(row, 0.0));
        let found = implied_volatility(price, &inputs).unwrap();
        use ImpliedVolatility::{AboveBound, AtIntrinsic, BelowIntrinsic, Ok};
        let accepted = match row["status"].as_str() {
            "ok" => {
                let sigma = number(row, "sigma");
                let sensitivity = 20.0 * number(row, "sigma_err_per_price_ulp")
                    + 20.0 * ulp(inputs.spot) / number(row, "vega_per_1.0_at_sigma");
                let tolerance = (1e-12 * sigma).max(sensitivity);
                matches!(found, Ok(implied) if (implied - sigma).abs() <= tolerance)
            }
            "roundoff" => !matches!(found, Ok(implied) if !(implied.is_finite() && implied > 0.0)),
            "at_intrinsic" => found == AtIntrinsic,
            "below_intrinsic" => found == BelowIntrinsic,
            "below_intrinsic_by_roundoff" => matches!(found, AtIntrinsic | BelowIntrinsic),
            "at_or_above_upper_bound" => found == AboveBound,
            other => panic!("unknown status {other}"),
        };
        assert!(accepted, "{found:?} for {row:?}");
        let (lower, upper) = bounds(&inputs).unwrap();
        let rounding = 4.0 * ulp(inputs.spot.max(inputs.strike));
        assert!((lower - number(row, "lower_bound")).abs() <= rounding, "lower bound of {row:?}");
        assert!((upper - number(row, "upper_bound")).abs() <= rounding, "upper bound of {row:?}");
    }
}

/// Printed Black-Scholes values at sigma 0.25, r 0.05, ACT/365: spot, strike, days, kind, then price, delta, gamma,
/// theta per day, vega per point, rho per point.
#[test]
fn printed_reference_values() {
    let table = [
        (150.0, 150.0, 30.0, Call, [4.5939, 0.537118, 0.036947, -0.081581, 0.170817, 0.062444]),
        (530.0, 460.0, 80.0, Call, [77.6056, 0.913467, 0.002542, -0.116831, 0.391310, 0.891028]),
        (420.0, 420.0, 45.0, Call, [15.9849, 0.545427, 0.010751, -0.191555, 0.584509, 0.262719]),
        (18.5, 25.0, 15.0, Call, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        (700.0, 800.0, 108.0, Call, [10.6395, 0.210370, 0.003031, -0.145859, 1.098521, 0.404244]),
        (225.0, 200.0, 45.0, Put, [0.6624, -0.072710, 0.006999, -0.028005, 0.109214, -0.020986]),
        (420.0, 380.0, 80.0, Put, [4.2630, -0.156903, 0.004887, -0.064190, 0.472327, -0.153781]),
        (255.0, 300.0, 45.0, Call, [0.3620, 0.041167, 0.003941, -0.023327, 0.078979, 0.012496]),
        (530.0, 450.0, 80.0, Put, [1.6957, -0.060546, 0.001934, -0.041885, 0.297681, -0.074050]),
    ];
    for (spot, strike, days, kind, printed) in table {
        let inputs = PricingInputs {
            spot,
            strike,
            years: days / 365.0,
            rate: 0.05,
            dividend_yield: 0.0,
            volatility: 0.25,
            kind,
        };
        let g = price_and_greeks(&inputs).unwrap();
        let found = [g.price, g.delta, g.gamma, g.theta_per_day(), g.vega_per_point(), g.rho_per_point()];
        for (i, (found, printed)) in found.into_iter().zip(printed).enumerate() {
            // Half a unit of the last printed digit: four decimals for the price, six for the others; the
            // out-of-the-money volatility index call is printed as about zero.
            let half_digit = if strike == 25.0 {
                5e-4
            } else if i == 0 {
                5.01e-5
            } else {
                5.01e-7
            };
            assert!(
                (found - printed).abs() <= half_digit,
                "number {i} of {inputs:?}: {found}, printed {printed}"
            );
        }
    }
}

fn example(kind: OptionKind) -> PricingInputs {
    PricingInputs {
        spot: 110.0,
        strike: 100.0,
        years: 0.5,
        rate: 0.04,
        dividend_yield: 0.01,
        volatility: 0.3,
        kind,
    }
}

#[test]
fn at_expiry_an_option_is_its_intrinsic_value() {
    let at = |spot, kind| {
        numbers(&price_and_greeks(&PricingInputs { spot, years: 0.0, ..example(kind) }).unwrap())
    };
    assert_eq!(at(110.0, Call), [10.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(at(100.0, Call), [0.0, 0.5, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(at(90.0, Put), [10.0, -1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(at(110.0, Put), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn without_volatility_the_limit_of_small_volatility_is_reached() {
    for kind in [Call, Put] {
        for spot in [80.0, 110.0] {
            let inputs = PricingInputs { spot, ..example(kind) };
            let none = numbers(&price_and_greeks(&PricingInputs { volatility: 0.0, ..inputs }).unwrap());
            let small = numbers(&price_and_greeks(&PricingInputs { volatility: 1e-3, ..inputs }).unwrap());
            for (none, small) in none.into_iter().zip(small) {
                assert!((none - small).abs() < 1e-12, "{none} and {small} for {inputs:?}");
            }
        }
    }
}

#[test]
fn bad_inputs_are_named() {
    let good = example(Call);
    let error = |inputs: PricingInputs| price_and_greeks(&inputs).unwrap_err().to_string();
    assert_eq!(error(PricingInputs { spot: 0.0, ..good }), "spot must be positive, got 0");
    assert_eq!(error(PricingInputs { strike: -1.0, ..good }), "strike must be positive, got -1");
    assert_eq!(error(PricingInputs { years: -0.1, ..good }), "years must not be negative, got -0.1");
    assert_eq!(error(PricingInputs { rate: f64::NAN, ..good }), "rate must be a finite number, got NaN");
    assert_eq!(
        price_and_greeks(&PricingInputs { rate: -1e6, ..good }),
        Err(PricingError::OutOfRange { field: "price" })
    );
    assert!(implied_volatility(f64::INFINITY, &good).is_err());
}

#[test]
fn batch_gives_the_same_numbers_in_order() {
    for count in [3, 10_000] {
        let inputs: Vec<_> =
            (0..count).map(|i| PricingInputs { strike: (i % 211) as f64, ..example(Put) }).collect();
        let one_by_one: Vec<_> = inputs.iter().map(price_and_greeks).collect();
        assert_eq!(price_and_greeks_batch(&inputs), one_by_one);
    }
}

prop_compose! {
    /// Anything a market could quote and much that it could not.
    fn wide()(
        spot in 0.01..1e5_f64,
        log_moneyness in -6.0..6.0_f64,
        log_years in -9.2..2.0_f64,
        rate in -0.1..0.3_f64,
        dividend_yield in 0.0..0.15_f64,
        log_volatility in -5.3..1.7_f64,
        call in any::<bool>(),
    ) -> PricingInputs {
        PricingInputs {
            spot,
            strike: spot * log_moneyness.exp(),
            years: log_years.exp(),
            rate,
            dividend_yield,
            volatility: log_volatility.exp(),
            kind: if call { Call } else { Put },
        }
    }
}

prop_compose! {
    /// Options whose finite differences have digits left.
    fn ordinary()(
        strike in 70.0..140.0_f64,
        years in 0.1..2.0_f64,
        rate in -0.02..0.08_f64,
        dividend_yield in 0.0..0.05_f64,
        volatility in 0.1..0.8_f64,
        call in any::<bool>(),
    ) -> PricingInputs {
        let kind = if call { Call } else { Put };
        PricingInputs { spot: 100.0, strike, years, rate, dividend_yield, volatility, kind }
    }
}

/// Fourth-order central difference of `f` at 0.
fn derivative(step: f64, f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(step) - f(-step)) - (f(2.0 * step) - f(-2.0 * step))) / (12.0 * step)
}

fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, by differences {expected}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn put_call_parity(inputs in wide()) {
        let call = price_and_greeks(&PricingInputs { kind: Call, ..inputs }).unwrap();
        let put = price_and_greeks(&PricingInputs { kind: Put, ..inputs }).unwrap();
        let asset = inputs.spot * (-inputs.dividend_yield * inputs.years).exp();
        let cash = inputs.strike * (-inputs.rate * inputs.years).exp();
        let scale = asset + cash;
        prop_assert!((call.price - put.price - (asset - cash)).abs() <= 1e-14 * scale);
        prop_assert!((call.delta - put.delta - asset / inputs.spot).abs() <= 1e-14);
        prop_assert!((call.rho_per_unit - put.rho_per_unit - inputs.years * cash).abs() <= 1e-14 * scale * inputs.years);
        prop_assert_eq!(call.gamma, put.gamma);
        prop_assert_eq!(call.vega_per_unit, put.vega_per_unit);
    }

    #[test]
    fn prices_lie_between_their_bounds(inputs in wide()) {
        let price = price_and_greeks(&inputs).unwrap().price;
        let (lower, upper) = bounds(&inputs).unwrap();
        let rounding = 4.0 * ulp(inputs.spot.max(inputs.strike));
        prop_assert!(price >= lower - rounding && price <= upper + rounding, "{} not in {}..{}", price, lower, upper);
    }

    #[test]
    fn volatility_survives_a_round_trip(inputs in wide()) {
        let greeks = price_and_greeks(&inputs).unwrap();
        let (lower, upper) = bounds(&inputs).unwrap();
        let rounding = ulp(inputs.spot.max(inputs.strike));
        let out_of_the_money = lower == 0.0;
        let distance = (greeks.price - lower).min(upper - greeks.price);
        let informative = if out_of_the_money { greeks.price > 1e-290 } else { distance > 4.0 * rounding };
        match implied_volatility(greeks.price, &inputs).unwrap() {
            ImpliedVolatility::Ok(implied) => {
                // Below an exact bound of zero only the price's own rounding counts, near the upper one the bound's.
                let price_error = if out_of_the_money && greeks.price < 0.5 * upper {
                    ulp(greeks.price)
                } else {
                    rounding
                };
                let own = 1e-13 * inputs.volatility;
                let tolerance = own + 20.0 * price_error / greeks.vega_per_unit;
                let error = (implied - inputs.volatility).abs();
                prop_assert!(!informative || error <= tolerance, "{implied}: {error:e} > {tolerance:e}");
            }
            other => prop_assert!(!informative || upper - greeks.price <= 4.0 * rounding, "{other:?}"),
        }
    }

    #[test]
    fn extreme_inputs_give_finite_numbers_or_an_error(
        exponents in prop::array::uniform4(-320.0..308.0_f64),
        rate in -1e3..1e3_f64,
        dividend_yield in -1e3..1e3_f64,
        price_share in 0.0..2.0_f64,
        call in any::<bool>(),
    ) {
        let [spot, strike, years, volatility] = exponents.map(|exponent| 10_f64.powf(exponent));
        let kind = if call { Call } else { Put };
        let inputs = PricingInputs { spot, strike, years, rate, dividend_yield, volatility, kind };
        if let Ok(greeks) = price_and_greeks(&inputs) {
            prop_assert!(numbers(&greeks).iter().all(|n| n.is_finite()) && greeks.price >= 0.0, "{greeks:?}");
        }
        if let Ok(ImpliedVolatility::Ok(implied)) = implied_volatility(price_share * spot, &inputs) {
            prop_assert!(implied.is_finite() && implied > 0.0, "{implied}");
        }
    }

    #[test]
    fn greeks_are_the_derivatives_of_the_price(inputs in ordinary()) {
        let price = |change: &dyn Fn(&mut PricingInputs)| {
            let mut moved = inputs;
            change(&mut moved);
            price_and_greeks(&moved).unwrap()
        };
        let g = price_and_greeks(&inputs).unwrap();
        assert_near("delta", g.delta, derivative(0.05, |d| price(&|i| i.spot += d).price), 1e-8);
        assert_near("gamma", g.gamma, derivative(0.05, |d| price(&|i| i.spot += d).delta), 1e-8);
        assert_near("theta", g.theta_per_year, -derivative(1e-4, |d| price(&|i| i.years += d).price), 1e-6);
        assert_near("vega", g.vega_per_unit, derivative(1e-4, |d| price(&|i| i.volatility += d).price), 1e-6);
        assert_near("rho", g.rho_per_unit, derivative(1e-4, |d| price(&|i| i.rate += d).price), 1e-6);
    }

    #[test]
    fn greeks_on_a_forward_are_the_derivatives_of_the_price(asset in ordinary()) {
        let PricingInputs { spot: forward, strike, years, rate, volatility, kind, .. } = asset;
        let inputs = ForwardInputs { forward, strike, years, rate, volatility, kind };
        let price = |change: &dyn Fn(&mut ForwardInputs)| {
            let mut moved = inputs;
            change(&mut moved);
            black76::price_and_greeks(&moved).unwrap()
        };
        let g = black76::price_and_greeks(&inputs).unwrap();
        assert_near("delta", g.delta, derivative(0.05, |d| price(&|i| i.forward += d).price), 1e-8);
        assert_near("gamma", g.gamma, derivative(0.05, |d| price(&|i| i.forward += d).delta), 1e-8);
        assert_near("theta", g.theta_per_year, -derivative(1e-4, |d| price(&|i| i.years += d).price), 1e-6);
        assert_near("vega", g.vega_per_unit, derivative(1e-4, |d| price(&|i| i.volatility += d).price), 1e-6);
        assert_near("rho", g.rho_per_unit, derivative(1e-4, |d| price(&|i| i.rate += d).price), 1e-6);
        // A put on this forward, by parity with discounted forward and strike.
        let other = black76::price_and_greeks(&ForwardInputs {
            kind: if kind == Call { Put } else { Call },
            ..inputs
        }).unwrap();
        let parity = kind.sign() * (-rate * years).exp() * (forward - strike);
        prop_assert!((g.price - other.price - parity).abs() < 1e-12);
        let implied = implied_volatility_on_forward(g.price, &inputs).unwrap();
        if g.price > 1e-3 && other.price > 1e-3 {
            let close = matches!(implied, ImpliedVolatility::Ok(v) if (v - volatility).abs() < 1e-10);
            prop_assert!(close, "{implied:?} for {volatility}");
        }
    }
}
