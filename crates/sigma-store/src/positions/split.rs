//! Splits of lots, and the way back.
//!
//! # Rule
//! A lot that a split is applied to ends on the day of the split at its own entry price, and goes on from that day as a
//! lot of the same cost with another quantity. Both are known by just that: a lot sold at cost and bought again at the
//! same cost in another number of units is the same to a book.

use std::collections::BTreeSet;

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};

use super::{NewPosition, PositionLot, Row, close, copy_tags, insert, next_lot, t, update};
use crate::{
    Store,
    connection::Conn,
    error::{Result, StoreError},
    save::describe,
    schema::position_tags::dsl as pt,
    value::check_finite,
};

/// Relative difference that the costs of the two lots may have: quantity and price are rounded apart.
const COST_TOLERANCE: f64 = 1e-9;

/// A lot that a split was applied to, and the lot that goes on from it.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitLots {
    pub before: PositionLot,
    pub after: PositionLot,
}

impl Store {
    /// Applies a split: the lot ends on its day at the entry price, and a new lot with the same tags goes on from there
    /// with another quantity and price. Returns the id of the new one.
    #[boxed]
    pub async fn split_position(
        &mut self,
        id: i64,
        date: NaiveDate,
        quantity: f64,
        entry_price: f64,
    ) -> Result<i64> {
        check_finite(
            || describe("positions", &id),
            &[("quantity", Some(quantity)), ("entry_price", Some(entry_price))],
        )?;
        self.db.write(async move |c: &mut Conn<'_>| split(c, id, date, quantity, entry_price).await).await
    }

    /// Says through which day quantity and entry price of a lot count splits already; `None`: through its entry only.
    #[boxed]
    pub async fn adjust_position(&mut self, id: i64, through: Option<NaiveDate>) -> Result<()> {
        self.db
            .write(async move |c: &mut Conn<'_>| {
                let row = row(c, id).await?;
                update(c, &Row { adjusted_through: through, ..row }).await
            })
            .await
    }

