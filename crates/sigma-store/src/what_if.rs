//! What-if sessions: trades kept under a name, and books stored as portfolios of their own.

use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::{Book, Trade, TradeAction};

use crate::{
    NewCashEntry, NewPortfolio, NewPosition, Store, cash,
    connection::Conn,
    error::{Result, StoreError},
    portfolios, positions,
    save::describe,
    schema::{portfolios::dsl as p, what_if_sessions::dsl as s, what_if_trades::dsl as t},
    tags,
    value::{check_finite, code, count, size},
};

/// Trades kept under a name, thought of at one close of one portfolio.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIfSession {
    pub name: String,
    /// Slug.
    pub portfolio: String,
    pub as_of: NaiveDate,
    /// Whether parts of shares were allowed.
    pub fractional: bool,
    /// RFC 3339 in UTC.
    pub created_at: String,
    /// In their order.
    pub trades: Vec<WhatIfTrade>,
}

/// A trade as it was asked for and filled.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIfTrade {
    pub trade: Trade,
    /// Positive units; the action says the direction.
    pub filled_quantity: f64,
    /// Dollars per unit.
    pub filled_price: f64,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::what_if_sessions)]
struct SessionRow {
    name: String,
    portfolio_id: i64,
    as_of: NaiveDate,
    fractional: bool,
    created_at: String,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::what_if_trades, treat_none_as_default_value = false)]
struct TradeRow {
    session: String,
    line: i64,
    symbol: String,
    action: String,
    quantity: Option<f64>,
    dollars: Option<f64>,
    price: Option<f64>,
    tag: Option<String>,
    filled_quantity: f64,
    filled_price: f64,
}

const TRADE_COLUMNS: usize = 10;

impl TradeRow {
    fn new(session: &str, line: usize, filled: WhatIfTrade) -> Result<TradeRow> {
        let WhatIfTrade { trade, filled_quantity, filled_price } = filled;
        let row = || describe("what_if_trades", &(session, line));
        check_finite(
            row,
            &[
                ("quantity", trade.quantity),
                ("dollars", trade.dollars),
                ("price", trade.price),
                ("filled_quantity", Some(filled_quantity)),
                ("filled_price", Some(filled_price)),
            ],
        )?;
        Ok(TradeRow {
            session: session.to_owned(),
            line: count(row, "line", line)?,
            symbol: trade.symbol,
            action: trade.action.as_str().to_owned(),
            quantity: trade.quantity,
            dollars: trade.dollars,
            price: trade.price,
            tag: trade.tag,
            filled_quantity,
            filled_price,
        })
    }

    fn into_trade(self) -> Result<WhatIfTrade> {
        let row = || describe("what_if_trades", &(&self.session, self.line));
        let trade = Trade {
            row: size(row, "line", self.line)?,
            action: code(row, &self.action, TradeAction::parse(&self.action))?,
            symbol: self.symbol,
            quantity: self.quantity,
            dollars: self.dollars,
            price: self.price,
            tag: self.tag,
        };
        Ok(WhatIfTrade { trade, filled_quantity: self.filled_quantity, filled_price: self.filled_price })
    }
}

