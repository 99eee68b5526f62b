//! Coverage of the regression window by symbol, and why it falls short.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_cli::store_error;
use sigma_core::analytics::history::{Verdict, observations, verdict};
use sigma_core::analytics::returns::rate_changes;
use sigma_core::model::{Dataset, FactorDefinition, FactorKind};
use sigma_providers::ProviderId;
use sigma_store::{Fetch, QuarantineStatus, Store};

use crate::needs::Needs;
use crate::sources::by_source;
use crate::superseded::Superseding;

/// The window: its sessions with the one before it, and what it asks for.
#[derive(Debug, Clone)]
pub struct Window {
    pub sessions: Vec<NaiveDate>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Returns.
    pub length: usize,
    /// Fewest returns that give a number at all.
    pub min_observations: usize,
}

/// A provider that was asked, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// As printed: `FMP`.
    pub label: String,
    /// `ok`, or the kind of the fault.
    pub outcome: String,
    /// Beginning of the dates that were asked for.
    pub from: Option<NaiveDate>,
    /// The kind of a fault that came after an answer: `RateLimited`.
    pub later: Option<String>,
}

/// Coverage of one symbol or yield series.
#[derive(Debug, Clone)]
pub struct Coverage {
    pub symbol: String,
    pub needed_for: String,
    pub observations: usize,
    pub verdict: Verdict,
    pub first: Option<NaiveDate>,
    pub last: Option<NaiveDate>,
    /// Bars in the window by provider; empty for yields.
    pub sources: String,
    /// A yield series is optional: without it the rate factor is left out.
    pub is_required: bool,
    pub asked: Vec<Asked>,
    /// Refused bars of sessions of the window without a bar that nobody has decided about.
    pub quarantined: usize,
    /// What became of a symbol that is not traded any more: `HZNP was delisted on 2023-10-06`.
    pub fate: Option<String>,
}

const OK: &str = "ok";

impl Coverage {
    /// What every provider said: `Polygon: ok from 2024-03-01; FMP: PlanSymbol`. Nothing when the window is covered.
    pub fn why(&self) -> Option<String> {
        if self.verdict == Verdict::Sufficient {
            return None;
        }
        let told = |asked: &Asked| {
            let from = asked.from.filter(|_| asked.outcome == OK);
            let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
            let later = asked.later.as_ref().map(|later| format!(", then {later}")).unwrap_or_default();
            format!("{}: {}{from}{later}", asked.label, asked.outcome)
        };
        let mut parts: Vec<String> = self.asked.iter().map(told).collect();
        if parts.is_empty() {
            parts.push(NEVER_ASKED.to_owned());
        }
        parts.extend(self.in_quarantine());
        parts.extend(self.fate.clone());
        Some(parts.join("; "))
    }

    /// The same without dates, so that symbols with one cause can be counted together: `PlanSymbol (FMP)`.
    pub fn cause(&self) -> String {
        let fault = |asked: &Asked| {
            let kind = if asked.outcome == OK { asked.later.clone()? } else { asked.outcome.clone() };
            Some(format!("{kind} ({})", asked.label))
        };
        let mut parts: Vec<String> = self.asked.iter().filter_map(fault).collect();
        if parts.is_empty() {
            let labels: Vec<&str> = self.asked.iter().map(|asked| asked.label.as_str()).collect();
            parts.push(match labels.as_slice() {
                [] => NEVER_ASKED.to_owned(),
                labels => format!("no more data ({})", labels.join(", ")),
            });
        }
        if self.quarantined > 0 {
            parts.push("bars in quarantine".to_owned());
        }
        if self.fate.is_some() {
            parts.push("not traded any more".to_owned());
        }
        parts.join(", ")
    }

    fn in_quarantine(&self) -> Option<String> {
        match self.quarantined {
            0 => None,
            1 => Some("1 bar in quarantine".to_owned()),
            n => Some(format!("{n} bars in quarantine")),
        }
    }
}

const NEVER_ASKED: &str = "no request on record";

/// The coverage of every needed symbol, then of the yields.
pub async fn coverage(
    store: &mut Store,
    needs: &Needs,
    factors: &[FactorDefinition],
    window: &Window,
) -> anyhow::Result<Vec<Coverage>> {
    let fetches = store.fetches().await.map_err(store_error)?;
    let mut rows = of_prices(store, needs, &fetches, window).await?;
    rows.extend(of_yields(store, factors, &fetches, window).await?);
    Ok(rows)
}

