//! Stress scenarios.

use async_recursion::async_recursion as boxed;
use diesel::{Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use serde_json::Value;
use sigma_core::model::Scenario;

use crate::{
    Store,
    connection::Conn,
    error::Result,
    save::{Saved, describe},
    schema::scenarios::dsl as t,
    value::{from_json, to_json},
};

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::scenarios, treat_none_as_default_value = false)]
struct Row {
    id: String,
    name: String,
    category: String,
    severity: String,
    note: Option<String>,
    active: bool,
    shocks: Value,
    display_order: i32,
}

impl Row {
    fn new(scenario: &Scenario, display_order: i32) -> Result<Row> {
        Ok(Row {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            category: scenario.category.clone(),
            severity: scenario.severity.clone(),
            note: scenario.note.clone(),
            active: scenario.active,
            shocks: to_json(|| describe("scenarios", &scenario.id), "shocks", &scenario.shocks)?,
            display_order,
        })
    }

    fn into_scenario(self) -> Result<Scenario> {
        let shocks = from_json(|| describe("scenarios", &self.id), "shocks", self.shocks)?;
        let Row { id, name, category, severity, note, active, .. } = self;
        Ok(Scenario { id, name, category, severity, note, active, shocks })
    }
}

impl Store {
    /// Makes the set of scenarios exactly these, in this order.
    #[boxed]
    pub async fn save_scenarios(&mut self, scenarios: &[Scenario]) -> Result<Saved> {
        let rows = scenarios.iter().zip(1..).map(|(scenario, order)| Row::new(scenario, order));
        let rows = rows.collect::<Result<Vec<Row>>>()?;
        self.db.write(async move |c: &mut Conn<'_>| replace(c, &rows).await).await
    }

    /// The scenarios that engines run, in order.
    #[boxed]
    pub async fn active_scenarios(&mut self) -> Result<Vec<Scenario>> {
        let mut scenarios = self.scenarios().await?;
        scenarios.retain(|scenario| scenario.active);
        Ok(scenarios)
    }

    /// Every scenario, inactive ones too, in order.
    #[boxed]
    pub async fn scenarios(&mut self) -> Result<Vec<Scenario>> {
        let rows = self.db.read(async |c: &mut Conn<'_>| rows(c).await).await?;
        rows.into_iter().map(Row::into_scenario).collect()
    }
}

async fn rows(c: &mut Conn<'_>) -> Result<Vec<Row>> {
    load!(c, t::scenarios.order(t::display_order).select(Row::as_select()))
}

async fn replace(c: &mut Conn<'_>, rows: &[Row]) -> Result<Saved> {
    let stored = self::rows(c).await?;
    let gone = stored.iter().filter(|old| rows.iter().all(|row| row.id != old.id)).count();
    let differing = rows.iter().filter(|row| !stored.contains(row)).count();
    if gone + differing > 0 {
        execute!(c, diesel::delete(t::scenarios))?;
        insert_rows!(c, t::scenarios, 8, rows);
    }
    Ok(Saved { stored: rows.len() as u64, changed: (gone + differing) as u64 })
}
