//! Writing demo books to a database. Every row is made to stand as the files have it; a second time changes none.

use std::collections::{BTreeMap, HashMap, HashSet};

use sigma_core::model::{CashKind, FactorDefinition, FactorKind};
use sigma_store::{NewCashEntry, NewInstrument, NewPortfolio, NewPosition, Saved, Store, StoreError};

use crate::demo_data::{DemoData, DemoPortfolio, DemoPosition, FileError, standard};
use crate::symbols::{SymbolError, instruments_of, outright};

/// Note on the cash entry that opens a portfolio.
pub const OPENING_NOTE: &str = "opening cash";

/// What seeding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seeded {
    pub portfolios: usize,
    pub positions: usize,
    pub instruments: usize,
    pub factors: usize,
    pub scenarios: usize,
    /// Rows of all tables.
    pub saved: Saved,
}

/// Why seeding stopped.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Symbol(#[from] SymbolError),
    #[error("a position of {1} names the portfolio {0}, and one of the two is not in the data")]
    Unconnected(String, String),
    #[error(transparent)]
    Definitions(#[from] FileError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes users, portfolios, instruments, positions, tags, factors and scenarios stand as the files have them.
pub async fn seed(store: &mut Store, data: &DemoData) -> Result<Seeded, SeedError> {
    let instruments = instruments_needed(data)?;
    let mut seeded = Seeded {
        portfolios: data.portfolios.len(),
        positions: data.positions.len(),
        instruments: instruments.len(),
        factors: data.factors.len(),
        scenarios: data.scenarios.len(),
        saved: Saved::default(),
    };
    let owners = seed_owners(store, &data.portfolios, &mut seeded.saved).await?;
    let stored = store.upsert_instruments(instruments).await?;
    let count = stored.ids.len() as u64;
    seeded.saved += Saved { stored: count, changed: stored.inserted + stored.updated };
    let lots = seed_lots(store, &data.positions, &owners, &stored.ids, &mut seeded.saved).await?;
    seed_tags(store, &lots, &mut seeded.saved).await?;
    seeded.saved += store.save_factors(&data.factors).await?;
    seeded.saved += store.save_scenarios(&data.scenarios).await?;
    Ok(seeded)
}

/// Stores the standard factors, with their proxies, and scenarios where the database has none; edited ones stay.
pub async fn seed_definitions(store: &mut Store) -> Result<Saved, SeedError> {
    let (factors, scenarios) = standard()?;
    let mut saved = Saved::default();
    if store.factors().await?.is_empty() {
        let stored = store.upsert_instruments(proxies(&factors).collect()).await?;
        saved += Saved { stored: stored.ids.len() as u64, changed: stored.inserted + stored.updated };
        saved += store.save_factors(&factors).await?;
    }
    if store.scenarios().await?.is_empty() {
        saved += store.save_scenarios(&scenarios).await?;
    }
    Ok(saved)
}

/// The funds and indices whose prices the factors need; the proxy of a rates factor is a series of yields.
fn proxies(factors: &[FactorDefinition]) -> impl Iterator<Item = NewInstrument> {
    factors.iter().filter(|factor| factor.kind != FactorKind::Rates).map(|factor| outright(&factor.proxy))
}

/// Instruments of all positions, their underlyings, and the proxies of factors that are funds.
pub fn instruments_needed(data: &DemoData) -> Result<Vec<NewInstrument>, SymbolError> {
    let mut needed: BTreeMap<String, NewInstrument> = BTreeMap::new();
    for position in &data.positions {
        for instrument in instruments_of(&position.symbol, position.underlying.as_deref())? {
            needed.insert(instrument.symbol.clone(), instrument);
        }
    }
    for proxy in proxies(&data.factors) {
        needed.entry(proxy.symbol.clone()).or_insert(proxy);
    }
    Ok(needed.into_values().collect())
}

/// A portfolio's id and its owner's.
#[derive(Debug, Clone, Copy)]
struct Owner {
    portfolio_id: i64,
    user_id: i64,
}

async fn seed_owners(
    store: &mut Store,
    portfolios: &[DemoPortfolio],
    saved: &mut Saved,
) -> Result<HashMap<String, Owner>, StoreError> {
    let known: HashSet<(String, String)> =
        store.users().await?.into_iter().map(|user| (user.email, user.name)).collect();
    let mut owners = HashMap::new();
    for portfolio in portfolios {
        let DemoPortfolio { slug, user_email, user_name, name, opened_on, opening_cash_usd } =
            portfolio.clone();
        let user_id = store.upsert_user(&user_email, &user_name).await?;
        note(saved, !known.contains(&(user_email, user_name)));
        let new = NewPortfolio {
            user_id,
            slug: slug.clone(),
            name,
            currency: "USD".to_owned(),
            opened_on,
            is_demo: true,
        };
        let stored = store.upsert_portfolio(new).await?;
        note(saved, stored.changed);
        let opening = NewCashEntry {
            portfolio_id: stored.id,
            date: opened_on,
            kind: CashKind::Opening,
            amount: opening_cash_usd,
            note: Some(OPENING_NOTE.to_owned()),
        };
        note(saved, store.ensure_cash(opening).await?.changed);
        owners.insert(slug, Owner { portfolio_id: stored.id, user_id });
    }
    Ok(owners)
}

/// Id of every lot, with its owner and tags.
type Lots<'a> = Vec<(i64, i64, &'a [String])>;

async fn seed_lots<'a>(
    store: &mut Store,
    positions: &'a [DemoPosition],
    owners: &HashMap<String, Owner>,
    instrument_ids: &HashMap<String, i64>,
    saved: &mut Saved,
) -> Result<Lots<'a>, SeedError> {
    let mut lots = Vec::with_capacity(positions.len());
    for position in positions {
        let (Some(owner), Some(&instrument_id)) =
            (owners.get(&position.portfolio), instrument_ids.get(&position.symbol))
        else {
            // The files were checked against each other: only data made in code can get here.
            return Err(SeedError::Unconnected(position.portfolio.clone(), position.symbol.clone()));
        };
        let new = NewPosition {
            portfolio_id: owner.portfolio_id,
            instrument_id,
            quantity: position.quantity,
            entry_price: position.entry_price,
            entry_date: position.entry_date,
            exit: None,
        };
        let lot = store.ensure_position(new, position.lot).await?;
        note(saved, lot.changed);
        lots.push((lot.id, owner.user_id, &position.tags[..]));
    }
    Ok(lots)
}

/// Puts tags on; tags that users have added stay.
async fn seed_tags(store: &mut Store, lots: &Lots<'_>, saved: &mut Saved) -> Result<(), StoreError> {
    let mut tags: HashMap<(i64, &str), i64> = HashMap::new();
    for &(position_id, user_id, names) in lots {
        for name in names {
            let tag_id = match tags.get(&(user_id, name.as_str())) {
                Some(&id) => id,
                None => {
                    let tag = store.add_tag(user_id, name).await?;
                    note(saved, tag.changed);
                    tags.insert((user_id, name), tag.id);
                    tag.id
                }
            };
            note(saved, store.tag_position(position_id, tag_id).await?);
        }
    }
    Ok(())
}

fn note(saved: &mut Saved, changed: bool) {
    *saved += Saved { stored: 1, changed: u64::from(changed) };
}
