//! The factor model of a date and the correlations of a book, from prices and yields that follow known loadings.

mod support;

use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_core::analytics::factor_fit::FitSpec;
use sigma_core::analytics::factor_model::{
    ReturnPanel, exposures, factor_correlation, factor_covariance, fit_date,
};
use sigma_core::analytics::portfolio_correlation::{CorrelationSpec, correlate};
use sigma_core::model::*;
use support::{World, book, close_to, date, sessions};

const FROM: &str = "2024-03-01";
const TO: &str = "2025-06-30";

/// Deterministic noise of a stream, uniform in [-1/2, 1/2): quadratic multiples of an irrational root.
fn noise(stream: usize, t: usize) -> f64 {
    let square = ((t + 1) * (t + 7)) as f64;
    (square * ((stream * stream + 1) as f64).sqrt()).fract() - 0.5
}

fn market_return(t: usize) -> f64 {
    0.03 * noise(1, t)
}

fn value_spread(t: usize) -> f64 {
    0.015 * noise(3, t)
}

fn growth_spread(t: usize) -> f64 {
    0.012 * noise(6, t)
}

fn yield_change(t: usize) -> f64 {
    0.001 * noise(8, t)
}

fn definitions() -> Vec<FactorDefinition> {
    [
        (MARKET, FactorKind::Market, "SPY"),
        ("Value", FactorKind::Style, "VTV"),
        ("Growth", FactorKind::Style, "VUG"),
        (RATES, FactorKind::Rates, "DGS10"),
    ]
    .map(|(name, kind, proxy)| FactorDefinition {
        name: name.into(),
        kind,
        proxy: proxy.into(),
        description: String::new(),
    })
    .to_vec()
}

/// Prices a symbol by its return of each session after the first.
fn prices(world: &mut World, symbol: &str, days: &[NaiveDate], return_of: impl Fn(usize) -> f64) {
    let mut close = 100.0;
    for (t, day) in days.iter().enumerate() {
        if t > 0 {
            close *= 1.0 + return_of(t);
        }
        world.history(symbol).bars.push(support::bar(*day, close));
    }
}

fn yields(days: &[NaiveDate]) -> HashMap<String, Vec<RatePoint>> {
    let mut percent = 4.0;
    let point = |(t, day): (usize, &NaiveDate)| {
        percent += if t > 0 { 100.0 * yield_change(t) } else { 0.0 };
        RatePoint { date: *day, percent }
    };
    HashMap::from([("DGS10".to_owned(), days.iter().enumerate().map(point).collect())])
}

/// Proxies, and `X` with loadings 1.2, 0.5, -0.3 and -4 and a constant of 2 bp a day.
fn world(days: &[NaiveDate]) -> World {
    let mut world = World::default();
    prices(&mut world, "SPY", days, market_return);
    prices(&mut world, "VTV", days, |t| market_return(t) + value_spread(t));
    prices(&mut world, "VUG", days, |t| market_return(t) + growth_spread(t));
    prices(&mut world, "X", days, |t| {
        0.0002 + 1.2 * market_return(t) + 0.5 * value_spread(t)
            - 0.3 * growth_spread(t)
            - 4.0 * yield_change(t)
    });
    world
}

fn fits(
    world: &World,
    rates: &HashMap<String, Vec<RatePoint>>,
    days: Vec<NaiveDate>,
    as_of: &str,
) -> (HashMap<String, FactorFit>, Vec<Issue>) {
    let panel = ReturnPanel::new(&world.market, rates, &definitions(), days);
    let instruments: Vec<&Instrument> = world.instruments.values().collect();
    let found = fit_date(&panel, &definitions(), &instruments, date(as_of), FitSpec::default()).unwrap();
    let names: HashMap<i64, &str> = world.instruments.values().map(|i| (i.id, i.symbol.as_str())).collect();
    let named = found.value.into_iter().map(|(id, fit)| (names[&id].to_owned(), fit)).collect();
    (named, found.issues)
}

