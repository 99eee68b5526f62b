//! Imported files: what one brings is written in one transaction, together with its row of the history.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::PriceBar;

use crate::{
    NewCashEntry, NewInstrument, NewPortfolio, Saved, Store,
    connection::Conn,
    error::{Result, StoreError},
    ids, import_rows,
    save::describe,
    schema::imports::dsl as t,
    value::{code, count},
};

/// Whether rows of the file were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportStatus {
    Complete,
    /// Rows with errors were left out.
    Partial,
}

impl ImportStatus {
    /// The stored and printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            ImportStatus::Complete => "complete",
            ImportStatus::Partial => "partial",
        }
    }

    /// Parses the stored form.
    pub fn parse(text: &str) -> Option<ImportStatus> {
        [ImportStatus::Complete, ImportStatus::Partial].into_iter().find(|status| status.as_str() == text)
    }
}

/// An imported file before it has an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    pub file_name: String,
    /// Hash of the bytes, 64 hexadecimal digits.
    pub sha256: String,
    pub format: String,
    /// The end of the account's number, else its name; absent where the file tells neither, or several were merged.
    pub account: Option<String>,
    pub as_of: NaiveDate,
    /// Rows of the file that were read into positions or cash.
    pub file_rows: usize,
    /// Open positions afterwards.
    pub positions: usize,
    pub opened: usize,
    pub closed: usize,
    /// Positions made larger or smaller.
    pub changed: usize,
    /// UTC, RFC 3339.
    pub imported_at: String,
    pub status: ImportStatus,
}

/// An imported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub id: i64,
    pub portfolio_id: i64,
    pub import: NewImport,
}

/// The portfolio that a file goes into.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportTarget {
    Existing(i64),
    /// A new one. `NewPortfolio::user_id` is that of the owner with this address, who is new when it is unknown.
    New {
        email: String,
        portfolio: NewPortfolio,
    },
    /// In place of a stored one, which goes with its lots, cash and results; its history of imports stays.
    Anew {
        id: i64,
        portfolio: NewPortfolio,
    },
}

/// A lot to enter. Symbols must be stored or among the instruments of the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedLot {
    pub symbol: String,
    pub quantity: f64,
    pub entry_price: f64,
    pub entry_date: NaiveDate,
    pub exit: Option<(f64, NaiveDate)>,
    /// Last day whose splits quantity and entry price count, where it is after the entry.
    pub adjusted_through: Option<NaiveDate>,
    pub tags: Vec<String>,
}

/// A lot, or a part of one, to close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LotClose {
    pub position_id: i64,
    /// Signed units closed.
    pub quantity: f64,
    /// Signed units that stay open.
    pub remaining: f64,
    pub price: f64,
    pub date: NaiveDate,
}

/// Everything that one account of a file brings.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportPlan {
    pub target: ImportTarget,
    pub instruments: Vec<NewInstrument>,
    /// Stated values of assets without a market price, by symbol.
    pub values: Vec<(String, PriceBar)>,
    pub lots: Vec<ImportedLot>,
    pub closes: Vec<LotClose>,
    /// Stored lots whose units count splits already, by id, and through which day.
    pub adjusted: Vec<(i64, NaiveDate)>,
    /// `portfolio_id` is filled in here.
    pub cash: Vec<NewCashEntry>,
    /// Ids of ledger entries to take away.
    pub cash_replaced: Vec<i64>,
    /// Absent when the history has this file already and it brings nothing new.
    pub record: Option<NewImport>,
}

/// What a plan did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportApplied {
    pub portfolio_id: i64,
    pub saved: Saved,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::imports)]
struct Row {
    id: i64,
    portfolio_id: i64,
    file_name: String,
    sha256: String,
    format: String,
    account: Option<String>,
    as_of: NaiveDate,
    file_rows: i64,
    positions: i64,
    opened: i64,
    closed: i64,
    changed: i64,
    imported_at: String,
    status: String,
}

