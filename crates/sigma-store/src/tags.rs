//! Labels on positions, owned by users.

use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

use diesel::{ExpressionMethods, QueryDsl};
use sigma_core::model::Tag;

use crate::{
    Ensured, Store,
    connection::Conn,
    error::{Result, StoreError},
    ids,
    schema::{position_tags::dsl as pt, positions, tags::dsl as t},
};

impl Store {
    /// Tags of a user by name.
    #[boxed]
    pub async fn tags(&mut self, user_id: i64) -> Result<Vec<Tag>> {
        let mut rows: Vec<(i64, i64, String)> = self
            .db
            .read(async move |c: &mut Conn<'_>| load!(c, t::tags.filter(t::user_id.eq(user_id))))
            .await?;
        rows.sort_by(|a, b| a.2.cmp(&b.2));
        Ok(rows.into_iter().map(|(id, user_id, name)| Tag { id, user_id, name }).collect())
    }

    /// Makes sure that the user has a tag of this name.
    #[boxed]
    pub async fn add_tag(&mut self, user_id: i64, name: &str) -> Result<Ensured> {
        let name = name.to_owned();
        self.db.write(async move |c: &mut Conn<'_>| add(c, user_id, &name).await).await
    }

    /// Removes a tag from its user and from all positions.
    #[boxed]
    pub async fn remove_tag(&mut self, user_id: i64, name: &str) -> Result<()> {
        let (wanted, shown) = (name.to_owned(), name.to_owned());
        let removed = self.db.write(async move |c: &mut Conn<'_>| {
            execute!(c, diesel::delete(t::tags.filter(t::user_id.eq(user_id)).filter(t::name.eq(&wanted))))
        });
        match removed.await? {
            0 => Err(StoreError::missing(format!("tag {shown:?}"))),
            _ => Ok(()),
        }
    }

    /// Puts a tag on a position; returns whether it was not there before.
    #[boxed]
    pub async fn tag_position(&mut self, position_id: i64, tag_id: i64) -> Result<bool> {
        self.db.write(async move |c: &mut Conn<'_>| attach(c, position_id, tag_id).await).await
    }

    /// Takes a tag off a position; returns whether it was there.
    #[boxed]
    pub async fn untag_position(&mut self, position_id: i64, tag_id: i64) -> Result<bool> {
        let removed = self.db.write(async move |c: &mut Conn<'_>| {
            execute!(
                c,
                diesel::delete(
                    pt::position_tags.filter(pt::position_id.eq(position_id)).filter(pt::tag_id.eq(tag_id))
                )
            )
        });
        Ok(removed.await? > 0)
    }

    /// Names of the tags on each tagged position of these portfolios, by name.
    #[boxed]
    pub async fn position_tags(&mut self, portfolio_ids: &[i64]) -> Result<HashMap<i64, Vec<String>>> {
        let ids = portfolio_ids.to_vec();
        let pairs: Vec<(i64, String)> = self
            .db
            .read(async move |c: &mut Conn<'_>| {
                let mut pairs = Vec::new();
                for chunk in ids.chunks(10_000) {
                    let query = load!(
                        c,
                        pt::position_tags
                            .inner_join(t::tags)
                            .inner_join(positions::table)
                            .filter(positions::portfolio_id.eq_any(chunk))
                            .select((pt::position_id, t::name))
                    );
                    pairs.extend(query?);
                }
                Ok(pairs)
            })
            .await?;
        let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
        for (position, name) in pairs {
            tags.entry(position).or_default().push(name);
        }
        tags.values_mut().for_each(|names| names.sort());
        Ok(tags)
    }
}

pub(crate) async fn attach(c: &mut Conn<'_>, position_id: i64, tag_id: i64) -> Result<bool> {
    let added: usize = execute!(
        c,
        diesel::insert_into(pt::position_tags)
            .values((pt::position_id.eq(position_id), pt::tag_id.eq(tag_id)))
            .on_conflict_do_nothing()
    )?;
    Ok(added > 0)
}

pub(crate) async fn add(c: &mut Conn<'_>, user_id: i64, name: &str) -> Result<Ensured> {
    let found: Vec<i64> =
        load!(c, t::tags.filter(t::user_id.eq(user_id)).filter(t::name.eq(name)).select(t::id))?;
    if let Some(&id) = found.first() {
        return Ok(Ensured { id, changed: false });
    }
    let id = ids::allocate(c, "tags", 1).await?;
    execute!(
        c,
        diesel::insert_into(t::tags).values((t::id.eq(id), t::user_id.eq(user_id), t::name.eq(name)))
    )?;
    Ok(Ensured { id, changed: true })
}
