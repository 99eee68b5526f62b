//! What is known during a run. It grows with what comes in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_cli::{App, store_error};
use sigma_core::analytics::screen::Refused;
use sigma_core::model::{Dividend, Instrument, InstrumentKind, OptionQuote, PriceBar, PriceHistory, Split};
use sigma_providers::ProviderId;
use sigma_store::{Fetch, SourcedDividend, SourcedSplit, Store};

use crate::args::{Datasets, SyncArgs};
use crate::coverage::Covered;
use crate::decisions::Decisions;
use crate::events::{Event, Events, Told, Withdrawn};
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
    /// The last bar of a symbol that was stored before the run.
    pub last_bars: HashMap<String, NaiveDate>,
    pub decisions: Decisions,
    pub memory: Memory,
    /// Splits that were not known before the run, of symbols with older bars.
    pub new_splits: BTreeMap<String, Vec<Split>>,
    /// Dates whose bars are older than a new split and have not been downloaded again.
    pub outdated: HashMap<String, BTreeSet<NaiveDate>>,
    /// Sessions of which this run was offered a daily bar that is in quarantine, by symbol.
    pub refused: HashMap<String, BTreeSet<NaiveDate>>,
    /// Stored splits and dividends with who told them.
    pub events: Events,
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
        last_bars: HashMap::new(),
        decisions,
        memory,
        new_splits: BTreeMap::new(),
        outdated: HashMap::new(),
        refused: HashMap::new(),
        events: Events::default(),
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
        let (splits, dividends) =
            store.corporate_actions(&keys, sigma_core::calendar::LAST_DATE).await.map_err(store_error)?;
        for SourcedSplit { instrument_id, split, source } in splits {
            if let Some(symbol) = ids.get(&instrument_id) {
                let told = Told { event: split, source };
                self.events.splits.entry(symbol.clone()).or_default().push(told);
            }
        }
        for SourcedDividend { instrument_id, dividend, source } in dividends {
            if let Some(symbol) = ids.get(&instrument_id) {
                let told = Told { event: dividend, source };
                self.events.dividends.entry(symbol.clone()).or_default().push(told);
            }
        }
        for (id, history) in store.price_histories(&keys, from, self.needs.to).await.map_err(store_error)? {
            if let Some(symbol) = ids.get(&id) {
                self.last_bars.extend(history.bars.last().map(|bar| (symbol.clone(), bar.date)));
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
        bar.is_some_and(PriceBar::is_provisional)
    }

    /// Whether a stored bar is asked for again, and has not been brought by this run.
    pub fn is_to_refresh(&self, symbol: &str, date: NaiveDate) -> bool {
        let is_fresh = self.fresh.bars.get(symbol).is_some_and(|dates| dates.contains(&date));
        self.memory.is_refreshing() && !is_fresh
    }

    /// Takes note of what was accepted.
    pub fn absorb(&mut self, offered: &Offered, judged: &Judged) {
        self.take_back(&offered.withdrawn);
        for (symbol, splits) in &offered.splits {
            self.take_splits(symbol, splits);
            note_source(self.events.splits.entry(symbol.clone()).or_default(), splits, offered.source);
        }
        for (symbol, dividends) in &offered.dividends {
            note_source(self.events.dividends.entry(symbol.clone()).or_default(), dividends, offered.source);
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
        for (symbol, Refused { bar, reason, .. }) in &judged.refused {
            if !self.decisions.is_dropped(symbol, bar, reason.as_str()) {
                self.refused.entry(symbol.clone()).or_default().insert(bar.date);
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

    /// A split whose run was stopped, or could not get the bars before it again: it is still new. So is one without a bar
    /// since it of which no such run is known.
    fn take_unfinished_splits(&mut self, symbol: &str, history: &PriceHistory) {
        let Some(last) = history.bars.last() else { return };
        for split in history.splits.iter().filter(|split| split.date <= self.needs.to) {
            let is_pending = self.memory.is_to_redownload(symbol, split.date);
            if !is_pending.unwrap_or(last.date < split.date) {
                continue;
            }
            let older: Vec<NaiveDate> =
                history.bars.iter().map(|bar| bar.date).filter(|date| *date < split.date).collect();
            if !older.is_empty() {
                self.new_splits.entry(symbol.to_owned()).or_default().push(split.clone());
                self.outdated.entry(symbol.to_owned()).or_default().extend(older);
            }
        }
    }

    /// The rows that remember for later runs whose bars are to be downloaded again, and whose were. They are stored with
    /// the splits and the bars that they are about: whenever a run is stopped, the next one knows.
    pub fn redownloads(&mut self, offered: &Offered, judged: &Judged) -> Vec<Fetch> {
        let mut rows = Vec::new();
        let symbols: BTreeSet<&String> = offered.splits.keys().chain(judged.bars.keys()).collect();
        for symbol in symbols {
            let new = offered.splits.get(symbol).map_or(&[][..], Vec::as_slice);
            let new: Vec<&Split> = new.iter().filter(|split| self.is_outdating(symbol, split)).collect();
            let is_brought = |date: &NaiveDate| {
                judged.bars.get(symbol).is_some_and(|bars| bars.iter().any(|bar| bar.date == *date))
            };
            let mut waiting = self.outdated.get(symbol).cloned().unwrap_or_default();
            waiting.extend(new.iter().flat_map(|split| self.bars_before(symbol, split.date)));
            let is_done = match offered.redownloaded.contains(symbol) {
                true => waiting.iter().any(is_brought),
                false => waiting.iter().all(is_brought),
            };
            let dates = new.iter().map(|split| split.date);
            if is_done {
                rows.extend(self.memory.redownloaded(symbol));
            } else if let Some(splits) = dates.clone().min().zip(dates.max()) {
                rows.push(self.memory.await_redownload(symbol, splits));
            }
        }
        rows
    }

    /// Whether a split is new, and older than it are bars that a provider restates.
    fn is_outdating(&self, symbol: &str, split: &Split) -> bool {
        let is_known = |history: &PriceHistory| history.splits.iter().any(|known| known.date == split.date);
        !self.histories.get(symbol).is_some_and(is_known)
            && split.date <= self.needs.to
            && !self.bars_before(symbol, split.date).is_empty()
    }

    fn bars_before(&self, symbol: &str, date: NaiveDate) -> Vec<NaiveDate> {
        let bars = self.histories.get(symbol).map_or(&[][..], |history| &history.bars);
        bars.iter().map(|bar| bar.date).filter(|day| *day < date).collect()
    }

    /// Forgets splits and dividends that are not told any more.
    fn take_back(&mut self, withdrawn: &Withdrawn) {
        for (symbol, splits) in &withdrawn.splits {
            let is_left = |split: &Split| !splits.contains(split);
            if let Some(history) = self.histories.get_mut(symbol) {
                history.splits.retain(is_left);
            }
            if let Some(told) = self.events.splits.get_mut(symbol) {
                told.retain(|told| is_left(&told.event));
            }
            if let Some(new) = self.new_splits.get_mut(symbol) {
                new.retain(is_left);
                if new.is_empty() {
                    self.new_splits.remove(symbol);
                    self.outdated.remove(symbol);
                }
            }
        }
        for (symbol, dividends) in &withdrawn.dividends {
            let is_left = |dividend: &Dividend| !dividends.contains(dividend);
            if let Some(history) = self.histories.get_mut(symbol) {
                history.dividends.retain(is_left);
            }
            if let Some(told) = self.events.dividends.get_mut(symbol) {
                told.retain(|told| is_left(&told.event));
            }
        }
    }

    /// A split that is new outdates the bars before it: a provider restates them.
    fn take_splits(&mut self, symbol: &str, splits: &[Split]) {
        for split in splits.iter().filter(|split| self.is_outdating(symbol, split)).collect::<Vec<_>>() {
            let older = self.bars_before(symbol, split.date);
            self.new_splits.entry(symbol.to_owned()).or_default().push(split.clone());
            self.outdated.entry(symbol.to_owned()).or_default().extend(older);
        }
        let history = self.histories.entry(symbol.to_owned()).or_default();
        merge(&mut history.splits, splits, |split: &Split| split.date);
    }

    fn take_quotes(&mut self, symbol: &str, quotes: &[OptionQuote]) {
        let dates = quotes.iter().filter(|quote| quote.mark().is_some()).map(|quote| quote.date);
        self.covered.quotes.entry(symbol.to_owned()).or_default().extend(dates);
    }
}

/// Notes who told events: whoever tells one of a date anew has told it.
fn note_source<E: Event>(known: &mut Vec<Told<E>>, events: &[E], source: ProviderId) {
    known.retain(|told| !events.iter().any(|event| event.date() == told.event.date()));
    known.extend(events.iter().map(|event| Told { event: event.clone(), source: source.name().to_owned() }));
}

/// Adds rows to rows, by ascending date; new ones take the place of old ones of their date.
fn merge<T: Clone>(known: &mut Vec<T>, new: &[T], date: impl Fn(&T) -> NaiveDate) {
    let mut merged: BTreeMap<NaiveDate, T> = known.drain(..).map(|row| (date(&row), row)).collect();
    merged.extend(new.iter().map(|row| (date(row), row.clone())));
    known.extend(merged.into_values());
}
