//! The cash ledger.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::{CashEntry, CashKind};

use crate::{
    Ensured, Store,
    connection::Conn,
    error::Result,
    ids,
    save::describe,
    schema::cash_ledger::dsl as t,
    value::{check_finite, code},
};

/// An entry in the cash ledger before it has an id.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCashEntry {
    pub portfolio_id: i64,
    pub date: NaiveDate,
    pub kind: CashKind,
    /// Signed: positive is money into the portfolio.
    pub amount: f64,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::cash_ledger)]
struct Row {
    id: i64,
    portfolio_id: i64,
    date: NaiveDate,
    kind: String,
    amount: f64,
    note: Option<String>,
}

impl Row {
    fn into_entry(self) -> Result<CashEntry> {
        let kind = code(|| describe("cash_ledger", &self.id), &self.kind, CashKind::parse(&self.kind))?;
        let Row { id, portfolio_id, date, amount, note, .. } = self;
        Ok(CashEntry { id, portfolio_id, date, kind, amount, note })
    }
}

impl Store {
    /// Entries of these portfolios by portfolio, date and id.
    #[boxed]
    pub async fn cash_entries(&mut self, portfolio_ids: &[i64]) -> Result<Vec<CashEntry>> {
        let ids = portfolio_ids.to_vec();
        let rows: Vec<Row> = self
            .db
            .read(async move |c: &mut Conn<'_>| {
                load!(
                    c,
                    t::cash_ledger
                        .filter(t::portfolio_id.eq_any(&ids))
                        .order((t::portfolio_id, t::date, t::id))
                        .select(Row::as_select())
                )
            })
            .await?;
        rows.into_iter().map(Row::into_entry).collect()
    }

    /// Adds an entry and returns its id.
    #[boxed]
    pub async fn add_cash(&mut self, new: NewCashEntry) -> Result<i64> {
        check(&new)?;
        self.db.write(async move |c: &mut Conn<'_>| insert(c, new).await).await
    }

    /// Makes sure that the portfolio has one entry of this date, kind and note, with this amount.
    #[boxed]
    pub async fn ensure_cash(&mut self, new: NewCashEntry) -> Result<Ensured> {
        check(&new)?;
        self.db.write(async move |c: &mut Conn<'_>| ensure(c, new).await).await
    }

    /// Removes an entry.
    #[boxed]
    pub async fn remove_cash(&mut self, id: i64) -> Result<()> {
        let removed = self.db.write(async move |c: &mut Conn<'_>| {
            execute!(c, diesel::delete(t::cash_ledger.filter(t::id.eq(id))))
        });
        match removed.await? {
            0 => Err(crate::StoreError::missing(format!("cash entry with id {id}"))),
            _ => Ok(()),
        }
    }
}

pub(crate) fn check(new: &NewCashEntry) -> Result<()> {
    check_finite(
        || describe("cash_ledger", &(new.portfolio_id, new.date, new.kind.as_str())),
        &[("amount", Some(new.amount))],
    )
}

pub(crate) async fn insert(c: &mut Conn<'_>, new: NewCashEntry) -> Result<i64> {
    let id = ids::allocate(c, "cash_ledger", 1).await?;
    let NewCashEntry { portfolio_id, date, kind, amount, note } = new;
    let row = Row { id, portfolio_id, date, kind: kind.as_str().to_owned(), amount, note };
    execute!(c, diesel::insert_into(t::cash_ledger).values(&row))?;
    Ok(id)
}

async fn ensure(c: &mut Conn<'_>, new: NewCashEntry) -> Result<Ensured> {
    let candidates: Vec<Row> = load!(
        c,
        t::cash_ledger
            .filter(t::portfolio_id.eq(new.portfolio_id))
            .filter(t::date.eq(new.date))
            .filter(t::kind.eq(new.kind.as_str()))
            .order(t::id)
            .select(Row::as_select())
    )?;
    let Some(old) = candidates.into_iter().find(|row| row.note == new.note) else {
        return Ok(Ensured { id: insert(c, new).await?, changed: true });
    };
    let changed = old.amount != new.amount;
    if changed {
        execute!(c, diesel::update(t::cash_ledger.filter(t::id.eq(old.id))).set(t::amount.eq(new.amount)))?;
    }
    Ok(Ensured { id: old.id, changed })
}
