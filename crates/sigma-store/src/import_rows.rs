//! Rows of an import, table by table, inside its transaction.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::PriceBar;

use crate::{
    ImportedLot, LotClose, NewCashEntry, NewInstrument, NewPortfolio, Saved, cash as ledger,
    connection::Conn,
    error::{Result, StoreError},
    ids, instruments as master, portfolios as books, prices,
    save::{describe, merge},
    schema::{cash_ledger, instruments as i, portfolios, position_tags as pt, positions as p, users},
    tags,
    value::check_finite,
};

/// A lot as it is stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = p)]
struct Lot {
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

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = pt)]
struct Tagged {
    position_id: i64,
    tag_id: i64,
}

pub(crate) async fn owner(c: &mut Conn<'_>, portfolio_id: i64) -> Result<i64> {
    let found: Vec<i64> =
        load!(c, portfolios::table.filter(portfolios::id.eq(portfolio_id)).select(portfolios::user_id))?;
    let owner = found.first().copied();
    owner.ok_or_else(|| StoreError::missing(format!("portfolio with id {portfolio_id}")))
}

/// A user who is not known yet is called by the address.
pub(crate) async fn owner_by_email(c: &mut Conn<'_>, email: &str) -> Result<i64> {
    let found: Vec<i64> = load!(c, users::table.filter(users::email.eq(email)).select(users::id))?;
    if let Some(id) = found.first() {
        return Ok(*id);
    }
    let id = ids::allocate(c, "users", 1).await?;
    let values = (users::id.eq(id), users::email.eq(email), users::name.eq(email));
    execute!(c, diesel::insert_into(users::table).values(values))?;
    Ok(id)
}

pub(crate) async fn new_portfolio(c: &mut Conn<'_>, new: NewPortfolio) -> Result<i64> {
    let taken: Vec<i64> =
        load!(c, portfolios::table.filter(portfolios::slug.eq(&new.slug)).select(portfolios::id))?;
    match taken.is_empty() {
        true => Ok(books::upsert(c, new).await?.id),
        false => Err(StoreError::Conflict { what: format!("there is a portfolio {:?} already", new.slug) }),
    }
}

/// Returns the number of rows that went, results apart.
pub(crate) async fn remove_portfolio(c: &mut Conn<'_>, id: i64) -> Result<u64> {
    let lots: usize = execute!(c, diesel::delete(p::table.filter(p::portfolio_id.eq(id))))?;
    let entries: usize =
        execute!(c, diesel::delete(cash_ledger::table.filter(cash_ledger::portfolio_id.eq(id))))?;
    let books: usize = execute!(c, diesel::delete(portfolios::table.filter(portfolios::id.eq(id))))?;
    Ok((lots + entries + books) as u64)
}

/// Stores the instruments and returns the ids of all symbols that the import names.
pub(crate) async fn instruments(
    c: &mut Conn<'_>,
    new: Vec<NewInstrument>,
    lots: &[ImportedLot],
    values: &[(String, PriceBar)],
) -> Result<(HashMap<String, i64>, Saved)> {
    let stored = master::upsert(c, new).await?;
    let saved = Saved { stored: stored.ids.len() as u64, changed: stored.inserted + stored.updated };
    let mut ids = stored.ids;
    let named = lots.iter().map(|lot| &lot.symbol).chain(values.iter().map(|(symbol, _)| symbol));
    let missing: BTreeSet<&String> = named.filter(|symbol| !ids.contains_key(*symbol)).collect();
    let missing: Vec<&String> = missing.into_iter().collect();
    for chunk in missing.chunks(10_000) {
        let found: Vec<(String, i64)> =
            load!(c, i::table.filter(i::symbol.eq_any(chunk.iter().copied())).select((i::symbol, i::id)))?;
        ids.extend(found);
    }
    Ok((ids, saved))
}

fn id_of(ids: &HashMap<String, i64>, symbol: &str) -> Result<i64> {
    ids.get(symbol).copied().ok_or_else(|| StoreError::missing(format!("instrument {symbol}")))
}

pub(crate) async fn values(
    c: &mut Conn<'_>,
    values: Vec<(String, PriceBar)>,
    ids: &HashMap<String, i64>,
) -> Result<Saved> {
    let mut bars: HashMap<i64, Vec<PriceBar>> = HashMap::new();
    for (symbol, bar) in values {
        bars.entry(id_of(ids, &symbol)?).or_default().push(bar);
    }
    merge(c, prices::records(&bars)).await?.verify(c).await
}

/// Next free lot numbers by instrument and entry date.
async fn numbers(c: &mut Conn<'_>, portfolio_id: i64) -> Result<HashMap<(i64, NaiveDate), i32>> {
    let stored: Vec<(i64, NaiveDate, i32)> = load!(
        c,
        p::table.filter(p::portfolio_id.eq(portfolio_id)).select((p::instrument_id, p::entry_date, p::lot))
    )?;
    let mut numbers: HashMap<(i64, NaiveDate), i32> = HashMap::new();
    for (instrument, date, lot) in stored {
        let last = numbers.entry((instrument, date)).or_default();
        *last = lot.max(*last);
    }
    Ok(numbers)
}

