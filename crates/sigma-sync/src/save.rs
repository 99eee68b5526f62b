//! Storing what passed. Rows that are stored already as offered are not written.

use std::collections::HashMap;

use sigma_cli::{Progress, store_error};
use sigma_core::model::{Instrument, InstrumentKind, parse_occ};
use sigma_providers::folder::{SOURCE, Security};
use sigma_store::{NewInstrument, Saved, Store};

use crate::needs::{Needs, RATE_PROXIES};
use crate::offer::Offered;
use crate::screening::{Judged, quarantine_rows};

/// Steps that [`store_all`] reports.
pub const STEPS: usize = 7;

/// What was stored.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub expected: u64,
    pub saved: Saved,
}

impl Totals {
    fn add(&mut self, expected: usize, saved: Saved) {
        self.expected += expected as u64;
        self.saved += saved;
    }
}

/// Stores instruments first, since everything else refers to them.
pub async fn store_all(
    store: &mut Store,
    needs: &Needs,
    stored: &[Instrument],
    offered: &Offered,
    judged: &Judged,
    progress: &Progress,
) -> anyhow::Result<Totals> {
    let mut totals = Totals::default();
    let instruments = new_instruments(needs, stored, offered, judged);
    let count = instruments.len();
    let saved = store.upsert_instruments(instruments).await.map_err(store_error)?;
    let written = Saved { stored: saved.ids.len() as u64, changed: saved.inserted + saved.updated };
    totals.add(count, written);
    let mut ids: HashMap<&str, i64> = stored.iter().map(|i| (i.symbol.as_str(), i.id)).collect();
    ids.extend(saved.ids.iter().map(|(symbol, &id)| (symbol.as_str(), id)));
    progress.step();

    store_actions(store, &ids, offered, &mut totals).await?;
    progress.advance(2);
    let bars = by_id(&judged.bars, &ids);
    let count = bars.values().map(Vec::len).sum();
    totals.add(count, store.save_price_histories(&bars).await.map_err(store_error)?);
    progress.step();
    let quotes = by_id(&judged.quotes, &ids);
    let count = quotes.values().map(Vec::len).sum();
    totals.add(count, store.save_option_quotes(&quotes).await.map_err(store_error)?);
    progress.step();
    for (series, points) in &offered.rates {
        totals.add(points.len(), store.save_rates(series, points, SOURCE).await.map_err(store_error)?);
    }
    progress.step();
    let refused = quarantine_rows(&judged.refused)?;
    totals.add(refused.len(), store.save_quarantine(refused).await.map_err(store_error)?);
    progress.step();
    Ok(totals)
}

/// Splits and dividends.
async fn store_actions(
    store: &mut Store,
    ids: &HashMap<&str, i64>,
    offered: &Offered,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    for (symbol, splits) in &offered.splits {
        if let Some(&id) = ids.get(symbol.as_str()) {
            totals.add(splits.len(), store.save_splits(id, splits, SOURCE).await.map_err(store_error)?);
        }
    }
    for (symbol, dividends) in &offered.dividends {
        if let Some(&id) = ids.get(symbol.as_str()) {
            totals.add(
                dividends.len(),
                store.save_dividends(id, dividends, SOURCE).await.map_err(store_error)?,
            );
        }
    }
    Ok(())
}

/// Rows by the id of their instrument; every symbol asked for has one.
fn by_id<T: Clone>(
    rows: &std::collections::BTreeMap<String, Vec<T>>,
    ids: &HashMap<&str, i64>,
) -> HashMap<i64, Vec<T>> {
    rows.iter().filter_map(|(symbol, rows)| Some((*ids.get(symbol.as_str())?, rows.clone()))).collect()
}

/// Instruments to add or to complete: the needed symbols that are not stored, and what the provider knows of any.
fn new_instruments(
    needs: &Needs,
    stored: &[Instrument],
    offered: &Offered,
    judged: &Judged,
) -> Vec<NewInstrument> {
    let stored: HashMap<&str, &Instrument> = stored.iter().map(|i| (i.symbol.as_str(), i)).collect();
    let facts: HashMap<&str, &Security> = offered.securities.iter().map(|s| (s.symbol.as_str(), s)).collect();
    let is_offered = |symbol: &str| facts.contains_key(symbol) || judged.bars.contains_key(symbol);
    let rate_proxies = RATE_PROXIES.into_iter().filter(|symbol| is_offered(symbol));
    let wanted = needs.symbols.iter().chain(&needs.contracts).map(String::as_str);
    let mut symbols: Vec<&str> = wanted.chain(rate_proxies).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let instrument = |symbol: &str| {
        let known = stored.get(symbol);
        match (facts.get(symbol), known) {
            (None, Some(_)) => None,
            (facts, known) => {
                let mut new =
                    facts.map_or_else(|| NewInstrument::of_symbol(symbol), |facts| from_facts(facts));
                // Whether something is an option follows from its terms, which no list of securities holds.
                let is_option = known.is_some_and(|known| known.is_option()) || parse_occ(symbol).is_some();
                new.kind = new.kind.filter(|kind| !is_option && *kind != InstrumentKind::Option);
                if known.is_none() {
                    new.kind = new.kind.or_else(|| needs.kind_of(symbol));
                }
                Some(new)
            }
        }
    };
    symbols.into_iter().filter_map(instrument).collect()
}

fn from_facts(facts: &Security) -> NewInstrument {
    let Security { symbol, kind, name, sector, industry, exchange, country, currency, .. } = facts.clone();
    NewInstrument {
        kind,
        name,
        sector,
        industry,
        exchange,
        country,
        currency,
        market_cap: facts.market_cap,
        dividend_yield: facts.dividend_yield,
        duration: facts.duration,
        convexity: facts.convexity,
        ..NewInstrument::of_symbol(symbol)
    }
}
