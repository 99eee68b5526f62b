//! Saving sets of rows so that only what differs is written. See the crate documentation for the contract.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use chrono::NaiveDate;

use crate::{
    Store,
    connection::Conn,
    error::{Result, StoreError},
    value::check_finite,
};

/// Most entities named in one statement; below the bind limit of both databases.
const ENTITIES_PER_STATEMENT: usize = 10_000;

/// The results that a save replaces or a read returns: dates and instruments or portfolios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Instrument or portfolio ids; `None` for all of them.
    pub ids: Option<Vec<i64>>,
}

impl Scope {
    /// Named entities on one date.
    pub fn day(as_of: NaiveDate, ids: &[i64]) -> Scope {
        Scope::range(as_of, as_of, ids)
    }

    /// Named entities on all dates from one to another, both included.
    pub fn range(from: NaiveDate, to: NaiveDate, ids: &[i64]) -> Scope {
        Scope { from, to, ids: Some(ids.to_vec()) }
    }

    /// Every entity on all dates from one to another, both included.
    pub fn all(from: NaiveDate, to: NaiveDate) -> Scope {
        Scope { from, to, ids: None }
    }
}

/// What a save did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saved {
    /// Rows brought by the caller, all of them counted in the database after the commit.
    pub stored: u64,
    /// Rows inserted, altered or taken away.
    pub changed: u64,
}

impl std::ops::AddAssign for Saved {
    fn add_assign(&mut self, other: Saved) {
        self.stored += other.stored;
        self.changed += other.changed;
    }
}

/// [`Scope`] for any kind of entity, and the part of the table it is limited to.
#[derive(Debug, Clone)]
pub(crate) struct Filter<E> {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub entities: Option<Vec<E>>,
    pub part: Option<String>,
}

impl Filter<i64> {
    pub(crate) fn new(scope: &Scope, part: Option<&str>) -> Filter<i64> {
        let mut entities = scope.ids.clone();
        if let Some(ids) = &mut entities {
            // A statement per chunk counts its rows: an id named twice in two chunks would be counted twice.
            ids.sort_unstable();
            ids.dedup();
        }
        Filter { from: scope.from, to: scope.to, entities, part: part.map(str::to_owned) }
    }
}

impl<E: Clone + Ord> Filter<E> {
    /// The same filter in pieces that a statement can bind.
    fn pieces(&self) -> Vec<Filter<E>> {
        match &self.entities {
            None => vec![self.clone()],
            Some(entities) => entities
                .chunks(ENTITIES_PER_STATEMENT)
                .map(|chunk| Filter { entities: Some(chunk.to_vec()), ..self.clone() })
                .collect(),
        }
    }

    /// The filter of some entities on one date.
    fn cell(&self, date: NaiveDate, entities: Vec<E>) -> Filter<E> {
        Filter { from: date, to: date, entities: Some(entities), part: self.part.clone() }
    }
}

