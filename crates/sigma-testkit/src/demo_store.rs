//! A database with the demo books and the demo market in it, for tests of the tools.
//!
//! # What this module does not do
//! It runs no engine. The market goes in as the files have it, without the screen that `sigma-sync` applies.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::NaiveDate;
use sigma_core::model::Instrument;
use sigma_providers::Offer;
use sigma_providers::Security;
use sigma_providers::folder::{BySymbol, Folder, SOURCE, Wanted};
use sigma_seed::demo_data::DemoData;
use sigma_seed::seeding;
use sigma_store::{NewInstrument, Store};
use tempfile::TempDir;

/// A SQLite database in a folder of its own, gone with the value.
pub struct DemoStore {
    pub dir: TempDir,
    /// For `--database-url`, or to open a second connection.
    pub url: String,
    pub store: Store,
}

impl DemoStore {
    /// Schema only.
    pub async fn empty() -> Result<DemoStore> {
        let dir = TempDir::with_prefix("sigma-demo-")?;
        let url = format!("sqlite:{}", dir.path().join("sigma.db").display());
        Store::migrate(&url).await?;
        let store = Store::open(&url).await?;
        Ok(DemoStore { dir, url, store })
    }

    /// The demo books, factors and scenarios, without a market.
    pub async fn books() -> Result<DemoStore> {
        let mut demo = DemoStore::empty().await?;
        seeding::seed(&mut demo.store, &DemoData::read(&folder())?).await?;
        Ok(demo)
    }

    /// The demo books with profiles, prices, dividends, splits, option quotes and rates.
    pub async fn with_market() -> Result<DemoStore> {
        let mut demo = DemoStore::books().await?;
        load_market(&mut demo.store, &folder().join("market")).await?;
        Ok(demo)
    }
}

/// The folder of the demo data.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo-data")
}

/// Puts everything that a folder of files offers about the stored instruments into a database.
pub async fn load_market(store: &mut Store, path: &Path) -> Result<()> {
    let folder = Folder::open(path)?;
    let instruments = store.instruments().await?;
    let symbols: HashSet<String> = instruments.iter().map(|instrument| instrument.symbol.clone()).collect();
    let profiles = all(folder.securities(&symbols)?)?;
    store.upsert_instruments(profiles.into_iter().map(profile).collect()).await?;

    let (from, to) = (date(1900, 1, 1)?, date(2100, 1, 1)?);
    let wanted = Wanted { symbols, from, to };
    let ids: HashMap<&str, i64> =
        instruments.iter().map(|Instrument { symbol, id, .. }| (&symbol[..], *id)).collect();
    store.save_price_histories(&by_id(all(folder.prices(&wanted)?)?, &ids)).await?;
    store.save_option_quotes(&by_id(all(folder.options(&wanted)?)?, &ids)).await?;
    for (id, splits) in by_id(all(folder.splits(&wanted)?)?, &ids) {
        store.save_splits(id, &splits, SOURCE).await?;
    }
    for (id, dividends) in by_id(all(folder.dividends(&wanted)?)?, &ids) {
        store.save_dividends(id, &dividends, SOURCE).await?;
    }
    for (series, points) in all(folder.rates(from, to)?)? {
        store.save_rates(&series, &points, SOURCE).await?;
    }
    Ok(())
}

/// The rows of a file that must be there and sound.
fn all<T>(offer: Option<Offer<T>>) -> Result<T> {
    let offer = offer.context("a file of the demo market is missing")?;
    anyhow::ensure!(offer.problems.is_empty(), "the demo market has bad rows: {:?}", offer.problems);
    Ok(offer.rows)
}

fn by_id<T>(rows: BySymbol<T>, ids: &HashMap<&str, i64>) -> HashMap<i64, Vec<T>> {
    rows.into_iter().filter_map(|(symbol, rows)| Some((*ids.get(symbol.as_str())?, rows))).collect()
}

fn profile(security: Security) -> NewInstrument {
    let Security { symbol, name, kind, sector, industry, exchange, country, currency, .. } = security;
    NewInstrument {
        kind,
        name,
        sector,
        industry,
        exchange,
        country,
        currency,
        market_cap: security.market_cap,
        dividend_yield: security.dividend_yield,
        duration: security.duration,
        convexity: security.convexity,
        ..NewInstrument::of_symbol(symbol)
    }
}

fn date(year: i32, month: u32, day: u32) -> Result<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day).context("not a date")
}
