//! Splits and cash dividends.
//!
//! `/stocks/v1/splits` and `/stocks/v1/dividends` take many symbols at once (`ticker.any_of`). Where they are not
//! available, the older `/v3/reference/...` are asked, which take one symbol or the whole market.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{Dividend, Split};

use super::paging;
use super::row::Row;
use crate::ask::Actions;
use crate::fault::{Fault, FaultKind};
use crate::http::Service;
use crate::symbols::{Dialect, canonical, spell};

/// Symbols of one request: their names stay well below the length of an address that every server takes.
const SYMBOLS_PER_REQUEST: usize = 100;

/// From so many symbols on, the splits of the whole market are fewer requests than those of each symbol.
const MANY_SYMBOLS: usize = 5;

/// So many days of the whole market's dividends are a few pages.
const SHORT_RANGE_DAYS: i64 = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Split,
    Dividend,
}

impl Event {
    fn resource(self) -> &'static str {
        match self {
            Event::Split => "splits",
            Event::Dividend => "dividends",
        }
    }

    fn date(self) -> &'static str {
        match self {
            Event::Split => "execution_date",
            Event::Dividend => "ex_dividend_date",
        }
    }
}

/// What is asked for.
struct Ask<'a> {
    service: &'a Service,
    /// Spelled as the service does.
    symbols: Vec<String>,
    from: NaiveDate,
    to: NaiveDate,
}