impl Store {
    /// All sessions by name.
    #[boxed]
    pub async fn what_if_sessions(&mut self) -> Result<Vec<WhatIfSession>> {
        let (sessions, trades, slugs) = self
            .db
            .read(async |c: &mut Conn<'_>| {
                let sessions: Vec<SessionRow> =
                    load!(c, s::what_if_sessions.select(SessionRow::as_select()).order(s::name))?;
                let trades: Vec<TradeRow> =
                    load!(c, t::what_if_trades.select(TradeRow::as_select()).order((t::session, t::line)))?;
                let slugs: Vec<(i64, String)> = load!(c, p::portfolios.select((p::id, p::slug)))?;
                Ok::<_, StoreError>((sessions, trades, slugs))
            })
            .await?;
        let mut trades_of: HashMap<String, Vec<WhatIfTrade>> = HashMap::new();
        for row in trades {
            trades_of.entry(row.session.clone()).or_default().push(row.into_trade()?);
        }
        let slugs: HashMap<i64, String> = slugs.into_iter().collect();
        let session = |row: SessionRow| {
            let portfolio = slugs.get(&row.portfolio_id).cloned();
            Ok(WhatIfSession {
                portfolio: portfolio
                    .ok_or_else(|| StoreError::missing(format!("portfolio of session {:?}", row.name)))?,
                trades: trades_of.remove(&row.name).unwrap_or_default(),
                name: row.name,
                as_of: row.as_of,
                fractional: row.fractional,
                created_at: row.created_at,
            })
        };
        sessions.into_iter().map(session).collect()
    }

    /// The session of this name; an unknown name is an error that names the known ones.
    #[boxed]
    pub async fn what_if_session(&mut self, name: &str) -> Result<WhatIfSession> {
        let sessions = self.what_if_sessions().await?;
        let known: Vec<String> = sessions.iter().map(|session| session.name.clone()).collect();
        sessions.into_iter().find(|session| session.name == name).ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            StoreError::missing(format!("what-if session {name:?}; kept sessions: {known}"))
        })
    }

    /// Keeps a session. A name that is taken is a conflict.
    #[boxed]
    pub async fn add_what_if_session(&mut self, session: WhatIfSession) -> Result<()> {
        let portfolio_id = self.portfolios(std::slice::from_ref(&session.portfolio)).await?[0].id;
        let WhatIfSession { name, as_of, fractional, created_at, trades, .. } = session;
        let filled = trades.into_iter().map(|filled| TradeRow::new(&name, filled.trade.row, filled));
        let rows: Vec<TradeRow> = filled.collect::<Result<_>>()?;
        let session = SessionRow { name, portfolio_id, as_of, fractional, created_at };
        self.db
            .write(async move |c: &mut Conn<'_>| {
                let taken: i64 =
                    get_result!(c, s::what_if_sessions.filter(s::name.eq(&session.name)).count())?;
                if taken > 0 {
                    return Err(StoreError::Conflict { what: format!("what-if session {:?}", session.name) });
                }
                execute!(c, diesel::insert_into(s::what_if_sessions).values(&session))?;
                insert_rows!(c, t::what_if_trades, TRADE_COLUMNS, rows);
                Ok(())
            })
            .await
    }

    /// Forgets a session.
    #[boxed]
    pub async fn remove_what_if_session(&mut self, name: &str) -> Result<()> {
        let wanted = name.to_owned();
        let removed = self.db.write(async move |c: &mut Conn<'_>| {
            execute!(c, diesel::delete(t::what_if_trades.filter(t::session.eq(&wanted))))?;
            execute!(c, diesel::delete(s::what_if_sessions.filter(s::name.eq(&wanted))))
        });
        match removed.await? {
            0 => Err(StoreError::missing(format!("what-if session {name:?}"))),
            _ => Ok(()),
        }
    }

    /// Stores a book as a new portfolio of the same user, all of it or nothing, and returns its id. A slug that is taken
    /// is a conflict; ids in the book are not used.
    #[boxed]
    pub async fn add_book(&mut self, book: &Book, slug: &str, name: &str) -> Result<i64> {
        let new = NewPortfolio {
            user_id: book.portfolio.user_id,
            slug: slug.to_owned(),
            name: name.to_owned(),
            currency: book.portfolio.currency.clone(),
            opened_on: book.portfolio.opened_on,
            is_demo: false,
        };
        let book = book.clone();
        self.db.write(async move |c: &mut Conn<'_>| insert_book(c, new, book).await).await
    }
}

async fn insert_book(c: &mut Conn<'_>, new: NewPortfolio, book: Book) -> Result<i64> {
    let taken: i64 = get_result!(c, p::portfolios.filter(p::slug.eq(&new.slug)).count())?;
    if taken > 0 {
        return Err(StoreError::Conflict { what: format!("portfolio {:?}", new.slug) });
    }
    let user_id = new.user_id;
    let portfolio_id = portfolios::upsert(c, new).await?.id;
    for entry in book.cash {
        let new = NewCashEntry {
            portfolio_id,
            date: entry.date,
            kind: entry.kind,
            amount: entry.amount,
            note: entry.note,
        };
        cash::check(&new)?;
        cash::insert(c, new).await?;
    }
    for lot in book.lots {
        let held = lot.position;
        let new = NewPosition {
            portfolio_id,
            instrument_id: held.instrument_id,
            quantity: held.quantity,
            entry_price: held.entry_price,
            entry_date: held.entry_date,
            exit: held.exit_price.zip(held.exit_date),
        };
        positions::check(&new)?;
        let number = positions::next_lot(c, &new).await?;
        let id = positions::insert(c, new, number, held.adjusted_through).await?;
        for tag in &lot.tags {
            let tag_id = tags::add(c, user_id, tag).await?.id;
            tags::attach(c, id, tag_id).await?;
        }
    }
    Ok(portfolio_id)
}
