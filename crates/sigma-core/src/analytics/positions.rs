//! Positions as products: stored per-instrument results times holdings.
//!
//! # Formula
//! Per lot with `units = quantity x multiplier` and the spot `S` of its underlying: delta dollars
//! `units delta S` (delta 1 for shares, funds and indices), gamma dollars per 1 % `units gamma S^2 / 100`, theta,
//! vega and rho `units x` the per-unit Greek; notional `units S`, negative for puts; factor dollars
//! `delta dollars x loading`.
//!
//! # Missing numbers
//! Each number is a value or a [`Reason`]; nothing is zero because it is unknown. A lot that is left out of the NAV is
//! left out of every other total too, for the same reason. A private asset has a value and no delta (`private_asset`): its
//! stated value moves with nothing. Volatility indices and options on them have Greeks and no factor dollars
//! (`factor_proxy`): they stand for volatility itself, and scenarios move them by it alone ([`super::repricing`]).
//!
//! # Verified by
//! The hand-worked demo Greeks and the additivity of factor dollars in `tests/portfolio`.

use super::performance::LotDay;
use super::valuation::{self, Mark};
use crate::model::{
    Book, FactorFit, Instrument, InstrumentKind, InstrumentResults, Lot, MARKET, Market, Reason,
};

/// Greeks of a lot, dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PositionGreeks {
    /// Value of the underlying that moves as much.
    pub delta_dollars: f64,
    /// Change of delta dollars when the underlying rises by one percent.
    pub gamma_dollars_per_1pct: f64,
    /// Per calendar day.
    pub theta_per_day: f64,
    /// Per point of volatility (0.01).
    pub vega_per_point: f64,
    /// Per point of the rate (0.01).
    pub rho_per_point: f64,
}

/// Everything known about one lot at one close.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionView {
    /// Index into the book's lots.
    pub lot: usize,
    pub mark: Result<Mark, Reason>,
    /// Signed dollars, as are all values below.
    pub market_value: Option<f64>,
    pub cost_basis: f64,
    pub unrealized_pnl: Option<f64>,
    pub day_pnl: Option<f64>,
    /// Contracts x multiplier x spot for options, negative for puts; market value otherwise.
    pub notional: Result<f64, Reason>,
    pub greeks: Result<PositionGreeks, Reason>,
    /// Dollars per unit of each factor's return.
    pub factor_dollars: Result<Vec<(String, f64)>, Reason>,
}

impl PositionView {
    /// What the position weighs where coverage is told and what is left out is named: its market value, and its cost
    /// without a price. Signed dollars.
    pub fn weight(&self) -> f64 {
        self.market_value.unwrap_or(self.cost_basis)
    }

    /// Value of the underlying that moves the position as much.
    pub fn delta_adjusted(&self) -> Result<f64, Reason> {
        self.greeks.map(|greeks| greeks.delta_dollars)
    }

    /// Delta-adjusted value times the market loading.
    pub fn beta_adjusted(&self) -> Result<f64, Reason> {
        let dollars = self.factor_dollars.as_ref().map_err(|reason| *reason)?;
        let market = dollars.iter().find(|(factor, _)| factor == MARKET);
        market.map(|(_, dollars)| *dollars).ok_or(Reason::NotComputed)
    }
}

/// Joins the lots of a day with the results of their instruments.
pub fn assess(
    book: &Book,
    days: &[LotDay],
    market: &Market,
    results: &InstrumentResults,
) -> Vec<PositionView> {
    days.iter().map(|day| view(&book.lots[day.lot], day, market, results)).collect()
}

fn view(lot: &Lot, day: &LotDay, market: &Market, results: &InstrumentResults) -> PositionView {
    let cost_basis = valuation::cost_basis(lot);
    let (greeks, notional) = match lot.instrument.is_option() {
        true => option_numbers(lot, day, results),
        false => linear_numbers(&lot.instrument, day),
    };
    let factor_dollars = greeks.and_then(|greeks| {
        let fit = loadings(&lot.instrument, market, results)?;
        Ok(fit.loadings.iter().map(|l| (l.factor.clone(), greeks.delta_dollars * l.coefficient)).collect())
    });
    PositionView {
        lot: day.lot,
        mark: day.mark,
        market_value: day.market_value,
        cost_basis,
        unrealized_pnl: day.market_value.map(|value| value - cost_basis),
        day_pnl: day.day_pnl,
        notional,
        greeks,
        factor_dollars,
    }
}

