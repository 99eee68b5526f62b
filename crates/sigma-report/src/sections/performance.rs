//! Profit and loss, returns, volatility and drawdown.

use sigma_cli::{Cell, Column, Table};
use sigma_core::model::{Portfolio, Reason, Snapshot};

use super::absent;
use crate::availability::Availability;
use crate::inputs::{HISTORY_SESSIONS, Inputs};
use crate::report::{Section, fraction, money, number};

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let s = &inputs.snapshot;
    let percent = |value: Option<f64>, reason: Reason| Cell::or_missing(value.ok_or(reason), Cell::Percent);
    let mut table = Table::new(columns());
    for snapshot in &inputs.history {
        table.push(cells(snapshot, &inputs.book.portfolio));
    }
    let section = Section::new("performance", "Performance")
        .fact(money("cumulative_pnl_usd", "Cumulative P&L"), Cell::Money(s.cumulative_pnl))
        .fact(money("unrealized_pnl_usd", "Unrealised P&L"), Cell::Money(s.unrealized_pnl))
        .fact(money("realized_pnl_usd", "Realised P&L"), Cell::Money(s.realized_pnl))
        .fact(
            fraction("cumulative_return_fraction", "Cumulative return"),
            percent(s.cumulative_return, Reason::InvalidInput),
        )
        .fact(
            fraction("realized_vol_21_fraction", "Volatility, 21 sessions, annualised"),
            percent(s.realized_vol_21, Reason::InsufficientHistory),
        )
        .fact(
            fraction("realized_vol_63_fraction", "Volatility, 63 sessions, annualised"),
            percent(s.realized_vol_63, Reason::InsufficientHistory),
        )
        .fact(fraction("drawdown_fraction", "Drawdown"), percent(s.drawdown, Reason::InvalidInput))
        .table("history", "Last 30 sessions", table);
    let missing = inputs.history_sessions.saturating_sub(inputs.history.len());
    if missing == 0 {
        return section;
    }
    section.note(format!(
        "{missing} of the last {} sessions have no snapshot: run sigma-report snapshot --from {} --to {}",
        inputs.history_sessions.min(HISTORY_SESSIONS),
        inputs.shared.history_from.max(inputs.book.portfolio.opened_on),
        inputs.as_of
    ))
}

/// Columns of a series of snapshots.
pub fn columns() -> Vec<Column> {
    vec![
        Column::text("as_of", "Session"),
        money("nav_usd", "NAV"),
        money("day_pnl_usd", "P&L"),
        money("flows_usd", "Flows"),
        fraction("day_return_fraction", "Return"),
        money("cumulative_pnl_usd", "Cumulative P&L"),
        fraction("cumulative_return_fraction", "Cumulative return"),
        fraction("realized_vol_21_fraction", "Volatility 21"),
        fraction("drawdown_fraction", "Drawdown"),
        number("market_beta", "Market beta"),
    ]
}

/// One snapshot of the series.
pub fn cells(s: &Snapshot, portfolio: &Portfolio) -> Vec<Cell> {
    let percent = |value: Option<f64>, reason: Reason| Cell::or_missing(value.ok_or(reason), Cell::Percent);
    let beta = s.market_beta.ok_or(absent::market_beta(s));
    vec![
        Cell::Date(s.as_of),
        Cell::Money(s.nav),
        Cell::Money(s.day_pnl),
        Cell::Money(s.flows),
        percent(s.day_return, absent::day_return(s, portfolio)),
        Cell::Money(s.cumulative_pnl),
        percent(s.cumulative_return, Reason::InvalidInput),
        percent(s.realized_vol_21, Reason::InsufficientHistory),
        percent(s.drawdown, Reason::InvalidInput),
        Cell::or_missing(beta, |beta| Cell::number(beta, 4)),
    ]
}
