//! Saving the history of a universe into a SQLite file: 500 symbols of 500 bars, 50 symbols a batch.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use divan::Bencher;
use sigma_core::model::{CloseBasis, Dataset, Dividend, PriceBar};
use sigma_store::{Fetch, MarketBatch, NewInstrument, Saved, SourcedDividend, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const SYMBOLS: usize = 500;
const BARS: u64 = 500;
const SYMBOLS_PER_BATCH: usize = 50;

fn main() {
    divan::main();
}

struct Universe {
    runtime: Runtime,
    store: Store,
    /// By symbol.
    ids: Vec<i64>,
    _dir: TempDir,
}

impl Universe {
    /// A database with the instruments and no prices.
    fn empty() -> Universe {
        let dir = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite:{}", dir.path().join("sigma.db").display());
        let runtime = Runtime::new().expect("a runtime");
        let (store, ids) = runtime.block_on(async {
            Store::migrate(&url).await.expect("a schema");
            let mut store = Store::open(&url).await.expect("a store");
            let new = (0..SYMBOLS).map(|i| NewInstrument::of_symbol(format!("S{i:03}"))).collect();
            let ids = store.upsert_instruments(new).await.expect("instruments").ids;
            (store, ids.into_values().collect())
        });
        Universe { runtime, store, ids, _dir: dir }
    }

    fn filled() -> Universe {
        let mut universe = Universe::empty();
        let batches = universe.batches(|_| 0.0);
        universe.save(batches);
        universe
    }

    /// Histories whose closes are raised by `shift` of the day.
    fn batches(&self, shift: impl Fn(u64) -> f64) -> Vec<MarketBatch> {
        let history = |id: i64| (0..BARS).map(|day| bar(id, day, shift(day))).collect::<Vec<_>>();
        let batch = |ids: &[i64]| MarketBatch {
            bars: ids.iter().map(|&id| (id, history(id))).collect::<HashMap<_, _>>(),
            dividends: ids.iter().map(|&id| dividend(id)).collect(),
            fetches: ids.iter().map(|&id| fetch(id)).collect(),
            ..MarketBatch::default()
        };
        self.ids.chunks(SYMBOLS_PER_BATCH).map(batch).collect()
    }

    fn save(&mut self, batches: Vec<MarketBatch>) -> Saved {
        let mut saved = Saved::default();
        for batch in batches {
            saved += self.runtime.block_on(self.store.save_market_batch(batch)).expect("a saved batch");
        }
        saved
    }
}

fn date(day: u64) -> NaiveDate {
    NaiveDate::default() + Days::new(day)
}

fn bar(id: i64, day: u64, shift: f64) -> PriceBar {
    let close = 100.0 + id as f64 + day as f64 / 3.0 + shift;
    PriceBar {
        date: date(day),
        open: Some(close - 0.5),
        high: Some(close + 1.0),
        low: Some(close - 1.0),
        close,
        adj_close: Some(close * 0.98),
        volume: Some(1e6 + day as f64),
        source: "polygon".into(),
        basis: CloseBasis::AsTraded,
    }
}

fn dividend(id: i64) -> SourcedDividend {
    let dividend = Dividend { ex_date: date(100), amount: 0.25 };
    SourcedDividend { instrument_id: id, dividend, source: "polygon".into() }
}

fn fetch(id: i64) -> Fetch {
    Fetch {
        subject: format!("{id}"),
        dataset: Dataset::Prices,
        source: "polygon".into(),
        from: Some(date(0)),
        to: date(BARS),
        outcome: "ok".into(),
        detail: String::new(),
        fetched_at: "2025-03-03T22:00:00Z".into(),
    }
}

fn measure(bencher: Bencher, start: fn() -> Universe, shift: fn(u64) -> f64) {
    let inputs = || {
        let universe = start();
        let batches = universe.batches(shift);
        (universe, batches)
    };
    bencher.with_inputs(inputs).bench_local_values(|(mut universe, batches)| {
        let saved = universe.save(batches);
        // The universe is returned so that its end is not measured.
        (universe, saved)
    });
}

#[divan::bench(sample_count = 5)]
fn first_save(bencher: Bencher) {
    measure(bencher, Universe::empty, |_| 0.0);
}

#[divan::bench(sample_count = 5)]
fn save_again_unchanged(bencher: Bencher) {
    measure(bencher, Universe::filled, |_| 0.0);
}

#[divan::bench(sample_count = 5)]
fn save_again_all_changed(bencher: Bencher) {
    measure(bencher, Universe::filled, |_| 1.0);
}

#[divan::bench(sample_count = 5)]
fn save_again_last_day_changed(bencher: Bencher) {
    measure(bencher, Universe::filled, |day| if day + 1 == BARS { 1.0 } else { 0.0 });
}
