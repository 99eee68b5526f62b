//! Quotes of option contracts.
//!
//! The snapshot of a chain tells bid, ask, volatility, open interest and Greeks, but only of now: it serves the session
//! that was open last. Sessions before it, and plans without snapshots, have the daily closes of each contract.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    ExerciseStyle, InstrumentKind, OccSymbol, OptionKind, OptionQuote, exercise_style_of, parse_occ,
};

use super::rebuilt::Told;
use super::row::Row;
use super::snapshot::{empty, quote};
use super::{Polygon, bars, paging};
use crate::ask::{Quotes, QuotesAsk};
use crate::fault::{Fault, FaultKind};
use crate::moment::new_york;
use crate::symbols::{Dialect, canonical, spell};

/// The most that the service takes.
const CONTRACTS_PER_PAGE: &str = "250";

/// A contract and the dates that it is asked for.
struct Wanted {
    occ: OccSymbol,
    from: NaiveDate,
    to: NaiveDate,
    /// The session that snapshots tell of is among them, or before them.
    is_of_snapshot: bool,
}

/// What is asked for, and what is found so far.
struct Search {
    wanted: BTreeMap<String, Wanted>,
    /// The date of each contract in the snapshot.
    dates: BTreeMap<String, NaiveDate>,
    /// Contracts about which nothing more is to be asked.
    asked: BTreeSet<String>,
    found: Quotes,
}

impl Polygon {
    pub(super) async fn fetch_quotes(&self, underlying: &str, asks: &[QuotesAsk]) -> Result<Quotes, Fault> {
        let now = new_york(self.service.data_now());
        let mut search = Search::of(asks, last_opened(now));
        let ending = match self.snapshot(underlying, &mut search).await {
            Ok(()) => self.closes(&mut search, now.date()).await,
            fault => fault,
        };
        search.end(ending)
    }

