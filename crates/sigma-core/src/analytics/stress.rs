//! Scenarios applied to a portfolio.
//!
//! # Modes
//! Direct: only the named factors move. Correlated: the factors that are not named move to their conditional expectation
//! given the named ones and the market (zero when not named, so styles or rates never imply a market move); option
//! volatilities respond to the market move unless the scenario states their own.
//!
//! # Result
//! Sum over positions of value times response ([`super::shocks`]) or of the repriced difference ([`super::repricing`]).
//! Positions whose instrument has no loadings, Greeks or price are left out by name, with their value, or their cost where
//! there is no price. Parts by factor and by
//! position sum to the total. No cap or floor is applied anywhere: the response itself cannot fall below -100 %.
//!
//! # Verified by
//! `tests/stress`: a pure market book loses the market's move to the cent in both modes, hedged books, bond funds by
//! duration, unlevered long books never beyond -100 %, sums of parts.

use std::collections::HashMap;

use super::conditional::{self, ConditionalError, ConditionalMoves};
use super::positions::{PositionView, gross_weight, loadings};
use super::repricing::{VolatilityMove, add, index_move, reprice};
use super::shocks::{FactorShocks, Response, respond};
use super::snapshot::{exclusion, exclusion_of, explain, merge};
use crate::model::{
    Book, Exclusion, FactorMatrix, FactorPnl, ImpliedMove, Instrument, InstrumentResults, Issue, MARKET,
    Market, MarketRiskResult, MarketRiskShock, RATES, Reason, Scenario, ScenarioPnl, StressResult,
};

/// Name under which scenario results of loadings and full option repricing are stored.
pub const METHOD: &str = "loadings";

/// Window of the covariance that correlated mode uses, in sessions.
pub const COVARIANCE_WINDOW: usize = 252;

/// A portfolio at one close with everything a scenario acts on.
#[derive(Debug, Clone, Copy)]
pub struct StressInputs<'a> {
    pub book: &'a Book,
    /// One for each open lot.
    pub views: &'a [PositionView],
    /// Dollars; fractions are absent when it is not positive.
    pub nav: f64,
    pub market: &'a Market,
    /// Instruments by symbol, for the underlyings of options.
    pub instruments: &'a HashMap<String, Instrument>,
    pub results: &'a InstrumentResults,
    /// Covariance of factor returns per session; needed by correlated mode only.
    pub covariance: Option<&'a FactorMatrix>,
}

/// Profit or loss of one position.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionPnl {
    /// Index into the book's lots.
    pub lot: usize,
    pub outcome: Result<Response, Reason>,
}

/// All positions under one set of shocks, in dollars.
pub fn position_pnls(
    inputs: &StressInputs<'_>,
    shocks: &FactorShocks,
    volatility: VolatilityMove,
) -> Vec<PositionPnl> {
    let pnl = |view: &PositionView| PositionPnl {
        lot: view.lot,
        outcome: position_pnl(inputs, view, shocks, volatility),
    };
    inputs.views.iter().map(pnl).collect()
}

fn position_pnl(
    inputs: &StressInputs<'_>,
    view: &PositionView,
    shocks: &FactorShocks,
    volatility: VolatilityMove,
) -> Result<Response, Reason> {
    let lot = &inputs.book.lots[view.lot];
    let value = view.market_value.ok_or(view.mark.err().unwrap_or(Reason::NoPrice))?;
    let fit = loadings(&lot.instrument, inputs.market, inputs.results);
    let Some(terms) = &lot.instrument.option else {
        if Instrument::is_volatility_index(&lot.instrument.symbol) {
            return Ok(scaled(index_move(&lot.instrument.symbol, shocks, volatility), value));
        }
        return Ok(scaled(respond(&lot.instrument, fit, shocks)?, value));
    };
    view.greeks?;
    let row = inputs.results.greeks.get(&lot.instrument.id).ok_or(Reason::NotComputed)?;
    let greeks = row.greeks.as_ref().map_err(|reason| *reason)?;
    let underlying = match inputs.instruments.get(&terms.underlying) {
        Some(underlying) => respond(underlying, fit, shocks),
        None => Err(Reason::NoPrice),
    };
    let per_unit =
        reprice(terms, greeks, underlying.as_ref().map_err(|r| *r), volatility, shocks.rate_change)?;
    Ok(scaled(per_unit, lot.units()))
}

fn scaled(response: Response, by: f64) -> Response {
    Response {
        total: response.total * by,
        parts: response.parts.into_iter().map(|(factor, part)| (factor, part * by)).collect(),
    }
}