impl Store {
    /// Writes what a file brings, all its accounts in one transaction: when anything is refused, nothing is kept.
    #[boxed]
    pub async fn apply_imports(&mut self, plans: Vec<ImportPlan>) -> Result<Vec<ImportApplied>> {
        self.db
            .write(async move |c: &mut Conn<'_>| {
                let mut applied = Vec::with_capacity(plans.len());
                for plan in plans {
                    applied.push(apply(c, plan).await?);
                }
                Ok(applied)
            })
            .await
    }

    /// Files imported into these portfolios (none given: into any), the first one first.
    #[boxed]
    pub async fn imports(&mut self, portfolio_ids: &[i64]) -> Result<Vec<Import>> {
        let rows: Vec<Row> = self
            .db
            .read(async |c: &mut Conn<'_>| load!(c, t::imports.order(t::id).select(Row::as_select())))
            .await?;
        let wanted = |row: &Row| portfolio_ids.is_empty() || portfolio_ids.contains(&row.portfolio_id);
        rows.into_iter().filter(wanted).map(Row::into_import).collect()
    }
}

async fn apply(c: &mut Conn<'_>, plan: ImportPlan) -> Result<ImportApplied> {
    let (portfolio_id, mut saved) = target(c, plan.target).await?;
    let user_id = import_rows::owner(c, portfolio_id).await?;
    let (ids, stored) = import_rows::instruments(c, plan.instruments, &plan.lots, &plan.values).await?;
    saved += stored;
    saved += import_rows::values(c, plan.values, &ids).await?;
    saved += import_rows::adjusted(c, portfolio_id, &plan.adjusted).await?;
    saved += import_rows::closes(c, portfolio_id, &plan.closes).await?;
    saved += import_rows::lots(c, portfolio_id, user_id, plan.lots, &ids).await?;
    saved += import_rows::cash(c, portfolio_id, plan.cash, &plan.cash_replaced).await?;
    if let Some(record) = plan.record {
        let id = ids::allocate(c, "imports", 1).await?;
        let row = Row::new(id, portfolio_id, record)?;
        execute!(c, diesel::insert_into(t::imports).values(&row))?;
        saved += Saved { stored: 1, changed: 1 };
    }
    Ok(ImportApplied { portfolio_id, saved })
}

async fn target(c: &mut Conn<'_>, target: ImportTarget) -> Result<(i64, Saved)> {
    match target {
        ImportTarget::Existing(id) => Ok((id, Saved::default())),
        ImportTarget::New { email, portfolio } => {
            let user_id = import_rows::owner_by_email(c, &email).await?;
            let portfolio = NewPortfolio { user_id, ..portfolio };
            let id = import_rows::new_portfolio(c, portfolio).await?;
            Ok((id, Saved { stored: 1, changed: 1 }))
        }
        ImportTarget::Anew { id, portfolio } => {
            let history: Vec<Row> =
                load!(c, t::imports.filter(t::portfolio_id.eq(id)).order(t::id).select(Row::as_select()))?;
            let rows_gone = import_rows::remove_portfolio(c, id).await?;
            let id = import_rows::new_portfolio(c, portfolio).await?;
            let history: Vec<Row> = history.into_iter().map(|row| Row { portfolio_id: id, ..row }).collect();
            insert_rows!(c, t::imports, 14, history);
            Ok((id, Saved { stored: 1, changed: 1 + rows_gone }))
        }
    }
}

impl Row {
    fn new(id: i64, portfolio_id: i64, import: NewImport) -> Result<Row> {
        let named = || describe("imports", &import.file_name);
        Ok(Row {
            id,
            portfolio_id,
            file_rows: count(named, "file_rows", import.file_rows)?,
            positions: count(named, "positions", import.positions)?,
            opened: count(named, "opened", import.opened)?,
            closed: count(named, "closed", import.closed)?,
            changed: count(named, "changed", import.changed)?,
            file_name: import.file_name.clone(),
            sha256: import.sha256.clone(),
            format: import.format.clone(),
            account: import.account.clone(),
            as_of: import.as_of,
            imported_at: import.imported_at.clone(),
            status: import.status.as_str().to_owned(),
        })
    }

    fn into_import(self) -> Result<Import> {
        let named = || describe("imports", &self.id);
        let size = |name: &str, value: i64| {
            usize::try_from(value).map_err(|_| StoreError::invalid(named(), format!("{name} is {value}")))
        };
        let import = NewImport {
            file_rows: size("file_rows", self.file_rows)?,
            positions: size("positions", self.positions)?,
            opened: size("opened", self.opened)?,
            closed: size("closed", self.closed)?,
            changed: size("changed", self.changed)?,
            status: code(named, &self.status, ImportStatus::parse(&self.status))?,
            file_name: self.file_name,
            sha256: self.sha256,
            format: self.format,
            account: self.account,
            as_of: self.as_of,
            imported_at: self.imported_at,
        };
        Ok(Import { id: self.id, portfolio_id: self.portfolio_id, import })
    }
}