    /// The two lots of an applied split, by the id of either. `Invalid` when there is none, or when the later one is
    /// not as the split left it.
    #[boxed]
    pub async fn applied_split(&mut self, id: i64) -> Result<SplitLots> {
        self.db.read(async move |c: &mut Conn<'_>| applied(c, id).await).await
    }

    /// Takes an applied split back, by the id of either lot: the earlier one is open again as it was, the later one is
    /// gone. Refuses what [`Store::applied_split`] does. Returns the lots as they were.
    #[boxed]
    pub async fn unsplit_position(&mut self, id: i64) -> Result<SplitLots> {
        self.db.write(async move |c: &mut Conn<'_>| unsplit(c, id).await).await
    }
}

async fn split(c: &mut Conn<'_>, id: i64, date: NaiveDate, quantity: f64, entry_price: f64) -> Result<i64> {
    let old = row(c, id).await?;
    close(c, id, old.entry_price, date, None).await?;
    let new = NewPosition {
        portfolio_id: old.portfolio_id,
        instrument_id: old.instrument_id,
        quantity,
        entry_price,
        entry_date: date,
        exit: None,
    };
    let lot = next_lot(c, &new).await?;
    let new_id = insert(c, new, lot, None).await?;
    copy_tags(c, id, new_id).await?;
    Ok(new_id)
}

async fn unsplit(c: &mut Conn<'_>, id: i64) -> Result<SplitLots> {
    let lots = applied(c, id).await?;
    let (before, after) = (lots.before.position.id, lots.after.position.id);
    let open = Row { exit_price: None, exit_date: None, ..row(c, before).await? };
    update(c, &open).await?;
    execute!(c, diesel::delete(t::positions.filter(t::id.eq(after))))?;
    Ok(lots)
}

async fn row(c: &mut Conn<'_>, id: i64) -> Result<Row> {
    let rows: Vec<Row> = load!(c, t::positions.filter(t::id.eq(id)).select(Row::as_select()))?;
    rows.into_iter().next().ok_or_else(|| StoreError::missing(format!("position with id {id}")))
}

/// A lot of the same portfolio and instrument, with its tags.
struct Tagged {
    row: Row,
    tags: BTreeSet<i64>,
}

async fn applied(c: &mut Conn<'_>, id: i64) -> Result<SplitLots> {
    let named = row(c, id).await?;
    let rows: Vec<Row> = load!(
        c,
        t::positions
            .filter(t::portfolio_id.eq(named.portfolio_id))
            .filter(t::instrument_id.eq(named.instrument_id))
            .order(t::id)
            .select(Row::as_select())
    )?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let tags: Vec<(i64, i64)> = load!(c, pt::position_tags.filter(pt::position_id.eq_any(&ids)))?;
    let tagged = |row: Row| {
        let of_row = tags.iter().filter(|(position, _)| *position == row.id);
        Tagged { tags: of_row.map(|(_, tag)| *tag).collect(), row }
    };
    let lots: Vec<Tagged> = rows.into_iter().map(tagged).collect();
    let (before, after) =
        pair(id, &lots).map_err(|why| StoreError::invalid(describe("positions", &id), why))?;
    Ok(SplitLots { before: before.clone().into(), after: after.clone().into() })
}

/// The lots of the split that the lot `id` is part of. A closed lot is the earlier one, an open lot the later one.
fn pair(id: i64, lots: &[Tagged]) -> Result<(&Row, &Row), String> {
    let Some(named) = lots.iter().find(|lot| lot.row.id == id) else {
        return Err(format!("position {id} is gone"));
    };
    let before_named = || lots.iter().filter(|lot| goes_on(&lot.row, &named.row));
    if named.row.exit_date.is_some() {
        let after = lots.iter().filter(|lot| goes_on(&named.row, &lot.row));
        // Twins are the same to the book; the last one was made last.
        let unchanged = after.clone().rfind(|lot| change(named, lot).is_none());
        return match (unchanged, after.clone().next_back(), before_named().next()) {
            (Some(after), ..) => Ok((&named.row, &after.row)),
            (None, Some(after), _) => Err(refusal(named, after)),
            (None, None, Some(before)) => Err(refusal(before, named)),
            (None, None, None) => Err(no_split(named, lots)),
        };
    }
    let unchanged: Vec<&Tagged> = before_named().filter(|before| change(before, named).is_none()).collect();
    match (unchanged.as_slice(), before_named().next()) {
        ([before], _) => Ok((&before.row, &named.row)),
        ([], Some(before)) => Err(refusal(before, named)),
        ([], None) => Err(no_split(named, lots)),
        (several, _) => {
            let ids: Vec<String> = several.iter().map(|lot| lot.row.id.to_string()).collect();
            Err(format!("position {id} can go on from any of {}: name the one of these", ids.join(", ")))
        }
    }
}

/// Whether the second lot is what a split of the first left, leaving aside what may have happened to it since.
fn goes_on(before: &Row, after: &Row) -> bool {
    let (cost, new_cost) = (before.quantity * before.entry_price, after.quantity * after.entry_price);
    ended_at_cost(before)
        && before.exit_date == Some(after.entry_date)
        && before.entry_date < after.entry_date
        && before.quantity != after.quantity
        && before.quantity.signum() == after.quantity.signum()
        && (cost - new_cost).abs() <= COST_TOLERANCE * cost.abs()
}

fn ended_at_cost(row: &Row) -> bool {
    row.exit_price == Some(row.entry_price)
}

/// What has happened to the later lot since.
fn change(before: &Tagged, after: &Tagged) -> Option<String> {
    match after.row.exit_date {
        Some(exit) if ended_at_cost(&after.row) => Some(format!("ended on {exit}, as by another split")),
        Some(exit) => Some(format!("was closed on {exit}")),
        None => (before.tags != after.tags).then(|| "has other tags".to_owned()),
    }
}

fn refusal(before: &Tagged, after: &Tagged) -> String {
    let (before_id, after_id) = (before.row.id, after.row.id);
    let change = change(before, after).unwrap_or_default();
    format!("position {after_id}, which goes on from {before_id} since its split, {change}")
}

/// Without a lot of the same cost; one that a split may have left is named.
fn no_split(named: &Tagged, lots: &[Tagged]) -> String {
    let id = named.row.id;
    let touches = |before: &Row, after: &Row| {
        ended_at_cost(before)
            && before.exit_date == Some(after.entry_date)
            && before.entry_date < after.entry_date
    };
    let is_near = |lot: &&Tagged| touches(&named.row, &lot.row) || touches(&lot.row, &named.row);
    match lots.iter().find(is_near) {
        Some(near) => format!(
            "positions {} and {} do not have the same cost: what is left of an applied split has been changed since",
            id.min(near.row.id),
            id.max(near.row.id)
        ),
        None => format!(
            "position {id} is no result of an applied split (a split that it counts is forgotten with --undo --counted)"
        ),
    }
}
