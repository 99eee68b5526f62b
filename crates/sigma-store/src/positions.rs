//! Lots.

mod split;

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::Position;

pub use self::split::SplitLots;
use crate::{
    Ensured, Store,
    connection::Conn,
    error::{Result, StoreError},
    ids,
    save::describe,
    schema::{position_tags, positions::dsl as t},
    value::check_finite,
};

/// A lot before it has an id and a number.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPosition {
    pub portfolio_id: i64,
    pub instrument_id: i64,
    /// Signed units: negative is short.
    pub quantity: f64,
    pub entry_price: f64,
    pub entry_date: NaiveDate,
    /// Price and date of the exit, for a lot that is already closed.
    pub exit: Option<(f64, NaiveDate)>,
}

/// A lot with its number among the lots of the same portfolio, instrument and entry date.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionLot {
    pub position: Position,
    pub lot: i32,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::positions)]
struct Row {
    id: i64,
    portfolio_id: i64,
    instrument_id: i64,
    quantity: f64,
    entry_price: f64,
    entry_date: NaiveDate,
    lot: i32,
    exit_price: Option<f64>,
    exit_date: Option<NaiveDate>,
    adjusted_through: Option<NaiveDate>,
}

impl From<Row> for PositionLot {
    fn from(row: Row) -> PositionLot {
        let Row { id, portfolio_id, instrument_id, quantity, entry_price, entry_date, .. } = row;
        let (exit_price, exit_date, adjusted_through) = (row.exit_price, row.exit_date, row.adjusted_through);
        let position = Position {
            id,
            portfolio_id,
            instrument_id,
            quantity,
            entry_price,
            entry_date,
            exit_price,
            exit_date,
            adjusted_through,
        };
        PositionLot { position, lot: row.lot }
    }
}

impl Store {
    /// Lots of these portfolios, closed ones too, by portfolio, entry date and id.
    #[boxed]
    pub async fn positions(&mut self, portfolio_ids: &[i64]) -> Result<Vec<Position>> {
        let lots = self.position_lots(portfolio_ids).await?;
        Ok(lots.into_iter().map(|lot| lot.position).collect())
    }

    /// The same with lot numbers.
    #[boxed]
    pub async fn position_lots(&mut self, portfolio_ids: &[i64]) -> Result<Vec<PositionLot>> {
        let ids = portfolio_ids.to_vec();
        let rows: Vec<Row> = self
            .db
            .read(async move |c: &mut Conn<'_>| {
                let mut rows = Vec::new();
                for chunk in ids.chunks(10_000) {
                    let query =
                        load!(c, t::positions.filter(t::portfolio_id.eq_any(chunk)).select(Row::as_select()));
                    rows.extend(query?);
                }
                Ok(rows)
            })
            .await?;
        let mut rows = rows;
        rows.sort_by_key(|row| (row.portfolio_id, row.entry_date, row.id));
        Ok(rows.into_iter().map(PositionLot::from).collect())
    }

    /// Adds a lot with the next free number and returns its id.
    #[boxed]
    pub async fn add_position(&mut self, new: NewPosition) -> Result<i64> {
        check(&new)?;
        self.db
            .write(async move |c: &mut Conn<'_>| {
                let lot = next_lot(c, &new).await?;
                insert(c, new, lot, None).await
            })
            .await
    }

    /// Makes sure that the lot with this number stands there with this quantity and entry price. An exit is set when
    /// one is given; an exit that is stored stays otherwise.
    #[boxed]
    pub async fn ensure_position(&mut self, new: NewPosition, lot: i32) -> Result<Ensured> {
        check(&new)?;
        self.db.write(async move |c: &mut Conn<'_>| ensure(c, new, lot).await).await
    }

    /// Closes a lot, or `quantity` units of it (unsigned). Returns the id of the closed lot: the lot itself, or for a
    /// part a new lot with the same entry and tags, while the rest stays open under the old id.
    #[boxed]
    pub async fn close_position(
        &mut self,
        id: i64,
        price: f64,
        date: NaiveDate,
        quantity: Option<f64>,
    ) -> Result<i64> {
        check_finite(|| describe("positions", &id), &[("exit_price", Some(price)), ("quantity", quantity)])?;
        self.db.write(async move |c: &mut Conn<'_>| close(c, id, price, date, quantity).await).await
    }

    /// Removes a lot as if it had never been entered.
    #[boxed]
    pub async fn remove_position(&mut self, id: i64) -> Result<()> {
        let removed = self.db.write(async move |c: &mut Conn<'_>| {
            execute!(c, diesel::delete(t::positions.filter(t::id.eq(id))))
        });
        found(removed.await?, id)
    }
}

fn found(touched: usize, id: i64) -> Result<()> {
    match touched {
        0 => Err(StoreError::missing(format!("position with id {id}"))),
        _ => Ok(()),
    }
}

pub(crate) fn check(new: &NewPosition) -> Result<()> {
    let row = || describe("positions", &(new.portfolio_id, new.instrument_id, new.entry_date));
    check_finite(
        row,
        &[
            ("quantity", Some(new.quantity)),
            ("entry_price", Some(new.entry_price)),
            ("exit_price", new.exit.map(|(price, _)| price)),
        ],
    )?;
    match new.exit {
        _ if new.quantity == 0.0 => Err(StoreError::invalid(row(), "the quantity is 0")),
        Some((_, date)) if date < new.entry_date => {
            Err(StoreError::invalid(row(), format!("the exit on {date} precedes the entry")))
        }
        _ => Ok(()),
    }
}