fn loadings(fit: &FactorFit) -> Vec<(&str, f64)> {
    fit.loadings.iter().map(|l| (l.factor.as_str(), l.coefficient)).collect()
}

#[test]
fn known_loadings_come_back_through_prices_and_yields() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    world.price("SPY250919C00460000", &[("2025-06-30", 5.0)]);
    world.instrument("HOUSE").kind = InstrumentKind::Private;
    let (fits, issues) = fits(&world, &yields(&days), days, TO);
    assert_eq!(issues, []);
    assert_eq!(fits.len(), 4, "neither the option nor the private asset is regressed: {fits:?}");
    let x = &fits["X"];
    assert_eq!((x.status, x.observations), (FitStatus::Exact, 252));
    close_to(x.alpha_per_day.unwrap(), 0.0002, 1e-12);
    let found = loadings(x);
    for ((name, found), (expected_name, expected)) in
        found.iter().zip([(MARKET, 1.2), ("Value", 0.5), ("Growth", -0.3), (RATES, -4.0)])
    {
        assert_eq!(*name, expected_name);
        close_to(*found, expected, 1e-10);
    }
}

#[test]
fn noise_of_its_own_is_covered_by_the_standard_errors() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    prices(&mut world, "N", &days, |t| 0.9 * market_return(t) + 0.4 * value_spread(t) + 0.02 * noise(11, t));
    let (fits, _) = fits(&world, &yields(&days), days, TO);
    let fit = &fits["N"];
    assert_eq!(fit.status, FitStatus::Ok);
    // A uniform of width 0.02 has the standard deviation 0.02 / sqrt(12).
    close_to(fit.residual_vol_per_day.unwrap(), 0.02 / 12f64.sqrt(), 0.0006);
    for (factor, truth) in [(MARKET, 0.9), ("Value", 0.4), ("Growth", 0.0), (RATES, 0.0)] {
        let loading = fit.loadings.iter().find(|l| l.factor == factor).unwrap();
        close_to(loading.coefficient, truth, 3.5 * loading.std_error.unwrap());
    }
}

#[test]
fn a_replayed_date_equals_a_single_one() {
    let long = sessions(FROM, TO);
    let mut world = world(&long);
    prices(&mut world, "N", &long, |t| 0.9 * market_return(t) + 0.02 * noise(11, t));
    world.dividend("N", "2025-05-01", 0.7);
    world.split("N", "2025-06-10", 1.0, 2.0);
    let rates = yields(&long);
    let as_of = date("2025-06-02");
    let end = long.partition_point(|day| *day <= as_of);
    let short = long[end - 253..end].to_vec();
    let (replayed, _) = fits(&world, &rates, long.clone(), "2025-06-02");
    let (single, _) = fits(&world, &rates, short.clone(), "2025-06-02");
    assert_eq!(replayed, single);
    let panel = |days| ReturnPanel::new(&world.market, &rates, &definitions(), days);
    let (replay, alone) = (panel(long), panel(short));
    let spec = FitSpec::default();
    assert!(factor_covariance(&alone, as_of, spec).is_some());
    assert_eq!(factor_covariance(&replay, as_of, spec), factor_covariance(&alone, as_of, spec));
    assert_eq!(factor_correlation(&replay, as_of, spec, 63.0), factor_correlation(&alone, as_of, spec, 63.0));
}