    /// The contracts whose dates reach to the session that snapshots tell of. One request for the strikes of each expiry:
    /// a range over all expiries would bring whole chains between them. A plan without snapshots is told once and not
    /// asked again.
    async fn snapshot(&self, underlying: &str, search: &mut Search) -> Result<(), Fault> {
        let kind = is_index(underlying).then_some(InstrumentKind::Index);
        let spelled = spell(underlying, kind, Dialect::Polygon);
        let is_refused = self.refuses_snapshots.of(&spelled);
        if is_refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut by_expiry: BTreeMap<NaiveDate, Vec<OccSymbol>> = BTreeMap::new();
        for Wanted { occ, .. } in search.wanted.values().filter(|wanted| wanted.is_of_snapshot) {
            by_expiry.entry(occ.expiry).or_default().push(occ.clone());
        }
        for (expiry, contracts) in by_expiry {
            let query = chain_query(contracts.iter(), expiry);
            let request = self.service.request(&["v3", "snapshot", "options", &spelled], &query);
            match paging::plain_rows(&self.service, request).await {
                Ok(rows) => rows.iter().for_each(|row| search.take(Row(row))),
                Err(fault) if fault.kind == FaultKind::PlanEndpoint => {
                    is_refused.store(true, Ordering::Relaxed);
                    let told = format!("closes only: snapshots of {underlying}: {fault}");
                    search.found.problems.push(told);
                    return Ok(());
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Daily closes of the sessions that the snapshot does not tell. A fault of one contract is set down with it; one
    /// that every further request would meet ends the asking.
    async fn closes(&self, search: &mut Search, today: NaiveDate) -> Result<(), Fault> {
        let symbols: Vec<String> = search.wanted.keys().cloned().collect();
        for symbol in symbols {
            let Some((from, to)) = search.untold(&symbol) else {
                search.asked.insert(symbol);
                continue;
            };
            // Closes of a contract are never adjusted, whatever the answer says.
            let told = Told::default();
            match self.daily_rows(&told, &format!("O:{symbol}"), from, to, today).await {
                Ok((rows, until)) => {
                    search.take_closes(&symbol, bars::parse(&rows, from, until));
                    if until < to {
                        search.found.problems.push(format!("{symbol}: {}", bars::until_yesterday(until)));
                    }
                }
                Err(fault) if is_about_contract(fault.kind) => {
                    search.found.faults.push((symbol.clone(), fault));
                }
                Err(fault) => return Err(fault),
            }
            search.asked.insert(symbol);
        }
        Ok(())
    }
}

/// Faults after which the other contracts are still worth asking for.
fn is_about_contract(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::PlanSymbol
            | FaultKind::PlanTimeframe
            | FaultKind::NotFound
            | FaultKind::NoData
            | FaultKind::BadRequest
            | FaultKind::Malformed
    )
}

/// Underlyings that are no shares: their options are settled in cash.
fn is_index(underlying: &str) -> bool {
    exercise_style_of(underlying) == ExerciseStyle::European || underlying == "OEX"
}

/// The last session that had begun: a snapshot tells of it.
fn last_opened(now: NaiveDateTime) -> Option<NaiveDate> {
    let opening = NaiveTime::from_hms_opt(9, 30, 0)?;
    let date = if now.time() >= opening { now.date() } else { now.date().pred_opt()? };
    Calendar::nyse().session_on_or_before(date).ok()
}

/// The part of a chain that holds the wanted contracts of one expiry.
pub(super) fn chain_query<'a>(
    wanted: impl Iterator<Item = &'a OccSymbol>,
    expiry: NaiveDate,
) -> Vec<(&'static str, String)> {
    let (mut lowest, mut highest) = (f64::INFINITY, 0.0_f64);
    let mut kinds = BTreeSet::new();
    for occ in wanted {
        (lowest, highest) = (lowest.min(occ.strike), highest.max(occ.strike));
        kinds.insert(occ.kind);
    }
    let mut query = vec![
        ("expiration_date", expiry.to_string()),
        ("strike_price.gte", lowest.to_string()),
        ("strike_price.lte", highest.to_string()),
        ("limit", CONTRACTS_PER_PAGE.to_owned()),
    ];
    if let (Some(kind), 1) = (kinds.first(), kinds.len()) {
        let name = if *kind == OptionKind::Call { "call" } else { "put" };
        query.push(("contract_type", name.to_owned()));
    }
    query
}

impl Search {
    /// `told` is the session that snapshots tell of.
    fn of(asks: &[QuotesAsk], told: Option<NaiveDate>) -> Search {
        let (mut wanted, mut found) = (BTreeMap::new(), Quotes::default());
        for QuotesAsk { contract, from, to } in asks {
            match parse_occ(contract) {
                Some(occ) => {
                    let is_of_snapshot = told.is_none_or(|session| session <= *to);
                    wanted.insert(contract.clone(), Wanted { occ, from: *from, to: *to, is_of_snapshot });
                }
                None => found.problems.push(format!("{contract}: not an option symbol")),
            }
        }
        Search { wanted, dates: BTreeMap::new(), asked: BTreeSet::new(), found }
    }

    /// What there is to hand over. What was found is paid for: a fault that ended the asking is that of the contracts
    /// that were still to be asked about. Only a refused key, or nothing but faults, is a fault of the whole.
    fn end(mut self, ending: Result<(), Fault>) -> Result<Quotes, Fault> {
        if let Err(fault) = ending {
            if fault.kind == FaultKind::Auth || self.found.quotes.is_empty() {
                return Err(fault);
            }
            let open: Vec<String> = self
                .wanted
                .keys()
                .filter(|symbol| !self.asked.contains(*symbol) && self.untold(symbol).is_some())
                .cloned()
                .collect();
            self.found.faults.extend(open.into_iter().map(|symbol| (symbol, fault.clone())));
        }
        if let Some((_, fault)) = self.found.faults.first()
            && self.found.quotes.is_empty()
            && self.found.faults.len() == self.wanted.len()
        {
            return Err(fault.clone());
        }
        for quotes in self.found.quotes.values_mut() {
            quotes.sort_by_key(|quote| quote.date);
        }
        Ok(self.found)
    }

    /// Takes one contract of a snapshot, if it is wanted and quoted between the dates.
    fn take(&mut self, row: Row<'_>) {
        let symbol = row.object("details").text("ticker").map(|ticker| canonical(ticker, Dialect::Polygon));
        let symbol = symbol.unwrap_or_default();
        let Some(&Wanted { from, to, is_of_snapshot, .. }) = self.wanted.get(&symbol) else {
            if parse_occ(&symbol).is_none() {
                self.found.problems.push(format!("\"{symbol}\" is not an option symbol"));
            }
            return;
        };
        // Another contract with a strike between those asked for.
        if !is_of_snapshot {
            return;
        }
        let mut problems = Vec::new();
        let quote = quote(row, &mut problems);
        self.found.problems.extend(problems.into_iter().map(|problem| format!("{symbol}: {problem}")));
        let Some(quote) = quote else { return };
        let date = quote.date;
        if self.dates.insert(symbol.clone(), date).is_some() {
            self.found.problems.push(format!("{symbol}: a second row in the snapshot"));
        } else if date < from || date > to {
            self.found.problems.push(format!("{symbol}: the snapshot is of {date}, outside {from} to {to}"));
        } else {
            self.found.quotes.entry(symbol).or_default().push(quote);
        }
    }

    /// The dates with sessions that the snapshot left out for a contract.
    fn untold(&self, symbol: &str) -> Option<(NaiveDate, NaiveDate)> {
        let Wanted { occ, from, to, .. } = self.wanted.get(symbol)?;
        let last = occ.expiry.min(*to);
        let last = match self.dates.get(symbol) {
            // Nothing was traded since.
            Some(date) if date < from => return None,
            Some(date) if date <= to => last.min(date.pred_opt()?),
            _ => last,
        };
        let has_session = Calendar::nyse().session_on_or_after(*from).is_ok_and(|first| first <= last);
        has_session.then_some((*from, last))
    }

    fn take_closes(&mut self, symbol: &str, bars::Parsed { bars, problems, .. }: bars::Parsed) {
        self.found.problems.extend(problems.into_iter().map(|problem| format!("{symbol}: {problem}")));
        for bar in bars {
            match bar.close > 0.0 {
                true => {
                    let quote = OptionQuote { close: Some(bar.close), ..empty(bar.date) };
                    self.found.quotes.entry(symbol.to_owned()).or_default().push(quote);
                }
                false => {
                    self.found.problems.push(format!("{symbol}: a close of {} on {}", bar.close, bar.date))
                }
            }
        }
    }
}