async fn of_prices(
    store: &mut Store,
    needs: &Needs,
    fetches: &[Fetch],
    window: &Window,
) -> anyhow::Result<Vec<Coverage>> {
    let symbols: Vec<String> = needs.keys().cloned().collect();
    let instruments = store.instruments_by_symbol(&symbols).await.map_err(store_error)?;
    let market = store.market(&instruments, window.from, window.to).await.map_err(store_error)?;
    let quarantined = quarantined(store, window.from, window.to).await?;
    let row = |symbol: &String, purposes: Vec<&str>| {
        let history = market.history(symbol);
        let count = history.map_or(0, |history| observations(history, &window.sessions));
        let bars = history.map_or(&[][..], |history| &history.bars);
        Coverage {
            symbol: symbol.clone(),
            needed_for: purposes.join(", "),
            observations: count,
            verdict: verdict(count, window.length, window.min_observations),
            first: bars.first().map(|bar| bar.date),
            last: bars.last().map(|bar| bar.date),
            sources: by_source(bars),
            is_required: true,
            asked: asked(fetches, symbol, Dataset::Prices),
            quarantined: quarantined.get(symbol).copied().unwrap_or(0),
            fate: fate(fetches, symbol),
        }
    };
    Ok(needs.iter().map(|(symbol, purposes)| row(symbol, purposes.iter().copied().collect())).collect())
}

async fn of_yields(
    store: &mut Store,
    factors: &[FactorDefinition],
    fetches: &[Fetch],
    window: &Window,
) -> anyhow::Result<Vec<Coverage>> {
    let series: Vec<String> =
        factors.iter().filter(|f| f.kind == FactorKind::Rates).map(|f| f.proxy.clone()).collect();
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let stored = store.rates(&series, window.from, window.to).await.map_err(store_error)?;
    let row = |name: String| {
        let points = stored.get(&name).map_or(&[][..], Vec::as_slice);
        let count = rate_changes(points, &window.sessions).iter().flatten().count();
        Coverage {
            needed_for: "factor (optional)".to_owned(),
            observations: count,
            verdict: verdict(count, window.length, window.min_observations),
            first: points.first().map(|point| point.date),
            last: points.last().map(|point| point.date),
            sources: String::new(),
            is_required: false,
            asked: asked(fetches, &name, Dataset::Rates),
            quarantined: 0,
            fate: None,
            symbol: name,
        }
    };
    Ok(series.into_iter().map(row).collect())
}

/// In the order in which providers are asked.
fn asked(fetches: &[Fetch], subject: &str, dataset: Dataset) -> Vec<Asked> {
    let mut found: Vec<&Fetch> =
        fetches.iter().filter(|fetch| fetch.subject == subject && fetch.dataset == dataset).collect();
    found.sort_by_key(|fetch| ProviderId::parse(&fetch.source));
    let told = |fetch: &Fetch| Asked {
        label: ProviderId::parse(&fetch.source)
            .map_or_else(|| fetch.source.clone(), |id| id.entry().label.to_owned()),
        outcome: fetch.outcome.clone(),
        from: fetch.from,
        later: later(fetch),
    };
    found.into_iter().map(told).collect()
}

/// `then RateLimited (Polygon 429): too many`, which `sigma-sync` notes beside an answer that stays known.
fn later(fetch: &Fetch) -> Option<String> {
    let told = fetch.detail.strip_prefix("then ").filter(|_| fetch.outcome == OK)?;
    told.split(' ').next().map(str::to_owned)
}

/// Whoever knows no profile of a symbol may know how it ended.
fn fate(fetches: &[Fetch], symbol: &str) -> Option<String> {
    let of_symbol = fetches.iter().filter(|f| f.subject == symbol && f.dataset == Dataset::Profile);
    let ends = [format!("{symbol} was delisted "), format!("{symbol} trades as ")];
    let mut details = of_symbol.map(|fetch| &fetch.detail);
    details.find(|detail| ends.iter().any(|end| detail.starts_with(end))).cloned()
}

/// Bars in quarantine between two dates that nobody has decided about, by symbol: of sessions without a bar.
pub async fn quarantined(
    store: &mut Store,
    from: NaiveDate,
    to: NaiveDate,
) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    let mut refused = store.quarantine(Some(QuarantineStatus::Open)).await.map_err(store_error)?;
    refused.retain(|bar| from <= bar.date && bar.date <= to);
    let superseding = Superseding::of(store, &refused).await?;
    for bar in refused.into_iter().filter(|bar| !superseding.is_superseded(bar)) {
        *counts.entry(bar.symbol).or_default() += 1;
    }
    Ok(counts)
}
