//! The smallest trades that bring exposures to target, in whole units, as orders on what is held.

use std::collections::BTreeMap;

use sigma_cli::{ExitStatus, Side, ToolError, WhatIf, fail};
use sigma_core::analytics::hedge::{self, solve, units};
use sigma_core::analytics::positions::PositionView;
use sigma_core::analytics::snapshot::explain;
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Instrument, InstrumentKind, Issue, Lot, Position, Reason, TradeAction};

use super::doubts::{remarks, unseen};
use super::sections::sum;
use super::target::Target;

/// Where one target stands.
pub struct Reading<'a> {
    pub target: &'a Target,
    pub current: f64,
    /// After the exact solution.
    pub exact: f64,
    /// After whole units.
    pub rounded: f64,
    pub is_reached: bool,
}

/// One trade of the answer.
pub struct Order {
    pub symbol: String,
    pub action: TradeAction,
    pub quantity: f64,
    /// Dollars per unit at the close.
    pub price: f64,
    /// Signed: positive is bought.
    pub dollars: f64,
}

pub struct Suggestion<'a> {
    pub trades: Vec<Order>,
    pub targets: Vec<Reading<'a>>,
    /// Sizes and loadings that should make one doubt.
    pub remarks: Vec<String>,
    /// Positions that a target does not contain.
    pub unseen: Vec<Issue>,
}

/// Instruments with what one unit of each is worth and brings.
pub(super) struct Units {
    pub instruments: Vec<Instrument>,
    pub values: Vec<f64>,
    views: Vec<PositionView>,
}

impl Units {
    fn new(what_if: &WhatIf, calendar: &Calendar) -> anyhow::Result<Units> {
        let instruments = instruments(what_if);
        instruments.iter().try_for_each(usable)?;
        let views = unit_views(what_if, calendar, &instruments)?;
        let values: Vec<f64> = views.iter().map(|view| view.market_value.unwrap_or_default()).collect();
        if let Some(at) = values.iter().position(|value| *value <= 0.0) {
            let message =
                format!("a price of zero turns no dollars into units of {}", instruments[at].symbol);
            return Err(fail(ExitStatus::Usage, message, "name another instrument with --with"));
        }
        Ok(Units { instruments, values, views })
    }
}

/// Refuses what moves no exposure that is modelled.
fn usable(instrument: &Instrument) -> anyhow::Result<()> {
    let symbol = &instrument.symbol;
    let told = match instrument.kind {
        InstrumentKind::Private => Reason::PrivateAsset,
        _ if Instrument::is_volatility_index(instrument.risk_symbol()) => Reason::FactorProxy,
        _ => return Ok(()),
    };
    let message = format!("{symbol} cannot hedge: {}", explain(told));
    Err(fail(ExitStatus::Usage, message, "name shares, funds or options on them with --with"))
}

impl<'a> Suggestion<'a> {
    pub fn new(
        what_if: &WhatIf,
        calendar: &Calendar,
        targets: &'a [Target],
        fractional: bool,
    ) -> anyhow::Result<Suggestion<'a>> {
        let before = &what_if.before;
        let units = Units::new(what_if, calendar)?;
        let mut per_unit = Vec::new();
        let mut current = Vec::new();
        for target in targets {
            known_factor(target, what_if)?;
            if target.unit(before.day.nav) <= 0.0 {
                let message = format!("{} has no meaning while the NAV is not positive", target.name);
                return Err(fail(ExitStatus::Usage, message, "name an exposure in dollars"));
            }
            current.push(now(target, before)?);
            per_unit.push(of_units(target, &units)?);
        }
        let of_nav = |target: &Target| target.unit(before.day.nav);
        let wanted = targets.iter().map(|target| target.value * of_nav(target));
        let gaps: Vec<f64> = wanted.zip(&current).map(|(wanted, now)| wanted - now).collect();
        let hedge = solve_rows(&per_unit, &units.values, &gaps)?;
        let counts = counts(&units, &hedge, fractional);
        let readings = targets.iter().enumerate().map(|(i, target)| {
            let moved: f64 = per_unit[i].iter().zip(&counts).map(|(unit, count)| unit * count).sum();
            let unit = of_nav(target);
            Reading {
                target,
                current: current[i] / unit,
                exact: (current[i] + hedge.moved[i]) / unit,
                rounded: (current[i] + moved) / unit,
                is_reached: hedge.is_reached[i],
            }
        });
        Ok(Suggestion {
            targets: readings.collect(),
            trades: trades(what_if, &units, &counts)?,
            remarks: remarks(what_if, &units, &counts, targets),
            unseen: unseen(before, targets),
        })
    }
}

fn unknown(target: &Target, whose: &str, reason: Reason) -> anyhow::Error {
    let message = format!("{} of {whose} is not known ({reason})", target.name);
    fail(ExitStatus::Failed, message, "run `sigma-greeks run` and `sigma-factors run` for the date")
}

/// What the portfolio has of an exposure, over the positions of which it is known.
fn now(target: &Target, before: &Side) -> anyhow::Result<f64> {
    sum(&before.views, |view| target.dollars(view))
        .map_err(|reason| unknown(target, &before.book.portfolio.slug, reason))
}