pub(crate) async fn lots(
    c: &mut Conn<'_>,
    portfolio_id: i64,
    user_id: i64,
    new: Vec<ImportedLot>,
    ids: &HashMap<String, i64>,
) -> Result<Saved> {
    let mut numbers = numbers(c, portfolio_id).await?;
    let first = ids::allocate(c, "positions", new.len()).await?;
    let mut tag_ids: HashMap<String, i64> = HashMap::new();
    let (mut rows, mut tagged) = (Vec::with_capacity(new.len()), Vec::new());
    for (lot, id) in new.into_iter().zip(first..) {
        let instrument_id = id_of(ids, &lot.symbol)?;
        let number = numbers.entry((instrument_id, lot.entry_date)).or_default();
        *number += 1;
        for name in lot.tags {
            let tag_id = match tag_ids.get(&name) {
                Some(tag_id) => *tag_id,
                None => {
                    let tag_id = tags::add(c, user_id, &name).await?.id;
                    tag_ids.insert(name, tag_id);
                    tag_id
                }
            };
            tagged.push(Tagged { position_id: id, tag_id });
        }
        let row = Lot {
            id,
            portfolio_id,
            instrument_id,
            quantity: lot.quantity,
            entry_price: lot.entry_price,
            entry_date: lot.entry_date,
            lot: *number,
            exit_price: lot.exit.map(|(price, _)| price),
            exit_date: lot.exit.map(|(_, date)| date),
            adjusted_through: lot.adjusted_through,
        };
        check(&row, &lot.symbol)?;
        rows.push(row);
    }
    let written = (insert_rows!(c, p::table, 10, rows) + insert_rows!(c, pt::table, 2, tagged)) as u64;
    Ok(Saved { stored: written, changed: written })
}

fn check(row: &Lot, symbol: &str) -> Result<()> {
    let named = || describe("positions", &(row.portfolio_id, symbol, row.entry_date));
    let numbers = [
        ("quantity", Some(row.quantity)),
        ("entry_price", Some(row.entry_price)),
        ("exit_price", row.exit_price),
    ];
    check_finite(named, &numbers)?;
    match row.exit_date {
        _ if row.quantity == 0.0 => Err(StoreError::invalid(named(), "the quantity is 0")),
        Some(date) if date < row.entry_date => {
            Err(StoreError::invalid(named(), format!("the exit on {date} precedes the entry")))
        }
        _ => Ok(()),
    }
}

/// Closes lots; a part becomes a lot of its own with the same entry and tags.
pub(crate) async fn closes(c: &mut Conn<'_>, portfolio_id: i64, closes: &[LotClose]) -> Result<Saved> {
    if closes.is_empty() {
        return Ok(Saved::default());
    }
    let mut numbers = numbers(c, portfolio_id).await?;
    let mut saved = Saved::default();
    for close in closes {
        let found: Vec<Lot> =
            load!(c, p::table.filter(p::id.eq(close.position_id)).select(Lot::as_select()))?;
        let open = found.into_iter().find(|lot| lot.portfolio_id == portfolio_id && lot.exit_date.is_none());
        let Some(lot) = open else {
            return Err(StoreError::missing(format!("open position with id {}", close.position_id)));
        };
        let exit = (Some(close.price), Some(close.date));
        let closed = Lot { quantity: close.quantity, exit_price: exit.0, exit_date: exit.1, ..lot.clone() };
        check(&closed, "")?;
        saved += Saved { stored: 1, changed: 1 };
        if close.remaining == 0.0 {
            update(c, &closed).await?;
            continue;
        }
        let number = numbers.entry((lot.instrument_id, lot.entry_date)).or_default();
        *number += 1;
        let id = ids::allocate(c, "positions", 1).await?;
        execute!(c, diesel::insert_into(p::table).values(&Lot { id, lot: *number, ..closed }))?;
        copy_tags(c, lot.id, id).await?;
        update(c, &Lot { quantity: close.remaining, ..lot }).await?;
        saved += Saved { stored: 1, changed: 1 };
    }
    Ok(saved)
}

/// Stored lots whose units turn out to count splits already, and through which day.
pub(crate) async fn adjusted(
    c: &mut Conn<'_>,
    portfolio_id: i64,
    adjusted: &[(i64, NaiveDate)],
) -> Result<Saved> {
    let mut saved = Saved::default();
    for (id, through) in adjusted {
        let own = p::table.filter(p::id.eq(id)).filter(p::portfolio_id.eq(portfolio_id));
        let touched: usize = execute!(c, diesel::update(own).set(p::adjusted_through.eq(through)))?;
        if touched == 0 {
            return Err(StoreError::missing(format!("position with id {id}")));
        }
        saved += Saved { stored: 1, changed: 1 };
    }
    Ok(saved)
}

async fn update(c: &mut Conn<'_>, lot: &Lot) -> Result<()> {
    execute!(
        c,
        diesel::update(p::table.filter(p::id.eq(lot.id))).set((
            p::quantity.eq(lot.quantity),
            p::exit_price.eq(lot.exit_price),
            p::exit_date.eq(lot.exit_date),
        ))
    )?;
    Ok(())
}

async fn copy_tags(c: &mut Conn<'_>, from: i64, to: i64) -> Result<()> {
    let tags: Vec<i64> = load!(c, pt::table.filter(pt::position_id.eq(from)).select(pt::tag_id))?;
    let tagged: Vec<Tagged> = tags.into_iter().map(|tag_id| Tagged { position_id: to, tag_id }).collect();
    insert_rows!(c, pt::table, 2, tagged);
    Ok(())
}

pub(crate) async fn cash(
    c: &mut Conn<'_>,
    portfolio_id: i64,
    new: Vec<NewCashEntry>,
    replaced: &[i64],
) -> Result<Saved> {
    let gone: usize = execute!(
        c,
        diesel::delete(
            cash_ledger::table
                .filter(cash_ledger::portfolio_id.eq(portfolio_id))
                .filter(cash_ledger::id.eq_any(replaced))
        )
    )?;
    let mut saved = Saved { stored: 0, changed: gone as u64 };
    for entry in new {
        let entry = NewCashEntry { portfolio_id, ..entry };
        ledger::check(&entry)?;
        ledger::insert(c, entry).await?;
        saved += Saved { stored: 1, changed: 1 };
    }
    Ok(saved)
}