#[test]
fn without_moving_yields_the_rate_factor_is_left_out_with_the_reason() {
    let days = sessions(FROM, TO);
    let world = world(&days);
    let flat = days.iter().map(|day| RatePoint { date: *day, percent: 4.0 }).collect();
    for (rates, reason) in [
        (HashMap::new(), Reason::NoRate),
        (HashMap::from([("DGS10".to_owned(), flat)]), Reason::ConstantSeries),
    ] {
        let (fits, issues) = fits(&world, &rates, days.clone(), TO);
        assert_eq!(issues.len(), 1);
        assert_eq!(
            (issues[0].subject.as_str(), issues[0].reason, issues[0].severity),
            (RATES, reason, Severity::Warning)
        );
        for (symbol, fit) in &fits {
            assert!(fit.status.has_numbers(), "{symbol}: {:?}", fit.status);
            assert_eq!(fit.loading(RATES), None, "{symbol}");
        }
        let panel = ReturnPanel::new(&world.market, &rates, &definitions(), days.clone());
        let covariance = factor_covariance(&panel, date(TO), FitSpec::default()).unwrap();
        assert_eq!(covariance.factors, [MARKET, "Value", "Growth"]);
    }
}

#[test]
fn proxies_have_loadings_by_definition() {
    let days = sessions(FROM, TO);
    let (fits, _) = fits(&world(&days), &yields(&days), days, TO);
    assert_eq!(fits["SPY"].status, FitStatus::Identity);
    assert_eq!(loadings(&fits["VTV"]), [(MARKET, 1.0), ("Value", 1.0), ("Growth", 0.0), (RATES, 0.0)]);
    assert_eq!(loadings(&fits["SPY"])[..2], [(MARKET, 1.0), ("Value", 0.0)]);
    assert_eq!(fits["SPY"].residual_vol_per_day, Some(0.0));
}

#[test]
fn a_known_duration_is_the_rate_loading() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    prices(&mut world, "BOND", &days, |t| 0.1 * market_return(t) - 6.1 * yield_change(t));
    world.instrument("BOND").duration = Some(6.1);
    let (with_rates, _) = fits(&world, &yields(&days), days.clone(), TO);
    let bond = &with_rates["BOND"];
    let rate = bond.loadings.iter().find(|l| l.factor == RATES).unwrap();
    assert_eq!((rate.coefficient, rate.std_error), (-6.1, None));
    close_to(bond.loading(MARKET).unwrap(), 0.1, 1e-10);
    let (without_rates, _) = fits(&world, &HashMap::new(), days, TO);
    assert_eq!(without_rates["BOND"].loading(RATES), None);
}

#[test]
fn short_histories_are_limited_or_named() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    let at = |back: usize| days.len() - back;
    prices(&mut world, "YOUNG", &days[at(100)..], |t| market_return(t + at(100)));
    prices(&mut world, "NEW", &days[at(40)..], |t| market_return(t + at(40)));
    let (fits, issues) = fits(&world, &yields(&days), days.clone(), TO);
    assert_eq!(fits["YOUNG"].observations, 99);
    assert_eq!((fits["NEW"].status, fits["NEW"].observations), (FitStatus::InsufficientHistory, 39));
    let named: Vec<(&str, Reason)> = issues.iter().map(|i| (i.subject.as_str(), i.reason)).collect();
    assert_eq!(named, [("NEW", Reason::InsufficientHistory)]);
}

/// A call on X of delta 0.5 with the spot of X's last close.
fn with_call(world: &mut World) -> (&'static str, f64) {
    let symbol = "X250919C00100000";
    let spot = world.history("X").bars.last().unwrap().close;
    world.price(symbol, &[(TO, 5.0)]);
    let instrument_id = world.instrument(symbol).id;
    let greeks = OptionGreeks {
        spot,
        market_price: Some(5.0),
        volatility: 0.2,
        volatility_source: VolatilitySource::Quoted,
        rate: 0.04,
        dividend_yield: 0.0,
        years: 81.0 / 365.0,
        model_price: 5.0,
        delta: 0.5,
        gamma: 0.0,
        theta_per_day: 0.0,
        vega_per_point: 0.0,
        rho_per_point: 0.0,
        flags: vec![],
    };
    let method = GreeksMethod::EuropeanApproximation;
    world
        .results
        .greeks
        .insert(instrument_id, GreeksRow { instrument_id, as_of: date(TO), method, greeks: Ok(greeks) });
    (symbol, spot)
}