pub(super) async fn fetch(
    service: &Service,
    symbols: &[String],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<BTreeMap<String, Actions>, Fault> {
    let mut found: BTreeMap<String, Actions> =
        symbols.iter().map(|symbol| (symbol.clone(), Actions::default())).collect();
    if found.is_empty() {
        return Ok(found);
    }
    let symbols = found.keys().map(|symbol| spell(symbol, None, Dialect::Polygon)).collect();
    let ask = Ask { service, symbols, from, to };
    parse_splits(&ask.rows(Event::Split).await?, from, to, &mut found);
    parse_dividends(&ask.rows(Event::Dividend).await?, from, to, &mut found);
    Ok(found)
}

/// The splits of some symbols, at least one.
pub(super) async fn splits(
    service: &Service,
    symbols: &[String],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<BTreeMap<String, Actions>, Fault> {
    let mut found: BTreeMap<String, Actions> =
        symbols.iter().map(|symbol| (symbol.clone(), Actions::default())).collect();
    let symbols = found.keys().map(|symbol| spell(symbol, None, Dialect::Polygon)).collect();
    let ask = Ask { service, symbols, from, to };
    let rows = ask.rows(Event::Split).await?;
    check_symbols(service, &rows)?;
    parse_splits(&rows, from, to, &mut found);
    Ok(found)
}

/// Whether rows name symbols: rows of anything else would read as if there were no split.
fn check_symbols(service: &Service, rows: &[Value]) -> Result<(), Fault> {
    match rows.iter().find(|row| Row(row).text("ticker").is_none()) {
        Some(_) => Err(Fault::new(service.name(), FaultKind::Malformed, "a split without a symbol")),
        None => Ok(()),
    }
}

/// The splits of all symbols.
pub(super) async fn market_splits(
    service: &Service,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<BTreeMap<String, Actions>, Fault> {
    let ask = Ask { service, symbols: Vec::new(), from, to };
    let rows = match ask.new_page(Event::Split, &[]).await {
        Err(fault) if is_not_there(&fault) => ask.old_page(Event::Split, None).await?,
        other => other?,
    };
    check_symbols(service, &rows)?;
    let symbols = rows.iter().filter_map(|row| Row(row).text("ticker"));
    let mut found = symbols.map(|symbol| (canonical(symbol, Dialect::Polygon), Actions::default())).collect();
    parse_splits(&rows, from, to, &mut found);
    Ok(found)
}

/// The key may not use the current resources.
fn is_not_there(fault: &Fault) -> bool {
    fault.status == Some(404) || fault.kind == FaultKind::PlanEndpoint
}

impl Ask<'_> {
    async fn rows(&self, event: Event) -> Result<Vec<Value>, Fault> {
        match self.new_rows(event).await {
            Err(fault) if is_not_there(&fault) => self.old_rows(event).await,
            other => other,
        }
    }

    async fn new_rows(&self, event: Event) -> Result<Vec<Value>, Fault> {
        let mut rows = Vec::new();
        for symbols in self.symbols.chunks(SYMBOLS_PER_REQUEST) {
            rows.extend(self.new_page(event, symbols).await?);
        }
        Ok(rows)
    }

    /// Of these symbols, or of all when there is none.
    async fn new_page(&self, event: Event, symbols: &[String]) -> Result<Vec<Value>, Fault> {
        let mut query = self.range(event);
        match symbols.len() {
            0 => {}
            1 => query.push(("ticker", symbols.concat())),
            _ => query.push(("ticker.any_of", symbols.join(","))),
        }
        query.extend([("limit", "5000".to_owned()), ("sort", format!("{}.asc", event.date()))]);
        let request = self.service.request(&["stocks", "v1", event.resource()], &query);
        paging::plain_rows(self.service, request).await
    }

    async fn old_rows(&self, event: Event) -> Result<Vec<Value>, Fault> {
        let is_whole_market = self.symbols.len() > 1
            && match event {
                Event::Split => self.symbols.len() >= MANY_SYMBOLS,
                Event::Dividend => (self.to - self.from).num_days() <= SHORT_RANGE_DAYS,
            };
        let symbols: Vec<Option<&String>> =
            if is_whole_market { vec![None] } else { self.symbols.iter().map(Some).collect() };
        let mut rows = Vec::new();
        for symbol in symbols {
            rows.extend(self.old_page(event, symbol).await?);
        }
        Ok(rows)
    }

    async fn old_page(&self, event: Event, symbol: Option<&String>) -> Result<Vec<Value>, Fault> {
        let mut query = self.range(event);
        query.extend(symbol.map(|symbol| ("ticker", symbol.clone())));
        query.extend([("limit", "1000".to_owned()), ("sort", event.date().into())]);
        query.push(("order", "asc".into()));
        let request = self.service.request(&["v3", "reference", event.resource()], &query);
        paging::plain_rows(self.service, request).await
    }

    fn range(&self, event: Event) -> Vec<(&'static str, String)> {
        let (first, last) = match event {
            Event::Split => ("execution_date.gte", "execution_date.lte"),
            Event::Dividend => ("ex_dividend_date.gte", "ex_dividend_date.lte"),
        };
        vec![(first, self.from.to_string()), (last, self.to.to_string())]
    }
}

/// The actions of the row's symbol, if it was asked for.
fn owner<'a>(row: Row<'_>, found: &'a mut BTreeMap<String, Actions>) -> Option<&'a mut Actions> {
    found.get_mut(&canonical(row.text("ticker")?, Dialect::Polygon))
}

fn parse_splits(rows: &[Value], from: NaiveDate, to: NaiveDate, found: &mut BTreeMap<String, Actions>) {
    for row in rows.iter().map(Row) {
        let Some(actions) = owner(row, found) else { continue };
        let Some(date) = row.date("execution_date") else {
            actions.problems.push("a split without a date".to_owned());
            continue;
        };
        let (Some(old), Some(new)) = (row.above_zero("split_from"), row.above_zero("split_to")) else {
            actions.problems.push(format!("{date}: a split without its two numbers"));
            continue;
        };
        let split = Split { date, from: old, to: new };
        match actions.splits.iter().find(|known| known.date == date) {
            _ if date < from || date > to => {}
            Some(known) if *known == split => {}
            Some(_) => actions.problems.push(format!("{date}: a second split, {new} for {old}")),
            None => actions.splits.push(split),
        }
    }
}

/// Amounts are those of the shares of the day, as paid, and those of one day are summed.
fn parse_dividends(rows: &[Value], from: NaiveDate, to: NaiveDate, found: &mut BTreeMap<String, Actions>) {
    let mut known_ids = BTreeSet::new();
    for row in rows.iter().map(Row) {
        let Some(actions) = owner(row, found) else { continue };
        let Some(ex_date) = row.date("ex_dividend_date") else {
            actions.problems.push("a dividend without an ex-date".to_owned());
            continue;
        };
        let is_repeated =
            row.0.get("id").is_some_and(|id| !id.is_null() && !known_ids.insert(id.to_string()));
        if is_repeated || ex_date < from || ex_date > to {
            continue;
        }
        let currency = row.text("currency").unwrap_or("no currency");
        if !currency.eq_ignore_ascii_case("USD") {
            actions.problems.push(format!("{ex_date}: a dividend in {currency}, not in US dollars"));
            continue;
        }
        let Some(amount) = row.above_zero("cash_amount") else {
            actions.problems.push(format!("{ex_date}: a dividend without an amount above zero"));
            continue;
        };
        match actions.dividends.iter_mut().find(|known| known.ex_date == ex_date) {
            Some(known) => known.amount += amount,
            None => actions.dividends.push(Dividend { ex_date, amount }),
        }
    }
}