/// Row of a table that is saved by scope. Implemented by the macro `record!`.
pub(crate) trait Record: Clone + Send + 'static {
    type Entity: Clone + Ord + Debug + Send + 'static;
    type Key: Ord + Clone + Debug;
    const TABLE: &'static str;

    fn key(&self) -> Self::Key;
    fn entity(&self) -> Self::Entity;
    fn date(&self) -> NaiveDate;
    fn part(&self) -> Option<&str>;
    /// Equal, whichever run wrote them.
    fn same_as(&self, other: &Self) -> bool;
    fn numbers(&self) -> Vec<(&'static str, Option<f64>)>;

    async fn stored(c: &mut Conn<'_>, filter: &Filter<Self::Entity>) -> Result<Vec<Self>>;
    /// As the database counts: a signed number that is never negative.
    async fn count(c: &mut Conn<'_>, filter: &Filter<Self::Entity>) -> Result<i64>;
    async fn delete(c: &mut Conn<'_>, filter: &Filter<Self::Entity>) -> Result<usize>;
    async fn insert(c: &mut Conn<'_>, rows: &[Self]) -> Result<usize>;

    /// Table and key, for errors.
    fn describe(&self) -> String {
        describe(Self::TABLE, &self.key())
    }
}

pub(crate) fn describe(table: &str, key: &impl Debug) -> String {
    format!("{table} {key:?}")
}

/// What happens to stored rows of the scope that the caller did not bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Delete,
    Keep,
}

/// Rows to take away and to write.
struct Plan<R: Record> {
    /// Entities by date whose rows are deleted before `insert` writes the ones that stay.
    delete: BTreeMap<NaiveDate, BTreeSet<R::Entity>>,
    insert: Vec<R>,
    changed: u64,
    /// Rows in the scope afterwards.
    expected: u64,
}

/// Compares what is stored with what came. An entity on a date is the unit of deletion: where one of its rows differs,
/// its rows are written anew, the unchanged ones just as they were stored.
fn plan<R: Record>(stored: Vec<R>, fresh: Vec<R>, absent: Absent) -> Plan<R> {
    let had = stored.len();
    let stored: BTreeMap<R::Key, R> = stored.into_iter().map(|row| (row.key(), row)).collect();
    let fresh_keys: BTreeSet<R::Key> = fresh.iter().map(Record::key).collect();
    let mut delete: BTreeMap<NaiveDate, BTreeSet<R::Entity>> = BTreeMap::new();
    let (mut changed, mut added, mut gone) = (0, 0, 0);

    for row in &fresh {
        match stored.get(&row.key()) {
            Some(old) if old.same_as(row) => {}
            Some(_) => {
                changed += 1;
                delete.entry(row.date()).or_default().insert(row.entity());
            }
            None => added += 1,
        }
    }
    if absent == Absent::Delete {
        for (_, row) in stored.iter().filter(|(key, _)| !fresh_keys.contains(*key)) {
            gone += 1;
            delete.entry(row.date()).or_default().insert(row.entity());
        }
    }

    let rewritten =
        |row: &R| delete.get(&row.date()).is_some_and(|entities| entities.contains(&row.entity()));
    let mut insert = Vec::new();
    for row in fresh {
        match stored.get(&row.key()) {
            Some(old) if old.same_as(&row) => {
                if rewritten(&row) {
                    insert.push(old.clone());
                }
            }
            _ => insert.push(row),
        }
    }
    if absent == Absent::Keep {
        let kept = stored.into_iter().filter(|(key, row)| !fresh_keys.contains(key) && rewritten(row));
        insert.extend(kept.map(|(_, row)| row));
    }
    Plan { delete, insert, changed: changed + added + gone, expected: had as u64 + added - gone }
}

/// Refuses rows outside the scope, rows with the same key, and numbers that are not finite.
fn check<R: Record>(filter: &Filter<R::Entity>, rows: &[R]) -> Result<()> {
    let entities: Option<BTreeSet<&R::Entity>> = filter.entities.as_ref().map(|all| all.iter().collect());
    let mut keys = BTreeSet::new();
    for row in rows {
        check_finite(|| row.describe(), &row.numbers())?;
        let inside = (filter.from..=filter.to).contains(&row.date())
            && entities.as_ref().is_none_or(|all| all.contains(&row.entity()))
            && (row.part().is_none() || row.part() == filter.part.as_deref());
        if !inside {
            return Err(StoreError::invalid(row.describe(), "the row lies outside the scope being saved"));
        }
        if !keys.insert(row.key()) {
            return Err(StoreError::invalid(row.describe(), "two rows with the same key"));
        }
    }
    Ok(())
}

/// Rows in a scope, ordered by key.
pub(crate) async fn stored<R: Record>(c: &mut Conn<'_>, filter: &Filter<R::Entity>) -> Result<Vec<R>> {
    let mut rows = Vec::new();
    for piece in filter.pieces() {
        rows.extend(R::stored(c, &piece).await?);
    }
    // Ordered here because the two databases order text differently.
    rows.sort_by_cached_key(Record::key);
    Ok(rows)
}

/// A save in progress: what it did, and how many rows the scope must hold after the commit.
pub(crate) struct Written<R: Record> {
    pub saved: Saved,
    filter: Filter<R::Entity>,
    expected: u64,
}

/// Saves rows inside a transaction. Call [`Written::verify`] after the commit.
pub(crate) async fn write<R: Record>(
    c: &mut Conn<'_>,
    filter: Filter<R::Entity>,
    rows: Vec<R>,
    absent: Absent,
) -> Result<Written<R>> {
    check(&filter, &rows)?;
    let count = rows.len() as u64;
    let plan = plan(stored(c, &filter).await?, rows, absent);
    for (date, entities) in plan.delete {
        for piece in filter.cell(date, entities.into_iter().collect()).pieces() {
            R::delete(c, &piece).await?;
        }
    }
    R::insert(c, &plan.insert).await?;
    let saved = Saved { stored: count, changed: plan.changed };
    Ok(Written { saved, filter, expected: plan.expected })
}

/// Adds or alters rows inside a transaction; all others stay. Call [`Written::verify`] after the commit.
pub(crate) async fn merge<R: Record>(c: &mut Conn<'_>, rows: Vec<R>) -> Result<Written<R>> {
    match filter_around(&rows) {
        Some(filter) => write(c, filter, rows, Absent::Keep).await,
        None => Ok(Written::nothing()),
    }
}

impl<R: Record> Written<R> {
    /// A save of no rows.
    fn nothing() -> Written<R> {
        let filter =
            Filter { from: NaiveDate::MIN, to: NaiveDate::MIN, entities: Some(Vec::new()), part: None };
        Written { saved: Saved::default(), filter, expected: 0 }
    }

    /// Counts the rows of the scope again.
    pub(crate) async fn verify(self, c: &mut Conn<'_>) -> Result<Saved> {
        let mut stored = 0;
        for piece in self.filter.pieces() {
            stored += R::count(c, &piece).await?.unsigned_abs();
        }
        match stored == self.expected {
            true => Ok(self.saved),
            false => Err(StoreError::ShortWrite { table: R::TABLE, expected: self.expected, stored }),
        }
    }
}

impl Store {
    /// Makes the rows of the scope exactly these.
    pub(crate) async fn replace<R: Record>(
        &mut self,
        filter: Filter<R::Entity>,
        rows: Vec<R>,
    ) -> Result<Saved> {
        let written =
            self.db.write(async move |c: &mut Conn<'_>| write(c, filter, rows, Absent::Delete).await).await?;
        self.db.read(async move |c: &mut Conn<'_>| written.verify(c).await).await
    }

    /// Adds or alters rows; all others stay.
    pub(crate) async fn merge<R: Record>(&mut self, rows: Vec<R>) -> Result<Saved> {
        let written = self.db.write(async move |c: &mut Conn<'_>| merge(c, rows).await).await?;
        self.db.read(async move |c: &mut Conn<'_>| written.verify(c).await).await
    }

    /// Rows in a scope, ordered by key.
    pub(crate) async fn rows<R: Record>(&mut self, filter: Filter<R::Entity>) -> Result<Vec<R>> {
        self.db.read(async move |c: &mut Conn<'_>| stored(c, &filter).await).await
    }
}

/// The smallest filter that holds all these rows; `None` when there are no rows.
fn filter_around<R: Record>(rows: &[R]) -> Option<Filter<R::Entity>> {
    let from = rows.iter().map(Record::date).min()?;
    let to = rows.iter().map(Record::date).max()?;
    let entities: BTreeSet<R::Entity> = rows.iter().map(Record::entity).collect();
    Some(Filter { from, to, entities: Some(entities.into_iter().collect()), part: None })
}
