//! Parts of scenarios by position. They are not stored: the engine computes them again from what it read.

use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{Cell, Column, Format, Table, TagFilterArgs, fail};
use sigma_core::analytics::performance::{Day, roll_from_opening};
use sigma_core::analytics::positions::PositionView;
use sigma_core::analytics::shocks::FactorShocks;
use sigma_core::analytics::stress::{self, PositionPnl, StressInputs};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, ImpliedMove, InstrumentResults, Reason, StressResult};
use sigma_store::Store;

use super::tables::{Row, push_parts};
use crate::evaluate::Close;
use crate::inputs::{Inputs, Scenarios, load};

/// Amount in dollars, and its share of the total, by which a computed sum may differ from the stored total.
const AGREES: (f64, f64) = (0.005, 1e-9);

/// Told below what is shown of a choice of positions.
pub const OF_CHOSEN: &str =
    "Of the positions that match: sums of their parts, as fractions of the NAV of the whole portfolio.";

/// Hands every scenario of every portfolio to `each`: the positions that match in both modes, and the result of them.
/// Portfolios without one are passed over. The answer is whether the sums over all positions agree with what is stored.
pub async fn computed(
    store: &mut Store,
    calendar: Calendar,
    books: &[Book],
    (scenarios, filter): (Scenarios, &TagFilterArgs),
    rows: &[Row],
    mut each: impl FnMut(&StressInputs<'_>, &[Vec<PositionPnl>; 2], StressResult),
) -> anyhow::Result<bool> {
    let Some(as_of) = rows.first().map(|(_, as_of, _)| *as_of) else { return Ok(true) };
    let slugs: Vec<String> = books.iter().map(|book| book.portfolio.slug.clone()).collect();
    let (inputs, _) = load(store, calendar, &slugs, (as_of, as_of), scenarios).await?;
    let empty = InstrumentResults::default();
    let mut agrees = true;
    for book in &inputs.books {
        let Some(day) = day_of(&inputs, book, as_of)? else { continue };
        let close = Close::new(&inputs, book, &day, &empty);
        let all = close.stress_inputs(&inputs);
        let (kept, views) = chosen(&all, filter);
        if kept.is_empty() && !filter.is_empty() {
            continue;
        }
        let on = StressInputs { views: &views, ..all };
        for (_, _, stored) in rows.iter().filter(|(id, ..)| *id == book.portfolio.id) {
            let shocks = shocks_of(&inputs, &stored.scenario_id)?;
            let modes = by_mode(&all, shocks, stored);
            agrees &= same(&modes, stored);
            let modes = modes.map(|pnls| kept.iter().map(|at| pnls[*at].clone()).collect());
            let result = if filter.is_empty() { stored.clone() } else { narrowed(&on, &modes, stored) };
            each(&on, &modes, result);
        }
    }
    Ok(agrees)
}

/// A book rolled to the close; `None` before it opens.
pub fn day_of(inputs: &Inputs, book: &Book, as_of: NaiveDate) -> anyhow::Result<Option<Day>> {
    let days = roll_from_opening(book, &inputs.market, &inputs.calendar, as_of).map_err(calendar_error)?;
    Ok(days.into_iter().next_back().filter(|day| day.date == as_of))
}

/// The positions that match, with their places among all.
pub fn chosen(all: &StressInputs<'_>, filter: &TagFilterArgs) -> (Vec<usize>, Vec<PositionView>) {
    let matching = all.views.iter().enumerate().filter(|(_, view)| filter.matches(&all.book.lots[view.lot]));
    matching.map(|(at, view)| (at, view.clone())).unzip()
}

/// The result of a scenario over a choice of positions. What the factors do is as it is for all.
fn narrowed(
    on: &StressInputs<'_>,
    [direct, correlated]: &[Vec<PositionPnl>; 2],
    stored: &StressResult,
) -> StressResult {
    let (direct, left_out) = stress::sum(on, direct);
    let (correlated, also) = match &stored.correlated {
        Ok(_) => stress::sum(on, correlated),
        Err(reason) => (Err(*reason), 0.0),
    };
    StressResult { direct, correlated, excluded_value: left_out.max(also), ..stored.clone() }
}

pub fn empty_table() -> Table {
    Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("scenario", "Scenario"),
        Column::text("symbol", "Symbol"),
        Column::number("position_id", "Position"),
        Column::number("market_value_usd", "Market value").unit("USD"),
        Column::number("direct_pnl_usd", "Direct P&L").unit("USD"),
        Column::number("correlated_pnl_usd", "Correlated P&L").unit("USD"),
    ])
}

