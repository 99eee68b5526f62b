//! Storing what passed, one transaction a batch. Rows that are stored already as offered are not written.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use sigma_cli::store_error;
use sigma_core::model::{Dataset, Instrument, InstrumentKind, OptionQuote, OptionTerms, parse_occ};
use sigma_providers::ask::Contract;
use sigma_providers::{ProviderId, Security};
use sigma_store::{
    Fetch, MarketBatch, NewInstrument, Saved, SourcedDividend, SourcedRates, SourcedSplit, Store,
};

use crate::events::Event;
use crate::needs::{Needs, RATE_PROXIES};
use crate::offer::Offered;
use crate::screening::{Judged, quarantine_rows};
use crate::state::State;

/// What was stored.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub expected: u64,
    pub saved: Saved,
}

/// Stores instruments first, since everything else refers to them; then the rest, all or nothing.
pub async fn store_batch(
    store: &mut Store,
    state: &mut State,
    offered: &Offered,
    judged: &Judged,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let instruments = new_instruments(&state.needs, &state.stored.instruments, offered, judged);
    if !instruments.is_empty() {
        let count = instruments.len();
        let saved = store.upsert_instruments(instruments).await.map_err(store_error)?;
        totals.expected += count as u64;
        totals.saved += Saved { stored: saved.ids.len() as u64, changed: saved.inserted + saved.updated };
        state.stored.instruments = store.instruments().await.map_err(store_error)?;
    }
    let mut batch = batch(&state.stored.instruments, offered, judged)?;
    // A file may take back what it has said; what a service told of a market, it does not tell again.
    if offered.source != ProviderId::File {
        batch.quotes = completed(store, batch.quotes).await?;
    }
    let rows = batch.rows();
    if rows > 0 || !(batch.withdrawn_splits.is_empty() && batch.withdrawn_dividends.is_empty()) {
        totals.expected += rows;
        totals.saved += store.save_market_batch(batch).await.map_err(store_error)?;
    }
    Ok(())
}

/// The rows of a batch; every symbol asked for has an instrument by now.
fn batch(instruments: &[Instrument], offered: &Offered, judged: &Judged) -> anyhow::Result<MarketBatch> {
    let ids: HashMap<&str, i64> = instruments.iter().map(|i| (i.symbol.as_str(), i.id)).collect();
    let source = offered.source.name();
    let mut batch = MarketBatch {
        bars: by_id(&judged.bars, &ids),
        quotes: by_id(&judged.quotes, &ids),
        quarantine: quarantine_rows(&judged.refused)?,
        fetches: last_fetches(&offered.fetches),
        withdrawn_splits: dates_by_id(&offered.withdrawn.splits, &ids),
        withdrawn_dividends: dates_by_id(&offered.withdrawn.dividends, &ids),
        ..MarketBatch::default()
    };
    for (symbol, splits) in &offered.splits {
        let Some(&instrument_id) = ids.get(symbol.as_str()) else { continue };
        let row = |split| SourcedSplit { instrument_id, split, source: source.to_owned() };
        batch.splits.extend(splits.iter().cloned().map(row));
    }
    for (symbol, dividends) in &offered.dividends {
        let Some(&instrument_id) = ids.get(symbol.as_str()) else { continue };
        let row = |dividend| SourcedDividend { instrument_id, dividend, source: source.to_owned() };
        batch.dividends.extend(dividends.iter().cloned().map(row));
    }
    for (series, points) in &offered.rates {
        let (series, points) = (series.clone(), points.clone());
        batch.rates.push(SourcedRates { series, points, source: source.to_owned() });
    }
    Ok(batch)
}

/// Quotes beside the stored ones of their contract and session: none takes the place of one that tells more.
async fn completed(
    store: &mut Store,
    mut quotes: HashMap<i64, Vec<OptionQuote>>,
) -> anyhow::Result<HashMap<i64, Vec<OptionQuote>>> {
    let dates = || quotes.values().flatten().map(|quote| quote.date);
    let Some((from, to)) = dates().min().zip(dates().max()) else { return Ok(quotes) };
    let ids: Vec<i64> = quotes.keys().copied().collect();
    let stored = store.option_quotes(&ids, from, to).await.map_err(store_error)?;
    for (id, quotes) in &mut quotes {
        let Some(stored) = stored.get(id) else { continue };
        for quote in quotes {
            if let Ok(at) = stored.binary_search_by_key(&quote.date, |known| known.date) {
                *quote = quote.clone().completed_by(&stored[at]);
            }
        }
    }
    Ok(quotes)
}

/// The last of each subject and dataset: several sessions of a symbol may be answered one by one.
fn last_fetches(fetches: &[Fetch]) -> Vec<Fetch> {
    let key = |fetch: &'_ Fetch| (fetch.subject.clone(), fetch.dataset, fetch.source.clone());
    let last: HashMap<(String, Dataset, String), &Fetch> =
        fetches.iter().map(|fetch| (key(fetch), fetch)).collect();
    last.into_values().cloned().collect()
}

fn by_id<T: Clone>(rows: &BTreeMap<String, Vec<T>>, ids: &HashMap<&str, i64>) -> HashMap<i64, Vec<T>> {
    rows.iter().filter_map(|(symbol, rows)| Some((*ids.get(symbol.as_str())?, rows.clone()))).collect()
}

fn dates_by_id<E: Event>(
    events: &BTreeMap<String, Vec<E>>,
    ids: &HashMap<&str, i64>,
) -> Vec<(i64, NaiveDate)> {
    let dates = |(symbol, events): (&String, &Vec<E>)| {
        let id = *ids.get(symbol.as_str())?;
        Some(events.iter().map(move |event| (id, event.date())).collect::<Vec<_>>())
    };
    events.iter().filter_map(dates).flatten().collect()
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
    let contracts = offered.contracts.iter().map(from_terms);
    symbols.into_iter().filter_map(instrument).chain(contracts).collect()
}

fn from_terms(contract: &Contract) -> NewInstrument {
    let option = OptionTerms {
        underlying: contract.underlying.clone(),
        kind: contract.kind,
        strike: contract.strike,
        expiry: contract.expiry,
        style: contract.style,
        standard_deliverable: contract.is_standard,
    };
    NewInstrument {
        kind: Some(InstrumentKind::Option),
        multiplier: Some(contract.multiplier),
        option: Some(option),
        ..NewInstrument::of_symbol(&contract.symbol)
    }
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
