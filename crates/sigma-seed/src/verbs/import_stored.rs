//! What the database knows of the accounts of a file.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_brokers::statement::Account as Stated;
use sigma_cli::sessions::calendar_error;
use sigma_cli::{Table, store_error};
use sigma_core::analytics::factor_model::DEFAULT_METHOD;
use sigma_core::analytics::reconcile::Units;
use sigma_core::model::{Book, Instrument};
use sigma_store::{Engine, Scope, Store};

use super::import_work::{Account, Work};
use crate::import::holdings::Prepared;
use crate::import::plan::Target;
use crate::import::readiness as ready;

/// Stored instruments that the account names, underlyings too.
pub async fn instruments(store: &mut Store, stated: &Stated) -> anyhow::Result<HashMap<String, Instrument>> {
    let mut symbols: BTreeSet<&str> = BTreeSet::new();
    for position in &stated.positions {
        symbols.insert(&position.symbol);
        symbols.extend(position.contract.as_ref().map(|contract| contract.terms.underlying.as_str()));
    }
    let symbols: Vec<String> = symbols.into_iter().map(str::to_owned).collect();
    let stored = store.instruments_by_symbol(&symbols).await.map_err(store_error)?;
    Ok(stored.into_iter().map(|instrument| (instrument.symbol.clone(), instrument)).collect())
}

/// Names of the tags that the owner has.
pub async fn tags(store: &mut Store, book: &Book, target: &Target) -> anyhow::Result<Vec<String>> {
    let owner = match target {
        Target::New { email } => {
            let users = store.users().await.map_err(store_error)?;
            users.into_iter().find(|user| user.email == *email).map(|user| user.id)
        }
        _ => Some(book.portfolio.user_id),
    };
    let Some(owner) = owner else { return Ok(Vec::new()) };
    let tags = store.tags(owner).await.map_err(store_error)?;
    Ok(tags.into_iter().map(|tag| tag.name).collect())
}

/// What the engines have for the books as they will be.
pub async fn readiness(store: &mut Store, work: &Work) -> anyhow::Result<Table> {
    let coverage = store.price_coverage().await.map_err(store_error)?;
    let latest = store.latest_as_of(Engine::FactorFits, None).await.map_err(store_error)?;
    let fits = match latest {
        Some(date) => {
            store.factor_fits(&Scope::all(date, date), DEFAULT_METHOD).await.map_err(store_error)?
        }
        None => Vec::new(),
    };
    let stored = ready::Stored {
        bars: coverage.into_iter().map(|coverage| (coverage.instrument_id, coverage.count)).collect(),
        with_loadings: fits.into_iter().filter(|fit| fit.2.status.has_numbers()).map(|fit| fit.0).collect(),
    };
    let mut table = Table::default();
    for account in &work.accounts {
        let Account { comparison, market, .. } = account;
        let part = ready::table(&comparison.after, market, &stored, &work.calendar, work.as_of);
        let part = part.map_err(calendar_error)?;
        table.columns = part.columns;
        table.rows.extend(part.rows);
    }
    Ok(table)
}

/// The earliest entry of a lot written by hand whose symbol was split since: the close of its day tells its units.
pub async fn entered_before_a_split(
    store: &mut Store,
    prepared: &Prepared,
    as_of: NaiveDate,
) -> anyhow::Result<Option<NaiveDate>> {
    let by_hand =
        prepared.holdings.rows.iter().filter(|row| row.units == Units::Untold && row.instrument.id != 0);
    let entries: Vec<(i64, NaiveDate)> =
        by_hand.filter_map(|row| Some((row.instrument.id, row.entry_date?))).collect();
    let ids: BTreeSet<i64> = entries.iter().map(|(id, _)| *id).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(None);
    }
    let histories = store.price_histories(&ids, as_of, as_of).await.map_err(store_error)?;
    let is_split_since = |(id, entry): &&(i64, NaiveDate)| {
        histories.get(id).is_some_and(|history| history.splits.iter().any(|split| split.date > *entry))
    };
    Ok(entries.iter().filter(is_split_since).map(|(_, entry)| *entry).min())
}
