//! Shocks, a covariance, and a book at one close, ready to be stressed.

use sigma_core::analytics::performance::Day;
use sigma_core::analytics::positions::PositionView;
use sigma_core::analytics::shocks::FactorShocks;
use sigma_core::analytics::stress::{StressInputs, run_scenario};
use sigma_core::model::*;

use crate::support::*;

pub const STYLES: [&str; 6] = ["Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility"];
pub const ON: &str = "2025-06-02";

pub fn factors() -> Vec<String> {
    std::iter::once(MARKET).chain(STYLES).map(str::to_owned).collect()
}

pub fn scenario(id: &str, shocks: Vec<Shock>) -> Scenario {
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

pub fn factor(name: &str, size: f64) -> Shock {
    Shock::Factor { factor: name.to_owned(), size, basis: ShockBasis::Spread }
}

pub fn as_return(name: &str, size: f64) -> Shock {
    Shock::Factor { factor: name.to_owned(), size, basis: ShockBasis::Return }
}

pub fn read(shocks: Vec<Shock>) -> FactorShocks {
    FactorShocks::from_scenario(&scenario("test", shocks), &factors()).unwrap()
}

/// The 18 inherited scenarios: negative styles beside a market shock are returns, everything else spreads.
pub fn inherited() -> Vec<Scenario> {
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
pub fn covariance(styles: usize) -> FactorMatrix {
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
pub struct Stressed {
    pub world: World,
    pub book: Book,
    pub day: Day,
    pub views: Vec<PositionView>,
    pub covariance: FactorMatrix,
}

impl Stressed {
    pub fn new(mut world: World, holdings: &[(&str, f64)], cash: f64) -> Stressed {
        let lots = holdings.iter().map(|(symbol, quantity)| world.lot(symbol, *quantity, 1.0, "2025-01-02"));
        let lots = lots.collect();
        let book = book(ON, lots, &[(ON, CashKind::Opening, cash)]);
        let day = world.roll(&book, ON).remove(0);
        let views = world.views(&book, &day);
        Stressed { world, book, day, views, covariance: covariance(6) }
    }

    pub fn inputs(&self) -> StressInputs<'_> {
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

    pub fn run(&self, shocks: Vec<Shock>) -> StressResult {
        run_scenario(&self.inputs(), "test", &read(shocks))
    }
}

pub fn both(result: &StressResult) -> [&ScenarioPnl; 2] {
    [result.direct.as_ref().unwrap(), result.correlated.as_ref().unwrap()]
}

pub fn part(pnl: &ScenarioPnl, name: &str) -> f64 {
    pnl.by_factor.iter().filter(|f| f.factor == name).map(|f| f.pnl).sum()
}

/// A symbol, its price, its loadings.
pub type Share<'a> = (&'a str, f64, &'a [(&'a str, f64)]);

pub fn shares(prices: &[Share<'_>]) -> World {
    let mut world = World::default();
    for (symbol, price, loadings) in prices {
        world.price(symbol, &[(ON, *price)]);
        world.fit(symbol, FitStatus::Ok, loadings);
    }
    world
}

/// Loadings on everything, zero where not given.
pub fn full(given: &[(&'static str, f64)]) -> Vec<(&'static str, f64)> {
    let named = |name: &'static str| given.iter().find(|(n, _)| *n == name).map_or(0.0, |(_, b)| *b);
    std::iter::once(MARKET).chain(STYLES).chain([RATES]).map(|name| (name, named(name))).collect()
}
