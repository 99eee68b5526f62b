//! Portfolios by slug.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::Portfolio;

use crate::{
    Ensured, Store,
    connection::Conn,
    error::{Result, StoreError},
    ids,
    schema::portfolios::dsl as t,
};

/// A portfolio as it is asked for, before it has an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPortfolio {
    pub user_id: i64,
    pub slug: String,
    pub name: String,
    pub currency: String,
    pub opened_on: NaiveDate,
    pub is_demo: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::portfolios)]
struct Row {
    id: i64,
    user_id: i64,
    slug: String,
    name: String,
    currency: String,
    opened_on: NaiveDate,
    is_demo: bool,
}

impl From<Row> for Portfolio {
    fn from(row: Row) -> Portfolio {
        let Row { id, user_id, slug, name, currency, opened_on, is_demo } = row;
        Portfolio { id, user_id, slug, name, currency, opened_on, is_demo }
    }
}

impl Store {
    /// Portfolios with these slugs, in this order; all of them by id when no slug is given.
    #[boxed]
    pub async fn portfolios(&mut self, slugs: &[String]) -> Result<Vec<Portfolio>> {
        let rows: Vec<Row> = self
            .db
            .read(async |c: &mut Conn<'_>| load!(c, t::portfolios.select(Row::as_select()).order(t::id)))
            .await?;
        if slugs.is_empty() {
            return Ok(rows.into_iter().map(Portfolio::from).collect());
        }
        let find = |slug: &String| {
            rows.iter().find(|row| row.slug == *slug).cloned().map(Portfolio::from).ok_or_else(|| {
                let known: Vec<&str> = rows.iter().map(|row| row.slug.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                StoreError::missing(format!("portfolio {slug:?}; stored portfolios: {known}"))
            })
        };
        slugs.iter().map(find).collect()
    }

    /// Makes sure that a portfolio with this slug stands there as asked.
    #[boxed]
    pub async fn upsert_portfolio(&mut self, new: NewPortfolio) -> Result<Ensured> {
        self.db.write(async move |c: &mut Conn<'_>| upsert(c, new).await).await
    }

    /// Gives a portfolio another slug and name.
    #[boxed]
    pub async fn rename_portfolio(&mut self, id: i64, slug: &str, name: &str) -> Result<()> {
        let (slug, name) = (slug.to_owned(), name.to_owned());
        let renamed = self.db.write(async move |c: &mut Conn<'_>| {
            execute!(
                c,
                diesel::update(t::portfolios.filter(t::id.eq(id)))
                    .set((t::slug.eq(&slug), t::name.eq(&name)))
            )
        });
        match renamed.await? {
            0 => Err(StoreError::missing(format!("portfolio with id {id}"))),
            _ => Ok(()),
        }
    }

    /// Removes a portfolio with its positions, cash and results.
    #[boxed]
    pub async fn remove_portfolio(&mut self, id: i64) -> Result<()> {
        let removed = self
            .db
            .write(async move |c: &mut Conn<'_>| {
                execute!(c, diesel::delete(t::portfolios.filter(t::id.eq(id))))
            })
            .await?;
        match removed {
            0 => Err(StoreError::missing(format!("portfolio with id {id}"))),
            _ => Ok(()),
        }
    }
}

pub(crate) async fn upsert(c: &mut Conn<'_>, new: NewPortfolio) -> Result<Ensured> {
    let found: Vec<Row> = load!(c, t::portfolios.filter(t::slug.eq(&new.slug)).select(Row::as_select()))?;
    let NewPortfolio { user_id, slug, name, currency, opened_on, is_demo } = new;
    let mut row = Row { id: 0, user_id, slug, name, currency, opened_on, is_demo };
    let Some(old) = found.into_iter().next() else {
        row.id = ids::allocate(c, "portfolios", 1).await?;
        execute!(c, diesel::insert_into(t::portfolios).values(&row))?;
        return Ok(Ensured { id: row.id, changed: true });
    };
    row.id = old.id;
    if row == old {
        return Ok(Ensured { id: old.id, changed: false });
    }
    execute!(
        c,
        diesel::update(t::portfolios.filter(t::id.eq(row.id))).set((
            t::user_id.eq(row.user_id),
            t::name.eq(&row.name),
            t::currency.eq(&row.currency),
            t::opened_on.eq(row.opened_on),
            t::is_demo.eq(row.is_demo),
        ))
    )?;
    Ok(Ensured { id: row.id, changed: true })
}