#[test]
fn exposures_fold_options_and_name_what_is_covered() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    prices(&mut world, "Y", &days, |t| 0.02 * noise(12, t));
    let (call, spot) = with_call(&mut world);
    world.fit("X", FitStatus::Ok, &[(MARKET, 1.2), ("Value", 0.5)]);
    let id = world.instrument("X").id;
    for loading in &mut world.results.fits.get_mut(&id).unwrap().loadings {
        loading.std_error = Some(0.1);
    }
    let lots = vec![
        world.lot("X", 10.0, 1.0, "2025-06-30"),
        world.lot(call, -1.0, 1.0, "2025-06-30"),
        world.lot("Y", 3.0, 1.0, "2025-06-30"),
    ];
    let book = book(TO, lots, &[("2025-06-30", CashKind::Opening, 10_000.0)]);
    let day = world.roll(&book, TO).pop().unwrap();
    let views = world.views(&book, &day);
    let found = exposures(&book, &views, &world.market, &world.results, &definitions(), day.nav).unwrap();
    // Ten shares against a short call of delta 0.5 on a hundred: 10 - 50 shares of X.
    let dollars = -40.0 * spot;
    let factors: Vec<&str> = found.iter().map(|e| e.factor.as_str()).collect();
    assert_eq!(factors, [MARKET, "Value"], "a factor without any loading has no exposure");
    close_to(found[0].dollar_exposure, 1.2 * dollars, 1e-9);
    close_to(found[0].beta.unwrap(), 1.2 * dollars / day.nav, 1e-12);
    // Shares and call share the error of X: it scales with their net, not with the root of squares.
    close_to(found[0].std_error_usd.unwrap(), 0.1 * dollars.abs(), 1e-9);
    close_to(found[0].t_value.unwrap(), -12.0, 1e-9);
    let uncovered = 3.0 * world.history("Y").bars.last().unwrap().close;
    close_to(found[0].coverage_fraction, 60.0 * spot / (60.0 * spot + uncovered), 1e-12);
    world.results.fits.clear();
    assert!(exposures(&book, &views, &world.market, &world.results, &definitions(), day.nav).is_none());
}

fn tagged(mut lot: Lot, tag: &str) -> Lot {
    lot.tags = vec![tag.into()];
    lot
}

#[test]
fn holdings_fold_into_nodes_and_the_rest_is_named() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    let (call, spot) = with_call(&mut world);
    prices(&mut world, "NEW", &days[days.len() - 10..], |t| 0.02 * noise(12, t));
    prices(&mut world, "FLAT", &days, |_| 0.0);
    world.price("HOUSE", &[(TO, 1000.0)]);
    world.instrument("HOUSE").kind = InstrumentKind::Private;
    world.instrument("GONE");
    let lots = vec![
        world.lot("X", 10.0, 1.0, TO),
        world.lot("X", 5.0, 1.0, TO),
        world.lot(call, 2.0, 1.0, TO),
        world.lot("VUG", 4.0, 1.0, TO),
        world.lot("NEW", 1.0, 1.0, TO),
        world.lot("FLAT", 1.0, 1.0, TO),
        world.lot("HOUSE", 1.0, 1.0, TO),
        world.lot("GONE", 1.0, 1.0, TO),
    ];
    let book = book(TO, lots, &[]);
    let day = world.roll(&book, TO).pop().unwrap();
    let views = world.views(&book, &day);
    let panel = ReturnPanel::new(&world.market, &HashMap::new(), &definitions(), days);
    let instruments: Vec<Instrument> = world.instruments.values().cloned().collect();
    let spec = CorrelationSpec { cluster_threshold: 0.5, ..CorrelationSpec::default() };
    let correlated = correlate(&book, &views, &world.market, &instruments, &panel, date(TO), &spec).unwrap();
    let (correlation, exclusions) = correlated;
    assert_eq!(correlation.issues, []);
    let correlation = correlation.value;
    assert_eq!(correlation.symbols, ["VUG", "X"]);
    assert_eq!(correlation.excluded, 4);
    let named: HashMap<&str, Reason> =
        exclusions.iter().map(|e| (e.issue.subject.as_str(), e.issue.reason)).collect();
    let expected = HashMap::from([
        ("NEW", Reason::InsufficientHistory),
        ("FLAT", Reason::ConstantSeries),
        ("HOUSE", Reason::PrivateAsset),
        ("GONE", Reason::NoPrice),
    ]);
    assert_eq!(named, expected);
    // Fifteen shares and two calls of delta 0.5 on a hundred.
    let cluster = &correlation.clusters[0];
    close_to(cluster.value, 115.0 * spot + 4.0 * world.history("VUG").bars.last().unwrap().close, 1e-9);
    assert_eq!(cluster.members, ["X", "VUG"]);
    close_to(correlation.average_correlation.unwrap(), correlation.pairs[0].unwrap(), 0.0);
}

