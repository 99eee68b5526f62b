//! Which portfolio holds which account of earlier imports.

use sigma_cli::store_error;
use sigma_core::model::{Portfolio, slug_of};
use sigma_store::{Import, Store};

use crate::import::accounts::{Destination, Known};
use crate::import::findings::{Finding, name_portfolio};

/// The portfolios that accounts were imported into, and which accounts each holds; earlier imports first.
pub async fn known(store: &mut Store) -> anyhow::Result<Vec<Known>> {
    let portfolios = store.portfolios(&[]).await.map_err(store_error)?;
    let imports = store.imports(&[]).await.map_err(store_error)?;
    let mut known = Vec::new();
    for portfolio in &portfolios {
        let of_it = imports.iter().filter(|import| import.portfolio_id == portfolio.id);
        for import in since_replaced(portfolio, of_it.cloned().collect()) {
            let holds = import.import.account.as_deref();
            let of = |text| (import.id, Known::new(&portfolio.name, &portfolio.slug, text));
            known.extend(holds.map(of));
        }
    }
    known.sort_by_key(|(id, _)| *id);
    Ok(known.into_iter().map(|(_, known)| known).collect())
}

/// The imports that made the portfolio as it is. Those before it was started anew say nothing of it: it opens on the day
/// of the import that did so.
pub fn since_replaced(portfolio: &Portfolio, mut history: Vec<Import>) -> Vec<Import> {
    history.sort_by_key(|import| import.id);
    match history.iter().rposition(|import| import.import.as_of == portfolio.opened_on) {
        Some(at) => history.split_off(at),
        None => history,
    }
}

/// Accounts that another portfolio holds too, told when they come into this one for the first time.
pub fn twice(destination: &Destination, everywhere: &[Known]) -> Vec<Finding> {
    let is_here = |known: &&Known| known.is_portfolio(&destination.portfolio);
    let mut found = Vec::new();
    for key in &destination.holds {
        if everywhere.iter().filter(is_here).any(|known| known.has(key)) {
            continue;
        }
        let is_it = |known: &&Known| !is_here(known) && known.holds.iter().any(|held| held.is_surely(key));
        if let Some(elsewhere) = everywhere.iter().rev().find(is_it) {
            let (account, portfolio) = (key.text(), &elsewhere.portfolio);
            let message = format!("the account {account} was imported into {portfolio} before");
            found.push(Finding::new("ERR_IMP_016", None, message));
        }
    }
    name_portfolio(&mut found, &slug_of(&destination.portfolio));
    found
}
