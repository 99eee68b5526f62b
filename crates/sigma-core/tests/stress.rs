//! Scenarios: responses, repricing, conditional moves and sums of parts against hand-worked figures and identities.

mod support;

use proptest::prelude::*;
use sigma_core::analytics::black_scholes::{self, PricingInputs};
use sigma_core::analytics::black76::{self, ForwardInputs};
use sigma_core::analytics::performance::Day;
use sigma_core::analytics::positions::PositionView;
use sigma_core::analytics::repricing::{VolatilityMove, reprice};
use sigma_core::analytics::shocks::{FactorShocks, Response, ShockError, respond};
use sigma_core::analytics::stress::{
    self, StressInputs, market_risk, position_pnls, read_scenarios, run_scenario,
};
use sigma_core::model::*;
use support::*;

const STYLES: [&str; 6] = ["Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility"];
const ON: &str = "2025-06-02";

fn factors() -> Vec<String> {
    std::iter::once(MARKET).chain(STYLES).map(str::to_owned).collect()
}

fn scenario(id: &str, shocks: Vec<Shock>) -> Scenario {
    Scenario {
        id: id.to_owned(),
        name: id.to_owned(),
        category: "test".into(),
        severity: "test".into(),
        note: None,
        active: true,
        shocks,
    }
}

fn factor(name: &str, size: f64) -> Shock {
    Shock::Factor { factor: name.to_owned(), size, basis: ShockBasis::Spread }
}

fn as_return(name: &str, size: f64) -> Shock {
    Shock::Factor { factor: name.to_owned(), size, basis: ShockBasis::Return }
}

fn read(shocks: Vec<Shock>) -> FactorShocks {
    FactorShocks::from_scenario(&scenario("test", shocks), &factors()).unwrap()
}

/// The 18 inherited scenarios: negative styles beside a market shock are returns, everything else spreads.
fn inherited() -> Vec<Scenario> {
    let read_row = |row: &std::collections::HashMap<String, String>| {
        let pairs: Vec<(&str, f64)> = row["shocks"]
            .split(';')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, size)| (name, size.parse().unwrap()))
            .collect();
        let beside_market = pairs.iter().any(|(name, _)| *name == MARKET);
        let mut shocks: Vec<Shock> = pairs
            .into_iter()
            .map(|(name, size)| match name {
                "Interest_Rate" => Shock::RatesBp { bp: size * 10_000.0 },
                name if name != MARKET && beside_market && size < 0.0 => as_return(name, size),
                name => factor(name, size),
            })
            .collect();
        if row["id"] == "vix_spike_150" {
            shocks.push(Shock::Volatility { size: 1.5 });
        }
        scenario(&row["id"], shocks)
    };
    fixture("inherited_scenarios.csv").iter().map(read_row).collect()
}

/// A made-up covariance per session: the market and the first `styles`, all correlated 0.3, then yields.
fn covariance(styles: usize) -> FactorMatrix {
    let mut names: Vec<String> = factors().into_iter().take(1 + styles).collect();
    names.push(RATES.to_owned());
    let scale = |i: usize| match i {
        0 => 0.011,
        i if i == names.len() - 1 => 0.0006,
        _ => 0.004,
    };
    let n = names.len();
    let packed = (0..n)
        .flat_map(|i| (0..=i).map(move |j| (i, j)))
        .map(|(i, j)| scale(i) * scale(j) * if i == j { 1.0 } else { 0.3 })
        .collect();
    FactorMatrix {
        as_of: date(ON),
        method: "test".into(),
        factors: names,
        packed,
        observations: 252,
        shrinkage: None,
    }
}

/// A book at one close, ready to be stressed.
struct Stressed {
    world: World,
    book: Book,
    day: Day,
    views: Vec<PositionView>,
    covariance: FactorMatrix,
}

impl Stressed {
    fn new(mut world: World, holdings: &[(&str, f64)], cash: f64) -> Stressed {
        let lots = holdings.iter().map(|(symbol, quantity)| world.lot(symbol, *quantity, 1.0, "2025-01-02"));
        let lots = lots.collect();
        let book = book(ON, lots, &[(ON, CashKind::Opening, cash)]);
        let day = world.roll(&book, ON).remove(0);
        let views = world.views(&book, &day);
        Stressed { world, book, day, views, covariance: covariance(6) }
    }

    fn inputs(&self) -> StressInputs<'_> {
        StressInputs {
            book: &self.book,
            views: &self.views,
            nav: self.day.nav,
            market: &self.world.market,
            instruments: &self.world.instruments,
            results: &self.world.results,
            covariance: Some(&self.covariance),
        }
    }

    fn run(&self, shocks: Vec<Shock>) -> StressResult {
        run_scenario(&self.inputs(), "test", &read(shocks))
    }
}

fn both(result: &StressResult) -> [&ScenarioPnl; 2] {
    [result.direct.as_ref().unwrap(), result.correlated.as_ref().unwrap()]
}

fn part(pnl: &ScenarioPnl, name: &str) -> f64 {
    pnl.by_factor.iter().filter(|f| f.factor == name).map(|f| f.pnl).sum()
}

/// A symbol, its price, its loadings.
type Share<'a> = (&'a str, f64, &'a [(&'a str, f64)]);

fn shares(prices: &[Share<'_>]) -> World {
    let mut world = World::default();
    for (symbol, price, loadings) in prices {
        world.price(symbol, &[(ON, *price)]);
        world.fit(symbol, FitStatus::Ok, loadings);
    }
    world
}

/// Loadings on everything, zero where not given.
fn full(given: &[(&'static str, f64)]) -> Vec<(&'static str, f64)> {
    let named = |name: &'static str| given.iter().find(|(n, _)| *n == name).map_or(0.0, |(_, b)| *b);
    std::iter::once(MARKET).chain(STYLES).chain([RATES]).map(|name| (name, named(name))).collect()
}

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

// ---- options ----

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
