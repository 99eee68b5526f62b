//! Bars that the screens refused.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use serde_json::Value;

use crate::{
    Store,
    connection::Conn,
    error::{Result, StoreError},
    save::{Saved, describe},
    schema::quarantine::dsl as t,
    value::code,
};

/// What was decided about a refused bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuarantineStatus {
    Open,
    Accepted,
    Dropped,
}

impl QuarantineStatus {
    /// The stored and printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            QuarantineStatus::Open => "open",
            QuarantineStatus::Accepted => "accepted",
            QuarantineStatus::Dropped => "dropped",
        }
    }

    /// Parses the stored form.
    pub fn parse(text: &str) -> Option<QuarantineStatus> {
        [QuarantineStatus::Open, QuarantineStatus::Accepted, QuarantineStatus::Dropped]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// A bar that a screen refused. Symbol, date, source and reason are its key.
#[derive(Debug, Clone, PartialEq)]
pub struct QuarantinedBar {
    pub symbol: String,
    pub date: NaiveDate,
    pub source: String,
    pub reason: String,
    pub detail: String,
    /// The bar as it came.
    pub payload: Value,
    pub status: QuarantineStatus,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::quarantine)]
struct Row {
    symbol: String,
    date: NaiveDate,
    source: String,
    reason: String,
    detail: String,
    payload: Value,
    status: String,
}

impl Row {
    fn into_bar(self) -> Result<QuarantinedBar> {
        let status = code(
            || describe("quarantine", &(&self.symbol, self.date, &self.source, &self.reason)),
            &self.status,
            QuarantineStatus::parse(&self.status),
        )?;
        let Row { symbol, date, source, reason, detail, payload, .. } = self;
        Ok(QuarantinedBar { symbol, date, source, reason, detail, payload, status })
    }
}

impl Store {
    /// Adds refused bars. A bar that is already there keeps its status; its detail and payload are brought up to date.
    #[boxed]
    pub async fn save_quarantine(&mut self, bars: Vec<QuarantinedBar>) -> Result<Saved> {
        self.db.write(async move |c: &mut Conn<'_>| write(c, bars).await).await
    }

    /// Refused bars with this status, or all, by symbol and date.
    #[boxed]
    pub async fn quarantine(&mut self, status: Option<QuarantineStatus>) -> Result<Vec<QuarantinedBar>> {
        let rows: Vec<Row> =
            self.db.read(async |c: &mut Conn<'_>| load!(c, t::quarantine.select(Row::as_select()))).await?;
        let mut bars = rows.into_iter().map(Row::into_bar).collect::<Result<Vec<_>>>()?;
        bars.retain(|bar| status.is_none_or(|wanted| bar.status == wanted));
        bars.sort_by(|a, b| {
            (&a.symbol, a.date, &a.source, &a.reason).cmp(&(&b.symbol, b.date, &b.source, &b.reason))
        });
        Ok(bars)
    }

    /// Decides about all refused bars of a symbol on a date; returns how many there are.
    #[boxed]
    pub async fn set_quarantine_status(
        &mut self,
        symbol: &str,
        date: NaiveDate,
        status: QuarantineStatus,
    ) -> Result<u64> {
        self.decide(symbol, date, None, status).await
    }

    /// The same for the bars of one source.
    #[boxed]
    pub async fn set_quarantine_status_of(
        &mut self,
        symbol: &str,
        date: NaiveDate,
        source: &str,
        status: QuarantineStatus,
    ) -> Result<u64> {
        self.decide(symbol, date, Some(source), status).await
    }

    async fn decide(
        &mut self,
        symbol: &str,
        date: NaiveDate,
        source: Option<&str>,
        status: QuarantineStatus,
    ) -> Result<u64> {
        let (symbol, source) = (symbol.to_owned(), source.map(str::to_owned));
        let what = match &source {
            Some(source) => format!("quarantined bar of {symbol} on {date} from {source}"),
            None => format!("quarantined bar of {symbol} on {date}"),
        };
        let touched = self.db.write(async move |c: &mut Conn<'_>| {
            let of_day = t::quarantine.filter(t::symbol.eq(&symbol)).filter(t::date.eq(date));
            let set = t::status.eq(status.as_str());
            match &source {
                Some(source) => execute!(c, diesel::update(of_day.filter(t::source.eq(source))).set(set)),
                None => execute!(c, diesel::update(of_day).set(set)),
            }
        });
        match touched.await? {
            0 => Err(StoreError::missing(what)),
            n => Ok(n as u64),
        }
    }
}

/// Saves inside a transaction.
pub(crate) async fn write(c: &mut Conn<'_>, bars: Vec<QuarantinedBar>) -> Result<Saved> {
    let mut saved = Saved::default();
    for bar in bars {
        saved.stored += 1;
        saved.changed += u64::from(save(c, bar).await?);
    }
    Ok(saved)
}

/// Whether the bar had to be written.
async fn save(c: &mut Conn<'_>, bar: QuarantinedBar) -> Result<bool> {
    let QuarantinedBar { symbol, date, source, reason, detail, payload, status } = bar;
    let row = Row { symbol, date, source, reason, detail, payload, status: status.as_str().to_owned() };
    let stored: Vec<Row> = load!(
        c,
        t::quarantine
            .filter(t::symbol.eq(&row.symbol))
            .filter(t::date.eq(row.date))
            .filter(t::source.eq(&row.source))
            .filter(t::reason.eq(&row.reason))
            .select(Row::as_select())
    )?;
    match stored.into_iter().next() {
        None => {
            execute!(c, diesel::insert_into(t::quarantine).values(&row))?;
            Ok(true)
        }
        Some(old) if old.detail == row.detail && old.payload == row.payload => Ok(false),
        Some(_) => {
            execute!(
                c,
                diesel::update(
                    t::quarantine
                        .filter(t::symbol.eq(&row.symbol))
                        .filter(t::date.eq(row.date))
                        .filter(t::source.eq(&row.source))
                        .filter(t::reason.eq(&row.reason))
                )
                .set((t::detail.eq(&row.detail), t::payload.eq(&row.payload)))
            )?;
            Ok(true)
        }
    }
}
