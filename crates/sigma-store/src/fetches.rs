//! What providers were asked, and how it ended.

use async_recursion::async_recursion as boxed;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper, upsert::excluded,
};
use sigma_core::model::Dataset;

use crate::{
    Store,
    connection::Conn,
    error::{Result, StoreError},
    save::{Saved, describe},
    schema::fetches::dsl as t,
    value::code,
};

/// The last question about a subject to a provider. Subject, dataset and source are its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Symbol of an instrument, or a series of yields.
    pub subject: String,
    pub dataset: Dataset,
    /// The provider.
    pub source: String,
    /// `None`: from the beginning.
    pub from: Option<NaiveDate>,
    pub to: NaiveDate,
    /// How it ended, as a code of the program that asked.
    pub outcome: String,
    /// The provider's words, or empty.
    pub detail: String,
    /// RFC 3339 in UTC.
    pub fetched_at: String,
}

type Key = (String, String, String);

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::fetches, treat_none_as_default_value = false)]
struct Row {
    subject: String,
    dataset: String,
    source: String,
    from_date: Option<NaiveDate>,
    to_date: NaiveDate,
    outcome: String,
    detail: String,
    fetched_at: String,
}

const COLUMNS: usize = 8;

impl Row {
    fn new(fetch: Fetch) -> Row {
        let Fetch { subject, dataset, source, from, to, outcome, detail, fetched_at } = fetch;
        let dataset = dataset.as_str().to_owned();
        Row { subject, dataset, source, from_date: from, to_date: to, outcome, detail, fetched_at }
    }

    fn key(&self) -> Key {
        (self.subject.clone(), self.dataset.clone(), self.source.clone())
    }

    /// The same question with the same end, whenever it was put.
    fn same_as(&self, other: &Row) -> bool {
        (self.from_date, self.to_date, &self.outcome, &self.detail)
            == (other.from_date, other.to_date, &other.outcome, &other.detail)
    }

    fn into_fetch(self) -> Result<Fetch> {
        let dataset =
            code(|| describe("fetches", &self.key()), &self.dataset, Dataset::parse(&self.dataset))?;
        let Row { subject, source, from_date, to_date, outcome, detail, fetched_at, .. } = self;
        Ok(Fetch { subject, dataset, source, from: from_date, to: to_date, outcome, detail, fetched_at })
    }
}

impl Store {
    /// Everything that was asked, by subject, dataset and source.
    #[boxed]
    pub async fn fetches(&mut self) -> Result<Vec<Fetch>> {
        let mut rows: Vec<Row> =
            self.db.read(async |c: &mut Conn<'_>| load!(c, t::fetches.select(Row::as_select()))).await?;
        rows.sort_by_cached_key(Row::key);
        rows.into_iter().map(Row::into_fetch).collect()
    }

    /// Remembers what was asked in place of earlier questions with the same keys. The same question asked again with
    /// the same end only gets its new time, and is not counted as changed.
    #[boxed]
    pub async fn save_fetches(&mut self, fetches: Vec<Fetch>) -> Result<Saved> {
        let written = self.db.write(async move |c: &mut Conn<'_>| write(c, fetches).await).await?;
        self.db.read(async move |c: &mut Conn<'_>| written.verify(c).await).await
    }
}

async fn stored(c: &mut Conn<'_>, subjects: &BTreeSet<String>) -> Result<BTreeMap<Key, Row>> {
    let subjects: Vec<&String> = subjects.iter().collect();
    let mut rows = BTreeMap::new();
    for chunk in subjects.chunks(10_000) {
        let found: Vec<Row> =
            load!(c, t::fetches.filter(t::subject.eq_any(chunk.iter().copied())).select(Row::as_select()))?;
        rows.extend(found.into_iter().map(|row| (row.key(), row)));
    }
    Ok(rows)
}

/// A save in progress: what it did, and the keys that must be there after the commit.
pub(crate) struct Written {
    saved: Saved,
    keys: BTreeSet<Key>,
}

/// Saves inside a transaction. Call [`Written::verify`] after the commit.
pub(crate) async fn write(c: &mut Conn<'_>, fetches: Vec<Fetch>) -> Result<Written> {
    let fresh: Vec<Row> = fetches.into_iter().map(Row::new).collect();
    let mut keys = BTreeSet::new();
    for row in &fresh {
        if !keys.insert(row.key()) {
            return Err(StoreError::invalid(describe("fetches", &row.key()), "two rows with the same key"));
        }
    }
    let old = stored(c, &fresh.iter().map(|row| row.subject.clone()).collect()).await?;
    let mut saved = Saved { stored: fresh.len() as u64, changed: 0 };
    let mut writing = Vec::new();
    for row in fresh {
        match old.get(&row.key()) {
            Some(old) if *old == row => continue,
            Some(old) if old.same_as(&row) => {}
            _ => saved.changed += 1,
        }
        writing.push(row);
    }
    for chunk in writing.chunks(c.bind_limit() / COLUMNS) {
        execute!(
            c,
            diesel::insert_into(t::fetches)
                .values(chunk)
                .on_conflict((t::subject, t::dataset, t::source))
                .do_update()
                .set((
                    t::from_date.eq(excluded(t::from_date)),
                    t::to_date.eq(excluded(t::to_date)),
                    t::outcome.eq(excluded(t::outcome)),
                    t::detail.eq(excluded(t::detail)),
                    t::fetched_at.eq(excluded(t::fetched_at)),
                ))
        )?;
    }
    Ok(Written { saved, keys })
}

impl Written {
    /// Looks for the keys again.
    pub(crate) async fn verify(self, c: &mut Conn<'_>) -> Result<Saved> {
        let found = stored(c, &self.keys.iter().map(|(subject, ..)| subject.clone()).collect()).await?;
        let there = self.keys.iter().filter(|key| found.contains_key(*key)).count() as u64;
        match there == self.saved.stored {
            true => Ok(self.saved),
            false => {
                Err(StoreError::ShortWrite { table: "fetches", expected: self.saved.stored, stored: there })
            }
        }
    }
}
