//! Definitions of the factors.

use async_recursion::async_recursion as boxed;
use diesel::{Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::{FactorDefinition, FactorKind};

use crate::{
    Store,
    connection::Conn,
    error::Result,
    save::{Saved, describe},
    schema::factors::dsl as t,
    value::code,
};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::factors)]
struct Row {
    name: String,
    kind: String,
    proxy: String,
    description: String,
    display_order: i32,
}

impl Store {
    /// Makes the set of factors exactly these, in this order.
    #[boxed]
    pub async fn save_factors(&mut self, factors: &[FactorDefinition]) -> Result<Saved> {
        let row = |(factor, order): (&FactorDefinition, i32)| Row {
            name: factor.name.clone(),
            kind: factor.kind.as_str().to_owned(),
            proxy: factor.proxy.clone(),
            description: factor.description.clone(),
            display_order: order,
        };
        let rows: Vec<Row> = factors.iter().zip(1..).map(row).collect();
        self.db.write(async move |c: &mut Conn<'_>| replace(c, &rows).await).await
    }

    /// The factors in display order.
    #[boxed]
    pub async fn factors(&mut self) -> Result<Vec<FactorDefinition>> {
        let rows = self.db.read(async |c: &mut Conn<'_>| rows(c).await).await?;
        let factor = |row: Row| {
            let kind = code(|| describe("factors", &row.name), &row.kind, FactorKind::parse(&row.kind))?;
            Ok(FactorDefinition { name: row.name, kind, proxy: row.proxy, description: row.description })
        };
        rows.into_iter().map(factor).collect()
    }
}

async fn rows(c: &mut Conn<'_>) -> Result<Vec<Row>> {
    load!(c, t::factors.order(t::display_order).select(Row::as_select()))
}

async fn replace(c: &mut Conn<'_>, rows: &[Row]) -> Result<Saved> {
    let stored = self::rows(c).await?;
    let gone = stored.iter().filter(|old| rows.iter().all(|row| row.name != old.name)).count();
    let differing = rows.iter().filter(|row| !stored.contains(row)).count();
    if gone + differing > 0 {
        execute!(c, diesel::delete(t::factors))?;
        insert_rows!(c, t::factors, 5, rows);
    }
    Ok(Saved { stored: rows.len() as u64, changed: (gone + differing) as u64 })
}
