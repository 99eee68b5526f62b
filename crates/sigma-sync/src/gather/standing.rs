//! Whose row stands where several providers have one of the same day.
//!
//! The provider that is asked first stands before those after it. What a run asks for again is replaced by the same
//! provider, by one before it, or by any where its own is not among those asked; but no rebuilt bar takes the place of one
//! that a provider before it has given as traded.

use chrono::NaiveDate;
use sigma_core::model::{CloseBasis, PriceBar};
use sigma_providers::{Data, ProviderId, order};

use crate::source::Sources;
use crate::state::State;

/// Whether a provider is asked before the one that a stored row came from. Rows of unknown origin, such as a last price
/// in place of a bar, stand after all.
pub fn is_before(data: Data, id: ProviderId, owner: &str) -> bool {
    let rank = |id| order(data).into_iter().position(|known| known == id);
    ProviderId::parse(owner).is_none_or(|owner| rank(id) < rank(owner))
}

/// Whether a provider may replace a stored row of that owner.
pub fn may_replace(data: Data, id: ProviderId, owner: &str) -> bool {
    owner == id.name() || is_before(data, id, owner)
}

/// The same when everything is asked for again: an owner that is not asked cannot correct its rows.
pub fn may_refresh(data: Data, id: ProviderId, owner: &str, sources: &Sources) -> bool {
    let is_asked = sources.services.iter().any(|service| service.id().name() == owner);
    may_replace(data, id, owner) || !is_asked
}

/// Whether a stored bar of that day is there to be replaced, whoever it is of: a new split has outdated it, or only a last
/// price is known.
fn is_due(state: &State, symbol: &str, date: NaiveDate) -> bool {
    let is_outdated = state.outdated.get(symbol).is_some_and(|dates| dates.contains(&date));
    is_outdated || state.is_provisional_on(symbol, date)
}

/// Whether a provider is asked for a bar that is stored.
pub fn is_asked_again(
    state: &State,
    sources: &Sources,
    symbol: &str,
    date: NaiveDate,
    id: ProviderId,
) -> bool {
    let owner = state.histories.get(symbol).and_then(|history| history.on(date)).map(|bar| &*bar.source);
    let may_refresh = |owner| may_refresh(Data::Prices, id, owner, sources);
    is_due(state, symbol, date) || (state.is_to_refresh(symbol, date) && owner.is_none_or(may_refresh))
}

/// Whether a new bar may be stored, where there is one already or not.
pub fn may_store(state: &State, sources: &Sources, symbol: &str, bar: &PriceBar, id: ProviderId) -> bool {
    let stored = state.histories.get(symbol).and_then(|history| history.on(bar.date));
    let Some(stored) = stored.filter(|_| !is_due(state, symbol, bar.date)) else { return true };
    let is_own = stored.source == bar.source;
    let is_to_refresh = state.is_to_refresh(symbol, bar.date);
    let stands = match is_to_refresh {
        true => may_refresh(Data::Prices, id, &stored.source, sources),
        false => may_replace(Data::Prices, id, &stored.source),
    };
    let is_worse = bar.basis == CloseBasis::Rebuilt && stored.basis == CloseBasis::AsTraded;
    // Asked for everything again, a provider may take back its own word; one before another stands in any case.
    let is_let = is_before(Data::Prices, id, &stored.source) || (is_own && is_to_refresh);
    stands && (!is_worse || is_let)
}