/// Sums positions; the value left out comes beside the total, with what has no price at its cost.
pub fn sum(inputs: &StressInputs<'_>, pnls: &[PositionPnl]) -> (Result<ScenarioPnl, Reason>, f64) {
    if let Some(reason) = nothing_priced(inputs, pnls) {
        return (Err(reason), gross_weight(inputs.views));
    }
    let mut pnl = 0.0;
    let mut excluded = 0.0;
    let mut parts: Vec<(String, f64)> = Vec::new();
    for (position, view) in pnls.iter().zip(inputs.views) {
        match &position.outcome {
            Ok(response) => {
                pnl += response.total;
                response.parts.iter().for_each(|(factor, part)| add(&mut parts, factor, *part));
            }
            Err(_) => excluded += view.weight().abs(),
        }
    }
    let fraction = (inputs.nav > 0.0).then(|| pnl / inputs.nav);
    let by_factor = parts.into_iter().map(|(factor, pnl)| FactorPnl { factor, pnl }).collect();
    (Ok(ScenarioPnl { pnl, fraction, by_factor }), excluded)
}

/// Why a book with positions has no result at all: a sum over none of them would be a zero that nobody computed.
fn nothing_priced(inputs: &StressInputs<'_>, pnls: &[PositionPnl]) -> Option<Reason> {
    if inputs.results.fits.is_empty() && !pnls.is_empty() {
        return Some(Reason::NotComputed);
    }
    let first = pnls.first()?.outcome.as_ref().err().copied();
    first.filter(|_| pnls.iter().all(|position| position.outcome.is_err()))
}

/// How volatilities move in direct mode: only as stated.
pub fn direct_volatility(shocks: &FactorShocks) -> VolatilityMove {
    shocks.volatility.map_or(VolatilityMove::Unchanged, VolatilityMove::Stated)
}

/// How volatilities move in correlated mode: as stated, else with the market.
pub fn correlated_volatility(shocks: &FactorShocks) -> VolatilityMove {
    match shocks.volatility {
        Some(v) => VolatilityMove::Stated(v),
        None => VolatilityMove::Market(shocks.factor(MARKET).unwrap_or(0.0)),
    }
}

/// Runs one scenario in both modes.
pub fn run_scenario(inputs: &StressInputs<'_>, id: &str, shocks: &FactorShocks) -> StressResult {
    let (direct, excluded_direct) = sum(inputs, &position_pnls(inputs, shocks, direct_volatility(shocks)));
    let conditional = inputs.covariance.ok_or(Reason::NotComputed).and_then(|cov| condition(cov, shocks));
    let correlated = conditional.as_ref().map_err(|reason| *reason).and_then(|(implied, _)| {
        let all = with_implied(shocks, implied)?;
        let (total, excluded) = sum(inputs, &position_pnls(inputs, &all, correlated_volatility(shocks)));
        Ok((total?, excluded))
    });
    let excluded_value = correlated.as_ref().map_or(excluded_direct, |(_, value)| value.max(excluded_direct));
    let moves = conditional.as_ref().ok().map(|(_, moves)| moves);
    StressResult {
        scenario_id: id.to_owned(),
        direct,
        correlated: correlated.map(|(total, _)| total),
        distance: moves.map(|m| m.distance),
        extrapolated: moves.is_some_and(|m| m.extrapolated),
        implied_moves: conditional.map(|(implied, _)| implied).unwrap_or_default(),
        excluded_value,
    }
}

/// Expectation of the factors that are not named, given those that are and the market.
fn condition(
    covariance: &FactorMatrix,
    shocks: &FactorShocks,
) -> Result<(Vec<ImpliedMove>, ConditionalMoves), Reason> {
    let names: Vec<&str> = covariance.factors.iter().map(String::as_str).collect();
    let mut named: Vec<(&str, f64)> = vec![(MARKET, shocks.factor(MARKET).unwrap_or(0.0))];
    named.extend(shocks.moves.iter().filter(|(f, _)| f != MARKET).map(|(f, s)| (f.as_str(), *s)));
    named.extend(shocks.rate_change.map(|dy| (RATES, dy)));
    let moves =
        conditional::implied_moves(&names, MARKET, covariance.matrix().view(), &named).map_err(|error| {
            match error {
                ConditionalError::UnknownFactor(factor) if factor == RATES => Reason::NoRate,
                ConditionalError::UnknownFactor(_) => Reason::NotComputed,
                ConditionalError::NotPositiveDefinite => Reason::RankDeficient,
                _ => Reason::InvalidInput,
            }
        })?;
    let implied = moves.implied.iter().map(|m| ImpliedMove {
        factor: covariance.factors[m.factor].clone(),
        size: m.expected,
        conditional_deviation: m.deviation_per_year,
    });
    Ok((implied.collect(), moves))
}

/// The named shocks completed by the implied ones. An implied move of the whole value or more has no meaning.
pub fn with_implied(shocks: &FactorShocks, implied: &[ImpliedMove]) -> Result<FactorShocks, Reason> {
    let mut all = shocks.clone();
    for implied in implied {
        if implied.factor == RATES {
            all.rate_change = Some(implied.size);
        } else if implied.size.abs() < 1.0 {
            all.moves.push((implied.factor.clone(), implied.size));
        } else {
            return Err(Reason::InvalidInput);
        }
    }
    Ok(all)
}