fn shocks_of<'a>(inputs: &'a Inputs, id: &str) -> anyhow::Result<&'a FactorShocks> {
    inputs.scenarios.shocks_of(id).ok_or_else(|| {
        let message =
            format!("scenario `{id}` is not among the active ones, so its parts cannot be computed");
        fail(
            sigma_cli::ExitStatus::Usage,
            message,
            "name its file with --scenarios, or one scenario with --scenario",
        )
    })
}

/// Positions in both modes; the implied moves are the stored ones.
pub fn by_mode(on: &StressInputs<'_>, shocks: &FactorShocks, stored: &StressResult) -> [Vec<PositionPnl>; 2] {
    let direct = stress::position_pnls(on, shocks, stress::direct_volatility(shocks));
    let implied: &[ImpliedMove] = &stored.implied_moves;
    let correlated = match stored.correlated.as_ref().map_err(|reason| *reason) {
        Ok(_) => stress::with_implied(shocks, implied)
            .map(|all| stress::position_pnls(on, &all, stress::correlated_volatility(shocks))),
        Err(reason) => Err(reason),
    };
    let none = |reason: Reason| {
        on.views.iter().map(|view| PositionPnl { lot: view.lot, outcome: Err(reason) }).collect()
    };
    [direct, correlated.unwrap_or_else(none)]
}

fn same(modes: &[Vec<PositionPnl>; 2], stored: &StressResult) -> bool {
    let totals = [&stored.direct, &stored.correlated];
    modes.iter().zip(totals).all(|(pnls, total)| {
        let sum: f64 = pnls.iter().filter_map(|p| p.outcome.as_ref().ok()).map(|r| r.total).sum();
        total.as_ref().map_or(true, |total| (sum - total.pnl).abs() <= AGREES.0 + AGREES.1 * total.pnl.abs())
    })
}

pub fn push(
    table: &mut Table,
    on: &StressInputs<'_>,
    [direct, correlated]: &[Vec<PositionPnl>; 2],
    stored: &StressResult,
    format: Format,
) {
    let amount =
        |p: &PositionPnl| p.outcome.as_ref().map(|response| response.total).map_err(|reason| *reason);
    // Rows are told apart by the id of the lot: one symbol may have several.
    let keys: Vec<String> = on.views.iter().map(|view| view.lot.to_string()).collect();
    let lots: HashMap<&str, usize> = keys.iter().map(String::as_str).zip(0..).collect();
    let parts = keys.iter().zip(direct.iter().zip(correlated));
    let parts = parts.map(|(key, (d, c))| (key.as_str(), [amount(d), amount(c)]));
    let head = |name: &str| {
        let view = lots.get(name).map(|at| &on.views[*at]);
        let lot = view.map(|view| &on.book.lots[view.lot]);
        vec![
            Cell::text(&on.book.portfolio.slug),
            Cell::text(&stored.scenario_id),
            Cell::text(lot.map_or(name, |lot| lot.instrument.symbol.as_str())),
            // A lot that a what-if opens has no id.
            Cell::or_blank(lot.filter(|lot| lot.position.id != 0), |lot| Cell::Int(lot.position.id)),
            match view {
                Some(view) => Cell::or_missing(
                    view.market_value.ok_or(view.mark.err().unwrap_or(Reason::NoPrice)),
                    Cell::Money,
                ),
                None => Cell::Blank,
            },
        ]
    };
    push_parts(table, &head, parts, stored, format);
}
