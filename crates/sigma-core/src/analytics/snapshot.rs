//! One row per portfolio and session, assembled from the day's roll and the stored results of that date.
//!
//! # Conventions
//! What an engine has not computed for the date is absent; realised volatilities need their full number of returns;
//! drawdown is on the return index.
//!
//! # Verified by
//! `tests/portfolio`, and the story test of the store: a backfilled range gives the same rows as single days.

use super::exposures::{concentration, exposures};
use super::performance::Day;
use super::positions::{PositionView, total};
use super::returns::annualised_volatility;
use super::valuation::{cost_basis, staleness_limit};
use crate::model::{Book, Exclusion, ExposureRow, Issue, Lot, Reason, Snapshot};

/// A snapshot with the exposures and exclusions stored beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotSet {
    pub snapshot: Snapshot,
    pub exposures: Vec<ExposureRow>,
    pub exclusions: Vec<Exclusion>,
}

/// Assembles the snapshot of `days[i]`; earlier days feed volatility and drawdown.
pub fn assemble(book: &Book, days: &[Day], i: usize, views: &[PositionView]) -> SnapshotSet {
    let day = &days[i];
    let exclusions = exclusions(book, day, views);
    let spread = concentration(book, views);
    let greek = |pick: fn(&super::positions::PositionGreeks) -> f64| {
        total(views.iter().map(|view| view.greeks.map(|greeks| pick(&greeks))))
    };
    let beta_dollars = total(views.iter().map(PositionView::beta_adjusted));
    let snapshot = Snapshot {
        as_of: day.date,
        nav: day.nav,
        cash: day.cash,
        short_proceeds: day.short_proceeds,
        long_value: day.long_value,
        short_value: day.short_value,
        gross: day.long_value - day.short_value,
        net: day.long_value + day.short_value,
        unrealized_pnl: day.unrealized_pnl,
        realized_pnl: day.realized_pnl,
        day_pnl: day.day_pnl,
        flows: day.flows,
        day_return: day.day_return,
        cumulative_pnl: day.cumulative_pnl,
        cumulative_return: day.index.map(|index| index - 1.0),
        realized_vol_21: realised_volatility(&days[..=i], 21),
        realized_vol_63: realised_volatility(&days[..=i], 63),
        drawdown: day.index.zip(day.index_peak).map(|(index, peak)| index / peak - 1.0),
        market_beta: beta_dollars.filter(|_| day.nav > 0.0).map(|dollars| dollars / day.nav),
        delta_dollars: greek(|g| g.delta_dollars),
        gamma_dollars_per_1pct: greek(|g| g.gamma_dollars_per_1pct),
        theta_per_day: greek(|g| g.theta_per_day),
        vega_per_point: greek(|g| g.vega_per_point),
        rho_per_point: greek(|g| g.rho_per_point),
        hhi: spread.map(|c| c.hhi),
        effective_positions: spread.map(|c| c.effective_positions),
        top_3_fraction: spread.map(|c| c.top_3_fraction),
        top_10_fraction: spread.map(|c| c.top_10_fraction),
        position_count: views.len(),
        excluded_count: views.iter().filter(|view| view.market_value.is_none()).count(),
    };
    SnapshotSet { snapshot, exposures: exposures(book, views), exclusions }
}

/// Whether a book has a NAV: the cash of one none of whose positions has a price would read like one.
pub fn has_nav(views: &[PositionView]) -> bool {
    views.is_empty() || views.iter().any(|view| view.market_value.is_some())
}

fn realised_volatility(days: &[Day], window: usize) -> Option<f64> {
    let recent = days.len().checked_sub(window).map(|start| &days[start..])?;
    let returns: Option<Vec<f64>> = recent.iter().map(|day| day.day_return).collect();
    annualised_volatility(&returns?)
}

