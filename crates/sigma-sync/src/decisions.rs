//! What was decided about refused bars, and what has settled itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use sigma_cli::store_error;
use sigma_core::model::PriceBar;
use sigma_store::{QuarantineStatus, QuarantinedBar, Store};

use crate::screening::Judged;

/// The quarantine as it stands before a run. A decision is about the bar of one provider.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    /// Symbol, date, provider.
    accepted: HashSet<(String, NaiveDate, String)>,
    /// Symbol, date, provider and reason.
    dropped: HashSet<(String, NaiveDate, String, String)>,
    /// Symbol, date, provider of bars that were not dropped.
    waiting: HashSet<(String, NaiveDate, String)>,
    /// Bars that nobody has decided about, as they came.
    open: HashMap<(String, NaiveDate, String), PriceBar>,
}

impl Decisions {
    pub fn new(quarantine: Vec<QuarantinedBar>) -> Decisions {
        let mut decisions = Decisions::default();
        for row in quarantine {
            let QuarantinedBar { symbol, date, source, reason, payload, status, .. } = row;
            if status != QuarantineStatus::Dropped {
                decisions.waiting.insert((symbol.clone(), date, source.clone()));
            }
            match status {
                QuarantineStatus::Accepted => drop(decisions.accepted.insert((symbol, date, source))),
                QuarantineStatus::Dropped => drop(decisions.dropped.insert((symbol, date, source, reason))),
                // A bar with a NaN cannot be read back; no bar that comes in is equal to it.
                QuarantineStatus::Open => {
                    if let Ok(bar) = serde_json::from_value(payload) {
                        decisions.open.insert((symbol, date, source), bar);
                    }
                }
            }
        }
        decisions
    }

    /// The sessions of which a bar of the provider was refused, and not dropped by the user.
    pub fn waiting(&self, symbol: &str, source: &str, sessions: &[NaiveDate]) -> Vec<NaiveDate> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let is_waiting =
            |day: &&NaiveDate| self.waiting.contains(&(symbol.to_owned(), **day, source.to_owned()));
        sessions.iter().filter(is_waiting).copied().collect()
    }

    pub fn is_accepted(&self, symbol: &str, bar: &PriceBar) -> bool {
        self.accepted.contains(&(symbol.to_owned(), bar.date, bar.source.clone()))
    }

    pub fn is_dropped(&self, symbol: &str, bar: &PriceBar, reason: &str) -> bool {
        self.dropped.contains(&(symbol.to_owned(), bar.date, bar.source.clone(), reason.to_owned()))
    }

    /// Bars in quarantine that passed this time, since a split explains them now.
    fn settled<'a>(&self, bars: &'a BTreeMap<String, Vec<PriceBar>>) -> Vec<(&'a str, &'a PriceBar)> {
        let passed = bars.iter().flat_map(|(symbol, bars)| bars.iter().map(move |bar| (symbol, bar)));
        let is_settled = |(symbol, bar): &(&String, &PriceBar)| {
            let key = ((*symbol).clone(), bar.date, bar.source.clone());
            self.open.get(&key).is_some_and(|open| open == *bar)
        };
        passed.filter(is_settled).map(|(symbol, bar)| (symbol.as_str(), bar)).collect()
    }

    /// Marks quarantined bars that are stored now.
    pub async fn settle(&self, store: &mut Store, judged: &Judged) -> anyhow::Result<()> {
        if self.open.is_empty() {
            return Ok(());
        }
        let refused: HashSet<(&str, NaiveDate)> =
            judged.refused.iter().map(|(symbol, refused)| (symbol.as_str(), refused.bar.date)).collect();
        for (symbol, bar) in self.settled(&judged.bars) {
            if !refused.contains(&(symbol, bar.date)) {
                let status = QuarantineStatus::Accepted;
                let marked = store.set_quarantine_status_of(symbol, bar.date, &bar.source, status).await;
                marked.map_err(store_error)?;
            }
        }
        Ok(())
    }
}
