//! Tags of many positions, changed in one transaction.

use async_recursion::async_recursion as boxed;
use std::collections::{BTreeMap, BTreeSet};

use diesel::{ExpressionMethods, QueryDsl};

use crate::{
    Saved, Store,
    connection::Conn,
    error::Result,
    ids,
    schema::{position_tags::dsl as pt, tags::dsl as t},
};

impl Store {
    /// Makes the tags of each of these positions exactly those named; names that the user lacks are added. All or
    /// nothing.
    #[boxed]
    pub async fn set_position_tags(
        &mut self,
        user_id: i64,
        positions: &[(i64, Vec<String>)],
    ) -> Result<Saved> {
        let positions = positions.to_vec();
        self.db.write(async move |c: &mut Conn<'_>| set_all(c, user_id, &positions).await).await
    }
}

async fn set_all(c: &mut Conn<'_>, user_id: i64, positions: &[(i64, Vec<String>)]) -> Result<Saved> {
    let stored: Vec<(i64, String)> =
        load!(c, t::tags.filter(t::user_id.eq(user_id)).select((t::id, t::name)))?;
    let mut tags: BTreeMap<String, i64> = stored.into_iter().map(|(id, name)| (name, id)).collect();
    let mut saved = Saved::default();
    for name in positions.iter().flat_map(|(_, names)| names) {
        if !tags.contains_key(name) {
            let id = ids::allocate(c, "tags", 1).await?;
            execute!(
                c,
                diesel::insert_into(t::tags).values((t::id.eq(id), t::user_id.eq(user_id), t::name.eq(name)))
            )?;
            tags.insert(name.clone(), id);
            saved += Saved { stored: 1, changed: 1 };
        }
    }
    for (position_id, names) in positions {
        let wanted: BTreeSet<i64> = names.iter().filter_map(|name| tags.get(name).copied()).collect();
        saved += set_one(c, *position_id, &wanted).await?;
    }
    Ok(saved)
}

async fn set_one(c: &mut Conn<'_>, position_id: i64, wanted: &BTreeSet<i64>) -> Result<Saved> {
    let held: Vec<i64> =
        load!(c, pt::position_tags.filter(pt::position_id.eq(position_id)).select(pt::tag_id))?;
    let held: BTreeSet<i64> = held.into_iter().collect();
    let mut saved = Saved { stored: wanted.len() as u64, changed: 0 };
    for &tag_id in held.difference(wanted) {
        execute!(
            c,
            diesel::delete(
                pt::position_tags.filter(pt::position_id.eq(position_id)).filter(pt::tag_id.eq(tag_id))
            )
        )?;
        saved.changed += 1;
    }
    for &tag_id in wanted.difference(&held) {
        execute!(
            c,
            diesel::insert_into(pt::position_tags)
                .values((pt::position_id.eq(position_id), pt::tag_id.eq(tag_id)))
        )?;
        saved.changed += 1;
    }
    Ok(saved)
}
