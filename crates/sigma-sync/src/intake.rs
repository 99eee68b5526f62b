//! The way of every row: judged, counted, stored, known.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sigma_core::analytics::screen::Refused;
use sigma_core::calendar::Calendar;
use sigma_core::model::Issue;
use sigma_providers::RowProblem;
use sigma_store::Store;

use crate::corrections;
use crate::offer::Offered;
use crate::save::{Totals, store_batch};
use crate::screening::{self, Known};
use crate::state::State;

/// What came in during a run.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// Nothing is written.
    pub is_dry: bool,
    pub totals: Totals,
    pub symbols: BTreeSet<String>,
    pub bars: usize,
    /// Those of them that are no last prices.
    pub daily_bars: usize,
    /// Symbols, and rows.
    pub splits: (usize, usize),
    pub dividends: (usize, usize),
    pub quotes: usize,
    pub contracts: BTreeSet<String>,
    pub rates: usize,
    pub series: BTreeSet<String>,
    pub profiles: usize,
    pub problems: Vec<RowProblem>,
    pub refused: Vec<(String, Refused)>,
    /// What happened to stored splits and dividends, and what is left to do about them.
    pub notes: Vec<String>,
    pub issues: Vec<Issue>,
    /// Contracts with quotes on days without a session, which were left out.
    pub closed_days: BTreeMap<String, Vec<NaiveDate>>,
}

impl Intake {
    /// Judges what a provider offered, stores what passed and takes note of it.
    pub async fn take(
        &mut self,
        store: &mut Store,
        state: &mut State,
        mut offered: Offered,
        calendar: &Calendar,
    ) -> anyhow::Result<()> {
        corrections::settle(&mut offered, state);
        let State { histories, decisions, .. } = &*state;
        let judged = screening::judge(&mut offered, &Known { histories, decisions, calendar });
        if !self.is_dry {
            offered.fetches.extend(state.redownloads(&offered, &judged));
            store_batch(store, state, &offered, &judged, &mut self.totals).await?;
            state.decisions.settle(store, &judged).await?;
        }
        state.absorb(&offered, &judged);

        self.symbols.extend(judged.bars.keys().cloned());
        self.bars += judged.bars.values().map(Vec::len).sum::<usize>();
        self.daily_bars += judged.bars.values().flatten().filter(|bar| !bar.is_provisional()).count();
        add(&mut self.splits, &offered.splits);
        add(&mut self.dividends, &offered.dividends);
        self.contracts.extend(judged.quotes.keys().cloned());
        self.quotes += judged.quotes.values().map(Vec::len).sum::<usize>();
        self.series.extend(offered.rates.keys().cloned());
        self.rates += offered.rates.values().map(Vec::len).sum::<usize>();
        self.profiles += offered.securities.len() + offered.contracts.len();
        self.problems.extend(offered.problems);
        self.notes.extend(offered.notes);
        self.issues.extend(offered.issues);
        self.refused.extend(judged.refused);
        self.closed_days.extend(judged.closed_days);
        Ok(())
    }

    /// Whether any row of data came in.
    pub fn is_empty(&self) -> bool {
        self.bars + self.quotes + self.rates + self.profiles + self.splits.1 + self.dividends.1 == 0
    }
}

fn add<T>((symbols, rows): &mut (usize, usize), new: &BTreeMap<String, Vec<T>>) {
    *symbols += new.len();
    *rows += new.values().map(Vec::len).sum::<usize>();
}