/// What one unit of each instrument brings of an exposure.
fn of_units(target: &Target, units: &Units) -> anyhow::Result<Vec<f64>> {
    let of_unit = |(instrument, view): (&Instrument, &PositionView)| {
        target.dollars(view).map_err(|reason| unknown(target, &instrument.symbol, reason))
    };
    units.instruments.iter().zip(&units.views).map(of_unit).collect()
}

fn counts(units: &Units, hedge: &hedge::Hedge, fractional: bool) -> Vec<f64> {
    let sized = units.instruments.iter().zip(hedge.dollars.iter().zip(&units.values));
    sized
        .map(|(instrument, (dollars, value))| self::units(*dollars, *value, in_parts(instrument, fractional)))
        .collect()
}

/// The trades; a fund that nobody lends cannot be sold short.
fn trades(what_if: &WhatIf, units: &Units, counts: &[f64]) -> anyhow::Result<Vec<Order>> {
    let before = &what_if.before;
    let mut found = Vec::new();
    for (instrument, (count, value)) in units.instruments.iter().zip(counts.iter().zip(&units.values)) {
        for (action, quantity) in orders(&before.book, before, instrument, *count) {
            if action == TradeAction::Short && instrument.kind == InstrumentKind::MutualFund {
                let message = format!(
                    "the hedge would sell {quantity} of {} short, which a mutual fund cannot be",
                    instrument.symbol
                );
                return Err(fail(ExitStatus::Usage, message, "name a fund on an exchange with --with"));
            }
            found.push(Order {
                symbol: instrument.symbol.clone(),
                action,
                quantity,
                price: value / instrument.multiplier,
                dollars: quantity * action.sign() * value,
            });
        }
    }
    Ok(found)
}

/// Instruments to trade, each once, in their order.
fn instruments(what_if: &WhatIf) -> Vec<Instrument> {
    let mut seen = BTreeMap::new();
    for (at, fill) in what_if.fills.iter().enumerate() {
        seen.entry(&fill.trade.symbol).or_insert(at);
    }
    let mut order: Vec<usize> = seen.into_values().collect();
    order.sort_unstable();
    order
        .into_iter()
        .filter_map(|at| what_if.instruments.get(&what_if.fills[at].trade.symbol))
        .cloned()
        .collect()
}

/// One unit of each instrument, valued and measured as a position.
fn unit_views(
    what_if: &WhatIf,
    calendar: &Calendar,
    instruments: &[Instrument],
) -> anyhow::Result<Vec<PositionView>> {
    let portfolio = what_if.after.book.portfolio.clone();
    let lot = |instrument: &Instrument| Lot {
        position: Position {
            id: 0,
            portfolio_id: portfolio.id,
            instrument_id: instrument.id,
            quantity: 1.0,
            entry_price: 0.0,
            entry_date: what_if.as_of,
            exit_price: None,
            exit_date: None,
            adjusted_through: None,
        },
        instrument: instrument.clone(),
        tags: Vec::new(),
    };
    let lots = instruments.iter().map(lot).collect();
    let book = Book { lots, cash: Vec::new(), portfolio };
    Ok(Side::new(book, &what_if.market, calendar, what_if.as_of, &what_if.results)?.views)
}

fn known_factor(target: &Target, what_if: &WhatIf) -> anyhow::Result<()> {
    let Some(factor) = target.factor() else { return Ok(()) };
    if what_if.definitions.iter().any(|definition| definition.name == factor) {
        return Ok(());
    }
    let known: Vec<&str> = what_if.definitions.iter().map(|definition| definition.name.as_str()).collect();
    Err(ToolError::usage(format!("no factor is named `{factor}`"))
        .hint(format!("defined: {}", known.join(", ")))
        .into())
}

fn solve_rows(per_unit: &[Vec<f64>], values: &[f64], gaps: &[f64]) -> anyhow::Result<hedge::Hedge> {
    let rows: Vec<Vec<f64>> = per_unit
        .iter()
        .map(|row| row.iter().zip(values).map(|(unit, value)| unit / value).collect())
        .collect();
    solve(&rows, gaps).map_err(|error| ToolError::from_cause(ExitStatus::Failed, error).into())
}

fn in_parts(instrument: &Instrument, fractional: bool) -> bool {
    match instrument.kind {
        InstrumentKind::Option => false,
        InstrumentKind::MutualFund | InstrumentKind::Private => true,
        _ => fractional,
    }
}

/// A change of holding as orders: what is held on the other side is closed first, under its own name.
fn orders(book: &Book, side: &Side, instrument: &Instrument, change: f64) -> Vec<(TradeAction, f64)> {
    let lots =
        side.day.lots.iter().map(|day| &book.lots[day.lot]).filter(|lot| lot.instrument.id == instrument.id);
    let held: f64 = lots.map(|lot| lot.position.quantity).filter(|q| q * change < 0.0).map(f64::abs).sum();
    let (close, open) = match change > 0.0 {
        true => (TradeAction::Cover, TradeAction::Buy),
        false => (TradeAction::Sell, TradeAction::Short),
    };
    let closed = held.min(change.abs());
    [(close, closed), (open, change.abs() - closed)]
        .into_iter()
        .filter(|(_, quantity)| *quantity > 0.0)
        .collect()
}