/// Positions that no scenario can move, by name.
pub fn exclusions(inputs: &StressInputs<'_>, pnls: &[PositionPnl]) -> Vec<Exclusion> {
    let gross = gross_weight(inputs.views);
    let mut found = Vec::new();
    for (position, view) in pnls.iter().zip(inputs.views) {
        if let Err(reason) = position.outcome {
            let symbol = &inputs.book.lots[position.lot].instrument.symbol;
            let detail = format!("{symbol} is left out of the scenarios: {}", explain(reason));
            found.push(exclusion_of(Issue::error(symbol, reason, detail), view, gross));
        }
    }
    merge(found)
}

/// Positions that factor moves cannot reach, and in one line those that only yield moves cannot reach. Moves of size
/// zero find them: what is missing does not depend on the size.
pub fn left_out(on: &StressInputs<'_>, scenarios: &[(String, FactorShocks)]) -> Vec<Exclusion> {
    let mut probe = FactorShocks { moves: vec![(MARKET.to_owned(), 0.0)], ..FactorShocks::default() };
    for (factor, _) in scenarios.iter().flat_map(|(_, shocks)| &shocks.moves) {
        if probe.factor(factor).is_none() {
            probe.moves.push((factor.clone(), 0.0));
        }
    }
    let by_factors = position_pnls(on, &probe, VolatilityMove::Unchanged);
    probe.rate_change = Some(0.0);
    let by_rates = position_pnls(on, &probe, VolatilityMove::Unchanged);
    let mut found = exclusions(on, &by_factors);
    let unmoved = by_factors.iter().zip(&by_rates).zip(on.views);
    let unmoved: Vec<f64> = unmoved
        .filter(|((factors, rates), _)| factors.outcome.is_ok() && rates.outcome.is_err())
        .filter_map(|(_, view)| view.market_value)
        .collect();
    if !unmoved.is_empty() {
        let gross = gross_weight(on.views);
        let detail = format!(
            "yield moves leave out {} positions without a rate loading; run `sigma-sync rates`, then `sigma-factors run`",
            unmoved.len()
        );
        let left_out: f64 = unmoved.iter().map(|value| value.abs()).sum();
        found.push(exclusion(Issue::error(RATES, Reason::NoRate, detail), Some(left_out), gross));
    }
    found
}

/// Market moves of the market-risk table, decimal fractions.
pub const MARKET_MOVES: [f64; 6] = [-0.20, -0.10, -0.05, 0.05, 0.10, 0.20];
/// Parallel yield moves of the market-risk table, basis points.
pub const RATE_MOVES_BP: [f64; 8] = [-200.0, -100.0, -50.0, -25.0, 25.0, 50.0, 100.0, 200.0];

/// Market moves alone, then yield moves with the market unchanged.
pub fn market_risk(inputs: &StressInputs<'_>) -> Vec<MarketRiskResult> {
    let market = MARKET_MOVES.into_iter().map(MarketRiskShock::Market);
    let rates = RATE_MOVES_BP.into_iter().map(MarketRiskShock::RatesBp);
    market.chain(rates).map(|shock| market_risk_row(inputs, shock)).collect()
}

/// A row of the table as the engine reads it.
pub fn market_risk_shocks(shock: MarketRiskShock) -> FactorShocks {
    match shock {
        MarketRiskShock::Market(m) => {
            FactorShocks { moves: vec![(MARKET.to_owned(), m)], ..FactorShocks::default() }
        }
        MarketRiskShock::RatesBp(bp) => {
            FactorShocks { rate_change: Some(bp / 10_000.0), ..FactorShocks::default() }
        }
    }
}

fn market_risk_row(inputs: &StressInputs<'_>, shock: MarketRiskShock) -> MarketRiskResult {
    let scenario_id = match shock {
        MarketRiskShock::Market(m) => {
            format!("market_{}_{:.0}pct", if m > 0.0 { "up" } else { "down" }, m.abs() * 100.0)
        }
        MarketRiskShock::RatesBp(bp) => {
            format!("rates_{}_{:.0}bp", if bp > 0.0 { "up" } else { "down" }, bp.abs())
        }
    };
    let shocks = market_risk_shocks(shock);
    let (outcome, excluded_value) = sum(inputs, &position_pnls(inputs, &shocks, VolatilityMove::Unchanged));
    MarketRiskResult { scenario_id, shock, outcome, excluded_value }
}

/// Reads the scenarios against the defined factors; the first that cannot be applied is the error.
pub fn read_scenarios(
    scenarios: &[Scenario],
    factors: &[String],
) -> Result<Vec<(String, FactorShocks)>, super::shocks::ShockError> {
    scenarios.iter().map(|s| Ok((s.id.clone(), FactorShocks::from_scenario(s, factors)?))).collect()
}
