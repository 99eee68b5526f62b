//! What is known during a run. It grows with what comes in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_cli::{App, store_error};
use sigma_core::model::{Dividend, Instrument, InstrumentKind, OptionQuote, PriceBar, PriceHistory, Split};
use sigma_store::Store;

use crate::args::{Datasets, SyncArgs};
use crate::coverage::Covered;
use crate::decisions::Decisions;
use crate::memory::Memory;
use crate::needs::{Needs, Stored};
use crate::offer::Offered;
use crate::screening::{Judged, LOOK_BACK};

/// Stored data, and over them what the run has brought.
pub struct State {
    pub stored: Stored,
    pub needs: Needs,
    pub histories: HashMap<String, PriceHistory>,
    pub covered: Covered,
    /// The part of it that this run has brought.
    pub fresh: Covered,
    /// The first stored bar of a symbol, however old.
    pub first_bars: HashMap<String, NaiveDate>,
    pub decisions: Decisions,
    pub memory: Memory,
    /// Splits that were not known before the run, of symbols with older bars.
    pub new_splits: BTreeMap<String, Vec<Split>>,
    /// Dates whose bars are older than a new split and have not been downloaded again.
    pub outdated: HashMap<String, BTreeSet<NaiveDate>>,
}

/// Loads what decides about needs, and the stored rows that new ones are judged by and counted with.
pub async fn load(
    app: &App,
    store: &mut Store,
    args: &SyncArgs,
    datasets: Datasets,
    (stored, needs): (Stored, Needs),
) -> anyhow::Result<State> {
    let memory = Memory::new(store.fetches().await.map_err(store_error)?, app.clock.now(), args.refresh);
    let decisions = Decisions::new(store.quarantine(None).await.map_err(store_error)?);
    let mut state = State {
        stored,
        needs,
        histories: HashMap::new(),
        covered: Covered::default(),
        fresh: Covered::default(),
        first_bars: HashMap::new(),
        decisions,
        memory,
        new_splits: BTreeMap::new(),
        outdated: HashMap::new(),
    };
    if datasets.prices || datasets.actions {
        state.load_histories(store).await?;
    }
    if datasets.options {
        state.load_quotes(store).await?;
    }
    if datasets.rates {
        let series: Vec<String> = state.needs.series.iter().cloned().collect();
        let stored = store.rates(&series, state.needs.start, state.needs.to).await.map_err(store_error)?;
        for (series, points) in stored {
            state.covered.rates.entry(series).or_default().extend(points.iter().map(|point| point.date));
        }
    }
    Ok(state)
}

impl State {
    async fn load_histories(&mut self, store: &mut Store) -> anyhow::Result<()> {
        let asked = self.needs.asked();
        let ids = self.ids_of(|symbol| asked.contains(symbol));
        let from = self.needs.start.checked_sub_days(LOOK_BACK).unwrap_or(self.needs.start);
        let keys: Vec<i64> = ids.keys().copied().collect();
        for cover in store.price_coverage().await.map_err(store_error)? {
            if let Some(symbol) = ids.get(&cover.instrument_id) {
                self.first_bars.insert(symbol.clone(), cover.first);
            }
        }
        for (id, history) in store.price_histories(&keys, from, self.needs.to).await.map_err(store_error)? {
            if let Some(symbol) = ids.get(&id) {
                let dates = history.bars.iter().map(|bar| bar.date);
                self.covered.bars.entry(symbol.clone()).or_default().extend(dates);
                self.take_unfinished_splits(symbol, &history);
                self.histories.insert(symbol.clone(), history);
            }
        }
        Ok(())
    }

    async fn load_quotes(&mut self, store: &mut Store) -> anyhow::Result<()> {
        let contracts = &self.needs.contracts;
        let ids = self.ids_of(|symbol| contracts.contains(symbol));
        let keys: Vec<i64> = ids.keys().copied().collect();
        let stored = store.option_quotes(&keys, self.needs.start, self.needs.to).await;
        for (id, quotes) in stored.map_err(store_error)? {
            if let Some(symbol) = ids.get(&id) {
                self.take_quotes(symbol, &quotes);
            }
        }
        Ok(())
    }

    fn ids_of(&self, wanted: impl Fn(&str) -> bool) -> HashMap<i64, String> {
        let instruments = self.stored.instruments.iter().filter(|i| wanted(&i.symbol));
        instruments.map(|i| (i.id, i.symbol.clone())).collect()
    }

    pub fn instrument(&self, symbol: &str) -> Option<&Instrument> {
        let at = self.stored.instruments.binary_search_by(|known| known.symbol.as_str().cmp(symbol)).ok()?;
        self.stored.instruments.get(at)
    }