async fn lots_like(c: &mut Conn<'_>, portfolio: i64, instrument: i64, entry: NaiveDate) -> Result<Vec<Row>> {
    load!(
        c,
        t::positions
            .filter(t::portfolio_id.eq(portfolio))
            .filter(t::instrument_id.eq(instrument))
            .filter(t::entry_date.eq(entry))
            .select(Row::as_select())
    )
}

pub(crate) async fn next_lot(c: &mut Conn<'_>, new: &NewPosition) -> Result<i32> {
    let lots = lots_like(c, new.portfolio_id, new.instrument_id, new.entry_date).await?;
    Ok(lots.iter().map(|row| row.lot).max().unwrap_or(0) + 1)
}

pub(crate) async fn insert(
    c: &mut Conn<'_>,
    new: NewPosition,
    lot: i32,
    adjusted_through: Option<NaiveDate>,
) -> Result<i64> {
    let id = ids::allocate(c, "positions", 1).await?;
    let row = Row {
        id,
        portfolio_id: new.portfolio_id,
        instrument_id: new.instrument_id,
        quantity: new.quantity,
        entry_price: new.entry_price,
        entry_date: new.entry_date,
        lot,
        exit_price: new.exit.map(|(price, _)| price),
        exit_date: new.exit.map(|(_, date)| date),
        adjusted_through,
    };
    execute!(c, diesel::insert_into(t::positions).values(&row))?;
    Ok(id)
}

async fn ensure(c: &mut Conn<'_>, new: NewPosition, lot: i32) -> Result<Ensured> {
    let lots = lots_like(c, new.portfolio_id, new.instrument_id, new.entry_date).await?;
    let Some(old) = lots.into_iter().find(|row| row.lot == lot) else {
        return Ok(Ensured { id: insert(c, new, lot, None).await?, changed: true });
    };
    let row = Row {
        quantity: new.quantity,
        entry_price: new.entry_price,
        exit_price: new.exit.map(|(price, _)| price).or(old.exit_price),
        exit_date: new.exit.map(|(_, date)| date).or(old.exit_date),
        ..old.clone()
    };
    let changed = row != old;
    if changed {
        update(c, &row).await?;
    }
    Ok(Ensured { id: old.id, changed })
}

async fn update(c: &mut Conn<'_>, row: &Row) -> Result<()> {
    execute!(
        c,
        diesel::update(t::positions.filter(t::id.eq(row.id))).set((
            t::quantity.eq(row.quantity),
            t::entry_price.eq(row.entry_price),
            t::exit_price.eq(row.exit_price),
            t::exit_date.eq(row.exit_date),
            t::adjusted_through.eq(row.adjusted_through),
        ))
    )?;
    Ok(())
}

async fn close(c: &mut Conn<'_>, id: i64, price: f64, date: NaiveDate, quantity: Option<f64>) -> Result<i64> {
    let rows: Vec<Row> = load!(c, t::positions.filter(t::id.eq(id)).select(Row::as_select()))?;
    let Some(old) = rows.into_iter().next() else {
        return Err(StoreError::missing(format!("position with id {id}")));
    };
    let refuse = |detail: String| Err(StoreError::invalid(describe("positions", &id), detail));
    if let Some(exit) = old.exit_date {
        return refuse(format!("already closed on {exit}"));
    }
    if date < old.entry_date {
        return refuse(format!("the exit on {date} precedes the entry on {}", old.entry_date));
    }
    let part = quantity.unwrap_or(old.quantity.abs());
    if part <= 0.0 || part > old.quantity.abs() {
        return refuse(format!("cannot close {part} of {} units", old.quantity.abs()));
    }
    if part == old.quantity.abs() {
        update(c, &Row { exit_price: Some(price), exit_date: Some(date), ..old }).await?;
        return Ok(id);
    }
    let closed = NewPosition {
        portfolio_id: old.portfolio_id,
        instrument_id: old.instrument_id,
        quantity: part.copysign(old.quantity),
        entry_price: old.entry_price,
        entry_date: old.entry_date,
        exit: Some((price, date)),
    };
    let lot = next_lot(c, &closed).await?;
    let closed_id = insert(c, closed, lot, old.adjusted_through).await?;
    update(c, &Row { quantity: old.quantity - part.copysign(old.quantity), ..old }).await?;
    copy_tags(c, id, closed_id).await?;
    Ok(closed_id)
}

async fn copy_tags(c: &mut Conn<'_>, from: i64, to: i64) -> Result<()> {
    use position_tags::dsl as pt;
    let tags: Vec<i64> = load!(c, pt::position_tags.filter(pt::position_id.eq(from)).select(pt::tag_id))?;
    for tag in tags {
        execute!(
            c,
            diesel::insert_into(pt::position_tags).values((pt::position_id.eq(to), pt::tag_id.eq(tag)))
        )?;
    }
    Ok(())
}