/// Positions without a usable price, doubtful prices, and assumed settlements.
fn exclusions(book: &Book, day: &Day, views: &[PositionView]) -> Vec<Exclusion> {
    let gross = gross_with_cost(book, day);
    let mut found = Vec::new();
    for view in views {
        let lot = &book.lots[view.lot];
        let symbol = &lot.instrument.symbol;
        match view.mark {
            Err(reason) => {
                let detail = format!("{} is left out of the NAV: {}", symbol, explain(reason));
                found.push(exclusion_of(Issue::error(symbol, reason, detail), view, gross));
            }
            Ok(mark) if mark.age_sessions >= staleness_limit(lot.instrument.kind).warn_sessions => {
                let detail = format!("{} is valued at its price of {}", symbol, mark.date);
                let issue = Issue::warning(symbol, Reason::StalePrice, detail);
                found.push(exclusion_of(issue, view, gross));
            }
            Ok(_) => {}
        }
    }
    for &lot in &day.settled {
        let symbol = &book.lots[lot].instrument.symbol;
        let detail = format!("{symbol} expired; settlement in cash at intrinsic value is assumed");
        found.push(exclusion(Issue::warning(symbol, Reason::Expired, detail), None, gross));
    }
    merge(found)
}

/// An exclusion with its share of gross value.
pub fn exclusion(issue: Issue, value: Option<f64>, gross: f64) -> Exclusion {
    let weight_fraction = value.filter(|_| gross > 0.0).map(|value| value.abs() / gross);
    Exclusion { issue, value, weight_fraction }
}

/// The exclusion of a position. Without a price it weighs its cost, and the detail says so.
pub fn exclusion_of(issue: Issue, view: &PositionView, gross: f64) -> Exclusion {
    weighed(issue, view.market_value, view.cost_basis, gross)
}

/// The same for a lot that nothing but its value is known of.
pub fn exclusion_of_lot(issue: Issue, lot: &Lot, market_value: Option<f64>, gross: f64) -> Exclusion {
    weighed(issue, market_value, cost_basis(lot), gross)
}

fn weighed(mut issue: Issue, market_value: Option<f64>, cost: f64, gross: f64) -> Exclusion {
    if market_value.is_none() {
        issue.detail.push_str(AT_COST);
    }
    exclusion(issue, Some(market_value.unwrap_or(cost)), gross)
}

/// Ends the detail of what has no price.
const AT_COST: &str = " (it weighs its cost here)";

/// Gross value of a day, with what has no price at its cost.
pub fn gross_with_cost(book: &Book, day: &Day) -> f64 {
    let unpriced = day.lots.iter().filter(|lot| lot.market_value.is_none());
    let at_cost: f64 = unpriced.map(|lot| cost_basis(&book.lots[lot.lot]).abs()).sum();
    day.long_value - day.short_value + at_cost
}

/// Joins exclusions of several lots of one subject for one reason.
pub fn merge(mut exclusions: Vec<Exclusion>) -> Vec<Exclusion> {
    let key = |e: &Exclusion| (e.issue.subject.clone(), e.issue.reason);
    exclusions.sort_by_key(key);
    exclusions.dedup_by(|next, kept| {
        if key(next) != key(kept) {
            return false;
        }
        let add = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + b);
        kept.value = add(kept.value, next.value);
        kept.weight_fraction = add(kept.weight_fraction, next.weight_fraction);
        true
    });
    exclusions
}

/// One clause for a reason, with the remedy where there is one.
pub fn explain(reason: Reason) -> &'static str {
    match reason {
        Reason::NoPrice => "no price is stored on or before the date; run `sigma-sync prices`",
        Reason::StalePrice => {
            "its last price is too old; run `sigma-sync prices` or check whether it still trades"
        }
        Reason::InsufficientHistory => "too few returns in the window; run `sigma-sync run` to backfill",
        Reason::Expired => {
            "the contract has expired and no close of its underlying settles it; close the position"
        }
        Reason::NoVol => "no volatility could be found; run `sigma-sync options`",
        Reason::BelowIntrinsic => "its price lies below the no-arbitrage bound, so it implies no volatility",
        Reason::NonstandardDeliverable => "the contract does not deliver the standard hundred shares",
        Reason::PrivateAsset => "private assets carry no market risk model",
        Reason::ProviderError => "the data provider failed; run `sigma-sync run` again",
        Reason::NotComputed => "the engine has not run for this date",
        Reason::SplitUnapplied => {
            "a split has not been applied to the position; run `sigma-seed position apply-split ID`"
        }
        Reason::FactorProxy => "it stands for volatility itself, which alone moves it: no loadings apply",
        Reason::NoRate => "no interest rate is published near the date; run `sigma-sync rates`",
        Reason::RankDeficient => "the regressors are linearly dependent in the window",
        Reason::ConstantSeries => "its price does not move in the window",
        Reason::InvalidInput => "an input of the calculation is not valid",
    }
}