#[test]
fn a_cluster_is_named_by_tag_then_sector_then_largest() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    for (symbol, stream) in [("A", 21), ("B", 22)] {
        prices(&mut world, symbol, &days, |t| market_return(t) + 0.002 * noise(stream, t));
        world.instrument(symbol).sector = Some("Technology".into());
    }
    let panel = ReturnPanel::new(&world.market, &HashMap::new(), &definitions(), days);
    let instruments: Vec<Instrument> = world.instruments.values().cloned().collect();
    let name = |world: &mut World, tags: [&str; 2], instruments: &[Instrument]| {
        let lots = vec![
            tagged(world.lot("A", 2.0, 1.0, TO), tags[0]),
            tagged(world.lot("B", 1.0, 1.0, TO), tags[1]),
        ];
        let book = book(TO, lots, &[]);
        let day = world.roll(&book, TO).pop().unwrap();
        let views = world.views(&book, &day);
        let spec = CorrelationSpec::default();
        let found =
            correlate(&book, &views, &world.market, instruments, &panel, date(TO), &spec).unwrap().0.value;
        assert_eq!(found.clusters.len(), 1, "{found:?}");
        assert!(found.clusters[0].average_correlation > 0.9);
        found.clusters[0].name.clone()
    };
    assert_eq!(name(&mut world, ["Core", "Core"], &instruments), "Core");
    assert_eq!(name(&mut world, ["Core", "Other"], &instruments), "Technology");
    let without_sector: Vec<Instrument> =
        instruments.into_iter().map(|i| Instrument { sector: None, ..i }).collect();
    assert_eq!(name(&mut world, ["Core", "Other"], &without_sector), "A");
}

#[test]
fn small_holdings_take_no_part() {
    let days = sessions(FROM, TO);
    let mut world = world(&days);
    let lots = vec![
        world.lot("X", 100.0, 1.0, TO),
        world.lot("VUG", 100.0, 1.0, TO),
        world.lot("VTV", 1.0, 1.0, TO),
    ];
    let book = book(TO, lots, &[]);
    let day = world.roll(&book, TO).pop().unwrap();
    let views = world.views(&book, &day);
    let panel = ReturnPanel::new(&world.market, &HashMap::new(), &definitions(), days);
    let spec = CorrelationSpec { min_weight_fraction: 0.05, ..CorrelationSpec::default() };
    let instruments: Vec<Instrument> = world.instruments.values().cloned().collect();
    let (found, exclusions) =
        correlate(&book, &views, &world.market, &instruments, &panel, date(TO), &spec).unwrap();
    assert_eq!(found.value.symbols, ["VUG", "X"]);
    assert_eq!((found.value.excluded, exclusions.len()), (1, 0));
}
