//! People who own portfolios.

use async_recursion::async_recursion as boxed;
use diesel::{ExpressionMethods, QueryDsl};

use crate::{Store, connection::Conn, error::Result, ids, schema::users::dsl as t};

/// An owner of portfolios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub email: String,
    pub name: String,
}

impl Store {
    /// Makes sure that a user with this e-mail address exists and has this name; returns the id.
    #[boxed]
    pub async fn upsert_user(&mut self, email: &str, name: &str) -> Result<i64> {
        let (email, name) = (email.to_owned(), name.to_owned());
        self.db.write(async move |c: &mut Conn<'_>| upsert(c, &email, &name).await).await
    }

    /// All users by id.
    #[boxed]
    pub async fn users(&mut self) -> Result<Vec<User>> {
        let rows: Vec<(i64, String, String)> =
            self.db.read(async |c: &mut Conn<'_>| load!(c, t::users.order(t::id))).await?;
        Ok(rows.into_iter().map(|(id, email, name)| User { id, email, name }).collect())
    }
}

async fn upsert(c: &mut Conn<'_>, email: &str, name: &str) -> Result<i64> {
    let found: Vec<(i64, String)> = load!(c, t::users.filter(t::email.eq(email)).select((t::id, t::name)))?;
    if let Some((id, stored_name)) = found.into_iter().next() {
        if stored_name != name {
            execute!(c, diesel::update(t::users.filter(t::id.eq(id))).set(t::name.eq(name)))?;
        }
        return Ok(id);
    }
    let id = ids::allocate(c, "users", 1).await?;
    execute!(c, diesel::insert_into(t::users).values((t::id.eq(id), t::email.eq(email), t::name.eq(name))))?;
    Ok(id)
}
