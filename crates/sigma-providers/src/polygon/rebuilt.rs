//! Bars that come split-adjusted although raw ones were asked for: turned back with the splits that the service knows.
//! Where it does not tell them, or not clearly, such bars are refused.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{PriceBar, Split};

use super::paging::Page;
use super::{Polygon, actions};
use crate::ask::SessionBars;
use crate::fault::{Fault, FaultKind};
use crate::moment::new_york;
use crate::unadjust::unadjust;

/// What the pages of an answer say of their prices.
#[derive(Debug, Default)]
pub(super) struct Told {
    adjusted: AtomicBool,
    raw: AtomicBool,
}

impl Told {
    /// Of nothing, anything may be said.
    pub fn note(&self, page: &Page) {
        if page.has_rows() {
            let is_adjusted = page.adjusted == Value::Bool(true);
            let told = if is_adjusted { &self.adjusted } else { &self.raw };
            told.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the prices are adjusted; pages of both kinds are neither.
    pub fn is_adjusted(&self, service: &'static str) -> Result<bool, Fault> {
        let (adjusted, raw) = (self.adjusted.load(Ordering::Relaxed), self.raw.load(Ordering::Relaxed));
        match adjusted && raw {
            true => Err(refusal(service, "some pages are so, and others are not")),
            false => Ok(adjusted),
        }
    }
}

fn refusal(service: &'static str, why: &str) -> Fault {
    let detail = format!("split-adjusted prices where raw ones were asked for: {why}");
    Fault::new(service, FaultKind::Malformed, detail)
}

impl Polygon {
    /// Turns the bars of a company back, with the splits under each of its symbols.
    pub(super) async fn rebuild(
        &self,
        bars: &mut [PriceBar],
        symbols: &[String],
        today: NaiveDate,
    ) -> Result<(), Fault> {
        let Some(first) = bars.iter().map(|bar| bar.date).min() else { return Ok(()) };
        let found = actions::splits(&self.service, symbols, first, today.max(first)).await;
        let found = found.map_err(|fault| self.without_splits(&fault))?;
        let mut splits: BTreeMap<NaiveDate, Split> = BTreeMap::new();
        for (symbol, actions) in found {
            if let Some(problem) = actions.problems.first() {
                return Err(refusal(self.service.name(), &format!("splits of {symbol}: {problem}")));
            }
            splits.extend(actions.splits.into_iter().map(|split| (split.date, split)));
        }
        unadjust(bars, &splits.into_values().collect::<Vec<_>>());
        Ok(())
    }

    /// Turns the bars of a session back, with the splits of the whole market since.
    pub(super) async fn rebuild_session(
        &self,
        session: &mut SessionBars,
        date: NaiveDate,
    ) -> Result<(), Fault> {
        let today = new_york(self.service.data_now()).date().max(date);
        let found = actions::market_splits(&self.service, date, today).await;
        let mut found = found.map_err(|fault| self.without_splits(&fault))?;
        for (symbol, bar) in &mut session.bars {
            let splits = found.remove(symbol).unwrap_or_default();
            match splits.problems.first() {
                // Left out below: its symbol is asked for alone.
                Some(problem) => session.problems.push(format!("{symbol}: {problem}")),
                None => unadjust(std::slice::from_mut(bar), &splits.splits),
            }
        }
        session.bars.retain(|_, bar| bar.basis == sigma_core::model::CloseBasis::Rebuilt);
        Ok(())
    }

    fn without_splits(&self, fault: &Fault) -> Fault {
        match fault.kind {
            FaultKind::Auth | FaultKind::RateLimited | FaultKind::QuotaExhausted | FaultKind::Transient => {
                fault.clone()
            }
            _ => refusal(self.service.name(), &format!("its splits are not known: {fault}")),
        }
    }
}
