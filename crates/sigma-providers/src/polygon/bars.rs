//! Daily bars: of one symbol over a range, and of all symbols on one session.
//!
//! Bars are asked for unadjusted. A bar of a range is stamped with the midnight in New York that begins its day; a bar
//! of a session with the close, and there the date asked for is the date.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{CloseBasis, InstrumentKind, PriceBar};

use super::paging::{self, Page};
use super::rebuilt::Told;
use super::row::Row;
use super::{Polygon, SOURCE};
use crate::ask::{BarsAsk, Series, SessionBars};
use crate::fault::{Fault, FaultKind};
use crate::http::Answer;
use crate::symbols::{Dialect, Span, canonical, names_between, spell};

/// The most that the service takes: far more than sessions of any history.
const ROWS_PER_PAGE: &str = "50000";

impl Polygon {
    /// The bars of each symbol that the company had between the dates, joined. Under the symbol of today the service may
    /// have somebody else's bars of before: they are asked for only when the old symbol has none.
    pub(super) async fn fetch_bars(&self, ask: &BarsAsk) -> Result<Series, Fault> {
        let mut joined = Series::default();
        let mut nothing = None;
        let spans = match ask.kind {
            Some(InstrumentKind::Index) => Vec::new(),
            _ => names_between(&ask.symbol, ask.from, ask.to, ask.today),
        };
        if spans.len() < 2 && spans.first().is_none_or(|span| span.symbol == ask.symbol) {
            return self.bars_of(ask, &ask.symbol).await;
        }
        for Span { symbol, from, to } in spans {
            let part = BarsAsk { symbol, from, to, ..ask.clone() };
            let found = match self.bars_of(&part, &ask.symbol).await {
                Err(fault) if part.symbol != ask.symbol && is_nothing(fault.kind) => {
                    self.bars_of(&BarsAsk { symbol: ask.symbol.clone(), ..part }, &ask.symbol).await
                }
                other => other,
            };
            match found {
                Ok(series) => {
                    joined.bars.extend(series.bars);
                    joined.problems.extend(series.problems);
                    joined.unusable.extend(series.unusable);
                }
                Err(fault) if is_nothing(fault.kind) || fault.kind == FaultKind::PlanTimeframe => {
                    joined.problems.push(format!("{from} to {to}: {fault}"));
                    nothing = Some(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        match nothing {
            Some(fault) if joined.bars.is_empty() => Err(fault),
            _ => Ok(joined),
        }
    }

    /// The bars under one symbol of a company, which has another one today perhaps.
    async fn bars_of(&self, ask: &BarsAsk, of_today: &str) -> Result<Series, Fault> {
        let spelled = spell(&ask.symbol, ask.kind, Dialect::Polygon);
        let told = Told::default();
        let (rows, until) = self.daily_rows(&told, &spelled, ask.from, ask.to, ask.today).await?;
        if rows.is_empty() {
            let detail = format!("no bars of {spelled} between {} and {until}", ask.from);
            return Err(Fault::new(self.service.name(), FaultKind::NoData, detail));
        }
        let Parsed { mut bars, mut problems, unusable } = parse(&rows, ask.from, until);
        if let Some(problem) = problems.first().filter(|_| bars.is_empty()) {
            let detail = format!("no row can be used: {problem}");
            return Err(Fault::new(self.service.name(), FaultKind::Malformed, detail));
        }
        if until < ask.to {
            problems.push(until_yesterday(until));
        }
        if is_share(&spelled) && told.is_adjusted(self.service.name())? {
            let mut symbols = vec![ask.symbol.clone(), of_today.to_owned()];
            symbols.dedup();
            self.rebuild(&mut bars, &symbols, ask.today).await?;
        }
        Ok(Series { bars, problems, unusable, ..Series::default() })
    }

    /// The rows of a range and the date they were asked until. Plans of end-of-day data refuse a range that includes
    /// today: such a range is asked for again until the day before, and is not tried again.
    pub(super) async fn daily_rows(
        &self,
        told: &Told,
        spelled: &str,
        from: NaiveDate,
        to: NaiveDate,
        today: NaiveDate,
    ) -> Result<(Vec<Value>, NaiveDate), Fault> {
        let before_today = today.pred_opt().filter(|before| to >= today && from <= *before);
        let Some(before_today) = before_today else {
            return Ok((self.range(told, spelled, from, to).await?, to));
        };
        let refuses_today = self.refuses_today.of(spelled);
        if !refuses_today.load(Ordering::Relaxed) {
            match self.range(told, spelled, from, to).await {
                Err(fault) if fault.kind == FaultKind::PlanTimeframe => {}
                other => return Ok((other?, to)),
            }
        }
        let rows = self.range(told, spelled, from, before_today).await?;
        refuses_today.store(true, Ordering::Relaxed);
        Ok((rows, before_today))
    }

    async fn range(
        &self,
        told: &Told,
        spelled: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Value>, Fault> {
        let (from, to) = (from.to_string(), to.to_string());
        let path = ["v2", "aggs", "ticker", spelled, "range", "1", "day", &from, &to];
        let query =
            [("adjusted", "false".to_owned()), ("sort", "asc".into()), ("limit", ROWS_PER_PAGE.into())];
        let request = self.service.request(&path, &query);
        let check = |answer: &Answer, page: &Page| {
            check(answer, page, spelled)?;
            told.note(page);
            Ok(())
        };
        let rows = paging::rows(&self.service, request, check).await;
        rows.map_err(|fault| match fault.kind {
            // Indices and options are plans of their own: what is refused there says nothing about shares.
            FaultKind::PlanEndpoint if !is_share(spelled) => Fault { kind: FaultKind::PlanSymbol, ..fault },
            _ => fault,
        })
    }

    pub(super) async fn fetch_session(&self, date: NaiveDate) -> Result<SessionBars, Fault> {
        let day = date.to_string();
        let path = ["v2", "aggs", "grouped", "locale", "us", "market", "stocks", &day];
        let query = [("adjusted", "false".to_owned()), ("include_otc", "false".into())];
        let request = self.service.request(&path, &query);
        let told = Told::default();
        let check = |_: &Answer, page: &Page| {
            told.note(page);
            Ok(())
        };
        let rows = paging::rows(&self.service, request, check).await?;
        let mut session = parse_session(&rows, date);
        if told.is_adjusted(self.service.name())? {
            self.rebuild_session(&mut session, date).await?;
        }
        Ok(session)
    }
}

/// The symbol has no bars of these dates.
fn is_nothing(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::NoData | FaultKind::NotFound)
}

/// Why bars end before the date asked for.
pub(super) fn until_yesterday(until: NaiveDate) -> String {
    format!("bars after {until} are not in the plan until the day is over")
}

fn is_share(spelled: &str) -> bool {
    !spelled.starts_with("I:") && !spelled.starts_with("O:")
}

/// Refuses bars of another symbol.
fn check(answer: &Answer, page: &Page, spelled: &str) -> Result<(), Fault> {
    match page.ticker.as_str() {
        Some(other) if other != spelled => {
            Err(answer.fault(FaultKind::Malformed, format!("{spelled} was asked for, and {other} answered")))
        }
        _ => Ok(()),
    }
}

/// The bars of a range.
#[derive(Default)]
pub(super) struct Parsed {
    pub bars: Vec<PriceBar>,
    /// What is wrong with the other rows.
    pub problems: Vec<String>,
    /// Their dates.
    unusable: Vec<NaiveDate>,
}

pub(super) fn parse(rows: &[Value], from: NaiveDate, to: NaiveDate) -> Parsed {
    let (mut parsed, mut outside) = (Parsed::default(), Vec::new());
    let problems = &mut parsed.problems;
    for (index, row) in rows.iter().enumerate() {
        let row = Row(row);
        let Some(date) = row.date_of_millis("t") else {
            problems.push(format!("row {}: no time stamp `t`", index + 1));
            continue;
        };
        if date < from || date > to {
            outside.push(date);
            continue;
        }
        match bar(row, date) {
            Ok(bar) => parsed.bars.push(bar),
            Err(problem) => {
                problems.push(format!("{date}: {problem}"));
                parsed.unusable.push(date);
            }
        }
    }
    if let (Some(first), Some(last)) = (outside.iter().min(), outside.iter().max()) {
        let count = outside.len();
        problems.push(format!("{count} rows of {first} to {last} are outside {from} to {to}"));
    }
    parsed
}

/// The bars of one session. Over-the-counter shares are left out, and so are spellings without a canonical form, such
/// as shares that trade when issued.
fn parse_session(rows: &[Value], date: NaiveDate) -> SessionBars {
    let mut session = SessionBars::default();
    let mut contradictory = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        let row = Row(row);
        let Some(spelled) = row.text("T") else {
            session.problems.push(format!("row {}: no symbol `T`", index + 1));
            continue;
        };
        let symbol = canonical(spelled, Dialect::Polygon);
        if row.is_true("otc") || spell(&symbol, None, Dialect::Polygon) != spelled {
            continue;
        }
        match bar(row, date) {
            Ok(bar) => match session.bars.get(&symbol) {
                Some(known) if *known != bar => drop(contradictory.insert(symbol)),
                _ => drop(session.bars.insert(symbol, bar)),
            },
            Err(problem) => session.problems.push(format!("{symbol} on {date}: {problem}")),
        }
    }
    for symbol in contradictory {
        session.bars.remove(&symbol);
        session.problems.push(format!("{symbol}: several rows on {date} that differ"));
    }
    session
}

/// A bar needs all four prices. Whether they are plausible is the screen's to say.
fn bar(row: Row<'_>, date: NaiveDate) -> Result<PriceBar, String> {
    let [open, high, low, close] = ["o", "h", "l", "c"].map(|name| row.number(name));
    let missing: Vec<&str> = [("open", open), ("high", high), ("low", low), ("close", close)]
        .into_iter()
        .filter_map(|(name, price)| price.is_none().then_some(name))
        .collect();
    let (Some(close), true) = (close, missing.is_empty()) else {
        return Err(format!("no number for {}", missing.join(", ")));
    };
    let (adj_close, volume, source) = (None, row.number("v"), SOURCE.to_owned());
    Ok(PriceBar { date, open, high, low, close, adj_close, volume, source, basis: CloseBasis::AsTraded })
}