    /// What is known of the kind of a symbol; that it is a stock is only assumed until a profile tells.
    pub fn kind(&self, symbol: &str) -> Option<InstrumentKind> {
        let stored = self.instrument(symbol);
        let is_told = |i: &&Instrument| i.kind != InstrumentKind::Stock || i.name.is_some();
        stored.filter(is_told).map(|i| i.kind).or_else(|| self.needs.kind_of(symbol))
    }

    /// Whether only the last price of a session is known, which its official close is to replace.
    pub fn is_provisional_on(&self, symbol: &str, date: NaiveDate) -> bool {
        let bar = self.histories.get(symbol).and_then(|history| history.on(date));
        bar.is_some_and(|bar| bar.source.ends_with("-quote"))
    }

    /// Whether a stored bar is asked for again, and has not been brought by this run.
    pub fn is_to_refresh(&self, symbol: &str, date: NaiveDate) -> bool {
        let is_fresh = self.fresh.bars.get(symbol).is_some_and(|dates| dates.contains(&date));
        self.memory.is_refreshing() && !is_fresh
    }

    /// Takes note of what was accepted.
    pub fn absorb(&mut self, offered: &Offered, judged: &Judged) {
        for (symbol, splits) in &offered.splits {
            self.take_splits(symbol, splits);
        }
        for (symbol, dividends) in &offered.dividends {
            let known = &mut self.histories.entry(symbol.clone()).or_default().dividends;
            merge(known, dividends, |dividend: &Dividend| dividend.ex_date);
        }
        for (symbol, bars) in &judged.bars {
            merge(&mut self.histories.entry(symbol.clone()).or_default().bars, bars, |bar: &PriceBar| {
                bar.date
            });
            let dates = bars.iter().map(|bar| bar.date);
            self.covered.bars.entry(symbol.clone()).or_default().extend(dates.clone());
            self.fresh.bars.entry(symbol.clone()).or_default().extend(dates);
            if let Some(outdated) = self.outdated.get_mut(symbol) {
                outdated.retain(|date| bars.binary_search_by_key(date, |bar| bar.date).is_err());
            }
        }
        for (symbol, quotes) in &judged.quotes {
            self.take_quotes(symbol, quotes);
            let dates = quotes.iter().map(|quote| quote.date);
            self.fresh.quotes.entry(symbol.clone()).or_default().extend(dates);
        }
        for (series, points) in &offered.rates {
            let dates = points.iter().map(|point| point.date);
            self.covered.rates.entry(series.clone()).or_default().extend(dates);
        }
    }

    /// A split without a bar since it: the run that brought it was stopped, or could not get the bars. It is still new.
    fn take_unfinished_splits(&mut self, symbol: &str, history: &PriceHistory) {
        let Some(last) = history.bars.last() else { return };
        let unfinished = history.splits.iter().filter(|split| last.date < split.date);
        for split in unfinished.filter(|split| split.date <= self.needs.to) {
            self.new_splits.entry(symbol.to_owned()).or_default().push(split.clone());
            let dates = history.bars.iter().map(|bar| bar.date);
            self.outdated.entry(symbol.to_owned()).or_default().extend(dates);
        }
    }

    /// A split that is new outdates the bars before it: a provider restates them.
    fn take_splits(&mut self, symbol: &str, splits: &[Split]) {
        let history = self.histories.entry(symbol.to_owned()).or_default();
        for split in splits {
            let is_known = history.splits.iter().any(|known| known.date == split.date);
            let older: BTreeSet<NaiveDate> =
                history.bars.iter().map(|bar| bar.date).filter(|date| *date < split.date).collect();
            if !is_known && !older.is_empty() && split.date <= self.needs.to {
                self.new_splits.entry(symbol.to_owned()).or_default().push(split.clone());
                self.outdated.entry(symbol.to_owned()).or_default().extend(older);
            }
        }
        merge(&mut history.splits, splits, |split: &Split| split.date);
    }

    fn take_quotes(&mut self, symbol: &str, quotes: &[OptionQuote]) {
        let dates = quotes.iter().filter(|quote| quote.mark().is_some()).map(|quote| quote.date);
        self.covered.quotes.entry(symbol.to_owned()).or_default().extend(dates);
    }
}

/// Adds rows to rows, by ascending date; new ones take the place of old ones of their date.
fn merge<T: Clone>(known: &mut Vec<T>, new: &[T], date: impl Fn(&T) -> NaiveDate) {
    let mut merged: BTreeMap<NaiveDate, T> = known.drain(..).map(|row| (date(&row), row)).collect();
    merged.extend(new.iter().map(|row| (date(row), row.clone())));
    known.extend(merged.into_values());
}