/// A share's delta is one and its other Greeks are zero by definition; a private asset has none.
fn linear_numbers(
    instrument: &Instrument,
    day: &LotDay,
) -> (Result<PositionGreeks, Reason>, Result<f64, Reason>) {
    let value = day.market_value.ok_or(day.mark.err().unwrap_or(Reason::NoPrice));
    if instrument.kind == InstrumentKind::Private {
        return (value.and(Err(Reason::PrivateAsset)), value);
    }
    (value.map(|v| PositionGreeks { delta_dollars: v, ..PositionGreeks::default() }), value)
}

fn option_numbers(
    lot: &Lot,
    day: &LotDay,
    results: &InstrumentResults,
) -> (Result<PositionGreeks, Reason>, Result<f64, Reason>) {
    if let Err(reason) = day.mark {
        return (Err(reason), Err(reason));
    }
    let Some(terms) = &lot.instrument.option else {
        return (Err(Reason::InvalidInput), Err(Reason::InvalidInput));
    };
    if !terms.standard_deliverable {
        return (Err(Reason::NonstandardDeliverable), Err(Reason::NonstandardDeliverable));
    }
    let per_unit = match results.greeks.get(&lot.instrument.id) {
        None => return (Err(Reason::NotComputed), Err(Reason::NotComputed)),
        Some(row) => match &row.greeks {
            Err(reason) => return (Err(*reason), Err(*reason)),
            Ok(greeks) => greeks,
        },
    };
    let units = lot.units();
    let spot = per_unit.spot;
    let greeks = PositionGreeks {
        delta_dollars: units * per_unit.delta * spot,
        gamma_dollars_per_1pct: units * per_unit.gamma * spot * spot / 100.0,
        theta_per_day: units * per_unit.theta_per_day,
        vega_per_point: units * per_unit.vega_per_point,
        rho_per_point: units * per_unit.rho_per_point,
    };
    (Ok(greeks), Ok(units * spot * terms.kind.sign()))
}

/// Loadings of the symbol that moves an instrument. Volatility indices have none, whatever a regression finds: see above.
pub fn loadings<'a>(
    instrument: &Instrument,
    market: &Market,
    results: &'a InstrumentResults,
) -> Result<&'a FactorFit, Reason> {
    if instrument.kind == InstrumentKind::Private {
        return Err(Reason::PrivateAsset);
    }
    if Instrument::is_volatility_index(instrument.risk_symbol()) {
        return Err(Reason::FactorProxy);
    }
    let id = match &instrument.option {
        Some(terms) => *market.ids.get(&terms.underlying).ok_or(Reason::NoPrice)?,
        None => instrument.id,
    };
    let fit = results.fits.get(&id).ok_or(Reason::NotComputed)?;
    match fit.status.has_numbers() {
        true => Ok(fit),
        false => Err(fit.status.reason().unwrap_or(Reason::NotComputed)),
    }
}

/// Sum of absolute weights: gross exposure, with what has no price at its cost.
pub fn gross_weight(views: &[PositionView]) -> f64 {
    views.iter().map(|view| view.weight().abs()).sum()
}

/// Adds up what is there. `None` when an engine has not run for one of the parts, or when parts exist and none is known;
/// parts missing for other reasons are left out, for the caller to name.
pub fn total(parts: impl Iterator<Item = Result<f64, Reason>>) -> Option<f64> {
    let mut sum = 0.0;
    let (mut known, mut missing) = (0, 0);
    for part in parts {
        match part {
            Ok(value) => {
                sum += value;
                known += 1;
            }
            Err(Reason::NotComputed) => return None,
            Err(_) => missing += 1,
        }
    }
    (known > 0 || missing == 0).then_some(sum)
}
